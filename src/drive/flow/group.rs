//! The Group that a run creates: its content, its name, and the requests that find it again.

use http::header::ACCEPT;
use http::{HeaderMap, Method, StatusCode};
use serde_json::{Value, json};
use url::Url;

use crate::drive::context::FlowContext;
use crate::drive::flow::requests;
use crate::drive::resume_journal::JournalLine;
use crate::measure::group_response::named;
use crate::recording::model::Role;
use crate::session::exchange::RequestSpec;
use crate::suite::flow::Probe;
use crate::suite::param::SampleValueName;
use crate::suite::send::Send;

/// The profile of Groups with members that a filter defines.
const PROFILE: &str = "http://hl7.org/fhir/uv/bulkdata/StructureDefinition/bulk-cohort-group";

/// The extension that holds the filter.
const MEMBER_FILTER: &str = "http://hl7.org/fhir/uv/bulkdata/StructureDefinition/member-filter";

/// Returns the name of the Group that the flow exports, or of the second Group that `probe` sends. It contains the
/// start time of the run.
pub(crate) fn group_name(context: &FlowContext<'_>, probe: Option<&Probe>) -> String {
    let started = crate::base::instant::rfc3339(context.run.clock.started());
    let digits: String = started.chars().filter(char::is_ascii_digit).collect();
    let second = probe.filter(|probe| !probe.makes_group() && probe.send == Send::Create);
    let suffix = second.map(|probe| format!("-{}", probe.id)).unwrap_or_default();
    format!("plimsoll-{digits}{suffix}")
}

/// Returns the URL of a Group.
pub(crate) fn group_url(context: &FlowContext<'_>, id: &str) -> Url {
    requests::under(&context.run.settings.base, &["Group", id])
}

/// Returns the Group to send: persons, defined by a filter that every server with patients can apply.
pub(crate) fn group_body(context: &FlowContext<'_>, name: &str, id: Option<&str>) -> Value {
    let gender = context.run.settings.values.get(&SampleValueName::Gender).map_or("female", String::as_str);
    let filter = format!("Patient?{}", requests::query(&[("gender".to_owned(), gender.to_owned())]));
    let mut group = json!({
        "resourceType": "Group",
        "meta": { "profile": [PROFILE] },
        "modifierExtension": [{
            "url": MEMBER_FILTER,
            "valueExpression": { "language": "application/x-fhir-query", "expression": filter }
        }],
        "type": "person",
        "actual": false,
        "name": name
    });
    if let (Some(fields), Some(id)) = (group.as_object_mut(), id) {
        fields.insert("id".to_owned(), id.into());
    }
    group
}

/// Returns the request that searches for a Group by name.
pub(crate) fn search_request(context: &FlowContext<'_>, name: &str, role: Role) -> RequestSpec {
    let mut url = requests::under(&context.run.settings.base, &["Group"]);
    url.set_query(Some(&requests::query(&[("name".to_owned(), name.to_owned())])));
    requests::plain(context.name(), role, Method::GET, url, accept())
}

/// Requests the Groups with exactly this name; returns their ids.
pub(crate) async fn find_by_name(context: &FlowContext<'_>, name: &str, role: Role) -> Vec<String> {
    let mut request = search_request(context, name, role);
    request.probe = (role == Role::Probe).then(|| "where".to_owned());
    match context.run.session.send(request).await.result {
        Ok(whole) if whole.status == StatusCode::OK => named(&whole.body, name, "").1,
        _ => Vec::new(),
    }
}

/// Returns whether the Group `id` can be the one that was sent with the name `name`. Clean-up will delete it, and the
/// server may have returned the id of another Group by mistake.
pub(crate) async fn is_ours(context: &FlowContext<'_>, id: &str, name: &str) -> bool {
    let settings = &context.run.settings;
    let named = [&settings.empty_group, &settings.forbidden_group];
    if settings.groups.iter().chain(named.into_iter().flatten()).any(|known| known == id) {
        return false;
    }
    let mut request = requests::plain(context.name(), Role::Probe, Method::GET, group_url(context, id), accept());
    request.probe = Some("whose".to_owned());
    match context.run.session.send(request).await.result {
        Ok(whole) if whole.status == StatusCode::OK => {
            let group: Value = serde_json::from_slice(&whole.body).unwrap_or_default();
            group.get("name").is_none_or(|known| known.as_str() == Some(name))
        }
        _ => true,
    }
}

/// Notes that clean-up must delete a Group.
pub(crate) fn hold_group(context: &FlowContext<'_>, id: &str) {
    let url = group_url(context, id);
    if context.cohort().groups.contains(&url) {
        return;
    }
    context.run.journal.write(&JournalLine::Held { flow: context.name().to_owned(), job: url.clone(), own: None });
    context.run.jobs.hold(&url, None);
    context.cohort().groups.push(url);
}

/// Notes that it is now known whether the Group of this name exists.
pub(crate) fn confirm(context: &FlowContext<'_>, name: &str) {
    context.cohort().unconfirmed.retain(|sent| sent != name);
}

/// Returns the headers of requests for Groups.
pub(crate) fn accept() -> HeaderMap {
    requests::usual(&[(ACCEPT, "application/fhir+json")])
}
