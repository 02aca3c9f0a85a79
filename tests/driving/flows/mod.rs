//! Complete flows against servers in process, in paused time.

mod halts;
mod levels;
mod retries;
mod probes;
mod reference;
mod server;
mod trouble;
