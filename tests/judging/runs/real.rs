//! Reports of real runs: the reference server with faults, in process and in paused time.

use plimsoll::base::vocabulary::Verdict;
use plimsoll::reference::personality::spec::Personality;
use plimsoll::report::{curl, finding, html, junit, terminal};
use plimsoll::selftest::matrix::whole_plan;
use plimsoll::selftest::reference_run::judged;
use plimsoll::verdicts::judged_run::Run;

/// A run under HL7 3.0.0 of the tests whose name `selected` takes.
fn run(faults: &[&str], selected: &dyn Fn(&str) -> bool) -> Run {
    let catalog = plimsoll::suite::source::embedded().unwrap();
    let spec = Personality::from_word("hl7-3.0.0").unwrap();
    let ask = plimsoll::plan::build::PlanRequest {
        specs: vec![spec.to_string()],
        ..plimsoll::plan::build::PlanRequest::default()
    };
    let plan = plimsoll::plan::build::build(&catalog, &ask, selected).unwrap();
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

/// Everything that libtest shows of what did not pass, the tokens of the run, which differ each time, made alike.
fn told(run: &Run) -> String {
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
fn a_finding_about_a_poll_reads_as_the_design_has_it() {
    let run = run(&["status-200-while-running"], &|name| name.starts_with("poll::in-progress-202@"));
    insta::assert_snapshot!("real_poll", told(&run));
}

#[test]
fn a_finding_about_a_line_reads_as_the_design_has_it() {
    let run = run(&["ndjson-trailing-comma"], &|name| name.starts_with("files::ndjson@"));
    insta::assert_snapshot!("real_line", told(&run));
}

#[test]
fn what_was_asked_after_a_delete_is_asked_after_one_again() {
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
    assert!(curl::prelude(&run, &run.exchanges[0]).is_none(), "the metadata need no job");
}

/// Lines that libtest would print in full but for the folding.
fn lines(text: &str) -> usize {
    text.lines().count()
}

#[test]
fn one_cause_is_told_once() {
    let run = whole(&["kickoff-no-content-location"]);
    let judgement = &run.judgements[0];
    let fails: Vec<_> = judgement.tests.iter().filter(|t| t.verdict == Verdict::Fail).collect();
    assert!(fails.len() > 2, "the fault is noticed on several flows");
    let full = finding::render(&run, judgement, fails[0]);
    assert_eq!(finding::render_once(&run, judgement, fails[0]), full, "the first is told in full");
    let twin = fails.iter().find(|t| t.id != fails[0].id && t.title == fails[0].title).unwrap();
    let short = finding::render_once(&run, judgement, twin);
    assert!(lines(&short) * 2 < lines(&full), "{short}");
    assert!(short.contains(&fails[0].id), "{short}");
    assert!(short.contains("SHALL violated"), "{short}");
    // What was skipped for it is counted there and has one reason in the summary.
    assert!(full.contains("more tests were skipped for this"), "{full}");
    let summary = terminal::summary(&run, &terminal::TerminalOptions::default());
    let skipped = summary.split("skipped: ").nth(1).unwrap().split("\n\n").next().unwrap();
    assert!(lines(skipped) <= 10, "{skipped}");
}

#[test]
fn what_is_undecided_for_one_reason_is_told_once() {
    // A server that asks for a token is told of by its first answer, not by every test.
    let mut run = whole(&["kickoff-no-content-location"]);
    for test in &mut run.judgements[0].tests {
        if test.verdict == Verdict::Fail {
            (test.verdict, test.because) = (Verdict::Error, "it was answered 401 (exchange 2)".to_owned());
            test.findings.clear();
        } else if test.verdict == Verdict::Skip {
            test.verdict = Verdict::Error;
        }
    }
    let judgement = &run.judgements[0];
    let errors: Vec<_> = judgement.tests.iter().filter(|t| t.verdict == Verdict::Error).collect();
    assert!(errors.len() > 100);
    let full = errors.iter().filter(|t| lines(&finding::render_once(&run, judgement, t)) > 1).count();
    assert!(full <= 4, "{full} of {} are told in full", errors.len());
    let page = html::page::render(&run);
    let cards = page.split("id=\"undecided\"").nth(1).unwrap().split("</section>").next().unwrap();
    assert_eq!(cards.matches("<article").count(), full, "a card a cause");
    // Programs still get each with its reason.
    let xml = junit::render(&run, false).unwrap();
    assert_eq!(xml.matches("<error ").count(), errors.len());
}

#[test]
fn a_card_says_once_what_several_flows_show() {
    let run = whole(&["status-200-while-running", "ndjson-trailing-comma", "manifest-missing-request"]);
    let page = html::page::render(&run);
    let fixes = page.split("id=\"fix\"").nth(1).unwrap().split("</section>").next().unwrap();
    let violated = fixes.matches("<article").count();
    assert!(violated >= 3, "{violated} cards");
    assert_eq!(fixes.matches("<pre class=\"wire\"").count(), violated, "one excerpt a card");
    assert!(fixes.contains("<ul class=\"same\">"));
    // The verdict names each card, and the command needs nothing from elsewhere.
    let verdict = page.split("id=\"verdict\"").nth(1).unwrap().split("</section>").next().unwrap();
    assert_eq!(verdict.matches("href=\"#cr0-").count(), violated);
    assert!(fixes.contains("STATUS_URL=$(curl -si "));
}
