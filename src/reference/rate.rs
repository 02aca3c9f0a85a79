//! A limit of the requests per minute, for the behavior `limits-rate`.

use std::collections::{HashMap, VecDeque};
use std::time::{Duration, SystemTime};

use http::StatusCode;

use crate::reference::reply::{Point, ServerReply};

/// The most requests within a minute on each route.
const MAX_PER_MINUTE: usize = 60;

/// How long a route is blocked after more requests.
const BLOCK: Duration = Duration::from_secs(300);

/// The requests on one route.
#[derive(Debug, Default)]
pub(crate) struct RouteRate {
    recent: VecDeque<SystemTime>,
    blocked_until: Option<SystemTime>,
}

/// The requests by route.
pub(crate) type RouteRates = HashMap<&'static str, RouteRate>;

/// Returns the refusal of a request at `now` on a route that is blocked, or has too many requests.
pub(crate) fn refuse(rates: &mut RouteRates, now: SystemTime, path: &[&str]) -> Option<ServerReply> {
    let (route, point) = match path {
        ["$export"] => ("system", Point::KickoffRefused),
        [.., "$export"] => ("other", Point::KickoffRefused),
        ["bulk", "jobs", ..] => ("polls", Point::PollThrottled),
        _ => return None,
    };
    let rate = rates.entry(route).or_default();
    let minute = |at: &SystemTime| now.duration_since(*at).unwrap_or_default() < Duration::from_secs(60);
    while rate.recent.front().is_some_and(|at| !minute(at)) {
        rate.recent.pop_front();
    }
    rate.recent.push_back(now);
    if rate.recent.len() > MAX_PER_MINUTE {
        rate.blocked_until = Some(now + BLOCK);
    }
    let left = rate.blocked_until?.duration_since(now).ok().filter(|left| !left.is_zero())?;
    let text = "more than 60 requests per minute";
    let refusal = ServerReply::refusal(point, StatusCode::TOO_MANY_REQUESTS, "throttled", text);
    Some(refusal.with("retry-after", &(left.as_secs() + 1).to_string()))
}
