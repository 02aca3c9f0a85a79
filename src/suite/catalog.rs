//! The content of all suite files: the [`Catalog`] that planning and judging use.

use crate::base::vocabulary::Area;
use crate::suite::expect::Expect;
use crate::suite::flow::Flow;
use crate::suite::model::{Hold, NamedOutcome, Place, Requirement, Source, Spec};
use crate::suite::named::Named;
use crate::suite::on::On;

/// The specs, requirements, flows and tests of all suite files, checked together.
#[derive(Clone, Debug)]
pub struct Catalog {
    /// The specs by id, in the order of the files.
    pub specs: Named<Spec>,
    /// The requirements by id, in the order of the files.
    pub requirements: Named<Requirement>,
    /// The flows by name, in the order of the files.
    pub flows: Named<Flow>,
    /// The tests, in the order of the files.
    pub tests: Vec<Test>,
    /// A digest of the suite files' bytes, 12 hex digits. Equal digests mean equal rules.
    pub digest: String,
}

impl Catalog {
    /// The spec with this id.
    pub fn spec(&self, id: &str) -> Option<&Spec> {
        self.specs.get(id)
    }

    /// The requirement with this id.
    pub fn requirement(&self, id: &str) -> Option<&Requirement> {
        self.requirements.get(id)
    }

    /// The flow with this name.
    pub fn flow(&self, name: &str) -> Option<&Flow> {
        self.flows.get(name)
    }

    /// Where `requirement` is written in `spec`, as an absolute URL; none if that spec does not have it.
    pub fn link(&self, requirement: &str, spec: &str) -> Option<String> {
        let place = self.requirement(requirement)?.places.get(spec)?;
        // The place of an inherited requirement is an absolute URL already.
        if place.at.contains("://") {
            return Some(place.at.clone());
        }
        Some(format!("{}{}", self.spec(spec)?.base, place.at))
    }

    /// The requirements of `spec`, with their places there, in the order of the suites.
    pub fn requirements_of<'a>(&'a self, spec: &str) -> Vec<(&'a Requirement, &'a Place)> {
        self.requirements
            .values()
            .filter_map(|requirement| Some((requirement, requirement.places.get(spec)?)))
            .collect()
    }

    /// The flows on which `test` is judged under `spec`: its own flows, or their stand-ins if `spec` inherits the test
    /// and has stand-ins. What `except` of the test or of a flow excludes is left out.
    pub fn flows_of(&self, test: &Test, spec: &str) -> Vec<String> {
        if excepts(&self.specs, &test.except, spec) {
            return Vec::new();
        }
        let mut flows = self.with_stand_ins(test, spec, &test.flows, |flow| test.on.iter().any(|on| flow.shows(on)));
        flows.retain(|name| !self.flow(name).is_some_and(|flow| excepts(&self.specs, &flow.except, spec)));
        flows
    }

    /// The flows that `flow` aggregates for `test` under `spec`. Flows that the test names itself are left out.
    pub fn aggregated(&self, test: &Test, spec: &str, flow: &Flow) -> Vec<String> {
        let own = self.flows_of(test, spec);
        let known = |name: &&String| {
            self.flow(name).is_some_and(|flow| !flow.aggregates && !excepts(&self.specs, &flow.except, spec))
        };
        flow.from.0.iter().filter(|name| !own.contains(name)).filter(known).cloned().collect()
    }

    /// The flows that `test` compares with under `spec`: its own, or their stand-ins.
    pub fn compare_with_of(&self, test: &Test, spec: &str) -> Vec<String> {
        self.with_stand_ins(test, spec, &test.compare_with, |_| true)
    }

    fn with_stand_ins(&self, test: &Test, spec: &str, named: &[String], fits: impl Fn(&Flow) -> bool) -> Vec<String> {
        let Some(known) = self.spec(spec).filter(|known| !known.stand_ins.is_empty()) else { return named.to_vec() };
        let base = known.builds_on.as_deref().unwrap_or_default();
        let holds_in_base = |id: &String| self.requirement(id).is_some_and(|r| r.places.contains_key(base));
        if !test.verifies.iter().any(holds_in_base) {
            return named.to_vec();
        }
        let mut flows: Vec<String> = Vec::new();
        for stand_in in named.iter().filter_map(|name| known.stand_ins.get(name)).flatten() {
            if !flows.contains(stand_in) && self.flow(stand_in).is_some_and(&fits) {
                flows.push(stand_in.clone());
            }
        }
        flows
    }

    /// Why no test verifies `requirement` in `spec`; none if one does. Either the suites give the reason, or `spec` has
    /// none of the flows that its tests look at.
    pub fn untested_in(&self, requirement: &Requirement, spec: &str) -> Option<String> {
        let place = requirement.places.get(spec)?;
        if let Some(why) = place.untested.as_ref().or(requirement.untested.as_ref()) {
            return Some(why.clone());
        }
        if self.tests_of(&requirement.id).any(|test| !self.flows_of(test, spec).is_empty()) {
            return None;
        }
        let mut flows: Vec<&str> = Vec::new();
        for flow in self.tests_of(&requirement.id).flat_map(|test| &test.flows) {
            if !flows.contains(&flow.as_str()) {
                flows.push(flow);
            }
        }
        let flows = flows.iter().filter_map(|name| self.flow(name)).map(|flow| flow.title.as_str());
        let title = self.spec(spec).map(|spec| spec.title.as_str()).unwrap_or_default();
        let flows = flows.collect::<Vec<_>>().join("; ");
        Some(format!("it can be tested only on exports that {title} does not describe: {flows}"))
    }

    /// The tests that verify `requirement`, in the order of the files.
    pub fn tests_of<'a>(&'a self, requirement: &'a str) -> impl Iterator<Item = &'a Test> + 'a {
        self.tests.iter().filter(move |test| test.verifies.iter().any(|id| id == requirement))
    }
}

