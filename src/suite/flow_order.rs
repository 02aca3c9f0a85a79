//! Which flows each flow waits for. The suites alone decide this; the plan reduces it to the flows of a run, and the
//! driver follows the plan.

use std::collections::BTreeSet;

use crate::base::vocabulary::ExportLevel;
use crate::suite::flow::{Flow, Identity, Method, Needs};
use crate::suite::named::Named;

/// The stage of a run in which a flow runs. A flow waits for all flows of earlier stages.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stage {
    /// The first stage, together with most flows.
    Together,
    /// After those, because it has `last = true`.
    Last,
    /// After those, because hooks change the data of the target.
    Hooks,
    /// After all others, because no other flow gets a token while the client's keys change.
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
    /// Flows that must be finished before it begins.
    pub turn: Vec<String>,
    /// Plain flows, if it runs at any level. Their kick-offs show which levels the target offers.
    pub levels: Vec<(ExportLevel, String)>,
    /// Flows that make the same request. Its job is kept until their kick-offs.
    pub kept_for: Vec<String>,
}

impl FlowWaits {
    /// Reduces the waits to the flows of a run. For each level, the first flow is enough.
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

/// Returns all flows with the flows that they wait for. They are in the order of the files, except that flows with
/// `last` follow the others, flows with hooks follow these, and each flow follows the flows that it names.
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

/// Places a flow after those that it names. A flow in a circle is placed once.
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
            // Flows that change data run one by one. Flows that only show the changes may run at the same time.
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
    // If a special Group is refused, the level may be offered for other Groups.
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

/// Whether the flow `from` names the flow `to`, directly or through other flows.
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
    fn flows_follow_the_flows_that_they_name() {
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
    fn a_flow_at_any_level_waits_for_plain_flows() {
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
        assert_eq!(levels("any"), plain, "except flows that wait for it");
        assert_eq!((levels("typed"), levels("probes")), (vec![], vec![]));
        let here = order.get("any").unwrap().among(|name| name == "system");
        assert_eq!(here.levels, plain[1..]);
    }
}
