//! Reads and searches that a Bulk Data client needs: a resource by its id, Groups, and counts.

use bytes::Bytes;
use http::StatusCode;
use percent_encoding::{AsciiSet, utf8_percent_encode};
use serde_json::{Value, json};

use crate::reference::cohorts;
use crate::reference::data::changing_data;
use crate::reference::data::filter::apply_filters;
use crate::reference::data::population::Population;
use crate::reference::data::rows::Rows;
use crate::reference::export::parameter_reader::excerpt;
use crate::reference::fault::active_behaviors::ActiveBehaviors;
use crate::reference::fault::behavior::Behavior;
use crate::reference::personality::spec::Personality;
use crate::reference::reply::{Context, FHIR_JSON, Payload, Point, ServerReply};
use crate::reference::request::{ServerRequest, query_parameters};
use crate::reference::state::ServerState;
use crate::search::query::Query;

/// The maximum number of entries in one search result.
const PAGE: u64 = 100;
/// The maximum number of resources that a search with criteria checks.
const MAX_SEARCHED: u64 = 10_000;
/// The characters that have a meaning between criteria.
const SEPARATORS: &AsciiSet = &AsciiSet::EMPTY.add(b'%').add(b'&').add(b'=');

/// Responds to `GET Type/id`.
pub(crate) fn read(server: &ServerState, name: &str, id: &str) -> ServerReply {
    if let Some(reply) = changing_data::read(server, name, id) {
        return reply;
    }
    let population = server.population();
    if population.was_removed(name, id) {
        return ServerReply::refusal(Point::Read, StatusCode::GONE, "deleted", "the resource was deleted");
    }
    match population.read(name, id) {
        Some(line) => ServerReply { payload: Payload::Raw(line), ..ServerReply::empty(Point::Read, StatusCode::OK) }
            .with("content-type", FHIR_JSON),
        None => ServerReply::refusal(Point::Read, StatusCode::NOT_FOUND, "not-found", "there is no such resource"),
    }
}

/// The parameters of a search.
struct SearchParameters {
    /// The maximum number of entries.
    limit: u64,
    count_only: bool,
    id: Option<String>,
    identifier: Option<String>,
    /// The start of a Group's name.
    name: Option<String>,
    /// The other criteria, as at most one query.
    query: Vec<Query>,
}

impl SearchParameters {
    /// Reads the parameters of a search for resources of the type `kind`.
    ///
    /// # Errors
    /// The refusal of a parameter that the server does not support.
    fn read(server: &ServerState, kind: &str, parameters: Vec<(String, String)>) -> Result<Self, Box<ServerReply>> {
        let mut search =
            Self { limit: PAGE, count_only: false, id: None, identifier: None, name: None, query: Vec::new() };
        let mut criteria = Vec::new();
        for (key, value) in parameters {
            match key.as_str() {
                "_summary" if value == "count" => search.count_only = true,
                "_count" => search.limit = value.parse().map_or(PAGE, |limit: u64| limit.min(PAGE)),
                "_id" => search.id = Some(value),
                "identifier" => search.identifier = Some(value),
                "_format" => {}
                "name" if kind == "Group" && server.has_cohorts() => search.name = Some(value),
                _ if server.spec() == Personality::Hcpd => criteria.push((key, value)),
                _ => return Err(refused(&format!("the search parameter {} is not supported", excerpt(&key)))),
            }
        }
        search.query = query(kind, &criteria)?;
        Ok(search)
    }

    fn has_criteria(&self) -> bool {
        self.id.is_some() || self.identifier.is_some() || self.name.is_some() || !self.query.is_empty()
    }

