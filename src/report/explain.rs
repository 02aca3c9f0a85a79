//! The data of `plimsoll explain`: a page about a requirement or a test. [`crate::report::explain_text::text`] prints
//! it.

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
    /// The tests of the proof.
    pub tests: Vec<String>,
}

/// A page about a requirement or a test.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ExplainPage {
    /// About a requirement.
    Requirement(RequirementPage),
    /// About a test.
    Test(TestPage),
}

/// A requirement, its sources, and the tests that verify it.
#[derive(Clone, Debug, Serialize)]
pub struct RequirementPage {
    /// The id of the requirement page.
    pub id: String,
    /// The area of the requirement page.
    pub area: Area,
    /// The text of the requirement page.
    pub says: String,
    /// The specs that have it.
    pub places: Vec<SpecPlace>,
    /// Its ids in other sources.
    pub see: Vec<String>,
    /// The requirements from which it takes its tests.
    pub same_as: Vec<String>,
    /// Why the spec text is wrong.
    pub defect: Option<String>,
    /// Why no test verifies it.
    pub untested: Option<String>,
    /// The tests of the requirement page.
    pub tests: Vec<TestRules>,
    /// The faults that its tests must notice.
    pub faults: Vec<String>,
    /// `file:line`.
    pub source: String,
}

/// The level and place of a requirement in a spec.
#[derive(Clone, Debug, Serialize)]
pub struct SpecPlace {
    /// The spec of the spec place.
    pub spec: String,
    /// The name of the spec place, date and owner.
    pub title: String,
    /// The level there.
    pub level: Level,
    /// The URL of the text.
    pub link: String,
}

/// A test, and the requirements that it verifies.
#[derive(Clone, Debug, Serialize)]
pub struct TestPage {
    /// The rules of the test page.
    pub test: TestRules,
    /// The requirements that it verifies.
    pub requirements: Vec<Decides>,
    /// The flows: name and description.
    pub flows: Vec<(String, String)>,
    /// The faults that it must notice.
    pub faults: Vec<String>,
}

/// A requirement that a test verifies.
#[derive(Clone, Debug, Serialize)]
pub struct Decides {
    /// Its id.
    pub id: String,
    /// Its text.
    pub says: String,
    /// The specs that have it.
    pub places: Vec<SpecPlace>,
}

/// A response that a test allows.
#[derive(Clone, Debug, Serialize)]
pub struct AllowedAnswer {
    /// The name of the allowed answer, if there are several.
    pub outcome: Option<String>,
    /// The expectations of the allowed answer.
    pub expects: Vec<String>,
}

/// The rules of a test, in words.
#[derive(Clone, Debug, Serialize)]
pub struct TestRules {
    /// `area::id`.
    pub name: String,
    /// What holds if it passes.
    pub title: String,
    /// The flows that it runs on.
    pub flows: Vec<String>,
    /// Specs that use other flows in place of these, with those flows.
    pub stand_ins: Vec<(String, Vec<String>)>,
    /// The exchanges that it looks at.
    pub looks_at: Vec<String>,
    /// How many of them must meet the expectations, if not all.
    pub hold: Option<String>,
    /// The conditions under which it applies.
    pub when: Vec<String>,
    /// The responses that it allows.
    pub allows: Vec<AllowedAnswer>,
    /// The rules for the lines of a provider directory, with their names, if the test expects several.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub rules: Vec<(String, String)>,
    /// The flows that it compares with.
    pub compare_with: Vec<String>,
    /// The verdict if an expectation is not met: `fail under hl7-3.0.0`.
    pub otherwise: String,
    /// Why it matters.
    pub why: String,
    /// `file:line`.
    pub source: String,
}

/// Returns the pages about `id`: a requirement's id (ours or a public one), or a test's name with or without spec, area
/// and flow. Several tests may have the same id without area; each has its page.
///
/// # Errors
/// Nothing has that name: a lower-case fragment with similar names.
pub fn pages(catalog: &Catalog, id: &str, proofs: &[Proof]) -> Result<Vec<ExplainPage>, String> {
    if let Some(requirement) = catalog.requirement(id) {
        return Ok(vec![ExplainPage::Requirement(requirement_page(catalog, requirement, proofs))]);
    }
    let by_public_id =
        catalog.requirements.values().filter(|requirement| requirement.see.iter().any(|name| name == id));
    let by_public_id: Vec<ExplainPage> = by_public_id
        .map(|requirement| ExplainPage::Requirement(requirement_page(catalog, requirement, proofs)))
        .collect();
    if !by_public_id.is_empty() {
        return Ok(by_public_id);
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
        return Err(format!("{name} does not run on flow {flow:?}; it runs on {}", describe::and(&flows)));
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
        "`plimsoll list` shows the tests, `plimsoll coverage` the requirements".to_owned()
    } else {
        format!("similar names: {}", close.join(", "))
    };
    format!("unknown requirement or test {id:?}; {way_out}")
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
        tests: tests.into_iter().map(|test| test_rules(catalog, test)).collect(),
        source: format!("{}:{}", requirement.source.file, requirement.source.line),
    }
}

/// Returns the specs that have a requirement, in the order of the suites.
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
        test: test_rules(catalog, test),
        requirements: requirements.collect(),
        flows: flows.collect(),
        faults: faults(&[test], proofs),
    }
}

fn test_rules(catalog: &Catalog, test: &Test) -> TestRules {
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

/// Returns the specs under which a test runs on other flows than its own, with those flows.
fn stand_ins(catalog: &Catalog, test: &Test) -> Vec<(String, Vec<String>)> {
    let other = |spec: &String| {
        requirements_in(catalog, test, spec)?;
        let flows = catalog.flows_of(test, spec);
        (flows != test.flows).then(|| (spec.clone(), flows))
    };
    catalog.specs.keys().filter_map(other).collect()
}

/// Returns the rules of expectations about the lines of a provider directory.
fn rules(expects: &[Expect]) -> Vec<(String, String)> {
    let topics = expects.iter().filter_map(|expect| expect.directory);
    let rules = topics.flat_map(measure::rules_of);
    rules.map(|(name, says)| (name.to_owned(), says.to_owned())).collect()
}

/// Returns the verdict under each spec if the test finds a violation.
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

/// Returns the faults that at least one of `tests` must notice, each once.
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
    fn requirements_by_their_public_ids() {
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
    fn unknown_names_are_refused_with_similar_ones() {
        let error = |id: &str| pages(&whole(), id, &[]).unwrap_err();
        let ids = ["poll-203", "poll::in-progres-202", "poll::progress@patient", "zebra"];
        insta::assert_snapshot!("explain-unknown", ids.map(error).join("\n"));
    }

    #[test]
    fn every_built_in_test_and_requirement_can_be_explained() {
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
