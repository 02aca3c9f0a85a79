//! Builds the plan.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::base::vocabulary::Level;
use crate::plan::model::{Depth, Measures, Plan, PlannedFlow, PlannedTest};
use crate::plan::reach::{Need, reach, reach_compared};
use crate::suite::catalog::{Catalog, Test};
use crate::suite::flow::Flow;
use crate::suite::flow_order::{FlowWaits, flow_order};
use crate::suite::param::SampleValueName;
use crate::suite::suggestion;

/// What is asked for.
#[derive(Clone, Debug, Default)]
pub struct PlanRequest {
    /// The specs to judge, in order.
    pub specs: Vec<String>,
    /// Specs judged without counting.
    pub informational_specs: Vec<String>,
    /// Texts of which a test's full name must contain one; none: every name will do.
    pub filters: Vec<String>,
}

/// Builds the plan: the tests of the specs asked for whose full name (with `SPEC::` where several specs are judged)
/// passes the filters and `selected`, and the flows they need. A plan without tests is no error here.
///
/// # Errors
/// No spec was named, or one that the suites do not know: a lower-case fragment that names those they do.
pub fn build(catalog: &Catalog, ask: &PlanRequest, selected: &dyn Fn(&str) -> bool) -> Result<Plan, String> {
    let (specs, informational_specs) = specs(catalog, ask)?;
    let candidates = candidates(catalog, &specs);
    let all = candidates.len();
    let passes = |name: &str| ask.filters.is_empty() || ask.filters.iter().any(|filter| name.contains(filter.as_str()));
    let tests: Vec<PlannedTest> =
        candidates.into_iter().filter(|test| passes(&test.name) && selected(&test.name)).collect();
    let flows = planned_flows(catalog, &needs(catalog, &tests));
    Ok(Plan { specs, informational_specs, whole: tests.len() == all, tests, flows })
}

/// The specs to judge, each once, and those among them that do not count.
fn specs(catalog: &Catalog, ask: &PlanRequest) -> Result<(Vec<String>, Vec<String>), String> {
    let known = || catalog.specs.keys().map(String::as_str).collect::<Vec<_>>();
    let (mut specs, mut informational_specs): (Vec<String>, Vec<String>) = (Vec::new(), Vec::new());
    for id in ask.specs.iter().chain(&ask.informational_specs) {
        if catalog.spec(id).is_none() {
            let known = known();
            let hint = suggestion::nearest(id, known.iter().copied()).map(|near| format!(" (did you mean {near}?)"));
            return Err(format!("unknown spec {id:?}{}; known are {}", hint.unwrap_or_default(), known.join(", ")));
        }
        if !specs.contains(id) {
            // A spec that was asked for as one that counts does count.
            if !ask.specs.contains(id) {
                informational_specs.push(id.clone());
            }
            specs.push(id.clone());
        }
    }
    if ask.specs.is_empty() {
        return Err(format!("no spec to judge; name one of {}", known().join(", ")));
    }
    Ok((specs, informational_specs))
}

/// Every test of the specs on every flow, spec by spec.
fn candidates(catalog: &Catalog, specs: &[String]) -> Vec<PlannedTest> {
    let shared: Vec<Arc<Test>> = catalog.tests.iter().cloned().map(Arc::new).collect();
    let mut planned = Vec::new();
    for spec in specs {
        for test in &shared {
            let Some((level, requirements, defect)) = requirements_in(catalog, test, spec) else { continue };
            for flow in catalog.flows_of(test, spec) {
                let id = format!("{}@{flow}", test.name());
                let name = if specs.len() > 1 { format!("{spec}::{id}") } else { id.clone() };
                planned.push(PlannedTest {
                    spec: spec.clone(),
                    name,
                    id,
                    test: Arc::clone(test),
                    flow,
                    compare_with: catalog.compare_with_of(test, spec),
                    level,
                    requirements: requirements.clone(),
                    defect,
                });
            }
        }
    }
    planned
}

/// The level of a test in a spec, the requirements that it decides there, and whether their text is wrong. `None` if the
/// spec has none of them, says why they are untested, or runs none of the test's flows.
pub fn requirements_in(catalog: &Catalog, test: &Test, spec: &str) -> Option<(Level, Vec<String>, bool)> {
    if catalog.flows_of(test, spec).is_empty() {
        return None;
    }
    let mut level = None;
    let (mut requirements, mut defect) = (Vec::new(), false);
    for requirement in test.verifies.iter().filter_map(|id| catalog.requirement(id)) {
        let Some(place) = requirement.places.get(spec).filter(|place| place.untested.is_none()) else { continue };
        // They are all the same: the catalog refuses a test whose requirements differ in level within one spec.
        level.get_or_insert(place.level);
        requirements.push(requirement.id.clone());
        defect |= requirement.defect.is_some();
    }
    level.map(|level| (level, requirements, defect))
}

