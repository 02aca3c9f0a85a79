//! Requests one file, with retries, by GET or POST.

use std::sync::atomic::{AtomicU64, Ordering};

use http::header::{ACCEPT, ACCEPT_ENCODING, HeaderMap};
use http::{Method, StatusCode};
use url::Url;

use crate::drive::budget::Budget;
use crate::drive::context::FlowContext;
use crate::drive::files::read;
use crate::drive::files::read::{Download, Fetching};
use crate::drive::files::wanted::WantedFile;
use crate::drive::flow::{probe_request, requests, retry};
use crate::recording::model::{Role, Stop, TroubleKind};
use crate::session::exchange::RequestSpec;
use crate::settings::run_settings::Credentials;
use crate::suite::flow::{Fetch, Identity, Probe};
use crate::suite::send::Send;

/// The most retries of a file after any 5xx.
const MAX_5XX_RETRIES: u32 = 2;

/// Requests a file again, as a probe.
pub(crate) async fn fetch_again(context: &FlowContext<'_>, wanted: &WantedFile, probe: &Probe) -> Result<(), Stop> {
    let fetching = Fetching {
        index: None,
        hashes: false,
        counter: None,
        organizer: None,
        bytes: AtomicU64::new(0),
        lines: AtomicU64::new(0),
    };
    if let Some(got) = fetch(context, wanted, &fetching, Some(probe)).await? {
        context.run.session.recorder().file(got.facts);
    }
    Ok(())
}

/// Downloads one file. `None` if the response was not a file; the recording has the response.
pub(crate) async fn fetch(
    context: &FlowContext<'_>,
    wanted: &WantedFile,
    fetching: &Fetching<'_>,
    probe: Option<&Probe>,
) -> Result<Option<Download>, Stop> {
    let either = probe.is_none() && context.planned.flow.fetch == Fetch::Either && may_post(context, &wanted.url);
    // The method that delivered the last file is tried first.
    let by_post =
        probe.is_some_and(|probe| probe.send == Send::FilePost) || (either && context.run.target.files_by_post());
    let method = if by_post { Method::POST } else { Method::GET };
    let mut request = RequestSpec {
        file: Some(wanted.item.place),
        open: wanted.open && !context.files_need_token.load(Ordering::Relaxed),
        identity: context.planned.flow.identity,
        ..requests::plain(context.name(), Role::File, method, wanted.url.clone(), file_headers())
    };
    if let Some(probe) = probe {
        probe_request::apply_probe(&mut request, probe);
    }
    // The response that refused the first method, if the other method was tried next.
    let mut refused: Option<(u32, StatusCode)> = None;
    let budget = Budget::new(context.run);
    let mut attempt = 0;
    let mut index = fetching.index.cloned();
    let mut paused = false;
    loop {
        context.check_halt()?;
        read::check_bytes(context, None)?;
        let reply = match context.run.session.open(request.clone()).await {
            Ok(streaming) => {
                if let Some((first, _)) = refused {
                    context.run.session.recorder().supersede(first);
                    context.run.target.file_delivered(request.method == Method::POST);
                }
                if wanted.open && !request.open {
                    context.files_need_token.store(true, Ordering::Relaxed);
                }
                let exchange = streaming.exchange;
                let got = read::read(context, wanted, fetching, index.clone(), probe.is_some(), streaming).await?;
                if !got.paused || paused || context.check_halt().is_err() {
                    return Ok(Some(got));
                }
                // Our own timeout ended the file. The second try counts.
                paused = true;
                index = index.map(|index| index.again());
                context.run.session.recorder().supersede(exchange);
                continue;
            }
            Err(reply) => reply,
        };
        // The file may need the token although the manifest says that it does not. The refusal is judged, and the run
        // reads on with the token.
        if let Ok(whole) = &reply.result
            && whole.status == StatusCode::UNAUTHORIZED
            && request.open
            && may_send_token(context, &request)
        {
            request.open = false;
            continue;
        }
        if let Ok(whole) = &reply.result
            && either
            && refused.is_none()
            && refuses_the_method(whole.status)
        {
            refused = Some((reply.exchange, whole.status));
            request.method = if request.method == Method::GET { Method::POST } else { Method::GET };
            continue;
        }
        let retry_after = match &reply.result {
            Err(trouble) if trouble.kind == TroubleKind::Interrupted => {
                return Err(context.halt_stop(reply.exchange, trouble));
            }
            // A single server error may be temporary.
            Ok(whole)
                if retry::asks_to_wait(whole.status, attempt)
                    || (whole.status.is_server_error() && attempt < MAX_5XX_RETRIES) =>
            {
                context.retry_after(&whole.headers)
            }
            _ => {
                // Neither method delivered the file. The response to the method that the server supports counts.
                if let Some((first, status)) = refused {
                    let spare = if status == StatusCode::METHOD_NOT_ALLOWED { first } else { reply.exchange };
                    context.run.session.recorder().supersede(spare);
                }
                return Ok(None);
            }
        };
        let left = budget.left(context.run);
        if left.is_zero() {
            return Ok(None);
        }
        context.run.session.recorder().supersede(reply.exchange);
        let least = context.run.settings.least_wait;
        let time = retry::pause_again(retry_after, attempt, left, least, retry::MAX_WAIT);
        context.wait(time, "until the retry of a file").await?;
        attempt += 1;
    }
}

/// Returns whether a file may be requested with the token: only from the target itself or an origin that the user
/// trusts.
fn may_send_token(context: &FlowContext<'_>, request: &RequestSpec) -> bool {
    !matches!(context.run.settings.credentials, Credentials::None)
        && request.identity != Identity::None
        && may_post(context, &request.url)
}

/// Returns whether a file may be requested by POST: only from the target itself or an origin that the user trusts.
fn may_post(context: &FlowContext<'_>, url: &Url) -> bool {
    let settings = &context.run.settings;
    url.origin() == settings.base.origin() || settings.allow_origins.contains(&url.origin())
}

/// Returns whether a status may mean that files need another method.
fn refuses_the_method(status: StatusCode) -> bool {
    matches!(status.as_u16(), 400 | 404 | 405 | 501)
}

/// Returns the headers of a request for a file.
fn file_headers() -> HeaderMap {
    requests::usual(&[(ACCEPT, "application/fhir+ndjson"), (ACCEPT_ENCODING, "gzip")])
}
