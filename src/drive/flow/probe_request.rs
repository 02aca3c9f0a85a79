//! The requests of probes, and the inputs that probes may use.

use http::Method;
use http::header::ACCEPT;
use serde_json::Value;
use url::Url;

use crate::drive::context::FlowContext;
use crate::drive::files::wanted::WantedFile;
use crate::drive::flow::job::{Job, Route};
use crate::drive::flow::requests;
use crate::measure::unknown_job::unknown_job;
use crate::recording::model::Role;
use crate::session::exchange::RequestSpec;
use crate::suite::flow::{Probe, Wrong};
use crate::suite::send::Send;

/// The inputs that the probes of a moment may use.
#[derive(Clone, Copy)]
pub(crate) struct ProbeInputs<'s> {
    /// The request of the flow.
    pub route: &'s Route,
    /// The job of the probe inputs, once it has one.
    pub job: Option<&'s Job>,
    /// The files that file probes request, one per list.
    pub files: &'s [WantedFile],
    /// The manifest of the probe inputs, once it has one.
    pub manifest: Option<&'s Value>,
}

impl<'s> ProbeInputs<'s> {
    /// Returns inputs without job, files and manifest.
    pub fn before_kickoff(route: &'s Route) -> Self {
        Self { route, job: None, files: &[], manifest: None }
    }
}

/// Returns the request of a probe. `None` for probes that are sent elsewhere (kick-offs, files, tokens, TLS, Groups),
/// and if there is nothing to request.
pub(crate) fn probe_request(context: &FlowContext<'_>, probe: &Probe, inputs: ProbeInputs<'_>) -> Option<RequestSpec> {
    let base = &context.run.settings.base;
    let json = requests::usual(&[(ACCEPT, "application/json")]);
    let fhir = requests::usual(&[(ACCEPT, "application/fhir+json")]);
    let (method, url, headers) = match probe.send {
        Send::Poll => (Method::GET, probed_job(probe, inputs)?, json),
        Send::Delete => (Method::DELETE, probed_job(probe, inputs)?, fhir),
        Send::Metadata => (Method::GET, requests::under(base, &["metadata"]), fhir),
        Send::SmartConfiguration => (Method::GET, requests::under(base, &[".well-known", "smart-configuration"]), json),
        Send::Read => {
            let group = match probe.wrong {
                Some(Wrong::Group) => requests::NO_SUCH_GROUP.to_owned(),
                _ => context.group()?,
            };
            (Method::GET, requests::under(base, &["Group", &group]), fhir)
        }
        Send::Search => {
            let mut url = requests::under(base, &["Group"]);
            url.set_query(Some(&requests::query(&[("_id".to_owned(), context.group()?)])));
            (Method::GET, url, fhir)
        }
        Send::Count => {
            let mut url = requests::under(base, &["Patient"]);
            url.set_query(Some("_summary=count"));
            (Method::GET, url, fhir)
        }
        Send::Kickoff | Send::KickoffPost | Send::File | Send::FilePost | Send::Files | Send::Attachment => {
            return None;
        }
        Send::Token | Send::Tls => return None,
        Send::Create | Send::Update | Send::Erase | Send::SearchName => return None,
    };
    let mut request = requests::plain(context.name(), Role::Probe, method, url, headers);
    apply_probe(&mut request, probe);
    Some(request)
}

/// Sets the name, identity and headers of a probe in a request.
pub(crate) fn apply_probe(request: &mut RequestSpec, probe: &Probe) {
    request.role = Role::Probe;
    request.probe = Some(probe.id.clone());
    request.identity = probe.identity;
    let over = probe.headers.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    requests::overlay(&mut request.headers, over);
    requests::leave_out(&mut request.headers, &probe.omit);
}

fn probed_job(probe: &Probe, inputs: ProbeInputs<'_>) -> Option<Url> {
    let job = inputs.job?;
    match probe.wrong {
        Some(Wrong::Job) => unknown_job(&job.url),
        _ => Some(job.url.clone()),
    }
}
