//! What is sent, in words: flows and their probes.

use crate::base::vocabulary::ExportLevel;
use crate::suite::describe::{and, or};
use crate::suite::flow::{Flow, GRACE, Identity, Method, Moment, Probe, Send, Wrong};
use crate::suite::model::FileList;
use crate::suite::param::Param;

/// An extra request: `a kick-off without Accept, beside the flow's own`.
pub fn probe(probe: &Probe) -> String {
    let mut text = match (probe.send, probe.wrong) {
        (Send::Kickoff, Some(Wrong::Group)) => "a kick-off for a Group that does not exist",
        (Send::Kickoff, _) => "a kick-off by GET",
        (Send::KickoffPost, Some(Wrong::NotParameters)) => "a kick-off by POST of a resource other than Parameters",
        (Send::KickoffPost, Some(Wrong::BrokenJson)) => "a kick-off by POST of broken JSON",
        (Send::KickoffPost, Some(Wrong::NoResource)) => "a kick-off by POST of JSON that is no resource",
        (Send::KickoffPost, Some(Wrong::Group)) => "a kick-off by POST for a Group that does not exist",
        (Send::KickoffPost, _) => "a kick-off by POST",
        (Send::Poll, Some(Wrong::Job)) => "a poll of a job that does not exist",
        (Send::Poll, _) => "another poll",
        (Send::File, _) => match probe.list {
            Some(FileList::Error) => "another fetch of the first error file",
            Some(FileList::Deleted) => "another fetch of the first file of deletions",
            Some(FileList::Output) | None => "another fetch of the first output file",
        },
        (Send::Attachment, _) => "a fetch of an attachment that an output file names",
        (Send::FilePost, _) => "a POST without a body to the first output file",
        (Send::Files, _) => "a fetch of every file listed",
        (Send::Delete, Some(Wrong::Job)) => "a DELETE of a job that does not exist",
        (Send::Delete, _) => "another DELETE",
        (Send::Metadata, _) => "a read of the CapabilityStatement",
        (Send::SmartConfiguration, _) => "a read of the SMART configuration",
        (Send::Token, Some(wrong)) => token(wrong),
        (Send::Token, None) if probe.identity == Identity::Narrow => "a token request for Patient resources alone",
        (Send::Token, None) => "a token request",
        (Send::Read, _) => "a read of the Group",
        (Send::Search, _) => "a search for the Group by its id",
        (Send::SearchName, _) => "a search for the Group by its name",
        (Send::Create, _) => "a POST of a Group with a member filter",
        (Send::Update, _) => "a PUT of that Group",
        (Send::Erase, _) => "a DELETE of that Group",
        (Send::Count, _) => "a search that counts",
        (Send::Tls, Some(Wrong::Tls11)) => "a handshake of TLS 1.1 with every origin",
        (Send::Tls, Some(Wrong::Tls10)) => "a handshake of TLS 1.0 with every origin",
        (Send::Tls, _) => "a handshake of TLS 1.3 and 1.2 with every origin",
    }
    .to_owned();
    if !probe.params.is_empty() {
        text += &format!(" with {}", and(&params(probe.params.iter())));
    }
    if !probe.without.is_empty() {
        text += &format!(" without {}", or(&probe.without));
    }
    if !probe.headers.is_empty() {
        let lines = |(name, value): (&String, &String)| {
            value.split('\n').map(|line| format!("{name}: {line}")).collect::<Vec<_>>().join(" and, on another line, ")
        };
        text += &format!(" with {}", and(&probe.headers.iter().map(lines).collect::<Vec<_>>()));
    }
    if !probe.omit.is_empty() {
        text += &format!(" without {}", or(&probe.omit));
    }
    text += match probe.identity {
        Identity::Client => "",
        Identity::Narrow if probe.send == Send::Token => "",
        Identity::None => ", without credentials",
        Identity::SecondClient => ", as the second client",
        Identity::Garbage => ", with a token that was never given",
        Identity::Tampered => ", with a token that was changed",
        Identity::Expired => ", with a token that has expired",
        Identity::Narrow => ", with a token for Patient resources alone",
        Identity::Renewed => ", with a fresh token of the same client",
    };
    text += match probe.at {
        Moment::Start if stands_alone(probe) => "",
        Moment::Start => ", beside the flow's own kick-off",
        Moment::InProgress => ", while the job runs",
        Moment::Partial => ", when a manifest is seen while the job runs",
        Moment::Complete => ", after the manifest",
        Moment::Deleted => ", after the DELETE",
        Moment::End => ", when the conversation is over",
    };
    if probe.outlived {
        text += ", long after its Expires (in a run with --wait-for-expiry only)";
    }
    if !probe.after.is_empty() {
        let times: Vec<String> = probe.after.iter().map(|time| time.duration().as_secs().to_string()).collect();
        text += &format!(", at {} s", and(&times));
        let late = probe.after.iter().any(|time| time.duration() > GRACE);
        if late && probe.at == Moment::Deleted {
            text += " (beyond 10 s in a run with --wait-for-expiry only)";
        }
    }
    text
}

