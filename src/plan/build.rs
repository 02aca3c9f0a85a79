//! Builds the plan of a run.

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

/// What the user requested.
#[derive(Clone, Debug, Default)]
pub struct PlanRequest {
    /// The specs to judge, in order.
    pub specs: Vec<String>,
    /// Specs to judge that do not affect the exit code.
    pub informational_specs: Vec<String>,
    /// Filters; the full name of a test must contain one of them. Without filters every test is selected.
    pub filters: Vec<String>,
}

/// Builds the plan: the tests of the requested specs that pass the filters and `selected` by their full name (with
/// `SPEC::` if several specs are judged), and the flows that they need. A plan without tests is not an error here.
///
/// # Errors
/// If no spec is named, or an unknown one: a lower-case fragment that lists the known specs.
pub fn build(catalog: &Catalog, request: &PlanRequest, selected: &dyn Fn(&str) -> bool) -> Result<Plan, String> {
    let (specs, informational_specs) = specs(catalog, request)?;
    let candidates = candidates(catalog, &specs);
    let all = candidates.len();
    let filters = &request.filters;
    let passes = |name: &str| filters.is_empty() || filters.iter().any(|filter| name.contains(filter.as_str()));
    let tests: Vec<PlannedTest> =
        candidates.into_iter().filter(|test| passes(&test.name) && selected(&test.name)).collect();
    let flows = planned_flows(catalog, &needs(catalog, &tests));
    Ok(Plan { specs, informational_specs, whole: tests.len() == all, tests, flows })
}

/// The specs to judge, each once, and the informational ones among them.
fn specs(catalog: &Catalog, request: &PlanRequest) -> Result<(Vec<String>, Vec<String>), String> {
    let known = || catalog.specs.keys().map(String::as_str).collect::<Vec<_>>();
    let (mut specs, mut informational_specs): (Vec<String>, Vec<String>) = (Vec::new(), Vec::new());
    for id in request.specs.iter().chain(&request.informational_specs) {
        if catalog.spec(id).is_none() {
            let known = known();
            let hint = suggestion::nearest(id, known.iter().copied()).map(|near| format!(" (did you mean {near}?)"));
            return Err(format!("unknown spec {id:?}{}; known are {}", hint.unwrap_or_default(), known.join(", ")));
        }
        if !specs.contains(id) {
            // A spec that is requested both ways is not informational.
            if !request.specs.contains(id) {
                informational_specs.push(id.clone());
            }
            specs.push(id.clone());
        }
    }
    if request.specs.is_empty() {
        return Err(format!("no spec to judge; give --spec with one of {}", known().join(", ")));
    }
    Ok((specs, informational_specs))
}

/// Every test of the specs on each of its flows, spec by spec.
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

/// The level of a test in a spec, the requirements that it verifies there, and whether one of them has a defect. `None`
/// if the spec has none of the requirements, marks them as untested, or has none of the test's flows.
pub fn requirements_in(catalog: &Catalog, test: &Test, spec: &str) -> Option<(Level, Vec<String>, bool)> {
    if catalog.flows_of(test, spec).is_empty() {
        return None;
    }
    let mut level = None;
    let (mut requirements, mut defect) = (Vec::new(), false);
    for requirement in test.verifies.iter().filter_map(|id| catalog.requirement(id)) {
        let Some(place) = requirement.places.get(spec).filter(|place| place.untested.is_none()) else { continue };
        // All levels are equal: the loader refuses a test with requirements of different levels in one spec.
        level.get_or_insert(place.level);
        requirements.push(requirement.id.clone());
        defect |= requirement.defect.is_some();
    }
    level.map(|level| (level, requirements, defect))
}

/// What the tests need of each flow, including the sources of sample values and comparisons.
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
            // A flow that was visited before may be needed for more now.
            seen.remove(&source);
            open.push(source);
        }
    }
    needs
}

/// The source flows of a flow, if its tests need sample values, a comparison or a hook.
fn sources(flow: &Flow, need: &Need) -> Vec<String> {
    let measures = &need.measures;
    // A hook may name only resources that are known to be exported.
    let hooked = !flow.of_hooks().is_empty();
    let needed =
        hooked || measures.compared || measures.with_source || measures.blocks || !sample_values(flow, need).is_empty();
    if needed { flow.from.0.clone() } else { Vec::new() }
}

/// The sample values in the parameters of a flow and of its needed probes.
fn sample_values(flow: &Flow, need: &Need) -> Vec<SampleValueName> {
    let probes = flow.probes.iter().filter(|probe| need.probes.contains(&probe.id));
    let params = flow.params.values().chain(probes.flat_map(|probe| probe.params.values()));
    params.flat_map(|param| param.sample_values()).collect()
}

