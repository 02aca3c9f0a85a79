//! What the suite files say together: the [`Catalog`] that planning and judging work from.

use crate::base::vocabulary::Area;
use crate::suite::expect::Expect;
use crate::suite::flow::Flow;
use crate::suite::model::{Hold, NamedOutcome, Place, Requirement, Source, Spec};
use crate::suite::named::Named;
use crate::suite::on::On;

/// Everything the suites say, checked as a whole.
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
    /// A digest of the suite files' bytes, 12 hex digits: equal digests mean equal rules.
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
        // What a spec inherits is written in the spec it builds on.
        if place.at.contains("://") {
            return Some(place.at.clone());
        }
        Some(format!("{}{}", self.spec(spec)?.base, place.at))
    }

    /// The requirements that hold in `spec`, in the order of the suites.
    pub fn requirements_of<'a>(&'a self, spec: &str) -> Vec<(&'a Requirement, &'a Place)> {
        self.requirements
            .values()
            .filter_map(|requirement| Some((requirement, requirement.places.get(spec)?)))
            .collect()
    }

    /// The flows on which `test` is judged under `spec`: its own, but for what `except` leaves out, or, where it is
    /// inherited by a spec with stand-ins, theirs.
    pub fn flows_of(&self, test: &Test, spec: &str) -> Vec<String> {
        if excepts(&self.specs, &test.except, spec) {
            return Vec::new();
        }
        let mut flows = self.with_stand_ins(test, spec, &test.flows, |flow| test.on.iter().any(|on| flow.shows(on)));
        flows.retain(|name| !self.flow(name).is_some_and(|flow| excepts(&self.specs, &flow.except, spec)));
        flows
    }

    /// The flows that `test` looks at in `spec` if it names `flow`, which aggregates others.
    pub fn aggregated(&self, test: &Test, spec: &str, flow: &Flow) -> Vec<String> {
        let own = self.flows_of(test, spec);
        let known = |name: &&String| {
            self.flow(name).is_some_and(|flow| !flow.aggregates && !excepts(&self.specs, &flow.except, spec))
        };
        flow.from.0.iter().filter(|name| !own.contains(name)).filter(known).cloned().collect()
    }

    /// The flows that `test` compares with in `spec`, likewise.
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

    /// Why no test verifies `requirement` in `spec`: it says so itself, or its tests look at what is not asked for there.
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
        Some(format!("it shows in exports that {title} does not describe: {flows}"))
    }

    /// The tests that verify `requirement`, in the order of the files.
    pub fn tests_of<'a>(&'a self, requirement: &'a str) -> impl Iterator<Item = &'a Test> + 'a {
        self.tests.iter().filter(move |test| test.verifies.iter().any(|id| id == requirement))
    }
}

/// Whether a list of specs under `except` leaves `spec` out: it names that spec, or one that it builds on.
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

/// What must hold of which exchanges.
#[derive(Clone, Debug)]
pub struct Test {
    /// Its name within its area.
    pub id: String,
    /// Its area; reports name it `area::id@flow`.
    pub area: Area,
    /// What is so when it passes.
    pub title: String,
    /// The requirements it decides, those included that adopt them with `as`.
    pub verifies: Vec<String>,
    /// The flows it is run on.
    pub flows: Vec<String>,
    /// The exchanges it looks at.
    pub on: Vec<On>,
    /// How many of them must satisfy it.
    pub hold: Hold,
    /// Narrows the exchanges; none left means not applicable.
    pub when: Vec<Expect>,
    /// What must hold of each.
    pub expect: Vec<Expect>,
    /// Or: one of these outcomes must hold.
    pub any_of: Vec<NamedOutcome>,
    /// Why it matters.
    pub why: String,
    /// Flows that its checks compare with: the first of them that ran at the same level.
    pub compare_with: Vec<String>,
    /// Specs that have its requirements, and in which it does not hold.
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
