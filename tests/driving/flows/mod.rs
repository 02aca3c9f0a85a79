//! Complete flows against servers in process, in paused time.

mod halts;
mod levels;
mod probes;
mod reference;
mod retries;
mod server;
mod trouble;
