//! What is sent, in words: flows, their probes, and the exchanges that tests look at.

use crate::base::vocabulary::ExportLevel;
use crate::suite::describe::{and, or};
use crate::suite::flow::{Flow, GRACE, Identity, Method, Moment, Probe, Wrong};
use crate::suite::model::FileList;
use crate::suite::on::On;
use crate::suite::param::Param;
use crate::suite::send::{ProbeSubject, Send};

/// An extra request: `a kick-off without Accept, beside the flow's own`.
pub fn probe(probe: &Probe) -> String {
    let mut text = match (probe.send, probe.wrong) {
        (Send::Kickoff, Some(Wrong::Group)) => "a kick-off for a Group that does not exist",
        (Send::KickoffPost, Some(Wrong::NotParameters)) => "a kick-off by POST of a resource other than Parameters",
        (Send::KickoffPost, Some(Wrong::BrokenJson)) => "a kick-off by POST of broken JSON",
        (Send::KickoffPost, Some(Wrong::NoResource)) => "a kick-off by POST of JSON that is no resource",
        (Send::KickoffPost, Some(Wrong::Group)) => "a kick-off by POST for a Group that does not exist",
        (Send::Poll, Some(Wrong::Job)) => "a poll of a job that does not exist",
        (Send::File, _) if probe.list == Some(FileList::Error) => "another fetch of the first error file",
        (Send::File, _) if probe.list == Some(FileList::Deleted) => "another fetch of the first file of deletions",
        (Send::Delete, Some(Wrong::Job)) => "a DELETE of a job that does not exist",
        (Send::Token, Some(wrong)) => token(wrong),
        (Send::Token, None) if probe.identity == Identity::Narrow => "a token request for Patient resources alone",
        (Send::Tls, Some(Wrong::Tls11)) => "a handshake of TLS 1.1 with every origin",
        (Send::Tls, Some(Wrong::Tls10)) => "a handshake of TLS 1.0 with every origin",
        (send, _) => send.row().sentence,
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
        Moment::Start if probe.send.row().subject == ProbeSubject::Apart => "",
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

/// The exchanges that a test looks at: `every poll that says the job still runs`. With the flow, probes are described in full.
pub fn on(on: &On, flow: Option<&Flow>) -> String {
    let On::Probe(id) = on else { return on.row().map(|row| row.sentence.to_owned()).unwrap_or_default() };
    match flow.and_then(|flow| flow.probes.iter().find(|probe| probe.id == *id)) {
        Some(probe) => format!("the answer to {} (probe {id})", self::probe(probe)),
        None => format!("the answer to the probe {id}"),
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
