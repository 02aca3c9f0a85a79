//! A run in words and numbers, the same for every report.

use std::collections::BTreeMap;

use crate::base::vocabulary::{Level, Verdict};
use crate::recording::model::{Exchange, Outcome, Role};
use crate::report::escape::visible;
use crate::report::text;
use crate::verdicts::judged_run::{Conformance, Gate, Judgement, RequirementState, Run, Scope, TestResult};

/// Returns the outcome under one spec: `not conformant with HL7 FHIR Bulk Data Access (STU 2) 2.0.0: 3 SHALLs
/// violated`. A filtered run is never called conformant.
pub fn sentence(run: &Run, judgement: &Judgement) -> String {
    let title = title(judgement);
    let filtered = run.scope == Scope::Filtered;
    let sentence = match judgement.outcome {
        Conformance::Conformant if filtered => {
            let tested = text::count(u64::from(judgement.decided), "mandatory requirement");
            format!(
                "no selected test of {title} failed: {tested} tested, all met; a filtered run is no proof of conformance"
            )
        }
        Conformance::Conformant => {
            let tested = text::count(u64::from(judgement.decided), "mandatory requirement");
            format!("conformant with {title}: {tested} tested, all met")
        }
        Conformance::NotConformant => format!("not conformant with {title}: {}", violations(judgement)),
        Conformance::Undetermined => format!("undetermined for {title}: {}", visible(&judgement.because)),
    };
    match run.start.settings.insecure && !is_for_certificates(judgement) {
        true => format!("{sentence}; certificates were not checked (--insecure)"),
        false => sentence,
    }
}

/// Returns whether the outcome is undetermined only because certificates were not checked. The judge gives that reason
/// if no test is undetermined.
fn is_for_certificates(judgement: &Judgement) -> bool {
    let all_decided = judgement.tests.iter().all(|test| test.verdict != Verdict::Error);
    judgement.outcome == Conformance::Undetermined && all_decided
}

/// Returns the remark of a conformant judgement. [`sentence`] has the reason of every other outcome.
pub(crate) fn remark(judgement: &Judgement) -> Option<String> {
    let because = visible(&judgement.because);
    (judgement.outcome == Conformance::Conformant && !because.is_empty()).then_some(because)
}

/// Returns the state of the gate of known deviations, if there is one.
pub(crate) fn gate(judgement: &Judgement) -> Option<String> {
    match judgement.gate {
        Gate::None => None,
        Gate::Passed => Some("gate passed: every failure is a known deviation".to_owned()),
        Gate::StaleKnown => {
            Some("gate not passed: a known deviation passes again; remove it from plimsoll.toml".to_owned())
        }
    }
}

/// Returns the title of the spec, or its id if it has no title.
pub(crate) fn title(judgement: &Judgement) -> String {
    let title = if judgement.title.is_empty() { &judgement.spec } else { &judgement.title };
    match &judgement.owner {
        Some(owner) => format!("{} (a spec of {}; its SHALLs are not HL7's)", visible(title), visible(owner)),
        None => visible(title),
    }
}

/// Returns the number of violations: `2 SHALLs and 1 SHALL NOT violated`.
fn violations(judgement: &Judgement) -> String {
    let count = |level: Level| {
        judgement.requirements.iter().filter(|r| r.state == RequirementState::Violated && r.level == level).count()
            as u64
    };
    let (shall, not) = (count(Level::Shall), count(Level::ShallNot));
    match (shall, not) {
        (0, 0) => {
            let failed = judgement.tests.iter().filter(|t| t.verdict == Verdict::Fail).count();
            format!("{} failed", text::count(failed as u64, "test"))
        }
        (n, 0) => format!("{} violated", text::count(n, "SHALL")),
        (0, n) => format!("{} violated", text::count(n, "SHALL NOT")),
        (a, b) => format!("{} and {} violated", text::count(a, "SHALL"), text::count(b, "SHALL NOT")),
    }
}

/// Returns which part of the specs a filtered run judged.
pub(crate) fn scope(run: &Run) -> Option<String> {
    if run.scope == Scope::Whole {
        return None;
    }
    let selected = run.start.selected.as_ref().map(|s| text::count(s.len() as u64, "test"));
    let selected = selected.unwrap_or_else(|| "some of the tests".to_owned());
    Some(format!("filtered run: {selected} selected; the rest of the spec is not judged"))
}

/// Returns the traffic of the run in one line.
pub(crate) fn traffic(run: &Run) -> String {
    let t = &run.traffic;
    format!(
        "{}, {} ({} accepted), {}, {}",
        text::count(t.requests, "request"),
        text::count(t.kickoff_requests, "kick-off"),
        t.kickoffs,
        text::count(t.resources, "resource"),
        text::bytes(t.bytes)
    )
}

