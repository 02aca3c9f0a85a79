//! The built-in checks of kick-offs, of the status of jobs, of failures and of data that changes, one row each.
//! [`crate::suite::check_rows::all`] explains rows.

macro_rules! flow_checks {
    ({ $($earlier:tt)* } $next:path $(, $rest:path)*) => { $next! { {
        $($earlier)*
        /// What hooks changed up to `transactionTime` came in that state or a later one.
        ChangesCome = "changes-come" {
            run flow::data_changes::changes_come, on Manifests, needs [Files],
            says "what was changed up to transactionTime comes as it then was, or later"
        }
        /// What hooks deleted since `_since` is listed under `deleted`.
        DeletionsTold = "deletions-told" {
            run flow::data_changes::deletions_told, on Manifests, needs [Files],
            says "what was deleted since _since is listed under deleted"
        }
        /// What hooks made fail is missing, and the error files tell of a failure.
        FailuresTold = "failures-told" {
            run flow::data_changes::failures_told, on Manifests, needs [Files],
            says "where something fails to be exported, an error file tells of it"
        }
        /// The target says, or shows, that a job's status comes beside that of the poll.
        SeparateStatusHonoured = "separate-status-honoured" {
            run flow::export_status::separate_status_honoured, on Any, needs [],
            says "the server says that it applied separate-export-status"
        }
        /// `Preference-Applied` names respond-async and separate-export-status.
        PreferencesApplied = "preferences-applied" {
            run flow::export_status::preferences_applied, on Kickoffs, needs [],
            says "Preference-Applied names respond-async and separate-export-status"
        }
        /// `X-Export-Status` begins with the status that fits the job.
        ExportStatusFits = "export-status-fits" {
            run flow::export_status::export_status_fits, on Manifests, needs [],
            says "X-Export-Status begins with the status that fits the job"
        }
        /// `X-Export-Status` begins with 4xx or 5xx.
        ExportStatusOfFailure = "export-status-of-failure" {
            run flow::export_status::export_status_of_failure, on Manifests, needs [],
            says "X-Export-Status begins with 4xx or 5xx"
        }
        /// One distinct Content-Location.
        OneLocation = "one-location" {
            run flow::kickoff::one_location, on Kickoffs, needs [],
            says "Content-Location names one URL only"
        }
        /// The kick-off was as well received as that of the flow beside it.
        AsWellReceived = "as-well-received" {
            run flow::kickoff::as_well_received, on Kickoffs, needs [],
            says "the kick-off is as well received as that of the flow beside it", judges refusals
        }
        /// The probe's kick-off was given a job of its own.
        OtherJob = "other-job" {
            run flow::kickoff::other_job, on Probes, needs [],
            says "its job is another than that of the flow's own kick-off"
        }
        /// Polling and file URLs have the scheme, host and port that were asked.
        OwnOrigin = "own-origin" {
            run flow::kickoff::own_origin, on Any, needs [],
            says "URLs have the scheme, host and port that were asked"
        }
        /// The job that the probe started did not come to a good end.
        JobNotCompleted = "job-not-completed" {
            run flow::kickoff::job_not_completed, on Probes, needs [],
            says "no job that it started comes to a good end"
        }
        /// The flow's own kick-off was accepted.
        KickoffAccepted = "kickoff-accepted" {
            run flow::kickoff::kickoff_accepted, on Any, needs [],
            says "the flow's own kick-off was accepted"
        }
        /// The flow's kick-off was not answered 404, though the probe shows that what it names is there.
        KickoffFound = "kickoff-found" {
            run flow::kickoff::kickoff_found, on Any, needs [],
            says "the kick-off is not answered 404 Not Found"
        }
        /// The answer carries a manifest with output, and speaks of errors.
        PartlyDone = "partly-done" {
            run flow::server_errors::partly_done, on Manifests, needs [],
            says "the answer carries a manifest with output, and speaks of errors in its list or by its status"
        }
        /// What tells an error, by its body or by a status that is none of HTTP's, has a status of 4xx or 5xx.
        ErrorStatus = "error-status" {
            run flow::server_errors::error_status, on Any, needs [],
            says "what is refused, or failed, is told with 4xx or 5xx"
        }
        /// An issue has a code of `transient` or below it.
        TransientCode = "transient-code" {
            run flow::server_errors::transient_code, on Any, needs [],
            says "an issue has the code transient, or one below it"
        }
        /// With a status of success came an error in the place of the file.
        ErrorInPlace = "error-in-place" {
            run flow::server_errors::error_in_place, on Files, needs [Files],
            says "with a status of success came an error in the place of the file"
        }
        /// A file that was still coming when `Expires` passed came whole.
        OutlastsExpires = "outlasts-expires" {
            run flow::server_errors::outlasts_expires, on Files, needs [Files],
            says "a file that was still coming when Expires passed came whole"
        }
    } $($rest),* } };
}
pub(crate) use flow_checks;
