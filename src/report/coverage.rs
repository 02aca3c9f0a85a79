//! What is judged, and what is not and why: the requirements of a spec with the tests that decide them.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use crate::base::vocabulary::{Area, Level};
use crate::report::escape::markdown as markdown_cell;
use crate::report::text::count;
use crate::report::wrap::{widest, wrap};
use crate::suite::catalog::Catalog;
use crate::suite::model::Requirement;

/// A requirement of a spec, and what decides it.
struct CoverageRow<'a> {
    requirement: &'a Requirement,
    level: Level,
    /// `area::id@flow`.
    tests: Vec<String>,
    /// Why there are none.
    untested: Option<String>,
}

/// The requirements of `spec`, in the order of the files.
fn rows<'a>(catalog: &'a Catalog, spec: &str) -> Vec<CoverageRow<'a>> {
    let row = |requirement: &'a Requirement| {
        let place = requirement.places.get(spec)?;
        let tests = catalog.tests_of(&requirement.id).filter(|_| place.untested.is_none());
        let tests = tests.flat_map(|test| {
            let flows = catalog.flows_of(test, spec).into_iter();
            flows.map(|flow| format!("{}@{flow}", test.name()))
        });
        let untested = catalog.untested_in(requirement, spec);
        Some(CoverageRow { requirement, level: place.level, tests: tests.collect(), untested })
    };
    catalog.requirements.values().filter_map(row).collect()
}

/// `{"hl7-3.0.0": [{"id", "level", "says", "at", "see": [], "tests": [], "untested": null}]}`, for each of `specs`; tests
/// as `area::id@flow`, `see` as the ids that others have for it. Under `totals` the numbers by spec and level.
pub fn json(catalog: &Catalog, specs: &[String]) -> Value {
    let (mut out, mut totals) = (Map::new(), Map::new());
    for spec in specs {
        let rows = rows(catalog, spec);
        let counts = counts(&rows).into_iter().map(|(name, tally)| {
            let RequirementCount { all, untested, tests } = tally;
            (
                name.to_owned(),
                json!({"requirements": all, "verified": all - untested, "untested": untested, "tests": tests}),
            )
        });
        totals.insert(spec.clone(), Value::Object(counts.collect()));
        let rows = rows.into_iter().map(|row| {
            let CoverageRow { requirement, level, tests, untested } = row;
            json!({
                "id": requirement.id, "level": level, "says": requirement.says, "at": catalog.link(&requirement.id, spec),
                "see": requirement.see, "tests": tests, "untested": untested,
            })
        });
        out.insert(spec.clone(), Value::Array(rows.collect()));
    }
    out.insert("totals".to_owned(), Value::Object(totals));
    Value::Object(out)
}

/// The same for people: each requirement with its tests, or why it has none, area by area, and totals by level. Ends in
/// a line feed.
pub fn text(catalog: &Catalog, specs: &[String]) -> String {
    let parts: Vec<String> = specs.iter().map(|spec| one(catalog, spec)).collect();
    parts.join("\n")
}

fn one(catalog: &Catalog, spec: &str) -> String {
    let rows = rows(catalog, spec);
    let title = catalog.spec(spec).map(|known| format!(", {}", known.title)).unwrap_or_default();
    let mut out = format!("{spec}{title}\n");
    let level = widest(rows.iter().map(|row| row.level.as_str()));
    let id = widest(rows.iter().map(|row| row.requirement.id.as_str()));
    for area in Area::ALL {
        let mut rows = rows.iter().filter(|row| row.requirement.area == *area).peekable();
        if rows.peek().is_some() {
            out += &format!("\n{area}\n");
        }
        for row in rows {
            let head = format!("  {:level$}  {:id$}  ", row.level, row.requirement.id);
            out += &wrap(&head, &decided(catalog, spec, row));
            out.push('\n');
        }
    }
    out.push('\n');
    out + &totals(&rows)
}

/// The tests of a requirement, with their flows together.
fn decided(catalog: &Catalog, spec: &str, row: &CoverageRow<'_>) -> String {
    if let Some(why) = &row.untested {
        return format!("untested: {why}");
    }
    let tests = catalog.tests_of(&row.requirement.id).filter_map(|test| {
        let flows = catalog.flows_of(test, spec);
        (!flows.is_empty()).then(|| format!("{} @{}", test.name(), flows.join(" @")))
    });
    let tests: Vec<String> = tests.collect();
    let defect = row.requirement.defect.as_ref().map(|why| format!(" (the text errs: {why})"));
    tests.join(", ") + &defect.unwrap_or_default()
}

/// Numbers of one level, or of all.
struct RequirementCount {
    /// The requirements.
    all: usize,
    /// Those without a test.
    untested: usize,
    /// The tests, each once.
    tests: usize,
}

