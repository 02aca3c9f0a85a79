//! The body of a response while it arrives: counted, and bounded in time.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use futures_util::{StreamExt, stream};

use crate::base::clock::Clock;
use crate::recording::model::{Trouble, TroubleKind};
use crate::session::interrupt::interrupted;
use crate::transport::message::BodyStream;

/// The bytes per second that a body must bring on average once it takes longer than `--max-wait`. A slower body could
/// last forever, one byte at a time.
const MIN_BYTES_PER_SECOND: u64 = 10_000;

/// The limits of a body.
pub(crate) struct BodyLimits {
    /// The longest pause.
    pub idle_timeout: Duration,
    /// The time after which the body must be fast.
    pub max_wait: Duration,
    pub clock: Clock,
    /// Counts the bytes received.
    pub received: Arc<AtomicU64>,
}

/// A future that completes when the body must end early.
type Stop = Pin<Box<dyn Future<Output = ()> + Send>>;

/// `body`, counted; it ends with trouble if it pauses for too long, is too slow, or `stop` completes.
pub(crate) fn limited(
    body: BodyStream,
    limits: BodyLimits,
    stop: impl Future<Output = ()> + Send + 'static,
) -> BodyStream {
    let began = limits.clock.elapsed();
    let stop: Stop = Box::pin(stop);
    let state = Some((body, stop, limits, 0_u64));
    Box::pin(stream::unfold(state, move |state| async move {
        let (mut body, mut stop, limits, mut length) = state?;
        let idle = limits.idle_timeout;
        let next = tokio::select! {
            biased;
            () = &mut stop => Some(Err(interrupted())),
            next = tokio::time::timeout(idle, body.next()) => next.unwrap_or_else(|_| Some(Err(paused(idle)))),
        };
        match next? {
            Ok(chunk) => {
                limits.received.fetch_add(chunk.len() as u64, Ordering::Relaxed);
                length = length.saturating_add(chunk.len() as u64);
                let took = limits.clock.elapsed().saturating_sub(began);
                if took > limits.max_wait.saturating_add(Duration::from_secs(length / MIN_BYTES_PER_SECOND)) {
                    return Some((Err(too_slow(length, took)), None));
                }
                Some((Ok(chunk), Some((body, stop, limits, length))))
            }
            Err(trouble) => Some((Err(trouble), None)),
        }
    }))
}

fn paused(idle: Duration) -> Trouble {
    Trouble::new(TroubleKind::Timeout, format!("nothing more of the body came for {} s", idle.as_secs_f32()))
}

fn too_slow(length: u64, took: Duration) -> Trouble {
    let seconds = took.as_secs();
    let message =
        format!("the body is too slow: {length} bytes came in {seconds} s; --max-wait says how long is waited");
    Trouble::new(TroubleKind::Timeout, message)
}