/// Whether `except` excludes `spec`: it lists that spec, or one that it builds on.
pub(crate) fn excepts(specs: &Named<Spec>, except: &[String], spec: &str) -> bool {
    let mut at = Some(spec);
    for _ in 0..=specs.len() {
        let Some(id) = at else { return false };
        if except.iter().any(|known| known == id) {
            return true;
        }
        at = specs.get(id).and_then(|spec| spec.builds_on.as_deref());
    }
    false
}

/// A test: which exchanges of which flows, and what must hold for them.
#[derive(Clone, Debug)]
pub struct Test {
    /// The id of the test, unique within its area.
    pub id: String,
    /// The area of the test. Reports name the test `area::id@flow`.
    pub area: Area,
    /// What holds if it passes, a clause without a full stop.
    pub title: String,
    /// The requirements that it verifies, including those that adopt its tests with `as`.
    pub verifies: Vec<String>,
    /// The flows that it is judged on.
    pub flows: Vec<String>,
    /// The exchanges that it looks at.
    pub on: Vec<On>,
    /// How many of these exchanges must meet the expectations.
    pub hold: Hold,
    /// Conditions on the exchanges. If no exchange meets them, the test is not applicable.
    pub when: Vec<Expect>,
    /// The expectations; each exchange must meet all of them.
    pub expect: Vec<Expect>,
    /// Alternative to `expect`: each exchange must have one of these outcomes.
    pub any_of: Vec<NamedOutcome>,
    /// What happens to a client or patient if it does not hold.
    pub why: String,
    /// The flows that its checks compare with. The first that ran at the same export level is used.
    pub compare_with: Vec<String>,
    /// The specs that have its requirements but in which it is not judged.
    pub except: Vec<String>,
    /// Where it is defined.
    pub source: Source,
}

impl Test {
    /// `area::id`, the name without a flow.
    pub fn name(&self) -> String {
        format!("{}::{}", self.area, self.id)
    }
}
