//! Judges the tests of a spec on their flows.

use std::collections::BTreeSet;

use crate::base::vocabulary::{Level, Verdict};
use crate::check::auth::access;
use crate::check::context::CheckContext;
use crate::check::exchange;
use crate::check::index::Index;
use crate::check::outcome::{CheckOutcome, Violation};
use crate::check::reasons;
use crate::judge::decision::Decision;
use crate::judge::finding::KeyedFinding;
use crate::judge::{aggregate, finding, select_exchanges, shortage};
use crate::plan::model::PlannedTest;
use crate::recording::model::{Exchange, FlowRecord, Role, StopKind};
use crate::recording::settings::Authorization;
use crate::recording::shape::is_late_refusal;
use crate::suite::catalog::Catalog;
use crate::suite::check_names::CheckName;
use crate::suite::describe::{self, describe};
use crate::suite::expect::Expect;
use crate::suite::flow::{Flow, Identity};
use crate::suite::model::{Hold, NamedOutcome as Allowed};
use crate::suite::on::On;
use crate::suite::values::is_refusal;
use crate::verdicts::finding_place::FindingPlace;
use crate::verdicts::judged_run::{Finding, TestResult};

/// Returns the results of all tests of one spec.
pub fn judge_all(planned: &[&PlannedTest], catalog: &Catalog, index: &Index<'_>) -> Vec<TestResult> {
    let decisions: Vec<Decision> = planned.iter().map(|test| decide(test, catalog, index)).collect();
    // If a test of this spec fails on an exchange, that explains why a flow stopped there. Warnings do not count,
    // because the run is still conformant. A flow that did not start because of another kick-off stops at that
    // exchange.
    let told: BTreeSet<u32> = decisions
        .iter()
        .filter_map(|decision| match decision {
            Decision::Verdict { verdict: Verdict::Fail, findings, .. } => Some(findings),
            _ => None,
        })
        .flatten()
        .flat_map(|KeyedFinding { finding, .. }| finding.exchange.iter().chain(&finding.repeats).copied())
        .collect();
    let mut results: Vec<TestResult> =
        planned.iter().zip(decisions).map(|(test, decision)| settle(test, decision, &told)).collect();
    shortage::mark(planned, &mut results);
    results
}

fn settle(test: &PlannedTest, decision: Decision, told: &BTreeSet<u32>) -> TestResult {
    let flow_ended = matches!(decision, Decision::Deeper(_));
    let (verdict, because, findings, exchanges) = match decision {
        Decision::Verdict { verdict, because, findings, exchanges } => {
            (verdict, because, findings.into_iter().map(|keyed| keyed.finding).collect(), exchanges)
        }
        Decision::Deeper(stop) => {
            let at = stop.exchange.map(|id| format!(" (exchange {id})")).unwrap_or_default();
            let because = format!("flow {} ended early: {}{at}", test.flow, stop.because);
            let judged = stop.exchange.is_some_and(|id| told.contains(&id));
            let verdict = match stop.kind {
                StopKind::Answer if judged => Verdict::Skip,
                StopKind::NoPick => Verdict::Skip,
                _ => Verdict::Error,
            };
            (verdict, because, Vec::new(), stop.exchange.into_iter().collect())
        }
    };
    TestResult {
        id: test.id.clone(),
        title: test.test.title.clone(),
        verdict,
        level: test.level,
        requirements: test.requirements.clone(),
        defect: test.defect,
        because,
        flow_ended,
        known: None,
        cause: None,
        findings,
        why: test.test.why.clone(),
        suite: format!("{}:{}", test.test.source.file, test.test.source.line),
        flow: test.flow.clone(),
        area: test.test.area,
        exchanges,
    }
}

fn verdict(verdict: Verdict, because: impl Into<String>) -> Decision {
    Decision::Verdict { verdict, because: because.into(), findings: Vec::new(), exchanges: Vec::new() }
}

fn decide(test: &PlannedTest, catalog: &Catalog, index: &Index<'_>) -> Decision {
    match catalog.flow(&test.flow).filter(|flow| flow.aggregates) {
        Some(flow) => aggregate::decide(test, catalog, flow, |one| decide_on(one, catalog, index)),
        None => decide_on(test, catalog, index),
    }
}

