//! Fuzzes the headers of polls and files: Retry-After, Expires, Date, media types, codings, progress. The first byte
//! selects the status.
#![no_main]

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use libfuzzer_sys::fuzz_target;

const NAMES: [&str; 10] = [
    "retry-after",
    "expires",
    "content-type",
    "date",
    "x-progress",
    "content-encoding",
    "location",
    "content-location",
    "cache-control",
    "x-export-status",
];

const MANIFEST: &str = "{\"transactionTime\":\"2026-01-01T12:00:00Z\",\"request\":\"http://localhost/fhir/$export\",\
    \"requiresAccessToken\":false,\"output\":[{\"type\":\"Patient\",\"url\":\"http://localhost/fhir/f\"}],\"error\":[]}";

fuzz_target!(|data: &[u8]| {
    let Some((&status, rest)) = data.split_first() else { return };
    let status = [200, 202, 429, 503, 404, 500][usize::from(status) % 6];
    let mut headers = HeaderMap::new();
    for (nth, line) in rest.split(|byte| *byte == b'\n').enumerate().take(20) {
        let Some((&name, value)) = line.split_first() else { continue };
        let name = NAMES[usize::from(name) % NAMES.len()];
        if let (Ok(name), Ok(value)) = (HeaderName::from_bytes(name.as_bytes()), HeaderValue::from_bytes(value)) {
            if nth % 2 == 0 { drop(headers.insert(name, value)) } else { drop(headers.append(name, value)) }
        }
    }
    let Ok(status) = StatusCode::from_u16(status) else { return };
    plimsoll_fuzz::converse(status, headers, Bytes::from_static(MANIFEST.as_bytes()));
});
