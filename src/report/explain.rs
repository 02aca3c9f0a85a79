//! A page on a requirement or a test, as in a good manual: what `plimsoll explain` shows, as data. [`crate::report::explain_text::text`]
//! prints it.

use serde::Serialize;

use crate::base::vocabulary::{Area, Level, Verdict};
use crate::fhir::au_directory::measure;
use crate::plan::build::requirements_in;
use crate::suite::catalog::{Catalog, Test};
use crate::suite::expect::Expect;
use crate::suite::model::{NamedOutcome, Requirement, Spec};
use crate::suite::{describe, describe_flow, suggestion};

/// A fault of the reference server, and the tests that must notice it: `area::id`, or `area::id@flow`.
#[derive(Clone, Debug)]
pub struct Proof {
    /// The fault's id.
    pub fault: String,
    /// The tests.
    pub tests: Vec<String>,
}

/// One page.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ExplainPage {
    /// On a requirement.
    Requirement(RequirementPage),
    /// On a test.
    Test(TestPage),
}

/// A requirement, where it is written, and the tests that decide it.
#[derive(Clone, Debug, Serialize)]
pub struct RequirementPage {
    /// Its id.
    pub id: String,
    /// Its area.
    pub area: Area,
    /// What it demands.
    pub says: String,
    /// The specs that have it.
    pub places: Vec<SpecPlace>,
    /// What others call it.
    pub see: Vec<String>,
    /// The requirements whose tests it adopts.
    pub same_as: Vec<String>,
    /// Why its text errs.
    pub defect: Option<String>,
    /// Why no test verifies it.
    pub untested: Option<String>,
    /// The tests.
    pub tests: Vec<TestRules>,
    /// The faults that its tests notice.
    pub faults: Vec<String>,
    /// `file:line`.
    pub source: String,
}

/// A requirement's standing in a spec.
#[derive(Clone, Debug, Serialize)]
pub struct SpecPlace {
    /// The spec.
    pub spec: String,
    /// Its name, date and owner.
    pub title: String,
    /// The level there.
    pub level: Level,
    /// Where it is written.
    pub link: String,
}

/// A test, and the requirements that it decides.
#[derive(Clone, Debug, Serialize)]
pub struct TestPage {
    /// How it is judged.
    pub test: TestRules,
    /// What it decides.
    pub requirements: Vec<Decides>,
    /// The flows: name and description.
    pub flows: Vec<(String, String)>,
    /// The faults that it notices.
    pub faults: Vec<String>,
}

/// A requirement that a test decides.
#[derive(Clone, Debug, Serialize)]
pub struct Decides {
    /// Its id.
    pub id: String,
    /// What it demands.
    pub says: String,
    /// The specs that have it.
    pub places: Vec<SpecPlace>,
}

/// An answer that a test allows.
#[derive(Clone, Debug, Serialize)]
pub struct AllowedAnswer {
    /// Its name, if there are several.
    pub outcome: Option<String>,
    /// What must hold.
    pub expects: Vec<String>,
}

/// How a test judges, in words.
#[derive(Clone, Debug, Serialize)]
pub struct TestRules {
    /// `area::id`.
    pub name: String,
    /// What is so when it passes.
    pub title: String,
    /// The flows it is run on.
    pub flows: Vec<String>,
    /// Specs that use other flows in place of these, with those flows.
    pub stand_ins: Vec<(String, Vec<String>)>,
    /// The exchanges it looks at.
    pub looks_at: Vec<String>,
    /// How many of them count, if not all.
    pub hold: Option<String>,
    /// The conditions under which it applies.
    pub when: Vec<String>,
    /// The answers that it allows.
    pub allows: Vec<AllowedAnswer>,
    /// The rules that its lines are held to, each with its name, where it is more than one thing that is expected.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub rules: Vec<(String, String)>,
    /// The flows it compares with.
    pub compare_with: Vec<String>,
    /// What follows where this does not hold: `fail under hl7-3.0.0`.
    pub otherwise: String,
    /// Why it matters.
    pub why: String,
    /// `file:line`.
    pub source: String,
}

