//! Fuzzes the body of the response to a poll: the run ends, both judgements are equal, and every report is rendered.
#![no_main]

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, StatusCode};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let mut headers = HeaderMap::new();
    headers.insert("content-type", HeaderValue::from_static("application/json"));
    plimsoll_fuzz::converse(StatusCode::OK, headers, Bytes::copy_from_slice(data));
});
