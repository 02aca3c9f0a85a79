//! What is sent: flows and their probes, as suite files have them.

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::Deserialize;

use crate::base::vocabulary::{ExportLevel, words};
use crate::suite::model::FileList;
use crate::suite::on::On;
use crate::suite::param::Param;
use crate::suite::send::Send;
use crate::suite::values::{Names, Wait};

/// How long a deleted job that is asked for at several times may still be known. What comes later is asked in a run with
/// `--wait-for-expiry` only.
pub const GRACE: std::time::Duration = std::time::Duration::from_secs(10);

/// One conversation with the target, without its name.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Flow {
    /// What is asked for; reports show it.
    pub title: String,
    /// The level of the export.
    pub export: ExportLevel,
    /// How it is kicked off.
    #[serde(default)]
    pub method: Method,
    /// Kick-off parameters, in the query of a GET or the Parameters body of a POST. A list sends the parameter once for
    /// each of its values; `{NAME}` in a value stands for one that is picked.
    #[serde(default)]
    pub params: BTreeMap<String, Param>,
    /// The flows that picks are chosen from and that this one's result is compared with: the first of them that went
    /// through. They run before it.
    #[serde(default)]
    pub from: Names,
    /// Kick-off headers beside or in place of the usual `Accept` and `Prefer`; several lines of one header are
    /// separated by a line feed.
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
    /// When the job is deleted as part of the conversation; left out: afterwards, as clean-up.
    pub delete: Option<DeleteAt>,
    /// Which files are fetched where a test looks at files.
    #[serde(default)]
    pub download: Download,
    /// How files are fetched.
    #[serde(default)]
    pub fetch: Fetch,
    /// Why the target may refuse this kick-off; its tests are then not applicable.
    pub optional: Option<String>,
    /// What a run must have been given for this flow to begin; its tests are else not applicable.
    pub credentials: Option<Needs>,
    /// As whom the whole conversation is made.
    #[serde(default, rename = "as")]
    pub identity: Identity,
    /// It makes no conversation of its own: its tests look at what the flows under `from` showed, those left out that the
    /// test names itself, and tell what is broken there. What these did not show is nobody's fault here.
    #[serde(default)]
    pub aggregates: bool,
    /// There is no export, only the probes of the start.
    #[serde(default)]
    pub probes_only: bool,
    /// Kick-off parameters that the target may not take: where it refuses the kick-off, it is asked without them.
    #[serde(default)]
    pub droppable_params: Vec<String>,
    /// An earlier flow that asks for much the same: where its kick-off was not accepted this one's is not sent, and what
    /// it had to forgo is left out here, too.
    pub same_request_as: Option<String>,
    /// Specs that do not know what it asks for, so that its tests are not judged there.
    #[serde(default)]
    pub except: Vec<String>,
    /// Specs in which the target may refuse this kick-off, though others demand it; its tests are then not applicable.
    #[serde(default)]
    pub optional_in: Vec<String>,
    /// Runs after the other flows, with parameters of its own: servers merge equal jobs, and this one is deleted.
    #[serde(default)]
    pub last: bool,
    /// Commands of the user that change the target's data meanwhile. A flow that has any, or shows what they did, runs
    /// when all others are over, and only where one of them may be run.
    #[serde(default)]
    pub hooks: Vec<HookCall>,
    /// Hooks of earlier flows whose effect it shows.
    #[serde(default)]
    pub shows: Vec<HookName>,
    /// Its job is kept until the flows that name it under `same-request-as` were kicked off.
    #[serde(default)]
    pub keep: bool,
    /// Extra requests beside the conversation; they never move it.
    #[serde(default)]
    pub probes: Vec<Probe>,
}

impl Flow {
    /// The hooks without any of which it shows nothing; none: it has to do with none.
    pub fn of_hooks(&self) -> Vec<HookName> {
        let own = self.hooks.iter().map(|call| call.run).chain(self.shows.iter().copied());
        HookName::ALL.iter().copied().filter(|name| own.clone().any(|one| one == *name)).collect()
    }

