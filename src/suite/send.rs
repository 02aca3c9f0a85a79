//! What a probe can send. Each kind has one row here; how it is sent is in `drive/flow/probe.rs`.

use crate::base::vocabulary::words;

/// What a probe of a kind needs; it is not sent without.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProbeNeed {
    /// Nothing but the target.
    Nothing,
    /// A job.
    Job,
    /// A file of the manifest, and what the files hold.
    File,
    /// An attachment; the lines of the files name them.
    Attachment,
    /// A manifest while the job runs.
    PartialManifest,
    /// A client of SMART Backend Services.
    SmartClient,
    /// A CapabilityStatement that declares updates of Groups.
    DeclaredUpdate,
    /// No proxy.
    DirectConnection,
}

/// The job that a probe of a kind may start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProbeJob {
    /// None.
    Nothing,
    /// An export.
    Export,
    /// The creation or update of a Group.
    Group,
}

/// What a probe of a kind is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProbeSubject {
    /// The export of its flow.
    OfExport,
    /// Nothing that has to do with the export.
    Apart,
}

/// What is known of a kind.
#[derive(Clone, Copy, Debug)]
pub struct SendRow {
    /// What is sent, a fragment.
    pub sentence: &'static str,
    /// What the probe needs.
    pub needs: ProbeNeed,
    /// The job that it may start.
    pub job: ProbeJob,
    /// What it is about.
    pub subject: ProbeSubject,
}

/// Makes the words and the rows.
macro_rules! rows {
    ($(
        $(#[$meta:meta])*
        $variant:ident = $word:literal, $sentence:literal, $needs:ident, $job:ident, $subject:ident;
    )+) => {
        words! {
            /// What a probe sends.
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

            /// Whether it is a kick-off.
            pub fn kicks_off(self) -> bool {
                self.row().job == ProbeJob::Export
            }
        }
    };
}

rows! {
    /// A kick-off like the flow's, by GET. A job that it starts is deleted at once.
    Kickoff = "kickoff", "a kick-off by GET", Nothing, Export, OfExport;
    /// A kick-off by POST.
    KickoffPost = "kickoff-post", "a kick-off by POST", Nothing, Export, OfExport;
    /// GET of the polling URL.
    Poll = "poll", "another poll", Job, Nothing, OfExport;
    /// GET of the first output file that held something, else of the first listed; or of the first of `list`.
    File = "file", "another fetch of the first output file", File, Nothing, OfExport;
    /// POST, without a body, to that file's URL.
    FilePost = "file-post", "a POST without a body to the first output file", File, Nothing, OfExport;
    /// GET of an attachment that an output file names.
    Attachment = "attachment", "a fetch of an attachment that an output file names", Attachment, Nothing, OfExport;
    /// GET of every file that the manifest lists, each once.
    Files = "files", "a fetch of every file listed", PartialManifest, Nothing, OfExport;
    /// DELETE of the polling URL.
    Delete = "delete", "another DELETE", Job, Nothing, OfExport;
    /// GET of the CapabilityStatement.
    Metadata = "metadata", "a read of the CapabilityStatement", Nothing, Nothing, Apart;
    /// GET of `.well-known/smart-configuration`.
    SmartConfiguration = "smart-configuration", "a read of the SMART configuration", Nothing, Nothing, Apart;
    /// A token request with a signed assertion; where the run is given no SMART client, none is sent.
    Token = "token", "a token request", SmartClient, Nothing, Apart;
    /// A read of the flow's Group.
    Read = "read", "a read of the Group", Nothing, Nothing, OfExport;
    /// A search for the flow's Group by its id.
    Search = "search", "a search for the Group by its id", Nothing, Nothing, OfExport;
    /// A search for the Group that the flow has made by its name.
    SearchName = "search-name", "a search for the Group by its name", Nothing, Nothing, OfExport;
    /// A POST of a Group, by the asynchronous pattern; without `Prefer`, of another one.
    Create = "create", "a POST of a Group with a member filter", Nothing, Group, Apart;
    /// A PUT of the Group that the flow has made, where the target declares it.
    Update = "update", "a PUT of that Group", DeclaredUpdate, Group, Apart;
    /// A DELETE of the Group that the flow has made.
    Erase = "erase", "a DELETE of that Group", Nothing, Nothing, OfExport;
    /// A search with `_summary=count`.
    Count = "count", "a search that counts", Nothing, Nothing, OfExport;
    /// The first message of a TLS handshake that offers 1.3 and 1.2, with every origin of the run.
    Tls = "tls", "a handshake of TLS 1.3 and 1.2 with every origin", DirectConnection, Nothing, Apart;
}
