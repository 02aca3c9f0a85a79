//! Plimsoll judges whether the Bulk Data `$export` of a FHIR server conforms to its specification.
//!
//! Data flows one way:
//!
//! ```text
//! suites/*.toml -> suite (Catalog) -> plan -> drive -> recording -> judge (judged run) -> report
//! ```
//!
//! The folders are in the order of their imports, lowest first: each imports only folders above it in this table
//! (`tests/structure` checks that, and that no files import each other in a circle).
//!
//! | folder | holds |
//! |---|---|
//! | [`base`] | what every folder shares: vocabulary, instants, clock, secrets, JSON text, unprintable characters |
//! | [`search`] | filters such as `Location?address-city=Balmain`, and whether a resource matches |
//! | [`suite`] | the rules: TOML in, `Catalog` out; mistakes are refused with file, line and caret |
//! | [`recording`] | what a run records: exchanges, facts of files, flows |
//! | [`plan`] | which tests are judged, which flows they need, how far each flow goes, and in which order |
//! | [`fhir`] | FHIR's definitions, profiles and directory rules, and whether a resource conforms to them |
//! | [`reference`](mod@reference) | the reference server, its faults and legal variants; asynchronous |
//! | [`ndjson`] | bytes in, facts of lines out; the `ndjson` command |
//! | [`settings`], [`config`] | the settings of a run, and where they come from |
//! | [`transport`] | bytes to one address: network, in process, TLS, address guard |
//! | [`measure`] | pure facts of resources, manifests and URLs |
//! | [`verdicts`] | the judged run, known deviations, exit codes, libtest output |
//! | [`redact`] | removes secrets and resource content from exchanges, and records them |
//! | [`session`] | one recorded request: token, redirects, limits |
//! | [`drive`] | the state machine of a run; asynchronous |
//! | [`report`] | reports for people and programs |
//! | [`check`] | one expectation on one exchange, and the built-in checks |
//! | [`judge`] | recording and plan in, judged run out; pure |
//! | [`selftest`] | every fault against every test |
//! | [`cli`] | the commands |

pub mod base;

pub mod search;

pub mod suite;

pub mod recording;

pub mod plan;

pub mod fhir;

pub mod reference;

pub mod ndjson;

pub mod settings;

pub mod config;

pub mod transport;

pub mod measure;

pub mod verdicts;

pub mod redact;

pub mod session;

pub mod drive;

pub mod report;

pub mod check;

pub mod judge;

pub mod selftest;

pub mod cli;
