//! The built-in checks of kick-offs, of the status of jobs, of failures and of data that changes, one row each.
//! [`crate::suite::check_rows::all`] explains rows.

macro_rules! flow_checks {
    ({ $($earlier:tt)* } $next:path $(, $rest:path)*) => { $next! { {
        $($earlier)*
        /// Resources that hooks changed up to `transactionTime` are exported in that state or a later one.
        ChangesCome = "changes-come" {
            run flow::data_changes::changes_come, on Manifests, needs [Files],
            says "resources that were changed up to transactionTime are exported in that state or a later one"
        }
        /// Resources that hooks deleted since `_since` are listed under `deleted`.
        DeletionsTold = "deletions-told" {
            run flow::data_changes::deletions_told, on Manifests, needs [Files],
            says "resources that were deleted since _since are listed under deleted"
        }
        /// If a resource that a hook made fail is missing, an error file reports a failure.
        FailuresTold = "failures-told" {
            run flow::data_changes::failures_told, on Manifests, needs [Files],
            says "if a resource cannot be exported, an error file reports it"
        }
        /// The server states or shows that it reports a job's status separately from the poll's status.
        SeparateStatusHonoured = "separate-status-honoured" {
            run flow::export_status::separate_status_honoured, on Any, needs [],
            says "the server applies separate-export-status"
        }
        /// `Preference-Applied` names respond-async and separate-export-status.
        PreferencesApplied = "preferences-applied" {
            run flow::export_status::preferences_applied, on Kickoffs, needs [],
            says "Preference-Applied names respond-async and separate-export-status"
        }
        /// `X-Export-Status` begins with 202 for a running job and with 200 for a completed one.
        ExportStatusFits = "export-status-fits" {
            run flow::export_status::export_status_fits, on Manifests, needs [],
            says "X-Export-Status begins with 202 for a running job and with 200 for a completed one"
        }
        /// `X-Export-Status` begins with 4xx or 5xx.
        ExportStatusOfFailure = "export-status-of-failure" {
            run flow::export_status::export_status_of_failure, on Manifests, needs [],
            says "X-Export-Status begins with 4xx or 5xx"
        }
        /// Content-Location names only one URL.
        OneLocation = "one-location" {
            run flow::kickoff::one_location, on Kickoffs, needs [],
            says "Content-Location names only one URL"
        }
        /// The kick-off is accepted if the kick-off to compare with was accepted.
        AsWellReceived = "as-well-received" {
            run flow::kickoff::as_well_received, on Kickoffs, needs [],
            says "the kick-off is accepted if the kick-off to compare with is accepted", judges refusals
        }
        /// The probe's kick-off starts another job than the flow's own kick-off.
        OtherJob = "other-job" {
            run flow::kickoff::other_job, on Probes, needs [],
            says "the kick-off starts another job than the flow's own kick-off"
        }
        /// Polling and file URLs have the scheme, host and port of the base URL.
        OwnOrigin = "own-origin" {
            run flow::kickoff::own_origin, on Any, needs [],
            says "URLs have the scheme, host and port of the base URL"
        }
        /// The probe's kick-off is refused, or its job fails.
        JobNotCompleted = "job-not-completed" {
            run flow::kickoff::job_not_completed, on Probes, needs [],
            says "the kick-off is refused, or its job fails"
        }
        /// The probe's kick-off is refused with 4xx or 501, or its job fails.
        KickoffRefused = "kickoff-refused" {
            run flow::kickoff::kickoff_refused, on Probes, needs [],
            says "the kick-off is refused with 4xx or 501, or its job fails"
        }
        /// The flow's own kick-off was accepted.
        KickoffAccepted = "kickoff-accepted" {
            run flow::kickoff::kickoff_accepted, on Any, needs [],
            says "the flow's own kick-off was accepted"
        }
        /// The flow's kick-off does not return 404, although the probe shows that the requested resource exists.
        KickoffFound = "kickoff-found" {
            run flow::kickoff::kickoff_found, on Any, needs [],
            says "the flow's kick-off does not return 404 Not Found"
        }
        /// The response has a manifest with output, and reports errors.
        PartlyDone = "partly-done" {
            run flow::server_errors::partly_done, on Manifests, needs [],
            says "the response has a manifest with output, and reports errors in its list or by its status"
        }
        /// An error, by its body or by a status outside HTTP, has status 4xx or 5xx.
        ErrorStatus = "error-status" {
            run flow::server_errors::error_status, on Any, needs [],
            says "every error has status 4xx or 5xx"
        }
        /// An issue has the code `transient` or a code below it.
        TransientCode = "transient-code" {
            run flow::server_errors::transient_code, on Any, needs [],
            says "an issue has the code transient or a code below it"
        }
        /// A response with a success status has an error instead of the file.
        ErrorInPlace = "error-in-place" {
            run flow::server_errors::error_in_place, on Files, needs [Files],
            says "a response with a success status has an error instead of the file"
        }
        /// A download that is running when `Expires` passes is completed.
        OutlastsExpires = "outlasts-expires" {
            run flow::server_errors::outlasts_expires, on Files, needs [Files],
            says "a download that is running when Expires passes is completed"
        }
    } $($rest),* } };
}
pub(crate) use flow_checks;
