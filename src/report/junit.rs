//! `junit.xml`, for Jenkins, GitLab and GitHub: one suite for each spec, one class for each area.

use std::time::Duration;

use quick_junit::{NonSuccessKind, Property, Report, SerializeError, TestCase, TestCaseStatus, TestSuite, XmlString};

use crate::base::vocabulary::Verdict;
use crate::report::escape::visible;
use crate::report::{exchange, finding, text, verdict};
use crate::verdicts::judged_run::{Judgement, Run, TestResult};

/// Returns the report. With `strict`, warnings are failures.
///
/// Names are unique: they are the names that libtest shows, with the prefix `SPEC::` if several specs are judged. The
/// class is `SPEC.AREA`, because readers group by the part before the last dot. The type of a failure is the level of
/// the requirement. Its text repeats the message, because some readers show only one of the two.
///
/// # Errors
///
/// The XML writer refuses its input.
pub fn render(run: &Run, strict: bool) -> Result<String, SerializeError> {
    let mut report = Report::new("plimsoll");
    let several = run.judgements.len() > 1;
    let mut total = Duration::ZERO;
    for judgement in &run.judgements {
        let mut suite = TestSuite::new(clean(&judgement.spec));
        let mut time = Duration::ZERO;
        for (name, value) in properties(run, judgement) {
            suite.add_property(Property::new(clean(name), clean(&value)));
        }
        for test in &judgement.tests {
            let case = case(run, judgement, test, several, strict);
            time += case.time.unwrap_or_default();
            suite.add_test_case(case);
        }
        suite.set_time(time);
        total += time;
        if !run.started.is_empty() {
            suite.extra.insert(clean("timestamp"), clean(&run.started));
        }
        report.add_test_suite(suite);
    }
    report.set_time(total);
    report.to_string()
}

fn properties(run: &Run, judgement: &Judgement) -> Vec<(&'static str, String)> {
    let mut out = vec![
        ("target", run.target.base.clone()),
        ("target.software", run.target.software.clone()),
        ("target.fhir", run.target.fhir.clone()),
        ("plimsoll.version", run.plimsoll.version.clone()),
        ("plimsoll.suites", run.plimsoll.suites.clone()),
        ("spec", judgement.spec.clone()),
        ("scope", run.scope.to_string()),
        ("outcome", judgement.outcome.to_string()),
        ("gate", judgement.gate.to_string()),
        ("verdict", verdict::sentence(run, judgement)),
        ("decided", judgement.decided.to_string()),
    ];
    if judgement.informational {
        out.push(("informational", "does not count for the exit code".to_owned()));
    }
    out.extend(run.early.iter().map(|e| ("early", e.clone())));
    out.retain(|(_, value)| !value.is_empty());
    out
}

fn case(run: &Run, judgement: &Judgement, test: &TestResult, several: bool, strict: bool) -> TestCase {
    let message = message(test);
    let failing = |kind, name: &str| {
        let mut status = TestCaseStatus::non_success(kind);
        let text = finding::render(run, judgement, test);
        status.set_type(clean(name)).set_message(clean(&message));
        // The message contains the first part of the text and more.
        let rest = text.split_once("\n\n").map_or("", |(_, rest)| rest);
        status.set_description(block(&format!("{message}\n\n{rest}")));
        status
    };
    let status = match test.verdict {
        Verdict::Fail => failing(NonSuccessKind::Failure, test.level.as_str()),
        Verdict::Warn if strict => failing(NonSuccessKind::Failure, test.level.as_str()),
        Verdict::Error => failing(NonSuccessKind::Error, "undetermined"),
        Verdict::Skip | Verdict::NotApplicable => {
            let mut status = TestCaseStatus::skipped();
            status.set_type(clean(test.verdict.as_str())).set_message(clean(&message));
            status.set_description(block(&message));
            status
        }
        Verdict::Pass | Verdict::Warn => TestCaseStatus::success(),
    };
    let name = if several { format!("{}::{}", judgement.spec, test.id) } else { test.id.clone() };
    let mut case = TestCase::new(clean(&name), status);
    case.set_classname(clean(&format!("{}.{}", judgement.spec, test.area)));
    let took =
        test.exchanges.iter().filter_map(|id| exchange::find(run, *id)).map(|e| e.took).fold(0, u64::saturating_add);
    case.set_time(Duration::from_millis(took));
    case.add_property(Property::new(clean("level"), clean(test.level.as_str())));
    for requirement in &test.requirements {
        case.add_property(Property::new(clean("requirement"), clean(requirement)));
    }
    if let Some(known) = &test.known {
        case.add_property(Property::new(clean("known"), clean(known)));
    }
    if test.verdict == Verdict::Warn {
        case.add_property(Property::new(clean("warning"), clean(&message)));
        case.set_system_out(block(&finding::render(run, judgement, test)));
    }
    case
}

/// Returns one line about what is wrong, for readers that show only the message.
fn message(test: &TestResult) -> String {
    let head = finding::head(test);
    match test.findings.first() {
        Some(f) if matches!(test.verdict, Verdict::Fail | Verdict::Warn) => {
            let words = format!("{}: expected {}, found {}", f.place, f.expected, f.actual);
            format!("{head} ({})", text::cut(&visible(&words), 300))
        }
        _ => head,
    }
}

/// Returns one line in which characters that XML refuses are escaped.
fn clean(text: &str) -> XmlString {
    XmlString::new(visible(text))
}

/// Returns lines that are escaped already.
fn block(text: &str) -> XmlString {
    XmlString::new(text)
}
