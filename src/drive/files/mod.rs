//! Downloads of the files that a manifest lists.

pub(crate) mod download;
pub(crate) mod fetch;
pub(crate) mod fetched;
pub(crate) mod keep;
pub(crate) mod read;
pub(crate) mod wanted;
