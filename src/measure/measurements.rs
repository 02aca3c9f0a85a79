//! The measurements of one file. Its observer is inside the line reader; the download keeps another handle and takes
//! the result after the file was read.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// A handle of the measurements of one file. All clones share the same measurements.
#[derive(Debug, Default)]
pub(crate) struct Measurements<T>(Arc<Mutex<T>>);

impl<T> Clone for Measurements<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<T: Default> Measurements<T> {
    /// Returns the measurements so far.
    pub fn lock(&self) -> MutexGuard<'_, T> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes the measurements, after the file was read.
    pub fn take(&self) -> T {
        std::mem::take(&mut self.lock())
    }
}
