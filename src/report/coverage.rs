//! Coverage: the requirements of a spec with the tests that verify them, or the reason why none does.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use crate::base::vocabulary::{Area, Level};
use crate::report::escape::markdown as markdown_cell;
use crate::report::text::count;
use crate::report::wrap::{widest, wrap};
use crate::suite::catalog::Catalog;
use crate::suite::model::Requirement;

/// A requirement of a spec, and its tests.
struct CoverageRow<'a> {
    requirement: &'a Requirement,
    level: Level,
    /// `area::id@flow`.
    tests: Vec<String>,
    /// Why there are no tests.
    untested: Option<String>,
}

/// Returns the requirements of `spec`, in the order of the files.
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

/// Returns `{"hl7-3.0.0": [{"id", "level", "says", "at", "see": [], "tests": [], "untested": null}]}`, for each of
/// `specs`; tests as `area::id@flow`, `see` as ids of other sources. `totals` has the numbers by spec and level.
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

/// Returns the coverage as text: each requirement with its tests or the reason why it has none, by area, and totals by
/// level. Ends in a line feed.
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

/// Returns the tests of a requirement, each with all its flows.
fn decided(catalog: &Catalog, spec: &str, row: &CoverageRow<'_>) -> String {
    if let Some(why) = &row.untested {
        return format!("untested: {why}");
    }
    let tests = catalog.tests_of(&row.requirement.id).filter_map(|test| {
        let flows = catalog.flows_of(test, spec);
        (!flows.is_empty()).then(|| format!("{} @{}", test.name(), flows.join(" @")))
    });
    let tests: Vec<String> = tests.collect();
    let defect = row.requirement.defect.as_ref().map(|why| format!(" (the spec text is wrong: {why})"));
    tests.join(", ") + &defect.unwrap_or_default()
}

/// The counts of one level, or of all levels.
struct RequirementCount {
    /// The requirements of the requirement count.
    all: usize,
    /// Those without a test.
    untested: usize,
    /// The tests, each once.
    tests: usize,
}

/// Counts the requirements by level, and those of all levels as `together`.
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
        format!("{name:width$}  {verified:>3} of {all:>3} with tests, {untested:>3} without, {tests}\n")
    };
    counts.iter().map(line).collect()
}

/// Returns the page of one spec in Markdown: the totals by level, then every requirement with its level, its ids in
/// other sources, and its tests or the reason why it has none. Ends in a line feed.
pub fn markdown(catalog: &Catalog, spec: &str) -> String {
    let rows = rows(catalog, spec);
    let title = catalog.spec(spec).map_or(spec, |known| known.title.as_str());
    let mut out = format!(
        "# {spec}\n\nRequirements of {}, and the tests that decide them. Generated by `plimsoll coverage --spec {spec} --format \
         markdown`.\n\n{TOTALS_HEAD}",
        markdown_cell(title)
    );
    for (name, count) in counts(&rows) {
        out += &totals_row(name, &count);
    }
    for area in Area::ALL {
        let mut rows = rows.iter().filter(|row| row.requirement.area == *area).peekable();
        if rows.peek().is_some() {
            out += &format!("\n## {area}\n\n| requirement | level | decided by |\n|---|---|---|\n");
        }
        out.extend(rows.map(|row| page_row(catalog, spec, row)));
    }
    out
}

/// Returns the overview of all `specs` in Markdown, with a link to `SPEC.md` for each. Ends in a line feed.
pub fn markdown_overview(catalog: &Catalog, specs: &[String]) -> String {
    let mut out = format!(
        "# Coverage\n\nEvery requirement that Plimsoll knows is listed on the page of its specification, with the tests that decide \
         it or the reason why it has none. The pages are generated.\n\n| spec {TOTALS_HEAD}",
    )
    .replace("|---|---:|", "|---|---|---:|");
    for spec in specs {
        for (name, count) in counts(&rows(catalog, spec)) {
            out += &format!("| [{spec}]({spec}.md) {}", totals_row(name, &count));
        }
    }
    out
}

/// The head of a table of totals.
const TOTALS_HEAD: &str = "| level | requirements | with tests | without | tests |\n|---|---:|---:|---:|---:|\n";

fn totals_row(name: &str, count: &RequirementCount) -> String {
    let RequirementCount { all, untested, tests } = count;
    format!("| {name} | {all} | {} | {untested} | {tests} |\n", all - untested)
}

/// Returns the row of one requirement.
fn page_row(catalog: &Catalog, spec: &str, row: &CoverageRow<'_>) -> String {
    let CoverageRow { requirement, level, .. } = row;
    let level = match catalog.link(&requirement.id, spec) {
        Some(link) => format!("[{level}]({link})"),
        None => level.to_string(),
    };
    let see = match requirement.see.as_slice() {
        [] => String::new(),
        see => format!("<br>see {}", markdown_cell(&see.join(", "))),
    };
    let says = markdown_cell(&requirement.says);
    let decided = markdown_cell(&decided(catalog, spec, row));
    format!("| `{}`<br>{says}{see} | {level} | {decided} |\n", requirement.id)
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
    fn every_built_in_requirement_has_a_test_or_a_reason() {
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