/// The pages on `id`: a requirement's id, ours or a public one that others use, or a test's name with or without spec, area and flow. A test's bare id may be
/// that of several tests; each has its page.
///
/// # Errors
/// Nothing has that name: a lower-case fragment that names what is near.
pub fn pages(catalog: &Catalog, id: &str, proofs: &[Proof]) -> Result<Vec<ExplainPage>, String> {
    if let Some(requirement) = catalog.requirement(id) {
        return Ok(vec![ExplainPage::Requirement(requirement_page(catalog, requirement, proofs))]);
    }
    let called_so = catalog.requirements.values().filter(|requirement| requirement.see.iter().any(|name| name == id));
    let called_so: Vec<ExplainPage> =
        called_so.map(|requirement| ExplainPage::Requirement(requirement_page(catalog, requirement, proofs))).collect();
    if !called_so.is_empty() {
        return Ok(called_so);
    }
    let (name, flow) = match id.split_once('@') {
        Some((name, flow)) => (name, Some(flow)),
        None => (id, None),
    };
    let name = match name.split_once("::") {
        Some((spec, rest)) if catalog.spec(spec).is_some() => rest,
        _ => name,
    };
    let named: Vec<&Test> = catalog.tests.iter().filter(|test| test.name() == name || test.id == name).collect();
    if named.is_empty() {
        return Err(unknown(catalog, id, name));
    }
    let on_flow = |test: &&&Test| {
        let elsewhere = stand_ins(catalog, test).into_iter().flat_map(|(_, flows)| flows);
        flow.is_none_or(|flow| test.flows.iter().cloned().chain(elsewhere).any(|known| known == flow))
    };
    let found: Vec<&Test> = named.iter().filter(on_flow).copied().collect();
    if found.is_empty() {
        let flows: Vec<String> = named.iter().flat_map(|test| test.flows.clone()).collect();
        let flow = flow.unwrap_or_default();
        return Err(format!("{name} is not run on flow {flow:?}, but on {}", describe::and(&flows)));
    }
    Ok(found.into_iter().map(|test| ExplainPage::Test(test_page(catalog, test, proofs))).collect())
}

fn unknown(catalog: &Catalog, id: &str, name: &str) -> String {
    let tests: Vec<String> = catalog.tests.iter().map(Test::name).collect();
    let ids = catalog.tests.iter().map(|test| test.id.as_str());
    let words = catalog.requirements.keys().map(String::as_str).chain(tests.iter().map(String::as_str)).chain(ids);
    let mut close = suggestion::ranked(name, words);
    close.dedup();
    close.truncate(6);
    let way_out = if close.is_empty() {
        "plimsoll list names the tests, plimsoll coverage the requirements".to_owned()
    } else {
        format!("near are {}", close.join(", "))
    };
    format!("no requirement or test is called {id:?}; {way_out}")
}

fn requirement_page(catalog: &Catalog, requirement: &Requirement, proofs: &[Proof]) -> RequirementPage {
    let tests: Vec<&Test> = catalog.tests_of(&requirement.id).collect();
    RequirementPage {
        id: requirement.id.clone(),
        area: requirement.area,
        says: requirement.says.clone(),
        places: places(catalog, requirement),
        see: requirement.see.clone(),
        same_as: requirement.same_as.clone(),
        defect: requirement.defect.clone(),
        untested: requirement.untested.clone(),
        faults: faults(&tests, proofs),
        tests: tests.into_iter().map(|test| judged(catalog, test)).collect(),
        source: format!("{}:{}", requirement.source.file, requirement.source.line),
    }
}

