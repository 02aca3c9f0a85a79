//! The attachments of DocumentReferences.

use bytes::Bytes;
use http::StatusCode;
use serde_json::Value;

use crate::reference::reply::{Payload, Point, ServerReply};
use crate::reference::state::ServerState;

/// Responds to a GET of an attachment.
pub(crate) fn attachment(server: &ServerState, id: &str) -> ServerReply {
    let known = server.population().first("DocumentReference", u64::MAX).iter().any(|line| {
        let value: Value = serde_json::from_slice(line).unwrap_or_default();
        let url = value.pointer("/content/0/attachment/url").and_then(Value::as_str);
        url.is_some_and(|url| url.ends_with(&format!("/Binary/{id}")))
    });
    if !known {
        return ServerReply::refusal(Point::Read, StatusCode::NOT_FOUND, "not-found", "there is no such resource");
    }
    let payload = Payload::Raw(Bytes::from(letter(id)));
    ServerReply { payload, ..ServerReply::empty(Point::Attachment, StatusCode::OK) }.with("content-type", "text/plain")
}

/// The content of a document.
pub(crate) fn letter(id: &str) -> String {
    format!("An invented letter: {id}\n")
}