/// Decides the test on one flow of the run.
fn decide_on(test: &PlannedTest, catalog: &Catalog, index: &Index<'_>) -> Decision {
    let Some(flow) = index.flow(&test.flow) else {
        return verdict(Verdict::Error, format!("flow {} did not finish, because the run ended early", test.flow));
    };
    let Some(definition) = catalog.flow(&test.flow) else {
        return verdict(Verdict::Error, format!("the suites have no flow {}", test.flow));
    };
    // Nothing that happened before a DELETE depends on its response.
    let deletes = |id: u32| index.exchange(id).is_some_and(|exchange| exchange.role == Role::Delete);
    let before;
    let flow = match flow.stop.as_ref().and_then(|stop| stop.exchange) {
        Some(id) if deletes(id) && !select_exchanges::concerns_delete(definition, &test.test.on) => {
            before = FlowRecord { stop: None, ..flow.clone() };
            &before
        }
        _ => flow,
    };
    // A test that compares a refusal with the next kick-off also judges permitted refusals.
    let on = &test.test.on;
    let compares = *on == [On::Kickoff] && test.test.expect.iter().any(judges_refusals);
    // Some tests expect that the server refuses a token that does not cover the request.
    let narrow = definition.identity == Identity::Narrow;
    // Tests of access to files compare it with `requiresAccessToken` of the manifest.
    let asked_for = narrow || test.test.when.iter().any(judges_refusals);
    let optional = |on: &On| matches!(on, On::KickoffOptional | On::PollFailed) || (narrow && *on == On::Kickoff);
    // A server may also refuse the request when the job runs; other tests judge these polls.
    let late = flow.stop.as_ref().and_then(|stop| index.exchange(stop.exchange?)).filter(|poll| is_late_refusal(poll));
    let of_polls =
        |on: &On| matches!(on, On::Poll | On::PollInProgress | On::PollTransient | On::PollComplete | On::PollFailed);
    let awaited = (late.is_some_and(|poll| poll.flow.as_deref() == Some(flow.name.as_str()))
        && on.iter().all(of_polls))
        || compares
        || (on.iter().all(optional) && *on != [On::PollFailed]);
    if let Some(stop) = &flow.stop
        && (stop.kind == StopKind::NotOffered || (stop.kind == StopKind::Declined && !awaited))
    {
        return verdict(Verdict::NotApplicable, stop.because.clone());
    }
    if let Some(why) = refused_freely(test, definition, index) {
        return verdict(Verdict::NotApplicable, why);
    }
    if let Some(delete) = select_exchanges::refused_delete(index, &test.flow, definition, on) {
        return verdict(Verdict::NotApplicable, format!("the server refused the DELETE (exchange {})", delete.id));
    }
    let mut looked: Vec<&Exchange> =
        on.iter().flat_map(|on| select_exchanges::select(index, &test.flow, definition, on)).collect();
    looked.sort_by_key(|exchange| exchange.id);
    looked.dedup_by_key(|exchange| exchange.id);
    if looked.is_empty() {
        return match (&flow.stop, on.first()) {
            (Some(stop), _) if stop.kind == StopKind::Declined => verdict(Verdict::NotApplicable, stop.because.clone()),
            (Some(stop), _) => Decision::Deeper(stop.clone()),
            (None, Some(on)) => {
                let lacking = select_exchanges::lacks_credentials(index, definition, on);
                let without = if lacking { Verdict::NotApplicable } else { Verdict::Skip };
                verdict(without, select_exchanges::why_nothing(index, flow, definition, on))
            }
            (None, None) => verdict(Verdict::Skip, "the test names no exchanges"),
        };
    }
    let compared = compared(test, flow, index);
    let context = CheckContext { index, test, flow, compared };
    narrow_and_judge(test, flow, &looked, &context, asked_for)
}

/// Returns whether the expectation is a check that also judges refusals.
fn judges_refusals(expect: &Expect) -> bool {
    expect.check.is_some_and(CheckName::judges_refusals)
}

/// Returns why the test is not applicable, if this spec permits the target to refuse the flow's kick-off and it did.
fn refused_freely(test: &PlannedTest, definition: &Flow, index: &Index<'_>) -> Option<String> {
    if !definition.optional_in.contains(&test.spec) {
        return None;
    }
    let stop = index.flow(&test.flow)?.stop.as_ref();
    if let Some(stop) = stop.filter(|stop| stop.exchange.and_then(|id| index.exchange(id)).is_some_and(is_late_refusal))
    {
        return Some(format!("{} permits a refusal, and {}", test.spec, stop.because));
    }
    let kickoff = index.kickoff(&test.flow)?;
    let status = exchange::response(kickoff)?.status;
    is_refusal(status).then(|| format!("{} permits a refusal, and {}", test.spec, reasons::kickoff_returned(status)))
}

