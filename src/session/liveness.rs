//! Notices that the target no longer responds to any request.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::watch;

use crate::base::clock::Clock;
use crate::recording::model::{Trouble, TroubleKind};

/// So many requests in a row without a response, and so much time, mean that the target no longer responds.
const MAX_SILENT_REQUESTS: u32 = 5;
const MAX_SILENT_TIME: Duration = Duration::from_secs(20);

/// The last response of the target, and the requests since then.
#[derive(Debug, Default)]
struct Silence {
    /// Names the last request that got a response.
    last: Option<String>,
    requests: u32,
    since: Duration,
}

/// Whether the target responds.
#[derive(Debug)]
pub(crate) struct Liveness {
    silence: Mutex<Silence>,
    dead: watch::Sender<Option<String>>,
}

impl Liveness {
    pub fn new() -> Self {
        Self { silence: Mutex::default(), dead: watch::channel(None).0 }
    }

    /// Notes the response to a request, which `name` names, or the reason why there is none.
    pub fn note(&self, clock: Clock, name: impl FnOnce() -> String, trouble: Option<&Trouble>) {
        let mut silence = self.silence.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(trouble) = trouble else {
            *silence = Silence { last: Some(name()), ..Silence::default() };
            return;
        };
        if !matches!(trouble.kind, TroubleKind::Connect | TroubleKind::Cut | TroubleKind::Timeout) {
            return;
        }
        if silence.requests == 0 {
            silence.since = clock.elapsed();
        }
        silence.requests += 1;
        let took = clock.elapsed().saturating_sub(silence.since);
        if let Some(last) = &silence.last
            && silence.requests >= MAX_SILENT_REQUESTS
            && took >= MAX_SILENT_TIME
        {
            let why = format!(
                "the server stopped responding: the last response was to {last}, and {} requests since then got none ({})",
                silence.requests, trouble.message
            );
            self.dead.send_if_modified(|dead| dead.is_none() && dead.replace(why).is_none());
        }
    }

    /// Waits until the target no longer responds; returns what happened.
    pub async fn died(&self) -> String {
        let mut dead = self.dead.subscribe();
        match dead.wait_for(Option::is_some).await.map(|dead| dead.clone()) {
            Ok(Some(why)) => why,
            _ => std::future::pending().await,
        }
    }

    /// Returns what happened if the target no longer responds.
    pub fn why_dead(&self) -> Option<String> {
        self.dead.borrow().clone()
    }
}