/// What the tests need of which flows, the sources of sample values and comparisons included.
fn needs(catalog: &Catalog, tests: &[PlannedTest]) -> BTreeMap<String, Need> {
    let mut needs: BTreeMap<String, Need> = BTreeMap::new();
    let add = |needs: &mut BTreeMap<String, Need>, name: &str, need: Need| match needs.get_mut(name) {
        Some(known) => known.add(need),
        None => drop(needs.insert(name.to_owned(), need)),
    };
    for planned in tests {
        let Some(flow) = catalog.flow(&planned.flow) else { continue };
        if flow.aggregates {
            for name in catalog.aggregated(&planned.test, &planned.spec, flow) {
                let Some(flow) = catalog.flow(&name) else { continue };
                add(&mut needs, &name, reach(&planned.test, flow));
            }
            continue;
        }
        add(&mut needs, &planned.flow, reach(&planned.test, flow));
        for compare_with in &planned.compare_with {
            add(&mut needs, compare_with, reach_compared(&planned.test, flow));
        }
    }
    // Sample values come from files, so their source flows fetch files. These may need sample values in turn.
    let mut open: Vec<String> = needs.keys().cloned().collect();
    let mut seen = BTreeSet::new();
    while let Some(name) = open.pop() {
        if !seen.insert(name.clone()) {
            continue;
        }
        let (Some(flow), Some(need)) = (catalog.flow(&name), needs.get(&name)) else { continue };
        let resources = !flow.of_hooks().is_empty()
            || need.measures.compared
            || need.measures.with_source
            || need.measures.blocks
            || sample_values(flow, need)
                .iter()
                .any(|name| !matches!(name, SampleValueName::InstantInside | SampleValueName::TransactionTime));
        let measures = Measures { resources, ..Measures::default() };
        for source in sources(flow, need) {
            add(&mut needs, &source, Need { measures, ..Need::depth(Depth::Files) });
            // What was looked at before may be needed for more now.
            seen.remove(&source);
            open.push(source);
        }
    }
    needs
}

/// The flows that sample values come from or that a flow is compared with, if what is needed of it asks for them.
fn sources(flow: &Flow, need: &Need) -> Vec<String> {
    let measures = &need.measures;
    // A hook may name only resources that are known to be exported.
    let hooked = !flow.of_hooks().is_empty();
    let needed =
        hooked || measures.compared || measures.with_source || measures.blocks || !sample_values(flow, need).is_empty();
    if needed { flow.from.0.clone() } else { Vec::new() }
}

/// The sample values of a flow and of its needed probes.
fn sample_values(flow: &Flow, need: &Need) -> Vec<SampleValueName> {
    let probes = flow.probes.iter().filter(|probe| need.probes.contains(&probe.id));
    let params = flow.params.values().chain(probes.flat_map(|probe| probe.params.values()));
    params.flat_map(|param| param.sample_values()).collect()
}

