//! The export levels that the target offers: those of its CapabilityStatement and those that the user names.

use serde_json::Value;

use crate::base::vocabulary::ExportLevel;
use crate::settings::run_settings::Settings;

/// All export levels, in the order in which [`ExportLevel::Any`] tries them.
pub const LEVELS: [ExportLevel; 3] = [ExportLevel::System, ExportLevel::Patient, ExportLevel::Group];

/// What a CapabilityStatement declares about exports.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Declared {
    /// Name and version of the software.
    pub software: Option<String>,
    /// The FHIR version.
    pub fhir: Option<String>,
    /// The export levels.
    pub levels: Vec<ExportLevel>,
    /// The canonical URLs in `instantiates` and `implementationGuide`.
    pub claims: Vec<String>,
    /// Whether it lists the cohort profile for Group (hl7-3.0.0, group.html).
    pub cohorts: bool,
    /// Whether it declares that Groups can be updated.
    pub group_updates: bool,
}

/// The end of the canonical URL of the cohort profile.
const COHORT: &str = "/bulk-cohort-group";

/// Reads a CapabilityStatement; any other body declares nothing. Export operations are recognized by their name
/// (`export`, `patient-export`, `group-export`) or the end of their definition, in `rest` or in its resources Patient
/// and Group.
pub fn read(body: &Value) -> Declared {
    if body.get("resourceType").and_then(Value::as_str) != Some("CapabilityStatement") {
        return Declared::default();
    }
    let text = |pointer: &str| body.pointer(pointer).and_then(Value::as_str).map(short);
    let software = match (text("/software/name"), text("/software/version")) {
        (Some(name), Some(version)) => Some(format!("{name} {version}")),
        (name, version) => name.or(version),
    };
    let mut levels = Vec::new();
    let (mut cohorts, mut group_updates) = (false, false);
    for rest in items(body.get("rest")) {
        for operation in items(rest.get("operation")) {
            levels.extend(level_of(operation, ExportLevel::System));
        }
        for resource in items(rest.get("resource")) {
            let here = match resource.get("type").and_then(Value::as_str) {
                Some("Patient") => ExportLevel::Patient,
                Some("Group") => ExportLevel::Group,
                _ => continue,
            };
            levels.extend(items(resource.get("operation")).filter_map(|operation| level_of(operation, here)));
            if here == ExportLevel::Group {
                let profile = |one: &Value| {
                    one.as_str().is_some_and(|url| url.split('|').next().unwrap_or_default().ends_with(COHORT))
                };
                // Some servers write a single profile instead of a list.
                let listed = resource.get("supportedProfile");
                cohorts |= listed.is_some_and(profile) || items(listed).any(profile);
                group_updates |= items(resource.get("interaction"))
                    .any(|one| one.get("code").and_then(Value::as_str) == Some("update"));
            }
        }
    }
    levels.sort();
    levels.dedup();
    let claims = ["instantiates", "implementationGuide"]
        .iter()
        .flat_map(|key| items(body.get(*key)))
        .filter_map(|claim| claim.as_str().map(short))
        .collect();
    Declared { software, fhir: text("/fhirVersion"), levels, claims, cohorts, group_updates }
}

/// Returns the level of an export operation. `here` is the level that the plain name `export` means at this place.
fn level_of(operation: &Value, here: ExportLevel) -> Option<ExportLevel> {
    let name = operation.get("name").and_then(Value::as_str).unwrap_or_default();
    let definition = operation.get("definition").and_then(Value::as_str).unwrap_or_default();
    let canonical = definition.split('|').next().unwrap_or_default();
    let last = canonical.rsplit('/').next().unwrap_or_default();
    // The definition is more precise: some servers name all three operations `export`.
    [last, name.trim_start_matches('$')].into_iter().find_map(|word| match word {
        "patient-export" => Some(ExportLevel::Patient),
        "group-export" => Some(ExportLevel::Group),
        "export" => Some(here),
        _ => None,
    })
}

/// Returns the first items of a JSON array, which may be very long.
fn items(value: Option<&Value>) -> impl Iterator<Item = &Value> {
    value.and_then(Value::as_array).into_iter().flatten().take(10_000)
}

/// Returns a text of the server, cut to 200 characters.
fn short(text: &str) -> String {
    text.chars().take(200).collect()
}

/// Whether the run tries an export at a level.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Offer {
    /// Yes: the target declares the level, or the user named it.
    Yes,
    /// The target declares no level at all. The run tries the level, and a refusal is not a failure.
    Perhaps,
    /// No; holds the reason.
    No(String),
}