/// Returns the first of the flows to compare with that ran at the same export level.
fn compared<'a>(test: &PlannedTest, flow: &FlowRecord, index: &Index<'a>) -> Option<&'a FlowRecord> {
    test.compare_with
        .iter()
        .filter_map(|name| index.flow(name))
        .find(|other| other.export == flow.export && index.kickoff(&other.name).is_some())
}

fn narrow_and_judge(
    test: &PlannedTest,
    flow: &FlowRecord,
    looked: &[&Exchange],
    context: &CheckContext<'_>,
    refusals: bool,
) -> Decision {
    let (mut kept, mut unknown) = (Vec::new(), None);
    for exchange in looked {
        if !refusals && access::repeated_with_token(exchange, context.index, &flow.name).is_some() {
            // Tests of access judge the refusal; all others judge the file.
            continue;
        }
        if let Some(why) = credentials(exchange, context.index).filter(|_| !refusals) {
            unknown.get_or_insert((exchange.id, why));
            continue;
        }
        let mut meets = true;
        for condition in &test.test.when {
            match crate::check::expect::holds(condition, exchange, context) {
                CheckOutcome::Holds => {}
                CheckOutcome::Violated(_) | CheckOutcome::NotApplicable(_) | CheckOutcome::NotShown(_) => meets = false,
                CheckOutcome::Undecided(why) => {
                    unknown.get_or_insert((exchange.id, why));
                    meets = false;
                }
            }
        }
        if meets {
            kept.push(*exchange);
        }
    }
    if kept.is_empty() {
        if let Some((id, why)) = unknown {
            return undecided(id, &why, looked);
        }
        // The response that ended the flow does not meet the conditions of this test; another test reports it.
        if let Some(stop) = &flow.stop
            && stop.kind != StopKind::NoPick
            && stop.exchange.is_some_and(|id| looked.iter().any(|exchange| exchange.id == id))
        {
            return match stop.kind {
                StopKind::Declined => verdict(Verdict::NotApplicable, stop.because.clone()),
                _ => Decision::Deeper(stop.clone()),
            };
        }
        let conditions = in_words(&test.test.when, ", ");
        let because = match test.test.when.len() {
            1 => format!("no response met the condition: {conditions}"),
            _ => format!("no response met all of: {conditions}"),
        };
        return verdict(Verdict::NotApplicable, because);
    }
    if test.test.hold == Hold::Last {
        kept = kept.split_off(kept.len() - 1);
    }
    let (mut broken, mut nothing, mut no_data, mut held) = (Vec::new(), None, None, false);
    for exchange in &kept {
        match judge_exchange(test, exchange, context) {
            CheckOutcome::Holds => held = true,
            CheckOutcome::Violated(found) => broken.extend(found.into_iter().map(|broken| (exchange.id, broken))),
            CheckOutcome::NotApplicable(why) => {
                nothing.get_or_insert(why);
            }
            CheckOutcome::NotShown(why) => {
                no_data.get_or_insert(why);
            }
            CheckOutcome::Undecided(why) => {
                unknown.get_or_insert((exchange.id, why));
            }
        }
    }
    let exchanges: Vec<u32> = kept.iter().map(|exchange| exchange.id).collect();
    if !broken.is_empty() {
        let findings = finding::gather(broken, kept.len());
        let because = findings.first().map(|keyed| sentence(&keyed.finding)).unwrap_or_default();
        return Decision::Verdict { verdict: broken_verdict(test), because, findings, exchanges };
    }
    if let Some((id, why)) = unknown {
        return undecided(id, &why, looked);
    }
    match (held, no_data, nothing) {
        (false, Some(why), _) => {
            Decision::Verdict { verdict: Verdict::Skip, because: why, findings: Vec::new(), exchanges }
        }
        (false, None, Some(why)) => {
            Decision::Verdict { verdict: Verdict::NotApplicable, because: why, findings: Vec::new(), exchanges }
        }
        _ => Decision::Verdict { verdict: Verdict::Pass, because: String::new(), findings: Vec::new(), exchanges },
    }
}

fn undecided(exchange: u32, why: &str, looked: &[&Exchange]) -> Decision {
    Decision::Verdict {
        verdict: Verdict::Error,
        because: format!("{why} (exchange {exchange})"),
        findings: Vec::new(),
        exchanges: looked.iter().map(|exchange| exchange.id).collect(),
    }
}

/// Returns the verdict of a violated test at its level.
fn broken_verdict(test: &PlannedTest) -> Verdict {
    match test.level {
        Level::Shall | Level::ShallNot if !test.defect => Verdict::Fail,
        _ => Verdict::Warn,
    }
}

/// Returns a finding as one clause.
fn sentence(finding: &Finding) -> String {
    format!("{}: expected {}, found {}", finding.place, finding.expected, finding.actual)
}

