//! Causes that several tests share: tests that are undecided for the same reason, and tests that found the same thing
//! wrong.

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

/// The tests of one verdict by cause, in the order of their first.
///
/// A flow that ended early leaves its later tests with a reason of its own; they belong to what ended it. What could
/// not be decided at the same exchange has the same cause, whatever each test says of it.
pub(crate) fn causes<'a>(run: &Run, judgement: &'a Judgement, verdict: Verdict) -> Vec<Cause<'a>> {
    let mut out: Vec<Cause<'a>> = Vec::new();
    for test in judgement.tests.iter().filter(|t| t.verdict == verdict) {
        let (reason, exchange) = origin(run, test);
        let same = |c: &&mut Cause<'_>| {
            let there = verdict == Verdict::Error && exchange.is_some_and(|id| c.exchanges.contains(&id));
            c.reason == reason || there
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

/// The reason for the verdict of a test without findings, escaped for display, and the exchange that shows it. If its flow
/// ended early, this is the reason for that end, which may be the failure of another flow.
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

/// `it was answered 401 (exchange 2)` in two.
fn split(because: &str) -> (&str, Option<u32>) {
    let parts = because.strip_suffix(')').and_then(|rest| rest.rsplit_once(" (exchange "));
    match parts.and_then(|(reason, id)| Some((reason, id.parse().ok()?))) {
        Some((reason, id)) => (reason, Some(id)),
        None => (because, None),
    }
}

/// The tests that were not decided because of what this test found: those undecided for the same reason, and those of
/// flows that ended at an exchange of its findings.
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

/// The earlier test, and its spec, that shows in full what this one would repeat.
pub(crate) fn shown_before<'a>(
    run: &'a Run,
    judgement: &'a Judgement,
    test: &TestResult,
) -> Option<(&'a Judgement, &'a TestResult)> {
    let before = run.judgements.iter().take_while(|j| j.spec != judgement.spec);
    let again = |j: &'a Judgement| {
        let twin = j.tests.iter().find(|t| t.id == test.id && t.verdict == test.verdict)?;
        (twin.findings == test.findings && twin.because == test.because).then_some((j, twin))
    };
    // A test that refers to another one is no target of a reference.
    let first = |(j, t): (&'a Judgement, &'a TestResult)| in_spec(run, j, t).map_or((j, t), |leader| (j, leader));
    before.filter_map(again).map(first).next().or_else(|| in_spec(run, judgement, test).map(|t| (judgement, t)))
}

/// The same within one spec.
fn in_spec<'a>(run: &Run, judgement: &'a Judgement, test: &TestResult) -> Option<&'a TestResult> {
    match test.verdict {
        Verdict::Error => {
            let all = causes(run, judgement, Verdict::Error);
            let own = all.into_iter().find(|c| c.tests.iter().any(|t| t.id == test.id))?;
            own.tests.first().copied().filter(|leader| leader.id != test.id)
        }
        Verdict::Fail | Verdict::Warn => {
            let earlier = judgement.tests.iter().take_while(|t| t.id != test.id);
            earlier.filter(|t| t.verdict == test.verdict).find(|t| alike(t, test))
        }
        _ => None,
    }
}

/// Whether two tests are the same on different flows and found the same things wrong.
pub(crate) fn alike(a: &TestResult, b: &TestResult) -> bool {
    let name = |t: &TestResult| t.id.split('@').next().map(str::to_owned);
    let signs = |t: &TestResult| t.findings.iter().map(sign).collect::<HashSet<_>>();
    name(a) == name(b) && !a.findings.is_empty() && signs(a) == signs(b)
}

/// What is wrong, whatever the file, the item of a list or the line.
fn sign(finding: &Finding) -> (FindingPlace, String, String) {
    let any_item = |segment: &'_ str| if segment.parse::<u64>().is_ok() { "*" } else { segment }.to_owned();
    let (place, actual) = match &finding.place {
        FindingPlace::Position { .. } => {
            (FindingPlace::Position { line: 0, column: 0, path: String::new() }, finding.actual.clone())
        }
        // The value found wrong differs from answer to answer, but for a status it is the point.
        place @ (FindingPlace::Status | FindingPlace::Handshake) => (place.clone(), finding.actual.clone()),
        FindingPlace::Body(pointer) => {
            let pointer = pointer.split('/').map(any_item).collect::<Vec<_>>().join("/");
            (FindingPlace::Body(pointer), String::new())
        }
        place => (place.clone(), String::new()),
    };
    (place, finding.expected.clone(), actual)
}

/// Findings of a test with those after each that say the same of another file.
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
