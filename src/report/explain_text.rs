//! The pages of [`crate::report::explain`] as text for a terminal.

use crate::report::explain::{ExplainPage, RequirementPage, SpecPlace, TestPage, TestRules};
use crate::report::wrap::{widest, wrap};
use crate::suite::describe;

/// Returns the pages as text, with an empty line between them; ends in a line feed.
pub fn text(pages: &[ExplainPage]) -> String {
    let one = |page: &ExplainPage| match page {
        ExplainPage::Requirement(page) => requirement_text(page),
        ExplainPage::Test(page) => test_text(page),
    };
    pages.iter().map(one).collect::<Vec<_>>().join("\n")
}

fn requirement_text(page: &RequirementPage) -> String {
    let mut out = format!("{}  (requirement, {})\n{}\n", page.id, page.area, wrap("  ", &page.says));
    out += "\nLevel and source in each spec\n";
    out += &places_text(&page.places, "  ");
    if !page.see.is_empty() {
        out += &format!("\nOther ids\n{}\n", wrap("  ", &page.see.join(", ")));
    }
    if let Some(why) = &page.defect {
        out += &format!("\nThe spec text is wrong here, so a violation only warns\n{}\n", wrap("  ", why));
    }
    if let Some(why) = &page.untested {
        out += &format!("\nWhy no test verifies it\n{}\n", wrap("  ", why));
    }
    if !page.same_as.is_empty() {
        out += &format!("\nVerified by the tests of\n{}\n", wrap("  ", &describe::and(&page.same_as)));
    }
    for (index, test) in page.tests.iter().enumerate() {
        out += if index == 0 { "\nHow it is tested\n" } else { "\n" };
        out += &format!("  {} on {}\n", test.name, describe::and(&test.flows));
        for (spec, flows) in &test.stand_ins {
            out += &format!("{}\n", wrap("    ", &format!("under {spec} on {}", describe::and(flows))));
        }
        out += &format!("{}\n", wrap("    ", &test.title));
        out += &rules_text(test, "    ");
        out += &format!("{}\n", wrap("    why          ", &test.why));
    }
    out += &faults_text(&page.faults);
    out + &format!("\nDefined in {}\n", page.source)
}

fn test_text(page: &TestPage) -> String {
    let test = &page.test;
    let mut out = format!("{}  (test)\n{}\n", test.name, wrap("  ", &test.title));
    out += &format!("\nWhy it matters\n{}\n", wrap("  ", &test.why));
    out += "\nRequirements that it verifies\n";
    for requirement in &page.requirements {
        out += &format!("{}\n", wrap(&format!("  {}  ", requirement.id), &requirement.says));
        out += &places_text(&requirement.places, "    ");
    }
    out += "\nFlows\n";
    let width = widest(page.flows.iter().map(|(name, _)| name.as_str()));
    for (name, words) in &page.flows {
        out += &format!("{}\n", wrap(&format!("  {name:width$}  "), words));
    }
    out += "\nHow it is tested\n";
    out += &rules_text(test, "  ");
    out += &faults_text(&page.faults);
    out + &format!("\nDefined in {}\n", test.source)
}

fn places_text(places: &[SpecPlace], indent: &str) -> String {
    let spec = widest(places.iter().map(|place| place.spec.as_str()));
    let level = widest(places.iter().map(|place| place.level.as_str()));
    let mut out = String::new();
    for place in places {
        let head = format!("{indent}{:spec$}  {:level$}  ", place.spec, place.level);
        let rest = " ".repeat(head.chars().count());
        // A link is on its own line and is not wrapped, so that a terminal can open it.
        out += &format!("{}\n{rest}{}\n", wrap(&head, &place.title), place.link);
    }
    out
}

fn rules_text(test: &TestRules, indent: &str) -> String {
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
        line("only if", &describe::and(&test.when));
    }
    if !test.compare_with.is_empty() {
        line("compared to", &describe::or(&test.compare_with));
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
    format!("\nFaults of the reference server that must be noticed\n{}\n", wrap("  ", &faults.join(", ")))
}
