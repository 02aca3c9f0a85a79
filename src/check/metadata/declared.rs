//! Compares the CapabilityStatement with the responses to kick-offs: types, search parameters and levels.

use serde_json::Value;

use crate::base::vocabulary::ExportLevel;
use crate::check::context::CheckContext;
use crate::check::exchange::{items, response};
use crate::check::metadata::statement::{entries, has_extension, statement};
use crate::check::outcome::{CheckOutcome, Violation};
use crate::check::{reasons, show};
use crate::recording::facts::FileFacts;
use crate::recording::model::{Exchange, Phase, Role};
use crate::suite::describe;
use crate::suite::model::FileList;
use crate::suite::values::is_unrelated_refusal;
use crate::verdicts::finding_place::FindingPlace;

/// The end of the URL of the extension that excludes something from exports. The guide's text has it under
/// `Extension/`, its definition under `StructureDefinition/`.
const NOT_SUPPORTED: &str = "/operation-not-supported";

/// Returns the accepted kick-offs of the recording.
fn accepted<'a>(context: &CheckContext<'a>) -> impl Iterator<Item = &'a Exchange> {
    let kickoffs = context.index.recording.exchanges.iter().filter(|e| e.role == Role::Kickoff && !e.superseded);
    kickoffs.filter(|e| response(e).is_some_and(|answer| (200..300).contains(&answer.status)))
}

/// `some-level-answers`: the server accepts a kick-off at one or more levels.
pub(crate) fn some_level_answers(exchange: &Exchange, context: &CheckContext<'_>) -> CheckOutcome {
    let status = match response(exchange) {
        Some(answer) => answer.status,
        None => return CheckOutcome::Undecided(reasons::NO_KICKOFF_RESPONSE.to_owned()),
    };
    if (200..300).contains(&status) {
        return CheckOutcome::Holds;
    }
    if accepted(context).next().is_some() {
        return CheckOutcome::NotApplicable(
            "the server accepts exports at another level, and no level is mandatory".to_owned(),
        );
    }
    if is_unrelated_refusal(status) {
        return CheckOutcome::Undecided(reasons::kickoff_returned(status));
    }
    let expected = "an accepted kick-off at one or more levels";
    CheckOutcome::Violated(vec![Violation::new(FindingPlace::Status, expected, describe::status(status))])
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
    let Some((kind, param)) = parts else { return CheckOutcome::NotApplicable("no _typeFilter was sent".to_owned()) };
    let entries: Vec<&Value> = entries(statement, kind).collect();
    if entries.is_empty() {
        return CheckOutcome::NotApplicable(reasons::type_not_listed(kind));
    }
    let params = entries.iter().flat_map(|entry| items(entry, "searchParam").iter());
    let listed: Vec<&Value> = params.filter(|one| one.get("name").and_then(Value::as_str) == Some(param)).collect();
    let barred = entries.iter().copied().chain(listed.iter().copied());
    let barred = barred.into_iter().any(|one| has_extension(one, "extension", NOT_SUPPORTED));
    let Some(answer) = response(exchange) else {
        return CheckOutcome::Undecided(reasons::NO_KICKOFF_RESPONSE.to_owned());
    };
    match answer.status {
        200..=299 => {
            let effect = context.flow.comparison.as_ref().map(|comparison| comparison.spared);
            if !effect.is_some_and(|spared| spared.expected > 0 && spared.found < spared.expected) {
                return CheckOutcome::NotShown("the export does not show that the filter has an effect".to_owned());
            }
            CheckOutcome::or_violation(!listed.is_empty() && !barred, || {
                let expected = format!("searchParam {param} of {kind}, because the server applies it in _typeFilter");
                let actual = if barred { "one that an extension excludes from exports" } else { "no such searchParam" };
                Violation::new(FindingPlace::body("/rest/0/resource"), expected, actual).shown_by(id)
            })
        }
        status if is_unrelated_refusal(status) => CheckOutcome::Undecided(reasons::kickoff_returned(status)),
        _ if listed.is_empty() || barred => {
            CheckOutcome::NotApplicable(format!("the CapabilityStatement does not list {param} for exports of {kind}"))
        }
        // A refusal does not show whether the server supports filters at all.
        _ => CheckOutcome::NotShown(
            "the server refused a filter with a listed search parameter, and it may refuse every filter".to_owned(),
        ),
    }
}

