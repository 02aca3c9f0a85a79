//! Reads missing resources once more, because a missing resource may have been deleted or changed since the earlier
//! export.

use http::header::ACCEPT;
use http::{Method, StatusCode};
use serde_json::Value;

use crate::drive::context::FlowContext;
use crate::drive::flow::requests;
use crate::measure::missing_resource::{MissingResource, same_version};
use crate::recording::comparison::Recheck;
use crate::recording::model::Role;
use crate::session::exchange::RequestSpec;

/// The most missing resources that are read in one flow.
const MAX_READS: usize = 6;

/// The name of these probes in the recording.
const PROBE: &str = "recheck";

/// The result of the second read of a missing resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SeenAgain {
    /// The resource exists, unchanged since the earlier export.
    There,
    /// The resource was changed.
    Changed,
    /// The resource was deleted.
    Deleted,
    /// The response does not show any of these.
    Unknown,
}

/// Reads the first of `missing` once more; returns the result of each read, in order. The first unchanged resource ends
/// the reads, because it shows that the export is incomplete. A 404 shows that a resource was deleted only if
/// `control`, a resource of this export, can be read.
pub(crate) async fn recheck(
    context: &FlowContext<'_>,
    control: Option<(&str, &str)>,
    missing: impl Iterator<Item = &MissingResource>,
) -> Vec<SeenAgain> {
    let (mut all, mut readable) = (Vec::new(), None);
    for one in missing.take(MAX_READS) {
        let seen = match read_version(context, &one.kind, &one.id).await {
            ReadVersion::Value(now) if same_version(&one.was, &now).unwrap_or(one.was == now) => SeenAgain::There,
            ReadVersion::Value(_) => SeenAgain::Changed,
            ReadVersion::Gone => SeenAgain::Deleted,
            ReadVersion::Unclear => SeenAgain::Unknown,
            ReadVersion::NotFound => {
                if readable.is_none() {
                    readable = Some(match control {
                        Some((kind, id)) => matches!(read_version(context, kind, id).await, ReadVersion::Value(_)),
                        None => false,
                    });
                }
                if readable != Some(true) {
                    all.push(SeenAgain::Unknown);
                    return all;
                }
                SeenAgain::Deleted
            }
        };
        all.push(seen);
        if seen == SeenAgain::There {
            return all;
        }
    }
    all
}

/// Counts the results of the reads of `missing`.
pub(crate) fn counted<'m>(missing: impl Iterator<Item = &'m MissingResource>, seen: &[SeenAgain]) -> Recheck {
    let mut recheck = Recheck::default();
    for (one, seen) in missing.zip(seen) {
        recheck.asked += 1;
        match seen {
            SeenAgain::There => recheck.there += 1,
            SeenAgain::Changed => *recheck.changed.entry(one.kind.clone()).or_default() += 1,
            SeenAgain::Deleted => *recheck.deleted.entry(one.kind.clone()).or_default() += 1,
            SeenAgain::Unknown => {}
        }
    }
    recheck
}

/// Returns the request of the probe `probe` that reads one resource.
pub(crate) fn read_request(context: &FlowContext<'_>, probe: &str, kind: &str, id: &str) -> RequestSpec {
    let url = requests::under(&context.run.settings.base, &[kind, id]);
    let headers = requests::usual(&[(ACCEPT, "application/fhir+json")]);
    let mut request = requests::plain(context.name(), Role::Probe, Method::GET, url, headers);
    request.probe = Some(probe.to_owned());
    request.identity = context.planned.flow.identity;
    request.masked = true;
    request
}

/// Reads one resource.
async fn read_version(context: &FlowContext<'_>, kind: &str, id: &str) -> ReadVersion {
    let Ok(whole) = context.run.session.send(read_request(context, PROBE, kind, id)).await.result else {
        return ReadVersion::Unclear;
    };
    let value: Value = serde_json::from_slice(&whole.body).unwrap_or_default();
    let text = |key: &str| value.get(key).and_then(Value::as_str);
    match whole.status {
        StatusCode::OK if text("resourceType") == Some(kind) && text("id") == Some(id) => ReadVersion::Value(value),
        StatusCode::NOT_FOUND => ReadVersion::NotFound,
        StatusCode::GONE => ReadVersion::Gone,
        _ => ReadVersion::Unclear,
    }
}

/// The result of a read.
enum ReadVersion {
    Value(Value),
    Gone,
    NotFound,
    Unclear,
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
mod tests {
    use super::*;

    #[test]
    fn only_what_was_read_is_counted() {
        let missing: Vec<MissingResource> = ["Patient", "Patient", "Condition", "Condition"]
            .iter()
            .map(|kind| MissingResource { kind: (*kind).to_owned(), id: "a".to_owned(), was: Value::Null })
            .collect();
        let seen = [SeenAgain::Deleted, SeenAgain::Unknown, SeenAgain::Changed];
        let recheck = counted(missing.iter(), &seen);
        assert_eq!((recheck.asked, recheck.there, recheck.gone(), recheck.unknown()), (3, 0, 2, 1));
        assert_eq!((recheck.gone_of("Patient"), recheck.gone_of("Condition")), (1, 1));
    }
}
