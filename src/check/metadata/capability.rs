//! Checks of the CapabilityStatement against what the endpoints do.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::base::vocabulary::ExportLevel;
use crate::check::context::CheckContext;
use crate::check::exchange::{items, manifest_of, no_manifest, response, saturating_sum};
use crate::check::flow_files::has_unreadable_lines;
use crate::check::metadata::statement::statement;
use crate::check::outcome::{CheckOutcome, Violation};
use crate::check::{reasons, show};
use crate::drive::export_levels;
use crate::recording::model::Exchange;
use crate::suite::describe;
use crate::suite::model::FileList;
use crate::verdicts::finding_place::FindingPlace;

/// The canonical URL of HL7's guide. The canonical URL of its CapabilityStatement begins with it.
const GUIDE: &str = "http://hl7.org/fhir/uv/bulkdata";

/// `level-declared`: the CapabilityStatement declares an export operation at the level of the flow, with any name.
pub(crate) fn level_declared(_exchange: &Exchange, context: &CheckContext<'_>) -> CheckOutcome {
    let (id, statement) = match statement(context.index) {
        Ok(found) => found,
        Err(outcome) => return outcome,
    };
    let level = context.flow.export;
    CheckOutcome::or_violation(export_levels::read(statement).levels.contains(&level), || {
        let expected = format!("an export operation at {level} level, because the server accepted a kick-off there");
        Violation::new(FindingPlace::body("/rest"), expected, "no such operation").shown_by(id)
    })
}

/// `declared-level-served`: the response does not show that the endpoint of a declared level is missing.
pub(crate) fn declared_level_served(exchange: &Exchange, context: &CheckContext<'_>) -> CheckOutcome {
    let (id, statement) = match statement(context.index) {
        Ok(found) => found,
        Err(outcome) => return outcome,
    };
    let level = context.flow.export;
    if !export_levels::read(statement).levels.contains(&level) {
        return CheckOutcome::NotApplicable(format!("the CapabilityStatement declares no export at {level} level"));
    }
    let Some(answer) = response(exchange) else {
        return CheckOutcome::Undecided(reasons::NO_RESPONSE.to_owned());
    };
    let missing: &[u16] = if level == ExportLevel::Group { &[405, 501] } else { &[404, 405, 501] };
    CheckOutcome::or_violation(!missing.contains(&answer.status), || {
        let codes: Vec<String> = missing.iter().map(u16::to_string).collect();
        let expected = format!(
            "a status other than {}, because the CapabilityStatement (exchange {id}) declares export at {level} level",
            describe::or(&codes)
        );
        Violation::new(FindingPlace::Status, expected, describe::status(answer.status))
    })
}

/// `guide-declared`: `instantiates` names the guide or its CapabilityStatement.
pub(crate) fn guide_declared(_exchange: &Exchange, context: &CheckContext<'_>) -> CheckOutcome {
    let (id, statement) = match statement(context.index) {
        Ok(found) => found,
        Err(outcome) => return outcome,
    };
    let named: Vec<&str> = items(statement, "instantiates").iter().filter_map(Value::as_str).collect();
    // Any version of the canonical URL. Drafts before the first release had another URL.
    let good = named.iter().any(|canonical| {
        let address = canonical.split('|').next().unwrap_or_default();
        address.strip_prefix(GUIDE) == Some("/CapabilityStatement/bulk-data")
            || address.contains("hl7.org/fhir/bulk-data")
    });
    CheckOutcome::or_violation(good, || {
        let actual = if named.is_empty() { "no canonical URL".into() } else { show::text(&named.join(", ")) };
        let expected = format!("{GUIDE}/CapabilityStatement/bulk-data");
        Violation::new(FindingPlace::body("/instantiates"), expected, actual).shown_by(id)
    })
}

