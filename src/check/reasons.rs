//! Reasons that several checks give. One situation has one wording. Each reason is a clause that can follow
//! `Not tested: `, `Undetermined: ` or `Not applicable: `.

use crate::check::exchange::response;
use crate::check::index::Index;
use crate::recording::model::Exchange;

/// The request got no response.
pub(crate) const NO_RESPONSE: &str = "the request got no response";
/// The exchange has no HTTP response, because it is a handshake.
pub(crate) const HANDSHAKE: &str = "the exchange is a TLS handshake, not an HTTP request";
/// The kick-off got no response.
pub(crate) const NO_KICKOFF_RESPONSE: &str = "the kick-off got no response";
/// A job that was accepted neither finished nor failed during the run.
pub(crate) const JOB_END_UNSEEN: &str = "the server accepted the job, and the run did not see its end";
/// No other kick-off can be compared with this one.
pub(crate) const NO_KICKOFF_TO_COMPARE: &str = "the run made no other kick-off at the same level to compare with";
/// No other export can be compared with this one.
pub(crate) const NO_EXPORT_TO_COMPARE: &str = "the run has no other export at the same level to compare with";
/// At least one of two compared exports is incomplete.
pub(crate) const EXPORT_INCOMPLETE: &str = "one of the two exports was not received completely";
/// At least one output file is incomplete.
pub(crate) const OUTPUT_INCOMPLETE: &str = "not every output file was received completely";
/// At least one error file is incomplete.
pub(crate) const ERRORS_INCOMPLETE: &str = "not every error file was received completely";
/// The judged file is incomplete.
pub(crate) const FILE_INCOMPLETE: &str = "the file was not received completely";
/// The recording has no facts about the file.
pub(crate) const NO_FILE_FACTS: &str = "the recording has no facts about this file";
/// The recording has no facts about unrequested resources.
pub(crate) const NO_UNREQUESTED_FACTS: &str = "the recording has no facts about unrequested resources";
/// The manifest lists no file, or the files have no resource.
pub(crate) const NOTHING_EXPORTED: &str = "nothing was exported";
/// The run sent `_type`, so missing types prove nothing.
pub(crate) const TYPES_RESTRICTED: &str = "the run exports only some types. Run without --types";
/// `_type` names no type, or several.
pub(crate) const NOT_ONE_TYPE: &str = "_type does not name exactly one type";
/// A line that is invalid, or has no id, could be a missing resource.
pub(crate) const INVALID_LINES: &str = "invalid lines could be the missing resources";
/// The run does not keep every resource of an export above its limit.
pub(crate) const TOO_LARGE: &str = "the export has more references than a run keeps. Give --types to export less";
/// The manifest's `transactionTime` is not an instant.
pub(crate) const NO_TRANSACTION_TIME: &str = "transactionTime is not a FHIR instant";
/// The base URL in the recording is not valid.
pub(crate) const INVALID_BASE: &str = "the base URL in the recording is not a valid URL";
/// The file is not at the origin of the base URL.
pub(crate) const OTHER_ORIGIN: &str = "the file is at another origin than the base URL";
/// The run has no client of SMART Backend Services.
pub(crate) const NO_SMART_CLIENT: &str =
    "the run has no SMART Backend Services client. Give --client-id and --key-file";

/// The kick-off returned `status`.
pub(crate) fn kickoff_returned(status: u16) -> String {
    format!("the kick-off returned {status}")
}

/// The server returned `status`.
pub(crate) fn server_returned(status: u16) -> String {
    format!("the server returned {status}")
}

/// The last attempt, after all retries, returned `status`.
pub(crate) fn last_attempt_returned(status: u16) -> String {
    format!("the last attempt returned {status}")
}

/// The flow made no kick-off.
pub(crate) fn no_kickoff(flow: &str) -> String {
    format!("flow {flow} made no kick-off")
}

/// The CapabilityStatement has no entry for the type.
pub(crate) fn type_not_listed(kind: &str) -> String {
    format!("the CapabilityStatement does not list {kind}")
}

/// The error of the transfer; without one, `otherwise`.
pub(crate) fn transfer_error(exchange: &Exchange, otherwise: &str) -> String {
    let trouble = response(exchange).and_then(|response| response.broken.as_ref());
    trouble.map_or_else(|| otherwise.to_owned(), |trouble| trouble.message.clone())
}

/// Names the export of `flow` in a finding: `flow system (exchange 12)`, with the exchange of its manifest.
pub(crate) fn export_of(index: &Index<'_>, flow: &str) -> String {
    match index.manifest(flow) {
        Some((exchange, _)) => format!("flow {flow} (exchange {})", exchange.id),
        None => format!("flow {flow}"),
    }
}
