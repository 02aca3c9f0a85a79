//! Reads the body of one file with the line reader.

use std::io::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use futures_util::StreamExt as _;
use http::header::CONTENT_ENCODING;

use crate::drive::context::FlowContext;
use crate::drive::files::keep;
use crate::drive::files::wanted::WantedFile;
use crate::drive::progress::Event;
use crate::drive::stops::stop;
use crate::fhir::au_directory::measure::Measure;
use crate::measure::measurements::Measurements;
use crate::measure::organized_files::{Blocks, Organizer};
use crate::measure::type_filters::{Counter, Measured};
use crate::measure::withheld_resources;
use crate::ndjson::decode::Coding;
use crate::ndjson::expected::Expected;
use crate::ndjson::fhir::FhirInspector;
use crate::ndjson::identity::Identity;
use crate::ndjson::reader::{FileReader, ReaderOptions};
use crate::recording::facts::FileFacts;
use crate::recording::model::{BodyKind, Stop, StopKind, Trouble, TroubleKind};
use crate::session::decode;
use crate::session::exchange::Streaming;
use crate::suite::model::FileList;

/// After so many bytes, the task yields to other flows.
const YIELD_BYTES: u64 = 1 << 20;

/// The longest body without a resource, such as an error page, that is recorded as a whole.
const MAX_ERROR_PAGE: usize = 64 << 10;

/// One file, once it is read.
pub(crate) struct Download {
    pub facts: FileFacts,
    /// Of a `deleted` file: hashes of the resources that it lists.
    pub deleted: Vec<u64>,
    /// The matches of filters with its resources, and the resources that are kept.
    pub measured: Measured,
    /// The blocks of the download, if the request asks for organized files.
    pub blocks: Option<Blocks>,
    /// Whether our own timeout ended it.
    pub paused: bool,
}

/// What the files of a flow share during the download.
pub(crate) struct Fetching<'f> {
    /// Finds resources that are exported twice.
    pub index: Option<&'f Identity>,
    /// Whether the hash of each resource is kept.
    pub hashes: bool,
    /// Keeps and measures resources.
    pub counter: Option<&'f Arc<Counter>>,
    /// Finds blocks, if the request asks for organized files.
    pub organizer: Option<&'f Arc<Organizer>>,
    /// Bytes and lines so far, for the progress display.
    pub bytes: AtomicU64,
    pub lines: AtomicU64,
}

