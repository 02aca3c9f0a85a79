//! FHIR search as far as `_typeFilter` needs it (FHIR R4, search): a filter such as `Location?address-city=Balmain` is
//! parsed, and said of a resource whether it passes: yes, no, or that we cannot tell.
//!
//! The judge holds exported lines against the filter that was sent, so a *no* must be certain: what the text leaves to
//! the server is read with [`Reading::Lenient`], and what this room does not know is [`Answer::Unknown`]. The reference
//! server selects with [`Reading::Strict`].

pub(crate) mod date;
pub(crate) mod geo_distance;
pub(crate) mod matching;
pub(crate) mod param;
pub(crate) mod query;
#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
mod tests;
pub(crate) mod text;
pub(crate) mod world;
