//! How far a check of files has come.

use std::sync::atomic::{AtomicU64, AtomicUsize};

/// How far a check has come. Other threads may read it while the check runs.
#[derive(Debug, Default)]
pub struct NdjsonProgress {
    /// Bytes read, as they lie on disk.
    pub bytes: AtomicU64,
    /// Lines.
    pub lines: AtomicU64,
    /// Files that are done.
    pub files: AtomicUsize,
}
