//! Servers that waste time. It is virtual here, and each run must end within what its settings allow.

use std::time::{Duration, SystemTime};

use plimsoll::base::vocabulary::Verdict;
use plimsoll::verdicts::judged_run::Conformance;

use crate::server::{Lair, MOMENTS, Moment, answer, drip, once};
use crate::trial::{self, NOON, Trial};

const MB: usize = 1_000_000;
const HOUR: Duration = Duration::from_secs(3600);

#[test]
fn a_body_that_drips_is_left_at_every_moment() {
    if trial::passed_in_own_process() {
        return;
    }
    for at in MOMENTS {
        let server = Lair::honest().before(move |_, moment| {
            let status = if matches!(moment, Moment::Kickoff | Moment::Delete) { 202 } else { 200 };
            let json = [("content-type", "application/json")];
            (moment == at)
                .then(|| answer(status, &json, drip(Duration::from_secs(1), b"{\"resourceType\":\"Patient\"}\n")))
        });
        let came = Trial::whole().against(server);
        came.within(&format!("slow drip ({at:?})"), 500, 1 << 20, 30 * MB);
        if at != Moment::Metadata {
            assert_ne!(came.outcome(), Conformance::Conformant, "{at:?}");
            came.says("too slow");
        }
        assert!(came.took < 12 * HOUR, "{at:?}: {} s", came.took.as_secs());
    }
}

#[test]
fn a_job_that_never_ends_costs_its_wait_once() {
    if trial::passed_in_own_process() {
        return;
    }
    for retry in ["0", "1", "-5", "soon", "99999999999999999999", "Thu, 01 Jan 2099 00:00:00 GMT"] {
        let server = Lair::honest().before(move |_, moment| {
            (moment == Moment::Poll).then(|| answer(202, &[("retry-after", retry), ("x-progress", "99%")], once("")))
        });
        let came = Trial::whole().against(server);
        came.within(&format!("poll that never ends (Retry-After {retry})"), 4_000, 1 << 20, 30 * MB);
        came.says("still running after 600 s");
        assert!(came.took < HOUR * 3, "{retry}: {} s", came.took.as_secs());
        assert_ne!(came.verdict("poll::in-progress-202@system"), Verdict::Error);
    }
}

#[test]
fn patience_ends() {
    if trial::passed_in_own_process() {
        return;
    }
    for status in [429, 503] {
        for at in MOMENTS {
            for retry in ["0", "99999999999999999999", "Thu, 01 Jan 1970 00:00:00 GMT"] {
                let server = Lair::honest().before(move |_, moment| {
                    (moment == at).then(|| answer(status, &[("retry-after", retry)], once("")))
                });
                let came = Trial::whole().against(server);
                came.within(&format!("{status} for ever ({at:?}, Retry-After {retry})"), 3_000, 4 << 20, 30 * MB);
                assert!(came.took < 24 * HOUR, "{at:?} {retry}: {} s", came.took.as_secs());
            }
        }
    }
}

#[test]
fn a_clock_that_is_years_off_stops_nothing() {
    if trial::passed_in_own_process() {
        return;
    }
    let ours = SystemTime::UNIX_EPOCH + NOON;
    let year = HOUR * 24 * 365;
    for (name, theirs) in
        [("20 years ahead", ours + 20 * year), ("20 years behind", ours - 20 * year), ("1970", SystemTime::UNIX_EPOCH)]
    {
        let came = Trial::whole().server_at(theirs).against(Lair::honest());
        came.within(&format!("clock {name}"), 400, 4 << 20, 30 * MB);
        assert_eq!(came.verdict("files::ndjson@system"), Verdict::Pass, "{name}");
        assert!(came.took < HOUR, "{name}: {} s", came.took.as_secs());
    }
    for retry in ["Fri, 31 Dec 9999 23:59:59 GMT", "Thu, 01 Jan 1970 00:00:00 GMT", "Mon, 99 Foo 99999 99:99:99 GMT"] {
        let server = Lair::honest().after(move |_, moment, mut incoming| {
            if moment == Moment::Poll {
                incoming.headers.insert("retry-after", retry.parse().unwrap());
                incoming.headers.insert("expires", retry.parse().unwrap());
                incoming.headers.insert("date", retry.parse().unwrap());
            }
            incoming
        });
        let came = Trial::whole().against(server);
        came.within(&format!("times of {retry}"), 400, 4 << 20, 30 * MB);
        assert_eq!(came.verdict("files::ndjson@system"), Verdict::Pass, "{retry}");
        assert!(came.took < 3 * HOUR, "{retry}: {} s", came.took.as_secs());
    }
}
