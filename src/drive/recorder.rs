//! Writes exchanges to the tape, redacted.

/// An exchange whose body is still being read.
pub struct Pending {}