/// The needed flows in the order of flows, with what is needed of each.
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

    fn catalog() -> Catalog {
        crate::suite::source::read_dir(std::path::Path::new("fixtures/suites/whole")).unwrap()
    }

    fn request(specs: &[&str], informational_specs: &[&str], filters: &[&str]) -> PlanRequest {
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
    fn all_tests_of_one_spec() {
        let plan = build(&catalog(), &request(&["guide-1.0"], &[], &[]), &|_| true).unwrap();
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
            "sources come before flows with sample values, and flows that delete their job come last"
        );
        let incremental = plan.flow("incremental").unwrap();
        assert_eq!(incremental.needs, ["system", "patient"]);
        assert!(incremental.measures.identity && plan.flow("system").unwrap().measures.identity);
        assert!(!plan.flow("cancelled").unwrap().measures.identity);
        assert_eq!(plan.flow("cancelled").unwrap().flow.delete, Some(DeleteAt::InProgress));
        let probes = |name: &str| -> Vec<String> {
            plan.flow(name).unwrap().flow.probes.iter().map(|probe| probe.id.clone()).collect()
        };
        assert_eq!(probes("system"), ["nobody"], "a probe that no test looks at is left out");
        let odd = &plan.tests[4];
        assert!(odd.defect && odd.level == Level::Shall && odd.requirements == ["poll-odd"]);
    }

    #[test]
    fn each_spec_has_its_own_levels() {
        let plan =
            build(&catalog(), &request(&["guide-1.1"], &["guide-1.0", "guide-1.1"], &["progress"]), &|_| true).unwrap();
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
    fn tests_of_dropped_requirements_are_not_planned() {
        let plan = build(&catalog(), &request(&["guide-1.2"], &[], &[]), &|_| true).unwrap();
        assert!(plan.whole);
        assert!(names(&plan).iter().all(|name| !name.starts_with("kickoff::")));
        assert!(plan.flow("incremental").is_none(), "its flow is not run either");
    }

    #[test]
    fn filters_reduce_the_flows() {
        let all = |filters: &[&str]| build(&catalog(), &request(&["guide-1.0"], &[], filters), &|_| true).unwrap();
        let polls = all(&["in-progress-202@pat"]);
        assert_eq!(flows(&polls), [("patient", Depth::Manifest)]);
        let two = all(&["odd", "@patient"]);
        assert_eq!(names(&two), ["poll::in-progress-202@patient", "poll::odd@cancelled"]);
        let sample_values = all(&["kickoff::same"]);
        assert_eq!(
            flows(&sample_values),
            [("system", Depth::Files), ("patient", Depth::Files), ("incremental", Depth::Files)],
            "a filter also selects the source flows of sample values"
        );
        let none = all(&["no-such-test"]);
        assert!(none.is_empty() && none.flows.is_empty() && !none.whole);
        let chosen =
            build(&catalog(), &request(&["guide-1.0"], &[], &["poll"]), &|name| name.ends_with("@system")).unwrap();
        assert_eq!(names(&chosen), ["poll::in-progress-202@system", "poll::progress@system"]);
    }

    #[test]
    fn unknown_specs_are_refused() {
        let error = build(&catalog(), &request(&["guide-1.3"], &[], &[]), &|_| true).unwrap_err();
        assert_eq!(
            error,
            "unknown spec \"guide-1.3\" (did you mean guide-1.0?); known are guide-1.0, guide-1.1, guide-1.2"
        );
        assert!(build(&catalog(), &request(&["guide-1.0"], &["other"], &[]), &|_| true).unwrap_err().contains("other"));
        assert!(
            build(&catalog(), &request(&[], &["guide-1.0"], &[]), &|_| true).unwrap_err().contains("no spec to judge")
        );
    }

    /// The names of the flows in an order in which each waits only for earlier flows. Flows that wait forever are
    /// missing.
    fn without_circles(plan: &Plan) -> Vec<&str> {
        let mut finished: Vec<&str> = Vec::new();
        loop {
            let ready = |flow: &&PlannedFlow| {
                let same = flow.flow.same_request_as.iter().filter(|name| plan.flow(name).is_some());
                let levels = flow.waits.levels.iter().map(|(_, name)| name);
                let mut waits = flow.waits.turn.iter().chain(levels).chain(&flow.needs).chain(same);
                waits.all(|name| finished.contains(&name.as_str()))
            };
            let open = plan.flows.iter().filter(|flow| !finished.contains(&flow.name.as_str()));
            let next: Vec<&str> = open.filter(ready).map(|flow| flow.name.as_str()).collect();
            if next.is_empty() {
                return finished;
            }
            finished.extend(next);
        }
    }

    #[test]
    fn no_flow_waits_forever() {
        // Flows that run alone are ordered among themselves: with `last`, without it, and if there are two of them.
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
            let plan = build(&catalog, &request(&specs, &[], filters), &|_| true).unwrap();
            assert_eq!(without_circles(&plan).len(), plan.flows.len(), "{filters:?}");
        }
        let plan = build(&catalog, &request(&specs, &[], &[]), &|_| true).unwrap();
        assert_eq!(
            without_circles(&plan).last(),
            Some(&"rotation"),
            "it runs after its copy, which is earlier in the file"
        );
    }

    #[test]
    fn the_plan_of_the_embedded_suites_is_valid() {
        let catalog = crate::suite::source::embedded().unwrap();
        let specs: Vec<&str> = catalog.specs.keys().map(String::as_str).collect();
        let plan = build(&catalog, &request(&specs, &[], &[]), &|_| true).unwrap();
        let unique: BTreeSet<&str> = names(&plan).into_iter().collect();
        assert_eq!(unique.len(), plan.tests.len(), "names are unique");
        for (place, flow) in plan.flows.iter().enumerate() {
            let before: Vec<&str> = plan.flows.iter().take(place).map(|flow| flow.name.as_str()).collect();
            assert!(
                flow.needs.iter().all(|source| before.contains(&source.as_str())),
                "{} is before one of its sources",
                flow.name
            );
            let used = catalog.flow(&flow.name).unwrap();
            assert_eq!(flow.flow.probes.len(), used.probes.len(), "no test looks at a probe of {}", flow.name);
            assert_eq!(flow.flow.delete, used.delete, "no test looks at the DELETE of {}", flow.name);
        }
        let with_requests = catalog.flows.values().filter(|flow| !flow.aggregates).count();
        assert_eq!(plan.flows.len(), with_requests, "every flow is used");
    }
}
