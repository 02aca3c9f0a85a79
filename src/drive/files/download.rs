//! Fetching the files of a manifest: streamed through the line reader, a few at once, facts in the manifest's order.

use std::collections::HashSet;
use std::io::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use futures_util::{StreamExt, stream};
use http::header::CONTENT_ENCODING;
use http::{Method, StatusCode};
use serde_json::Value;
use url::Url;

use crate::base::vocabulary::ExportLevel;
use crate::drive::context::{Budget, FlowContext, stop};
use crate::drive::files::fetched::{DownloadedFiles, PendingFacts};
use crate::drive::flow::data_changes::ExportedChanges;
use crate::drive::flow::kickoff::{Job, Route};
use crate::drive::flow::probe::file_headers;
use crate::drive::flow::{requests, retry};
use crate::drive::progress::Event;
use crate::fhir::au_directory::measure::Measure;
use crate::measure::manifest_files::{Item, MAX_FILES};
use crate::measure::organized_files::{BlockSheet, Blocks, Organizer};
use crate::measure::resource_store::ResourceStore;
use crate::measure::type_filters::{Counter, Measured};
use crate::measure::{manifest_files, organized_files, type_filters, withheld_resources};
use crate::ndjson::decode::Coding;
use crate::ndjson::expected::Expected;
use crate::ndjson::fhir::FhirInspector;
use crate::ndjson::identity::Identity;
use crate::ndjson::reader::{FileReader, ReaderOptions};
use crate::recording::facts::FileFacts;
use crate::recording::model::{BodyKind, Role, Stop, StopKind, Trouble, TroubleKind};
use crate::session::client::{RequestSpec, Streaming, trouble};
use crate::session::decode;
use crate::suite::flow::{Fetch, Probe, Send};
use crate::suite::model::FileList;

/// Files of one flow that come at once.
const AT_ONCE: usize = 4;
/// How often a file is asked for again after any 5xx.
const STUMBLES: u32 = 2;
/// Bytes read before other flows get their turn.
const TURN: u64 = 1 << 20;
/// The longest body that is looked at as a whole if it turns out to hold no resource, such as an error page.
const NO_FILE: usize = 64 << 10;

/// A file that can be asked for.
#[derive(Clone, Debug)]
pub(crate) struct WantedFile {
    item: Item,
    url: Url,
    /// Whether no token is sent.
    open: bool,
    transaction_time: Option<String>,
}

impl WantedFile {
    /// The list of the manifest that names it.
    pub fn list(&self) -> FileList {
        self.item.place.list
    }
}

/// What came of one file.
struct Download {
    facts: FileFacts,
    /// Of a `deleted` file: hashes of what it lists.
    deleted: Vec<u64>,
    /// What filters say of it, and what is held of it.
    measured: Measured,
    /// What blocks it holds, where it was to be organised.
    blocks: Option<Blocks>,
}

/// What the files of a flow share while they are fetched.
struct Fetching<'f> {
    /// Where the same resource is looked for twice.
    index: Option<&'f Identity>,
    /// Whether the hash of each resource is kept.
    hashes: bool,
    /// What is held and measured beside.
    counter: Option<&'f Arc<Counter>>,
    /// What blocks are looked for, in files that were to be organised.
    organizer: Option<&'f Arc<Organizer>>,
    /// Bytes and lines so far, for the progress.
    bytes: AtomicU64,
    lines: AtomicU64,
}

