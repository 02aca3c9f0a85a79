//! Which flows a flow waits for. This follows from the suites alone: the plan keeps the flows of a run, and the driver
//! waits as the plan says.

use std::collections::BTreeSet;

use crate::base::vocabulary::ExportLevel;
use crate::suite::flow::{Flow, Identity, Method, Needs};
use crate::suite::named::Named;

/// When a flow runs. It waits for all flows of earlier stages.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stage {
    /// With the others.
    Together,
    /// After those, since it says `last = true`.
    Last,
    /// After those, since hooks change the data of the target.
    Hooks,
    /// After all others, since no other flow gets a token while the client's keys change.
    Alone,
}

impl Stage {
    /// The stage of a flow.
    pub fn of(flow: &Flow) -> Self {
        match flow {
            _ if flow.credentials == Some(Needs::KeySet) => Stage::Alone,
            _ if !flow.of_hooks().is_empty() => Stage::Hooks,
            _ if flow.last => Stage::Last,
            _ => Stage::Together,
        }
    }
}

/// The flows that a flow waits for, beyond those that it names under `from` and `same-request-as`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FlowWaits {
    /// These flows are over before it begins.
    pub turn: Vec<String>,
    /// Plain flows, if it runs at any level: their kick-offs show which levels the target offers.
    pub levels: Vec<(ExportLevel, String)>,
    /// Flows that make the same request: its job is kept until their kick-offs.
    pub kept_for: Vec<String>,
}

impl FlowWaits {
    /// What is left of them in a run that has only some flows. Of each level, the first flow is enough.
    #[must_use]
    pub fn among(&self, has: impl Fn(&str) -> bool) -> Self {
        let mut levels: Vec<(ExportLevel, String)> = Vec::new();
        for (level, flow) in self.levels.iter().filter(|(_, flow)| has(flow)) {
            if !levels.iter().any(|(known, _)| known == level) {
                levels.push((*level, flow.clone()));
            }
        }
        let kept = |names: &[String]| names.iter().filter(|name| has(name)).cloned().collect();
        Self { turn: kept(&self.turn), levels, kept_for: kept(&self.kept_for) }
    }
}

/// All flows with what they wait for. They are in the order of the files, but flows with `last` come after the others,
/// flows with hooks after these, and each flow after those that it names.
pub fn flow_order(flows: &Named<Flow>) -> Named<FlowWaits> {
    let order = in_order(flows);
    let waits = |at: usize, name: &str, flow: &Flow| FlowWaits {
        turn: turn(&order, at, flow),
        levels: levels(flows, &order, name, flow),
        kept_for: kept_for(&order, name, flow),
    };
    order.iter().enumerate().map(|(at, (name, flow))| ((*name).to_owned(), waits(at, name, flow))).collect()
}

/// The flows that a flow waits for by name.
pub(crate) fn named_by(flow: &Flow) -> impl Iterator<Item = &str> {
    flow.from.0.iter().chain(&flow.same_request_as).map(String::as_str)
}

fn in_order(flows: &Named<Flow>) -> Vec<(&str, &Flow)> {
    let mut names: Vec<(&str, &Flow)> = flows.iter().map(|(name, flow)| (name.as_str(), flow)).collect();
    names.sort_by_key(|(_, flow)| (flow.last, !flow.of_hooks().is_empty()));
    let (mut order, mut placed) = (Vec::new(), BTreeSet::new());
    for (name, flow) in names {
        place(flows, name, flow, &mut placed, &mut order);
    }
    order
}

/// Places a flow after those that it names. A flow of a circle is placed once.
fn place<'a>(
    flows: &'a Named<Flow>,
    name: &'a str,
    flow: &'a Flow,
    placed: &mut BTreeSet<&'a str>,
    order: &mut Vec<(&'a str, &'a Flow)>,
) {
    if !placed.insert(name) {
        return;
    }
    for named in named_by(flow) {
        if let Some(other) = flows.get(named) {
            place(flows, named, other, placed, order);
        }
    }
    order.push((name, flow));
}

fn turn(order: &[(&str, &Flow)], at: usize, flow: &Flow) -> Vec<String> {
    let stage = Stage::of(flow);
    let waits = |(other_at, (_, other)): &(usize, &(&str, &Flow))| {
        let of_same_stage = match stage {
            Stage::Together | Stage::Last => false,
            // Flows that change something run one by one; several flows may show what these did at the same time.
            Stage::Hooks => !(flow.hooks.is_empty() && other.hooks.is_empty()),
            Stage::Alone => true,
        };
        let earlier = Stage::of(other) < stage || (Stage::of(other) == stage && *other_at < at && of_same_stage);
        earlier && !other.aggregates && !flow.aggregates
    };
    order.iter().enumerate().filter(waits).map(|(_, (name, _))| (*name).to_owned()).collect()
}