/// `operations-placed`: the Patient and Group exports are declared on their resources, and the system export on the
/// server.
pub(crate) fn operations_placed(_exchange: &Exchange, context: &CheckContext<'_>) -> CheckOutcome {
    let (id, statement) = match statement(context.index) {
        Ok(found) => found,
        Err(outcome) => return outcome,
    };
    let defined = |operation: &Value| {
        let text = operation.get("definition")?.as_str()?.split('|').next()?;
        let last = text.rsplit('/').next()?.trim_start_matches("OperationDefinition-");
        matches!(last, "export" | "patient-export" | "group-export").then(|| last.to_owned())
    };
    let (mut seen, mut violations) = (false, Vec::new());
    let mut judge = |place: String, operation: &Value, wanted: Option<&str>| {
        let Some(defined) = defined(operation) else { return };
        seen = true;
        if wanted != Some(defined.as_str()) {
            let expected = match wanted {
                Some(wanted) => format!("the HL7 definition {wanted}"),
                None => "no export operation here".to_owned(),
            };
            violations.push(Violation::new(FindingPlace::body(place), expected, show::text(&defined)).shown_by(id));
        }
    };
    for (n, rest) in items(statement, "rest").iter().enumerate() {
        for (o, operation) in items(rest, "operation").iter().enumerate() {
            judge(format!("/rest/{n}/operation/{o}/definition"), operation, Some("export"));
        }
        for (r, resource) in items(rest, "resource").iter().enumerate() {
            let wanted = match resource.get("type").and_then(Value::as_str) {
                Some("Patient") => Some("patient-export"),
                Some("Group") => Some("group-export"),
                _ => None,
            };
            for (o, operation) in items(resource, "operation").iter().enumerate() {
                judge(format!("/rest/{n}/resource/{r}/operation/{o}/definition"), operation, wanted);
            }
        }
    }
    match seen {
        true => CheckOutcome::from_violations(violations),
        false => CheckOutcome::NotApplicable(
            "the CapabilityStatement declares no export operation with an HL7 definition".to_owned(),
        ),
    }
}

/// `types-declared`: `rest.resource` lists every type in the output files.
pub(crate) fn types_declared(exchange: &Exchange, context: &CheckContext<'_>) -> CheckOutcome {
    if manifest_of(exchange).is_none() {
        return no_manifest();
    }
    let (id, statement) = match statement(context.index) {
        Ok(found) => found,
        Err(outcome) => return outcome,
    };
    let declared: BTreeSet<&str> = items(statement, "rest")
        .iter()
        .flat_map(|rest| items(rest, "resource").iter())
        .filter_map(|resource| resource.get("type")?.as_str())
        .collect();
    let files = context.index.files(&context.flow.name, FileList::Output);
    let seen: BTreeSet<&str> = files
        .iter()
        .filter_map(|(_, facts)| *facts)
        .flat_map(|facts| facts.lines.types.keys().map(String::as_str))
        // Other tests judge OperationOutcomes in the output and names that are not types.
        .filter(|kind| *kind != "OperationOutcome" && crate::base::resource_types::is_known(kind))
        .collect();
    if seen.is_empty() || has_unreadable_lines(context) {
        return CheckOutcome::NotApplicable(
            "nothing was exported, or some lines cannot be read as resources".to_owned(),
        );
    }
    let missing: Vec<&str> = seen.difference(&declared).copied().collect();
    CheckOutcome::or_violation(missing.is_empty(), || {
        let expected = "every exported type".to_owned();
        let actual = show::text(&missing.join(", ")).map(|types| format!("no entry for {types}"));
        Violation::new(FindingPlace::body("/rest/0/resource"), expected, actual).shown_by(id)
    })
}

/// `patients-as-counted`: the export has resources if a search counts patients.
pub(crate) fn patients_as_counted(exchange: &Exchange, context: &CheckContext<'_>) -> CheckOutcome {
    match counted(exchange, context) {
        Ok((total, _, all)) => CheckOutcome::or_violation(total == 0 || all > 0, || {
            let counts = format!("a search counts {total} patients (exchange {})", exchange.id);
            let expected = format!("resources in the export, because {counts}");
            in_manifest(context, Violation::new(FindingPlace::body("/output"), expected, "no resource"))
        }),
        Err(outcome) => outcome,
    }
}

