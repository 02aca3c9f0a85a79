//! Tests of the reports of sample runs.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use crate::runs::failing::{failing, nobody};
use crate::runs::{conformant, failing::HOSTILE};
use plimsoll::base::vocabulary::Verdict;
use plimsoll::report::write::{WriteOptions, write_all};
use plimsoll::report::{checklist, finding, html, json, junit, terminal, text};
use plimsoll::verdicts::judged_run::{RequirementState, Run};

/// Renders every test that did not pass, as in the libtest output.
fn findings(run: &Run) -> String {
    let mut out = String::new();
    for judgement in &run.judgements {
        for test in judgement.tests.iter().filter(|t| t.verdict != Verdict::Pass) {
            out += &format!("---- {} ----\n{}\n", test.id, finding::render(run, judgement, test));
        }
    }
    out
}

/// Checks that a report has no hostile characters or commands.
fn assert_harmless(text: &str) {
    for c in ['\u{1b}', '\u{202e}', '\u{0}', '\u{fffe}', '\r'] {
        assert!(!text.contains(c), "{c:?} in {text}");
    }
    let command = text.lines().find(|l| l.trim_start().starts_with("::") || l.contains("##["));
    assert_eq!(command, None, "a build service executes this line as a command");
}

/// The number of lines of a section of the page in a snapshot.
const SECTION_LINES: usize = 60;

#[test]
fn findings_match_their_snapshots() {
    let mut run = failing();
    run.judgements.truncate(1);
    let text = findings(&run);
    assert_harmless(&text);
    insta::assert_snapshot!("findings", text);
    insta::assert_snapshot!("findings_nobody", findings(&nobody()));
}

#[test]
fn findings_fit_into_the_columns() {
    for line in findings(&failing()).lines() {
        let whole = ["  spec", "  repeat", "          ", "----"].iter().any(|p| line.starts_with(p));
        assert!(whole || text::width(line) <= text::COLUMNS, "{} columns: {line}", text::width(line));
    }
}

#[test]
fn the_summary_matches_its_snapshots() {
    let options = terminal::TerminalOptions { reports: Some(std::path::Path::new("reports/x")), ..Default::default() };
    for (name, run) in [("conformant", conformant()), ("failing", failing()), ("nobody", nobody())] {
        let text = terminal::summary(&run, &options);
        assert_harmless(&text);
        let long = text.lines().find(|l| text::width(l) > text::COLUMNS);
        assert_eq!(long, None);
        insta::assert_snapshot!(format!("terminal_{name}"), text);
    }
}

#[test]
fn the_summary_has_color_only_on_request() {
    let run = failing();
    let colored = terminal::summary(&run, &terminal::TerminalOptions { color: true, ..Default::default() });
    let plain = terminal::summary(&run, &terminal::TerminalOptions::default());
    assert!(!plain.contains('\u{1b}') && colored.contains("\u{1b}[31m"));
    let stripped = colored.replace("\u{1b}[0m", "").replace("\u{1b}[1m", "").replace("\u{1b}[31m", "");
    assert_eq!(stripped, plain);
}

#[test]
fn junit_is_xml_with_unique_names() {
    for (name, run) in [("conformant", conformant()), ("failing", failing())] {
        let xml = junit::render(&run, false).unwrap();
        assert_harmless(&xml);
        let report = quick_junit::Report::deserialize_from_str(&xml).unwrap();
        let names: Vec<String> =
            report.test_suites.iter().flat_map(|s| &s.test_cases).map(|c| c.name.to_string()).collect();
        let unique: std::collections::BTreeSet<&String> = names.iter().collect();
        assert_eq!(unique.len(), names.len());
        assert_eq!(names.len(), run.judgements.iter().map(|j| j.tests.len()).sum::<usize>());
        insta::assert_snapshot!(format!("junit_{name}"), xml);
    }
}

#[test]
fn warnings_fail_when_strict() {
    let run = failing();
    let failures = |strict| junit::render(&run, strict).unwrap().matches("<failure").count();
    let warnings = run.judgements.iter().flat_map(|j| &j.tests).filter(|t| t.verdict == Verdict::Warn).count();
    assert!(warnings > 0);
    assert_eq!(failures(true), failures(false) + warnings);
}

