//! Selects the exchanges that a test judges.

use crate::check::exchange::{manifest_of, response};
use crate::check::index::Index;
use crate::check::reasons;
use crate::recording::model::{Exchange, FlowRecord, Phase, Role};
use crate::recording::settings::Authorization;
use crate::suite::flow::{Flow, Identity, Moment, Wrong};
use crate::suite::on::On;
use crate::suite::send::{ProbeJob, ProbeNeed, Send};

/// Returns the exchanges of `flow` that `on` names.
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
                Some(400..=501 | 505..) => taken.is_some_and(|taken| same_request(taken, e)),
                _ => false,
            };
            all.filter(|e| e.role == Role::Kickoff && e.superseded).filter(busy).collect()
        }
        On::PollTransient => {
            let continues = |e: &&Exchange| matches!(e.phase, Some(Phase::InProgress | Phase::Complete));
            let last =
                all.clone().filter(|e| e.role == Role::Poll).filter(continues).map(|e| e.id).max().unwrap_or_default();
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
            // The polls of a probe's job have the same probe id; checks find them by it.
            let kickoff = definition.probes.iter().any(|probe| probe.id == *id && starts_job(probe.send));
            all.filter(|e| e.role == Role::Probe && !e.superseded && e.probe.as_deref() == Some(id))
                .filter(|e| !kickoff || e.phase.is_none())
                .collect()
        }
    }
}

/// Returns whether the probe may start a job, which is then polled.
fn starts_job(send: Send) -> bool {
    send.row().job != ProbeJob::Nothing
}

/// Returns whether two exchanges have the same request; headers such as tokens may differ.
fn same_request(one: &Exchange, other: &Exchange) -> bool {
    let (one, other) = (&one.request, &other.request);
    (&one.method, &one.url, &one.body) == (&other.method, &other.url, &other.body)
}

/// Returns whether a poll was redirected to another document, as with 303. Such a redirect is judged as a response. 307
/// and 308 mean that the same request is served elsewhere, and are not judged.
fn is_detour(exchange: &Exchange) -> bool {
    exchange.superseded && response(exchange).is_some_and(|response| matches!(response.status, 300..=303))
}

/// Returns why a flow that completed has no exchange that `on` names, as a clause.
pub fn why_nothing(index: &Index<'_>, flow: &FlowRecord, definition: &Flow, on: &On) -> String {
    let name = &flow.name;
    match on {
        On::Kickoff | On::KickoffOptional => reasons::no_kickoff(name),
        On::KickoffBusy => "the server refused no kick-off because it was busy".to_owned(),
        On::PollTransient => "no poll failed while the job was running".to_owned(),
        On::Poll => format!("flow {name} sent no poll"),
        On::PollComplete => format!("flow {name} got no response of a completed job"),
        On::Manifest => format!("flow {name} received no manifest"),
        On::PollInProgress => match index.manifest(name) {
            Some((exchange, _)) if is_first_poll(index, name, exchange) => {
                format!("the job was complete at its first poll (exchange {})", exchange.id)
            }
            _ => format!("flow {name} had no poll of a running job"),
        },
        On::PollFailed => "the job did not fail".to_owned(),
        On::Page => format!("the manifest of flow {name} has no link to another manifest"),
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
                return "the run has no scope that the server must not grant. Give --forbidden-scope".to_owned();
            }
            match probe.map(|probe| (probe.at, probe.send.row().needs, probe.identity)) {
                Some((_, ProbeNeed::DirectConnection, _)) => {
                    format!("probe {id} was not sent: a proxy cannot offer old TLS versions. Run without --proxy")
                }
                Some((_, ProbeNeed::SmartClient, Identity::Narrow)) => {
                    format!("probe {id} was not sent: the scope of the run cannot be narrowed to Patient resources")
                }
                Some((_, ProbeNeed::DeclaredUpdate, _)) => {
                    format!("probe {id} was not sent: the CapabilityStatement declares no update of Groups")
                }
                Some((_, ProbeNeed::SmartClient, _)) => {
                    format!("probe {id} was not sent: {}", reasons::NO_SMART_CLIENT)
                }
                Some(_) if lacks_credentials(index, definition, on) => {
                    format!(
                        "probe {id} was not sent: the run has no credentials that it could omit. Give --token-file or \
                         --client-id"
                    )
                }
                Some((_, _, Identity::Tampered)) => {
                    format!("probe {id} was not sent: the run has no token that it could alter")
                }
                Some((_, _, Identity::Expired)) => {
                    format!(
                        "probe {id} was not sent: no token expires within a minute. Give --wait-for-expiry, and a \
                         --max-wait longer than the lifetime of the token"
                    )
                }
                Some(_) if probe.is_some_and(|probe| probe.outlived) => {
                    format!(
                        "probe {id} was not sent: it needs files without a token, on a server that refuses a kick-off \
                         without one. Give --wait-for-expiry, and a --max-wait that ends after Expires"
                    )
                }
                Some((Moment::InProgress, ..)) if was_running(index, name, definition) => match probe {
                    Some(probe) if probe.wrong == Some(Wrong::Job) => {
                        format!("probe {id} was not sent: the polling URL has no part that looks like the id of a job")
                    }
                    _ => format!("probe {id} was not sent"),
                },
                Some((Moment::InProgress, ..)) => format!("probe {id} was not sent: no poll showed a running job"),
                Some((Moment::Partial, ..)) => {
                    format!("probe {id} was not sent: no poll of the running job returned a manifest")
                }
                Some((_, ProbeNeed::File, _)) => {
                    format!("probe {id} was not sent: the manifest lists no file that it could fetch")
                }
                _ => format!("probe {id} was not sent"),
            }
        }
    }
}

