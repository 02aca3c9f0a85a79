//! Checks of the CapabilityStatement against what the endpoints do.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::base::vocabulary::ExportLevel;
use crate::check::context::{Broken, Held, Index, Scene, manifest_of, no_manifest, response};
use crate::check::show;
use crate::drive::export_levels;
use crate::recording::model::{Exchange, Outcome, Role};
use crate::suite::model::FileList;

/// What HL7's guide calls itself, and its statement.
const GUIDE: &str = "http://hl7.org/fhir/uv/bulkdata";

/// The CapabilityStatement and the exchange that brought it; why there is none.
pub(crate) fn statement<'a>(index: &Index<'a>) -> Result<(u32, &'a Value), Held> {
    let mut asked = index.tape.exchanges.iter().filter(|e| e.role == Role::Metadata && !e.superseded);
    let last =
        asked.next_back().ok_or_else(|| Held::Unknown("the CapabilityStatement was not asked for".to_owned()))?;
    let found = response(last).filter(|answer| answer.status == 200).and_then(|answer| answer.body.json.as_ref());
    let found = found.filter(|body| body.get("resourceType").and_then(Value::as_str) == Some("CapabilityStatement"));
    match (found, &last.outcome) {
        (Some(found), _) => Ok((last.id, found)),
        (None, Outcome::NoResponse(trouble)) => Err(Held::Unknown(trouble.message.clone())),
        (None, Outcome::Handshake(_)) => Err(Held::Nothing("a handshake is no CapabilityStatement".to_owned())),
        (None, Outcome::Response(answer)) => {
            Err(Held::Nothing(format!("there is no CapabilityStatement: metadata was answered {}", answer.status)))
        }
    }
}

pub(crate) fn list<'v>(value: &'v Value, key: &str) -> impl Iterator<Item = &'v Value> {
    value.get(key).and_then(Value::as_array).into_iter().flatten()
}

/// `level-declared`: the statement names an export operation for the level of the flow, by whatever name.
pub fn level_declared(scene: &Scene<'_>) -> Held {
    let (id, statement) = match statement(scene.index) {
        Ok(found) => found,
        Err(held) => return held,
    };
    let level = scene.flow.export;
    Held::or_broken(export_levels::read(statement).levels.contains(&level), || {
        let expected = format!("an export operation at {level} level, for a kick-off there was accepted");
        Broken::new("body", "body /rest", expected, "none").shown_by(id)
    })
}

/// `declared-level-served`: a level that the statement names is not answered as if there were no such endpoint.
pub fn declared_level_served(exchange: &Exchange, scene: &Scene<'_>) -> Held {
    let (id, statement) = match statement(scene.index) {
        Ok(found) => found,
        Err(held) => return held,
    };
    let level = scene.flow.export;
    if !export_levels::read(statement).levels.contains(&level) {
        return Held::Nothing(format!("no export at {level} level is declared"));
    }
    let Some(answer) = response(exchange) else { return Held::Unknown("there is no answer".to_owned()) };
    let missing: &[u16] = if level == ExportLevel::Group { &[405, 501] } else { &[404, 405, 501] };
    Held::or_broken(!missing.contains(&answer.status), || {
        let expected = format!("an export, for exchange {id} declares one at {level} level");
        Broken::new("status", "status", expected, answer.status.to_string())
    })
}

/// `guide-declared`: `instantiates` names the guide's statement, or the guide.
pub fn guide_declared(scene: &Scene<'_>) -> Held {
    let (id, statement) = match statement(scene.index) {
        Ok(found) => found,
        Err(held) => return held,
    };
    let named: Vec<&str> = list(statement, "instantiates").filter_map(Value::as_str).collect();
    // Its address, of any version; what stood before the first release had another.
    let good = named.iter().any(|canonical| {
        let address = canonical.split('|').next().unwrap_or_default();
        address.strip_prefix(GUIDE) == Some("/CapabilityStatement/bulk-data")
            || address.contains("hl7.org/fhir/bulk-data")
    });
    Held::or_broken(good, || {
        let actual = if named.is_empty() { "nothing".to_owned() } else { show::text(&named.join(", ")) };
        let expected = format!("{GUIDE}/CapabilityStatement/bulk-data");
        Broken::new("body", "body /instantiates", expected, actual).shown_by(id)
    })
}

/// `operations-placed`: what is defined as the export of patients or of a group stands at that resource, and the one of
/// everything at the server as a whole.
pub fn operations_placed(scene: &Scene<'_>) -> Held {
    let (id, statement) = match statement(scene.index) {
        Ok(found) => found,
        Err(held) => return held,
    };
    let defined = |operation: &Value| {
        let text = operation.get("definition")?.as_str()?.split('|').next()?;
        let last = text.rsplit('/').next()?.trim_start_matches("OperationDefinition-");
        matches!(last, "export" | "patient-export" | "group-export").then(|| last.to_owned())
    };
    let (mut seen, mut broken) = (false, Vec::new());
    let mut judge = |place: String, operation: &Value, wanted: Option<&str>| {
        let Some(defined) = defined(operation) else { return };
        seen = true;
        if wanted != Some(defined.as_str()) {
            let expected = match wanted {
                Some(wanted) => format!("the definition {wanted} here"),
                None => "no export here".to_owned(),
            };
            broken.push(Broken::new("body", place, expected, show::text(&defined)).shown_by(id));
        }
    };
    for (n, rest) in list(statement, "rest").enumerate() {
        for (o, operation) in list(rest, "operation").enumerate() {
            judge(format!("body /rest/{n}/operation/{o}/definition"), operation, Some("export"));
        }
        for (r, resource) in list(rest, "resource").enumerate() {
            let wanted = match resource.get("type").and_then(Value::as_str) {
                Some("Patient") => Some("patient-export"),
                Some("Group") => Some("group-export"),
                _ => None,
            };
            for (o, operation) in list(resource, "operation").enumerate() {
                judge(format!("body /rest/{n}/resource/{r}/operation/{o}/definition"), operation, wanted);
            }
        }
    }
    match seen {
        true => Held::from_broken(broken),
        false => Held::Nothing("no export operation with a definition of HL7's is declared".to_owned()),
    }
}

