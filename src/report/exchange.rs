//! An exchange in words.

use std::collections::BTreeMap;

use crate::recording::model::{Exchange, Role};
use crate::report::escape::visible;
use crate::report::text;
use crate::verdicts::judged_run::Run;

/// Returns the exchange `id`, if the recording has it.
pub fn find(run: &Run, id: u32) -> Option<&Exchange> {
    // Ids are ascending in a run of this program, but perhaps not in a file.
    match run.exchanges.binary_search_by_key(&id, |e| e.id) {
        Ok(i) => run.exchanges.get(i),
        Err(_) => run.exchanges.iter().find(|e| e.id == id),
    }
}

/// Returns an exchange in words: `exchange 14, patient, poll 2 of 4, +3.0 s`.
pub fn label(run: &Run, exchange: &Exchange) -> String {
    let mut parts = vec![format!("exchange {}", exchange.id)];
    parts.extend(exchange.flow.as_deref().map(visible));
    parts.push(part(run, exchange));
    parts.push(format!("+{}", text::seconds(exchange.at)));
    parts.join(", ")
}

/// Returns the place of an exchange in its flow: `poll 2 of 4`, `file output/0`, `probe gone`.
pub fn part(run: &Run, exchange: &Exchange) -> String {
    match (exchange.role, &exchange.probe, exchange.file) {
        (_, Some(probe), _) => format!("probe {}", visible(probe)),
        (Role::Poll, ..) if exchange.superseded => "poll, repeated later".to_owned(),
        (Role::Poll, ..) => {
            let same = |e: &&Exchange| e.role == Role::Poll && e.flow == exchange.flow && e.probe.is_none();
            let ids: Vec<u32> = run.exchanges.iter().filter(same).filter(|e| !e.superseded).map(|e| e.id).collect();
            let at = ids.iter().position(|id| *id == exchange.id).map_or(0, |i| i + 1);
            format!("poll {at} of {}", ids.len())
        }
        (_, _, Some(file)) => format!("file {}/{}", file.list, file.index),
        (Role::Kickoff, ..) => "kick-off".to_owned(),
        (Role::Cleanup, ..) => "clean-up".to_owned(),
        (Role::SmartConfiguration, ..) => "SMART configuration".to_owned(),
        (role, ..) => role.to_string(),
    }
}

/// Returns the noun for a number of exchanges of this kind.
pub(crate) fn noun(exchange: &Exchange) -> &'static str {
    match exchange.role {
        _ if exchange.probe.is_some() => "probe",
        Role::Poll => "poll",
        Role::Page => "page of the manifest",
        Role::File => "file",
        Role::Kickoff => "kick-off",
        Role::Delete => "DELETE",
        _ => "exchange",
    }
}

/// Returns a header name in its usual spelling: `content-location` is `Content-Location`.
pub fn header_name(name: &str) -> String {
    match name.to_ascii_lowercase().as_str() {
        "etag" => return "ETag".to_owned(),
        "www-authenticate" => return "WWW-Authenticate".to_owned(),
        _ => {}
    }
    let parts: Vec<String> = name
        .split('-')
        .map(|p| {
            let mut chars = p.chars();
            chars.next().map_or_else(String::new, |c| c.to_ascii_uppercase().to_string() + chars.as_str())
        })
        .collect();
    visible(&parts.join("-"))
}

/// Returns a status code with its reason phrase: `202 Accepted`.
pub fn status_words(status: u16) -> String {
    let reason = http::StatusCode::from_u16(status).ok().and_then(|s| s.canonical_reason());
    reason.map_or_else(|| status.to_string(), |r| format!("{status} {r}"))
}

/// Returns the exchanges of each flow in the order sent; exchanges without a flow are under `None`.
pub(crate) fn by_flow(run: &Run) -> BTreeMap<Option<&str>, Vec<&Exchange>> {
    let mut out: BTreeMap<Option<&str>, Vec<&Exchange>> = BTreeMap::new();
    for exchange in &run.exchanges {
        out.entry(exchange.flow.as_deref()).or_default().push(exchange);
    }
    out
}