/// Reads the body of a file to its end, or until an error.
pub(crate) async fn read(
    context: &FlowContext<'_>,
    wanted: &WantedFile,
    fetching: &Fetching<'_>,
    index: Option<Identity>,
    probe: bool,
    mut streaming: Streaming,
) -> Result<Download, Stop> {
    let exchange = streaming.exchange;
    let lines = streaming.headers.get_all(CONTENT_ENCODING).iter();
    let codings = lines.filter_map(|value| value.to_str().ok()).collect::<Vec<&str>>().join(",");
    let coding = match Coding::parse(Some(&codings)) {
        Ok(coding) => coding,
        Err(why) => {
            streaming.finish(0, BodyKind::Streamed, Some(Trouble::new(TroubleKind::Protocol, why)));
            // The body was not decoded, so the facts name no coding.
            let facts = FileFacts { exchange, ..FileFacts::default() };
            return Ok(Download {
                facts,
                deleted: Vec::new(),
                measured: Measured::default(),
                blocks: None,
                paused: false,
            });
        }
    };
    let item = &wanted.item;
    let mut options = ReaderOptions::new(Expected { list: item.place.list, announced: item.announced.clone() });
    options.coding = coding;
    options.transaction_time.clone_from(&wanted.transaction_time);
    options.identity = index;
    options.hashes = fetching.hashes.then(|| context.run.key.clone());
    let output = item.place.list == FileList::Output;
    let (mut measured, mut blocks): (_, Option<Measurements<Blocks>>) = (None, None);
    if let Some(organizer) = fetching.organizer.filter(|_| output) {
        let (observer, measured_blocks) = organizer.observer();
        (options.observer, blocks) = (Some(observer), Some(measured_blocks));
    } else {
        let observed = fetching.counter.filter(|_| output).and_then(|counter| counter.observer());
        (options.observer, measured) = observed.unzip();
    }
    let (observer, withheld) = match output {
        true => withheld_resources::observer(&context.run.settings.forbidden_resources, options.observer.take()),
        false => (options.observer.take(), None),
    };
    options.observer = observer;
    if let Some(tables) = &context.run.definitions {
        let inspector = FhirInspector::new(Arc::clone(tables), options.limits.max_depth);
        options.inspector = Some(Box::new(inspector.with_profiles(context.run.settings.profiles.clone())));
    }
    options.directory = context.planned.measures.directory.then(|| Measure::new(context.run.settings.base.as_str()));
    let mut reader = FileReader::new(options);
    let mut kept = keep::keep(context, wanted.item.place, coding, probe)?;
    let mut head = Vec::new();
    let (mut since_yield, mut broken, mut ended) = (0_u64, None::<Trouble>, None);
    while let Some(chunk) = streaming.body.next().await {
        let chunk = match chunk {
            Ok(chunk) => chunk,
            Err(trouble) => {
                ended = (trouble.kind == TroubleKind::Interrupted).then(|| context.halt_stop(exchange, &trouble));
                broken = Some(trouble);
                break;
            }
        };
        let length = chunk.len() as u64;
        let lines_before = reader.lines();
        context.run.file_bytes.fetch_add(length, Ordering::Relaxed);
        if let Err(stop) = check_bytes(context, Some(exchange)) {
            broken = Some(Trouble::new(TroubleKind::Limit, stop.because.clone()));
            ended = Some(stop);
            break;
        }
        if let Some(file) = &mut kept {
            file.write_all(&chunk).map_err(|error| keep::cannot_keep(&error))?;
        }
        if head.len() <= MAX_ERROR_PAGE {
            head.extend_from_slice(&chunk);
        }
        if let Err(trouble) = reader.push(&chunk) {
            broken = Some(trouble);
            break;
        }
        let bytes = fetching.bytes.fetch_add(length, Ordering::Relaxed) + length;
        let more = reader.lines().saturating_sub(lines_before);
        let lines = fetching.lines.fetch_add(more, Ordering::Relaxed) + more;
        since_yield += length;
        if since_yield >= YIELD_BYTES {
            since_yield = 0;
            context.show(Event::Reading { bytes, lines });
            tokio::task::yield_now().await;
        }
    }
    let paused = broken.as_ref().is_some_and(|trouble| trouble.kind == TroubleKind::Timeout);
    let decoded = reader.bytes();
    let done = reader.finish(broken.is_none());
    let broken = broken.or(done.broken.map(|trouble| decode::with_likely_cause(trouble, &streaming.headers)));
    // An error page in place of a file is recorded as a body; a file with resources is recorded as facts.
    if done.lines.resources == 0 && coding == Coding::Identity && head.len() <= MAX_ERROR_PAGE && !head.is_empty() {
        streaming.finish_with(&head, broken);
    } else {
        streaming.finish(decoded, BodyKind::Streamed, broken);
    }
    let facts = FileFacts {
        exchange,
        coding: done.coding.map(str::to_owned),
        whole: done.whole,
        sha256: done.sha256,
        lines: done.lines,
        identity: done.identity,
        filtered: None,
        organized: None,
        withheld: withheld.map(|withheld| withheld.take()),
    };
    match ended {
        Some(stop) => {
            context.run.session.recorder().file(facts);
            Err(stop)
        }
        None => {
            let measured = measured.map(|measured| measured.take()).unwrap_or_default();
            let blocks = blocks.map(|blocks| blocks.take());
            Ok(Download { facts, deleted: done.deleted, measured, blocks, paused })
        }
    }
}

/// Returns an error when the run has downloaded more than `--max-bytes`.
pub(crate) fn check_bytes(context: &FlowContext<'_>, exchange: Option<u32>) -> Result<(), Stop> {
    let most = context.run.settings.max_bytes;
    if context.run.file_bytes.load(Ordering::Relaxed) > most {
        let because = format!("the run downloaded more than {most} bytes of files (--max-bytes)");
        return Err(stop(StopKind::Limit, exchange, because));
    }
    Ok(())
}
