//! What the observer of one file measures. The observer is inside the line reader; the download keeps the other handle and
//! takes the result when the file is read.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// A handle of the measurements of one file. All clones are the same measurements.
#[derive(Debug, Default)]
pub(crate) struct Measurements<T>(Arc<Mutex<T>>);

impl<T> Clone for Measurements<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<T: Default> Measurements<T> {
    /// The measurements so far.
    pub fn lock(&self) -> MutexGuard<'_, T> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes the measurements, once the file is read.
    pub fn take(&self) -> T {
        std::mem::take(&mut self.lock())
    }
}
