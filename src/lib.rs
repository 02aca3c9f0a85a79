//! Plimsoll judges whether a FHIR server's bulk data `$export` keeps its specification.
//!
//! Data flows one way, and the rooms stand in that order; each imports only what stands before it (`tests/house.rs`
//! holds them to it):
//!
//! ```text
//! suites/*.toml -> suite (Catalog) -> plan -> drive -> tape -> judge (record::Run) -> report
//! ```
//!
//! | room | what it does |
//! |---|---|
//! | [`words`], [`resources`], [`hidden`], [`clock`], [`instant`], [`secret`], [`json`] | what every room shares |
//! | [`search`] | filters such as `Location?address-city=Balmain`, and whether a resource passes |
//! | [`suite`] | reads the rules, refuses what is wrong with them, says them in words |
//! | [`plan`] | which tests are judged, which flows they need and how deep |
//! | [`tape`] | what a run keeps: exchanges, facts of files, flows |
//! | [`fhir`] | FHIR's definitions as tables, and whether a resource keeps them |
//! | [`ndjson`] | bytes in, facts of a file out |
//! | [`drive`] | asks the target, and writes the tape |
//! | [`record`] | what a judged run is: `run.json` |
//! | [`check`] | one expectation on one exchange |
//! | [`judge`] | tape and plan in, record out |
//! | [`report`] | the record as text, HTML, JUnit, Markdown, JSON |
//! | [`reference`](mod@reference) | a conformant server, its faults and legal variants |
//! | [`config`] | flags, variables and `plimsoll.toml` together |
//! | [`trials`] | libtest's manners, gates, exit codes, the self-test |
//! | [`cli`] | the commands |
//!
//! Only [`drive`] and [`reference`](mod@reference) are asynchronous. Judging never touches a socket: what it needs is on
//! the tape.

pub mod words;

pub mod resources;

pub mod hidden;

pub mod clock;

pub mod instant;

pub mod secret;

pub mod json;

pub mod search;

pub mod suite;

pub mod plan;

pub mod tape;

pub mod fhir;

pub mod ndjson;

pub mod drive;

pub mod record;

pub mod check;

pub mod judge;

pub mod report;

pub mod reference;

pub mod config;

pub mod trials;

pub mod cli;