/// The specs that have a requirement, in their order.
fn places(catalog: &Catalog, requirement: &Requirement) -> Vec<SpecPlace> {
    let line = |(id, spec): (&String, &Spec)| {
        let place = requirement.places.get(id)?;
        let owner = spec.owner.as_ref().map(|owner| format!(", of {owner}")).unwrap_or_default();
        Some(SpecPlace {
            spec: id.clone(),
            title: format!("{}, {}{owner}", spec.title, spec.date),
            level: place.level,
            link: catalog.link(&requirement.id, id)?,
        })
    };
    catalog.specs.iter().filter_map(line).collect()
}

fn test_page(catalog: &Catalog, test: &Test, proofs: &[Proof]) -> TestPage {
    let requirements = test.verifies.iter().filter_map(|id| catalog.requirement(id)).map(|requirement| Decides {
        id: requirement.id.clone(),
        says: requirement.says.clone(),
        places: places(catalog, requirement),
    });
    let mut named = test.flows.clone();
    for flow in stand_ins(catalog, test).into_iter().flat_map(|(_, flows)| flows) {
        if !named.contains(&flow) {
            named.push(flow);
        }
    }
    let flows =
        named.iter().filter_map(|name| catalog.flow(name).map(|flow| (name.clone(), describe_flow::flow(flow))));
    TestPage {
        test: judged(catalog, test),
        requirements: requirements.collect(),
        flows: flows.collect(),
        faults: faults(&[test], proofs),
    }
}

fn judged(catalog: &Catalog, test: &Test) -> TestRules {
    let first = test.flows.first().and_then(|name| catalog.flow(name));
    let in_words = |expects: &[Expect]| expects.iter().map(describe::describe).collect::<Vec<_>>();
    let outcome =
        |of: &NamedOutcome| AllowedAnswer { outcome: Some(of.outcome.clone()), expects: in_words(&of.expect) };
    let mut allows: Vec<AllowedAnswer> = test.any_of.iter().map(outcome).collect();
    if allows.is_empty() {
        allows.push(AllowedAnswer { outcome: None, expects: in_words(&test.expect) });
    }
    TestRules {
        name: test.name(),
        title: test.title.clone(),
        flows: test.flows.clone(),
        stand_ins: stand_ins(catalog, test),
        looks_at: test.on.iter().map(|on| describe_flow::on(on, first)).collect(),
        hold: describe::hold(test.hold).map(str::to_owned),
        when: in_words(&test.when),
        allows,
        rules: rules(&test.expect),
        compare_with: test.compare_with.clone(),
        otherwise: otherwise(catalog, test),
        why: test.why.clone(),
        source: format!("{}:{}", test.source.file, test.source.line),
    }
}

/// The specs in which a test is judged on other flows than its own, and on which.
fn stand_ins(catalog: &Catalog, test: &Test) -> Vec<(String, Vec<String>)> {
    let other = |spec: &String| {
        requirements_in(catalog, test, spec)?;
        let flows = catalog.flows_of(test, spec);
        (flows != test.flows).then(|| (spec.clone(), flows))
    };
    catalog.specs.keys().filter_map(other).collect()
}

/// The rules behind expectations of a provider directory's lines.
fn rules(expects: &[Expect]) -> Vec<(String, String)> {
    let topics = expects.iter().filter_map(|expect| expect.directory);
    let rules = topics.flat_map(measure::rules_of);
    rules.map(|(name, says)| (name.to_owned(), says.to_owned())).collect()
}

/// The verdict of each spec on a target that breaks the test.
fn otherwise(catalog: &Catalog, test: &Test) -> String {
    let (mut fails, mut warns) = (Vec::new(), Vec::new());
    for spec in catalog.specs.keys() {
        match requirements_in(catalog, test, spec) {
            Some((level, _, defect)) if level.is_binding() && !defect => fails.push(spec.as_str()),
            Some(_) => warns.push(spec.as_str()),
            None => {}
        }
    }
    let in_words = |verdict: Verdict, specs: &[&str]| format!("{verdict} under {}", describe::and(specs));
    match (fails.as_slice(), warns.as_slice()) {
        (fails, []) => in_words(Verdict::Fail, fails),
        ([], warns) => in_words(Verdict::Warn, warns),
        (fails, warns) => format!("{}, {}", in_words(Verdict::Fail, fails), in_words(Verdict::Warn, warns)),
    }
}