impl FlowContext<'_> {
    /// Fetches the files that are `wanted`, unless there are too many for that, and writes the facts. The error is a limit of ours; what came until
    /// then is in `fetched`.
    /// What later flows need of the resources goes to `shelf`.
    pub async fn fetch_all(
        &self,
        route: &Route,
        (wanted, too_many): (Vec<WantedFile>, bool),
        fetched: &mut DownloadedFiles,
        shelf: &mut ResourceStore,
    ) -> Result<(), Stop> {
        let index = Identity::new(&self.run.key);
        let measures = self.planned.measures;
        let counter = Counter::new(&route.params, measures, self.looked_for());
        let compared = route.source.as_ref().filter(|source| source.outcome.level == route.level);
        let compared = compared.map(|source| (source.flow.as_str(), &*source.outcome.shelf));
        let organizer = measures.blocks.then(|| Organizer::of(&route.params, &self.run.key, compared)).flatten();
        let fetching = Fetching {
            // What is organised may well stand in several blocks.
            index: Some(&index).filter(|_| organizer.is_none()),
            hashes: measures.identity,
            counter: Some(&counter),
            organizer: organizer.as_ref(),
            bytes: AtomicU64::new(0),
            lines: AtomicU64::new(0),
        };
        let fetching = &fetching;
        let mut coming = stream::iter(wanted)
            .map(|wanted| async move {
                let got = self.fetch(&wanted, fetching, None).await;
                (wanted, got)
            })
            .buffered(AT_ONCE);
        let recorder = self.run.session.recorder();
        *shelf = counter.shelf();
        let (mut end, mut whole) = (Ok(()), !too_many);
        let mut found = ExportedChanges::default();
        while let Some((wanted, got)) = coming.next().await {
            let mut got = match got {
                Ok(Some(got)) => got,
                Ok(None) => {
                    whole = false;
                    continue;
                }
                Err(stop) => {
                    end = Err(stop);
                    break;
                }
            };
            // The deleted lists stand after the output lists, so that every output file was read by now.
            got.facts.lines.deleted_in_output = index.held(&got.deleted);
            found.output.append(&mut got.measured.touched);
            found.deleted.append(&mut got.deleted);
            let good = got.facts.whole && got.facts.lines.is_legible();
            whole &= good || wanted.item.place.list != FileList::Output;
            counter.shelve(&mut got.measured, shelf);
            self.note_attachments(std::mem::take(&mut got.measured.urls).into_iter());
            let Download { facts, measured, blocks, .. } = got;
            if let Some(facts) = fetched.take_in(wanted, PendingFacts { facts, measured, blocks }, &counter, shelf) {
                recorder.file(facts);
            }
        }
        drop(coming);
        let came_whole = whole && end.is_ok();
        if came_whole && route.level == ExportLevel::System {
            counter.is_all(shelf);
        }
        let source = route.source.as_ref().map(|source| &*source.outcome.shelf);
        let mut later = fetched.rest();
        for PendingFacts { facts, measured, .. } in &mut later {
            // What a filter leads to may have come with any of the files.
            facts.filtered = counter.settle(std::mem::take(measured), shelf, source);
        }
        if let Some(organizer) = &organizer {
            let organised = later.iter_mut().filter_map(|one| Some((&mut one.facts, one.blocks.take()?)));
            let settled = organizer.settle_into(organised);
            let organizing = self.organized_again(settled, compared.map(|(_, shelf)| shelf)).await;
            self.record().organized = Some(organizing);
        }
        for PendingFacts { facts, .. } in later {
            recorder.file(facts);
        }
        self.weigh(route, &counter, shelf, &index, came_whole).await;
        end?;
        self.account(route, &index, ExportedChanges { whole: came_whole, ..found }).await?;
        match too_many {
            true => Err(stop(StopKind::Limit, None, format!("the manifest lists more than {MAX_FILES} files"))),
            false => Ok(()),
        }
    }

    /// The files to fetch, each URL once, and whether there are too many. Relative URLs are resolved against the
    /// polling URL; what is no URL is passed over: the manifest's tests judge it.
    pub fn wanted(&self, job: &Job, manifest: &Value) -> (Vec<WantedFile>, bool) {
        let (items, too_many) = manifest_files::files(manifest, self.planned.flow.download);
        let mut known = HashSet::new();
        let wanted = items.into_iter().filter_map(|item| usable(job, manifest, item));
        (wanted.filter(|wanted| known.insert(wanted.url.clone())).collect(), too_many)
    }

    /// The file that probes ask for, list by list: the first that held a line, else the first that is listed.
    pub fn probed_files(&self, job: &Job, manifest: &Value, fetched: &DownloadedFiles) -> Vec<WantedFile> {
        let (items, _) = manifest_files::files(manifest, crate::suite::flow::Download::All);
        let listed: Vec<WantedFile> = items.into_iter().filter_map(|item| usable(job, manifest, item)).collect();
        let of_list = |list: FileList| {
            let held = fetched.first(list);
            held.or_else(|| listed.iter().find(|wanted| wanted.list() == list)).cloned()
        };
        FileList::ALL.iter().filter_map(|list| of_list(*list)).collect()
    }

    /// A file once more, as a probe.
    pub async fn fetch_again(&self, wanted: &WantedFile, probe: &Probe) -> Result<(), Stop> {
        let fetching = Fetching {
            index: None,
            hashes: false,
            counter: None,
            organizer: None,
            bytes: AtomicU64::new(0),
            lines: AtomicU64::new(0),
        };
        if let Some(got) = self.fetch(wanted, &fetching, Some(probe)).await? {
            self.run.session.recorder().file(got.facts);
        }
        Ok(())
    }

    /// Fetches one file. None if the answer was no file; the recording has the answer.
    async fn fetch(
        &self,
        wanted: &WantedFile,
        fetching: &Fetching<'_>,
        probe: Option<&Probe>,
    ) -> Result<Option<Download>, Stop> {
        let either = probe.is_none() && self.planned.flow.fetch == Fetch::Either && self.may_post(&wanted.url);
        // What one file showed need not be tried with each.
        let by_post = probe.is_some_and(|probe| probe.send == Send::FilePost)
            || (either && self.run.files_by_post.load(Ordering::Relaxed));
        let method = if by_post { Method::POST } else { Method::GET };
        let mut ask = RequestSpec {
            file: Some(wanted.item.place),
            open: wanted.open,
            identity: self.planned.flow.identity,
            ..requests::plain(self.name(), Role::File, method, wanted.url.clone(), file_headers())
        };
        if let Some(probe) = probe {
            self.dress(&mut ask, probe);
        }
        // The answer to the verb that was refused, where the other was tried in its place.
        let mut refused: Option<(u32, StatusCode)> = None;
        let budget = Budget::new(self.run);
        let mut attempt = 0;
        loop {
            self.check_halt()?;
            self.check_bytes(None)?;
            let reply = match self.run.session.open(ask.clone()).await {
                Ok(streaming) => {
                    if let Some((first, _)) = refused {
                        self.run.session.recorder().supersede(first);
                        self.run.files_by_post.store(ask.method == Method::POST, Ordering::Relaxed);
                    }
                    return self.read(wanted, fetching, probe.is_some(), streaming).await.map(Some);
                }
                Err(reply) => reply,
            };
            if let Ok(whole) = &reply.result
                && either
                && refused.is_none()
                && refuses_the_verb(whole.status)
            {
                refused = Some((reply.exchange, whole.status));
                ask.method = if ask.method == Method::GET { Method::POST } else { Method::GET };
                continue;
            }
            let asked = match &reply.result {
                Err(trouble) if trouble.kind == TroubleKind::Interrupted => {
                    return Err(self.halt_stop(reply.exchange, trouble));
                }
                // A store that stumbles once has not lost the file.
                Ok(whole)
                    if retry::asks_for_patience(whole.status, attempt)
                        || (whole.status.is_server_error() && attempt < STUMBLES) =>
                {
                    self.retry_after(&whole.headers)
                }
                _ => {
                    // Neither delivered: the answer to a verb that is served says more.
                    if let Some((first, status)) = refused {
                        let spare = if status == StatusCode::METHOD_NOT_ALLOWED { first } else { reply.exchange };
                        self.run.session.recorder().supersede(spare);
                    }
                    return Ok(None);
                }
            };
            let left = budget.left(self.run);
            if left.is_zero() {
                return Ok(None);
            }
            self.run.session.recorder().supersede(reply.exchange);
            let least = self.run.settings.least_wait;
            let time = retry::pause_again(asked, attempt, left, least, retry::LONGEST);
            self.wait(time, "patience for a file").await?;
            attempt += 1;
        }
    }

    /// Whether a file may be asked for by POST: where the target itself, or an origin that the user trusts, has it.
    fn may_post(&self, url: &Url) -> bool {
        let settings = &self.run.settings;
        url.origin() == settings.base.origin() || settings.allow_origins.contains(&url.origin())
    }

    /// Reads a file's body to its end, or as far as it goes.
    async fn read(
        &self,
        wanted: &WantedFile,
        fetching: &Fetching<'_>,
        probe: bool,
        mut streaming: Streaming,
    ) -> Result<Download, Stop> {
        let exchange = streaming.exchange;
        let lines = streaming.headers.get_all(CONTENT_ENCODING).iter();
        let codings = lines.filter_map(|value| value.to_str().ok()).collect::<Vec<&str>>().join(",");
        let coding = match Coding::parse(Some(&codings)) {
            Ok(coding) => coding,
            Err(why) => {
                streaming.finish(0, BodyKind::Streamed, Some(trouble(TroubleKind::Protocol, why)));
                // Nothing was undone, so that no coding is named.
                let facts = FileFacts { exchange, ..FileFacts::default() };
                return Ok(Download { facts, deleted: Vec::new(), measured: Measured::default(), blocks: None });
            }
        };
        let item = &wanted.item;
        let mut options = ReaderOptions::new(Expected { list: item.place.list, announced: item.announced.clone() });
        options.coding = coding;
        options.transaction_time.clone_from(&wanted.transaction_time);
        options.identity = fetching.index.cloned();
        options.hashes = fetching.hashes.then(|| self.run.key.clone());
        let output = item.place.list == FileList::Output;
        let (mut measured, mut blocks): (_, Option<BlockSheet>) = (None, None);
        if let Some(organizer) = fetching.organizer.filter(|_| output) {
            let (watch, sheet) = organizer.eye();
            (options.watch, blocks) = (Some(watch), Some(sheet));
        } else {
            let eye = fetching.counter.filter(|_| output).and_then(|counter| counter.eye());
            (options.watch, measured) = eye.unzip();
        }
        let (watch, withheld) = match output {
            true => withheld_resources::eye(&self.run.settings.forbidden_resources, options.watch.take()),
            false => (options.watch.take(), None),
        };
        options.watch = watch;
        if let Some(tables) = &self.run.definitions {
            let inspector = FhirInspector::new(Arc::clone(tables), options.limits.max_depth);
            options.inspector = Some(Box::new(inspector.with_profiles(self.run.settings.profiles.clone())));
        }
        options.directory = self.planned.measures.directory.then(|| Measure::new(self.run.settings.base.as_str()));
        let mut reader = FileReader::new(options);
        let mut kept = self.keep(wanted.item.place, coding, probe)?;
        let mut head = Vec::new();
        let (mut turn, mut broken, mut ended) = (0_u64, None::<Trouble>, None);
        while let Some(chunk) = streaming.body.next().await {
            let chunk = match chunk {
                Ok(chunk) => chunk,
                Err(trouble) => {
                    ended = (trouble.kind == TroubleKind::Interrupted).then(|| self.halt_stop(exchange, &trouble));
                    broken = Some(trouble);
                    break;
                }
            };
            let length = chunk.len() as u64;
            let lines_before = reader.lines();
            self.run.file_bytes.fetch_add(length, Ordering::Relaxed);
            if let Err(stop) = self.check_bytes(Some(exchange)) {
                broken = Some(trouble(TroubleKind::Limit, stop.because.clone()));
                ended = Some(stop);
                break;
            }
            if let Some(file) = &mut kept {
                file.write_all(&chunk).map_err(|error| self.cannot_keep(&error))?;
            }
            if head.len() <= NO_FILE {
                head.extend_from_slice(&chunk);
            }
            if let Err(trouble) = reader.push(&chunk) {
                broken = Some(trouble);
                break;
            }
            let bytes = fetching.bytes.fetch_add(length, Ordering::Relaxed) + length;
            let more = reader.lines().saturating_sub(lines_before);
            let lines = fetching.lines.fetch_add(more, Ordering::Relaxed) + more;
            turn += length;
            if turn >= TURN {
                turn = 0;
                self.show(Event::Reading { bytes, lines });
                tokio::task::yield_now().await;
            }
        }
        let decoded = reader.bytes();
        let done = reader.finish(broken.is_none());
        let broken = broken.or(done.broken.map(|trouble| decode::blame(trouble, &streaming.headers)));
        // An error page or a document in place of a file is worth knowing; a file of lines has its facts.
        if done.lines.resources == 0 && coding == Coding::Identity && head.len() <= NO_FILE && !head.is_empty() {
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
            withheld: withheld.as_ref().map(withheld_resources::taken),
        };
        match ended {
            Some(stop) => {
                self.run.session.recorder().file(facts);
                Err(stop)
            }
            None => {
                let measured = measured.map(|measured| type_filters::taken(&measured)).unwrap_or_default();
                let blocks = blocks.map(|sheet| organized_files::taken(&sheet));
                Ok(Download { facts, deleted: done.deleted, measured, blocks })
            }
        }
    }

    /// Stops the flow when the run has taken as many bytes as it may.
    fn check_bytes(&self, exchange: Option<u32>) -> Result<(), Stop> {
        let most = self.run.settings.max_bytes;
        if self.run.file_bytes.load(Ordering::Relaxed) > most {
            let because = format!("the run has taken more than {most} bytes of files; raise --max-bytes");
            return Err(stop(StopKind::Limit, exchange, because));
        }
        Ok(())
    }
}

/// Whether an answer may mean that files are fetched by another verb.
fn refuses_the_verb(status: StatusCode) -> bool {
    matches!(status.as_u16(), 400 | 404 | 405 | 501)
}

/// A file of the manifest, if its URL is one.
pub(crate) fn usable(job: &Job, manifest: &Value, item: Item) -> Option<WantedFile> {
    let url = job.url.join(&item.url).ok()?;
    let transaction_time = manifest.get("transactionTime").and_then(Value::as_str).map(str::to_owned);
    Some(WantedFile { item, url, open: manifest_files::is_open(manifest), transaction_time })
}
