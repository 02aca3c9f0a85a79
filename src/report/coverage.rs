//! What is judged, and what is not and why: the requirements of a spec with the tests that decide them.

use serde_json::{Map, Value, json};

use super::text::count;
use super::wrap::{widest, wrap};
use crate::suite::model::{Catalog, Requirement};
use crate::words::{Area, Level};

/// A requirement of a spec, and what decides it.
struct Row<'a> {
    requirement: &'a Requirement,
    level: Level,
    /// `area::id@flow`.
    tests: Vec<String>,
    /// Why there are none.
    untested: Option<String>,
}

/// The requirements of `spec`, in the order of the files.
fn rows<'a>(catalog: &'a Catalog, spec: &str) -> Vec<Row<'a>> {
    let row = |requirement: &'a Requirement| {
        let place = requirement.places.get(spec)?;
        let tests = catalog.tests_of(&requirement.id).filter(|_| place.untested.is_none());
        let tests = tests.flat_map(|test| {
            let flows = catalog.flows_of(test, spec).into_iter();
            flows.map(|flow| format!("{}@{flow}", test.name()))
        });
        let untested = catalog.untested_in(requirement, spec);
        Some(Row { requirement, level: place.level, tests: tests.collect(), untested })
    };
    catalog.requirements.values().filter_map(row).collect()
}

/// `{"hl7-3.0.0": [{"id", "level", "tests": [], "untested": null}]}`, for each of `specs`; tests as `area::id@flow`.
pub fn json(catalog: &Catalog, specs: &[String]) -> Value {
    let mut out = Map::new();
    for spec in specs {
        let rows = rows(catalog, spec).into_iter().map(
            |row| json!({"id": row.requirement.id, "level": row.level, "tests": row.tests, "untested": row.untested}),
        );
        out.insert(spec.clone(), Value::Array(rows.collect()));
    }
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
fn decided(catalog: &Catalog, spec: &str, row: &Row<'_>) -> String {
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

fn totals(rows: &[Row<'_>]) -> String {
    let levels: Vec<Level> =
        Level::ALL.iter().copied().filter(|level| rows.iter().any(|row| row.level == *level)).collect();
    let width = widest(levels.iter().map(|level| level.as_str())).max("together".len());
    let line = |name: &str, rows: Vec<&Row<'_>>| {
        let untested = rows.iter().filter(|row| row.untested.is_some()).count();
        let tests: usize = rows.iter().map(|row| row.tests.len()).sum();
        format!(
            "{name:width$}  {:>3} of {:>3} verified, {untested:>3} untested, by {}\n",
            rows.len() - untested,
            rows.len(),
            count(tests as u64, "test")
        )
    };
    let mut out = String::new();
    for level in levels {
        out += &line(level.as_str(), rows.iter().filter(|row| row.level == level).collect());
    }
    // A test may verify several requirements, of one level each; the sum counts it for each.
    let distinct: std::collections::BTreeSet<&String> = rows.iter().flat_map(|row| &row.tests).collect();
    let untested = rows.iter().filter(|row| row.untested.is_some()).count();
    out + &format!(
        "{:width$}  {:>3} of {:>3} verified, {untested:>3} untested, by {}\n",
        "together",
        rows.len() - untested,
        rows.len(),
        count(distinct.len() as u64, "different test")
    )
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
mod tests {
    use super::*;

    fn whole() -> Catalog {
        crate::suite::read_dir(std::path::Path::new("fixtures/suites/whole")).unwrap()
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
        let catalog = crate::suite::embedded().unwrap();
        let specs: Vec<String> = catalog.specs.keys().cloned().collect();
        let data = json(&catalog, &specs);
        for (spec, rows) in data.as_object().unwrap() {
            for row in rows.as_array().unwrap() {
                let tests = row["tests"].as_array().unwrap().len();
                assert_eq!(tests == 0, row["untested"].is_string(), "{spec} {}", row["id"]);
            }
        }
    }
}