#[test]
fn run_json_round_trips() {
    for (name, run) in [("conformant", conformant()), ("failing", failing()), ("nobody", nobody())] {
        let text = json::render(&run).unwrap();
        assert_eq!(json::read(&text).unwrap(), run);
        let path = format!("{}/fixtures/runs/{name}.json", env!("CARGO_MANIFEST_DIR"));
        if std::env::var_os("INSTA_UPDATE").is_some_and(|v| v == "always") {
            std::fs::write(&path, &text).unwrap();
        }
        // A change of this file changes the contract that scripts rely on.
        assert_eq!(std::fs::read_to_string(&path).unwrap(), text, "{path}");
    }
}

#[test]
fn the_checklist_matches_its_snapshots() {
    for (name, run) in [("conformant", conformant()), ("failing", failing())] {
        let text = checklist::render(&run);
        assert_harmless(&text);
        for line in text.lines().filter(|l| l.starts_with('|')) {
            let bars = line.replace("\\|", "").matches('|').count();
            assert_eq!(bars, 5, "{line}");
        }
        insta::assert_snapshot!(format!("checklist_{name}"), text);
    }
}

#[test]
fn the_page_loads_nothing() {
    for run in [conformant(), failing(), nobody()] {
        let page = html::page::render(&run);
        for load in [
            "src=", "srcset=", "@import", "url(", "<link", "<script", "<iframe", "<object", "<embed", "style=",
            "onerror",
        ] {
            assert!(!page.contains(load), "{load}");
        }
        assert!(page.contains("default-src 'none'"));
        assert!(!page.contains("javascript:"));
    }
}

#[test]
fn the_content_security_policy_permits_the_style() {
    use base64::Engine;
    let page = html::page::render(&conformant());
    let style = page.split_once("<style>").unwrap().1.split_once("</style>").unwrap().0;
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, style.as_bytes());
    let hash = base64::engine::general_purpose::STANDARD.encode(digest);
    assert!(page.contains(&format!("style-src 'sha256-{hash}'")));
}

#[test]
fn hostile_text_is_shown_and_not_executed() {
    let run = failing();
    let page = html::page::render(&run);
    assert_harmless(&page);
    assert!(page.contains("&lt;script&gt;alert(1)&lt;/script&gt;"), "the text itself must be shown");
    assert!(!page.contains(HOSTILE));
    // The same text without angle brackets must give the same elements.
    let text = serde_json::to_string(&run).unwrap().replace("<script>", "(script)").replace("</script>", "(/script)");
    let harmless: Run = serde_json::from_str(&text).unwrap();
    assert_ne!(harmless, run);
    assert_eq!(
        html::page::render(&harmless).matches('<').count(),
        page.matches('<').count(),
        "hostile text created elements"
    );
}

#[test]
fn every_link_within_the_page_has_a_target() {
    let page = html::page::render(&failing());
    let ids: Vec<&str> = page.split(" id=\"").skip(1).map(|p| p.split('"').next().unwrap()).collect();
    let unique: std::collections::BTreeSet<&str> = ids.iter().copied().collect();
    assert_eq!(unique.len(), ids.len(), "an anchor occurs twice");
    let mut links = 0;
    for link in page.split("href=\"#").skip(1).map(|p| p.split('"').next().unwrap()) {
        assert!(unique.contains(link), "#{link} has no target");
        links += 1;
    }
    assert!(links > 50);
}

#[test]
fn the_page_shows_every_requirement_and_test() {
    let run = failing();
    let page = html::page::render(&run);
    for (index, judgement) in run.judgements.iter().enumerate() {
        for r in &judgement.requirements {
            assert!(page.contains(&format!("id=\"r{index}-{}\"", r.id)), "{}", r.id);
        }
        assert!(judgement.tests.iter().all(|t| page.contains(&t.suite)));
    }
    let untested = run.judgements[0].requirements.iter().find(|r| r.state == RequirementState::Untested).unwrap();
    assert!(page.contains(&untested.because));
    let page = html::page::render(&conformant());
    // One snapshot of the first rows of each section, so that a change affects only the snapshot of its section.
    for section in page.split("<section ").skip(1) {
        let section = section.split("</section>").next().unwrap().replace("><", ">\n<");
        let name = section.split_once("aria-labelledby=\"").unwrap().1.split('"').next().unwrap();
        let lines: Vec<&str> = section.lines().collect();
        let shown = lines.len().min(SECTION_LINES);
        let more = lines.len() - shown;
        insta::assert_snapshot!(format!("page_{name}"), format!("{}\n[{more} more lines]", lines[..shown].join("\n")));
    }
    let contents = page.split_once("<nav ").unwrap().1.split_once("</nav>").unwrap().0.replace("><", ">\n<");
    insta::assert_snapshot!("page_contents", contents);
}

