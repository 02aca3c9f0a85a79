//! `plimsoll init`: writes a plimsoll.toml from what a server declares.

use std::fmt::Write;
use std::path::Path;

use serde_json::Value;

use crate::base::unprintable::one_line;
use crate::cli::args::InitArgs;
use crate::cli::catalog::DeclaredSpecs;
use crate::cli::error::CliError;
use crate::cli::output::say;
use crate::cli::runtime::runtime;
use crate::cli::target::RunTarget;
use crate::cli::{catalog, cli_settings};
use crate::config::default_spec::DEFAULT_SPEC;
use crate::config::flag_sources::FlagSources;
use crate::config::guard;
use crate::config::values::AuthKind;
use crate::drive::export_levels;
use crate::recording::model::Role;
use crate::verdicts::exit;

/// The file that it writes.
const FILE: &str = "plimsoll.toml";

/// What a server declares, or why it could not be read.
#[derive(Debug)]
struct Responses {
    base: String,
    metadata: Result<Value, String>,
    smart: Result<Value, String>,
    groups: Result<Value, String>,
    auth: Option<AuthKind>,
    client_id: Option<String>,
}

/// Runs `plimsoll init`.
pub fn init(args: &InitArgs, sources: FlagSources<'_>) -> Result<u8, CliError> {
    let path = Path::new(FILE);
    if path.exists() && !args.force {
        return Err(CliError::usage(format!("{FILE} exists already; move it, or overwrite it with --force")));
    }
    let config = cli_settings::init(&args.base, &args.target, sources)?;
    if let Some(refusal) = guard::refusal(&config) {
        return Err(CliError::usage(refusal));
    }
    let target = RunTarget::new(&config)?;
    let suites = catalog::catalog(None)?;
    let responses = runtime()?.block_on(async {
        let metadata = target.get(Role::Metadata, "metadata").await;
        // Print this before the other requests, which also fail if the server is not there.
        if let Err(why) = &metadata {
            say(&format!("note: no CapabilityStatement: {why}"));
        }
        Responses {
            base: config.target.value.as_ref().map(ToString::to_string).unwrap_or_default(),
            metadata,
            smart: target.get(Role::SmartConfiguration, ".well-known/smart-configuration").await,
            groups: target.get(Role::Metadata, "Group?_count=5").await,
            auth: (config.auth.kind.value != AuthKind::None).then_some(config.auth.kind.value),
            client_id: config.auth.client_id.value.clone(),
        }
    });
    if responses.metadata.is_err() && responses.smart.is_err() && responses.groups.is_err() {
        return Err(CliError::undetermined(format!(
            "no usable response from {}: {}; check that the server runs and that the URL is its FHIR base URL",
            responses.base,
            responses.metadata.err().unwrap_or_default()
        )));
    }
    let claims = responses.metadata.as_ref().map(|statement| export_levels::read(statement).claims).unwrap_or_default();
    let text = toml(&responses, &catalog::declared(&suites, &claims));
    std::fs::write(path, text).map_err(|e| CliError::usage(format!("cannot write {FILE}: {e}")))?;
    say(&format!("wrote {FILE}; read it, then: plimsoll run --config {FILE}"));
    Ok(exit::CONFORMANT)
}

