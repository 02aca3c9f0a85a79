//! Sends the probes of a flow at their moments. The result of a probe never changes the flow; the recording keeps it.

use std::time::Duration;

use serde_json::Value;

use crate::drive::budget::Budget;
use crate::drive::context::FlowContext;
use crate::drive::files::{fetch, wanted};
use crate::drive::flow::job::Job;
use crate::drive::flow::probe_request::ProbeInputs;
use crate::drive::flow::{cohort, probe_attachment, probe_kickoff, probe_request, probe_timing, retry, send};
use crate::measure::manifest_files;
use crate::recording::model::Stop;
use crate::settings::run_settings::Credentials;
use crate::suite::flow::{Download, GRACE, Identity, Moment, Probe, Wrong};
use crate::suite::model::FileList;
use crate::suite::send::{ProbeNeed, Send};
use crate::suite::values::Wait;

/// The most files of a partial manifest that are requested while the job runs.
const MAX_EARLY_FILES: usize = 20;

/// Sends the probes of a moment, one after the other. At the start, probes that need the job are sent only if `inputs`
/// has one, and all others only if it has none. The error is that the run is being ended.
pub(crate) async fn send_probes(
    context: &FlowContext<'_>,
    moment: Moment,
    inputs: ProbeInputs<'_>,
) -> Result<(), Stop> {
    // The Group that the flow exports was created before all probes.
    for probe in context.planned.flow.probes.iter().filter(|probe| probe.at == moment && !probe.makes_group()) {
        let needs_job = probe.wrong == Some(Wrong::Job) || probe.send.row().needs == ProbeNeed::Job;
        if moment == Moment::Start && needs_job != inputs.job.is_some() {
            continue;
        }
        context.check_halt()?;
        send_probe(context, probe, inputs).await;
        context.check_halt()?;
    }
    Ok(())
}

/// Sends one probe at each of its times. An error ends the probe, not the flow.
async fn send_probe(context: &FlowContext<'_>, probe: &Probe, inputs: ProbeInputs<'_>) {
    let kicks_off = probe.send.kicks_off();
    let open = matches!(context.run.settings.credentials, Credentials::None);
    if context.run.settings.second.is_none() && probe.identity == Identity::SecondClient
        || open && probe.identity == Identity::Tampered
        || open && kicks_off && probe.identity == Identity::None
    {
        // The settings have no such client, or the probe would repeat the request of the flow.
        return;
    }
    let with_id = probe.wrong == Some(Wrong::ClientId);
    if probe.send == Send::Token && probe.wrong.is_some() && with_id != context.run.no_way.is_some() {
        // If the server refuses valid token requests, refused invalid ones prove nothing. The client id is tested only
        // then.
        return;
    }
    if matches!(probe.wrong, Some(Wrong::NewKey | Wrong::OldKey)) {
        let Ok(time) = context.run.session.tokens().rotate_key().await else { return };
        if let Some(time) = time
            && context.wait(time, "until cached keys of the client expire").await.is_err()
        {
            return;
        }
    }
    if open && probe.identity == Identity::None {
        // The probe would repeat the request of the flow.
        return;
    }
    if probe.identity == Identity::Renewed {
        context.run.session.tokens().discard().await;
    }
    if probe.identity == Identity::Expired {
        return probe_timing::probe_expired(context, probe, inputs).await;
    }
    let once_deleted = probe.at == Moment::Deleted && probe.after.is_empty();
    if once_deleted && probe.send.row().needs == ProbeNeed::Job {
        return probe_timing::probe_until_gone(context, probe, inputs, retry::SETTLE_TIME).await;
    }
    if probe.outlived && !probe_timing::wait_until_files_expire(context, inputs).await {
        return;
    }
    if probe.at == Moment::End && probe.send == Send::Read {
        return probe_timing::probe_until_gone(context, probe, inputs, retry::SETTLE_TIME).await;
    }
    if matches!(probe.send, Send::Create | Send::Update | Send::Erase | Send::SearchName)
        || cohort::reads_created_group(context, probe)
    {
        return cohort::probe_group(context, probe, inputs).await;
    }
    let began = context.run.clock.elapsed();
    let now = [Wait(Duration::ZERO)];
    let times = if probe.after.is_empty() { &now[..] } else { &probe.after };
    let polls_deleted = probe.at == Moment::Deleted && probe.send == Send::Poll;
    if polls_deleted {
        probe_timing::probe_until_gone(context, probe, inputs, GRACE).await;
    }
    for time in times {
        let passed = context.run.clock.elapsed().saturating_sub(began);
        // The polls until the job was unknown count for these times too.
        let past = time.duration().is_zero() || time.duration() < passed;
        let late = time.duration() > GRACE && !context.run.settings.wait_for_expiry;
        if polls_deleted && (past || late) {
            continue;
        }
        let wait = time.duration().saturating_sub(passed);
        if !wait.is_zero() && context.wait(wait, "until the next probe is due").await.is_err() {
            return;
        }
        // The result of a probe never ends the flow. The caller checks whether the run is being ended.
        let _ = send_once(context, probe, inputs).await;
    }
}

/// Sends one probe once.
async fn send_once(context: &FlowContext<'_>, probe: &Probe, inputs: ProbeInputs<'_>) -> Result<(), Stop> {
    match probe.send {
        Send::Kickoff | Send::KickoffPost => probe_kickoff::probe_kickoff(context, probe, inputs.route).await.map(drop),
        Send::Token => {
            context.run.session.tokens().probe(context.name(), probe).await;
            if let Some(set) = context.run.settings.key_set.as_ref().filter(|_| context.changes_keys()) {
                context.record().key_reads.insert(probe.id.clone(), set.reads());
            }
            Ok(())
        }
        Send::Tls => {
            context.run.session.tls().probe(context.name(), probe).await;
            Ok(())
        }
        Send::File | Send::FilePost => {
            let list = probe.list.unwrap_or(FileList::Output);
            match inputs.files.iter().find(|wanted| wanted.list() == list) {
                Some(wanted) => fetch::fetch_again(context, wanted, probe).await,
                None => Ok(()),
            }
        }
        Send::Attachment => {
            if let (Some(job), Some(manifest)) = (inputs.job, inputs.manifest) {
                probe_attachment::probe_attachment(context, probe, job, manifest).await;
            }
            Ok(())
        }
        _ => match probe_request::probe_request(context, probe, inputs) {
            Some(request) => {
                send::send_with_retry(context, &mut Budget::new(context.run), request, false).await.map(drop)
            }
            None => Ok(()),
        },
    }
}

/// Requests, as probes, the files of a manifest that was returned while the job runs. Returns false if it lists no
/// files.
pub(crate) async fn probe_partial_manifest(
    context: &FlowContext<'_>,
    job: &Job,
    manifest: &Value,
) -> Result<bool, Stop> {
    let (items, _) = manifest_files::files(manifest, Download::All);
    if items.is_empty() {
        return Ok(false);
    }
    let probes = context.planned.flow.probes.iter();
    for probe in probes.filter(|probe| probe.at == Moment::Partial && probe.send == Send::Files) {
        for item in items.iter().take(MAX_EARLY_FILES) {
            context.check_halt()?;
            if let Some(wanted) = wanted::usable(job, manifest, item.clone()) {
                // The result of a probe never ends the flow.
                let _ = fetch::fetch_again(context, &wanted, probe).await;
            }
        }
    }
    context.check_halt()?;
    Ok(true)
}
