//! The time of the data that an export returns, and its `transactionTime`.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use crate::reference::data::changes;
use crate::reference::data::population::Population;
use crate::reference::export::request::ExportRequest;
use crate::reference::fault::behavior::Behavior;
use crate::reference::state::ServerState;

/// The age of the data that a delayed export returns.
const EXPORT_DELAY: Duration = Duration::from_secs(3);

/// How long a job runs; `None` if it never ends.
pub(crate) fn job_duration(server: &ServerState) -> Option<Duration> {
    if server.does(Behavior::NeverCompletes) {
        None
    } else if server.does(Behavior::CompleteAtOnce) {
        Some(Duration::ZERO)
    } else {
        Some(server.options.job_time)
    }
}

/// The resources that an export that starts `now` selects from.
pub(crate) fn population(server: &ServerState, now: SystemTime) -> Arc<Population> {
    if server.does(Behavior::LagsBehind) {
        return server.population_at(now - EXPORT_DELAY);
    }
    if server.does(Behavior::ChangesGoOn) {
        let changed = std::mem::take(&mut server.notes().changed);
        for (name, id) in &changed {
            changes::change(server, name, id, &|_| {});
        }
    }
    server.population()
}

/// The `transactionTime` of an export that starts `now`.
pub(crate) fn transaction_time(server: &ServerState, now: SystemTime) -> SystemTime {
    if server.does(Behavior::LagsBehind) {
        return now - EXPORT_DELAY;
    }
    match job_duration(server) {
        Some(duration) if server.does(Behavior::DatedByItsEnd) => now + duration,
        _ => now,
    }
}

/// The reason if an export fails because one of its resources cannot be exported.
pub(crate) fn failure(server: &ServerState, export: &ExportRequest, population: &Population) -> Option<String> {
    let mut found = server.does(Behavior::FailuresEndAll).then(|| population.select(&export.selection))?;
    let failed = population.remove_failing(&mut found);
    failed.first().map(|name| format!("{name} could not be exported"))
}