/// Returns whether a poll of the flow showed its job running.
fn was_running(index: &Index<'_>, flow: &str, definition: &Flow) -> bool {
    !select(index, flow, definition, &On::PollInProgress).is_empty()
}

/// Returns whether the flow sent no other poll before this exchange.
fn is_first_poll(index: &Index<'_>, flow: &str, exchange: &Exchange) -> bool {
    !index.exchanges(flow).iter().any(|e| e.role == Role::Poll && e.id < exchange.id)
}

/// Returns whether `on` is a probe that needs credentials of the run, or a declaration of the target, that are missing.
pub fn lacks_credentials(index: &Index<'_>, definition: &Flow, on: &On) -> bool {
    let On::Probe(id) = on else { return false };
    let open = index.recording.start.settings.authorization == Authorization::None;
    definition.probes.iter().filter(|probe| probe.id == *id).any(|probe| match probe.identity {
        Identity::None => open,
        Identity::Tampered | Identity::Expired => true,
        // The run sends updates only to a target that declares them.
        _ => matches!(probe.send.row().needs, ProbeNeed::SmartClient | ProbeNeed::DeclaredUpdate),
    })
}

/// Returns whether some of these exchanges are the flow's DELETE, or probes after it.
pub fn concerns_delete(definition: &Flow, on: &[On]) -> bool {
    on.iter().any(|on| *on == On::Delete || follows_delete(definition, on))
}

/// Returns whether `on` is a probe after the flow's DELETE.
fn follows_delete(definition: &Flow, on: &On) -> bool {
    let On::Probe(id) = on else { return false };
    definition.probes.iter().any(|probe| probe.id == *id && probe.at == Moment::Deleted)
}

/// Returns the exchange that refused the flow's DELETE, if `on` names only probes after that DELETE.
pub fn refused_delete<'a>(index: &Index<'a>, flow: &str, definition: &Flow, on: &[On]) -> Option<&'a Exchange> {
    if on.is_empty() || !on.iter().all(|on| follows_delete(definition, on)) {
        return None;
    }
    let delete = select(index, flow, definition, &On::Delete).pop()?;
    let status = response(delete)?.status;
    (status >= 400).then_some(delete)
}
