//! Plimsoll judges whether a FHIR server's bulk data `$export` keeps its specification.
//!
//! Data flows one way, and the modules stand in that order; each imports only what stands before it:
//!
//! ```text
//! suites/*.toml -> suite (Catalog) -> plan -> drive -> tape -> judge (record::Run) -> report
//! ```
//!
//! Only [`drive`] and [`reference`] are asynchronous. Judging never touches a socket: what it needs is on the tape.

pub mod words;

pub mod clock;

pub mod instant;

pub mod secret;

pub mod suite;

pub mod plan;

pub mod ndjson;

pub mod tape;

pub mod drive;

pub mod check;

pub mod record;

pub mod judge;

pub mod report;

pub mod reference;

pub mod config;

pub mod trials;

pub mod cli;