/// `refused-type-flagged`: if the server refuses a listed type in `_type` but accepts another one, the type has the
/// extension `operation-not-supported`.
pub(crate) fn refused_type_flagged(exchange: &Exchange, context: &CheckContext<'_>) -> CheckOutcome {
    let types = |exchange: &Exchange| -> Vec<String> {
        let flow = exchange.flow.as_deref().and_then(|flow| context.index.flow(flow));
        let sent = flow.into_iter().flat_map(|flow| &flow.params).filter(|(name, _)| name == "_type");
        sent.flat_map(|(_, value)| value.split(',')).map(|one| one.trim().to_owned()).collect()
    };
    let asked = types(exchange);
    let [kind] = asked.as_slice() else { return CheckOutcome::NotApplicable(reasons::NOT_ONE_TYPE.to_owned()) };
    let Some(answer) = response(exchange) else {
        return CheckOutcome::Undecided(reasons::NO_KICKOFF_RESPONSE.to_owned());
    };
    match answer.status {
        200..=299 => return CheckOutcome::NotApplicable(format!("the server accepts {kind} in _type")),
        status if is_unrelated_refusal(status) => {
            return CheckOutcome::Undecided(reasons::kickoff_returned(status));
        }
        400..=499 | 501 => {}
        status => {
            let returned = reasons::kickoff_returned(status);
            return CheckOutcome::NotApplicable(format!("{returned}, which shows nothing about the type"));
        }
    }
    if context.flow.export != ExportLevel::System && !crate::base::resource_types::is_in_patient_compartment(kind) {
        return CheckOutcome::NotApplicable(format!(
            "{kind} is not in the Patient compartment, so the server may refuse it at this level"
        ));
    }
    if !accepted(context).any(|other| !types(other).is_empty() && !types(other).contains(kind)) {
        return CheckOutcome::NotApplicable("the server accepted no kick-off with another _type".to_owned());
    }
    let (id, statement) = match statement(context.index) {
        Ok(found) => found,
        Err(outcome) => return outcome,
    };
    let entries: Vec<&Value> = entries(statement, kind).collect();
    if entries.is_empty() {
        return CheckOutcome::NotApplicable(reasons::type_not_listed(kind));
    }
    CheckOutcome::or_violation(entries.iter().any(|entry| has_extension(entry, "extension", NOT_SUPPORTED)), || {
        let expected =
            format!("operation-not-supported on {}, because the server refuses it in _type", show::text(kind));
        Violation::new(FindingPlace::body("/rest/0/resource"), expected, "no such extension").shown_by(id)
    })
}

/// Returns whether the flow's manifest lists a file of this type that is not known to be empty.
fn served(context: &CheckContext<'_>, kind: &str) -> bool {
    let Some((_, manifest)) = context.index.manifest(&context.flow.name) else { return false };
    let lists = items(manifest, "output").iter().any(|item| {
        item.get("type").and_then(Value::as_str) == Some(kind) && item.get("count").and_then(Value::as_u64) != Some(0)
    });
    let lines =
        |(_, facts): &(&Exchange, Option<&FileFacts>)| facts.is_none_or(|facts| facts.lines.types.contains_key(kind));
    let files = context.index.files(&context.flow.name, FileList::Output);
    lists && (files.is_empty() || files.iter().any(lines))
}

/// Returns whether the flow's job failed.
fn is_failed(context: &CheckContext<'_>) -> bool {
    context.index.exchanges(&context.flow.name).iter().any(|exchange| exchange.phase == Some(Phase::Failed))
}

/// `undeclared-type-refused`: the server refuses the only type in `_type` if the CapabilityStatement does not list it,
/// or exports resources of it: then it supports the type.
pub(crate) fn undeclared_type_refused(exchange: &Exchange, context: &CheckContext<'_>) -> CheckOutcome {
    let (id, statement) = match statement(context.index) {
        Ok(found) => found,
        Err(outcome) => return outcome,
    };
    let sent = context.flow.params.iter().filter(|(name, _)| name == "_type").map(|(_, value)| value.as_str());
    let asked: Vec<&str> = sent.flat_map(|value| value.split(',')).map(str::trim).collect();
    let [kind] = asked.as_slice() else { return CheckOutcome::NotApplicable(reasons::NOT_ONE_TYPE.to_owned()) };
    if items(statement, "rest").iter().all(|rest| items(rest, "resource").iter().next().is_none()) {
        return CheckOutcome::NotApplicable("the CapabilityStatement lists no types".to_owned());
    }
    if entries(statement, kind).next().is_some() {
        return CheckOutcome::NotApplicable(format!("the CapabilityStatement lists {kind}"));
    }
    let Some(answer) = response(exchange) else {
        return CheckOutcome::Undecided(reasons::NO_KICKOFF_RESPONSE.to_owned());
    };
    match answer.status {
        status if is_unrelated_refusal(status) => CheckOutcome::Undecided(reasons::kickoff_returned(status)),
        400..=499 | 501 => CheckOutcome::Holds,
        200..=299 if served(context, kind) => CheckOutcome::Holds,
        // The refusal may come with the first poll.
        200..=299 if is_failed(context) => CheckOutcome::Holds,
        202 if context.index.manifest(&context.flow.name).is_none() => {
            CheckOutcome::Undecided(reasons::JOB_END_UNSEEN.to_owned())
        }
        status => {
            let expected = show::text(kind)
                .map(|kind| format!("a refusal, because the CapabilityStatement (exchange {id}) does not list {kind}"));
            CheckOutcome::Violated(vec![Violation::new(FindingPlace::Status, expected, describe::status(status))])
        }
    }
}
