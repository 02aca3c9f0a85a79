//! Checks of secrecy: URLs that can be guessed, secrets in responses, resources that the client must not receive.

use serde_json::Value;

use crate::check::context::CheckContext;
use crate::check::exchange::response;
use crate::check::outcome::{CheckOutcome, Violation};
use crate::check::{run_settings, show};
use crate::recording::model::Exchange;
use crate::recording::secrecy::{UrlGuessing, UrlVariety};
use crate::redact::secrets::REDACTED;
use crate::verdicts::finding_place::FindingPlace;

/// The recording's replacement for a user name and password before a host.
const USER: &str = "://redacted@";

/// The fewest URLs that allow a verdict.
const MIN_URLS: u32 = 3;

/// The random bits that a URL needs, as OWASP demands of session ids.
const MIN_BITS: u32 = 64;

/// How many bits may be missing: a random number may lack its sign, and a random position looks constant if few names
/// happen to agree there. The more names, the fewer such positions.
fn slack(seen: u32) -> u32 {
    (24 / seen.saturating_sub(1).max(1)).max(4)
}

/// `job-urls-hard-to-guess`: the differing part of the run's polling URLs has enough random bits.
pub(crate) fn job_urls_hard_to_guess(_exchange: &Exchange, context: &CheckContext<'_>) -> CheckOutcome {
    hard_to_guess(FindingPlace::PollingUrls, context, |all| &all.jobs)
}

/// `file-urls-hard-to-guess`: the same for the URLs of files that need no token.
pub(crate) fn file_urls_hard_to_guess(_exchange: &Exchange, context: &CheckContext<'_>) -> CheckOutcome {
    hard_to_guess(FindingPlace::FileUrls, context, |all| &all.files)
}

fn hard_to_guess(
    what: FindingPlace,
    context: &CheckContext<'_>,
    of: impl Fn(&UrlGuessing) -> &UrlVariety,
) -> CheckOutcome {
    let Some(all) = context.index.recording.end.as_ref().and_then(|end| end.guessing.as_ref()) else {
        return CheckOutcome::Undecided(
            "the recording does not say what the URLs are made of; a new run does".to_owned(),
        );
    };
    let UrlVariety { seen, bits, span, clock, keyed } = *of(all);
    if seen < MIN_URLS {
        return CheckOutcome::NotShown(format!("{seen} {what} of different jobs were seen; it takes {MIN_URLS}"));
    }
    if bits + slack(seen) >= MIN_BITS {
        return CheckOutcome::Holds;
    }
    if keyed {
        return CheckOutcome::NotApplicable(
            "something that stands in all of these URLs may be the key to them".to_owned(),
        );
    }
    let found = match (clock, span) {
        (true, _) => format!("{seen} that differ by the time of day alone"),
        (false, Some(span)) => format!("{seen} that differ by a number alone, all within {span} of each other"),
        (false, None) => format!("{seen} that differ by about {bits} bits"),
    };
    CheckOutcome::Violated(vec![Violation::new(what, format!("{MIN_BITS} bits of chance in each"), found)])
}

/// `no-secret-shown`: neither the polling URL nor the body shows a token of the run, or a name or password before a
/// host. A value under a token's key is ignored, because it may be meant for the client.
pub(crate) fn no_secret_shown(exchange: &Exchange, _context: &CheckContext<'_>) -> CheckOutcome {
    let Some(answer) = response(exchange) else { return CheckOutcome::NotApplicable("there is no answer".to_owned()) };
    let mut broken = Vec::new();
    for name in ["content-location", "location"] {
        for line in answer.header_lines(name) {
            look(line, &FindingPlace::header(name), &mut broken);
        }
    }
    if let Some(json) = &answer.body.json {
        within(json, "", &mut broken);
    }
    CheckOutcome::from_violations(broken)
}

fn within(value: &Value, path: &str, broken: &mut Vec<Violation>) {
    match value {
        Value::String(text) => look(text, &FindingPlace::body(path), broken),
        Value::Array(items) => {
            items.iter().enumerate().for_each(|(n, item)| within(item, &format!("{path}/{n}"), broken));
        }
        Value::Object(fields) => {
            for (key, field) in fields.iter().filter(|(_, field)| field.as_str() != Some(REDACTED)) {
                within(field, &format!("{path}/{}", show::text(key).to_string().trim_matches('"')), broken);
            }
        }
        _ => {}
    }
}

fn look(text: &str, place: &FindingPlace, broken: &mut Vec<Violation>) {
    let mut found = |what: &str| {
        broken.push(Violation::new(place.clone(), "a URL that anybody may see", format!("one with {what} in it")));
    };
    if text.contains(USER) {
        found("a user's name or password");
    }
    if shows_token(text) {
        found("the client's own token");
    }
}

/// Whether a text shows a whole secret: a short secret may be part of a name by chance.
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
        let why = "no resource is named that the client must never be given, which --forbidden-resource does";
        return CheckOutcome::NotApplicable(why.to_owned());
    }
    let Some(withheld) = context.index.facts(exchange).and_then(|facts| facts.withheld.as_ref()) else {
        return CheckOutcome::NotApplicable("no lines were read".to_owned());
    };
    CheckOutcome::or_violation(withheld.found == 0, || {
        let line = withheld.line.unwrap_or_default();
        let mut broken = Violation::new(
            FindingPlace::Line(line),
            "no resource that was named as kept from this client",
            if withheld.found == 1 { "one".to_owned() } else { format!("{} of them, this the first", withheld.found) },
        );
        broken.count = withheld.found;
        broken
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_told_from_a_part_of_a_name() {
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
    fn what_is_given_under_the_name_of_a_token_is_no_leak() {
        let mut broken = Vec::new();
        let manifest = serde_json::json!({
            "request": "https://redacted@h/fhir/$export",
            "output": [{"url": "https://h/f?t=[redacted]", "extension": {"access_token": "[redacted]"}}],
        });
        within(&manifest, "", &mut broken);
        let places: Vec<String> = broken.iter().map(|one| one.place.to_string()).collect();
        assert_eq!(places, ["body /request", "body /output/0/url"]);
    }

    #[test]
    fn the_fewer_names_the_more_may_happen_to_be_alike() {
        assert_eq!([2, 3, 4, 9, 40].map(slack), [24, 12, 8, 4, 4]);
    }
}
