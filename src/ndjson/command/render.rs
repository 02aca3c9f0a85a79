//! Renders the report of `plimsoll ndjson` as text.

use std::collections::BTreeMap;
use std::fmt::Write;

use crate::base::unprintable::escape_unprintable;
use crate::fhir::profile::profiles::describe_undecided;
use crate::ndjson::command::report::{FileReport, NdjsonFinding, NdjsonReport};
use crate::recording::facts::ProfileFacts;

impl NdjsonReport {
    /// Renders the report as text: a line per finding (`FILE:LINE:COLUMN: RULE: ...`), a line per file, and a summary
    /// if there are several files.
    pub fn text(&self) -> String {
        let mut out = String::new();
        for file in &self.files {
            file_lines(&mut out, file);
        }
        let wrong = self.files.iter().filter(|file| file.is_wrong()).count();
        if self.files.len() > 1 {
            let clean = self.files.len() - wrong;
            let _ = writeln!(out, "{} files: {clean} clean, {wrong} with findings", self.files.len());
        }
        if let Some(profiles) = &self.profiles {
            profile_lines(&mut out, self, profiles);
        }
        if !self.not_checked.is_empty() {
            let of = |kind: &str| {
                let open = self.not_checked.iter().filter(|open| open.kind == kind && open.profile.is_empty());
                let mut names: Vec<&str> = open.filter_map(|open| open.what.rsplit('/').next()).collect();
                names.dedup();
                names.join(", ")
            };
            let (codes, keys) = (of("binding"), of("invariant"));
            let profiles = if self.profiles.is_some() { "" } else { "profiles, " };
            let _ = writeln!(
                out,
                "not checked: {profiles}bindings that are not required, the codes of {codes}; the invariants {keys}"
            );
        }
        out
    }
}

/// Writes the profiles that resources were checked against, and their requirements that are not checked.
fn profile_lines(out: &mut String, report: &NdjsonReport, profiles: &ProfileFacts) {
    let packages = profiles.packages.join(", ");
    if profiles.held.is_empty() {
        let _ = writeln!(out, "no resource claims a profile of {packages}. Give --profile to assign one to a type");
    }
    for tally in &profiles.held {
        let name = tally.profile.rsplit('/').next().unwrap_or_default();
        let plural = if tally.resources == 1 { "" } else { "s" };
        let _ = write!(out, "{name} {}: {} resource{plural}, ", tally.version, tally.resources);
        let _ = match tally.invalid {
            0 => write!(out, "all conform"),
            some => write!(out, "{some} not conforming"),
        };
        if tally.supports > 0 {
            let seen = tally.supports - tally.never.len() as u64;
            let _ = write!(out, "; must-support elements: {seen} of {} seen", tally.supports);
        }
        if !tally.never.is_empty() {
            let _ = write!(out, ", never seen: {}", tally.never.join(", "));
        }
        out.push('\n');
    }
    if profiles.unknown > 0 {
        let _ = writeln!(
            out,
            "not checked: {} claim{} of profiles or versions that are not in {packages}",
            profiles.unknown,
            if profiles.unknown == 1 { "" } else { "s" }
        );
    }
    if profiles.unread > 0 {
        let _ = writeln!(out, "not checked: the profiles of {} resources that are nested too deeply", profiles.unread);
    }
    let mut open: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for row in report.not_checked.iter().filter(|row| !row.profile.is_empty()) {
        let what = describe_undecided(row.kind, &row.what, &row.of);
        let rows = open.entry(&row.profile).or_default();
        if !rows.contains(&what) {
            rows.push(what);
        }
    }
    for (profile, rows) in open {
        let _ = writeln!(out, "not checked of {profile}: {}", rows.join("; "));
    }
}

fn file_lines(out: &mut String, file: &FileReport) {
    let path = escape_unprintable(&file.path);
    for finding in &file.findings {
        out.push_str(&describe(&path, finding));
        out.push('\n');
    }
    if let Some(broken) = &file.broken {
        let _ = writeln!(out, "{path}: {}", escape_unprintable(broken));
    }
    let types: Vec<String> = file.types.iter().map(|(name, count)| format!("{count} {name}")).collect();
    let types = if types.is_empty() { "no resources".to_owned() } else { types.join(", ") };
    let state = if file.is_wrong() { "not clean" } else { "clean" };
    let plural = if file.lines == 1 { "" } else { "s" };
    let _ = writeln!(out, "{path}: {state}, {} line{plural}, {} bytes, {types}", file.lines, file.bytes);
}

/// Describes one finding: its position, what was expected and found, how often, and a link to the definition.
pub(crate) fn describe(path: &str, finding: &NdjsonFinding) -> String {
    let within = if finding.path.is_empty() { String::new() } else { format!(" at {}", finding.path) };
    let mut out = format!(
        "{path}:{}:{}: {}{within}: expected {}, found {}",
        finding.line, finding.column, finding.rule, finding.expected, finding.actual
    );
    if finding.count > 1 {
        let _ = write!(out, "; {} times", finding.count);
        let lines: Vec<String> = finding.also.iter().map(u64::to_string).collect();
        if !lines.is_empty() {
            let more = if (lines.len() as u64) < finding.count - 1 { ", ..." } else { "" };
            let _ = write!(out, ", next on lines {}{more}", lines.join(", "));
        }
    }
    if !finding.link.is_empty() {
        let _ = write!(out, "; see {}", finding.link);
    }
    out
}
