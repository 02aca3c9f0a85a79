//! The kinds of probes (`send`). Each kind has one row here; `drive/flow/probe.rs` sends it.

use crate::base::vocabulary::words;

/// What a kind of probe needs. Without it the probe is not sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProbeNeed {
    /// Only the target.
    Nothing,
    /// A job of the flow.
    Job,
    /// A file of the manifest, and the content of the files.
    File,
    /// An attachment that a line of the files names.
    Attachment,
    /// A manifest while the job runs.
    PartialManifest,
    /// A client of SMART Backend Services.
    SmartClient,
    /// A CapabilityStatement that declares updates of Groups.
    DeclaredUpdate,
    /// A connection without a proxy.
    DirectConnection,
}

/// The job that a kind of probe may start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProbeJob {
    /// No job.
    Nothing,
    /// An export job.
    Export,
    /// A job that creates or updates a Group.
    Group,
}

/// Whether a kind of probe is about the export of its flow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProbeSubject {
    /// The export of its flow.
    OfExport,
    /// Something other than the export.
    Apart,
}

/// The properties of a kind of probe.
#[derive(Clone, Copy, Debug)]
pub struct SendRow {
    /// What is sent, a noun phrase.
    pub sentence: &'static str,
    /// What the probe needs.
    pub needs: ProbeNeed,
    /// The job that it may start.
    pub job: ProbeJob,
    /// Whether it is about the export of its flow.
    pub subject: ProbeSubject,
}

/// Defines the words and the rows.
macro_rules! rows {
    ($(
        $(#[$meta:meta])*
        $variant:ident = $word:literal, $sentence:literal, $needs:ident, $job:ident, $subject:ident;
    )+) => {
        words! {
            /// The kind of request that a probe sends.
            Send { $($(#[$meta])* $variant = $word,)+ }
        }

        impl Send {
            /// The row of this kind.
            pub fn row(self) -> SendRow {
                match self {
                    $(Send::$variant => SendRow {
                        sentence: $sentence,
                        needs: ProbeNeed::$needs,
                        job: ProbeJob::$job,
                        subject: ProbeSubject::$subject,
                    },)+
                }
            }

            /// Whether the probe is a kick-off.
            pub fn kicks_off(self) -> bool {
                self.row().job == ProbeJob::Export
            }
        }
    };
}

rows! {
    /// A kick-off like the flow's own, by GET. A job that it starts is deleted immediately.
    Kickoff = "kickoff", "a kick-off by GET", Nothing, Export, OfExport;
    /// A kick-off like the flow's own, by POST. A job that it starts is deleted immediately.
    KickoffPost = "kickoff-post", "a kick-off by POST", Nothing, Export, OfExport;
    /// A GET of the polling URL.
    Poll = "poll", "another poll", Job, Nothing, OfExport;
    /// A GET of the first output file with content, or of the first file listed; with `list`, of the first file of that
    /// list.
    File = "file", "another fetch of the first output file", File, Nothing, OfExport;
    /// A POST without a body to the URL of the file that `file` fetches.
    FilePost = "file-post", "a POST without a body to the first output file", File, Nothing, OfExport;
    /// A GET of an attachment that an output file names.
    Attachment = "attachment", "a fetch of an attachment that an output file names", Attachment, Nothing, OfExport;
    /// A GET of every file that the manifest of a running job lists, each once.
    Files = "files", "a fetch of every listed file", PartialManifest, Nothing, OfExport;
    /// A DELETE of the polling URL.
    Delete = "delete", "another DELETE", Job, Nothing, OfExport;
    /// A GET of the CapabilityStatement.
    Metadata = "metadata", "a GET of the CapabilityStatement", Nothing, Nothing, Apart;
    /// A GET of `.well-known/smart-configuration`.
    SmartConfiguration = "smart-configuration", "a GET of the SMART configuration", Nothing, Nothing, Apart;
    /// A token request with a signed assertion. It is not sent if the run has no SMART client.
    Token = "token", "a token request", SmartClient, Nothing, Apart;
    /// A GET of the flow's Group.
    Read = "read", "a GET of the Group", Nothing, Nothing, OfExport;
    /// A search for the flow's Group by its id.
    Search = "search", "a search for the Group by its id", Nothing, Nothing, OfExport;
    /// A search by name for the Group that the flow created.
    SearchName = "search-name", "a search for the Group by its name", Nothing, Nothing, OfExport;
    /// A POST of a Group with a member filter, by the asynchronous pattern. Without `Prefer` it is a different Group.
    Create = "create", "a POST of a Group with a member filter", Nothing, Group, Apart;
    /// A PUT of the Group that the flow created, if the target declares updates of Groups.
    Update = "update", "a PUT of that Group", DeclaredUpdate, Group, Apart;
    /// A DELETE of the Group that the flow created.
    Erase = "erase", "a DELETE of that Group", Nothing, Nothing, OfExport;
    /// A search for patients with `_summary=count`.
    Count = "count", "a search that counts patients", Nothing, Nothing, OfExport;
    /// The first message of a TLS handshake that offers 1.3 and 1.2, sent to every origin of the run.
    Tls = "tls", "a handshake that offers TLS 1.3 and 1.2 to every origin", DirectConnection, Nothing, Apart;
}
