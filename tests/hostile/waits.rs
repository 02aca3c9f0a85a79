//! Servers that waste time. Time is virtual here, and each run must end within the limits of its settings.

use std::time::{Duration, SystemTime};

use plimsoll::base::vocabulary::Verdict;
use plimsoll::verdicts::judged_run::Conformance;

use crate::server::{HostileServer, MOMENTS, Moment, drip, once, response};
use crate::trial::{self, NOON, Trial};

const MB: usize = 1_000_000;
const HOUR: Duration = Duration::from_secs(3600);

#[test]
fn a_slow_body_is_abandoned_at_every_moment() {
    if trial::passed_in_own_process() {
        return;
    }
    for at in MOMENTS {
        let server = HostileServer::unchanged().before(move |_, moment| {
            let status = if matches!(moment, Moment::Kickoff | Moment::Delete) { 202 } else { 200 };
            let json = [("content-type", "application/json")];
            (moment == at)
                .then(|| response(status, &json, drip(Duration::from_secs(1), b"{\"resourceType\":\"Patient\"}\n")))
        });
        let result = Trial::whole().against(server);
        result.within(&format!("slow body ({at:?})"), 500, 1 << 20, 30 * MB);
        if at != Moment::Metadata {
            assert_ne!(result.outcome(), Conformance::Conformant, "{at:?}");
            result.shows("too slow");
        }
        assert!(result.took < 12 * HOUR, "{at:?}: {} s", result.took.as_secs());
    }
}

#[test]
fn a_job_that_never_ends_costs_max_wait_once() {
    if trial::passed_in_own_process() {
        return;
    }
    for retry in ["0", "1", "-5", "soon", "99999999999999999999", "Thu, 01 Jan 2099 00:00:00 GMT"] {
        let server = HostileServer::unchanged().before(move |_, moment| {
            (moment == Moment::Poll).then(|| response(202, &[("retry-after", retry), ("x-progress", "99%")], once("")))
        });
        let result = Trial::whole().against(server);
        result.within(&format!("poll that never ends (Retry-After {retry})"), 4_000, 1 << 20, 30 * MB);
        result.shows("still running after 600 s");
        assert!(result.took < HOUR * 3, "{retry}: {} s", result.took.as_secs());
        assert_ne!(result.verdict("poll::in-progress-202@system"), Verdict::Error);
    }
}

#[test]
fn retries_end() {
    if trial::passed_in_own_process() {
        return;
    }
    for status in [429, 503] {
        for at in MOMENTS {
            for retry in ["0", "99999999999999999999", "Thu, 01 Jan 1970 00:00:00 GMT"] {
                let server = HostileServer::unchanged().before(move |_, moment| {
                    (moment == at).then(|| response(status, &[("retry-after", retry)], once("")))
                });
                let result = Trial::whole().against(server);
                result.within(&format!("{status} endlessly ({at:?}, Retry-After {retry})"), 3_000, 4 << 20, 30 * MB);
                assert!(result.took < 24 * HOUR, "{at:?} {retry}: {} s", result.took.as_secs());
            }
        }
    }
}

#[test]
fn a_server_clock_that_is_years_off_stops_no_run() {
    if trial::passed_in_own_process() {
        return;
    }
    let ours = SystemTime::UNIX_EPOCH + NOON;
    let year = HOUR * 24 * 365;
    for (name, theirs) in
        [("20 years ahead", ours + 20 * year), ("20 years behind", ours - 20 * year), ("1970", SystemTime::UNIX_EPOCH)]
    {
        let result = Trial::whole().server_at(theirs).against(HostileServer::unchanged());
        result.within(&format!("clock {name}"), 400, 4 << 20, 30 * MB);
        assert_eq!(result.verdict("files::ndjson@system"), Verdict::Pass, "{name}");
        assert!(result.took < HOUR, "{name}: {} s", result.took.as_secs());
    }
    for retry in ["Fri, 31 Dec 9999 23:59:59 GMT", "Thu, 01 Jan 1970 00:00:00 GMT", "Mon, 99 Foo 99999 99:99:99 GMT"] {
        let server = HostileServer::unchanged().after(move |_, moment, mut incoming| {
            if moment == Moment::Poll {
                incoming.headers.insert("retry-after", retry.parse().unwrap());
                incoming.headers.insert("expires", retry.parse().unwrap());
                incoming.headers.insert("date", retry.parse().unwrap());
            }
            incoming
        });
        let result = Trial::whole().against(server);
        result.within(&format!("times of {retry}"), 400, 4 << 20, 30 * MB);
        assert_eq!(result.verdict("files::ndjson@system"), Verdict::Pass, "{retry}");
        assert!(result.took < 3 * HOUR, "{retry}: {} s", result.took.as_secs());
    }
}