/// Returns whether the run tries an export at `level`, one of [`LEVELS`]. At group level, `--group` must name the
/// Group.
pub fn offer(level: ExportLevel, declared: &Declared, settings: &Settings) -> Offer {
    match offer_of_any(level, declared, settings) {
        Offer::No(why) => Offer::No(why),
        _ if level == ExportLevel::Group && settings.groups.is_empty() => {
            Offer::No("no Group id is known. Give --group ID".to_owned())
        }
        offer => offer,
    }
}

/// The same, without the need for `--group`.
pub fn offer_of_any(level: ExportLevel, declared: &Declared, settings: &Settings) -> Offer {
    match &settings.levels {
        Some(named) if named.contains(&level) => Offer::Yes,
        Some(_) => Offer::No(format!("--levels does not name the {level} level. Add {level} to --levels")),
        None if declared.levels.is_empty() => Offer::Perhaps,
        None if declared.levels.contains(&level) => Offer::Yes,
        None => Offer::No(format!(
            "the server's CapabilityStatement declares no export at {level} level. Give --levels {level} to try it"
        )),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn operations_are_found_by_name_and_by_definition() {
        let body = json!({
            "resourceType": "CapabilityStatement", "fhirVersion": "4.0.1",
            "software": {"name": "Server", "version": "1"},
            "instantiates": ["http://example.org/one"], "implementationGuide": ["http://example.org/two|3"],
            "rest": [{
                "operation": [{"name": "anything", "definition": "http://hl7.org/x/OperationDefinition/group-export"}],
                "resource": [
                    {"type": "Patient", "operation": [{"name": "export"}]},
                    {"type": "Group", "operation": [{"name": "everything"}]},
                    {"type": "Observation", "operation": [{"name": "export"}]}
                ]
            }]
        });
        let declared = read(&body);
        assert_eq!(declared.levels, [ExportLevel::Patient, ExportLevel::Group]);
        assert_eq!(declared.software.as_deref(), Some("Server 1"));
        assert_eq!(declared.fhir.as_deref(), Some("4.0.1"));
        assert_eq!(declared.claims, ["http://example.org/one", "http://example.org/two|3"]);
        assert!(!declared.cohorts && !declared.group_updates);
    }

    #[test]
    fn cohorts_are_offered_by_a_profile_of_group() {
        let of = |profile: Value, kind: &str| {
            let group = json!({"type": kind, "supportedProfile": profile, "interaction": [{"code": "update"}]});
            let declared = read(&json!({"resourceType": "CapabilityStatement", "rest": [{"resource": [group]}]}));
            (declared.cohorts, declared.group_updates)
        };
        let url = "http://hl7.org/fhir/uv/bulkdata/StructureDefinition/bulk-cohort-group";
        assert_eq!(of(json!([format!("{url}|3.0.0")]), "Group"), (true, true));
        assert_eq!(of(json!(url), "Group"), (true, true), "not in a list");
        assert_eq!(of(json!([format!("{url}s")]), "Group"), (false, true));
        assert_eq!(of(json!([url]), "Patient"), (false, false));
    }

    #[test]
    fn other_bodies_declare_nothing() {
        for body in [
            json!(null),
            json!([]),
            json!({"rest": [{"operation": [{"name": "export"}]}]}),
            json!({"resourceType": "CapabilityStatement", "rest": "x"}),
            json!({"resourceType": "CapabilityStatement", "rest": [{"operation": [1, {"name": 2}]}]}),
        ] {
            assert_eq!(read(&body).levels, [], "{body}");
        }
    }

    #[test]
    fn levels_of_the_user_override_declared_ones_and_group_level_needs_an_id() {
        let mut settings = Settings::new("http://example.org/fhir".parse().unwrap());
        let nothing = Declared::default();
        let system = Declared { levels: vec![ExportLevel::System, ExportLevel::Group], ..Declared::default() };
        assert_eq!(offer(ExportLevel::Patient, &nothing, &settings), Offer::Perhaps);
        assert_eq!(offer(ExportLevel::System, &system, &settings), Offer::Yes);
        assert!(
            matches!(offer(ExportLevel::Patient, &system, &settings), Offer::No(why) if why.contains("declares no"))
        );
        assert!(matches!(offer(ExportLevel::Group, &system, &settings), Offer::No(why) if why.contains("--group")));
        settings.groups = vec!["g".into()];
        assert_eq!(offer(ExportLevel::Group, &system, &settings), Offer::Yes);
        settings.levels = Some(vec![ExportLevel::Patient]);
        assert_eq!(offer(ExportLevel::Patient, &system, &settings), Offer::Yes);
        assert!(matches!(offer(ExportLevel::System, &system, &settings), Offer::No(why) if why.contains("--levels")));
    }
}
