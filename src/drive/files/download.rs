//! Downloads the files of a manifest, a few at a time, and records their facts in the order of the manifest.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use futures_util::{StreamExt, stream};

use crate::base::vocabulary::ExportLevel;
use crate::drive::context::FlowContext;
use crate::drive::files::fetch;
use crate::drive::files::fetched::{DownloadedFiles, PendingFacts};
use crate::drive::files::read::{Download, Fetching};
use crate::drive::files::wanted::WantedFile;
use crate::drive::flow::job::Route;
use crate::drive::flow::state::ExportedChanges;
use crate::drive::flow::{data_changes, probe_attachment};
use crate::measure::organized_files::Organizer;
use crate::measure::resource_store::ResourceStore;
use crate::measure::type_filters::Counter;
use crate::ndjson::identity::Identity;
use crate::recording::model::Stop;
use crate::suite::model::FileList;

/// The most files of one flow that are downloaded at the same time.
const MAX_CONCURRENT: usize = 4;

/// The files of an export, once they are read.
pub(crate) struct Downloaded {
    /// The resources that are kept for later flows.
    pub resources: ResourceStore,
    /// All resources of the output, by hash.
    pub index: Identity,
    /// Compares the resources with the filters of the request.
    pub counter: Arc<Counter>,
    /// Finds the blocks of files, if the request asks for organized files.
    pub organizer: Option<Arc<Organizer>>,
    /// Resources that hooks named.
    pub changes: ExportedChanges,
    /// Whether every output file was read completely.
    pub whole: bool,
    /// Whether the manifest lists more files than are downloaded.
    pub too_many: bool,
    /// The limit that ended the download early, if any.
    pub end: Result<(), Stop>,
}

/// Downloads the `wanted` files and records their facts, except those that depend on other files: these stay in
/// `fetched`.
pub(crate) async fn download_all(
    context: &FlowContext<'_>,
    route: &Route,
    (wanted, too_many): (Vec<WantedFile>, bool),
    fetched: &mut DownloadedFiles,
) -> Downloaded {
    let index = Identity::new(&context.run.key);
    let measures = context.planned.measures;
    let counter = Counter::new(&route.params, measures, data_changes::hooked_names(context));
    let compared = route.comparable_source().map(|source| (source.flow.as_str(), &*source.outcome.resources));
    let organizer = measures.blocks.then(|| Organizer::of(&route.params, &context.run.key, compared)).flatten();
    let fetching = Fetching {
        // A resource may be in several blocks of organized files.
        index: Some(&index).filter(|_| organizer.is_none()),
        hashes: measures.identity,
        counter: Some(&counter),
        organizer: organizer.as_ref(),
        bytes: AtomicU64::new(0),
        lines: AtomicU64::new(0),
    };
    let fetching = &fetching;
    let mut downloads = stream::iter(wanted)
        .map(|wanted| async move {
            let got = fetch::fetch(context, &wanted, fetching, None).await;
            (wanted, got)
        })
        .buffered(MAX_CONCURRENT);
    let mut resources = counter.new_store();
    let (mut end, mut whole) = (Ok(()), !too_many);
    let mut changes = ExportedChanges::default();
    while let Some((wanted, got)) = downloads.next().await {
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
        // Deleted files follow the output files in the order, so every output file has been read.
        got.facts.lines.deleted_in_output = index.held(&got.deleted);
        changes.output.append(&mut got.measured.data_changes);
        changes.deleted.append(&mut got.deleted);
        let good = got.facts.whole && got.facts.lines.is_legible();
        whole &= good || wanted.list() != FileList::Output;
        counter.keep(&mut got.measured, &mut resources);
        probe_attachment::note_attachments(context, std::mem::take(&mut got.measured.urls).into_iter());
        let Download { facts, measured, blocks, .. } = got;
        if let Some(facts) = fetched.add(wanted, PendingFacts { facts, measured, blocks }, &counter, &resources) {
            context.run.session.recorder().file(facts);
        }
    }
    drop(downloads);
    let whole = whole && end.is_ok();
    if whole && route.level == ExportLevel::System {
        counter.set_whole(&mut resources);
    }
    changes.whole = whole;
    Downloaded { resources, index, counter, organizer, changes, whole, too_many, end }
}