/// The faults that at least one of `tests` must notice, each once.
fn faults(tests: &[&Test], proofs: &[Proof]) -> Vec<String> {
    let notices = |proof: &&Proof| {
        proof.tests.iter().any(|named| {
            let name = named.split_once('@').map_or(named.as_str(), |(name, _)| name);
            tests.iter().any(|test| test.name() == name)
        })
    };
    let mut faults: Vec<String> = proofs.iter().filter(notices).map(|proof| proof.fault.clone()).collect();
    faults.dedup();
    faults
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
mod tests {
    use super::*;
    use crate::report::explain_text::text;

    fn whole() -> Catalog {
        crate::suite::source::read_dir(std::path::Path::new("fixtures/suites/whole")).unwrap()
    }

    fn proofs() -> Vec<Proof> {
        let proof = |fault: &str, tests: &[&str]| Proof {
            fault: fault.to_owned(),
            tests: tests.iter().map(|test| (*test).to_owned()).collect(),
        };
        vec![
            proof("poll-200", &["poll::in-progress-202"]),
            proof("poll-204", &["poll::progress", "poll::in-progress-202@patient"]),
            proof("long-progress", &["poll::progress"]),
        ]
    }

    fn page(id: &str) -> String {
        text(&pages(&whole(), id, &proofs()).unwrap())
    }

    #[test]
    fn requirements() {
        for id in ["poll-202", "poll-odd", "poll-secret", "poll-alias-of-alias"] {
            insta::assert_snapshot!(format!("explain-{id}"), page(id));
        }
    }

    #[test]
    fn requirements_by_the_ids_that_others_use() {
        let (catalog, id) = (crate::suite::source::embedded().unwrap(), "hl7.fhir.uv.bulkdata_2.0.0@29");
        let pages = pages(&catalog, id, &proofs()).unwrap();
        assert!(!pages.is_empty());
        for page in pages {
            assert!(crate::report::explain_text::text(&[page]).contains(id));
        }
    }

    #[test]
    fn tests_by_every_form_of_their_name() {
        insta::assert_snapshot!("explain-test-same", page("kickoff::same"));
        insta::assert_snapshot!("explain-test-progress", page("poll::progress"));
        let one = page("poll::in-progress-202");
        insta::assert_snapshot!("explain-test-in-progress-202", one);
        for name in ["in-progress-202", "poll::in-progress-202@patient", "guide-1.0::poll::in-progress-202@system"] {
            assert_eq!(page(name), one, "{name}");
        }
    }

    #[test]
    fn as_data() {
        let pages = pages(&whole(), "poll-odd", &[]).unwrap();
        insta::assert_json_snapshot!("explain-json", pages);
    }

    #[test]
    fn unknown_names_are_met_with_near_ones() {
        let error = |id: &str| pages(&whole(), id, &[]).unwrap_err();
        let ids = ["poll-203", "poll::in-progres-202", "poll::progress@patient", "zebra"];
        insta::assert_snapshot!("explain-unknown", ids.map(error).join("\n"));
    }

    #[test]
    fn everything_that_ships_can_be_explained() {
        let catalog = crate::suite::source::embedded().unwrap();
        let names = catalog.tests.iter().map(Test::name).chain(catalog.requirements.keys().cloned());
        for name in names {
            let text = text(&pages(&catalog, &name, &[]).unwrap());
            let long = text.lines().find(|line| line.chars().count() > 110 && !line.contains("://"));
            assert_eq!(long, None, "{name}");
            assert!(text.ends_with('\n') && !text.contains("  \n"), "{name}");
        }
    }
}
