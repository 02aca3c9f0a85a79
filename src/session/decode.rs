//! Reads a body into memory, within limits, and removes its content coding.

use std::io::Read;

use bytes::{Bytes, BytesMut};
use flate2::read::MultiGzDecoder;
use futures_util::StreamExt;
use http::HeaderMap;
use http::header::{CONTENT_ENCODING, CONTENT_LENGTH, TRANSFER_ENCODING};

use crate::recording::model::{Trouble, TroubleKind};
use crate::transport::message::BodyStream;

/// Reads `body` to its end or up to `limit` bytes, before and after decoding. Returns the bytes, and the reason if the
/// body ended early.
pub(crate) async fn read(headers: &HeaderMap, mut body: BodyStream, limit: usize) -> (Bytes, Option<Trouble>) {
    let mut raw = BytesMut::new();
    let mut broken = None;
    while let Some(chunk) = body.next().await {
        match chunk {
            Ok(chunk) => {
                let room = limit.saturating_sub(raw.len());
                raw.extend_from_slice(chunk.get(..room).unwrap_or(&chunk));
                if chunk.len() > room {
                    broken = Some(too_long(limit));
                    break;
                }
            }
            Err(trouble) => {
                broken = Some(trouble);
                break;
            }
        }
    }
    let raw = raw.freeze();
    let codings: Vec<String> = headers
        .get_all(CONTENT_ENCODING)
        .iter()
        .flat_map(|value| {
            String::from_utf8_lossy(value.as_bytes())
                .split(',')
                .map(|c| c.trim().to_ascii_lowercase())
                .collect::<Vec<_>>()
        })
        .filter(|coding| !coding.is_empty() && coding != "identity")
        .collect();
    match codings.as_slice() {
        [] => (raw, broken),
        [_] if raw.is_empty() => (raw, broken),
        [coding] if coding == "gzip" || coding == "x-gzip" => {
            let (decoded, wrong) = gunzip(&raw, limit);
            // If the transfer ended early, that is the cause; the error of the decoder is only a result.
            (decoded, broken.or(wrong))
        }
        other => {
            let message = format!("the content coding {:?} is not supported; only gzip is", other.join(", "));
            (raw, broken.or(Some(Trouble::new(TroubleKind::Protocol, message))))
        }
    }
}

fn gunzip(raw: &[u8], limit: usize) -> (Bytes, Option<Trouble>) {
    let mut decoded = Vec::new();
    let most = u64::try_from(limit).unwrap_or(u64::MAX).saturating_add(1);
    let result = MultiGzDecoder::new(raw).take(most).read_to_end(&mut decoded);
    let broken = match result {
        Err(error) => Some(Trouble::new(
            TroubleKind::Protocol,
            format!("Content-Encoding is gzip, but the body cannot be decoded: {error}"),
        )),
        Ok(_) if decoded.len() > limit => {
            decoded.truncate(limit);
            Some(too_long(limit))
        }
        Ok(_) => None,
    };
    (Bytes::from(decoded), broken)
}

/// Changes the kind of trouble if the content coding ended early but HTTP stated the length of the body: the server
/// sent exactly these bytes, so the coding itself is wrong.
pub(crate) fn with_likely_cause(trouble: Trouble, headers: &HeaderMap) -> Trouble {
    let measured = headers.contains_key(CONTENT_LENGTH) || headers.contains_key(TRANSFER_ENCODING);
    match trouble.kind {
        TroubleKind::Cut if measured => Trouble { kind: TroubleKind::Protocol, ..trouble },
        _ => trouble,
    }
}

fn too_long(limit: usize) -> Trouble {
    Trouble::new(TroubleKind::Limit, format!("the body is longer than {limit} bytes, the limit for this kind of body"))
}
