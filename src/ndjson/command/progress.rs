//! The progress of a check of files.

use std::sync::atomic::{AtomicU64, AtomicUsize};

/// The progress of a check. Other threads may read it while the check runs.
#[derive(Debug, Default)]
pub struct NdjsonProgress {
    /// Bytes read from disk, before decompression.
    pub bytes: AtomicU64,
    /// Lines checked.
    pub lines: AtomicU64,
    /// Files finished.
    pub files: AtomicUsize,
}
