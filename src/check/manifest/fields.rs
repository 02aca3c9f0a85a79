//! Checks of manifests without their files.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, SystemTime};

use serde_json::Value;
use url::Url;

use crate::base::instant::Instant;
use crate::base::percent::percent_decode;
use crate::check::context::CheckContext;
use crate::check::exchange::{items, manifest_of, no_manifest, response};
use crate::check::outcome::{CheckOutcome, Violation};
use crate::check::show::Shown;
use crate::check::{header_faults, reasons, shape, show};
use crate::recording::model::{Exchange, Response};
use crate::suite::describe;
use crate::suite::shapes::Shape;
use crate::verdicts::finding_place::FindingPlace;

/// How far `transactionTime` may be ahead of the server's Date: clocks within a cluster differ.
const CLOCK_SLACK: Duration = Duration::from_secs(300);

/// Returns the time on the server's clock: the Date header.
fn server_date(response: &Response) -> Option<SystemTime> {
    httpdate::parse_http_date(response.header("date")?.trim()).ok()
}

/// Returns the instant `millis` milliseconds after the start of the run, on our clock.
fn ours(millis: u64, context: &CheckContext<'_>) -> Option<Instant> {
    let began = Instant::parse(&context.index.recording.start.started)?;
    Some(began.plus_seconds(i64::try_from(millis / 1000).ok()?))
}

/// Returns when the response of `exchange` was complete, on our clock.
fn our_date(exchange: &Exchange, context: &CheckContext<'_>) -> Option<Instant> {
    ours(exchange.at.saturating_add(exchange.took), context)
}

/// `request-fits-kickoff`: `request` is an absolute URL, its path ends as the path of the kick-off does, it has every
/// parameter that was sent in the query, and the same types and times. Scheme, host, prefix, order and additions may
/// differ: proxies rewrite them, and a reused job carries an equivalent URL.
pub(crate) fn request_fits_kickoff(exchange: &Exchange, context: &CheckContext<'_>) -> CheckOutcome {
    let Some(manifest) = manifest_of(exchange) else { return no_manifest() };
    let value = manifest.get("request");
    let Some(text) = value.and_then(Value::as_str) else {
        return CheckOutcome::Violated(vec![Violation::new(
            FindingPlace::body("/request"),
            "a JSON string with the URL of the kick-off",
            show::shape(value),
        )]);
    };
    let violated = |expected: Shown| {
        CheckOutcome::Violated(vec![Violation::new(FindingPlace::body("/request"), expected, show::text(text))])
    };
    let url = match Url::parse(text) {
        Ok(url) if shape::is_absolute_url(text) => url,
        _ => return violated("the absolute URL of the kick-off".into()),
    };
    let path = percent_decode(url.path());
    if !path.trim_end_matches('/').ends_with("$export") {
        return violated("a URL with a path that ends in $export, as in the kick-off".into());
    }
    let asked = context.index.kickoff(&context.flow.name).and_then(|kickoff| Url::parse(&kickoff.request.url).ok());
    if let Some(asked) = asked.map(|asked| percent_decode(asked.path()).into_owned())
        && asked.trim_end_matches('/').ends_with("$export")
        && level_in_path(&asked) != level_in_path(&path)
    {
        return violated(match level_in_path(&asked) {
            "" => "a URL with a path of the base and $export, as in the kick-off".into(),
            level => format!("a URL with a path that ends in {level}/$export, as in the kick-off").into(),
        });
    }
    let sent = if context.flow.posted { &[][..] } else { context.flow.params.as_slice() };
    let shown: Vec<(String, String)> = url.query_pairs().map(|(n, v)| (n.into_owned(), v.into_owned())).collect();
    for (name, _) in sent {
        if !shown.iter().any(|(known, _)| known == name) {
            return violated(format!("a URL with the parameter {name}, which the kick-off sent").into());
        }
        if !same_values(name, sent, &shown) {
            let values: Vec<&str> = sent.iter().filter(|(n, _)| n == name).map(|(_, v)| v.as_str()).collect();
            return violated(
                show::text(&values.join(",")).map(|values| format!("a URL with {name} {values}, as in the kick-off")),
            );
        }
    }
    CheckOutcome::Holds
}

