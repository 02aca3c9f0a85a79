//! Probes that wait: until a token expires, until file URLs expire, or until a deleted job is unknown.

use std::sync::atomic::Ordering;
use std::time::Duration;

use crate::drive::budget::Budget;
use crate::drive::context::FlowContext;
use crate::drive::flow::probe_request::ProbeInputs;
use crate::drive::flow::{probe_kickoff, probe_request, retry, send};
use crate::measure::manifest_files;
use crate::suite::flow::Probe;

/// The longest lifetime of a token that probes wait for without `--wait-for-expiry`.
const SHORT_TOKEN: Duration = Duration::from_secs(60);

/// The time after `Expires` at which a URL must no longer work.
const EXPIRY_MARGIN: Duration = Duration::from_secs(300);

/// The time after the manifest at which a URL must no longer work, if the manifest has no `Expires`.
const DEFAULT_LIFETIME: Duration = Duration::from_secs(3600);

/// The waits before each use of an expired token.
const EXPIRED_TOKEN_DELAYS: [Duration; 3] =
    [Duration::from_secs(10), Duration::from_secs(60), Duration::from_secs(240)];

/// Sends a probe with an expired token. Some servers allow clocks to differ by five minutes, so an accepted token is
/// tried again later. The last response counts.
pub(crate) async fn probe_expired(context: &FlowContext<'_>, probe: &Probe, inputs: ProbeInputs<'_>) {
    let Ok(lasts) = context.run.session.tokens().prepare_expired().await else { return };
    // A run waits minutes for one test only with `--wait-for-expiry`.
    let longest = if context.run.settings.wait_for_expiry { context.run.settings.max_wait } else { SHORT_TOKEN };
    if lasts > longest {
        return;
    }
    if context.wait(lasts, "until a token expires").await.is_err() {
        return;
    }
    for (index, pause) in EXPIRED_TOKEN_DELAYS.into_iter().enumerate() {
        if context.wait(pause, "until a token has expired by any clock").await.is_err() {
            return;
        }
        // A flow without an export holds no permit while it waits.
        let Ok(_permit) = context.permit().await else { return };
        let Ok(Some((exchange, accepted))) = probe_kickoff::probe_kickoff(context, probe, inputs.route).await else {
            return;
        };
        if !accepted || index + 1 == EXPIRED_TOKEN_DELAYS.len() {
            return;
        }
        context.run.session.recorder().supersede(exchange);
    }
}

/// Waits until the URLs of files must no longer work. Returns false if that cannot be tested.
pub(crate) async fn wait_until_files_expire(context: &FlowContext<'_>, inputs: ProbeInputs<'_>) -> bool {
    let settings = &context.run.settings;
    let open =
        inputs.manifest.is_some_and(manifest_files::is_open) && context.refused_without_token.load(Ordering::Relaxed);
    let Some(manifest) = context.manifest_times() else { return false };
    let lasts = manifest.lifetime.map_or(DEFAULT_LIFETIME, |lasts| lasts.saturating_add(EXPIRY_MARGIN));
    let until = manifest.received.saturating_add(lasts);
    let left = until.saturating_sub(context.run.clock.elapsed());
    // A run waits minutes for one test only with `--wait-for-expiry`.
    let worth_waiting = settings.wait_for_expiry && left <= settings.max_wait;
    open && worth_waiting && context.wait(left, "until the URLs of files must have expired").await.is_ok()
}

/// Sends a probe until the target returns 404 or 410, for at most `time`. The last response counts.
pub(crate) async fn probe_until_gone(
    context: &FlowContext<'_>,
    probe: &Probe,
    inputs: ProbeInputs<'_>,
    time: Duration,
) {
    let Some(request) = probe_request::probe_request(context, probe, inputs) else { return };
    let budget = Budget::new(context.run).at_most(context.run, time);
    loop {
        let mut one = Budget::new(context.run).at_most(context.run, time);
        let Ok(reply) = send::send_with_retry(context, &mut one, request.clone(), false).await else { return };
        let gone = reply.result.as_ref().is_ok_and(|whole| matches!(whole.status.as_u16(), 404 | 410));
        let left = budget.left(context.run);
        if gone || left.is_zero() {
            return;
        }
        context.run.session.recorder().supersede(reply.exchange);
        if context.wait(retry::RECHECK_INTERVAL.min(left), "until a deleted job is unknown").await.is_err() {
            return;
        }
    }
}
