//! Flows, their probes, and the exchanges that tests look at, in words.

use crate::base::vocabulary::ExportLevel;
use crate::suite::describe::{and, or};
use crate::suite::flow::{Flow, GRACE, Identity, Method, Moment, Probe, Wrong};
use crate::suite::model::FileList;
use crate::suite::on::On;
use crate::suite::param::Param;
use crate::suite::send::{ProbeSubject, Send};

/// Describes a probe: `a kick-off without Accept, sent with the flow's own kick-off`.
pub fn probe(probe: &Probe) -> String {
    let mut text = match (probe.send, probe.wrong) {
        (Send::Kickoff, Some(Wrong::Group)) => "a kick-off for a Group that does not exist",
        (Send::KickoffPost, Some(Wrong::NotParameters)) => "a kick-off by POST of a resource other than Parameters",
        (Send::KickoffPost, Some(Wrong::BrokenJson)) => "a kick-off by POST with a body that is not JSON",
        (Send::KickoffPost, Some(Wrong::NoResource)) => "a kick-off by POST of JSON without a resourceType",
        (Send::KickoffPost, Some(Wrong::Group)) => "a kick-off by POST for a Group that does not exist",
        (Send::Poll, Some(Wrong::Job)) => "a poll of a job that does not exist",
        (Send::File, _) if probe.list == Some(FileList::Error) => "another fetch of the first error file",
        (Send::File, _) if probe.list == Some(FileList::Deleted) => "another fetch of the first deleted file",
        (Send::Delete, Some(Wrong::Job)) => "a DELETE of a job that does not exist",
        (Send::Token, Some(wrong)) => token(wrong),
        (Send::Token, None) if probe.identity == Identity::Narrow => "a token request for Patient resources only",
        (Send::Tls, Some(Wrong::Tls11)) => "a handshake that offers TLS 1.1 and older to every origin",
        (Send::Tls, Some(Wrong::Tls10)) => "a handshake that offers only TLS 1.0 to every origin",
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
            value.split('\n').map(|line| format!("{name}: {line}")).collect::<Vec<_>>().join(" and, in another line, ")
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
        Identity::Garbage => ", with a token that the server did not issue",
        Identity::Tampered => ", with a changed token",
        Identity::Expired => ", with an expired token",
        Identity::Narrow => ", with a token for Patient resources only",
        Identity::Renewed => ", with a new token of the same client",
    };
    text += match probe.at {
        Moment::Start if probe.send.row().subject == ProbeSubject::Apart => "",
        Moment::Start => ", sent with the flow's own kick-off",
        Moment::InProgress => ", while the job runs",
        Moment::Partial => ", when a poll returns a manifest while the job runs",
        Moment::Complete => ", after the manifest",
        Moment::Deleted => ", after the DELETE",
        Moment::End => ", at the end of the flow",
    };
    if probe.outlived {
        text += ", after the manifest expired (only with --wait-for-expiry)";
    }
    if !probe.after.is_empty() {
        let times: Vec<String> = probe.after.iter().map(|time| time.duration().as_secs().to_string()).collect();
        text += &format!(", at {} s", and(&times));
        let late = probe.after.iter().any(|time| time.duration() > GRACE);
        if late && probe.at == Moment::Deleted {
            text += " (later than 10 s only with --wait-for-expiry)";
        }
    }
    text
}

/// A token request with one thing wrong.
fn token(wrong: Wrong) -> &'static str {
    match wrong {
        Wrong::Client => "a token request of an unregistered client",
        Wrong::OtherKey => "a token request signed with a key that is not the client's",
        Wrong::Tampered => "a token request with claims changed after signing",
        Wrong::AlgNone => "a token request without a signature (alg none)",
        Wrong::AlgHs256 => "a token request signed with HS256 and the public key",
        Wrong::Issuer => "a token request with the iss of another client",
        Wrong::Subject => "a token request with the sub of another client",
        Wrong::Audience => "a token request for another server",
        Wrong::NoAudience => "a token request without aud",
        Wrong::Expired => "a token request that expired an hour ago",
        Wrong::NoExpiry => "a token request without exp",
        Wrong::FarExpiry => "a token request that is valid for an hour",
        Wrong::NotYet => "a token request that is valid only in an hour",
        Wrong::NoJti => "a token request without jti",
        Wrong::Replay => "a token request sent a second time",
        Wrong::Kid => "a token request that names an unregistered key",
        Wrong::Jku => "a token request with an unregistered jku",
        Wrong::GrantType => "a token request with an unknown grant_type",
        Wrong::AssertionType => "a token request with an unknown client_assertion_type",
        Wrong::Scope => "a token request for a scope that does not exist",
        Wrong::NoScope => "a token request without a scope",
        Wrong::ForbiddenScope => "a token request for a scope that the client may not have",
        Wrong::ClientId => "a token request with client_id, if the request without it returned no token",
        Wrong::NewKey => "a token request signed with a key that was just added to the client's key set",
        Wrong::OldKey => "a token request signed with a key that was just removed from the client's key set",
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

/// Describes the exchanges that a test looks at: `every poll of the running job`. With the flow, probes are described
/// in full.
pub fn on(on: &On, flow: Option<&Flow>) -> String {
    let On::Probe(id) = on else { return on.row().map(|row| row.sentence.to_owned()).unwrap_or_default() };
    match flow.and_then(|flow| flow.probes.iter().find(|probe| probe.id == *id)) {
        Some(probe) => format!("the response to {} (probe {id})", self::probe(probe)),
        None => format!("the response to probe {id}"),
    }
}

/// Describes a flow: its title, and how it is kicked off.
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
        ExportLevel::Any => "the first level that the server offers",
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
