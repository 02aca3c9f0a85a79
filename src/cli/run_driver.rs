//! A run against a target.

use std::path::Path;

use tokio::sync::watch;

use crate::base::clock::Clock;
use crate::cli::catalog::DeclaredSpecs;
use crate::cli::error::CliError;
use crate::cli::target::RunTarget;
use crate::cli::{catalog, report_folder};
use crate::drive::progress;
use crate::drive::resume_journal::Leftovers;
use crate::drive::run::{Drive, RunOptions};
use crate::plan::model::Plan;
use crate::recording::model::Recording;
use crate::recording::store;
use crate::suite::catalog::Catalog;

/// Drives a run: first reads what the target declares, then runs the plan.
pub struct RunDriver {
    drive: Drive,
}

impl RunDriver {
    /// Prepares a run that is recorded in `folder/recording` and continues the jobs of an interrupted run. Sends
    /// nothing.
    pub fn new(
        suites: &Catalog,
        target: RunTarget,
        folder: &Path,
        interrupt: watch::Receiver<bool>,
        interrupted: Leftovers,
    ) -> Result<Self, CliError> {
        let clock = Clock::system();
        let transport = target.transport(clock)?;
        let sink = store::Writer::create(&folder.join(store::FOLDER)).map_err(|e| CliError::usage(e.to_string()))?;
        let options = RunOptions {
            suites: suites.digest.clone(),
            embedded: target.is_embedded(),
            progress: progress::for_stderr(),
            interrupt,
            sink: Some(sink),
            leftovers: (!target.is_embedded()).then(|| report_folder::leftovers(folder)),
            journal: (!target.is_embedded()).then(|| report_folder::journal(folder)),
            remains: interrupted,
        };
        let mut settings = target.settings;
        if options.embedded {
            settings.rate = None;
        }
        Ok(Self { drive: Drive::new(settings, transport, clock, options) })
    }

    /// Returns the specs of the suites that the target's CapabilityStatement declares.
    pub async fn declared(&mut self, suites: &Catalog) -> Result<DeclaredSpecs, CliError> {
        let metadata = self.drive.metadata().await.map_err(|e| CliError::undetermined(e.to_string()))?;
        Ok(catalog::declared(suites, &metadata.claims))
    }

    /// Runs the plan and returns the recording.
    pub async fn run(self, plan: &Plan) -> Result<Recording, CliError> {
        self.drive.run(plan).await.map_err(|e| CliError::undetermined(e.to_string()))
    }
}
