//! Counts the body of a response while it arrives, and limits its time.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use futures_util::{StreamExt, stream};

use crate::base::clock::Clock;
use crate::recording::model::{Trouble, TroubleKind};
use crate::session::interrupt::interrupted;
use crate::transport::message::BodyStream;

/// The minimum average speed of a body that takes longer than `--max-wait`, in bytes per second. Without a minimum, a
/// body could last forever, one byte at a time.
const MIN_BYTES_PER_SECOND: u64 = 10_000;

/// The limits of a body.
pub(crate) struct BodyLimits {
    /// The maximum pause.
    pub idle_timeout: Duration,
    /// The time after which the body needs the minimum speed.
    pub max_wait: Duration,
    pub clock: Clock,
    /// Counts the bytes received.
    pub received: Arc<AtomicU64>,
}

/// A future that completes when reading must stop.
type Stop = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Returns `body` with its bytes counted. It ends with trouble if it pauses for too long, is too slow, or `stop`
/// completes.
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
    Trouble::new(
        TroubleKind::Timeout,
        format!("the body paused for more than {} s (--idle-timeout)", idle.as_secs_f32()),
    )
}

fn too_slow(length: u64, took: Duration) -> Trouble {
    let seconds = took.as_secs();
    let message = format!("the body is too slow: {length} bytes in {seconds} s; give a longer --max-wait");
    Trouble::new(TroubleKind::Timeout, message)
}
