//! Output files: their lines as a stream, compressed where the client takes it.

use std::convert::Infallible;
use std::io::Write;

use axum::body::Body;
use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use futures_util::{StreamExt, stream};
use http::{HeaderMap, StatusCode};

use crate::reference::data::rows::Rows;
use crate::reference::fault::behavior::Behavior;
use crate::reference::jobs::{Job, Stage};
use crate::reference::reply::{Context, FHIR_NDJSON, Payload, Point, ServerReply};
use crate::reference::security::auth::Grant;
use crate::reference::server::Server;

/// A chunk is sent when it has grown so large, in bytes before compression.
const CHUNK: usize = 64 << 10;

/// How long a slow body pauses.
const PAUSE: std::time::Duration = std::time::Duration::from_secs(3);

impl Server {
    /// Answers a GET of a file.
    pub(crate) fn file(&self, shelf: &str, name: &str, grant: &Grant) -> ServerReply {
        let now = self.options.clock.now();
        let mut jobs = self.jobs();
        jobs.tidy(now, self.options.keep);
        let found = jobs.by_shelf(shelf).filter(|job| !job.deleted || self.does(Behavior::FilesStay));
        let file = found.and_then(|job| Some((job, job.files.iter().find(|file| file.name == name)?)));
        let own = |job: &Job| job.is_of(grant) || self.does(Behavior::ForeignFiles);
        let Some((job, file)) = file.filter(|(job, _)| own(job)) else { return missing(Context::default()) };
        let context = Context { job: Some(job.id.clone()), file: Some(file.name.clone()), ..job.context.clone() };
        if file.point == Point::FileOutput && !grant.covers(file.kind) {
            let text = "the token does not cover the resources in this file";
            return ServerReply::refusal(Point::Unauthorized, StatusCode::FORBIDDEN, "forbidden", text).of(context);
        }
        if self.does(Behavior::SingleUseFiles) && self.spent(&format!("{shelf}/{name}")) {
            return missing(context);
        }
        let mut rows = file.rows.clone();
        if self.does(Behavior::ChangingFiles)
            && job.first_page.is_some()
            && job.stage(now) == Stage::Over
            && rows.len() > 1
        {
            rows = rows.part(0, rows.len() - 1);
        }
        ServerReply { payload: Payload::Lines(rows), ..ServerReply::empty(file.point, StatusCode::OK) }
            .with("content-type", FHIR_NDJSON)
            .of(context)
    }
}

fn missing(context: Context) -> ServerReply {
    let text = "there is no such file, or no longer";
    ServerReply::refusal(Point::FileGone, StatusCode::NOT_FOUND, "not-found", text).of(context)
}

/// Whether the client takes gzip: named with a weight above 0, or covered by `*`.
pub(crate) fn takes_gzip(headers: &HeaderMap) -> bool {
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

/// The lines as a body that is made while it is sent.
pub(crate) fn stream_lines(rows: Rows, gzip: bool) -> Body {
    let coder = gzip.then(|| GzEncoder::new(Vec::new(), Compression::fast()));
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

/// Compresses a whole body.
pub(crate) fn gzip(plain: &[u8]) -> Vec<u8> {
    let mut writer = GzEncoder::new(Vec::new(), Compression::fast());
    // Writing to memory does not fail.
    let written = writer.write_all(plain);
    debug_assert!(written.is_ok());
    writer.finish().unwrap_or_default()
}

/// A body that pauses in its midst, and may break off there.
pub(crate) fn slowly(whole: Bytes, cut: bool) -> Body {
    let half = whole.len() / 2;
    let parts = [(Some(whole.slice(..half)), false), (Some(whole.slice(half..)).filter(|_| !cut), true)];
    Body::from_stream(stream::iter(parts).then(|(part, later)| async move {
        if later {
            tokio::time::sleep(PAUSE).await;
        }
        part.ok_or_else(|| std::io::Error::other("the file was removed"))
    }))
}

/// A body in chunks of one to seven bytes, so that boundaries fall inside characters. The sizes follow from the place.
pub(crate) fn odd_chunks(whole: Bytes) -> Body {
    Body::from_stream(stream::unfold((whole, 0_usize), |(mut rest, turn)| async move {
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
    fn gzip_is_taken_only_where_offered() {
        let with = |line: &str| {
            let mut headers = HeaderMap::new();
            headers.insert("accept-encoding", line.parse().unwrap());
            takes_gzip(&headers)
        };
        assert!(with("gzip"));
        assert!(with("br, GZIP;q=0.5"));
        assert!(with("*"));
        assert!(!with("identity"));
        assert!(!with("gzip;q=0, *"));
        assert!(!with("br"));
        assert!(!takes_gzip(&HeaderMap::new()));
    }
}
