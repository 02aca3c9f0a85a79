//! The reader of one file: received bytes in, facts out.

use aws_lc_rs::digest::{Context, SHA256};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::base::instant::Instant;
use crate::fhir::au_directory::measure::Measure;
use crate::ndjson::decode::{Coding, Decoder};
use crate::ndjson::decode_thread::DecodeThread;
use crate::ndjson::expected::Expected;
use crate::ndjson::file_format;
use crate::ndjson::frame::Framer;
use crate::ndjson::identity::{Identity, RunKey};
use crate::ndjson::inspect::{Inspector, JsonInspector, LineObserver};
use crate::ndjson::limits::Limits;
use crate::ndjson::lines::{FileLines, LineOutcome};
use crate::recording::facts::LineFacts;
use crate::recording::model::Trouble;
use crate::suite::line_rules::LineRule;

/// The options for reading one file.
pub struct ReaderOptions {
    /// The limits of the reader options.
    pub limits: Limits,
    /// The content coding to decode.
    pub coding: Coding,
    /// What the manifest states about the file.
    pub expected: Expected,
    /// The manifest's `transactionTime`. A text that is not an instant is ignored here; the tests of the manifest judge
    /// it.
    pub transaction_time: Option<String>,
    /// The index of the flow's output files. With `None`, duplicates are not searched and `deleted` stays empty.
    pub identity: Option<Identity>,
    /// The key for hashes of every resource (eight bytes each); `None` to keep no hashes.
    pub hashes: Option<RunKey>,
    /// The inspector of each line; `None` for [`JsonInspector`].
    pub inspector: Option<Box<dyn Inspector>>,
    /// Whether to compute the digest of the decoded bytes.
    pub digest: bool,
    /// The maximum number of different violations of FHIR's definitions that become separate findings; 0 for 100.
    pub most_findings: usize,
    /// The rules of a provider directory to check the lines with.
    pub directory: Option<Measure>,
    /// The observer of each resource.
    pub observer: Option<Box<dyn LineObserver>>,
}

impl ReaderOptions {
    /// Returns options for an uncompressed file with default limits, outside of a flow.
    pub fn new(expected: Expected) -> Self {
        Self {
            limits: Limits::default(),
            coding: Coding::Identity,
            expected,
            transaction_time: None,
            identity: None,
            hashes: None,
            inspector: None,
            digest: true,
            most_findings: 0,
            directory: None,
            observer: None,
        }
    }
}

/// The results of reading one file.
#[derive(Clone, Debug, PartialEq)]
pub struct Finished {
    /// The facts of its lines. `deleted_in_output` is 0; see [`Finished::deleted`].
    pub lines: LineFacts,
    /// SHA-256 of the decoded bytes in hex; empty if it was not requested.
    pub sha256: String,
    /// The content coding that was decoded.
    pub coding: Option<&'static str>,
    /// Whether the transfer was complete and the file could be decoded.
    pub whole: bool,
    /// Why the file could not be decoded.
    pub broken: Option<Trouble>,
    /// The hash of every resource, each once, in the format of [`crate::recording::facts::FileFacts::identity`]; if
    /// requested.
    pub identity: Option<String>,
    /// The hashes of the resources in a `deleted` file. When every output file of the flow was read, [`Identity::held`]
    /// of them is `deleted_in_output`.
    pub deleted: Vec<u64>,
}

/// Reads one file, streaming. Synchronous and `Send`. The memory is bounded by the longest line, or by a few MiB for an
/// object over several lines.
pub struct FileReader {
    decoding: Decoding,
    taken: u64,
    coding: Coding,
    broken: Option<Trouble>,
    text: Decoded,
}

/// Where the content coding is decoded.
enum Decoding {
    /// On this thread; `None` while the decoder is moved.
    Here(Option<Decoder>),
    /// On another thread.
    Thread(DecodeThread),
}

/// The number of encoded bytes after which a body is decoded on another thread.
const LARGE: u64 = 1 << 20;

/// Processes decoded bytes.
struct Decoded {
    digest: Option<Context>,
    bytes: u64,
    /// The first bytes, until there are enough to recognize a byte order mark or a compressed format; then `None`.
    head: Option<Vec<u8>>,
    framer: Framer,
    lines: FileLines,
}

/// The number of bytes of the longest mark at the start of a file.
const HEAD: usize = 4;

impl FileReader {
    /// Creates a reader for one file.
    pub fn new(options: ReaderOptions) -> Self {
        let limits = options.limits;
        let inspector = options.inspector.unwrap_or_else(|| Box::new(JsonInspector::new(limits.max_depth)));
        let transaction_time = options.transaction_time.as_deref().and_then(Instant::parse);
        let mut lines = FileLines::new(options.expected, transaction_time, inspector);
        if let Some(index) = options.identity {
            lines.with_identity(index);
        }
        lines.set_observer(options.observer);
        lines.keep_findings(options.most_findings);
        if let Some(key) = options.hashes {
            lines.keep_hashes(key);
        }
        if let Some(measure) = options.directory {
            lines.with_directory(measure);
        }
        let text = Decoded {
            digest: options.digest.then(|| Context::new(&SHA256)),
            bytes: 0,
            head: Some(Vec::new()),
            framer: Framer::new(limits.max_line),
            lines,
        };
        let decoding = Decoding::Here(Some(Decoder::new(options.coding, &limits)));
        Self { decoding, taken: 0, coding: options.coding, broken: None, text }
    }

