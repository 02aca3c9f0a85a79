//! What is known about the files of a flow during the download. A manifest may list a hundred thousand files, so only
//! facts that depend on other files are kept here; all others are recorded at once.

use serde_json::Value;

use crate::drive::files::wanted;
use crate::drive::files::wanted::WantedFile;
use crate::drive::flow::job::Job;
use crate::measure::manifest_files;
use crate::measure::organized_files::Blocks;
use crate::measure::resource_store::ResourceStore;
use crate::measure::sample_values::Span;
use crate::measure::type_filters;
use crate::measure::type_filters::{Counter, Measured};
use crate::recording::facts::FileFacts;
use crate::suite::flow::Download;
use crate::suite::model::FileList;

/// What is known about the files that were read.
#[derive(Debug, Default)]
pub(crate) struct DownloadedFiles {
    /// The first file of each list that has a line.
    first: Vec<WantedFile>,
    /// The dates of the output files.
    pub span: Span,
    /// Files with facts that depend on other files, and all files after them, in their order.
    pending: Vec<PendingFacts>,
    /// The bytes of the resources in `pending`.
    pending_bytes: usize,
}

/// A file with facts that are not complete yet.
#[derive(Debug)]
pub(crate) struct PendingFacts {
    pub facts: FileFacts,
    pub measured: Measured,
    pub blocks: Option<Blocks>,
}

impl DownloadedFiles {
    /// Returns the first file of a list that has a line.
    fn first(&self, list: FileList) -> Option<&WantedFile> {
        self.first.iter().find(|wanted| wanted.list() == list)
    }

    /// Takes the files that [`Self::add`] kept, in their order.
    pub fn take_pending(&mut self) -> Vec<PendingFacts> {
        std::mem::take(&mut self.pending)
    }

    /// Adds a file. Returns its facts if they are complete and no earlier file is pending.
    pub fn add(
        &mut self,
        wanted: WantedFile,
        got: PendingFacts,
        counter: &Counter,
        resources: &ResourceStore,
    ) -> Option<FileFacts> {
        let PendingFacts { mut facts, mut measured, blocks } = got;
        let list = wanted.list();
        if list == FileList::Output {
            self.span.widen(&facts.lines);
        }
        if facts.lines.lines > 0 && !self.first.iter().any(|known| known.list() == list) {
            self.first.push(wanted);
        }
        if self.pending_bytes + measured.waiting_bytes() > type_filters::MAX_WAITING_IN_ALL {
            measured.leave_undecided();
        }
        self.pending_bytes += measured.waiting_bytes();
        if self.pending.is_empty() && blocks.is_none() && measured.waiting_bytes() == 0 {
            facts.filtered = counter.settle(measured, resources, None);
            return Some(facts);
        }
        self.pending.push(PendingFacts { facts, measured, blocks });
        None
    }
}

/// Returns the files that probes request, one per list: the first file that has a line, or else the first in the
/// manifest.
pub(crate) fn probed_files(job: &Job, manifest: &Value, fetched: &DownloadedFiles) -> Vec<WantedFile> {
    let (items, _) = manifest_files::files(manifest, Download::All);
    let listed: Vec<WantedFile> = items.into_iter().filter_map(|item| wanted::usable(job, manifest, item)).collect();
    let of_list = |list: FileList| {
        let first = fetched.first(list);
        first.or_else(|| listed.iter().find(|wanted| wanted.list() == list)).cloned()
    };
    FileList::ALL.iter().filter_map(|list| of_list(*list)).collect()
}