/// Returns the level in the path of an export: `Patient`, `Group/ID`, or nothing for the system.
fn level_in_path(path: &str) -> &str {
    let path = path.trim_end_matches('/').trim_end_matches("$export").trim_end_matches('/');
    if let Some(at) = path.rfind("/Group/") {
        let group = path.get(at + 1..).unwrap_or_default();
        return if group.matches('/').count() == 1 { group } else { "" };
    }
    if path.ends_with("/Patient") { "Patient" } else { "" }
}

/// Returns whether a parameter with types or times has the values that were sent, in any order and form. The values of
/// other parameters may have equivalent forms, so they are not compared.
fn same_values(name: &str, sent: &[(String, String)], shown: &[(String, String)]) -> bool {
    let of = |list: &[(String, String)]| -> BTreeSet<String> {
        let values = list.iter().filter(|(own, _)| own == name).flat_map(|(_, value)| value.split(','));
        values.map(|value| value.trim().to_owned()).collect()
    };
    match name {
        "_type" => of(sent) == of(shown),
        "_since" | "_until" => {
            let time = |list| of(list).iter().map(|value| Instant::parse(value)).collect::<Option<Vec<_>>>();
            match (time(sent), time(shown)) {
                (Some(sent), Some(shown)) => sent == shown,
                // One of them has another form, for example an offset with a plus sign that was not encoded.
                _ => true,
            }
        }
        _ => true,
    }
}

/// `request-without-body-params`: `request` of a kick-off by POST has no parameter that was sent only in the body.
pub(crate) fn request_without_body_params(exchange: &Exchange, context: &CheckContext<'_>) -> CheckOutcome {
    let Some(manifest) = manifest_of(exchange) else { return no_manifest() };
    let Some(text) = manifest.get("request").and_then(Value::as_str) else {
        return CheckOutcome::NotApplicable("request is not a string".to_owned());
    };
    let Ok(url) = Url::parse(text) else { return CheckOutcome::NotApplicable("request is not a URL".to_owned()) };
    let names: BTreeSet<String> = url.query_pairs().map(|(name, _)| name.into_owned()).collect();
    match context.flow.params.iter().find(|(name, _)| names.contains(name)) {
        Some((name, _)) => CheckOutcome::Violated(vec![Violation::new(
            FindingPlace::body("/request"),
            format!("a URL without the parameter {name}, which was sent in the body"),
            show::text(text),
        )]),
        None => CheckOutcome::Holds,
    }
}

/// `transaction-time-not-future`: in the past on our clock, or at most five minutes after the Date of the response. A
/// time before the kick-off is allowed: nightly snapshots, mirrors, reused jobs.
pub(crate) fn transaction_time_not_future(exchange: &Exchange, context: &CheckContext<'_>) -> CheckOutcome {
    let Some(manifest) = manifest_of(exchange) else { return no_manifest() };
    let Some(text) = manifest.get("transactionTime").and_then(Value::as_str) else {
        return CheckOutcome::NotApplicable("transactionTime is not a string".to_owned());
    };
    let Some(time) = Instant::parse(text) else {
        return CheckOutcome::NotApplicable(reasons::NO_TRANSACTION_TIME.to_owned());
    };
    // Our clock can only show that the time is good: a time that is past on our clock is not in the future, even if the
    // Date of a server or proxy is wrong. A time in the future on our clock may be past on the server.
    if our_date(exchange, context).is_some_and(|now| time <= now) {
        return CheckOutcome::Holds;
    }
    let Some(now) = response(exchange).and_then(server_date) else {
        return CheckOutcome::Undecided("the response has no Date to compare transactionTime with".to_owned());
    };
    let limit = now + CLOCK_SLACK;
    CheckOutcome::or_violation(time <= Instant::from(limit), || {
        Violation::new(
            FindingPlace::body("/transactionTime"),
            format!("at most five minutes after the Date of the response, {}", httpdate::fmt_http_date(now)),
            show::text(text),
        )
    })
}