/// Returns the text of the file. All texts of the server are escaped, in values and in comments.
fn toml(responses: &Responses, declared: &DeclaredSpecs) -> String {
    let mut out = String::new();
    let statement = responses.metadata.as_ref().map(export_levels::read).unwrap_or_default();
    // Writing to a string cannot fail.
    let _ = writeln!(out, "# Written by `plimsoll init`. Every key has a flag of `plimsoll run`; flags override keys.");
    match (&statement.software, &responses.metadata) {
        (Some(software), _) => {
            let _ = writeln!(out, "# Software of the server: {}.", shown(software));
        }
        (None, Ok(_)) => out.push_str("# The server does not state its software.\n"),
        (None, Err(why)) => {
            let _ = writeln!(out, "# The CapabilityStatement of the server cannot be read: {}.", shown(why));
        }
    }
    let _ = writeln!(out, "\ntarget = {}\n", quoted(&responses.base));
    let specs = &declared.specs;
    if specs.is_empty() {
        out.push_str("# The server declares no known spec; `plimsoll list` shows the known specs.\n");
        let _ = writeln!(out, "specs = [{}]\n", quoted(DEFAULT_SPEC));
    } else {
        out.push_str(if declared.without_version {
            "# The CapabilityStatement declares the guide of HL7 without a version; `plimsoll list` shows the versions.\n"
        } else {
            "# Declared by the CapabilityStatement.\n"
        });
        let _ = writeln!(out, "specs = [{}]\n", list(specs.iter().map(String::as_str)));
    }
    let levels: Vec<&str> = statement.levels.iter().map(|level| level.as_str()).collect();
    if levels.is_empty() {
        out.push_str("# The server declares no export operation; without this key every export level is tried.\n");
        out.push_str("# levels = [\"system\", \"patient\", \"group\"]\n\n");
    } else {
        out.push_str("# The export levels that the server declares.\n");
        let _ = writeln!(out, "levels = [{}]\n", list(levels.into_iter()));
    }
    groups(&mut out, responses);
    out.push_str(
        "# A Group without members; its export must contain no patient.\n# empty-group = \"id\"\n\n\
         # The server has the Bulk Cohort API, even if its CapabilityStatement does not declare it; `--allow-writes` tests it.\n\
         # cohorts = true\n\n",
    );
    out.push_str(
        "# Keep exports small on a production server.\n# types = [\"Patient\"]\n\n\
         # The maximum time from a kick-off to its completion, and of the whole run.\nmax-wait = \"10m\"\n# deadline = \"1h\"\n\n\
         # Poll deleted jobs again after a minute, if a spec requires that they stay deleted.\n\
         # wait-for-expiry = true\n\n",
    );
    auth(&mut out, responses);
    out.push_str(
        "\n# Commands that change this server's data between two exports; they run only with --allow-hooks. Each prints Type/id of\n\
         # each resource that it changed, one per line; PLIMSOLL_BASE contains the base URL.\n\
         # [hooks]\n# change = [\"./change-one\"]\n# delete = [\"./delete-one\"]\n# fail = [\"./make-one-fail\"]\n\
         \n# Parameter values that exist on this server, to use instead of values from its data.\n\
         # [values]\n# address-state = \"NSW\"\n\
         \n# A known deviation: it is reported, but does not fail a pipeline.\n\
         # [[known]]\n# spec = \"hl7-3.0.0\"\n# test = \"area::id\"\n# reason = \"ticket 17\"\n# expires = \"2030-12-31\"\n",
    );
    out
}

fn groups(out: &mut String, responses: &Responses) {
    let entries = responses.groups.as_ref().ok().and_then(|bundle| bundle.get("entry")?.as_array());
    let resources = entries.into_iter().flatten().take(5).filter_map(|entry| entry.get("resource"));
    let found: Vec<(&str, Option<&str>)> = resources
        .filter(|resource| resource.get("resourceType").and_then(Value::as_str) == Some("Group"))
        .filter_map(|group| Some((group.get("id")?.as_str()?, group.get("name").and_then(Value::as_str))))
        // The id goes into URLs later, so it must be a FHIR id.
        .filter(|(id, _)| {
            (1..=64).contains(&id.len()) && id.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '.'))
        })
        .collect();
    match found.first() {
        Some((first, _)) => {
            out.push_str("# The Group to export; the server has these:\n");
            for (id, name) in &found {
                let _ = writeln!(out, "#   {id}{}", name.map(|name| format!("  {}", shown(name))).unwrap_or_default());
            }
            let _ = writeln!(out, "groups = [{}]\n", quoted(first));
        }
        None => out
            .push_str("# The server returned no Group; group exports need the id of a Group.\n# groups = [\"id\"]\n\n"),
    }
}

