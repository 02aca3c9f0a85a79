//! `checklist.md`: a table for a connectathon. One line for each flow and area: passed (P), failed (F), not applicable
//! or not tested (NA), or blank if undetermined, with the reason.

use std::fmt::Write;

use crate::base::vocabulary::{Area, Verdict};
use crate::recording::settings::Authorization;
use crate::report::escape::markdown;
use crate::report::{cause, text, verdict};
use crate::verdicts::judged_run::{Judgement, Run, TestResult};

/// Returns the checklist.
pub fn render(run: &Run) -> String {
    let mut out = String::from("# Bulk data export checklist\n\n");
    let facts = [
        ("Server", run.target.base.as_str()),
        ("Software", run.target.software.as_str()),
        ("FHIR version", run.target.fhir.as_str()),
        ("Run", run.started.as_str()),
        ("Plimsoll", run.plimsoll.version.as_str()),
    ];
    for (name, value) in facts.iter().filter(|(_, v)| !v.is_empty()) {
        let _ = writeln!(out, "- {name}: {}", markdown(&text::cut(value, 300)));
    }
    if let Some(scope) = verdict::scope(run) {
        let _ = writeln!(out, "- Scope: {}", markdown(&scope));
    }
    if let Some(early) = &run.early {
        let _ = writeln!(out, "- The run ended early: {}", markdown(&text::cut(early, 300)));
    }
    out.push_str("\nP: passed. F: failed. NA: not applicable or not tested. Blank: undetermined.\n");
    for judgement in &run.judgements {
        spec(&mut out, run, judgement);
    }
    out
}

fn spec(out: &mut String, run: &Run, judgement: &Judgement) {
    let _ = writeln!(out, "\n## {}\n", markdown(&judgement.spec));
    let _ = writeln!(out, "{}\n", markdown(&verdict::sentence(run, judgement)));
    out.push_str("| Step | Flow | P/F/NA | Note |\n| --- | --- | --- | --- |\n");
    let mut flows: Vec<&str> = Vec::new();
    for test in &judgement.tests {
        if !flows.contains(&test.flow.as_str()) {
            flows.push(&test.flow);
        }
    }
    for flow in flows {
        for area in Area::ALL {
            let tests: Vec<&TestResult> =
                judgement.tests.iter().filter(|t| t.flow == flow && t.area == *area).collect();
            if tests.is_empty() {
                continue;
            }
            let (mark, note) = mark(run, *area, &tests);
            let note = markdown(&text::cut(&note, 400));
            let _ = writeln!(out, "| {area} | {} | {mark} | {note} |", markdown(flow));
        }
    }
}

fn mark(run: &Run, area: Area, tests: &[&TestResult]) -> (&'static str, String) {
    let of = |v: Verdict| tests.iter().filter(|t| t.verdict == v).copied().collect::<Vec<_>>();
    let titles = |all: &[&TestResult]| {
        let names: Vec<&str> = all.iter().take(3).map(|t| t.title.as_str()).collect();
        let more = if all.len() > 3 { format!("; and {} more", all.len() - 3) } else { String::new() };
        format!("{}{more}", names.join("; "))
    };
    let reason = |all: &[&TestResult]| match all.first().map(|t| cause::origin(run, t)) {
        Some((reason, Some(id))) => format!("{reason} (exchange {id})"),
        Some((reason, None)) => reason,
        None => String::new(),
    };
    let (fail, error, pass, warn) = (of(Verdict::Fail), of(Verdict::Error), of(Verdict::Pass), of(Verdict::Warn));
    if !fail.is_empty() {
        let known = fail.iter().filter(|t| t.known.is_some()).count();
        let known = if known > 0 { format!(" ({known} known)") } else { String::new() };
        return ("F", format!("{}{known}: {}", text::count(fail.len() as u64, "failure"), titles(&fail)));
    }
    if !error.is_empty() {
        return ("", format!("undetermined: {}", reason(&error)));
    }
    let open = run.start.settings.authorization == Authorization::None;
    if area == Area::Auth && open && !(warn.is_empty() && pass.is_empty()) {
        let shown: Vec<&TestResult> = warn.iter().chain(&pass).copied().collect();
        return (
            "NA",
            format!("the run sent no credentials, so access control was not tested; tested: {}", titles(&shown)),
        );
    }
    if !warn.is_empty() {
        return ("P", format!("{}: {}", text::count(warn.len() as u64, "warning"), titles(&warn)));
    }
    if !pass.is_empty() {
        return ("P", String::new());
    }
    let skip = of(Verdict::Skip);
    if skip.is_empty() {
        ("NA", reason(&of(Verdict::NotApplicable)))
    } else {
        ("NA", format!("not tested: {}", reason(&skip)))
    }
}
