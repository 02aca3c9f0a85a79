//! What the recording may show of an exchange, and the recorder that writes it.

pub(crate) mod body;
pub(crate) mod headers;
pub(crate) mod kept_members;
pub mod recorder;
pub(crate) mod redactor;
pub(crate) mod secrets;
pub(crate) mod urls;
