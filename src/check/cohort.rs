//! Checks of Groups that are defined by a filter, and of those that the run has made.

use serde_json::Value;

use crate::base::vocabulary::ExportLevel;
use crate::check::capability::{list, statement};
use crate::check::context::{Broken, Held, Scene, response};
use crate::check::declared::{entries, has_extension};
use crate::recording::model::{Exchange, FlowRecord, Role};

/// The end of the canonical URL of the profile of cohorts.
const COHORT: &str = "/bulk-cohort-group";
/// The same of the extension that says who is in a cohort.
const MEMBER_FILTER: &str = "/member-filter";

fn is_profile(value: &Value, end: &str) -> bool {
    value.as_str().is_some_and(|url| url.split('|').next().unwrap_or_default().ends_with(end))
}

/// Whether the CapabilityStatement lists the profile of cohorts for Group, and the exchange that says so.
fn listed(scene: &Scene<'_>) -> Result<(u32, bool), Held> {
    let (id, statement) = statement(scene.index)?;
    let mut profiles = entries(statement, "Group").flat_map(|group| list(group, "supportedProfile"));
    Ok((id, profiles.any(|profile| is_profile(profile, COHORT))))
}

/// `cohort-declared`: the profile of cohorts is among the supported ones of Group.
pub fn cohort_declared(scene: &Scene<'_>) -> Held {
    match listed(scene) {
        Ok((_, true)) => Held::Yes,
        Ok(_) => Held::Nothing("the CapabilityStatement does not list the profile of cohorts".to_owned()),
        Err(held) => held,
    }
}

/// `cohort-listed`: the same, as it must be.
pub fn cohort_listed(scene: &Scene<'_>) -> Held {
    match listed(scene) {
        Ok((id, good)) => Held::or_broken(good, || {
            let expected = "supportedProfile of Group with the profile of cohorts, which the server is said to have";
            Broken::new("body", "body /rest/0/resource", expected, "none").shown_by(id)
        }),
        Err(held) => held,
    }
}

/// `cohort-claimed`: the settings say that the target has the API.
pub fn cohort_claimed(scene: &Scene<'_>) -> Held {
    match scene.index.tape.start.settings.iter().any(|(name, _)| name == "cohorts") {
        true => Held::Yes,
        false => Held::Nothing("nobody says that the server has the Bulk Cohort API, which --cohorts does".to_owned()),
    }
}

/// `cohort-filtered`: a Group that claims the profile of cohorts has a member filter.
pub fn cohort_filtered(exchange: &Exchange) -> Held {
    let Some(answer) = response(exchange).filter(|answer| answer.status == 200) else {
        return Held::Nothing("the Group was not read".to_owned());
    };
    // Of a Group without the profile nothing is kept.
    let group = answer.body.json.as_ref();
    let profiles = group.and_then(|group| group.get("meta")).into_iter().flat_map(|meta| list(meta, "profile"));
    if !profiles.into_iter().any(|profile| is_profile(profile, COHORT)) {
        return Held::Nothing("the Group does not claim the profile of cohorts".to_owned());
    }
    filtered(group)
}

/// `made-filtered`: a Group that was made with a member filter has one when it is read.
pub fn made_filtered(exchange: &Exchange) -> Held {
    match response(exchange) {
        Some(answer) if answer.body.resource_type.as_deref() == Some("Group") => filtered(answer.body.json.as_ref()),
        Some(_) => Held::Unknown("what was read is no Group in JSON".to_owned()),
        None => Held::Unknown("there is no answer".to_owned()),
    }
}

/// Whether what is kept of a Group has the filter.
fn filtered(group: Option<&Value>) -> Held {
    Held::or_broken(group.is_some_and(|group| has_extension(group, "modifierExtension", MEMBER_FILTER)), || {
        Broken::new("body", "body /modifierExtension", "the extension member-filter", "none")
    })
}

/// `found-by-name`: the search found the Group, and none of another name.
pub fn found_by_name(exchange: &Exchange, scene: &Scene<'_>) -> Held {
    if response(exchange).is_none_or(|answer| answer.status != 200) {
        return Held::Nothing("there is no search result".to_owned());
    }
    let Some(named) = scene.flow.named else { return Held::Unknown("the search was not read".to_owned()) };
    let actual = match (named.found, named.others) {
        (true, 0) => return Held::Yes,
        (false, _) => "not that one".to_owned(),
        (true, others) => format!("that one, and {others} of other names"),
    };
    Held::No(vec![Broken::new("body", "body /entry", "the Group of that name", actual)])
}

/// `exports-elsewhere`: another plain export of a Group ended well; where the run made none, one at any level.
/// A run that makes no other export shows nothing against it.
pub fn exports_elsewhere(scene: &Scene<'_>) -> Held {
    let kicked_off = |flow: &&FlowRecord| flow.name != scene.flow.name && scene.index.kickoff(&flow.name).is_some();
    let others: Vec<&FlowRecord> = scene.index.tape.flows.iter().filter(kicked_off).collect();
    let plain = |flow: &&FlowRecord| flow.export == ExportLevel::Group && flow.params.is_empty() && !flow.posted;
    // One that was not asked for so much ended well where it ended.
    let fine = |flow: &FlowRecord| flow.stop.is_none() || scene.index.manifest(&flow.name).is_some();
    let mut groups = others.iter().copied().filter(plain).peekable();
    let works = match groups.peek() {
        Some(_) => groups.any(fine),
        None => others.is_empty() || others.iter().copied().any(fine),
    };
    match works {
        true => Held::Yes,
        false => Held::Nothing("other exports fail as well, and other tests tell of those".to_owned()),
    }
}

/// `group-erased`: the DELETE of the Group that the run made was answered with success.
pub fn group_erased(scene: &Scene<'_>) -> Held {
    let of_group = |e: &Exchange| e.role == Role::Probe && !e.superseded && e.request.method == "DELETE";
    let erase = scene.index.exchanges(&scene.flow.name).iter().rev().copied().find(|e| of_group(e));
    match erase.and_then(response).map(|answer| answer.status) {
        Some(200 | 204) => Held::Yes,
        Some(status) => Held::Nothing(format!("the DELETE was answered {status}, which does not say that it is done")),
        None => Held::Nothing("the Group was not deleted".to_owned()),
    }
}