    /// Whether the conversation ever has the exchange that `on` names.
    pub fn shows(&self, on: &On) -> bool {
        match on {
            On::Probe(id) => self.probes.iter().any(|probe| probe.id == *id),
            On::Delete => self.delete.is_some(),
            _ => true,
        }
    }

    /// Whether it makes handshakes alone.
    pub fn is_of_tls(&self) -> bool {
        self.probes_only && self.probes.iter().all(|probe| probe.send == Send::Tls)
    }

    /// The probes without which those that are `looked` at show nothing: of a flow about a Group that it makes, the one
    /// that makes it, and, where its end is looked at, the one that deletes it.
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
    /// A command of the user that does to the target what no client of an export can.
    HookName {
        /// Changes resources.
        Change = "change",
        /// Deletes resources.
        Delete = "delete",
        /// Makes resources fail to be exported.
        Fail = "fail",
    }
}

words! {
    /// When a hook is run.
    HookMoment {
        /// Before the kick-off.
        Start = "start",
        /// When the job is first seen to run.
        InProgress = "in-progress",
        /// When the files were fetched.
        Complete = "complete",
    }
}

/// A hook that a flow runs, where the run has it.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HookCall {
    /// The hook.
    pub run: HookName,
    /// When.
    pub at: HookMoment,
}

words! {
    /// Credentials that a flow cannot do without.
    Needs {
        /// A token, or a client that can get one.
        Any = "any",
        /// A client of SMART Backend Services.
        Smart = "smart",
        /// Two clients of SMART Backend Services, or two tokens.
        SecondClient = "second-client",
        /// A client of SMART Backend Services whose public keys the run serves. The flow runs when all others are over.
        KeySet = "key-set",
        /// A Group that the run's client may not export.
        ForbiddenGroup = "forbidden-group",
        /// Leave to write Groups, on a target with the Bulk Cohort API. The flow is about a Group that it makes, and deletes.
        Cohort = "cohort",
        /// A Group without members. The flow is about that one.
        EmptyGroup = "empty-group",
    }
}

words! {
    /// How an export is kicked off.
    #[derive(Default)]
    Method {
        /// Parameters in the query.
        #[default]
        Get = "get",
        /// Parameters in a Parameters resource.
        Post = "post",
    }
}

words! {
    /// When a flow's job is deleted.
    DeleteAt {
        /// After the first answer that shows the job running, else right after the kick-off.
        InProgress = "in-progress",
        /// After the manifest, and the files where some are fetched.
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
        /// The first output file only.
        First = "first",
        /// Files listed under `error` only.
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
        /// By GET and, where the target does not take that, by POST without a body. A file on another origin is not
        /// asked for by POST.
        Either = "either",
    }
}

/// An extra request.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Probe {
    /// Its name within the flow; tests look at it with `on = "probe.ID"`.
    pub id: String,
    /// When it is sent.
    pub at: Moment,
    /// What is sent.
    pub send: Send,
    /// As whom.
    #[serde(default, rename = "as")]
    pub identity: Identity,
    /// Headers beside or in place of the usual ones.
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
    /// Usual headers that are left out.
    #[serde(default)]
    pub omit: Vec<String>,
    /// Kick-off parameters, beside those of the flow.
    #[serde(default)]
    pub params: BTreeMap<String, Param>,
    /// Kick-off parameters of the flow that are left out.
    #[serde(default)]
    pub without: Vec<String>,
    /// What is deliberately wrong with it.
    pub wrong: Option<Wrong>,
    /// The list of the manifest that the file of a `file` probe comes from; left out: `output`.
    pub list: Option<FileList>,
    /// Sent when the manifest's `Expires` has passed by five minutes, an hour after the manifest where there is none: in a
    /// run with `--wait-for-expiry`, where that is within `--max-wait`, and only where the manifest says that files need no token
    /// and a kick-off without one was refused.
    #[serde(default)]
    pub outlived: bool,
    /// Sent once at each of these times after its moment; left out: once, at once. A poll of a deleted job is sent until
    /// the job is unknown, for 10 seconds, and then at those of the times that are left; those beyond the 10 seconds only
    /// in a run with `--wait-for-expiry`.
    #[serde(default)]
    pub after: Vec<Wait>,
}