/// Whether a probe has nothing to do with an export.
fn stands_alone(probe: &Probe) -> bool {
    matches!(
        probe.send,
        Send::Token | Send::SmartConfiguration | Send::Metadata | Send::Tls | Send::Create | Send::Update
    )
}

/// A token request with one thing wrong.
fn token(wrong: Wrong) -> &'static str {
    match wrong {
        Wrong::Client => "a token request of a client that nobody registered",
        Wrong::OtherKey => "a token request signed with a key that is not the client's",
        Wrong::Tampered => "a token request whose claims were changed after signing",
        Wrong::AlgNone => "a token request that is not signed (alg none)",
        Wrong::AlgHs256 => "a token request signed by HS256 with the public key",
        Wrong::Issuer => "a token request whose iss is not the client",
        Wrong::Subject => "a token request whose sub is not the client",
        Wrong::Audience => "a token request made for another server",
        Wrong::NoAudience => "a token request without aud",
        Wrong::Expired => "a token request that ended an hour ago",
        Wrong::NoExpiry => "a token request without exp",
        Wrong::FarExpiry => "a token request that lasts for an hour",
        Wrong::NotYet => "a token request that begins in an hour",
        Wrong::NoJti => "a token request without jti",
        Wrong::Replay => "a token request sent for the second time",
        Wrong::Kid => "a token request that names a key which nobody registered",
        Wrong::Jku => "a token request with a jku that nobody registered",
        Wrong::GrantType => "a token request of an unknown grant_type",
        Wrong::AssertionType => "a token request of an unknown client_assertion_type",
        Wrong::Scope => "a token request for a scope that does not exist",
        Wrong::NoScope => "a token request without a scope",
        Wrong::ForbiddenScope => "a token request for a scope that is kept from the client",
        Wrong::ClientId => "a token request with a field client_id, where the one without brought no token",
        Wrong::NewKey => "a token request signed with a key that has just come into the client's key set",
        Wrong::OldKey => "a token request signed with a key that has just gone from the client's key set",
        Wrong::Group
        | Wrong::Job
        | Wrong::NotParameters
        | Wrong::NoResource
        | Wrong::BrokenJson
        | Wrong::ForbiddenGroup
        | Wrong::Tls11
        | Wrong::Tls10 => "a token request",
    }
}

/// A flow in words: its title, and how it is kicked off where that is not plain.
pub fn flow(flow: &Flow) -> String {
    if flow.probes_only {
        return format!("{} (no export)", flow.title);
    }
    if flow.aggregates {
        return format!("{}: {}", flow.title, flow.from.0.join(", "));
    }
    let level = match flow.export {
        ExportLevel::System => "system level",
        ExportLevel::Patient => "patient level",
        ExportLevel::Group => "group level",
        ExportLevel::Any => "the first level offered",
    };
    let method = if flow.method == Method::Post { ", by POST" } else { "" };
    let with = match flow.params.is_empty() {
        true => String::new(),
        false => format!(", with {}", and(&params(flow.params.iter()))),
    };
    let mut calls: Vec<&str> = Vec::new();
    for call in &flow.hooks {
        if !calls.contains(&call.run.as_str()) {
            calls.push(call.run.as_str());
        }
    }
    let hooks = match calls.is_empty() {
        true => String::new(),
        false => format!("; hooks: {}", and(&calls)),
    };
    format!("{} ({level}{method}{with}{hooks})", flow.title)
}

fn params<'a>(params: impl Iterator<Item = (&'a String, &'a Param)>) -> Vec<String> {
    params.flat_map(|(name, param)| param.0.iter().map(move |value| format!("{name}={value}"))).collect()
}
