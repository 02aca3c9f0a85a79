//! Checks of the CapabilityStatement against what kick-offs show: types, search parameters, levels and cohorts.

use serde_json::Value;

use crate::base::vocabulary::ExportLevel;
use crate::check::context::CheckContext;
use crate::check::exchange::{items, response};
use crate::check::metadata::statement::{entries, has_extension, statement};
use crate::check::outcome::{CheckOutcome, Violation};
use crate::check::show;
use crate::recording::model::{Exchange, Role};
use crate::suite::values::is_unrelated_refusal;
use crate::verdicts::finding_place::FindingPlace;

/// The end of the URL of the extension that excludes something from exports. The guide's text has it under
/// `Extension/`, its definition under `StructureDefinition/`.
const NOT_SUPPORTED: &str = "/operation-not-supported";

/// The kick-offs of the recording that were accepted.
fn accepted<'a>(context: &CheckContext<'a>) -> impl Iterator<Item = &'a Exchange> {
    let kickoffs = context.index.recording.exchanges.iter().filter(|e| e.role == Role::Kickoff && !e.superseded);
    kickoffs.filter(|e| response(e).is_some_and(|answer| (200..300).contains(&answer.status)))
}

/// `some-level-answers`: the server accepts a kick-off at one level at least.
pub(crate) fn some_level_answers(exchange: &Exchange, context: &CheckContext<'_>) -> CheckOutcome {
    let status = match response(exchange) {
        Some(answer) => answer.status,
        None => return CheckOutcome::Undecided("the kick-off got no answer".to_owned()),
    };
    if (200..300).contains(&status) {
        return CheckOutcome::Holds;
    }
    if accepted(context).next().is_some() {
        return CheckOutcome::NotApplicable("exports at another level are accepted, and no level is a duty".to_owned());
    }
    if is_unrelated_refusal(status) {
        return CheckOutcome::Undecided(format!("the kick-off was answered {status}"));
    }
    let expected = "a kick-off that is accepted, at one level at least";
    CheckOutcome::Violated(vec![Violation::new(FindingPlace::Status, expected, status.to_string())])
}

/// `filter-declared`: the CapabilityStatement lists the search parameter of a filter that has an effect. The server
/// does not refuse a listed parameter unless an extension excludes it from exports.
pub(crate) fn filter_declared(exchange: &Exchange, context: &CheckContext<'_>) -> CheckOutcome {
    let (id, statement) = match statement(context.index) {
        Ok(found) => found,
        Err(outcome) => return outcome,
    };
    let sent = context.flow.params.iter().find(|(name, _)| name == "_typeFilter").map(|(_, value)| value.as_str());
    let parts =
        sent.and_then(|filter| filter.split_once('?')).and_then(|(kind, rest)| Some((kind, rest.split_once('=')?.0)));
    let Some((kind, param)) = parts else { return CheckOutcome::NotApplicable("no filter was sent".to_owned()) };
    let entries: Vec<&Value> = entries(statement, kind).collect();
    if entries.is_empty() {
        return CheckOutcome::NotApplicable(format!("the CapabilityStatement does not list {kind}"));
    }
    let params = entries.iter().flat_map(|entry| items(entry, "searchParam").iter());
    let listed: Vec<&Value> = params.filter(|one| one.get("name").and_then(Value::as_str) == Some(param)).collect();
    let barred = entries.iter().copied().chain(listed.iter().copied());
    let barred = barred.into_iter().any(|one| has_extension(one, "extension", NOT_SUPPORTED));
    let Some(answer) = response(exchange) else {
        return CheckOutcome::Undecided("the kick-off got no answer".to_owned());
    };
    match answer.status {
        200..=299 => {
            let effect = context.flow.comparison.as_ref().map(|comparison| comparison.spared);
            if !effect.is_some_and(|spared| spared.expected > 0 && spared.found < spared.expected) {
                return CheckOutcome::NotShown("that the filter has an effect was not seen".to_owned());
            }
            CheckOutcome::or_violation(!listed.is_empty() && !barred, || {
                let expected = format!("searchParam {param} of {kind}, by which _typeFilter filters");
                let actual = if barred { "one that is said to be of no use in exports" } else { "none" };
                Violation::new(FindingPlace::body("/rest/0/resource"), expected, actual).shown_by(id)
            })
        }
        status if is_unrelated_refusal(status) => {
            CheckOutcome::Undecided(format!("the kick-off was answered {status}"))
        }
        _ if listed.is_empty() || barred => {
            CheckOutcome::NotApplicable(format!("{param} is not listed as good for exports of {kind}"))
        }
        // A refusal does not show whether the server supports filters at all.
        _ => CheckOutcome::NotShown("a filter by a listed parameter was refused, as every filter may be".to_owned()),
    }
}

