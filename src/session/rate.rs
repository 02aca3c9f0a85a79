//! Limits the requests per minute on each route of the target. After a 429 the route gets fewer for the rest of the
//! run.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use http::HeaderMap;
use url::Url;

use crate::base::clock::Clock;
use crate::measure::retry_after::retry_after;
use crate::recording::model::Role;

/// A minute, and one second because requests take different times to arrive.
const WINDOW: Duration = Duration::from_secs(61);
/// A 429 after fewer requests within a minute is not about the rate.
const LEAST_COUNTED: usize = 10;
/// The least number of requests per minute.
const LEAST_RATE: usize = 5;
/// The longest time that a `Retry-After` stops a whole route.
const LONGEST_BLOCK: Duration = Duration::from_secs(600);

/// A group of requests that servers limit together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RateRoute {
    /// Kick-offs at system level.
    SystemKickoff,
    /// Kick-offs at patient and group level.
    OtherKickoff,
    /// Polls, and DELETE of polling URLs.
    Poll,
}

impl RateRoute {
    /// Returns the route of a request. `own` means that the run made its URL.
    pub fn of(base: &Url, role: Role, is_file: bool, own: bool, url: &Url) -> Option<Self> {
        if url.path().ends_with("/$export") {
            let system = format!("{}/$export", base.path().trim_end_matches('/'));
            return Some(if url.path() == system { Self::SystemKickoff } else { Self::OtherKickoff });
        }
        match role {
            Role::Poll | Role::Delete | Role::Cleanup => Some(Self::Poll),
            Role::Probe if !is_file && !own => Some(Self::Poll),
            _ => None,
        }
    }
}

/// What was sent on one route.
#[derive(Debug, Default)]
struct RouteLog {
    /// When requests were sent within the last minute.
    sent: VecDeque<Duration>,
    /// The rate since the last 429.
    slower: Option<usize>,
    /// The end of the last `Retry-After` of a 429.
    blocked_until: Duration,
}

/// Limits the requests per minute on each route.
#[derive(Debug)]
pub(crate) struct RateLimiter {
    /// The most requests per minute on each route; `None` for no limit.
    most: Option<usize>,
    clock: Clock,
    routes: Mutex<[RouteLog; 3]>,
}

impl RateLimiter {
    pub fn new(most: Option<usize>, clock: Clock) -> Self {
        Self { most: most.map(|most| most.max(1)), clock, routes: Mutex::default() }
    }

    /// Waits until a request may be sent on `route`.
    pub async fn admit(&self, route: RateRoute) {
        while let Some(wait) = self.wait_or_count(route) {
            self.clock.sleep(wait).await;
        }
    }

    /// Counts a request, or returns how long it must wait.
    fn wait_or_count(&self, route: RateRoute) -> Option<Duration> {
        let most = self.most?;
        let now = self.clock.elapsed();
        let mut routes = self.routes();
        let log = routes.get_mut(route as usize)?;
        log.forget(now);
        if now < log.blocked_until {
            return Some(log.blocked_until.saturating_sub(now));
        }
        let most = log.slower.map_or(most, |slower| slower.min(most));
        let over = log.sent.len().checked_sub(most);
        if let Some(oldest) = over.and_then(|over| log.sent.get(over)) {
            return Some(oldest.saturating_add(WINDOW).saturating_sub(now).max(Duration::from_millis(1)));
        }
        log.sent.push_back(now);
        None
    }

    /// Notes that the target returned 429 on `route`: later requests wait as long as it asks, and are fewer.
    pub fn throttled(&self, route: RateRoute, headers: &HeaderMap) {
        let now = self.clock.elapsed();
        let mut routes = self.routes();
        let Some(log) = routes.get_mut(route as usize).filter(|_| self.most.is_some()) else { return };
        log.forget(now);
        let wait = retry_after(headers, self.clock.now()).unwrap_or_default().min(LONGEST_BLOCK);
        log.blocked_until = log.blocked_until.max(now.saturating_add(wait));
        let recent = log.sent.len();
        if recent >= LEAST_COUNTED {
            let slower = (recent * 3 / 4).max(LEAST_RATE);
            log.slower = Some(log.slower.map_or(slower, |known| known.min(slower)));
        }
    }

    fn routes(&self) -> MutexGuard<'_, [RouteLog; 3]> {
        self.routes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl RouteLog {
    /// Forgets what was sent more than a minute ago.
    fn forget(&mut self, now: Duration) {
        while self.sent.front().is_some_and(|at| at.saturating_add(WINDOW) <= now) {
            self.sent.pop_front();
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
mod tests {
    use http::header::RETRY_AFTER;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_route_gets_so_many_requests_per_minute_and_fewer_after_a_429() {
        let clock = Clock::system();
        let limiter = RateLimiter::new(Some(20), clock);
        for _ in 0..40 {
            limiter.admit(RateRoute::Poll).await;
        }
        assert_eq!(clock.elapsed().as_secs(), WINDOW.as_secs());
        limiter.admit(RateRoute::SystemKickoff).await;
        assert_eq!(clock.elapsed().as_secs(), WINDOW.as_secs(), "routes are limited separately");
        let headers = [(RETRY_AFTER, "300".parse().unwrap())].into_iter().collect();
        limiter.throttled(RateRoute::Poll, &headers);
        limiter.admit(RateRoute::Poll).await;
        assert_eq!(clock.elapsed().as_secs(), WINDOW.as_secs() + 300);
        assert_eq!(limiter.routes()[RateRoute::Poll as usize].slower, Some(15));
        assert_eq!(limiter.routes()[RateRoute::SystemKickoff as usize].slower, None);
    }

    #[test]
    fn requests_have_routes() {
        let base: Url = "https://h/fhir".parse().unwrap();
        let of = |role, url: &str, own| RateRoute::of(&base, role, false, own, &url.parse().unwrap());
        assert_eq!(of(Role::Kickoff, "https://h/fhir/$export?_type=Patient", true), Some(RateRoute::SystemKickoff));
        assert_eq!(of(Role::Probe, "https://h/fhir/Group/1/$export", true), Some(RateRoute::OtherKickoff));
        assert_eq!(of(Role::Cleanup, "https://h/fhir/$export-poll-status?id=1", false), Some(RateRoute::Poll));
        assert_eq!(of(Role::Probe, "https://h/jobs/1", false), Some(RateRoute::Poll));
        assert_eq!(of(Role::Probe, "https://h/fhir/metadata", true), None);
        assert_eq!(of(Role::File, "https://h/files/1", false), None);
    }
}
