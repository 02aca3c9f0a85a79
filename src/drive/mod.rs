//! Driving a target: the only room, beside the reference server, that is asynchronous.

mod asks;
mod assertion;
mod auth;
mod board;
mod cleanup;
mod decode;
mod engine;
mod files;
mod flight;
mod flow;
pub mod guard;
mod house;
pub mod inprocess;
mod jobid;
mod kickoff;
mod manifest;
mod mishap;
pub mod offer;
mod pages;
mod patience;
mod phases;
mod pick;
mod poll;
mod probe;
pub mod progress;
pub mod recorder;
mod redact;
mod redirect;
mod select;
pub mod session;
pub mod settings;
mod shelf;
mod tls;
pub mod transport;
pub mod wire;

pub use engine::{Drive, Options, RunError, run};
