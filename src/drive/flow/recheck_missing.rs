//! A second look: servers live, and what an export lacks may have been deleted or changed since the one before. Each
//! resource that is missed is asked for, before anything is said of its absence.

use http::header::ACCEPT;
use http::{Method, StatusCode};
use serde_json::Value;

use crate::drive::context::FlowContext;
use crate::drive::flow::requests;
use crate::measure::missing_resource::{MissingResource, same_version};
use crate::recording::model::Role;
use crate::session::exchange::RequestSpec;

/// The most resources that are asked for in one flow.
const MAX_ASKED: usize = 6;

/// The probe's name on the recording.
pub(crate) const PROBE: &str = "second-look";

/// What became of what was lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RecheckResult {
    /// Some of it is still there, as it was.
    There,
    /// It was deleted or changed.
    Gone,
    /// The target does not say.
    Unsure,
}

impl FlowContext<'_> {
    /// What became of `lost`, told from the first of them. That one is not found says that it was deleted where `control`,
    /// which came with the export, can be read.
    pub async fn fate(&self, control: Option<(&str, &str)>, lost: &[MissingResource]) -> RecheckResult {
        let (mut fate, mut readable) = (RecheckResult::Gone, None);
        for one in lost.iter().take(MAX_ASKED) {
            match self.look_at(&one.kind, &one.id).await {
                SeenVersions::Value(now) if same_version(&one.was, &now).unwrap_or(one.was == now) => {
                    return RecheckResult::There;
                }
                SeenVersions::Value(_) | SeenVersions::Deleted => {}
                SeenVersions::Unsure => fate = RecheckResult::Unsure,
                SeenVersions::Nothing => {
                    if readable.is_none() {
                        readable = Some(match control {
                            Some((kind, id)) => matches!(self.look_at(kind, id).await, SeenVersions::Value(_)),
                            None => false,
                        });
                    }
                    if readable != Some(true) {
                        return RecheckResult::Unsure;
                    }
                }
            }
        }
        fate
    }

    /// The request that reads one resource, under the name `probe`.
    pub fn read_ask(&self, probe: &str, kind: &str, id: &str) -> RequestSpec {
        let url = requests::under(&self.run.settings.base, &[kind, id]);
        let headers = requests::usual(&[(ACCEPT, "application/fhir+json")]);
        let mut ask = requests::plain(self.name(), Role::Probe, Method::GET, url, headers);
        ask.probe = Some(probe.to_owned());
        ask.identity = self.planned.flow.identity;
        ask.masked = true;
        ask
    }

    /// Reads one resource.
    async fn look_at(&self, kind: &str, id: &str) -> SeenVersions {
        let Ok(whole) = self.run.session.send(self.read_ask(PROBE, kind, id)).await.result else {
            return SeenVersions::Unsure;
        };
        let value: Value = serde_json::from_slice(&whole.body).unwrap_or_default();
        let text = |key: &str| value.get(key).and_then(Value::as_str);
        match whole.status {
            StatusCode::OK if text("resourceType") == Some(kind) && text("id") == Some(id) => {
                SeenVersions::Value(value)
            }
            StatusCode::NOT_FOUND => SeenVersions::Nothing,
            StatusCode::GONE => SeenVersions::Deleted,
            _ => SeenVersions::Unsure,
        }
    }
}

/// What a read brought.
enum SeenVersions {
    Value(Value),
    Deleted,
    Nothing,
    Unsure,
}