#[test]
fn the_page_of_a_long_run_is_limited() {
    let mut run = failing();
    let model = run.exchanges[0].clone();
    let first = run.exchanges.len() as u32 + 1;
    run.exchanges.extend((first..3000).map(|id| plimsoll::recording::model::Exchange { id, ..model.clone() }));
    let page = html::page::render(&run);
    assert_eq!(page.matches("<details class=\"exchange\"").count(), 400);
    assert!(page.contains("2599 more exchanges in run.json"));
}

#[test]
fn numbers_at_their_limits_do_not_panic() {
    let mut run = failing();
    for e in &mut run.exchanges {
        (e.at, e.took) = (u64::MAX, u64::MAX);
    }
    for flow in &mut run.flows {
        flow.waits = vec![(u64::MAX, u64::MAX, HOSTILE.into()), (0, 0, String::new())];
    }
    for file in &mut run.files {
        file.exchange = u32::MAX;
        (file.lines.bytes, file.lines.lines) = (u64::MAX, u64::MAX);
    }
    for f in run.judgements.iter_mut().flat_map(|j| &mut j.tests).flat_map(|t| &mut t.findings) {
        f.position = Some(plimsoll::verdicts::judged_run::Position { line: u64::MAX, column: 0, offset: u64::MAX });
        (f.count, f.looked_at) = (u64::MAX, u32::MAX);
        f.repeats.extend([0, u32::MAX]);
    }
    let mut deep = serde_json::json!({"a": [1]});
    for _ in 0..100 {
        deep = serde_json::json!({"\u{202e}": [deep, {}]});
    }
    run.exchanges[13].outcome = crate::runs::answer(999, &[("", ""), ("\u{1b}", "\n")], Some(deep));
    assert_harmless(&findings(&run));
    assert_harmless(&terminal::summary(&run, &terminal::TerminalOptions::default()));
    assert_harmless(&html::page::render(&run));
    assert_harmless(&checklist::render(&run));
    let xml = junit::render(&run, true).unwrap();
    assert_harmless(&xml);
    quick_junit::Report::deserialize_from_str(&xml).unwrap();
}

#[test]
fn an_empty_run_has_reports() {
    let mut run = conformant();
    run.exchanges.clear();
    run.flows.clear();
    run.judgements.clear();
    assert!(html::page::render(&run).contains("No flow ran."));
    assert!(checklist::render(&run).starts_with("# Bulk data export checklist"));
    assert!(terminal::summary(&run, &terminal::TerminalOptions::default()).contains("traffic"));
    quick_junit::Report::deserialize_from_str(&junit::render(&run, false).unwrap()).unwrap();
}

#[test]
fn report_files_are_complete_and_errors_name_them() {
    let folder = tempfile::tempdir().unwrap();
    let reports = folder.path().join("a").join("b");
    let run = failing();
    let paths = write_all(&reports, &run, &WriteOptions::default()).unwrap();
    let names: Vec<&str> = paths.iter().map(|p| p.file_name().unwrap().to_str().unwrap()).collect();
    assert_eq!(names, ["index.html", "junit.xml", "checklist.md", "run.json"]);
    assert_eq!(std::fs::read_dir(&reports).unwrap().count(), 4, "no temporary file is left");
    assert_eq!(json::read(&std::fs::read_to_string(&paths[3]).unwrap()).unwrap(), run);
    std::fs::remove_file(&paths[1]).unwrap();
    std::fs::create_dir_all(paths[1].join("in the way")).unwrap();
    let error = write_all(&reports, &run, &WriteOptions::default()).unwrap_err();
    assert!(error.to_string().contains("junit.xml"), "{error}");
    assert_eq!(std::fs::read_dir(&reports).unwrap().count(), 4, "the temporary file of the failed report is deleted");
}
