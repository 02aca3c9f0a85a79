//! Plimsoll judges whether the bulk data `$export` of a FHIR server conforms to its specification.

pub mod base;
pub mod check;
pub mod cli;
pub mod config;
pub mod drive;
pub mod fhir;
pub mod judge;
pub mod measure;
pub mod ndjson;
pub mod plan;
pub mod recording;
pub mod redact;
pub mod reference;
pub mod report;
pub mod search;
pub mod selftest;
pub mod session;
pub mod settings;
pub mod suite;
pub mod transport;
pub mod verdicts;