/// `refused-type-flagged`: a listed type that the server refuses in `_type`, although it accepts another one, has the
/// extension that says so.
pub(crate) fn refused_type_flagged(exchange: &Exchange, context: &CheckContext<'_>) -> CheckOutcome {
    let types = |exchange: &Exchange| -> Vec<String> {
        let flow = exchange.flow.as_deref().and_then(|flow| context.index.flow(flow));
        let sent = flow.into_iter().flat_map(|flow| &flow.params).filter(|(name, _)| name == "_type");
        sent.flat_map(|(_, value)| value.split(',')).map(|one| one.trim().to_owned()).collect()
    };
    let asked = types(exchange);
    let [kind] = asked.as_slice() else { return CheckOutcome::NotApplicable("not one type was asked for".to_owned()) };
    let Some(answer) = response(exchange) else {
        return CheckOutcome::Undecided("the kick-off got no answer".to_owned());
    };
    match answer.status {
        200..=299 => return CheckOutcome::NotApplicable(format!("{kind} is not refused")),
        status if is_unrelated_refusal(status) => {
            return CheckOutcome::Undecided(format!("the kick-off was answered {status}"));
        }
        400..=499 | 501 => {}
        status => return CheckOutcome::NotApplicable(format!("an answer of {status} says nothing of the type")),
    }
    if context.flow.export != ExportLevel::System && !crate::base::resource_types::is_in_patient_compartment(kind) {
        return CheckOutcome::NotApplicable(format!(
            "{kind} does not belong to patients, and is rightly refused at this level"
        ));
    }
    if !accepted(context).any(|other| !types(other).is_empty() && !types(other).contains(kind)) {
        return CheckOutcome::NotApplicable("no kick-off with another _type was accepted".to_owned());
    }
    let (id, statement) = match statement(context.index) {
        Ok(found) => found,
        Err(outcome) => return outcome,
    };
    let entries: Vec<&Value> = entries(statement, kind).collect();
    if entries.is_empty() {
        return CheckOutcome::NotApplicable(format!("the CapabilityStatement does not list {kind}"));
    }
    CheckOutcome::or_violation(entries.iter().any(|entry| has_extension(entry, "extension", NOT_SUPPORTED)), || {
        let expected =
            format!("the extension operation-not-supported on {}, which is refused in _type", show::text(kind));
        Violation::new(FindingPlace::body("/rest/0/resource"), expected, "none").shown_by(id)
    })
}

/// `undeclared-type-refused`: the server refuses the only type in `_type` if the CapabilityStatement does not list it.
pub(crate) fn undeclared_type_refused(exchange: &Exchange, context: &CheckContext<'_>) -> CheckOutcome {
    let (id, statement) = match statement(context.index) {
        Ok(found) => found,
        Err(outcome) => return outcome,
    };
    let sent = context.flow.params.iter().filter(|(name, _)| name == "_type").map(|(_, value)| value.as_str());
    let asked: Vec<&str> = sent.flat_map(|value| value.split(',')).map(str::trim).collect();
    let [kind] = asked.as_slice() else { return CheckOutcome::NotApplicable("not one type was asked for".to_owned()) };
    if items(statement, "rest").iter().all(|rest| items(rest, "resource").iter().next().is_none()) {
        return CheckOutcome::NotApplicable("the CapabilityStatement lists no types".to_owned());
    }
    if entries(statement, kind).next().is_some() {
        return CheckOutcome::NotApplicable(format!("the CapabilityStatement lists {kind}"));
    }
    let Some(answer) = response(exchange) else {
        return CheckOutcome::Undecided("the kick-off got no answer".to_owned());
    };
    match answer.status {
        status if is_unrelated_refusal(status) => {
            CheckOutcome::Undecided(format!("the kick-off was answered {status}"))
        }
        400..=499 | 501 => CheckOutcome::Holds,
        status => {
            let expected = show::text(kind).map(|kind| format!("a refusal, for exchange {id} does not list {kind}"));
            CheckOutcome::Violated(vec![Violation::new(FindingPlace::Status, expected, status.to_string())])
        }
    }
}