    /// Reads the next bytes of the body.
    ///
    /// # Errors
    /// `limit` or `protocol` if a limit is reached or the content coding is damaged; then stop fetching. The lines
    /// before it still count; later calls only repeat the error.
    pub fn push(&mut self, chunk: &[u8]) -> Result<(), Trouble> {
        if let Some(broken) = &self.broken {
            return Err(broken.clone());
        }
        if self.taken >= LARGE && self.coding != Coding::Identity {
            self.move_away();
        }
        self.taken += chunk.len() as u64;
        let text = &mut self.text;
        let result = match &mut self.decoding {
            Decoding::Here(Some(decoder)) => decoder.push(chunk, &mut |decoded| text.take(decoded)),
            Decoding::Here(None) => Ok(()),
            Decoding::Thread(thread) => thread.push(chunk, &mut |decoded| text.take(decoded)),
        };
        self.broken = result.as_ref().err().cloned();
        result
    }

    /// Moves the decoder to another thread, if one can be started.
    fn move_away(&mut self) {
        if let Decoding::Here(decoder) = &mut self.decoding
            && let Some(decoder) = decoder.take()
        {
            self.decoding = match DecodeThread::start(decoder) {
                Ok(thread) => Decoding::Thread(thread),
                Err(decoder) => Decoding::Here(Some(decoder)),
            };
        }
    }

    /// Returns the number of decoded bytes so far.
    pub fn bytes(&self) -> u64 {
        self.text.bytes
    }

    /// Returns the number of bytes pushed so far.
    pub fn wire_bytes(&self) -> u64 {
        self.taken
    }

    /// Returns the number of lines so far that are not blank.
    pub fn lines(&self) -> u64 {
        self.text.lines.facts.lines
    }

    /// Ends the file. `whole` states whether the transfer was complete. If not, an incomplete value at the end is
    /// ignored, because an interrupted transfer shows nothing about the server's file.
    pub fn finish(mut self, whole: bool) -> Finished {
        let text = &mut self.text;
        let good = self.broken.is_none();
        let ended = match self.decoding {
            Decoding::Here(Some(mut decoder)) if whole && good => decoder.finish(&mut |decoded| text.take(decoded)),
            Decoding::Thread(thread) if good => thread.finish(whole, &mut |decoded| text.take(decoded)),
            _ => Ok(()),
        };
        self.broken = self.broken.or(ended.err());
        let whole = whole && self.broken.is_none();
        let (outcome, sha256) = self.text.finish(whole);
        Finished {
            lines: outcome.facts,
            sha256,
            coding: self.coding.name(),
            whole,
            broken: self.broken,
            identity: outcome.hashes.map(packed),
            deleted: outcome.deleted,
        }
    }
}

impl Decoded {
    fn take(&mut self, bytes: &[u8]) {
        if let Some(digest) = &mut self.digest {
            digest.update(bytes);
        }
        self.bytes += bytes.len() as u64;
        match &mut self.head {
            None => self.frame(bytes),
            Some(head) => {
                head.extend_from_slice(bytes);
                if head.len() >= HEAD {
                    self.open();
                }
            }
        }
    }

    /// Checks the first bytes for marks, and passes them on.
    fn open(&mut self) {
        let Some(head) = self.head.take() else { return };
        let lines = &mut self.lines;
        let compressed = "UTF-8 text, or a Content-Encoding header";
        match head.as_slice() {
            [0x1f, 0x8b, ..] => lines.at_start(LineRule::CompressedUnlabelled, compressed, "gzip data", false),
            [0x28, 0xb5, 0x2f, 0xfd, ..] => {
                lines.at_start(LineRule::CompressedUnlabelled, compressed, "zstd data", false);
            }
            [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => {
                lines.at_start(LineRule::Utf8, "UTF-8", "text in UTF-16", false);
            }
            head if let Some(format) = file_format::binary(head) => {
                lines.at_start(LineRule::NotJson, "one JSON object per line", format, false);
            }
            [0xef, 0xbb, 0xbf, rest @ ..] => {
                lines.at_start(LineRule::Bom, "no byte order mark", "the bytes EF BB BF", true);
                self.framer.skip(3);
                let rest = rest.to_vec();
                self.frame(&rest);
                return;
            }
            _ => {}
        }
        self.frame(&head);
    }

    fn frame(&mut self, bytes: &[u8]) {
        let lines = &mut self.lines;
        self.framer.push(bytes, &mut |framed| lines.take(framed));
    }

    fn finish(mut self, whole: bool) -> (LineOutcome, String) {
        self.open();
        let Self { digest, bytes, mut framer, mut lines, .. } = self;
        if whole {
            framer.finish(&mut |framed| lines.take(framed));
        }
        let mut outcome = lines.finish(whole);
        outcome.facts.bytes = bytes;
        let digest = digest.map(Context::finish);
        let sha256 = digest.iter().flat_map(|d| d.as_ref()).map(|b| format!("{b:02x}")).collect();
        (outcome, sha256)
    }
}

/// Encodes the hashes: sorted, each once, big-endian, base64.
fn packed(mut hashes: Vec<u64>) -> String {
    hashes.sort_unstable();
    hashes.dedup();
    let bytes: Vec<u8> = hashes.iter().flat_map(|hash| hash.to_be_bytes()).collect();
    STANDARD.encode(bytes)
}
