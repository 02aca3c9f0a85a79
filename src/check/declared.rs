//! Checks of what the CapabilityStatement says of types, search parameters, levels and cohorts, against what kick-offs
//! showed.

use serde_json::Value;

use crate::base::vocabulary::ExportLevel;
use crate::check::capability::{list, statement};
use crate::check::context::{CheckContext, CheckOutcome, Violation, response};
use crate::check::show;
use crate::recording::model::{Exchange, Role};
use crate::suite::values::is_unrelated_refusal;

/// The end of the URLs of the extension that takes something out of exports: the guide's text has it under `Extension/`,
/// its definition under `StructureDefinition/`.
const NOT_SUPPORTED: &str = "/operation-not-supported";

/// Whether `value` has an extension whose URL ends so.
pub(crate) fn has_extension(value: &Value, key: &str, end: &str) -> bool {
    list(value, key).any(|extension| extension.get("url").and_then(Value::as_str).is_some_and(|url| url.ends_with(end)))
}

/// The entries of `rest.resource` for one type.
pub(crate) fn entries<'a>(statement: &'a Value, kind: &'a str) -> impl Iterator<Item = &'a Value> {
    let all = list(statement, "rest").flat_map(|rest| list(rest, "resource"));
    all.filter(move |resource| resource.get("type").and_then(Value::as_str) == Some(kind))
}

/// The kick-offs of the recording that were accepted.
fn accepted<'a>(context: &CheckContext<'a>) -> impl Iterator<Item = &'a Exchange> {
    let kickoffs = context.index.recording.exchanges.iter().filter(|e| e.role == Role::Kickoff && !e.superseded);
    kickoffs.filter(|e| response(e).is_some_and(|answer| (200..300).contains(&answer.status)))
}

/// `some-level-answers`: a kick-off at one level at least was accepted.
pub fn some_level_answers(exchange: &Exchange, context: &CheckContext<'_>) -> CheckOutcome {
    let status = match response(exchange) {
        Some(answer) => answer.status,
        None => return CheckOutcome::Unknown("the kick-off got no answer".to_owned()),
    };
    if (200..300).contains(&status) {
        return CheckOutcome::Yes;
    }
    if accepted(context).next().is_some() {
        return CheckOutcome::Nothing("exports at another level are accepted, and no level is a duty".to_owned());
    }
    if is_unrelated_refusal(status) {
        return CheckOutcome::Unknown(format!("the kick-off was answered {status}"));
    }
    let expected = "a kick-off that is accepted, at one level at least";
    CheckOutcome::No(vec![Violation::new("status", "status", expected, status.to_string())])
}

/// `filter-declared`: a search parameter by which a filter has an effect is listed for its type, and one that is listed,
/// without a word that exports do not take it, is not refused.
pub fn filter_declared(exchange: &Exchange, context: &CheckContext<'_>) -> CheckOutcome {
    let (id, statement) = match statement(context.index) {
        Ok(found) => found,
        Err(held) => return held,
    };
    let sent = context.flow.params.iter().find(|(name, _)| name == "_typeFilter").map(|(_, value)| value.as_str());
    let parts =
        sent.and_then(|filter| filter.split_once('?')).and_then(|(kind, rest)| Some((kind, rest.split_once('=')?.0)));
    let Some((kind, param)) = parts else { return CheckOutcome::Nothing("no filter was sent".to_owned()) };
    let entries: Vec<&Value> = entries(statement, kind).collect();
    if entries.is_empty() {
        return CheckOutcome::Nothing(format!("the CapabilityStatement does not list {kind}"));
    }
    let params = entries.iter().flat_map(|entry| list(entry, "searchParam"));
    let listed: Vec<&Value> = params.filter(|one| one.get("name").and_then(Value::as_str) == Some(param)).collect();
    let barred = entries.iter().copied().chain(listed.iter().copied());
    let barred = barred.into_iter().any(|one| has_extension(one, "extension", NOT_SUPPORTED));
    let Some(answer) = response(exchange) else {
        return CheckOutcome::Unknown("the kick-off got no answer".to_owned());
    };
    match answer.status {
        200..=299 => {
            let effect = context.flow.comparison.as_ref().map(|comparison| comparison.spared);
            if !effect.is_some_and(|spared| spared.expected > 0 && spared.found < spared.expected) {
                return CheckOutcome::NoData("that the filter has an effect was not seen".to_owned());
            }
            CheckOutcome::or_violation(!listed.is_empty() && !barred, || {
                let expected = format!("searchParam {param} of {kind}, by which _typeFilter filters");
                let actual = if barred { "one that is said to be of no use in exports" } else { "none" };
                Violation::new("body", "body /rest/0/resource", expected, actual).shown_by(id)
            })
        }
        status if is_unrelated_refusal(status) => CheckOutcome::Unknown(format!("the kick-off was answered {status}")),
        _ if listed.is_empty() || barred => {
            CheckOutcome::Nothing(format!("{param} is not listed as good for exports of {kind}"))
        }
        // Whether filters are supported at all shows in no refusal.
        _ => CheckOutcome::NoData("a filter by a listed parameter was refused, as every filter may be".to_owned()),
    }
}

