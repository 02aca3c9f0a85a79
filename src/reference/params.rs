//! Kick-off parameters: read from a query or a Parameters resource, and understood or refused.

use std::collections::BTreeSet;

use http::{HeaderMap, Method, StatusCode};
use serde_json::Value;

use crate::base::instant::Instant;
use crate::base::resource_types;
use crate::reference::data::population::{Population, Reach, Selection};
use crate::reference::fault::behavior::Behavior;
use crate::reference::options::Personality;
use crate::reference::personality::smile::Filter;
use crate::reference::reply::{Point, ServerReply};
use crate::search::query::Query;

/// Of each resource the newest Provenance.
pub(crate) const LATEST: &str = "LatestProvenanceResources";
/// Of each resource all Provenance.
pub(crate) const RELEVANT: &str = "RelevantProvenanceResources";

/// What the `Prefer` lines of a request say.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Preferences {
    /// `handling=lenient`.
    pub lenient: bool,
    /// `respond-async`.
    pub asynchronous: bool,
    /// `separate-export-status`.
    pub separate: bool,
}

impl Preferences {
    /// Reads all `Prefer` lines; unknown preferences are passed over.
    pub(crate) fn read(headers: &HeaderMap) -> Self {
        let mut found = Self::default();
        let lines = headers.get_all("prefer").iter().filter_map(|line| line.to_str().ok());
        for wish in lines.flat_map(|line| line.split(',')) {
            let wish = wish.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
            found.asynchronous |= wish == "respond-async";
            found.separate |= wish == "separate-export-status";
            found.lenient |= matches!(wish.as_str(), "handling=lenient" | "handling=\"lenient\"");
        }
        found
    }
}

/// An export that can be started.
#[derive(Clone, Debug)]
pub(crate) struct ExportRequest {
    /// What it returns.
    pub selection: Selection,
    /// What was passed over for leniency's sake, a sentence each.
    pub ignored: Vec<String>,
    /// What `_typeFilter` leaves, where it is understood by ids alone.
    pub filters: Vec<Filter>,
    /// What `_typeFilter` leaves, where it is understood as a search.
    pub searches: Vec<Query>,
    /// The elements that are asked for, each for one type or for all; none: all.
    pub elements: Vec<(Option<String>, String)>,
    /// The data to go with the rest that are asked for by name.
    pub associated: BTreeSet<String>,
    /// Whether its files may be spread over manifests.
    pub partial: bool,
    /// The type by whose resources the output is organised.
    pub organizer: Option<&'static str>,
    /// Why the job will fail, where only it looks at a parameter.
    pub spoiled: Option<String>,
}

/// What a kick-off's parameters are understood by.
pub(crate) struct Reader<'a> {
    pub spec: Personality,
    pub population: &'a Population,
    pub lenient: bool,
    pub does: &'a dyn Fn(Behavior) -> bool,
}

pub(crate) fn bad(code: &str, text: &str) -> Box<ServerReply> {
    Box::new(ServerReply::refusal(Point::KickoffRefused, StatusCode::BAD_REQUEST, code, text))
}

/// The parameters of a query, in order.
pub(crate) fn of_query(query: &str) -> Vec<(String, String)> {
    url::form_urlencoded::parse(query.as_bytes()).into_owned().collect()
}

/// The parameters of a body, in order.
///
/// # Errors
/// The refusal of a body that is no Parameters resource.
pub(crate) fn of_body(body: &[u8]) -> Result<Vec<(String, String)>, Box<ServerReply>> {
    let value: Value =
        serde_json::from_slice(body).map_err(|error| bad("structure", &format!("the body is not JSON: {error}")))?;
    if value.get("resourceType").and_then(Value::as_str) != Some("Parameters") {
        return Err(bad("structure", "the body of a kick-off must be a Parameters resource"));
    }
    let list = match value.get("parameter") {
        None => return Ok(Vec::new()),
        Some(Value::Array(list)) => list,
        Some(_) => return Err(bad("structure", "Parameters.parameter must be an array")),
    };
    list.iter()
        .map(|item| {
            let name = item.get("name").and_then(Value::as_str);
            let name = name.ok_or_else(|| bad("structure", "a parameter has no name"))?;
            let text = item.as_object().and_then(|fields| {
                fields.iter().find(|(key, _)| key.starts_with("value")).and_then(|(_, value)| text_of(value))
            });
            let text =
                text.ok_or_else(|| bad("value", &format!("the parameter {name} has no value that can be used")))?;
            Ok((name.to_owned(), text))
        })
        .collect()
}

fn text_of(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Bool(_) | Value::Number(_) => Some(value.to_string()),
        Value::Object(fields) => fields.get("reference")?.as_str().map(str::to_owned),
        Value::Null | Value::Array(_) => None,
    }
}