/// The flows that are needed, in their order, with what is needed of each.
fn planned_flows(catalog: &Catalog, needs: &BTreeMap<String, Need>) -> Vec<PlannedFlow> {
    let order = flow_order(&catalog.flows);
    let needed = order.iter().filter_map(|(name, waits)| Some((name, waits, catalog.flow(name)?, needs.get(name)?)));
    let plan = |(name, waits, flow, need): (&String, &FlowWaits, &Flow, &Need)| {
        let sources = sources(flow, need);
        let mut flow = flow.clone();
        flow.probes.retain(|probe| need.probes.contains(&probe.id));
        if !need.delete {
            flow.delete = None;
        }
        PlannedFlow {
            name: name.clone(),
            flow,
            depth: need.depth,
            needs: sources,
            waits: waits.among(|other| needs.contains_key(other)),
            measures: need.measures,
        }
    };
    needed.map(plan).collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
mod tests {
    use super::*;
    use crate::suite::flow::DeleteAt;

    fn whole() -> Catalog {
        crate::suite::source::read_dir(std::path::Path::new("fixtures/suites/whole")).unwrap()
    }

    fn ask(specs: &[&str], informational_specs: &[&str], filters: &[&str]) -> PlanRequest {
        let own = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        PlanRequest { specs: own(specs), informational_specs: own(informational_specs), filters: own(filters) }
    }

    fn names(plan: &Plan) -> Vec<&str> {
        plan.tests.iter().map(|test| test.name.as_str()).collect()
    }

    fn flows(plan: &Plan) -> Vec<(&str, Depth)> {
        plan.flows.iter().map(|flow| (flow.name.as_str(), flow.depth)).collect()
    }

    #[test]
    fn one_spec_whole() {
        let plan = build(&whole(), &ask(&["guide-1.0"], &[], &[]), &|_| true).unwrap();
        assert!(plan.whole && !plan.is_empty());
        assert_eq!(
            names(&plan),
            [
                "kickoff::same@incremental",
                "poll::in-progress-202@system",
                "poll::in-progress-202@patient",
                "poll::progress@system",
                "poll::odd@cancelled"
            ]
        );
        assert_eq!(
            flows(&plan),
            [
                ("system", Depth::Files),
                ("patient", Depth::Files),
                ("incremental", Depth::Files),
                ("cancelled", Depth::Kickoff)
            ],
            "sources before picks, and what is deleted last"
        );
        let incremental = plan.flow("incremental").unwrap();
        assert_eq!(incremental.needs, ["system", "patient"]);
        assert!(incremental.measures.identity && plan.flow("system").unwrap().measures.identity);
        assert!(!plan.flow("cancelled").unwrap().measures.identity);
        assert_eq!(plan.flow("cancelled").unwrap().flow.delete, Some(DeleteAt::InProgress));
        let probes = |name: &str| -> Vec<String> {
            plan.flow(name).unwrap().flow.probes.iter().map(|probe| probe.id.clone()).collect()
        };
        assert_eq!(probes("system"), ["nobody"], "the probe that no test looks at is left out");
        let odd = &plan.tests[4];
        assert!(odd.defect && odd.level == Level::Shall && odd.requirements == ["poll-odd"]);
    }

    #[test]
    fn several_specs_each_with_its_own_levels() {
        let plan =
            build(&whole(), &ask(&["guide-1.1"], &["guide-1.0", "guide-1.1"], &["progress"]), &|_| true).unwrap();
        assert_eq!(
            (&plan.specs[..], &plan.informational_specs[..]),
            (&["guide-1.1".to_owned(), "guide-1.0".to_owned()][..], &["guide-1.0".to_owned()][..])
        );
        assert!(!plan.whole);
        let progress: Vec<_> = plan.tests.iter().filter(|test| test.id == "poll::progress@system").collect();
        assert_eq!(
            progress.iter().map(|test| (test.name.as_str(), test.level)).collect::<Vec<_>>(),
            [("guide-1.1::poll::progress@system", Level::Shall), ("guide-1.0::poll::progress@system", Level::Should)]
        );
        let adopted = plan.tests.iter().find(|test| test.name == "guide-1.1::poll::in-progress-202@system").unwrap();
        assert_eq!(adopted.requirements, ["poll-202", "poll-alias"]);
        let other = plan.tests.iter().find(|test| test.name == "guide-1.0::poll::in-progress-202@system").unwrap();
        assert_eq!(other.requirements, ["poll-202"]);
    }

    #[test]
    fn a_dropped_requirement_takes_its_test_along() {
        let plan = build(&whole(), &ask(&["guide-1.2"], &[], &[]), &|_| true).unwrap();
        assert!(plan.whole);
        assert!(names(&plan).iter().all(|name| !name.starts_with("kickoff::")));
        assert!(plan.flow("incremental").is_none(), "nor is its flow run");
    }

    #[test]
    fn filters_shrink_the_traffic() {
        let all = |filters: &[&str]| build(&whole(), &ask(&["guide-1.0"], &[], filters), &|_| true).unwrap();
        let polls = all(&["in-progress-202@pat"]);
        assert_eq!(flows(&polls), [("patient", Depth::Manifest)]);
        let two = all(&["odd", "@patient"]);
        assert_eq!(names(&two), ["poll::in-progress-202@patient", "poll::odd@cancelled"]);
        let picks = all(&["kickoff::same"]);
        assert_eq!(
            flows(&picks),
            [("system", Depth::Files), ("patient", Depth::Files), ("incremental", Depth::Files)],
            "a filter pulls in the flows that picks need"
        );
        let none = all(&["no-such-test"]);
        assert!(none.is_empty() && none.flows.is_empty() && !none.whole);
        let chosen = build(&whole(), &ask(&["guide-1.0"], &[], &["poll"]), &|name| name.ends_with("@system")).unwrap();
        assert_eq!(names(&chosen), ["poll::in-progress-202@system", "poll::progress@system"]);
    }

    #[test]
    fn what_cannot_be_judged_is_told() {
        let error = build(&whole(), &ask(&["guide-1.3"], &[], &[]), &|_| true).unwrap_err();
        assert_eq!(
            error,
            "unknown spec \"guide-1.3\" (did you mean guide-1.0?); known are guide-1.0, guide-1.1, guide-1.2"
        );
        assert!(build(&whole(), &ask(&["guide-1.0"], &["other"], &[]), &|_| true).unwrap_err().contains("other"));
        assert!(build(&whole(), &ask(&[], &["guide-1.0"], &[]), &|_| true).unwrap_err().contains("no spec to judge"));
    }

    /// The names of the flows in an order in which each waits only for flows before it; fewer where some wait for ever.
    fn without_circles(plan: &Plan) -> Vec<&str> {
        let mut over: Vec<&str> = Vec::new();
        loop {
            let ready = |flow: &&PlannedFlow| {
                let same = flow.flow.same_request_as.iter().filter(|name| plan.flow(name).is_some());
                let levels = flow.waits.levels.iter().map(|(_, name)| name);
                let mut waits = flow.waits.turn.iter().chain(levels).chain(&flow.needs).chain(same);
                waits.all(|name| over.contains(&name.as_str()))
            };
            let open = plan.flows.iter().filter(|flow| !over.contains(&flow.name.as_str()));
            let next: Vec<&str> = open.filter(ready).map(|flow| flow.name.as_str()).collect();
            if next.is_empty() {
                return over;
            }
            over.extend(next);
        }
    }

    #[test]
    fn no_flow_waits_for_ever() {
        // Flows that run alone are ordered by themselves: with `last`, without it, and where there are two of them.
        let files = crate::suite::source::EMBEDDED.iter().map(|(path, text)| {
            let mut text = (*text).to_owned();
            if let Some((before, rotation)) = text.split_once("[flow.rotation]\n") {
                let rotation = rotation.replacen("last = true\n", "", 1);
                let copy = rotation.split_once("]\n\n").unwrap().0;
                text = format!("{before}[flow.rotation-again]\n{copy}]\n\n[flow.rotation]\n{rotation}");
            }
            let name = path.rsplit('/').next().unwrap().to_owned();
            crate::suite::refusal::SuiteFile { name, path: (*path).to_owned(), text }
        });
        let mut catalog = crate::suite::source::load(files.collect()).unwrap();
        for test in &mut catalog.tests {
            if test.flows.iter().any(|flow| flow == "rotation") {
                test.flows.push("rotation-again".to_owned());
            }
        }
        let specs: Vec<&str> = catalog.specs.keys().map(String::as_str).collect();
        for filters in [&[][..], &["@rotation", "@cancelled"], &["@since-change"], &["@typed", "@rotation-again"]] {
            let plan = build(&catalog, &ask(&specs, &[], filters), &|_| true).unwrap();
            assert_eq!(without_circles(&plan).len(), plan.flows.len(), "{filters:?}");
        }
        let plan = build(&catalog, &ask(&specs, &[], &[]), &|_| true).unwrap();
        assert_eq!(without_circles(&plan).last(), Some(&"rotation"), "after its copy, which comes first");
    }

    #[test]
    fn the_shipped_suites_make_a_sound_plan() {
        let catalog = crate::suite::source::embedded().unwrap();
        let specs: Vec<&str> = catalog.specs.keys().map(String::as_str).collect();
        let plan = build(&catalog, &ask(&specs, &[], &[]), &|_| true).unwrap();
        let unique: BTreeSet<&str> = names(&plan).into_iter().collect();
        assert_eq!(unique.len(), plan.tests.len(), "names are unique");
        for (place, flow) in plan.flows.iter().enumerate() {
            let before: Vec<&str> = plan.flows.iter().take(place).map(|flow| flow.name.as_str()).collect();
            assert!(
                flow.needs.iter().all(|source| before.contains(&source.as_str())),
                "{} stands too early",
                flow.name
            );
            let used = catalog.flow(&flow.name).unwrap();
            assert_eq!(flow.flow.probes.len(), used.probes.len(), "a probe of {} is looked at by no test", flow.name);
            assert_eq!(flow.flow.delete, used.delete, "the DELETE of {} is looked at by no test", flow.name);
        }
        let conversations = catalog.flows.values().filter(|flow| !flow.aggregates).count();
        assert_eq!(plan.flows.len(), conversations, "every flow is used");
    }
}
