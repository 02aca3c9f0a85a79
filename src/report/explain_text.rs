//! The pages of [`crate::report::explain`] as text for a terminal.

use crate::report::explain::{ExplainPage, RequirementPage, SpecPlace, TestPage, TestRules};
use crate::report::wrap::{widest, wrap};
use crate::suite::describe;

/// The pages as text, each after an empty line; ends in a line feed.
pub fn text(pages: &[ExplainPage]) -> String {
    let one = |page: &ExplainPage| match page {
        ExplainPage::Requirement(page) => requirement_text(page),
        ExplainPage::Test(page) => test_text(page),
    };
    pages.iter().map(one).collect::<Vec<_>>().join("\n")
}

fn requirement_text(page: &RequirementPage) -> String {
    let mut out = format!("{}  (requirement, {})\n{}\n", page.id, page.area, wrap("  ", &page.says));
    out += "\nWhose duty, and where it is written\n";
    out += &places_text(&page.places, "  ");
    if !page.see.is_empty() {
        out += &format!("\nOthers call it\n{}\n", wrap("  ", &page.see.join(", ")));
    }
    if let Some(why) = &page.defect {
        out += &format!("\nThe text errs here, so breaking it warns at most\n{}\n", wrap("  ", why));
    }
    if let Some(why) = &page.untested {
        out += &format!("\nNo test verifies it\n{}\n", wrap("  ", why));
    }
    if !page.same_as.is_empty() {
        out += &format!("\nIt is decided by the tests of\n{}\n", wrap("  ", &describe::and(&page.same_as)));
    }
    for (index, test) in page.tests.iter().enumerate() {
        out += if index == 0 { "\nHow it is judged\n" } else { "\n" };
        out += &format!("  {} on {}\n", test.name, describe::and(&test.flows));
        for (spec, flows) in &test.stand_ins {
            out += &format!("{}\n", wrap("    ", &format!("under {spec} on {}", describe::and(flows))));
        }
        out += &format!("{}\n", wrap("    ", &test.title));
        out += &judged_text(test, "    ");
        out += &format!("{}\n", wrap("    because      ", &test.why));
    }
    out += &faults_text(&page.faults);
    out + &format!("\nWritten in {}\n", page.source)
}

fn test_text(page: &TestPage) -> String {
    let test = &page.test;
    let mut out = format!("{}  (test)\n{}\n", test.name, wrap("  ", &test.title));
    out += &format!("\nWhy it matters\n{}\n", wrap("  ", &test.why));
    out += "\nWhat it decides\n";
    for requirement in &page.requirements {
        out += &format!("{}\n", wrap(&format!("  {}  ", requirement.id), &requirement.says));
        out += &places_text(&requirement.places, "    ");
    }
    out += "\nOn which flows\n";
    let width = widest(page.flows.iter().map(|(name, _)| name.as_str()));
    for (name, words) in &page.flows {
        out += &format!("{}\n", wrap(&format!("  {name:width$}  "), words));
    }
    out += "\nHow it is judged\n";
    out += &judged_text(test, "  ");
    out += &faults_text(&page.faults);
    out + &format!("\nWritten in {}\n", test.source)
}

fn places_text(places: &[SpecPlace], indent: &str) -> String {
    let spec = widest(places.iter().map(|place| place.spec.as_str()));
    let level = widest(places.iter().map(|place| place.level.as_str()));
    let mut out = String::new();
    for place in places {
        let head = format!("{indent}{:spec$}  {:level$}  ", place.spec, place.level);
        let rest = " ".repeat(head.chars().count());
        // A link stays whole and on a line of its own, to be clicked.
        out += &format!("{}\n{rest}{}\n", wrap(&head, &place.title), place.link);
    }
    out
}

fn judged_text(test: &TestRules, indent: &str) -> String {
    let mut out = String::new();
    let mut line = |name: &str, text: &str| {
        out += &wrap(&format!("{indent}{name:11}  "), text);
        out.push('\n');
    };
    line("looks at", &describe::and(&test.looks_at));
    if let Some(hold) = &test.hold {
        line("", hold);
    }
    if !test.when.is_empty() {
        line("only where", &describe::and(&test.when));
    }
    if !test.compare_with.is_empty() {
        line("beside flow", &describe::or(&test.compare_with));
    }
    for (index, allowed) in test.allows.iter().enumerate() {
        let words = describe::and(&allowed.expects);
        let words = allowed.outcome.as_ref().map_or_else(|| words.clone(), |name| format!("{name}: {words}"));
        line(if index == 0 { "expects" } else { "or" }, &words);
    }
    line("otherwise", &test.otherwise);
    if test.rules.len() > 1 {
        line("rules", "");
        let width = widest(test.rules.iter().map(|(name, _)| name.as_str()));
        for (name, says) in &test.rules {
            out += &wrap(&format!("{indent}  {name:width$}  "), says);
            out.push('\n');
        }
    }
    out
}

fn faults_text(faults: &[String]) -> String {
    if faults.is_empty() {
        return String::new();
    }
    format!("\nFaults of the reference server that prove it\n{}\n", wrap("  ", &faults.join(", ")))
}