/// `transaction-time-in-job`: between the Date of the kick-off and the Date of the manifest, with five seconds of
/// tolerance.
pub(crate) fn transaction_time_in_job(exchange: &Exchange, context: &CheckContext<'_>) -> CheckOutcome {
    const SLACK: Duration = Duration::from_secs(5);
    let Some(manifest) = manifest_of(exchange) else { return no_manifest() };
    let text = manifest.get("transactionTime").and_then(Value::as_str);
    let Some((text, time)) = text.and_then(|text| Some((text, Instant::parse(text)?))) else {
        return CheckOutcome::NotApplicable(reasons::NO_TRANSACTION_TIME.to_owned());
    };
    let kickoff = context.index.kickoff(&context.flow.name);
    // Our clock counts too: Date may be wrong although the time is right.
    if let (Some(start), Some(end)) =
        (kickoff.and_then(|kickoff| ours(kickoff.at, context)), our_date(exchange, context))
        && (start.plus_seconds(-5)..=end.plus_seconds(5)).contains(&time)
    {
        return CheckOutcome::Holds;
    }
    let start = kickoff.and_then(response).and_then(server_date);
    let (Some(start), Some(end)) = (start, response(exchange).and_then(server_date)) else {
        return CheckOutcome::NotApplicable(
            "one of the two responses has no Date to compare transactionTime with".to_owned(),
        );
    };
    let good = time >= Instant::from(start - SLACK) && time <= Instant::from(end + SLACK);
    CheckOutcome::or_violation(good, || {
        let (start, end) = (httpdate::fmt_http_date(start), httpdate::fmt_http_date(end));
        let expected = format!("a time between the kick-off ({start}) and the manifest ({end}), with 5 s of tolerance");
        Violation::new(FindingPlace::body("/transactionTime"), expected, show::text(text))
    })
}

/// `expires-later`: an HTTP date later than the Date of the response, or later than our clock if Date is off. `0`, `-1`
/// and past dates forbid caching in many frameworks; they count as absent.
pub(crate) fn expires_later(exchange: &Exchange, context: &CheckContext<'_>) -> CheckOutcome {
    let Some(response) = response(exchange) else {
        return CheckOutcome::NotApplicable(reasons::NO_RESPONSE.to_owned());
    };
    let expected = "an HTTP date later than the Date of the response";
    let violated =
        |actual: Shown| CheckOutcome::Violated(vec![Violation::new(FindingPlace::header("Expires"), expected, actual)]);
    let Some(text) = response.header("expires") else { return violated("no Expires".into()) };
    let Ok(expires) = httpdate::parse_http_date(text.trim()) else {
        return violated(header_faults::explained(Shape::HttpDate, text));
    };
    // A Date that is more than a day off is wrong, because of the server or a proxy. Then Expires must be later than
    // our clock.
    let day = 24 * 60 * 60;
    let off = |ours: &Instant| {
        server_date(response)
            .map(Instant::from)
            .is_some_and(|theirs| theirs > ours.plus_seconds(day) || theirs < ours.plus_seconds(-day))
    };
    if our_date(exchange, context).filter(off).is_some_and(|now| Instant::from(expires) > now) {
        return CheckOutcome::Holds;
    }
    match server_date(response) {
        Some(now) if expires <= now => violated(show::text(text).map(|text| format!("{text}, which is not later"))),
        _ => CheckOutcome::Holds,
    }
}

/// `expires-readable`: an HTTP date. `0` and `-1` count as absent.
pub(crate) fn expires_readable(exchange: &Exchange, _context: &CheckContext<'_>) -> CheckOutcome {
    let text = response(exchange).and_then(|response| response.header("expires")).unwrap_or_default().trim();
    if matches!(text, "" | "0" | "-1") {
        return CheckOutcome::NotApplicable("Expires is missing, 0 or -1".to_owned());
    }
    CheckOutcome::or_violation(httpdate::parse_http_date(text).is_ok(), || {
        Violation::new(FindingPlace::header("Expires"), "an HTTP date", header_faults::explained(Shape::HttpDate, text))
    })
}