/// `no-patient-short`: the export has as many patients as a search counts.
pub(crate) fn no_patient_short(exchange: &Exchange, context: &CheckContext<'_>) -> CheckOutcome {
    match counted(exchange, context) {
        Ok((_, 0, _)) => CheckOutcome::NotApplicable("no Patient was exported; another test reports it".to_owned()),
        // Patients may be added during the export, so the smaller of both counts is required.
        Ok((total, exported, _)) if counted_before(context).is_some_and(|before| exported >= before.min(total)) => {
            CheckOutcome::Holds
        }
        Ok((total, exported, _)) => CheckOutcome::or_violation(exported >= total, || {
            let expected = format!("at least {total} Patients, which a search counts (exchange {})", exchange.id);
            let found = format!("{exported} Patients in the output");
            in_manifest(context, Violation::new(FindingPlace::body("/output"), expected, found))
        }),
        Err(outcome) => outcome,
    }
}

/// Returns a violation at the manifest of the flow, which shows it.
fn in_manifest(context: &CheckContext<'_>, violation: Violation) -> Violation {
    match context.index.manifest(&context.flow.name) {
        Some((manifest, _)) => violation.shown_by(manifest.id),
        None => violation,
    }
}

/// Returns how many patients a search counted before the export.
fn counted_before(context: &CheckContext<'_>) -> Option<u64> {
    let before = |exchange: &&&Exchange| exchange.probe.as_deref() == Some("count-before") && !exchange.superseded;
    let exchange = context.index.exchanges(&context.flow.name).iter().find(before)?;
    response(exchange).filter(|answer| answer.status == 200)?.body.json.as_ref()?.get("total")?.as_u64()
}

/// Returns how many patients a search counts, how many Patients the flow exported, and how many resources in all.
fn counted(exchange: &Exchange, context: &CheckContext<'_>) -> Result<(u64, u64, u64), CheckOutcome> {
    let answer = response(exchange).ok_or_else(|| CheckOutcome::NotApplicable(reasons::NO_RESPONSE.to_owned()))?;
    let total = answer.body.json.as_ref().and_then(|body| body.get("total")?.as_u64());
    let total = total.filter(|_| answer.status == 200);
    let total =
        total.ok_or_else(|| CheckOutcome::NotApplicable("the search did not return 200 with a total".to_owned()))?;
    if context.flow.params.iter().any(|(name, _)| name == "_type") {
        return Err(CheckOutcome::NotApplicable(reasons::TYPES_RESTRICTED.to_owned()));
    }
    let Some((_, manifest)) = context.index.manifest(&context.flow.name) else { return Err(no_manifest()) };
    let files = context.index.files(&context.flow.name, FileList::Output);
    // A null instead of an array lists nothing.
    let output = manifest.get("output").is_some_and(|output| output.is_array() || output.is_null());
    let listed = output && !has_unreadable_lines(context);
    let whole = files.iter().all(|(_, facts)| facts.is_some_and(|facts| facts.whole));
    if !listed || !whole || files.len() < items(manifest, "output").len() {
        return Err(CheckOutcome::NotApplicable(reasons::OUTPUT_INCOMPLETE.to_owned()));
    }
    let exported =
        saturating_sum(files.iter().filter_map(|(_, facts)| facts.as_ref()?.lines.types.get("Patient").copied()));
    let all = saturating_sum(files.iter().filter_map(|(_, facts)| Some(facts.as_ref()?.lines.resources)));
    Ok((total, exported, all))
}

/// `declares-export`: `rest` has an operation for the system export, by name or by definition.
pub(crate) fn declares_export(exchange: &Exchange, _context: &CheckContext<'_>) -> CheckOutcome {
    let Some(statement) = response(exchange).and_then(|answer| answer.body.json.as_ref()) else {
        return CheckOutcome::NotApplicable("the response is not a CapabilityStatement".to_owned());
    };
    if statement.get("resourceType").and_then(Value::as_str) != Some("CapabilityStatement") {
        return CheckOutcome::NotApplicable("the response is not a CapabilityStatement".to_owned());
    }
    CheckOutcome::or_violation(export_levels::read(statement).levels.contains(&ExportLevel::System), || {
        Violation::new(
            FindingPlace::body("/rest/*/operation"),
            "an export operation at system level",
            "no such operation",
        )
    })
}