/// A table of numbers by key and column.
pub(crate) struct TallyTable {
    /// The columns of the tally table.
    pub columns: Vec<&'static str>,
    /// The rows with a number above zero: a name, and a number for each column.
    pub rows: Vec<(String, Vec<u64>)>,
}

/// Counts the requirements by level and state.
pub(crate) fn by_level(judgement: &Judgement) -> TallyTable {
    tally(RequirementState::ALL, RequirementState::as_str, Level::ALL.iter().map(|l| l.to_string()).collect(), || {
        judgement.requirements.iter().map(|r| (r.level.to_string(), r.state)).collect()
    })
}

/// Counts the requirements by area and state.
pub(crate) fn by_area(judgement: &Judgement) -> TallyTable {
    tally(
        RequirementState::ALL,
        RequirementState::as_str,
        crate::base::vocabulary::Area::ALL.iter().map(|a| a.to_string()).collect(),
        || judgement.requirements.iter().map(|r| (r.area.to_string(), r.state)).collect(),
    )
}

/// Counts the tests by the export level of their flow and by verdict.
pub(crate) fn by_export(run: &Run, judgement: &Judgement) -> TallyTable {
    let levels: BTreeMap<&str, &str> = run.flows.iter().map(|f| (f.name.as_str(), f.export.as_str())).collect();
    let rows = ["system", "patient", "group", "any", "not run"].map(str::to_owned).to_vec();
    tally(Verdict::ALL, Verdict::as_str, rows, || {
        let level = |t: &TestResult| levels.get(t.flow.as_str()).copied().unwrap_or("not run").to_owned();
        judgement.tests.iter().map(|t| (level(t), t.verdict)).collect()
    })
}

fn tally<C: Copy + PartialEq>(
    all: &[C],
    name: impl Fn(C) -> &'static str,
    keys: Vec<String>,
    items: impl FnOnce() -> Vec<(String, C)>,
) -> TallyTable {
    let items = items();
    let rows = keys.into_iter().map(|key| {
        let of = |c: &C| items.iter().filter(|(k, v)| *k == key && v == c).count() as u64;
        let numbers: Vec<u64> = all.iter().map(of).collect();
        (key, numbers)
    });
    let rows = rows.filter(|(_, numbers)| numbers.iter().any(|n| *n > 0)).collect();
    TallyTable { columns: all.iter().map(|c| name(*c)).collect(), rows }
}

/// Groups the results of each test on several flows: `poll::retry-after` with `patient` and `group`.
pub(crate) fn fold_flows<'a>(tests: &[&'a TestResult]) -> Vec<(&'a str, Vec<&'a TestResult>)> {
    let mut out: Vec<(&str, Vec<&TestResult>)> = Vec::new();
    for test in tests {
        let name = test.id.split('@').next().unwrap_or(&test.id);
        match out.iter_mut().find(|(n, _)| *n == name) {
            Some((_, all)) => all.push(test),
            None => out.push((name, vec![test])),
        }
    }
    out
}

/// Returns sentences about the run that no test states, without full stops: requests with a token that the manifest
/// does not ask for, and 429.
pub(crate) fn notes(run: &Run) -> Vec<String> {
    let mut notes = Vec::new();
    let status = |e: &Exchange| match &e.outcome {
        Outcome::Response(response) => response.status,
        Outcome::NoResponse(_) | Outcome::Handshake(_) => 0,
    };
    let sent_token =
        |e: &Exchange| e.request.headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("authorization"));
    let files: Vec<&Exchange> = run.exchanges.iter().filter(|e| e.role == Role::File).collect();
    let mut refused = files.iter().filter(|e| status(e) == 401 && !sent_token(e)).filter(|e| {
        files.iter().any(|other| other.id > e.id && other.flow == e.flow && other.file == e.file && sent_token(other))
    });
    if let Some(first) = refused.next() {
        notes.push(format!(
            "files returned 401 although requiresAccessToken is false (exchange {}); the run read them with the token, \
             which hl7-3.0.0 forbids clients to send",
            first.id
        ));
    }
    let throttled: Vec<u32> = run.exchanges.iter().filter(|e| status(e) == 429).map(|e| e.id).collect();
    if let Some(first) = throttled.first() {
        let count = text::count(throttled.len() as u64, "request");
        notes.push(format!("the server returned 429 Too Many Requests to {count}, first in exchange {first}"));
    }
    notes
}
