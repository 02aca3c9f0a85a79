//! Whole flows against servers made for one test, in paused time.

mod halts;
mod levels;
mod patience;
mod probes;
mod reference;
mod server;
mod trouble;
