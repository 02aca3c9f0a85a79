//! Flows and their probes: what a run sends, as written in suite files.

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::Deserialize;

use crate::base::vocabulary::{ExportLevel, words};
use crate::suite::model::FileList;
use crate::suite::on::On;
use crate::suite::param::Param;
use crate::suite::send::Send;
use crate::suite::values::{Names, Wait};

/// How long polls with `after` wait for a deleted job to be unknown. Times later than this are used only with
/// `--wait-for-expiry`.
pub const GRACE: std::time::Duration = std::time::Duration::from_secs(10);

/// One flow: an export from kick-off to DELETE, with its probes, or probes alone.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Flow {
    /// What the flow requests; reports show this text.
    pub title: String,
    /// The export level.
    pub export: ExportLevel,
    /// The HTTP method of the kick-off.
    #[serde(default)]
    pub method: Method,
    /// The kick-off parameters, sent in the query of a GET or in the Parameters body of a POST. A list sends the
    /// parameter once for each value; `{NAME}` in a value stands for a sample value.
    #[serde(default)]
    pub params: BTreeMap<String, Param>,
    /// The source flows, which run before this flow. The first of them that completes supplies the sample values and
    /// the data that this flow is compared with.
    #[serde(default)]
    pub from: Names,
    /// Kick-off headers, in addition to `Accept` and `Prefer` or in place of them. A line feed in a value separates
    /// several lines of one header.
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
    /// When the flow deletes its job so that tests can look at the DELETE. Without it the job is deleted at the end, as
    /// clean-up.
    pub delete: Option<DeleteAt>,
    /// Which files are fetched if a test looks at files.
    #[serde(default)]
    pub download: Download,
    /// The HTTP method that files are fetched with.
    #[serde(default)]
    pub fetch: Fetch,
    /// The reason why the target may refuse this kick-off. If it does, the tests are not applicable.
    pub optional: Option<String>,
    /// What the user must configure for this flow. Without it the flow does not run and its tests are not applicable.
    pub credentials: Option<Needs>,
    /// The identity (token) that all requests of the flow use.
    #[serde(default, rename = "as")]
    pub identity: Identity,
    /// Whether the flow sends nothing itself and its tests are judged on the flows under `from`, except those that a
    /// test names itself. If no source flow has the exchange, the test is not applicable.
    #[serde(default)]
    pub aggregates: bool,
    /// Whether the flow makes no export and only sends its probes, which all have `at = "start"`.
    #[serde(default)]
    pub probes_only: bool,
    /// Kick-off parameters that the target may reject. If it refuses the kick-off, the run repeats it without them.
    #[serde(default)]
    pub droppable_params: Vec<String>,
    /// An earlier flow with a similar request. If its kick-off was not accepted, this flow does not run; parameters
    /// that it had to drop are dropped here too.
    pub same_request_as: Option<String>,
    /// Specs that do not define what the flow requests, and specs that build on them. Its tests are not judged there.
    #[serde(default)]
    pub except: Vec<String>,
    /// Specs in which the target may refuse this kick-off. If it does, the tests are not applicable there.
    #[serde(default)]
    pub optional_in: Vec<String>,
    /// Whether the flow runs after the other flows. A flow that deletes its job needs this, and its own parameters,
    /// because servers may merge equal jobs.
    #[serde(default)]
    pub last: bool,
    /// The hooks that the flow runs: commands of the user that change the target's data. The flow runs after the other
    /// flows, and only if the user allows one of its hooks.
    #[serde(default)]
    pub hooks: Vec<HookCall>,
    /// The hooks of earlier flows that this flow shows the effect of. It runs after them.
    #[serde(default)]
    pub shows: Vec<HookName>,
    /// Whether the job is deleted only after the kick-offs of the flows that name this flow under `same-request-as`.
    #[serde(default)]
    pub keep: bool,
    /// The probes: requests in addition to the export. They never change how the export continues.
    #[serde(default)]
    pub probes: Vec<Probe>,
}

impl Flow {
    /// The hooks that the flow runs or shows the effect of. Without any of them it shows nothing.
    pub fn of_hooks(&self) -> Vec<HookName> {
        let own = self.hooks.iter().map(|call| call.run).chain(self.shows.iter().copied());
        HookName::ALL.iter().copied().filter(|name| own.clone().any(|one| one == *name)).collect()
    }

    /// Whether the flow can have the exchange that `on` names.
    pub fn shows(&self, on: &On) -> bool {
        match on {
            On::Probe(id) => self.probes.iter().any(|probe| probe.id == *id),
            On::Delete => self.delete.is_some(),
            _ => true,
        }
    }

