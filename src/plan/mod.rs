//! Which tests are judged, which flows they need, and how far each flow must go.

pub mod build;
pub(crate) mod check_needs;
pub mod model;
pub(crate) mod reach;
