//! The reports that people and other programs read. Reports are made from [`crate::verdicts::judged_run::Run`] alone;
//! [`list`], [`explain`] and [`coverage`] are made from the suites. Nothing here waits, and only [`write_all`] and
//! [`write_one`] use the disk.

pub(crate) mod cause;
pub mod checklist;
pub mod coverage;
pub mod curl;
pub(crate) mod differences;
pub mod escape;
pub(crate) mod excerpt;
pub mod exchange;
pub mod explain;
pub mod explain_text;
pub mod finding;
pub mod html;
pub mod json;
pub mod junit;
pub mod list;
pub(crate) mod settings;
pub(crate) mod severity;
pub mod terminal;
pub mod text;
pub(crate) mod verdict;
pub mod wire;
pub mod wrap;
pub mod write;
