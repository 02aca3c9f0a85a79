//! Checks of secrecy: guessable URLs, secrets in responses, and resources that the client must not receive.

use serde_json::Value;

use crate::check::context::CheckContext;
use crate::check::exchange::response;
use crate::check::outcome::{CheckOutcome, Violation};
use crate::check::{reasons, run_settings, show};
use crate::recording::model::Exchange;
use crate::recording::secrecy::{UrlGuessing, UrlVariety};
use crate::redact::secrets::REDACTED;
use crate::verdicts::finding_place::FindingPlace;

/// The recording's replacement for a user name and password before a host.
const USER: &str = "://redacted@";

/// The minimum number of URLs for a verdict.
const MIN_URLS: u32 = 3;

/// The random bits that a URL needs, as OWASP requires of session ids.
const MIN_BITS: u32 = 64;

/// Returns how many bits may be missing. A random number may have no sign, and a random position looks constant if few
/// URLs happen to agree there. The more URLs, the fewer such positions.
fn slack(seen: u32) -> u32 {
    (24 / seen.saturating_sub(1).max(1)).max(4)
}

/// `job-urls-hard-to-guess`: the part in which the polling URLs differ has enough random bits.
pub(crate) fn job_urls_hard_to_guess(_exchange: &Exchange, context: &CheckContext<'_>) -> CheckOutcome {
    hard_to_guess(FindingPlace::PollingUrls, context, |all| &all.jobs)
}

/// `file-urls-hard-to-guess`: the part in which the URLs of files without access control differ has enough random bits.
pub(crate) fn file_urls_hard_to_guess(_exchange: &Exchange, context: &CheckContext<'_>) -> CheckOutcome {
    hard_to_guess(FindingPlace::FileUrls, context, |all| &all.files)
}

fn hard_to_guess(
    what: FindingPlace,
    context: &CheckContext<'_>,
    of: impl Fn(&UrlGuessing) -> &UrlVariety,
) -> CheckOutcome {
    let Some(all) = context.index.recording.end.as_ref().and_then(|end| end.guessing.as_ref()) else {
        return CheckOutcome::Undecided("the recording has no facts about the URLs. Run again".to_owned());
    };
    let UrlVariety { seen, bits, span, clock, keyed } = *of(all);
    if seen < MIN_URLS {
        return CheckOutcome::NotShown(format!(
            "the run saw {seen} {what} of different jobs, and the test needs {MIN_URLS}"
        ));
    }
    if bits + slack(seen) >= MIN_BITS {
        return CheckOutcome::Holds;
    }
    if keyed {
        return CheckOutcome::NotApplicable("all of these URLs share a part that may be a secret key".to_owned());
    }
    let found = match (clock, span) {
        (true, _) => format!("{seen} URLs that differ only in the time of day"),
        (false, Some(span)) => format!("{seen} URLs that differ only in a number, all within {span} of each other"),
        (false, None) => format!("{seen} URLs that differ in about {bits} bits"),
    };
    CheckOutcome::Violated(vec![Violation::new(what, format!("at least {MIN_BITS} random bits in each URL"), found)])
}

/// `no-secret-shown`: neither the polling URL nor the body has a token of the run, or a name or password before a host.
/// A value that is only a token is ignored, because it may be meant for the client.
pub(crate) fn no_secret_shown(exchange: &Exchange, _context: &CheckContext<'_>) -> CheckOutcome {
    let Some(answer) = response(exchange) else {
        return CheckOutcome::NotApplicable(reasons::NO_RESPONSE.to_owned());
    };
    let mut violations = Vec::new();
    for name in ["content-location", "location"] {
        for line in answer.header_lines(name) {
            search_text(line, &FindingPlace::header(name), &mut violations);
        }
    }
    if let Some(json) = &answer.body.json {
        search_json(json, "", &mut violations);
    }
    CheckOutcome::from_violations(violations)
}

fn search_json(value: &Value, path: &str, violations: &mut Vec<Violation>) {
    match value {
        Value::String(text) => search_text(text, &FindingPlace::body(path), violations),
        Value::Array(items) => {
            items.iter().enumerate().for_each(|(n, item)| search_json(item, &format!("{path}/{n}"), violations));
        }
        Value::Object(fields) => {
            for (key, field) in fields.iter().filter(|(_, field)| field.as_str() != Some(REDACTED)) {
                search_json(field, &format!("{path}/{}", show::text(key).to_string().trim_matches('"')), violations);
            }
        }
        _ => {}
    }
}

fn search_text(text: &str, place: &FindingPlace, violations: &mut Vec<Violation>) {
    let mut found = |what: &str| {
        violations.push(Violation::new(place.clone(), "no token, user name or password", what));
    };
    if text.contains(USER) {
        found("a user name or password");
    }
    if shows_token(text) {
        found("the token of the client");
    }
}

/// Returns whether a text has a complete secret. A short secret may be part of a name by chance.
fn shows_token(text: &str) -> bool {
    text.match_indices(REDACTED).any(|(at, _)| {
        let before = text.get(..at).and_then(|before| before.chars().next_back());
        let after = text.get(at + REDACTED.len()..).and_then(|after| after.chars().next());
        let ends = |c: char| c.is_whitespace() || "=/:&?#,;()\"'".contains(c);
        before.is_none_or(ends) && after.is_none_or(ends)
    })
}

/// `kept-resources-stay`: the export has none of the resources that the client must not receive.
pub(crate) fn kept_resources_stay(exchange: &Exchange, context: &CheckContext<'_>) -> CheckOutcome {
    if !run_settings::forbids_resources(&context.index.recording.start) {
        let why = "the run names no resource that the client must not receive. Give --forbidden-resource";
        return CheckOutcome::NotApplicable(why.to_owned());
    }
    let Some(withheld) = context.index.facts(exchange).and_then(|facts| facts.withheld.as_ref()) else {
        return CheckOutcome::NotApplicable("no line of the file was read".to_owned());
    };
    CheckOutcome::or_violation(withheld.found == 0, || {
        let line = withheld.line.unwrap_or_default();
        let mut violation = Violation::new(
            FindingPlace::Line(line),
            "no resource that --forbidden-resource names",
            if withheld.found == 1 {
                "one of them".to_owned()
            } else {
                format!("{} of them, first here", withheld.found)
            },
        );
        violation.count = withheld.found;
        violation
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_distinguished_from_part_of_a_name() {
        for shown in
            ["[redacted]", "https://h/x?access_token=[redacted]", "https://h/[redacted]/f?x", "a [redacted], b"]
        {
            assert!(shows_token(shown), "{shown}");
        }
        for part in ["", "https://[redacted].example.org/x", "https://h/my-[redacted]/x", "x[redacted]"] {
            assert!(!shows_token(part), "{part}");
        }
    }

    #[test]
    fn a_value_that_is_only_a_token_is_no_leak() {
        let mut violations = Vec::new();
        let manifest = serde_json::json!({
            "request": "https://redacted@h/fhir/$export",
            "output": [{"url": "https://h/f?t=[redacted]", "extension": {"access_token": "[redacted]"}}],
        });
        search_json(&manifest, "", &mut violations);
        let places: Vec<String> = violations.iter().map(|one| one.place.to_string()).collect();
        assert_eq!(places, ["body /request", "body /output/0/url"]);
    }

    #[test]
    fn fewer_urls_have_more_slack() {
        assert_eq!([2, 3, 4, 9, 40].map(slack), [24, 12, 8, 4, 4]);
    }
}
