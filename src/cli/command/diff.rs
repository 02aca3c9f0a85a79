//! `plimsoll diff`: shows what changed from one run to another.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::Path;

use serde::Serialize;

use crate::base::unprintable::escape_unprintable;
use crate::base::vocabulary::Verdict;
use crate::cli::args::DiffArgs;
use crate::cli::error::CliError;
use crate::cli::options::Format;
use crate::cli::output::print;
use crate::report::json;
use crate::verdicts::exit;
use crate::verdicts::judged_run::{Conformance, Gate, Judgement, Run};

/// The longest run.json that is read, in bytes.
const LIMIT: u64 = 1 << 30;

/// What changed, as `--format json` prints it.
#[derive(Debug, PartialEq, Serialize)]
struct Diff {
    /// The targets, suites, versions and scopes that differ. Verdicts of such runs are hard to compare.
    differ: Vec<Differ>,
    /// Each spec that one of the runs judged.
    specs: Vec<SpecDiff>,
}

#[derive(Debug, PartialEq, Serialize)]
struct Differ {
    what: &'static str,
    old: String,
    new: String,
}

#[derive(Debug, PartialEq, Serialize)]
struct SpecDiff {
    spec: String,
    old: Option<Conformance>,
    new: Option<Conformance>,
    old_gate: Option<Gate>,
    new_gate: Option<Gate>,
    /// Tests with a changed verdict, and tests that only one run has.
    tests: Vec<Change>,
}

#[derive(Debug, PartialEq, Serialize)]
struct Change {
    test: String,
    old: Option<Verdict>,
    new: Option<Verdict>,
    /// Whether the verdict is worse: fail is worse than error, error than warn, and warn than any other.
    worse: bool,
}

/// Runs `plimsoll diff`. The exit code is 1 if a test got worse, else 0.
pub fn diff(args: &DiffArgs) -> Result<u8, CliError> {
    let diff = compare(&read(&args.old)?, &read(&args.new)?);
    match args.format.format {
        Format::Text => print(&text(&diff)),
        Format::Json => {
            let json = serde_json::to_string_pretty(&diff).map_err(|e| CliError::undetermined(e.to_string()))?;
            print(&format!("{json}\n"));
        }
    }
    let worse = diff.specs.iter().flat_map(|spec| &spec.tests).any(|change| change.worse);
    Ok(if worse { exit::NOT_CONFORMANT } else { exit::CONFORMANT })
}

/// Reads a run.json, or the run.json of a report folder.
fn read(path: &Path) -> Result<Run, CliError> {
    let file = if path.is_dir() { path.join("run.json") } else { path.to_owned() };
    let refuse = |why: String| CliError::usage(format!("cannot read {}: {why}", file.display()));
    let length = std::fs::metadata(&file).map_err(|e| refuse(e.to_string()))?.len();
    if length > LIMIT {
        return Err(refuse(format!("it is longer than {LIMIT} bytes")));
    }
    let text = std::fs::read_to_string(&file).map_err(|e| refuse(e.to_string()))?;
    json::read(&text).map_err(|e| refuse(e.to_string()))
}

fn compare(old: &Run, new: &Run) -> Diff {
    let pairs = [
        ("target", &old.target.base, &new.target.base),
        ("suites", &old.plimsoll.suites, &new.plimsoll.suites),
        ("plimsoll", &old.plimsoll.version, &new.plimsoll.version),
    ];
    let scopes = (old.scope.to_string(), new.scope.to_string());
    let differ = pairs
        .into_iter()
        .chain([("scope", &scopes.0, &scopes.1)])
        .filter(|(_, old, new)| old != new)
        .map(|(what, old, new)| Differ { what, old: old.clone(), new: new.clone() })
        .collect();
    let mut specs: Vec<&str> = new.judgements.iter().map(|j| j.spec.as_str()).collect();
    for judgement in &old.judgements {
        if !specs.contains(&judgement.spec.as_str()) {
            specs.push(&judgement.spec);
        }
    }
    Diff { differ, specs: specs.into_iter().map(|spec| compare_spec(spec, find(old, spec), find(new, spec))).collect() }
}

fn find<'a>(run: &'a Run, spec: &str) -> Option<&'a Judgement> {
    run.judgements.iter().find(|judgement| judgement.spec == spec)
}

