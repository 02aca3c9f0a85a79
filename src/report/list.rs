//! The output of `plimsoll list`: the tests of a plan, one per line.

use serde_json::{Value, json};

use crate::plan::model::Plan;
use crate::report::text::count;
use crate::report::wrap::widest;

/// Returns one line for each test, `LEVEL  NAME  TITLE`, and the number of tests; ends in a line feed.
pub fn text(plan: &Plan) -> String {
    let level = widest(plan.tests.iter().map(|test| test.level.as_str()));
    let name = widest(plan.tests.iter().map(|test| test.name.as_str()));
    let mut out = String::new();
    for test in &plan.tests {
        let note = if test.defect { "  (the spec text is wrong: only warns)" } else { "" };
        out += &format!("{:level$}  {:name$}  {}{note}\n", test.level, test.name, test.test.title);
    }
    if !plan.is_empty() {
        out.push('\n');
    }
    let flows = count(plan.flows.len() as u64, "flow");
    out + &format!("{} of {} on {flows}\n", count(plan.tests.len() as u64, "test"), plan.specs.join(" and "))
}

/// Returns a list of `{"spec", "name", "id", "title", "level", "requirements", "defect", "source"}`.
pub fn json(plan: &Plan) -> Value {
    let tests = plan.tests.iter().map(|test| {
        json!({
            "spec": test.spec,
            "name": test.name,
            "id": test.id,
            "title": test.test.title,
            "level": test.level,
            "requirements": test.requirements,
            "defect": test.defect,
            "source": test.test.source,
        })
    });
    Value::Array(tests.collect())
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
mod tests {
    use super::*;

    use crate::plan::build::{PlanRequest, build};

    fn plan(specs: &[&str], filter: &str) -> Plan {
        let catalog = crate::suite::source::read_dir(std::path::Path::new("fixtures/suites/whole")).unwrap();
        let specs = specs.iter().map(|spec| (*spec).to_owned()).collect();
        let request = PlanRequest { specs, informational_specs: Vec::new(), filters: vec![filter.to_owned()] };
        build(&catalog, &request, &|_| true).unwrap()
    }

    #[test]
    fn tests_in_columns() {
        insta::assert_snapshot!("list", text(&plan(&["guide-1.0"], "")));
        insta::assert_snapshot!("list-two-specs", text(&plan(&["guide-1.0", "guide-1.1"], "poll::")));
        assert_eq!(text(&plan(&["guide-1.0"], "no-such-test")), "0 tests of guide-1.0 on 0 flows\n");
    }

    #[test]
    fn tests_as_data() {
        insta::assert_json_snapshot!("list-json", json(&plan(&["guide-1.1"], "progress@")));
    }
}