fn auth(out: &mut String, responses: &Responses) {
    let endpoint = responses.smart.as_ref().ok().and_then(|smart| smart.get("token_endpoint")?.as_str());
    if let Some(endpoint) = endpoint {
        let _ = writeln!(out, "# The server supports SMART; its token endpoint is {}", shown(endpoint));
    }
    out.push_str("# Name the source of the credentials here; never write secrets here.\n");
    match (responses.auth, endpoint) {
        (Some(AuthKind::Token), _) => out.push_str("[auth]\nkind = \"token\"\ntoken-env = \"PLIMSOLL_TOKEN\"\n"),
        (Some(AuthKind::Smart), _) => {
            let id = responses.client_id.as_deref().unwrap_or("client-id");
            let _ = writeln!(out, "[auth]\nkind = \"smart\"\nclient-id = {}\nkey-file = \"key.pem\"", quoted(id));
        }
        (_, Some(_)) => {
            out.push_str("# [auth]\n# kind = \"smart\"\n# client-id = \"...\"\n# key-file = \"key.pem\"\n# scope = \"system/*.read\"\n");
        }
        (_, None) => out.push_str("# [auth]\n# kind = \"token\"\n# token-env = \"PLIMSOLL_TOKEN\"\n"),
    }
    out.push_str("# Resources that this client must never receive, such as a patient or a tag of another tenant.\n");
    out.push_str("# forbidden-resources = [\"Patient/17\", \"https://example.org/tenants|other\"]\n");
}

/// Returns a TOML basic string.
fn quoted(text: &str) -> String {
    // JSON escapes the same characters as TOML, except DEL.
    Value::from(text).to_string().replace('\u{7f}', "\\u007f")
}

fn list<'a>(items: impl Iterator<Item = &'a str>) -> String {
    items.map(quoted).collect::<Vec<_>>().join(", ")
}

/// Returns a text of the server for a comment: one short line without control characters.
fn shown(text: &str) -> String {
    one_line(text, 200)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::config::file::ConfigFile;

    fn declares(specs: &[&str]) -> DeclaredSpecs {
        DeclaredSpecs { specs: specs.iter().map(|id| (*id).to_owned()).collect(), without_version: false }
    }

    fn responses() -> Responses {
        Responses {
            base: "https://a.example/fhir".to_owned(),
            metadata: Ok(json!({"resourceType": "CapabilityStatement", "software": {"name": "Bulk"},
                "rest": [{"operation": [{"name": "export"}]}]})),
            smart: Ok(json!({"token_endpoint": "https://a.example/token"})),
            groups: Ok(json!({"entry": [{"resource": {"resourceType": "Group", "id": "g1", "name": "All of them"}}]})),
            auth: None,
            client_id: None,
        }
    }

    #[test]
    fn the_written_file_is_read_back_and_contains_what_the_server_declares() {
        let text = toml(&responses(), &declares(&["hl7-3.0.0"]));
        let file = ConfigFile::parse(FILE.into(), false, text.clone()).unwrap();
        let unversioned = DeclaredSpecs { without_version: true, ..declares(&["hl7-3.0.0"]) };
        assert!(toml(&responses(), &unversioned).contains("without a version"));
        assert_eq!(file.table.groups.unwrap().get_ref(), &["g1".to_owned()]);
        assert_eq!(file.table.levels.unwrap().get_ref(), &[crate::base::vocabulary::ExportLevel::System]);
        assert!(text.contains("All of them") && text.contains("https://a.example/token"), "{text}");
    }

    #[test]
    fn a_hostile_server_cannot_write_settings() {
        let hostile = "x\"\ninsecure = true\u{2028}\r#";
        let mut responses = responses();
        responses.metadata = Ok(json!({"resourceType": "CapabilityStatement", "software": {"name": hostile}}));
        responses.smart = Ok(json!({"token_endpoint": hostile}));
        responses.groups = Ok(json!({"entry": [
            {"resource": {"resourceType": "Group", "id": hostile}},
            {"resource": {"resourceType": "Group", "id": "ok", "name": hostile}}]}));
        let file = ConfigFile::parse(FILE.into(), false, toml(&responses, &declares(&[]))).unwrap();
        assert!(file.table.insecure.is_none());
        assert_eq!(file.table.groups.unwrap().get_ref(), &["ok".to_owned()]);
    }

    #[test]
    fn a_server_that_declares_nothing_still_gets_a_file() {
        let none = || Err("the server returned 404".to_owned());
        let responses =
            Responses { metadata: none(), smart: none(), groups: none(), auth: Some(AuthKind::Token), ..responses() };
        let file = ConfigFile::parse(FILE.into(), false, toml(&responses, &declares(&[]))).unwrap();
        assert_eq!(file.table.auth.token_env.unwrap().get_ref().as_deref(), Some("PLIMSOLL_TOKEN"));
    }
}
