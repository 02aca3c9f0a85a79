//! Causes that several tests share: tests that are undetermined for the same reason, and tests with the same findings.

use std::collections::{BTreeSet, HashSet};

use crate::base::vocabulary::Verdict;
use crate::report::escape::visible;
use crate::report::exchange;
use crate::verdicts::finding_place::{FindingPlace, PlaceKind};
use crate::verdicts::judged_run::{Finding, Judgement, Run, TestResult};

/// Tests that have the same verdict for the same reason.
pub(crate) struct Cause<'a> {
    /// The reason, escaped for display, without flow and exchange.
    pub reason: String,
    /// The exchanges that show it, sorted.
    pub exchanges: Vec<u32>,
    /// The tests; reports show the cause with the first of them.
    pub tests: Vec<&'a TestResult>,
}

/// Groups the tests of one verdict by cause, in the order of the first test of each cause.
///
/// The cause of tests of a flow that ended early is the reason for that end. Undetermined tests with the same exchange
/// have the same cause, even if their reasons differ.
pub(crate) fn causes<'a>(run: &Run, judgement: &'a Judgement, verdict: Verdict) -> Vec<Cause<'a>> {
    let mut out: Vec<Cause<'a>> = Vec::new();
    for test in judgement.tests.iter().filter(|t| t.verdict == verdict) {
        let (reason, exchange) = origin(run, test);
        let same = |c: &&mut Cause<'_>| {
            let same_exchange = verdict == Verdict::Error && exchange.is_some_and(|id| c.exchanges.contains(&id));
            c.reason == reason || same_exchange
        };
        let cause = match out.iter_mut().find(same) {
            Some(cause) => cause,
            None => {
                out.push(Cause { reason, exchanges: Vec::new(), tests: Vec::new() });
                let Some(cause) = out.last_mut() else { continue };
                cause
            }
        };
        cause.tests.push(test);
        if let Some(id) = exchange.filter(|id| !cause.exchanges.contains(id)) {
            cause.exchanges.push(id);
        }
    }
    out.iter_mut().for_each(|cause| cause.exchanges.sort_unstable());
    out
}

/// Returns the reason for the verdict of a test without findings, escaped for display, and the exchange that shows it.
/// If its flow ended early, this is the reason for that end, which may be the failure of another flow.
pub(crate) fn origin(run: &Run, test: &TestResult) -> (String, Option<u32>) {
    let stop_of = |name: &str| run.flows.iter().find(|f| f.name == name).and_then(|f| f.stop.as_ref());
    let Some(stop) = stop_of(&test.flow).filter(|_| test.flow_ended) else {
        let (because, exchange) = split(&test.because);
        return (visible(because), exchange.or_else(|| test.exchanges.first().copied()));
    };
    let owner = stop.exchange.and_then(|id| exchange::find(run, id)).and_then(|e| e.flow.as_deref());
    let root = owner.and_then(stop_of).filter(|root| root.exchange == stop.exchange).unwrap_or(stop);
    (visible(&root.because), root.exchange)
}

/// Splits `the server returned 401 (exchange 2)` into the reason and the exchange.
fn split(because: &str) -> (&str, Option<u32>) {
    let parts = because.strip_suffix(')').and_then(|rest| rest.rsplit_once(" (exchange "));
    match parts.and_then(|(reason, id)| Some((reason, id.parse().ok()?))) {
        Some((reason, id)) => (reason, Some(id)),
        None => (because, None),
    }
}

/// Returns the tests without a verdict because of this test: those undetermined for the same reason, and those of flows
/// that ended at an exchange of its findings.
pub(crate) fn followers<'a>(run: &Run, judgement: &'a Judgement, test: &TestResult) -> Vec<&'a TestResult> {
    let found = test.findings.iter().flat_map(|f| f.exchange.iter().chain(&f.repeats));
    let seen: BTreeSet<u32> = match test.verdict {
        Verdict::Fail | Verdict::Warn if !test.findings.is_empty() => found.copied().collect(),
        Verdict::Fail | Verdict::Warn => test.exchanges.iter().copied().collect(),
        Verdict::Error => {
            let all = causes(run, judgement, Verdict::Error);
            let own = all.into_iter().find(|c| c.tests.first().is_some_and(|t| t.id == test.id));
            return own.map_or_else(Vec::new, |c| c.tests.into_iter().skip(1).collect());
        }
        _ => return Vec::new(),
    };
    let ends: BTreeSet<u32> =
        run.flows.iter().filter_map(|f| f.stop.as_ref()?.exchange).filter(|id| seen.contains(id)).collect();
    if ends.is_empty() {
        return Vec::new();
    }
    let lost = |t: &&TestResult| matches!(t.verdict, Verdict::Skip | Verdict::Error) && t.id != test.id;
    let here = |t: &&TestResult| origin(run, t).1.is_some_and(|id| ends.contains(&id));
    judgement.tests.iter().filter(lost).filter(here).collect()
}

