//! The ids of jobs and the folders of their files: random, unless a fault changes them.

use std::time::{SystemTime, UNIX_EPOCH};

use crate::reference::fault::behavior::Behavior;
use crate::reference::personality::hapi;
use crate::reference::reply::ServerReply;
use crate::reference::state::ServerState;

/// The id of a job that starts `now`.
///
/// # Errors
/// The response to send if the system provides no random numbers.
pub(crate) fn job_id(server: &ServerState, now: SystemTime) -> Result<String, Box<ServerReply>> {
    let millis = now.duration_since(UNIX_EPOCH).unwrap_or_default().as_millis();
    let number = u128::from(server.notes().started);
    if server.does(Behavior::NumberedJobs) {
        return Ok((1_000 + number).to_string());
    }
    if server.does(Behavior::TimedJobs) {
        // The number makes two jobs of the same instant distinct.
        return Ok((millis + number).to_string());
    }
    if server.does(Behavior::ShortJobs) {
        return Ok(server.random::<4>()?.iter().map(|byte| format!("{byte:02x}")).collect());
    }
    if server.does(Behavior::DatedUuidJobs) {
        let random = hapi::job_id(server.random()?);
        let (dated, rest) = (format!("{millis:012x}"), random.get(15..).unwrap_or_default());
        let (high, low) = dated.split_at_checked(8).unwrap_or((&dated, ""));
        return Ok(format!("{high}-{low}-7{rest}"));
    }
    match server.spec().is_hapi() || server.does(Behavior::UuidJobs) {
        true => Ok(hapi::job_id(server.random()?)),
        false => {
            let (before, after) = &server.options.ids.jobs;
            Ok(format!("{before}{}{after}", server.secret()?))
        }
    }
}

/// The folder of a job's files.
///
/// # Errors
/// The same as for [`job_id`].
pub(crate) fn folder(server: &ServerState) -> Result<String, Box<ServerReply>> {
    if server.does(Behavior::NumberedFolders) {
        return Ok(server.notes().started.to_string());
    }
    if server.spec().is_hapi() { Ok(hapi::folder(server.random()?)) } else { server.secret() }
}
