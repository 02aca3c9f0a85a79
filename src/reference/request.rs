//! A parsed request.

use bytes::Bytes;
use http::{HeaderMap, Method, StatusCode};
use percent_encoding::percent_decode_str;
use serde_json::Value;

use crate::reference::reply::{Point, ServerReply};
use crate::reference::security::grant::Grant;

/// A request.
#[derive(Clone, Debug)]
pub(crate) struct ServerRequest {
    /// The method of the server request.
    pub method: Method,
    /// The path and query of the server request, as sent.
    pub target: String,
    /// Its path below the base, in decoded segments.
    pub path: Vec<String>,
    /// The query of the server request, as sent.
    pub query: String,
    /// The headers of the server request.
    pub headers: HeaderMap,
    /// The body of the server request.
    pub body: Bytes,
    /// The permissions of its token.
    pub grant: Grant,
}

/// The preferences of the `Prefer` lines.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Preferences {
    /// `handling=lenient`.
    pub lenient: bool,
    /// `respond-async`.
    pub asynchronous: bool,
    /// `separate-export-status`.
    pub separate_status: bool,
}

impl Preferences {
    /// Reads all `Prefer` lines. Unknown preferences have no effect.
    pub(crate) fn read(headers: &HeaderMap) -> Self {
        let mut found = Self::default();
        let lines = headers.get_all("prefer").iter().filter_map(|line| line.to_str().ok());
        for preference in lines.flat_map(|line| line.split(',')) {
            let preference = preference.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
            found.asynchronous |= preference == "respond-async";
            found.separate_status |= preference == "separate-export-status";
            found.lenient |= matches!(preference.as_str(), "handling=lenient" | "handling=\"lenient\"");
        }
        found
    }
}

/// The decoded segments of `path` below `base`; `None` if it is not below the base.
pub(crate) fn segments_below(base: &str, path: &str) -> Option<Vec<String>> {
    let rest = path.strip_prefix(base)?.strip_prefix('/')?;
    Some(rest.split('/').map(|segment| percent_decode_str(segment).decode_utf8_lossy().into_owned()).collect())
}

/// The parameters of a query, in order.
pub(crate) fn query_parameters(query: &str) -> Vec<(String, String)> {
    url::form_urlencoded::parse(query.as_bytes()).into_owned().collect()
}

/// The parameters of a body, in order.
///
/// # Errors
/// The refusal of a body that is not a Parameters resource.
pub(crate) fn body_parameters(body: &[u8]) -> Result<Vec<(String, String)>, Box<ServerReply>> {
    let value: Value = serde_json::from_slice(body)
        .map_err(|error| bad_request("structure", &format!("the body is not JSON: {error}")))?;
    if value.get("resourceType").and_then(Value::as_str) != Some("Parameters") {
        return Err(bad_request("structure", "the body of a kick-off must be a Parameters resource"));
    }
    let list = match value.get("parameter") {
        None => return Ok(Vec::new()),
        Some(Value::Array(list)) => list,
        Some(_) => return Err(bad_request("structure", "Parameters.parameter must be an array")),
    };
    list.iter()
        .map(|item| {
            let name = item.get("name").and_then(Value::as_str);
            let name = name.ok_or_else(|| bad_request("structure", "a parameter has no name"))?;
            let text = item.as_object().and_then(|fields| {
                fields.iter().find(|(key, _)| key.starts_with("value")).and_then(|(_, value)| text_of(value))
            });
            let unusable = || bad_request("value", &format!("the parameter {name} has no usable value"));
            Ok((name.to_owned(), text.ok_or_else(unusable)?))
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

/// The refusal of a kick-off with status 400.
pub(crate) fn bad_request(code: &str, text: &str) -> Box<ServerReply> {
    Box::new(ServerReply::refusal(Point::KickoffRefused, StatusCode::BAD_REQUEST, code, text))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::segments_below;

    #[test]
    fn only_valid_percent_encodings_are_decoded() {
        for (sent, decoded) in
            [("%24export", "$export"), ("$export", "$export"), ("100%", "100%"), ("%zz%4", "%zz%4"), ("%C3%A9", "é")]
        {
            assert_eq!(segments_below("/fhir", &format!("/fhir/{sent}")).unwrap(), [decoded]);
        }
        assert_eq!(segments_below("/fhir", "/other/metadata"), None);
    }
}
