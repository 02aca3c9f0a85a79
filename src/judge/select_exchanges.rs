//! Which exchanges a test looks at.

use crate::check::exchange::{manifest_of, response};
use crate::check::index::Index;
use crate::recording::model::{Exchange, FlowRecord, Phase, Role};
use crate::recording::settings::Authorization;
use crate::suite::flow::{Flow, Identity, Moment, Wrong};
use crate::suite::on::On;
use crate::suite::send::{ProbeJob, ProbeNeed, Send};

/// The exchanges of `flow` that `on` names.
pub fn select<'a>(index: &Index<'a>, flow: &str, definition: &Flow, on: &On) -> Vec<&'a Exchange> {
    let all = index.exchanges(flow).iter().copied();
    let complete = |e: &&Exchange| e.role == Role::Poll && e.phase == Some(Phase::Complete) && !e.superseded;
    match on {
        On::Kickoff | On::KickoffOptional => index.kickoff(flow).into_iter().collect(),
        On::KickoffBusy => {
            let status = |e: &Exchange| response(e).map(|answer| answer.status);
            // The server accepted the same kick-off once no other export ran, so the refusal was not about the request.
            let taken = index.kickoff(flow).filter(|e| status(e).is_some_and(|status| (200..300).contains(&status)));
            let busy = |e: &&Exchange| match status(e) {
                Some(429) => true,
                Some(400..=501 | 505..) => taken.is_some_and(|taken| asks_alike(taken, e)),
                _ => false,
            };
            all.filter(|e| e.role == Role::Kickoff && e.superseded).filter(busy).collect()
        }
        On::PollTransient => {
            let goes_on = |e: &&Exchange| matches!(e.phase, Some(Phase::InProgress | Phase::Complete));
            let last =
                all.clone().filter(|e| e.role == Role::Poll).filter(goes_on).map(|e| e.id).max().unwrap_or_default();
            let polls = all.filter(|e| e.role == Role::Poll && e.phase == Some(Phase::Transient));
            polls.filter(|e| e.id < last).collect()
        }
        On::Poll => all.filter(|e| e.role == Role::Poll && (!e.superseded || is_detour(e))).collect(),
        On::PollInProgress => all
            .filter(|e| e.role == Role::Poll)
            .filter(|e| (!e.superseded && e.phase == Some(Phase::InProgress)) || is_detour(e))
            .collect(),
        On::PollFailed => all.filter(|e| e.role == Role::Poll && e.phase == Some(Phase::Failed)).collect(),
        On::PollComplete => all.filter(complete).collect(),
        On::Manifest => all.filter(complete).filter(|e| manifest_of(e).is_some()).take(1).collect(),
        On::Page => all.filter(|e| e.role == Role::Page && !e.superseded).collect(),
        On::File => all.filter(|e| e.role == Role::File && !e.superseded).collect(),
        On::FileOf(list) => all
            .filter(|e| e.role == Role::File && !e.superseded && e.file.is_some_and(|file| file.list == *list))
            .collect(),
        On::Delete => all.filter(|e| e.role == Role::Delete && !e.superseded).collect(),
        On::Probe(id) => {
            // The polls of a probe's job follow its kick-off; checks find them there.
            let kickoff = definition.probes.iter().any(|probe| probe.id == *id && starts_job(probe.send));
            all.filter(|e| e.role == Role::Probe && !e.superseded && e.probe.as_deref() == Some(id))
                .filter(|e| !kickoff || e.phase.is_none())
                .collect()
        }
    }
}

/// Whether the probe may start a job, which is then polled.
fn starts_job(send: Send) -> bool {
    send.row().job != ProbeJob::Nothing
}

/// Whether two exchanges made the same request; headers such as tokens may differ.
fn asks_alike(one: &Exchange, other: &Exchange) -> bool {
    let (one, other) = (&one.request, &other.request);
    (&one.method, &one.url, &one.body) == (&other.method, &other.url, &other.body)
}

/// A redirect of a poll to another document, as with 303, is a response of its own. 307 and 308 mean that the same
/// request is served elsewhere, and are ignored.
fn is_detour(exchange: &Exchange) -> bool {
    exchange.superseded && response(exchange).is_some_and(|response| matches!(response.status, 300..=303))
}

