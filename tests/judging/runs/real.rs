//! Tests of reports of real runs: the reference server with faults, in process and in paused time.

use plimsoll::base::vocabulary::Verdict;
use plimsoll::reference::personality::spec::Personality;
use plimsoll::report::{curl, finding, html, junit, terminal};
use plimsoll::selftest::matrix::whole_plan;
use plimsoll::selftest::reference_run::judged;
use plimsoll::verdicts::judged_run::Run;

/// Runs the tests of hl7-3.0.0 that `selected` accepts by name.
fn run(faults: &[&str], selected: &dyn Fn(&str) -> bool) -> Run {
    let catalog = plimsoll::suite::source::embedded().unwrap();
    let spec = Personality::from_word("hl7-3.0.0").unwrap();
    let request = plimsoll::plan::build::PlanRequest {
        specs: vec![spec.to_string()],
        ..plimsoll::plan::build::PlanRequest::default()
    };
    let plan = plimsoll::plan::build::build(&catalog, &request, selected).unwrap();
    let faults = faults.iter().map(|id| plimsoll::reference::fault::embedded::fault(id).unwrap()).collect();
    judged(&catalog, &plan, spec, faults).unwrap()
}

fn whole(faults: &[&str]) -> Run {
    let catalog = plimsoll::suite::source::embedded().unwrap();
    let spec = Personality::from_word("hl7-3.0.0").unwrap();
    let plan = whole_plan(&catalog, spec).unwrap();
    judged(
        &catalog,
        &plan,
        spec,
        faults.iter().map(|id| plimsoll::reference::fault::embedded::fault(id).unwrap()).collect(),
    )
    .unwrap()
}

/// Renders the failed, warning and undecided tests as in the libtest output, with equal tokens instead of random ones.
fn rendered(run: &Run) -> String {
    let mut out = String::new();
    for judgement in &run.judgements {
        let shown = |v| matches!(v, Verdict::Fail | Verdict::Warn | Verdict::Error);
        for test in judgement.tests.iter().filter(|t| shown(t.verdict)) {
            out += &format!("---- {} ----\n{}\n\n", test.id, finding::render_once(run, judgement, test));
        }
    }
    let mut parts = out.split("[u");
    let first = parts.next().unwrap().to_owned();
    parts.fold(first, |text, part| text + "[u...]" + part.split_once(']').unwrap().1)
}

#[test]
fn a_finding_about_a_poll_matches_its_snapshot() {
    let run = run(&["status-200-while-running"], &|name| name.starts_with("poll::in-progress-202@"));
    insta::assert_snapshot!("real_poll", rendered(&run));
}

#[test]
fn a_finding_about_a_line_matches_its_snapshot() {
    let run = run(&["ndjson-trailing-comma"], &|name| name.starts_with("files::ndjson@"));
    insta::assert_snapshot!("real_line", rendered(&run));
}

#[test]
fn the_commands_of_a_request_after_a_delete_include_the_delete() {
    let run = whole(&["cancel-poll-202"]);
    let test = run.judgements[0].tests.iter().find(|t| t.id == "delete::then-404@cancelled").unwrap();
    assert_eq!(test.verdict, Verdict::Fail);
    let id = test.findings[0].exchange.unwrap();
    let exchange = run.exchanges.iter().find(|e| e.id == id).unwrap();
    let commands = curl::prelude(&run, exchange).unwrap();
    let lines: Vec<&str> = commands.lines().collect();
    assert!(
        lines[0].starts_with("STATUS_URL=$(curl -si ") && lines[0].contains("$export?_type=Patient'"),
        "{commands}"
    );
    assert!(lines[1].starts_with("curl -i -X DELETE ") && lines[1].ends_with(" \"$STATUS_URL\""), "{commands}");
    assert!(curl::prelude(&run, &run.exchanges[0]).is_none(), "the request for metadata needs no job");
}

/// Returns the number of lines of a text.
fn lines(text: &str) -> usize {
    text.lines().count()
}

#[test]
fn one_cause_is_shown_once() {
    let run = whole(&["kickoff-no-content-location"]);
    let judgement = &run.judgements[0];
    let fails: Vec<_> = judgement.tests.iter().filter(|t| t.verdict == Verdict::Fail).collect();
    assert!(fails.len() > 2, "the fault must be noticed on several flows");
    let full = finding::render(&run, judgement, fails[0]);
    assert_eq!(finding::render_once(&run, judgement, fails[0]), full, "the first is shown in full");
    let twin = fails.iter().find(|t| t.id != fails[0].id && t.title == fails[0].title).unwrap();
    let short = finding::render_once(&run, judgement, twin);
    assert!(lines(&short) * 2 < lines(&full), "{short}");
    assert!(short.contains(&fails[0].id), "{short}");
    assert!(short.contains("SHALL violated"), "{short}");
    // The skipped tests are counted there and have one reason in the summary.
    assert!(full.contains("more tests are skipped because of this"), "{full}");
    let summary = terminal::summary(&run, &terminal::TerminalOptions::default());
    let skipped = summary.split("not tested: ").nth(1).unwrap().split("\n\n").next().unwrap();
    assert!(lines(skipped) <= 10, "{skipped}");
}

#[test]
fn one_reason_of_undecided_tests_is_shown_once() {
    // If a server requires a token, only the test of its first response shows it in full.
    let mut run = whole(&["kickoff-no-content-location"]);
    for test in &mut run.judgements[0].tests {
        if test.verdict == Verdict::Fail {
            (test.verdict, test.because) = (Verdict::Error, "the server returned 401 (exchange 2)".to_owned());
            test.findings.clear();
        } else if test.verdict == Verdict::Skip {
            test.verdict = Verdict::Error;
        }
    }
    let judgement = &run.judgements[0];
    let errors: Vec<_> = judgement.tests.iter().filter(|t| t.verdict == Verdict::Error).collect();
    assert!(errors.len() > 100);
    let full = errors.iter().filter(|t| lines(&finding::render_once(&run, judgement, t)) > 1).count();
    assert!(full <= 4, "{full} of {} are shown in full", errors.len());
    let page = html::page::render(&run);
    let cards = page.split("id=\"undecided\"").nth(1).unwrap().split("</section>").next().unwrap();
    assert_eq!(cards.matches("<article").count(), full, "one card for each cause");
    // Programs still get each test with its reason.
    let xml = junit::render(&run, false).unwrap();
    assert_eq!(xml.matches("<error ").count(), errors.len());
}

#[test]
fn one_card_shows_the_same_finding_of_several_flows() {
    let run = whole(&["status-200-while-running", "ndjson-trailing-comma", "manifest-missing-request"]);
    let page = html::page::render(&run);
    let fixes = page.split("id=\"fix\"").nth(1).unwrap().split("</section>").next().unwrap();
    let violated = fixes.matches("<article").count();
    assert!(violated >= 3, "{violated} cards");
    assert_eq!(fixes.matches("<pre class=\"wire\"").count(), violated, "one excerpt in each card");
    assert!(fixes.contains("<ul class=\"same\">"));
    // The verdict links to each card, and the command is complete.
    let verdict = page.split("id=\"verdict\"").nth(1).unwrap().split("</section>").next().unwrap();
    assert_eq!(verdict.matches("href=\"#cr0-").count(), violated);
    assert!(fixes.contains("STATUS_URL=$(curl -si "));
}