    /// The resources that match, without the Groups that clients created.
    fn matches(&self, server: &ServerState, kind: &str, population: &Population) -> Vec<Value> {
        let lines: Vec<Bytes> = match &self.id {
            Some(id) => population.read(kind, id).into_iter().collect(),
            None if self.has_criteria() => population.first(kind, MAX_SEARCHED),
            None => population.first(kind, self.limit),
        };
        let lines = match self.query.is_empty() {
            true => lines,
            false => {
                let conformant = ActiveBehaviors::default();
                apply_filters(&self.query, kind, Rows::held(lines), population.world(), &conformant).iter().collect()
            }
        };
        let all_names = server.does(Behavior::NamesPassedOver);
        lines
            .iter()
            .filter_map(|line| serde_json::from_slice::<Value>(line).ok())
            .filter(|value| self.identifier.as_deref().is_none_or(|wanted| has_identifier(value, wanted)))
            .filter(|value| all_names || self.name.as_deref().is_none_or(|name| cohorts::has_name(value, name)))
            .collect()
    }
}

/// Responds to `GET Type?...` with the first matching resources of a type, or their number.
pub(crate) fn search(server: &ServerState, kind: &str, request: &ServerRequest) -> ServerReply {
    let population = server.population();
    if !population.types().contains(&kind) {
        let text = "the server has no resources of this type";
        return ServerReply::refusal(Point::Search, StatusCode::NOT_FOUND, "not-supported", text);
    }
    let search = match SearchParameters::read(server, kind, query_parameters(&request.query)) {
        Ok(search) => search,
        Err(refusal) => return *refusal,
    };
    let exports_nothing = server.does(Behavior::ExportNothing);
    let mut found = if exports_nothing { Vec::new() } else { search.matches(server, kind, &population) };
    if let Some(name) = &search.name {
        let name = if server.does(Behavior::NamesPassedOver) { "" } else { name };
        found.extend(cohorts::named(server, name));
    }
    let total = match search.has_criteria() || exports_nothing {
        true => found.len() as u64,
        false if kind == "Patient" => changing_data::patient_count(server, population.count(kind)),
        false => population.count(kind),
    };
    let mut bundle = json!({ "resourceType": "Bundle", "type": "searchset", "total": total });
    if let (Some(fields), false, false) = (bundle.as_object_mut(), search.count_only, found.is_empty()) {
        let limit = usize::try_from(search.limit).unwrap_or(usize::MAX);
        let entries = found.into_iter().take(limit).map(|value| {
            let id = value.get("id").and_then(Value::as_str).unwrap_or_default();
            let url = format!("{}/{kind}/{id}", server.base());
            json!({ "fullUrl": url, "resource": value, "search": { "mode": "match" } })
        });
        fields.insert("entry".to_owned(), Value::Array(entries.collect()));
    }
    let params = search.name.into_iter().map(|name| ("name".to_owned(), name)).collect();
    ServerReply::fhir(Point::Search, StatusCode::OK, bundle).of(Context { params, ..Context::default() })
}

fn refused(text: &str) -> Box<ServerReply> {
    Box::new(ServerReply::refusal(Point::Search, StatusCode::BAD_REQUEST, "not-supported", text))
}

/// The query of these criteria; empty if there are no criteria.
///
/// # Errors
/// The refusal of a criterion that the server does not understand.
fn query(kind: &str, criteria: &[(String, String)]) -> Result<Vec<Query>, Box<ServerReply>> {
    if criteria.is_empty() {
        return Ok(Vec::new());
    }
    let encode = |text| utf8_percent_encode(text, SEPARATORS).to_string();
    let pairs: Vec<String> = criteria.iter().map(|(key, value)| format!("{}={}", encode(key), encode(value))).collect();
    let query = Query::parse(&format!("{kind}?{}", pairs.join("&"))).map_err(|error| refused(&error.to_string()))?;
    match query.unknown.first() {
        Some(unknown) => Err(refused(&format!("the search parameter {unknown} is not supported"))),
        None => Ok(vec![query]),
    }
}

/// Whether a resource has the identifier `value` or `system|value`.
fn has_identifier(resource: &Value, wanted: &str) -> bool {
    let list = resource.get("identifier").and_then(Value::as_array);
    list.into_iter().flatten().any(|own| {
        let part = |key: &str| own.get(key).and_then(Value::as_str).unwrap_or_default();
        match wanted.split_once('|') {
            Some((system, value)) => part("system") == system && part("value") == value,
            None => part("value") == wanted,
        }
    })
}
