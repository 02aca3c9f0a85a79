//! What people and other programs read of a run. Reports are drawn from [`crate::record::Run`] alone, and [`list`],
//! [`explain`] and [`coverage`] from the suites; nothing here waits, and only [`write_all`] and [`write_one`] touch the disk.

pub mod escape;

pub mod text;

pub mod curl;

mod cause;
mod differences;

mod excerpt;

pub mod wire;

pub mod finding;

mod verdict;

pub mod terminal;

pub mod junit;

pub mod json;

pub mod checklist;

pub mod html;

pub mod wrap;

pub mod list;

pub mod explain;

pub mod page;

pub mod coverage;

mod write;

pub use write::{Options, WriteError, write_all, write_one};
