//! A run in words and numbers, for every report alike.

use std::collections::BTreeMap;

use crate::base::vocabulary::{Level, Verdict};
use crate::report::escape::visible;
use crate::report::text;
use crate::verdicts::judged_run::{Conformance, Gate, Judgement, RequirementState, Run, Scope, TestResult};

/// The outcome under one spec: `not conformant with HL7 FHIR Bulk Data Access (STU 2) 2.0.0: 3 SHALLs violated`. A
/// filtered run never claims the spec.
pub fn sentence(run: &Run, judgement: &Judgement) -> String {
    let title = title(judgement);
    let filtered = run.scope == Scope::Filtered;
    let sentence = match judgement.outcome {
        Conformance::Conformant if filtered => {
            let decided = text::count(u64::from(judgement.decided), "SHALL");
            format!("nothing failed in what was selected of {title}: {decided} decided; the whole spec is not claimed")
        }
        Conformance::Conformant => {
            let decided = text::count(u64::from(judgement.decided), "SHALL");
            format!("conformant with {title}: {decided} decided, none violated")
        }
        Conformance::NotConformant => format!("not conformant with {title}: {}", violations(judgement)),
        Conformance::Undetermined => format!("undetermined for {title}: {}", visible(&judgement.because)),
    };
    match run.start.settings.insecure && !is_for_certificates(judgement) {
        true => format!("{sentence}; certificates were not checked (--insecure)"),
        false => sentence,
    }
}

/// Whether the certificates are what leaves the outcome undetermined, in a run that did not check them: the judge takes
/// that for the reason where every test was decided and none failed.
fn is_for_certificates(judgement: &Judgement) -> bool {
    let all_decided = judgement.tests.iter().all(|test| test.verdict != Verdict::Error);
    judgement.outcome == Conformance::Undetermined && all_decided
}

/// What the judgement adds to [`sentence`], which has the reason of every other outcome.
pub(crate) fn remark(judgement: &Judgement) -> Option<String> {
    let because = visible(&judgement.because);
    (judgement.outcome == Conformance::Conformant && !because.is_empty()).then_some(because)
}

/// The gate of known deviations, if there is one.
pub(crate) fn gate(judgement: &Judgement) -> Option<String> {
    match judgement.gate {
        Gate::None => None,
        Gate::Passed => Some("gate passed: every failure is a known deviation".to_owned()),
        Gate::StaleKnown => Some("gate not passed: a known deviation passes again; take it off the list".to_owned()),
    }
}

/// The spec's title, or its id where it has none.
pub(crate) fn title(judgement: &Judgement) -> String {
    let title = if judgement.title.is_empty() { &judgement.spec } else { &judgement.title };
    match &judgement.owner {
        Some(owner) => format!("{} (rules of {}; a SHALL is theirs, not HL7's)", visible(title), visible(owner)),
        None => visible(title),
    }
}

/// `2 SHALLs and 1 SHALL NOT violated`
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

/// How much of the specs was judged, where it was not all.
pub(crate) fn scope(run: &Run) -> Option<String> {
    if run.scope == Scope::Whole {
        return None;
    }
    let selected = run.start.selected.as_ref().map(|s| text::count(s.len() as u64, "test"));
    let selected = selected.unwrap_or_else(|| "some of the tests".to_owned());
    Some(format!("filtered run: {selected} selected; it says nothing of the rest of the spec"))
}

/// What the run cost, in one line.
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

/// Numbers by key and column.
pub(crate) struct TallyTable {
    /// The columns.
    pub columns: Vec<&'static str>,
    /// The rows that hold anything: a name, and a number a column.
    pub rows: Vec<(String, Vec<u64>)>,
}

/// The requirements by level and state.
pub(crate) fn by_level(judgement: &Judgement) -> TallyTable {
    tally(RequirementState::ALL, RequirementState::as_str, Level::ALL.iter().map(|l| l.to_string()).collect(), || {
        judgement.requirements.iter().map(|r| (r.level.to_string(), r.state)).collect()
    })
}

/// The requirements by area and state.
pub(crate) fn by_area(judgement: &Judgement) -> TallyTable {
    tally(
        RequirementState::ALL,
        RequirementState::as_str,
        crate::base::vocabulary::Area::ALL.iter().map(|a| a.to_string()).collect(),
        || judgement.requirements.iter().map(|r| (r.area.to_string(), r.state)).collect(),
    )
}

/// The tests by the export level of their flow and verdict.
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

/// The same test on several flows, in the order of the first: `poll::retry-after` with `patient`, `group`.
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
