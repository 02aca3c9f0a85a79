//! What jobs and the folders of their files are called: at random, if no fault says otherwise.

use std::time::{SystemTime, UNIX_EPOCH};

use crate::reference::fault::behavior::Behavior;
use crate::reference::reply::ServerReply;
use crate::reference::server::{Server, ServerRequest};

impl Server {
    /// The id of a job that begins `now`.
    ///
    /// # Errors
    /// The answer to give where the system has no randomness left.
    pub(crate) fn job_id(&self, now: SystemTime) -> Result<String, Box<ServerReply>> {
        let since = now.duration_since(UNIX_EPOCH).unwrap_or_default().as_millis();
        let number = u128::from(self.notes().started);
        if self.does(Behavior::NumberedJobs) {
            return Ok((1_000 + number).to_string());
        }
        if self.does(Behavior::TimedJobs) {
            // No two at once.
            return Ok((since + number).to_string());
        }
        if self.does(Behavior::ShortJobs) {
            return Ok(self.random::<4>()?.iter().map(|byte| format!("{byte:02x}")).collect());
        }
        if self.does(Behavior::DatedUuidJobs) {
            let random = self.hapi_job_id()?;
            let (dated, rest) = (format!("{since:012x}"), random.get(15..).unwrap_or_default());
            let (high, low) = dated.split_at_checked(8).unwrap_or((&dated, ""));
            return Ok(format!("{high}-{low}-7{rest}"));
        }
        if self.is_hapi() || self.does(Behavior::UuidJobs) { self.hapi_job_id() } else { self.secret() }
    }

    /// The folder of a job's files.
    ///
    /// # Errors
    /// As [`Server::job_id`].
    pub(crate) fn folder(&self) -> Result<String, Box<ServerReply>> {
        if self.does(Behavior::NumberedFolders) {
            return Ok(self.notes().started.to_string());
        }
        if self.is_hapi() { self.hapi_shelf() } else { self.secret() }
    }

    /// What the manifest says was asked for.
    pub(crate) fn request_shown(&self, ask: &ServerRequest) -> String {
        let request = format!("{}{}", self.origin(), ask.target);
        match (&ask.grant.token, self.does(Behavior::TokenInRequest)) {
            (Some(token), true) => format!("{request}#access_token={token}"),
            _ => request,
        }
    }
}