impl Reader<'_> {
    /// Understands the parameters of a kick-off at the level `reach`.
    ///
    /// # Errors
    /// The refusal, which names the parameter.
    pub(crate) fn read(
        &self,
        reach: Reach,
        method: &Method,
        params: &[(String, String)],
    ) -> Result<ExportRequest, Box<ServerReply>> {
        let selection = Selection { reach, types: None, since: None, until: None, patients: None };
        let mut wanted = ExportRequest {
            selection,
            ignored: Vec::new(),
            filters: Vec::new(),
            searches: Vec::new(),
            elements: Vec::new(),
            associated: BTreeSet::new(),
            partial: false,
            organizer: None,
            spoiled: None,
        };
        let mut seen = BTreeSet::new();
        for (name, value) in params {
            let first = seen.insert(name.as_str());
            let repeats =
                matches!(name.as_str(), "_type" | "patient" | "_typeFilter" | "_elements" | "includeAssociatedData");
            if !first && !repeats {
                return Err(bad("invalid", &format!("{name} may be given only once")));
            }
            self.take(&mut wanted, method, name, value, first)?;
        }
        if (self.does)(Behavior::IgnoreType) {
            wanted.selection.types = None;
        }
        if wanted.selection.since.is_some() && (self.does)(Behavior::IgnoreTypeFilterWithSince) {
            wanted.searches.clear();
        }
        if wanted.selection.since.is_some() && (self.does)(Behavior::SinceIsNow) {
            wanted.selection.since = Instant::parse("9000-01-01T00:00:00Z");
        }
        self.refuse_outside_compartment(&mut wanted)?;
        if wanted.selection.types.is_none() && (self.does)(Behavior::PatientsByDefault) {
            wanted.selection.types = Some(BTreeSet::from(["Patient".to_owned()]));
        }
        Ok(wanted)
    }

    fn take(
        &self,
        wanted: &mut ExportRequest,
        method: &Method,
        name: &str,
        value: &str,
        first: bool,
    ) -> Result<(), Box<ServerReply>> {
        if self.spec == Personality::Smile
            && let Some(taken) = self.smile_take(wanted, method, (name, value), first)
        {
            return taken;
        }
        if self.spec == Personality::Hcpd
            && let Some(taken) = self.hcpd_take(wanted, (name, value), first)
        {
            return taken;
        }
        match name {
            "_outputFormat" => self.output_format(value),
            "_since" => {
                let mut since = instant_of(name, value)?;
                let local = value.len().checked_sub("+00:00".len()).and_then(|at| value.get(..at));
                if let Some(local) = local.filter(|_| !value.ends_with('Z')) {
                    if (self.does)(Behavior::SinceInUtcAlone) {
                        return Err(bad("value", "_since must be in UTC"));
                    }
                    if (self.does)(Behavior::SinceWithoutOffset) {
                        since = instant_of(name, &format!("{local}Z"))?;
                    }
                }
                if (self.does)(Behavior::SinceByDate) {
                    since = since.start_of_day();
                }
                wanted.selection.since = Some(since).filter(|_| !(self.does)(Behavior::IgnoreSince));
                Ok(())
            }
            "_until" if self.spec.edition() >= 3 => {
                let until = instant_of(name, value)?;
                wanted.selection.until = Some(until).filter(|_| !(self.does)(Behavior::IgnoreUntil));
                Ok(())
            }
            "_type" => self.types(wanted, value, first),
            "patient" if self.spec.edition() >= 2 => self.patient(wanted, method, value),
            "allowPartialManifests" if self.spec.edition() >= 3 => match value {
                "true" | "false" => {
                    wanted.partial = value == "true" && !(self.does)(Behavior::WholeManifests);
                    Ok(())
                }
                _ => Err(bad("value", "allowPartialManifests must be true or false")),
            },
            "_elements" if self.knows_elements() => Self::elements(wanted, value),
            "includeAssociatedData" if self.knows_elements() => self.associated(wanted, value),
            "organizeOutputBy" if self.organizes() => self.organizer(wanted, value),
            "_typeFilter" if (self.does)(Behavior::IgnoreTypeFilter) => Ok(()),
            "_typeFilter" => self.search(wanted, value),
            "_format" if value.contains("json") => Ok(()),
            _ => self.unsupported(wanted, &format!("the parameter {name} is not supported")),
        }
    }

    /// Refuses, or passes over with a warning where the client asked for leniency.
    pub(crate) fn unsupported(&self, wanted: &mut ExportRequest, text: &str) -> Result<(), Box<ServerReply>> {
        if !self.lenient || self.spec.edition() < 2 || (self.does)(Behavior::NeverLenient) {
            return Err(bad("not-supported", text));
        }
        wanted.ignored.push(format!("{text}; it was ignored"));
        Ok(())
    }

    /// Whether the server knows what STU 2 brought and products mostly have not.
    fn knows_elements(&self) -> bool {
        self.spec.edition() >= 2 && !matches!(self.spec, Personality::Smile | Personality::Hcpd)
    }

    fn elements(wanted: &mut ExportRequest, value: &str) -> Result<(), Box<ServerReply>> {
        for name in value.split(',').map(str::trim).filter(|name| !name.is_empty()) {
            let (kind, element) = match name.split_once('.') {
                Some((kind, element)) if resource_types::is_r4(kind) => (Some(kind.to_owned()), element),
                _ => (None, name),
            };
            if !element.bytes().all(|b| b.is_ascii_alphanumeric()) {
                return Err(bad("value", "_elements names elements at the root of a resource alone"));
            }
            wanted.elements.push((kind, element.to_owned()));
        }
        Ok(())
    }

    fn associated(&self, wanted: &mut ExportRequest, value: &str) -> Result<(), Box<ServerReply>> {
        for name in value.split(',').map(str::trim) {
            if !matches!(name, LATEST | RELEVANT) {
                let shown: String = name.chars().take(80).collect();
                self.unsupported(wanted, &format!("the associated data {shown} are not supported"))?;
            }
            wanted.associated.insert(name.to_owned());
        }
        Ok(())
    }

    fn output_format(&self, value: &str) -> Result<(), Box<ServerReply>> {
        // A plus that was not encoded arrives as a space.
        let known =
            matches!(value.replace(' ', "+").as_str(), "application/fhir+ndjson" | "application/ndjson" | "ndjson");
        if known || (self.does)(Behavior::AnyOutputFormat) {
            return Ok(());
        }
        let shown: String = value.chars().take(80).collect();
        Err(bad("not-supported", &format!("_outputFormat {shown} is not supported; application/fhir+ndjson is")))
    }

    fn types(&self, wanted: &mut ExportRequest, value: &str, first: bool) -> Result<(), Box<ServerReply>> {
        if !first && (self.does)(Behavior::LastTypeWins) {
            wanted.selection.types = None;
        }
        for name in value.split(',').map(str::trim).filter(|name| !name.is_empty()) {
            if !resource_types::is_r4(name) {
                let shown: String = name.chars().take(80).collect();
                self.unsupported(wanted, &format!("the resource type {shown} in _type is not supported"))?;
            }
            // An unknown type that was passed over still narrows the export: it asks for nothing else.
            wanted.selection.types.get_or_insert_default().insert(name.to_owned());
        }
        Ok(())
    }

    /// Takes in a filter of one type. One that is not understood whole is refused, lest more is exported than was asked
    /// for.
    fn search(&self, wanted: &mut ExportRequest, value: &str) -> Result<(), Box<ServerReply>> {
        let query = Query::parse(value).map_err(|refused| bad("invalid", &format!("_typeFilter: {refused}")))?;
        if let Some(unknown) = query.unknown.first() {
            return self.unsupported(wanted, &format!("the criterion {unknown} in _typeFilter is not supported"));
        }
        if (self.does)(Behavior::LastFilterWins) {
            wanted.searches.retain(|known| known.kind != query.kind);
        }
        wanted.searches.push(query);
        Ok(())
    }

    fn patient(&self, wanted: &mut ExportRequest, method: &Method, value: &str) -> Result<(), Box<ServerReply>> {
        if wanted.selection.reach == Reach::System {
            return self.unsupported(wanted, "the parameter patient is not supported at system level");
        }
        if method != Method::POST {
            return self.unsupported(wanted, "the parameter patient is supported in a POST only");
        }
        if (self.does)(Behavior::IgnorePatient) {
            return Ok(());
        }
        let id = value.rsplit_once("Patient/").map_or(value, |(_, id)| id);
        let known = match &wanted.selection.reach {
            Reach::Group(group) => self.population.members(group).is_some_and(|members| members.contains(id)),
            Reach::System | Reach::Patients => self.population.read("Patient", id).is_some(),
        };
        let listed = wanted.selection.patients.get_or_insert_default();
        if known {
            listed.insert(id.to_owned());
            return Ok(());
        }
        if matches!(wanted.selection.reach, Reach::Group(_)) && (self.does)(Behavior::OutsidersPassedOver) {
            return Ok(());
        }
        let shown: String = id.chars().take(80).collect();
        self.unsupported(wanted, &format!("the patient {shown} is not among those exported"))
    }

    fn refuse_outside_compartment(&self, wanted: &mut ExportRequest) -> Result<(), Box<ServerReply>> {
        let outside = wanted.selection.types.as_ref().is_some_and(|types| {
            let mut known = types.iter().filter(|name| resource_types::is_r4(name)).peekable();
            known.peek().is_some() && known.all(|name| !resource_types::is_of_patients(name))
        });
        if outside && wanted.selection.reach != Reach::System {
            return self.unsupported(wanted, "_type asks for nothing that belongs to patients");
        }
        Ok(())
    }
}

fn instant_of(name: &str, value: &str) -> Result<Instant, Box<ServerReply>> {
    // A plus that was not encoded arrives as a space.
    Instant::parse(&value.replace(' ', "+")).ok_or_else(|| {
        let shown: String = value.chars().take(80).collect();
        bad("value", &format!("{name} {shown} is not an instant, as 2024-03-01T10:00:00Z is"))
    })
}
