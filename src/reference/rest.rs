//! Reads and searches, as far as a bulk client wants them: a resource by its id, Groups, and counts.

use bytes::Bytes;
use http::StatusCode;
use serde_json::{Value, json};

use crate::reference::cohorts::is_named;
use crate::reference::data::filter::sift;
use crate::reference::data::rows::Rows;
use crate::reference::fault::behavior::Behavior;
use crate::reference::params;
use crate::reference::reply::{Context, FHIR_JSON, Payload, Point, ServerReply};
use crate::reference::server::{Server, ServerRequest};
use crate::search::query::Query;

/// The most entries in one search result.
const PAGE: u64 = 100;

impl Server {
    /// Answers `GET Type/id`.
    pub(crate) fn read(&self, name: &str, id: &str) -> ServerReply {
        if let Some(now) = self.as_it_is_now(name, id) {
            return now;
        }
        let population = self.population();
        if population.was_removed(name, id) {
            return ServerReply::refusal(Point::Read, StatusCode::GONE, "deleted", "it was deleted");
        }
        match population.read(name, id) {
            Some(line) => {
                ServerReply { payload: Payload::Raw(line), ..ServerReply::empty(Point::Read, StatusCode::OK) }
                    .with("content-type", FHIR_JSON)
            }
            None => ServerReply::refusal(Point::Read, StatusCode::NOT_FOUND, "not-found", "there is no such resource"),
        }
    }

    /// Answers `GET Type?...`: the first resources of a type, or how many there are.
    pub(crate) fn search(&self, name: &str, ask: &ServerRequest) -> ServerReply {
        let population = self.population();
        if !population.types().contains(&name) {
            let text = "there is no such resource type here";
            return ServerReply::refusal(Point::Search, StatusCode::NOT_FOUND, "not-supported", text);
        }
        let mut limit = PAGE;
        let mut count_only = false;
        let (mut id, mut identifier, mut criteria) = (None, None, Vec::new());
        let mut named = None;
        for (key, value) in params::of_query(&ask.query) {
            match key.as_str() {
                "_summary" if value == "count" => count_only = true,
                "_count" => limit = value.parse().map_or(PAGE, |asked: u64| asked.min(PAGE)),
                "_id" => id = Some(value),
                "identifier" => identifier = Some(value),
                "_format" => {}
                "name" if name == "Group" && self.takes_cohorts() => named = Some(value),
                _ if self.is_hcpd() => criteria.push((key, value)),
                _ => {
                    let shown: String = key.chars().take(80).collect();
                    let text = format!("the search parameter {shown} is not supported");
                    return ServerReply::refusal(Point::Search, StatusCode::BAD_REQUEST, "not-supported", &text);
                }
            }
        }
        let search = match search_of(name, &criteria) {
            Ok(search) => search,
            Err(refusal) => return *refusal,
        };
        let filtered = id.is_some() || identifier.is_some() || named.is_some() || !search.is_empty();
        let lines: Vec<Bytes> = match &id {
            Some(id) => population.read(name, id).into_iter().collect(),
            None if filtered => population.first(name, 10_000),
            None => population.first(name, limit),
        };
        let lines = match search.is_empty() {
            true => lines,
            false => sift(&search, name, Rows::held(lines), population.world(), &|_| false).iter().collect(),
        };
        let found = lines.iter().filter_map(|line| serde_json::from_slice::<Value>(line).ok());
        let mut context = Context::default();
        if let Some(text) = &named {
            context.params.push(("name".to_owned(), text.clone()));
        }
        let named = named.map(|text| if self.does(Behavior::NamesPassedOver) { String::new() } else { text });
        let own = named.as_deref().map(|text| self.cohorts_named(text)).unwrap_or_default();
        let found: Vec<Value> = found
            .filter(|value| identifier.as_deref().is_none_or(|wanted| has_identifier(value, wanted)))
            .filter(|value| is_named(value, named.as_deref()))
            .collect();
        let mut found = if self.does(Behavior::ExportNothing) { Vec::new() } else { found };
        found.extend(own);
        let filtered = filtered || self.does(Behavior::ExportNothing);
        let total = if filtered { found.len() as u64 } else { population.count(name) };
        let total = if name == "Patient" && !filtered { self.patients_by_now(total) } else { total };
        let mut bundle = json!({ "resourceType": "Bundle", "type": "searchset", "total": total });
        if let (Some(fields), false, false) = (bundle.as_object_mut(), count_only, found.is_empty()) {
            let limit = usize::try_from(limit).unwrap_or(usize::MAX);
            let entries = found.into_iter().take(limit).map(|value| {
                let id = value.get("id").and_then(Value::as_str).unwrap_or_default();
                let url = format!("{}/{name}/{id}", self.base());
                json!({ "fullUrl": url, "resource": value, "search": { "mode": "match" } })
            });
            fields.insert("entry".to_owned(), Value::Array(entries.collect()));
        }
        ServerReply::fhir(Point::Search, StatusCode::OK, bundle).of(context)
    }
}

/// The search that criteria make; none: there are no criteria.
///
/// # Errors
/// The refusal of one that is not understood.
fn search_of(name: &str, criteria: &[(String, String)]) -> Result<Vec<Query>, Box<ServerReply>> {
    if criteria.is_empty() {
        return Ok(Vec::new());
    }
    let refused =
        |text: String| Box::new(ServerReply::refusal(Point::Search, StatusCode::BAD_REQUEST, "not-supported", &text));
    let coded = |text: &String| text.replace('%', "%25").replace('&', "%26").replace('=', "%3D");
    let pairs: Vec<String> = criteria.iter().map(|(key, value)| format!("{}={}", coded(key), coded(value))).collect();
    let query = Query::parse(&format!("{name}?{}", pairs.join("&"))).map_err(|error| refused(error.to_string()))?;
    match query.unknown.first() {
        Some(unknown) => Err(refused(format!("the search parameter {unknown} is not supported"))),
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