/// `distinct-urls`: no URL twice in `output`.
pub(crate) fn distinct_urls(exchange: &Exchange, _context: &CheckContext<'_>) -> CheckOutcome {
    let Some(manifest) = manifest_of(exchange) else { return no_manifest() };
    // The part after # is not sent, so URLs that differ only there name the same file.
    let files = |list: &'static str| {
        let urls = items(manifest, list).iter().enumerate();
        urls.filter_map(|(n, item)| Some((n, item.get("url")?.as_str()?.split('#').next().unwrap_or_default())))
    };
    let mut seen: BTreeMap<&str, usize> = BTreeMap::new();
    let mut violations = Vec::new();
    for (n, url) in files("output") {
        if let Some(first) = seen.insert(url, n) {
            violations.push(Violation::new(
                FindingPlace::body(format!("/output/{n}/url")),
                "each URL only once",
                format!("the same URL as in /output/{first}"),
            ));
        }
    }
    for list in ["error", "deleted"] {
        for (n, first) in files(list).filter_map(|(n, url)| Some((n, *seen.get(url)?))) {
            violations.push(Violation::new(
                FindingPlace::body(format!("/{list}/{n}/url")),
                "a URL that is not in output",
                format!("the same URL as in /output/{first}"),
            ));
        }
    }
    CheckOutcome::from_violations(violations)
}

/// `same-manifest`: 200 again, the same `transactionTime`, and the same files by list, type and count. URLs and Expires
/// may change.
pub(crate) fn same_manifest(exchange: &Exchange, context: &CheckContext<'_>) -> CheckOutcome {
    let Some((first, before)) = context.index.manifest(&context.flow.name) else { return no_manifest() };
    let Some(again) = response(exchange) else {
        return CheckOutcome::Undecided(reasons::NO_RESPONSE.to_owned());
    };
    match again.status {
        200 => {}
        401 | 403 | 429 | 502 | 503 | 504 => {
            return CheckOutcome::Undecided(reasons::server_returned(again.status));
        }
        status => {
            return CheckOutcome::Violated(vec![Violation::new(
                FindingPlace::Status,
                format!("200 OK, as in exchange {}", first.id),
                describe::status(status),
            )]);
        }
    }
    let Some(after) = manifest_of(exchange) else {
        return CheckOutcome::Violated(vec![Violation::new(
            FindingPlace::whole_body(),
            "a manifest",
            show::shape(again.body.json.as_ref()),
        )]);
    };
    let mut violations = Vec::new();
    if before.get("transactionTime") != after.get("transactionTime") {
        violations.push(Violation::new(
            FindingPlace::body("/transactionTime"),
            show::shape(before.get("transactionTime")).map(|time| format!("{time}, as in exchange {}", first.id)),
            show::shape(after.get("transactionTime")),
        ));
    }
    for list in ["output", "deleted", "error"] {
        let (was, is) = (listed(before, list), listed(after, list));
        if was != is {
            let total = |files: &BTreeMap<_, usize>| files.values().sum::<usize>();
            let differ = if total(&was) == total(&is) { " with other types or counts" } else { "" };
            violations.push(Violation::new(
                FindingPlace::body(format!("/{list}")),
                format!("the {} files of exchange {}", total(&was), first.id),
                format!("{} files{differ}", total(&is)),
            ));
        }
    }
    CheckOutcome::from_violations(violations)
}

/// Returns how many files of each type and count a list has.
fn listed(manifest: &Value, list: &str) -> BTreeMap<(String, String), usize> {
    let mut files = BTreeMap::new();
    let text = |item: &Value, key: &str| item.get(key).map(Value::to_string).unwrap_or_default();
    for item in items(manifest, list) {
        *files.entry((text(item, "type"), text(item, "count"))).or_default() += 1;
    }
    files
}

/// `extensions-are-objects`: every `extension` of the manifest and its items is an object.
pub(crate) fn extensions_are_objects(exchange: &Exchange, _context: &CheckContext<'_>) -> CheckOutcome {
    let Some(manifest) = manifest_of(exchange) else { return no_manifest() };
    let mut found = Vec::new();
    // null counts as absent, as for every optional member.
    if let Some(value) = manifest.get("extension").filter(|value| !value.is_null()) {
        found.push(("/extension".to_owned(), value));
    }
    for list in ["output", "deleted", "error", "link"] {
        for (n, item) in items(manifest, list).iter().enumerate() {
            if let Some(value) = item.get("extension").filter(|value| !value.is_null()) {
                found.push((format!("/{list}/{n}/extension"), value));
            }
        }
    }
    if found.is_empty() {
        return CheckOutcome::NotApplicable("the manifest has no extension".to_owned());
    }
    CheckOutcome::from_violations(
        found
            .into_iter()
            .filter(|(_, value)| !value.is_object())
            .map(|(place, value)| Violation::new(FindingPlace::body(place), "a JSON object", show::shape(Some(value))))
            .collect(),
    )
}