impl Probe {
    /// Whether it makes the Group that its flow is about.
    pub fn makes_group(&self) -> bool {
        self.send == Send::Create && self.omit.is_empty()
    }
}

words! {
    /// When a probe is sent.
    Moment {
        /// Beside the kick-off, whatever becomes of it.
        Start = "start",
        /// While the job runs.
        InProgress = "in-progress",
        /// While the job runs, when a manifest of the files that are ready was first seen.
        Partial = "partial",
        /// After the manifest was seen.
        Complete = "complete",
        /// After the flow's DELETE.
        Deleted = "deleted",
        /// When the conversation is over, whatever became of it.
        End = "end",
    }
}

words! {
    /// As whom a probe is sent.
    #[derive(Default)]
    Identity {
        /// As the run's own client.
        #[default]
        Client = "client",
        /// Without credentials; where the run has none to leave out, such a request would show nothing and is not sent.
        None = "none",
        /// As the second client of the configuration.
        SecondClient = "second-client",
        /// With a token that the target never gave.
        Garbage = "garbage",
        /// With the run's own token, one character of it changed.
        Tampered = "tampered",
        /// With a token of the run's own client whose time is over. It is waited for.
        Expired = "expired",
        /// With a token of the run's own client that was asked for, and given, for Patient resources alone.
        Narrow = "narrow",
        /// As the run's own client, with a token fetched anew.
        Renewed = "renewed",
    }
}

words! {
    /// What a probe deliberately gets wrong.
    Wrong {
        /// A Group id that does not exist.
        Group = "group",
        /// A job id that does not exist, of the shape of the real one.
        Job = "job",
        /// A POST body that is a resource other than Parameters.
        NotParameters = "not-parameters",
        /// A POST body that is not JSON.
        BrokenJson = "broken-json",
        /// A POST body that is a JSON object without a resourceType.
        NoResource = "no-resource",
        /// A client id that nobody registered, in an assertion signed with the run's own key.
        Client = "client",
        /// An assertion signed with another key than the client's.
        OtherKey = "other-key",
        /// An assertion whose claims were changed after it was signed.
        Tampered = "tampered",
        /// An assertion without a signature, of the algorithm `none`.
        AlgNone = "alg-none",
        /// An assertion signed by HS256 with the client's public key for a secret.
        AlgHs256 = "alg-hs256",
        /// An assertion whose `iss` is another client than its `sub`.
        Issuer = "issuer",
        /// An assertion whose `sub` is another client than its `iss`.
        Subject = "subject",
        /// An assertion for another server.
        Audience = "audience",
        /// An assertion without `aud`.
        NoAudience = "no-audience",
        /// An assertion that ended an hour ago.
        Expired = "expired",
        /// An assertion without `exp`.
        NoExpiry = "no-expiry",
        /// An assertion that lasts for an hour.
        FarExpiry = "far-expiry",
        /// An assertion that begins in an hour.
        NotYet = "not-yet",
        /// An assertion without `jti`.
        NoJti = "no-jti",
        /// An assertion that was used a moment before.
        Replay = "replay",
        /// An assertion that names a key which nobody registered, signed with the client's own.
        Kid = "kid",
        /// An assertion that says its keys are at an address which nobody registered.
        Jku = "jku",
        /// A `grant_type` that does not exist.
        GrantType = "grant-type",
        /// A `client_assertion_type` that does not exist.
        AssertionType = "assertion-type",
        /// A scope that does not exist.
        Scope = "scope",
        /// No scope.
        NoScope = "no-scope",
        /// A token request for the scope that the target keeps from the client, as the settings name it.
        ForbiddenScope = "forbidden-scope",
        /// A token request with the client's id in a field of its own, sent where the one without brought no token.
        ClientId = "client-id",
        /// An assertion signed with a key that has just taken the place of the client's in its key set.
        NewKey = "new-key",
        /// An assertion signed with the client's own key, which has just been taken out of its key set.
        OldKey = "old-key",
        /// The Group that the client may not export, as the settings name it.
        ForbiddenGroup = "forbidden-group",
        /// A handshake that offers TLS 1.1 at most.
        Tls11 = "tls-1-1",
        /// A handshake that offers TLS 1.0.
        Tls10 = "tls-1-0",
    }
}