/// `types-declared`: every type in the output files stands in `rest.resource`.
pub fn types_declared(exchange: &Exchange, scene: &Scene<'_>) -> Held {
    if manifest_of(exchange).is_none() {
        return no_manifest();
    }
    let (id, statement) = match statement(scene.index) {
        Ok(found) => found,
        Err(held) => return held,
    };
    let declared: BTreeSet<&str> = list(statement, "rest")
        .flat_map(|rest| list(rest, "resource"))
        .filter_map(|resource| resource.get("type")?.as_str())
        .collect();
    let files = scene.index.files(&scene.flow.name, FileList::Output);
    let seen: BTreeSet<&str> = files
        .iter()
        .filter_map(|(_, facts)| *facts)
        .flat_map(|facts| facts.lines.types.keys().map(String::as_str))
        // Messages among the output are judged elsewhere, and what is no type at all.
        .filter(|kind| *kind != "OperationOutcome" && crate::base::resource_types::is_known(kind))
        .collect();
    if seen.is_empty() || crate::check::type_filters::unreadable(scene) {
        return Held::Nothing("nothing was exported, or not as resources of one type a file".to_owned());
    }
    let missing: Vec<&str> = seen.difference(&declared).copied().collect();
    Held::or_broken(missing.is_empty(), || {
        let expected = "every type that is exported".to_owned();
        let actual = format!("not {}", show::text(&missing.join(", ")));
        Broken::new("body", "body /rest/0/resource", expected, actual).shown_by(id)
    })
}

/// `patients-as-counted`: where a search counts patients, something came.
pub fn patients_as_counted(exchange: &Exchange, scene: &Scene<'_>) -> Held {
    match counted(exchange, scene) {
        Ok((total, _, all)) => Held::or_broken(total == 0 || all > 0, || {
            let expected = format!("an export that is not empty, for a search counts {total} patients");
            Broken::new("body", "body /total", expected, "an export without any resource")
        }),
        Err(held) => held,
    }
}

/// `no-patient-short`: as many came as a search counts.
pub fn no_patient_short(exchange: &Exchange, scene: &Scene<'_>) -> Held {
    match counted(exchange, scene) {
        Ok((_, 0, _)) => Held::Nothing("no patient came at all; another test says so".to_owned()),
        // Patients may have been added while the export was made: the smaller of both counts is due.
        Ok((total, came, _)) if counted_before(scene).is_some_and(|before| came >= before.min(total)) => Held::Yes,
        Ok((total, came, _)) => Held::or_broken(came >= total, || {
            let expected = format!("{total} patients, as many as a search counts");
            Broken::new("body", "body /total", expected, format!("{came} in the output"))
        }),
        Err(held) => held,
    }
}

/// How many patients a search counted before the export.
fn counted_before(scene: &Scene<'_>) -> Option<u64> {
    let before = |exchange: &&&Exchange| exchange.probe.as_deref() == Some("count-before") && !exchange.superseded;
    let exchange = scene.index.exchanges(&scene.flow.name).iter().find(before)?;
    response(exchange).filter(|answer| answer.status == 200)?.body.json.as_ref()?.get("total")?.as_u64()
}

/// How many patients a search counts, how many the flow exported, and how many resources in all.
fn counted(exchange: &Exchange, scene: &Scene<'_>) -> Result<(u64, u64, u64), Held> {
    let answer = response(exchange).ok_or_else(|| Held::Nothing("the search got no answer".to_owned()))?;
    let total = answer.body.json.as_ref().and_then(|body| body.get("total")?.as_u64());
    let total = total.filter(|_| answer.status == 200);
    let total = total.ok_or_else(|| Held::Nothing("the server counts no patients by search".to_owned()))?;
    if scene.flow.params.iter().any(|(name, _)| name == "_type") {
        return Err(Held::Nothing("the types were restricted by the settings".to_owned()));
    }
    let Some((_, manifest)) = scene.index.manifest(&scene.flow.name) else { return Err(no_manifest()) };
    let files = scene.index.files(&scene.flow.name, FileList::Output);
    // A null in the array's place lists nothing.
    let output = manifest.get("output").is_some_and(|output| output.is_array() || output.is_null());
    let listed = output && !crate::check::type_filters::unreadable(scene);
    let whole = files.iter().all(|(_, facts)| facts.is_some_and(|facts| facts.whole));
    if !listed || !whole || files.len() < crate::check::context::items(manifest, "output").len() {
        return Err(Held::Nothing("not every output file was read whole".to_owned()));
    }
    let came = crate::check::context::sum(
        files.iter().filter_map(|(_, facts)| facts.as_ref()?.lines.types.get("Patient").copied()),
    );
    let all = crate::check::context::sum(files.iter().filter_map(|(_, facts)| Some(facts.as_ref()?.lines.resources)));
    Ok((total, came, all))
}