/// Returns why a 401 or 403 in the flow itself is undecided: it is about credentials, not about the requirement.
fn credentials(exchange: &Exchange, index: &Index<'_>) -> Option<String> {
    let own = matches!(exchange.role, Role::Kickoff | Role::Poll | Role::Page | Role::File | Role::Delete);
    match exchange::response(exchange).map(|response| response.status) {
        Some(status @ (401 | 403))
            if exchange.role == Role::Poll && index.recording.start.settings.authorization == Authorization::None =>
        {
            Some(format!("the server accepted the kick-off without credentials, but its poll returned {status}"))
        }
        Some(status @ (401 | 403)) if own => {
            let returned = reasons::server_returned(status);
            Some(format!("{returned}. Check the credentials, and give --scope if the token needs other scopes"))
        }
        _ => None,
    }
}

fn judge_exchange(test: &PlannedTest, exchange: &Exchange, context: &CheckContext<'_>) -> CheckOutcome {
    if !test.test.any_of.is_empty() {
        return any_of(&test.test.any_of, exchange, context);
    }
    let all = all(&test.test.expect, exchange, context);
    if test.test.hold != Hold::None {
        return all;
    }
    match all {
        CheckOutcome::Holds => {
            let expected = format!("no response that meets all of: {}", in_words(&test.test.expect, ", "));
            let actual =
                exchange::response(exchange).map(|response| describe::status(response.status)).unwrap_or_default();
            CheckOutcome::Violated(vec![Violation::new(FindingPlace::Status, expected, actual)])
        }
        CheckOutcome::Violated(_) | CheckOutcome::NotApplicable(_) | CheckOutcome::NotShown(_) => CheckOutcome::Holds,
        unknown => unknown,
    }
}

/// Describes expectations in words, separated by `between`.
fn in_words(expectations: &[Expect], between: &str) -> String {
    expectations.iter().map(describe).collect::<Vec<_>>().join(between)
}

/// Combines the outcomes of all expectations. Violations have priority over undecided outcomes.
fn all(expectations: &[Expect], exchange: &Exchange, context: &CheckContext<'_>) -> CheckOutcome {
    let (mut broken, mut unknown, mut nothing, mut no_data, mut held) = (Vec::new(), None, None, None, false);
    for expect in expectations {
        match crate::check::expect::holds(expect, exchange, context) {
            CheckOutcome::Holds => held = true,
            CheckOutcome::Violated(found) => broken.extend(found),
            CheckOutcome::Undecided(why) => unknown = unknown.or(Some(why)),
            CheckOutcome::NotApplicable(why) => nothing = nothing.or(Some(why)),
            CheckOutcome::NotShown(why) => no_data = no_data.or(Some(why)),
        }
    }
    match (broken.is_empty(), unknown, no_data, held, nothing) {
        (false, ..) => CheckOutcome::Violated(broken),
        (true, Some(why), ..) => CheckOutcome::Undecided(why),
        // If the data does not show one expectation, the others do not show it either.
        (true, None, Some(why), ..) => CheckOutcome::NotShown(why),
        (true, None, None, false, Some(why)) => CheckOutcome::NotApplicable(why),
        _ => CheckOutcome::Holds,
    }
}

/// Checks that one of the outcomes holds that the spec permits. If none holds, the finding is about the nearest one.
fn any_of(outcomes: &[Allowed], exchange: &Exchange, context: &CheckContext<'_>) -> CheckOutcome {
    let mut nearest: Option<(usize, Vec<Violation>)> = None;
    for outcome in outcomes {
        match all(&outcome.expect, exchange, context) {
            CheckOutcome::Violated(broken) => {
                // The nearest outcome has the fewest violations; of equal ones, the first counts.
                let missed = outcome
                    .expect
                    .iter()
                    .filter(|e| matches!(crate::check::expect::holds(e, exchange, context), CheckOutcome::Violated(_)))
                    .count();
                if nearest.as_ref().is_none_or(|(least, _)| missed < *least) {
                    nearest = Some((missed, broken));
                }
            }
            decided => return decided,
        }
    }
    let allowed: Vec<String> =
        outcomes.iter().map(|outcome| format!("{} ({})", outcome.outcome, in_words(&outcome.expect, ", "))).collect();
    let Some((_, mut broken)) = nearest else {
        return CheckOutcome::NotApplicable("the test names no outcome".to_owned());
    };
    broken.truncate(1);
    for found in &mut broken {
        found.expected = allowed.join(", or ");
    }
    CheckOutcome::Violated(broken)
}
