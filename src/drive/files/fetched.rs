//! What is known of a flow's files while they come. There may be a hundred thousand: of each, only what others wait for
//! stays here, and all else is on the recording at once.

use crate::drive::files::download::WantedFile;
use crate::measure::organized_files::Blocks;
use crate::measure::resource_store::ResourceStore;
use crate::measure::sample_values::Span;
use crate::measure::type_filters;
use crate::measure::type_filters::{Counter, Measured};
use crate::recording::facts::FileFacts;
use crate::suite::model::FileList;

/// What is known of the files that came.
#[derive(Debug, Default)]
pub(crate) struct DownloadedFiles {
    /// Of each list the first file that held a line.
    first: Vec<WantedFile>,
    /// The dates of the output files.
    pub span: Span,
    /// Files whose facts wait for what stands in others, and all after them, in their order.
    later: Vec<PendingFacts>,
    /// The bytes of resources that wait so.
    waiting: usize,
}

/// A file whose facts are not complete.
#[derive(Debug)]
pub(crate) struct PendingFacts {
    pub facts: FileFacts,
    pub measured: Measured,
    pub blocks: Option<Blocks>,
}

impl DownloadedFiles {
    /// The first file of a list that held a line.
    pub fn first(&self, list: FileList) -> Option<&WantedFile> {
        self.first.iter().find(|wanted| wanted.list() == list)
    }

    /// The files whose facts were not given back, in their order.
    pub fn rest(&mut self) -> Vec<PendingFacts> {
        std::mem::take(&mut self.later)
    }

    /// Takes in a file. Its facts are given back where nothing waits: a manifest may list a hundred thousand.
    pub fn take_in(
        &mut self,
        wanted: WantedFile,
        got: PendingFacts,
        counter: &Counter,
        shelf: &ResourceStore,
    ) -> Option<FileFacts> {
        let PendingFacts { mut facts, mut measured, blocks } = got;
        let list = wanted.list();
        if list == FileList::Output {
            self.span.widen(&facts.lines);
        }
        if facts.lines.lines > 0 && !self.first.iter().any(|known| known.list() == list) {
            self.first.push(wanted);
        }
        if self.waiting + measured.waiting_bytes() > type_filters::MAX_WAITING_IN_ALL {
            measured.give_up();
        }
        self.waiting += measured.waiting_bytes();
        if self.later.is_empty() && blocks.is_none() && measured.waiting_bytes() == 0 {
            facts.filtered = counter.settle(measured, shelf, None);
            return Some(facts);
        }
        self.later.push(PendingFacts { facts, measured, blocks });
        None
    }
}
