//! What may be written down of an exchange, and the recorder that writes it.

pub(crate) mod body;
pub(crate) mod headers;
pub(crate) mod plain;
pub mod recorder;
pub(crate) mod redactor;
pub(crate) mod urls;
