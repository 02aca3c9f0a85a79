//! Lines of an export: stored in memory, or generated when they are sent.

use std::sync::Arc;

use bytes::Bytes;

use crate::reference::data::generate::{GeneratedType, Generator};

/// Lines without line ends. Cheap to copy and to split.
#[derive(Clone, Debug)]
pub(crate) struct Rows {
    source: RowSource,
    start: u64,
    end: u64,
}

#[derive(Clone, Debug)]
enum RowSource {
    Held(Arc<[Bytes]>),
    Made { by: Generator, kind: GeneratedType },
    Picked { by: Generator, kind: GeneratedType, indices: Arc<[u64]> },
}

impl Rows {
    /// Lines in memory.
    pub(crate) fn held(lines: Vec<Bytes>) -> Self {
        let end = lines.len() as u64;
        Self { source: RowSource::Held(lines.into()), start: 0, end }
    }

    /// The generated resources of `kind` with indices from `start` up to but not including `end`.
    pub(crate) fn made(by: Generator, kind: GeneratedType, start: u64, end: u64) -> Self {
        Self { source: RowSource::Made { by, kind }, start, end: end.max(start) }
    }

    /// The generated resources of `kind` with these indices.
    pub(crate) fn picked(by: Generator, kind: GeneratedType, indices: Vec<u64>) -> Self {
        let end = indices.len() as u64;
        Self { source: RowSource::Picked { by, kind, indices: indices.into() }, start: 0, end }
    }

    /// The number of lines.
    pub(crate) fn len(&self) -> u64 {
        self.end - self.start
    }

    /// The line at index `at`, counted from 0.
    pub(crate) fn line(&self, at: u64) -> Option<Bytes> {
        let at = self.start.checked_add(at).filter(|at| *at < self.end)?;
        match &self.source {
            RowSource::Held(lines) => lines.get(usize::try_from(at).ok()?).cloned(),
            RowSource::Made { by, kind } => Some(by.line(*kind, at)),
            RowSource::Picked { by, kind, indices } => {
                indices.get(usize::try_from(at).ok()?).map(|index| by.line(*kind, *index))
            }
        }
    }

    /// The part that starts at index `from`, with at most `count` lines.
    pub(crate) fn part(&self, from: u64, count: u64) -> Self {
        let start = self.start.saturating_add(from).min(self.end);
        Self { source: self.source.clone(), start, end: start.saturating_add(count).min(self.end) }
    }

    /// All lines.
    pub(crate) fn iter(&self) -> impl Iterator<Item = Bytes> + '_ {
        (0..self.len()).filter_map(|at| self.line(at))
    }
}