/// Why a flow that completed has no exchange to judge, a fragment.
pub fn why_nothing(index: &Index<'_>, flow: &FlowRecord, definition: &Flow, on: &On) -> String {
    let name = &flow.name;
    match on {
        On::Kickoff | On::KickoffOptional => format!("flow {name} made no kick-off"),
        On::KickoffBusy => "no kick-off was told to come again".to_owned(),
        On::PollTransient => "no poll failed while the job went on".to_owned(),
        On::Poll | On::PollComplete | On::Manifest => format!("flow {name} saw no such answer"),
        On::PollInProgress => match index.manifest(name) {
            Some((exchange, _)) => format!("the job was done at its first poll (exchange {})", exchange.id),
            None => format!("flow {name} saw no poll of a running job"),
        },
        On::PollFailed => "the job did not fail".to_owned(),
        On::Page => format!("the manifest of flow {name} links to no other"),
        On::File => match index.manifest(name) {
            Some((exchange, _)) => format!("the manifest lists no file (exchange {})", exchange.id),
            None => format!("flow {name} fetched no file"),
        },
        On::FileOf(list) => match index.manifest(name) {
            Some((exchange, _)) => format!("the manifest lists no file under {list} (exchange {})", exchange.id),
            None => format!("flow {name} fetched no file"),
        },
        On::Delete => format!("flow {name} sent no DELETE"),
        On::Probe(id) => {
            let probe = definition.probes.iter().find(|probe| probe.id == *id);
            if probe.is_some_and(|probe| probe.wrong == Some(Wrong::ForbiddenScope)) {
                return "no scope is named that the server keeps from the client, which --forbidden-scope does"
                    .to_owned();
            }
            match probe.map(|probe| (probe.at, probe.send.row().needs, probe.identity)) {
                Some((_, ProbeNeed::DirectConnection, _)) => {
                    format!("probe {id} was not sent: old versions of TLS cannot be offered through a proxy (--proxy)")
                }
                Some((_, ProbeNeed::SmartClient, Identity::Narrow)) => {
                    format!("probe {id} was not sent: the run's own scope cannot be narrowed to Patient resources")
                }
                Some((_, ProbeNeed::DeclaredUpdate, _)) => {
                    format!("probe {id} was not sent: the CapabilityStatement declares no update of Groups")
                }
                Some((_, ProbeNeed::SmartClient, _)) => {
                    format!("probe {id} was not sent: this run has no token of SMART Backend Services")
                }
                Some(_) if lacks_credentials(index, definition, on) => {
                    format!("probe {id} was not sent: this run has no credentials that it could leave out")
                }
                Some((_, _, Identity::Tampered)) => {
                    format!("probe {id} was not sent: this run has no token that could be changed")
                }
                Some((_, _, Identity::Expired)) => {
                    format!(
                        "probe {id} was not sent: no token ends within a minute, or with --wait-for-expiry within --max-wait"
                    )
                }
                Some(_) if probe.is_some_and(|probe| probe.outlived) => {
                    format!(
                        "probe {id} was not sent: it takes files that need no token behind a door that is closed, and \
                         --wait-for-expiry with a --max-wait beyond their Expires"
                    )
                }
                Some((Moment::InProgress, ..)) => format!("probe {id} was not sent: the job never showed as running"),
                Some((Moment::Partial, ..)) => {
                    format!("probe {id} was not sent: no manifest was seen while the job ran")
                }
                Some((_, ProbeNeed::File, _)) => {
                    format!("probe {id} was not sent: there is no output file to fetch")
                }
                _ => format!("probe {id} was not sent"),
            }
        }
    }
}

/// Whether `on` is a probe that needs credentials or a declaration that this run or target does not have.
pub fn lacks_credentials(index: &Index<'_>, definition: &Flow, on: &On) -> bool {
    let On::Probe(id) = on else { return false };
    let open = index.recording.start.settings.authorization == Authorization::None;
    definition.probes.iter().filter(|probe| probe.id == *id).any(|probe| match probe.identity {
        Identity::None => open,
        Identity::Tampered | Identity::Expired => true,
        // Updates are only sent to a target that declares them.
        _ => matches!(probe.send.row().needs, ProbeNeed::SmartClient | ProbeNeed::DeclaredUpdate),
    })
}

/// The exchange that refused the flow's DELETE, if `on` is a probe after that DELETE.
pub fn refused_delete<'a>(index: &Index<'a>, flow: &str, definition: &Flow, on: &[On]) -> Option<&'a Exchange> {
    let follows = on.iter().all(|on| match on {
        On::Probe(id) => definition.probes.iter().any(|probe| probe.id == *id && probe.at == Moment::Deleted),
        _ => false,
    });
    if !follows || on.is_empty() {
        return None;
    }
    let delete = select(index, flow, definition, &On::Delete).pop()?;
    let status = response(delete)?.status;
    (status >= 400).then_some(delete)
}
