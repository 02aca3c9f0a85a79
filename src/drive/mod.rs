//! Driving a target: the only room, beside the reference server, that is asynchronous.

mod asks;
mod auth;
mod board;
mod cleanup;
mod decode;
mod engine;
mod files;
mod flight;
mod flow;
mod house;
pub mod inprocess;
mod instant;
mod jobid;
mod kickoff;
mod manifest;
pub mod offer;
mod patience;
mod phases;
mod pick;
mod poll;
mod probe;
pub mod progress;
pub mod recorder;
mod redact;
mod redirect;
pub mod session;
pub mod settings;
pub mod transport;

pub use engine::{Drive, Options, RunError, run};