/// `refused-type-flagged`: a type that is listed, and is refused in `_type` where another is accepted, has the extension
/// that says so.
pub fn refused_type_flagged(exchange: &Exchange, context: &CheckContext<'_>) -> CheckOutcome {
    let types = |exchange: &Exchange| -> Vec<String> {
        let flow = exchange.flow.as_deref().and_then(|flow| context.index.flow(flow));
        let sent = flow.into_iter().flat_map(|flow| &flow.params).filter(|(name, _)| name == "_type");
        sent.flat_map(|(_, value)| value.split(',')).map(|one| one.trim().to_owned()).collect()
    };
    let asked = types(exchange);
    let [kind] = asked.as_slice() else { return CheckOutcome::Nothing("not one type was asked for".to_owned()) };
    let Some(answer) = response(exchange) else {
        return CheckOutcome::Unknown("the kick-off got no answer".to_owned());
    };
    match answer.status {
        200..=299 => return CheckOutcome::Nothing(format!("{kind} is not refused")),
        status if is_unrelated_refusal(status) => {
            return CheckOutcome::Unknown(format!("the kick-off was answered {status}"));
        }
        400..=499 | 501 => {}
        status => return CheckOutcome::Nothing(format!("an answer of {status} says nothing of the type")),
    }
    if context.flow.export != ExportLevel::System && !crate::base::resource_types::is_in_patient_compartment(kind) {
        return CheckOutcome::Nothing(format!(
            "{kind} does not belong to patients, and is rightly refused at this level"
        ));
    }
    if !accepted(context).any(|other| !types(other).is_empty() && !types(other).contains(kind)) {
        return CheckOutcome::Nothing("no kick-off with another _type was accepted".to_owned());
    }
    let (id, statement) = match statement(context.index) {
        Ok(found) => found,
        Err(held) => return held,
    };
    let entries: Vec<&Value> = entries(statement, kind).collect();
    if entries.is_empty() {
        return CheckOutcome::Nothing(format!("the CapabilityStatement does not list {kind}"));
    }
    CheckOutcome::or_violation(entries.iter().any(|entry| has_extension(entry, "extension", NOT_SUPPORTED)), || {
        let expected =
            format!("the extension operation-not-supported on {}, which is refused in _type", show::text(kind));
        Violation::new("body", "body /rest/0/resource", expected, "none").shown_by(id)
    })
}

/// `undeclared-type-refused`: the one type that was asked for, where it is not listed, is refused.
pub fn undeclared_type_refused(exchange: &Exchange, context: &CheckContext<'_>) -> CheckOutcome {
    let (id, statement) = match statement(context.index) {
        Ok(found) => found,
        Err(held) => return held,
    };
    let sent = context.flow.params.iter().filter(|(name, _)| name == "_type").map(|(_, value)| value.as_str());
    let asked: Vec<&str> = sent.flat_map(|value| value.split(',')).map(str::trim).collect();
    let [kind] = asked.as_slice() else { return CheckOutcome::Nothing("not one type was asked for".to_owned()) };
    if list(statement, "rest").all(|rest| list(rest, "resource").next().is_none()) {
        return CheckOutcome::Nothing("the CapabilityStatement lists no types".to_owned());
    }
    if entries(statement, kind).next().is_some() {
        return CheckOutcome::Nothing(format!("the CapabilityStatement lists {kind}"));
    }
    let Some(answer) = response(exchange) else {
        return CheckOutcome::Unknown("the kick-off got no answer".to_owned());
    };
    match answer.status {
        status if is_unrelated_refusal(status) => CheckOutcome::Unknown(format!("the kick-off was answered {status}")),
        400..=499 | 501 => CheckOutcome::Yes,
        status => {
            let expected = format!("a refusal, for exchange {id} does not list {}", show::text(kind));
            CheckOutcome::No(vec![Violation::new("status", "status", expected, status.to_string())])
        }
    }
}