/// The numbers by level, and those of all levels as `together`.
fn counts(rows: &[CoverageRow<'_>]) -> Vec<(&'static str, RequirementCount)> {
    let tally = |level: Option<Level>| {
        let rows: Vec<&CoverageRow<'_>> =
            rows.iter().filter(|row| level.is_none_or(|level| row.level == level)).collect();
        let tests: BTreeSet<&String> = rows.iter().flat_map(|row| &row.tests).collect();
        let untested = rows.iter().filter(|row| row.untested.is_some()).count();
        RequirementCount { all: rows.len(), untested, tests: tests.len() }
    };
    let levels =
        Level::ALL.iter().map(|level| (level.as_str(), tally(Some(*level)))).filter(|(_, tally)| tally.all > 0);
    levels.chain([("together", tally(None))]).collect()
}

fn totals(rows: &[CoverageRow<'_>]) -> String {
    let counts = counts(rows);
    let width = widest(counts.iter().map(|(name, _)| *name));
    let line = |(name, tally): &(&str, RequirementCount)| {
        let RequirementCount { all, untested, tests } = tally;
        let verified = all - untested;
        let tests = count(*tests as u64, "test");
        format!("{name:width$}  {verified:>3} of {all:>3} verified, {untested:>3} untested, by {tests}\n")
    };
    counts.iter().map(line).collect()
}

/// The same as a page in Markdown: the totals of all `specs`, then every requirement with its level in each of them, the
/// ids that others have for it, and its tests, or why there are none. Ends in a line feed.
pub fn markdown(catalog: &Catalog, specs: &[String]) -> String {
    let all: Vec<(&String, Vec<CoverageRow<'_>>)> = specs.iter().map(|spec| (spec, rows(catalog, spec))).collect();
    let mut out = String::from(
        "# Coverage\n\nEvery duty of a server that Plimsoll knows, and what decides it. Made by `plimsoll coverage --format markdown`.\n",
    );
    out += "\n| spec | level | duties | with tests | without | tests |\n|---|---|---:|---:|---:|---:|\n";
    for (spec, rows) in &all {
        for (name, RequirementCount { all, untested, tests }) in counts(rows) {
            out += &format!("| {spec} | {name} | {all} | {} | {untested} | {tests} |\n", all - untested);
        }
    }
    for area in Area::ALL {
        let known = catalog.requirements.values().filter(|requirement| requirement.area == *area);
        let mut lines = known.filter_map(|requirement| page_line(catalog, &all, requirement)).peekable();
        if lines.peek().is_some() {
            out += &format!("\n## {area}\n\n| requirement | level | decided by |\n|---|---|---|\n");
        }
        out.extend(lines);
    }
    out
}

/// One requirement's line; none if no spec of the page has it.
fn page_line(catalog: &Catalog, all: &[(&String, Vec<CoverageRow<'_>>)], requirement: &Requirement) -> Option<String> {
    let own: Vec<(&String, &CoverageRow<'_>)> = all
        .iter()
        .filter_map(|(spec, rows)| Some((*spec, rows.iter().find(|row| row.requirement.id == requirement.id)?)))
        .collect();
    // Specs with the same text share one entry.
    let together = |say: &dyn Fn(&str, &CoverageRow<'_>) -> String| -> String {
        let mut texts: Vec<(String, Vec<&str>)> = Vec::new();
        for (spec, row) in &own {
            let text = say(spec, row);
            match texts.iter_mut().find(|(known, _)| *known == text) {
                Some((_, specs)) => specs.push(spec),
                None => texts.push((text, vec![spec])),
            }
        }
        match texts.as_slice() {
            [(text, _)] => text.clone(),
            many => many
                .iter()
                .map(|(text, specs)| format!("{}: {text}", specs.join(", ")))
                .collect::<Vec<_>>()
                .join("<br>"),
        }
    };
    let linked = |(spec, row): &(&String, &CoverageRow<'_>)| match catalog.link(&requirement.id, spec) {
        Some(link) => format!("[{spec} {}]({link})", row.level),
        None => format!("{spec} {}", row.level),
    };
    let levels = own.iter().map(linked).collect::<Vec<_>>().join("<br>");
    let decided = together(&|spec, row| markdown_cell(&decided(catalog, spec, row)));
    let see = match requirement.see.as_slice() {
        [] => String::new(),
        see => format!("<br>see {}", markdown_cell(&see.join(", "))),
    };
    let says = markdown_cell(&requirement.says);
    (!own.is_empty()).then(|| format!("| `{}`<br>{says}{see} | {levels} | {decided} |\n", requirement.id))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
mod tests {
    use super::*;

    fn whole() -> Catalog {
        crate::suite::source::read_dir(std::path::Path::new("fixtures/suites/whole")).unwrap()
    }

    #[test]
    fn requirements_in_columns() {
        let specs = ["guide-1.0".to_owned(), "guide-1.2".to_owned()];
        insta::assert_snapshot!("coverage", text(&whole(), &specs));
    }

    #[test]
    fn requirements_as_data() {
        insta::assert_json_snapshot!("coverage-json", json(&whole(), &["guide-1.0".to_owned()]));
    }

    #[test]
    fn every_requirement_that_ships_has_a_test_or_a_reason() {
        let catalog = crate::suite::source::embedded().unwrap();
        let specs: Vec<String> = catalog.specs.keys().cloned().collect();
        let data = json(&catalog, &specs);
        for (spec, rows) in data.as_object().unwrap().iter().filter(|(key, _)| *key != "totals") {
            for row in rows.as_array().unwrap() {
                let tests = row["tests"].as_array().unwrap().len();
                assert_eq!(tests == 0, row["untested"].is_string(), "{spec} {}", row["id"]);
            }
        }
    }
}
