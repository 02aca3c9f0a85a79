//! The reader of one file, for the drive: bytes go in as they come over the wire, facts come out.

use aws_lc_rs::digest::{Context, SHA256};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::base::instant::Instant;
use crate::fhir::au_directory::measure::Measure;
use crate::ndjson::decode::{Coding, Decoder};
use crate::ndjson::decode_thread::DecodeThread;
use crate::ndjson::expected::Expected;
use crate::ndjson::frame::Framer;
use crate::ndjson::identity::{Identity, RunKey};
use crate::ndjson::inspect::{Inspector, JsonInspector, Watch};
use crate::ndjson::limits::Limits;
use crate::ndjson::lines::{FileLines, LineOutcome};
use crate::recording::facts::LineFacts;
use crate::recording::model::Trouble;
use crate::suite::line_rules::LineRule;

/// How to read one file.
pub struct ReaderOptions {
    /// The limits.
    pub limits: Limits,
    /// The content coding to undo.
    pub coding: Coding,
    /// What the manifest says of the file.
    pub expected: Expected,
    /// The manifest's `transactionTime`; text that is no instant is ignored here, the manifest's own tests judge it.
    pub transaction_time: Option<String>,
    /// The index of the flow's output files. None: no resource is looked for twice, and `deleted` stays empty.
    pub identity: Option<Identity>,
    /// Whether to keep the hash of every resource, under this key: eight bytes each.
    pub hashes: Option<RunKey>,
    /// What looks at a line; none: [`JsonInspector`].
    pub inspector: Option<Box<dyn Inspector>>,
    /// Whether the digest of the decoded bytes is wanted.
    pub digest: bool,
    /// The most different faults of FHIR's definitions that become findings of their own; 0: a hundred.
    pub most_findings: usize,
    /// Checks the lines by the rules of a provider directory.
    pub directory: Option<Measure>,
    /// What else looks at each resource.
    pub watch: Option<Box<dyn Watch>>,
}

impl ReaderOptions {
    /// Reads an uncompressed file of default limits, within no flow.
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
            watch: None,
        }
    }
}

/// What came of a file.
#[derive(Clone, Debug, PartialEq)]
pub struct Finished {
    /// The facts of its lines. `deleted_in_output` is 0: see [`Finished::deleted`].
    pub lines: LineFacts,
    /// SHA-256 of the decoded bytes, hex; empty if it was not wanted.
    pub sha256: String,
    /// The coding that was undone.
    pub coding: Option<&'static str>,
    /// Whether the file came whole and could be decoded.
    pub whole: bool,
    /// Why not, if the content coding is broken.
    pub broken: Option<Trouble>,
    /// The hash of every resource, as [`crate::recording::facts::FileFacts::identity`] wants it, each once; if asked for.
    pub identity: Option<String>,
    /// Of a `deleted` file: the hashes of what it lists. When every output file of the flow was read,
    /// [`Identity::held`] of them is `deleted_in_output`.
    pub deleted: Vec<u64>,
}

/// Reads one file, streaming. Synchronous and `Send`; memory is bounded by the longest line, or a few MiB for an object
/// that is spread over lines.
pub struct FileReader {
    decoding: Decoding,
    taken: u64,
    coding: Coding,
    broken: Option<Trouble>,
    text: Decoded,
}

/// Where the content coding is undone.
enum Decoding {
    /// Here; none while it is moved.
    Here(Option<Decoder>),
    /// On a thread of its own.
    Thread(DecodeThread),
}

/// A body of more encoded bytes is decoded on a thread of its own.
const LARGE: u64 = 1 << 20;

/// What happens to decoded bytes.
struct Decoded {
    digest: Option<Context>,
    bytes: u64,
    /// The first bytes, until there are enough to know what they are; then none.
    head: Option<Vec<u8>>,
    framer: Framer,
    lines: FileLines,
}

/// As many bytes as the longest mark at a file's start.
const HEAD: usize = 4;

impl FileReader {
    /// A reader for one file.
    pub fn new(options: ReaderOptions) -> Self {
        let limits = options.limits;
        let inspector = options.inspector.unwrap_or_else(|| Box::new(JsonInspector::new(limits.max_depth)));
        let transaction_time = options.transaction_time.as_deref().and_then(Instant::parse);
        let mut lines = FileLines::new(options.expected, transaction_time, inspector);
        if let Some(index) = options.identity {
            lines.with_identity(index);
        }
        lines.watched_by(options.watch);
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

    /// Takes the next bytes of the body.
    ///
    /// # Errors
    /// `limit` or `protocol` if the content coding is broken or a limit is reached: stop fetching. What was read until
    /// then still counts; later pushes do nothing but repeat the error.
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

    /// Moves the decoder to a thread of its own, if one can be started.
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

    /// Decoded bytes so far.
    pub fn bytes(&self) -> u64 {
        self.text.bytes
    }

    /// Bytes pushed so far.
    pub fn wire_bytes(&self) -> u64 {
        self.taken
    }

    /// Lines so far that are not blank.
    pub fn lines(&self) -> u64 {
        self.text.lines.facts.lines
    }

    /// Ends the file. `whole` says whether the transfer came to its end; if not, what is open at the end is left out, since
    /// a broken transfer says nothing about the server's file.
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

    /// Looks at the first bytes, now that they are there, and lets them go on.
    fn open(&mut self) {
        let Some(head) = self.head.take() else { return };
        let lines = &mut self.lines;
        let compressed = "UTF-8 text, or a Content-Encoding header";
        match head.as_slice() {
            [0x1f, 0x8b, ..] => lines.at_start(LineRule::CompressedUnlabelled, compressed, "gzip", false),
            [0x28, 0xb5, 0x2f, 0xfd, ..] => {
                lines.at_start(LineRule::CompressedUnlabelled, compressed, "zstd", false);
            }
            [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => {
                lines.at_start(LineRule::Utf8, "UTF-8", "text in UTF-16", false);
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

/// Sorted, each once, big-endian, base64.
fn packed(mut hashes: Vec<u64>) -> String {
    hashes.sort_unstable();
    hashes.dedup();
    let bytes: Vec<u8> = hashes.iter().flat_map(|hash| hash.to_be_bytes()).collect();
    STANDARD.encode(bytes)
}