    /// Whether the flow only makes TLS handshakes.
    pub fn is_of_tls(&self) -> bool {
        self.probes_only && self.probes.iter().all(|probe| probe.send == Send::Tls)
    }

    /// The probes that the probes in `looked` depend on. In a flow about a Group that it creates, this is the probe
    /// that creates the Group, and also the probe that deletes it if a test looks at a probe of the end.
    pub fn groundwork(&self, looked: &BTreeSet<String>) -> Vec<String> {
        if self.credentials != Some(Needs::Cohort) {
            return Vec::new();
        }
        let ends = self.probes.iter().any(|probe| probe.at == Moment::End && looked.contains(&probe.id));
        let first = |probe: &&Probe| probe.makes_group() || (ends && probe.send == Send::Erase);
        self.probes.iter().filter(first).map(|probe| probe.id.clone()).collect()
    }
}

words! {
    /// A hook: a command of the user that changes the target's data.
    HookName {
        /// The command changes resources.
        Change = "change",
        /// The command deletes resources.
        Delete = "delete",
        /// The command makes the export of some resources fail.
        Fail = "fail",
    }
}

words! {
    /// When a hook is run.
    HookMoment {
        /// Before the kick-off.
        Start = "start",
        /// When a poll first reports that the job is running.
        InProgress = "in-progress",
        /// After the files were fetched.
        Complete = "complete",
    }
}

/// A hook that a flow runs, if the user configured and allowed it.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HookCall {
    /// Which hook is run.
    pub run: HookName,
    /// When the hook is run.
    pub at: HookMoment,
}

words! {
    /// What the user must configure for a flow.
    Needs {
        /// A token, or a client that can request one.
        Any = "any",
        /// A client of SMART Backend Services.
        Smart = "smart",
        /// Two clients of SMART Backend Services, or two tokens.
        SecondClient = "second-client",
        /// A client of SMART Backend Services with a key set that the run serves. The flow runs after all other flows.
        KeySet = "key-set",
        /// A Group that the run's client may not export.
        ForbiddenGroup = "forbidden-group",
        /// Permission to write Groups, on a target with the Bulk Cohort API. The flow creates a Group, exports it and
        /// deletes it.
        Cohort = "cohort",
        /// A Group without members. The flow exports this Group.
        EmptyGroup = "empty-group",
    }
}

words! {
    /// How an export is kicked off.
    #[derive(Default)]
    Method {
        /// GET, with the parameters in the query.
        #[default]
        Get = "get",
        /// POST, with the parameters in a Parameters resource.
        Post = "post",
    }
}

words! {
    /// When a flow's job is deleted.
    DeleteAt {
        /// After the first response that shows that the job is running, or right after the kick-off.
        InProgress = "in-progress",
        /// After the manifest, and after the files if they are fetched.
        Complete = "complete",
    }
}

words! {
    /// Which files of the manifest a flow fetches.
    #[derive(Default)]
    Download {
        /// Every file.
        #[default]
        All = "all",
        /// Only the first output file.
        First = "first",
        /// Only the files listed under `error`.
        Errors = "errors",
    }
}

words! {
    /// How a flow fetches files.
    #[derive(Default)]
    Fetch {
        /// By GET.
        #[default]
        Get = "get",
        /// By GET and, if the target does not accept that, by POST without a body. Files at another origin are not
        /// fetched by POST.
        Either = "either",
    }
}

/// A probe: a request in addition to the export.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Probe {
    /// The id of the probe, unique within the flow. Tests look at the response with `on = "probe.ID"`.
    pub id: String,
    /// When the probe is sent.
    pub at: Moment,
    /// The kind of request that is sent.
    pub send: Send,
    /// The identity (token) that the probe uses.
    #[serde(default, rename = "as")]
    pub identity: Identity,
    /// Headers, in addition to the usual ones or in place of them.
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
    /// Names of usual headers that are not sent.
    #[serde(default)]
    pub omit: Vec<String>,
    /// Kick-off parameters, in addition to those of the flow.
    #[serde(default)]
    pub params: BTreeMap<String, Param>,
    /// Names of kick-off parameters of the flow that are not sent.
    #[serde(default)]
    pub without: Vec<String>,
    /// What is deliberately wrong with the request.
    pub wrong: Option<Wrong>,
    /// The list of the manifest that a `file` probe takes its file from. The default is `output`.
    pub list: Option<FileList>,
    /// Whether the probe is sent only after the files have expired: five minutes after the manifest's `Expires`, or an
    /// hour after the manifest without `Expires`. It is sent only with `--wait-for-expiry`, if the wait is within
    /// `--max-wait`, the manifest states that files need no token, and a kick-off without a token was refused.
    #[serde(default)]
    pub outlived: bool,
    /// The times after the moment in `at` at which the probe is sent, once each. The default is once, immediately. A
    /// poll of a deleted job is first repeated until the job is unknown, for at most 10 seconds; times later than 10
    /// seconds are used only with `--wait-for-expiry`.
    #[serde(default)]
    pub after: Vec<Wait>,
}