/// Returns the earlier test with the same cause that is shown in full, and its spec.
pub(crate) fn shown_before<'a>(
    run: &'a Run,
    judgement: &'a Judgement,
    test: &TestResult,
) -> Option<(&'a Judgement, &'a TestResult)> {
    let before = run.judgements.iter().take_while(|j| j.spec != judgement.spec);
    let same = |j: &'a Judgement| {
        let twin = j.tests.iter().find(|t| t.id == test.id && t.verdict == test.verdict)?;
        (twin.findings == test.findings && twin.because == test.because).then_some((j, twin))
    };
    // A test that refers to another test is not the target of a reference.
    let first = |(j, t): (&'a Judgement, &'a TestResult)| in_spec(run, j, t).map_or((j, t), |leader| (j, leader));
    before.filter_map(same).map(first).next().or_else(|| in_spec(run, judgement, test).map(|t| (judgement, t)))
}

/// Returns the earlier test of the same spec with the same cause.
fn in_spec<'a>(run: &Run, judgement: &'a Judgement, test: &TestResult) -> Option<&'a TestResult> {
    match test.verdict {
        Verdict::Error => {
            let all = causes(run, judgement, Verdict::Error);
            let own = all.into_iter().find(|c| c.tests.iter().any(|t| t.id == test.id))?;
            own.tests.first().copied().filter(|leader| leader.id != test.id)
        }
        Verdict::Fail | Verdict::Warn => {
            let earlier = judgement.tests.iter().take_while(|t| t.id != test.id);
            earlier.filter(|t| t.verdict == test.verdict).find(|t| same_cause(t, test))
        }
        _ => None,
    }
}

/// Returns a sentence about the test that shows the cause of this one.
pub(crate) fn sentence(judgement: &Judgement, test: &TestResult) -> Option<String> {
    let cause = judgement.tests.iter().find(|t| Some(&t.id) == test.cause.as_ref())?;
    let found = cause.findings.first()?;
    let at = found.exchange.map_or_else(String::new, |id| format!(" (exchange {id})"));
    let (expected, actual) = (visible(&found.expected), visible(&found.actual));
    Some(format!(
        "the export without filters is short already: expected {expected}, found {actual}{at}; see {}",
        visible(&cause.id)
    ))
}

/// Returns whether two results show the same cause: a third test shows the cause of both, or they are the same test on
/// different flows with the same findings, or they found the same value at the same place of the same exchange.
pub(crate) fn same_cause(first: &TestResult, test: &TestResult) -> bool {
    let named = |cause: &String| first.cause.as_ref() == Some(cause) || first.id == *cause;
    test.cause.as_ref().is_some_and(named)
        || alike(first, test)
        || (!test.findings.is_empty() && test.findings.iter().all(|found| shows(first, found)))
}

/// Returns whether a finding of the test is about the same value as `found`. A body as a whole, and a place that is no
/// part of the exchange, do not identify a value.
fn shows(test: &TestResult, found: &Finding) -> bool {
    let identifies = match &found.place {
        FindingPlace::Header(_) | FindingPlace::Status | FindingPlace::Position { .. } => true,
        FindingPlace::Body(pointer) => !pointer.is_empty(),
        _ => false,
    };
    let exchanges = |f: &Finding| f.exchange.into_iter().chain(f.repeats.iter().copied()).collect::<BTreeSet<_>>();
    let own = exchanges(found);
    let same = |f: &Finding| f.place == found.place && f.actual == found.actual && !exchanges(f).is_disjoint(&own);
    identifies && test.findings.iter().any(same)
}

/// Returns whether two results are of the same test on different flows and have the same findings.
pub(crate) fn alike(a: &TestResult, b: &TestResult) -> bool {
    let name = |t: &TestResult| t.id.split('@').next().map(str::to_owned);
    let signs = |t: &TestResult| t.findings.iter().map(sign).collect::<HashSet<_>>();
    name(a) == name(b) && !a.findings.is_empty() && signs(a) == signs(b)
}

/// Returns the parts of a finding that do not depend on the file, the index in a list or the line.
fn sign(finding: &Finding) -> (FindingPlace, String, String) {
    let any_item = |segment: &'_ str| if segment.parse::<u64>().is_ok() { "*" } else { segment }.to_owned();
    let (place, actual) = match &finding.place {
        FindingPlace::Position { .. } => {
            (FindingPlace::Position { line: 0, column: 0, path: String::new() }, finding.actual.clone())
        }
        // The wrong value may differ from response to response, but a different status is a different finding.
        place @ (FindingPlace::Status | FindingPlace::Handshake) => (place.clone(), finding.actual.clone()),
        FindingPlace::Body(pointer) => {
            let pointer = pointer.split('/').map(any_item).collect::<Vec<_>>().join("/");
            (FindingPlace::Body(pointer), String::new())
        }
        place => (place.clone(), String::new()),
    };
    (place, finding.expected.clone(), actual)
}

/// Groups each finding with later findings that are the same in other files.
pub(crate) fn fold(findings: &[Finding]) -> Vec<(&Finding, Vec<&Finding>)> {
    let mut out: Vec<(&Finding, Vec<&Finding>)> = Vec::new();
    for finding in findings {
        let same = out.iter_mut().find(|(first, _)| {
            first.place.kind() == PlaceKind::Line && sign(first) == sign(finding) && first.exchange != finding.exchange
        });
        match same {
            Some((_, more)) => more.push(finding),
            None => out.push((finding, Vec::new())),
        }
    }
    out
}