/// Whether the kick-off of a flow shows that its level is offered: it has no parameters and nothing unusual.
fn is_plain(flow: &Flow) -> bool {
    let makes_export = !flow.probes_only && !flow.aggregates && flow.export != ExportLevel::Any;
    // A refused export of a Group of its own does not show that the level is not offered.
    let usual_group = !matches!(flow.credentials, Some(Needs::Cohort | Needs::EmptyGroup | Needs::ForbiddenGroup));
    let usual_request = flow.method == Method::Get && flow.params.is_empty() && flow.headers.is_empty();
    let usual = usual_group && usual_request && flow.identity == Identity::Client;
    makes_export && usual && Stage::of(flow) == Stage::Together
}

fn levels(flows: &Named<Flow>, order: &[(&str, &Flow)], name: &str, flow: &Flow) -> Vec<(ExportLevel, String)> {
    let kicks_off = flow.probes.iter().any(|probe| probe.send.kicks_off());
    if flow.export != ExportLevel::Any || flow.aggregates || (flow.probes_only && !kicks_off) {
        return Vec::new();
    }
    let plain = order.iter().filter(|(other, plain)| is_plain(plain) && !leads_to(flows, other, name));
    plain.map(|(other, plain)| (plain.export, (*other).to_owned())).collect()
}

/// Whether the flow `from` waits for the flow `to` by names alone, directly or by way of others.
fn leads_to(flows: &Named<Flow>, from: &str, to: &str) -> bool {
    let (mut open, mut seen) = (vec![from], BTreeSet::new());
    while let Some(at) = open.pop() {
        if at == to {
            return true;
        }
        if seen.insert(at) {
            open.extend(flows.get(at).into_iter().flat_map(named_by));
        }
    }
    false
}

fn kept_for(order: &[(&str, &Flow)], name: &str, flow: &Flow) -> Vec<String> {
    let same = |(_, other): &&(&str, &Flow)| flow.keep && other.same_request_as.as_deref() == Some(name);
    order.iter().filter(same).map(|(other, _)| (*other).to_owned()).collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
mod tests {
    use super::*;

    fn flows(texts: &[(&str, &str)]) -> Named<Flow> {
        let flow = |text: &str| toml::from_str(&format!("title = 'a flow'\n{text}")).unwrap();
        texts.iter().map(|(name, text)| ((*name).to_owned(), flow(text))).collect()
    }

    #[test]
    fn a_flow_waits_for_all_earlier_stages() {
        let rotation = "export = 'any'\nprobes-only = true\ncredentials = 'key-set'";
        let hooked = |at| format!("export = 'any'\nlast = true\nhooks = [{{ run = 'change', at = '{at}' }}]");
        let (first, second) = (hooked("start"), hooked("complete"));
        let order = flow_order(&flows(&[
            ("rotation", rotation),
            ("rotation-again", &format!("{rotation}\nlast = true")),
            ("changes", &first),
            ("changes-again", &second),
            ("shows", "export = 'any'\nlast = true\nshows = ['change']"),
            ("shows-too", "export = 'any'\nlast = true\nshows = ['change']"),
            ("gone", "export = 'any'\nlast = true\ndelete = 'complete'"),
            ("system", "export = 'system'"),
        ]));
        let turn = |name: &str| order.get(name).unwrap().turn.join(" ");
        assert_eq!(turn("system"), "");
        assert_eq!(turn("gone"), "system");
        assert_eq!(turn("changes"), "system gone");
        assert_eq!(turn("changes-again"), "system gone changes");
        assert_eq!(turn("shows"), "system gone changes changes-again");
        assert_eq!(turn("shows-too"), turn("shows"), "both only show what was changed");
        assert_eq!(turn("rotation"), "system gone changes changes-again shows shows-too");
        assert_eq!(turn("rotation-again"), "rotation system gone changes changes-again shows shows-too");
    }

    #[test]
    fn flows_stand_after_those_that_they_name() {
        let order = flow_order(&flows(&[
            ("a", "export = 'any'\nfrom = 'c'"),
            ("b", "export = 'any'"),
            ("c", "export = 'any'\nsame-request-as = 'd'"),
            ("d", "export = 'any'\nkeep = true"),
        ]));
        assert_eq!(order.keys().collect::<Vec<_>>(), ["d", "c", "a", "b"]);
        assert_eq!(order.get("d").unwrap().kept_for, ["c"]);
    }

    #[test]
    fn any_level_is_the_first_that_a_plain_flow_shows() {
        let order = flow_order(&flows(&[
            ("any", "export = 'any'"),
            ("group-after-any", "export = 'group'\nfrom = 'any'"),
            ("typed", "export = 'system'\nparams = { _type = 'Patient' }"),
            ("group", "export = 'group'"),
            ("system", "export = 'system'"),
            ("probes", "export = 'any'\nprobes-only = true"),
        ]));
        let levels = |name: &str| order.get(name).unwrap().levels.clone();
        let plain = [(ExportLevel::Group, "group".to_owned()), (ExportLevel::System, "system".to_owned())];
        assert_eq!(levels("any"), plain, "but no flow that waits for it");
        assert_eq!((levels("typed"), levels("probes")), (vec![], vec![]));
        let here = order.get("any").unwrap().among(|name| name == "system");
        assert_eq!(here.levels, plain[1..]);
    }
}