impl Probe {
    /// Whether the probe creates the Group that its flow is about.
    pub fn makes_group(&self) -> bool {
        self.send == Send::Create && self.omit.is_empty()
    }
}

words! {
    /// When a probe is sent.
    Moment {
        /// With the kick-off, whatever its result is.
        Start = "start",
        /// While the job runs.
        InProgress = "in-progress",
        /// While the job runs, when a poll first returned a manifest of the files that are ready.
        Partial = "partial",
        /// After the manifest.
        Complete = "complete",
        /// After the flow's DELETE.
        Deleted = "deleted",
        /// At the end of the flow, whatever its result is.
        End = "end",
    }
}

words! {
    /// The identity (token) that a flow or probe uses.
    #[derive(Default)]
    Identity {
        /// The run's own client.
        #[default]
        Client = "client",
        /// No credentials. Such a probe is not sent if the run has no credentials, because it would show nothing.
        None = "none",
        /// The second client of the configuration.
        SecondClient = "second-client",
        /// A token that the target did not issue.
        Garbage = "garbage",
        /// The run's own token with one character changed.
        Tampered = "tampered",
        /// An expired token of the run's own client. The run waits until the token expires.
        Expired = "expired",
        /// A token of the run's own client that was requested and issued for Patient resources only.
        Narrow = "narrow",
        /// A new token of the run's own client.
        Renewed = "renewed",
    }
}

words! {
    /// What is deliberately wrong with a probe.
    Wrong {
        /// A Group id that does not exist.
        Group = "group",
        /// A job id that does not exist, in the form of the real id.
        Job = "job",
        /// A POST body that is a resource other than Parameters.
        NotParameters = "not-parameters",
        /// A POST body that is not JSON.
        BrokenJson = "broken-json",
        /// A POST body that is a JSON object without a resourceType.
        NoResource = "no-resource",
        /// The id of an unregistered client, in an assertion signed with the run's own key.
        Client = "client",
        /// An assertion signed with a key that is not the client's.
        OtherKey = "other-key",
        /// An assertion with claims that were changed after it was signed.
        Tampered = "tampered",
        /// An assertion without a signature, with the algorithm `none`.
        AlgNone = "alg-none",
        /// An assertion signed with HS256, with the client's public key as the secret.
        AlgHs256 = "alg-hs256",
        /// An assertion with the `iss` of another client.
        Issuer = "issuer",
        /// An assertion with the `sub` of another client.
        Subject = "subject",
        /// An assertion with the `aud` of another server.
        Audience = "audience",
        /// An assertion without `aud`.
        NoAudience = "no-audience",
        /// An assertion that expired an hour ago.
        Expired = "expired",
        /// An assertion without `exp`.
        NoExpiry = "no-expiry",
        /// An assertion that is valid for an hour.
        FarExpiry = "far-expiry",
        /// An assertion with an `nbf` that is an hour in the future.
        NotYet = "not-yet",
        /// An assertion without `jti`.
        NoJti = "no-jti",
        /// An assertion that was used just before.
        Replay = "replay",
        /// An assertion with the `kid` of an unregistered key, signed with the client's own key.
        Kid = "kid",
        /// An assertion with a `jku` that is not registered.
        Jku = "jku",
        /// A `grant_type` that does not exist.
        GrantType = "grant-type",
        /// A `client_assertion_type` that does not exist.
        AssertionType = "assertion-type",
        /// A token request for a scope that does not exist.
        Scope = "scope",
        /// A token request without a scope.
        NoScope = "no-scope",
        /// A token request for the scope that the client may not have (`--forbidden-scope`).
        ForbiddenScope = "forbidden-scope",
        /// A token request with the field `client_id`. It is sent only if the request without it returned no token.
        ClientId = "client-id",
        /// An assertion signed with a key that has just replaced the client's key in its key set.
        NewKey = "new-key",
        /// An assertion signed with the client's key that has just been removed from its key set.
        OldKey = "old-key",
        /// The Group that the client may not export (`--forbidden-group`).
        ForbiddenGroup = "forbidden-group",
        /// A handshake that offers TLS 1.1 and older.
        Tls11 = "tls-1-1",
        /// A handshake that offers only TLS 1.0.
        Tls10 = "tls-1-0",
    }
}
