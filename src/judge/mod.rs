//! Judges a recording by a plan and returns a judged run. Pure: no I/O.

pub(crate) mod aggregate;
pub(crate) mod decision;
pub(crate) mod finding;
pub(crate) mod flow_end;
pub mod judge_run;
pub(crate) mod outcome;
pub(crate) mod requirements;
pub(crate) mod select_exchanges;
pub(crate) mod shortage;
pub(crate) mod test;