fn compare_spec(spec: &str, old: Option<&Judgement>, new: Option<&Judgement>) -> SpecDiff {
    let verdicts = |judgement: Option<&Judgement>| -> BTreeMap<String, Verdict> {
        judgement.into_iter().flat_map(|j| &j.tests).map(|test| (test.id.clone(), test.verdict)).collect()
    };
    let (before, after) = (verdicts(old), verdicts(new));
    let mut ids: Vec<&String> = before.keys().chain(after.keys()).collect();
    ids.sort();
    ids.dedup();
    let tests = ids
        .into_iter()
        .map(|id| (id, before.get(id).copied(), after.get(id).copied()))
        .filter(|(_, old, new)| old != new)
        .map(|(id, old, new)| Change { test: id.clone(), old, new, worse: rank(new) > rank(old) && rank(new) > 0 })
        .collect();
    SpecDiff {
        spec: spec.to_owned(),
        old: old.map(|j| j.outcome),
        new: new.map(|j| j.outcome),
        old_gate: old.map(|j| j.gate),
        new_gate: new.map(|j| j.gate),
        tests,
    }
}

/// Returns the severity of a verdict; 0 if there is none.
fn rank(verdict: Option<Verdict>) -> u8 {
    match verdict {
        Some(Verdict::Fail) => 3,
        Some(Verdict::Error) => 2,
        Some(Verdict::Warn) => 1,
        _ => 0,
    }
}

fn text(diff: &Diff) -> String {
    let mut out = String::new();
    for differ in &diff.differ {
        let _ = writeln!(
            out,
            "the {} differs: {} -> {}",
            differ.what,
            escape_unprintable(&differ.old),
            escape_unprintable(&differ.new)
        );
    }
    for spec in &diff.specs {
        let word = |outcome: Option<Conformance>| outcome.map_or("not judged", Conformance::as_str);
        let _ = writeln!(out, "{}: {} -> {}", escape_unprintable(&spec.spec), word(spec.old), word(spec.new));
        if spec.tests.is_empty() {
            out.push_str("  no verdict changed\n");
        }
        let width = spec.tests.iter().map(|c| c.test.chars().count()).max().unwrap_or(0);
        for change in &spec.tests {
            let word = |verdict: Option<Verdict>| verdict.map_or("absent", Verdict::as_str);
            let mark = if change.worse { "worse " } else { "      " };
            let name = escape_unprintable(&change.test);
            let _ = writeln!(out, "  {mark}{name:width$}  {} -> {}", word(change.old), word(change.new));
        }
    }
    out
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
mod tests {
    use super::*;
    use crate::base::vocabulary::Verdict::{Fail, Pass, Skip, Warn};
    use crate::verdicts::judged_run::Conformance::{Conformant, NotConformant};
    use crate::verdicts::samples::{judgement, run};

    #[test]
    fn changes_are_found_and_regressions_marked() {
        let old = [("poll::a@x", Pass), ("poll::b@x", Fail), ("poll::c@x", Pass), ("poll::e@x", Skip)];
        let new = [("poll::a@x", Fail), ("poll::b@x", Pass), ("poll::c@x", Pass), ("poll::d@x", Warn)];
        let diff =
            compare(&run(vec![judgement("s", NotConformant, &old)]), &run(vec![judgement("s", NotConformant, &new)]));
        let seen: Vec<(&str, bool)> = diff.specs[0].tests.iter().map(|c| (c.test.as_str(), c.worse)).collect();
        assert_eq!(seen, [("poll::a@x", true), ("poll::b@x", false), ("poll::d@x", true), ("poll::e@x", false)]);
        assert!(diff.differ.is_empty());
    }

    #[test]
    fn other_targets_and_specs_are_reported() {
        let mut old = run(vec![judgement("gone", Conformant, &[])]);
        let mut new = run(vec![judgement("new", Conformant, &[])]);
        old.target.base = "https://a.example".into();
        new.target.base = "https://b.example\u{1b}[2J".into();
        let text = text(&compare(&old, &new));
        assert!(text.contains("the target differs"), "{text}");
        assert!(text.contains("gone: conformant -> not judged") && text.contains("new: not judged -> conformant"));
        assert!(!text.contains('\u{1b}'), "texts of a server cannot control the terminal");
    }
}
