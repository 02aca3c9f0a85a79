//! Responses as bytes: bodies are streamed or complete, and compressed if the client accepts it.

use std::convert::Infallible;
use std::io::Write;
use std::time::Duration;

use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use futures_util::{StreamExt, stream};
use http::header::CONTENT_ENCODING;
use http::{HeaderMap, HeaderValue, StatusCode};

use crate::reference::data::rows::Rows;
use crate::reference::fault::behavior::Behavior;
use crate::reference::reply::{Payload, Point, ServerReply};
use crate::reference::state::ServerState;

/// The size of a chunk before compression, in bytes.
const CHUNK: usize = 64 << 10;

/// The pause in a slow body.
const PAUSE: Duration = Duration::from_secs(3);

/// Makes the response to a request with these headers.
pub(crate) fn response(server: &ServerState, request: &HeaderMap, reply: ServerReply) -> Response {
    let mut headers = reply.headers;
    let is_file = matches!(reply.point, Point::FileOutput | Point::FileError | Point::FileDeleted);
    let unlabelled = is_file && server.does(Behavior::SilentGzip);
    let accepted = accepts_gzip(request) || server.does(Behavior::AlwaysGzip);
    let labelled = is_file
        && !unlabelled
        && accepted
        && !server.does(Behavior::NeverGzip)
        && reply.status == StatusCode::OK
        && !headers.contains_key(CONTENT_ENCODING);
    if labelled {
        headers.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    }
    let compressed = labelled || unlabelled;
    let complete = |payload: Payload| {
        let plain = payload.into_bytes();
        if compressed { Bytes::from(gzip(&plain)) } else { plain }
    };
    let body = match reply.payload {
        Payload::Lines(rows) if is_file && server.does(Behavior::SlowFiles) => {
            slow_body(complete(Payload::Lines(rows)), server.does(Behavior::CutAtExpiry))
        }
        Payload::Lines(rows) if !server.does(Behavior::OddChunks) => line_body(rows, compressed),
        payload if is_file && server.does(Behavior::OddChunks) => odd_chunks(complete(payload)),
        payload => Body::from(complete(payload)),
    };
    let mut response = Response::new(body);
    *response.status_mut() = reply.status;
    *response.headers_mut() = headers;
    response
}

/// Whether the client accepts gzip, by name with a weight above 0 or by `*`.
fn accepts_gzip(headers: &HeaderMap) -> bool {
    let lines = headers.get_all("accept-encoding").iter().filter_map(|line| line.to_str().ok());
    let mut any = None;
    for offer in lines.flat_map(|line| line.split(',')) {
        let mut parts = offer.split(';').map(str::trim);
        let coding = parts.next().unwrap_or_default().to_ascii_lowercase();
        let weight = parts.find_map(|part| part.strip_prefix("q=")?.trim().parse::<f32>().ok()).unwrap_or(1.0);
        match coding.as_str() {
            "gzip" | "x-gzip" => return weight > 0.0,
            "*" => any = Some(weight > 0.0),
            _ => {}
        }
    }
    any.unwrap_or(false)
}

/// A body of lines, generated while it is sent.
fn line_body(rows: Rows, compressed: bool) -> Body {
    let coder = compressed.then(|| GzEncoder::new(Vec::new(), Compression::fast()));
    let state = Some((rows, 0, coder));
    Body::from_stream(stream::unfold(state, |state| async move {
        let (rows, mut at, mut coder) = state?;
        let mut plain = Vec::with_capacity(CHUNK + 4096);
        while plain.len() < CHUNK {
            let Some(line) = rows.line(at) else { break };
            plain.extend_from_slice(&line);
            plain.push(b'\n');
            at += 1;
        }
        let last = at >= rows.len();
        let chunk = match coder.take() {
            None => plain,
            Some(mut writer) => {
                // Writing to memory does not fail.
                let written = writer.write_all(&plain);
                debug_assert!(written.is_ok());
                if last {
                    writer.finish().unwrap_or_default()
                } else {
                    let done = std::mem::take(writer.get_mut());
                    coder = Some(writer);
                    done
                }
            }
        };
        let next = (!last).then_some((rows, at, coder));
        Some((Ok::<_, Infallible>(Bytes::from(chunk)), next))
    }))
}

/// Compresses a complete body.
fn gzip(plain: &[u8]) -> Vec<u8> {
    let mut writer = GzEncoder::new(Vec::new(), Compression::fast());
    // Writing to memory does not fail.
    let written = writer.write_all(plain);
    debug_assert!(written.is_ok());
    writer.finish().unwrap_or_default()
}

/// A body that pauses in the middle; if `cut` is set, it ends there with an error.
fn slow_body(complete: Bytes, cut: bool) -> Body {
    let half = complete.len() / 2;
    let parts = [(Some(complete.slice(..half)), false), (Some(complete.slice(half..)).filter(|_| !cut), true)];
    Body::from_stream(stream::iter(parts).then(|(part, later)| async move {
        if later {
            tokio::time::sleep(PAUSE).await;
        }
        part.ok_or_else(|| std::io::Error::other("the file was removed"))
    }))
}

/// A body in chunks of one to seven bytes, so that boundaries are inside characters. The sizes never change.
fn odd_chunks(complete: Bytes) -> Body {
    Body::from_stream(stream::unfold((complete, 0_usize), |(mut rest, turn)| async move {
        if rest.is_empty() {
            return None;
        }
        let size = (1 + turn * 5 % 7).min(rest.len());
        let chunk = rest.split_to(size);
        Some((Ok::<_, Infallible>(chunk), (rest, turn + 1)))
    }))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn gzip_is_accepted_only_if_offered() {
        let with = |line: &str| {
            let mut headers = HeaderMap::new();
            headers.insert("accept-encoding", line.parse().unwrap());
            accepts_gzip(&headers)
        };
        assert!(with("gzip"));
        assert!(with("br, GZIP;q=0.5"));
        assert!(with("*"));
        assert!(!with("identity"));
        assert!(!with("gzip;q=0, *"));
        assert!(!with("br"));
        assert!(!accepts_gzip(&HeaderMap::new()));
    }
}
