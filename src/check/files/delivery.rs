//! Checks of the delivery of files, and comparisons of two deliveries.

use std::collections::BTreeSet;

use base64::Engine;

use crate::check::context::CheckContext;
use crate::check::exchange::{items, manifest_of, no_manifest, response, saturating_sum};
use crate::check::missing::still_missing;
use crate::check::outcome::{CheckOutcome, Violation};
use crate::check::show::Shown;
use crate::check::{reasons, show};
use crate::recording::comparison::{FoundCount, Recheck};
use crate::recording::facts::LineFacts;
use crate::recording::model::{Exchange, Outcome, Response, TroubleKind};
use crate::suite::describe;
use crate::suite::line_rules::LineRule;
use crate::suite::model::FileList;
use crate::verdicts::finding_place::FindingPlace;

/// `same-file`: the probe received the same resources from the URL as the flow, compared by type and time.
pub(crate) fn same_file(exchange: &Exchange, context: &CheckContext<'_>) -> CheckOutcome {
    let Some(own) = context.index.facts(exchange).filter(|facts| facts.whole) else {
        return CheckOutcome::Undecided(reasons::FILE_INCOMPLETE.to_owned());
    };
    let Some(place) = exchange.file else {
        return CheckOutcome::NotApplicable("the exchange is not a request for a file".to_owned());
    };
    let first = context.index.files(&context.flow.name, place.list).into_iter().find(|(e, _)| e.file == Some(place));
    let Some((first, Some(facts))) = first.filter(|(_, facts)| facts.is_some_and(|facts| facts.whole)) else {
        return CheckOutcome::NotApplicable("the flow itself did not receive this file completely".to_owned());
    };
    // A file generated for each request may have its lines and keys in another order.
    let alike = |a: &LineFacts, b: &LineFacts| {
        (a.resources, &a.types, a.dated, &a.earliest, &a.latest)
            == (b.resources, &b.types, b.dated, &b.earliest, &b.latest)
            && a.resources > 0
    };
    CheckOutcome::or_violation(own.sha256 == facts.sha256 || alike(&own.lines, &facts.lines), || {
        let size = |lines: &LineFacts| format!("{} resources in {} bytes", lines.resources, lines.bytes);
        Violation::new(
            FindingPlace::whole_body(),
            format!("the {} of exchange {}", size(&facts.lines), first.id),
            size(&own.lines),
        )
    })
}

/// `same-resources`: the same resources as in the flow to compare with, except for those that changed in between.
pub(crate) fn same_resources(exchange: &Exchange, context: &CheckContext<'_>) -> CheckOutcome {
    if manifest_of(exchange).is_none() {
        return no_manifest();
    }
    let Some(compared) = context.compared else {
        return CheckOutcome::NotApplicable(reasons::NO_EXPORT_TO_COMPARE.to_owned());
    };
    let (Some(own), Some(other)) = (identities(context, &context.flow.name), identities(context, &compared.name))
    else {
        return CheckOutcome::Undecided(reasons::EXPORT_INCOMPLETE.to_owned());
    };
    let (more, fewer) = (own.difference(&other).count(), other.difference(&own).count());
    // The changes between the two exports, as second reads showed them.
    let comparison = context.flow.comparison.as_ref().filter(|comparison| comparison.flow == compared.name);
    let newer = comparison.map_or(0, |comparison| comparison.more.1);
    let recheck = comparison.and_then(|comparison| comparison.recheck.as_ref());
    let gone = recheck.map_or(0, Recheck::gone).min(fewer as u64);
    let seen_missing = comparison.map_or(0, |comparison| {
        saturating_sum(comparison.types.values().map(|kept| kept.expected.saturating_sub(kept.found)))
    });
    // Resources that are not part of the comparison were not read again.
    let recheck = recheck.filter(|recheck| recheck.unknown() > 0 || fewer as u64 <= seen_missing);
    let kept = FoundCount { expected: other.len() as u64, found: other.len().saturating_sub(fewer) as u64 };
    let lost = match still_missing(kept, gone, recheck) {
        Ok(lost) => lost,
        Err(undecided) if more as u64 <= newer => return undecided,
        Err(_) => fewer as u64,
    };
    CheckOutcome::or_violation(lost == 0 && more as u64 <= newer, || {
        Violation::new(
            FindingPlace::body("/output"),
            format!("the {} resources of flow {}", other.len(), compared.name),
            format!("{} resources: {more} additional, {fewer} missing", own.len()),
        )
    })
}

/// Returns the hashed identities of all resources of a flow, if every output file was received completely.
fn identities(context: &CheckContext<'_>, flow: &str) -> Option<BTreeSet<[u8; 8]>> {
    let (_, manifest) = context.index.manifest(flow)?;
    let files = context.index.files(flow, FileList::Output);
    if files.len() < items(manifest, "output").len() {
        return None;
    }
    let mut all = BTreeSet::new();
    for (_, facts) in files {
        let facts = facts.filter(|facts| facts.whole)?;
        let bytes = base64::engine::general_purpose::STANDARD.decode(facts.identity.as_ref()?).ok()?;
        all.extend(bytes.chunks_exact(8).filter_map(|chunk| <[u8; 8]>::try_from(chunk).ok()));
    }
    Some(all)
}

/// `ndjson-format`: the file is NDJSON, by its Content-Type or by its content. Another test judges the Content-Type of
/// NDJSON.
pub(crate) fn ndjson_format(exchange: &Exchange, context: &CheckContext<'_>) -> CheckOutcome {
    let Some(answer) = response(exchange) else {
        return CheckOutcome::Undecided(reasons::NO_RESPONSE.to_owned());
    };
    if answer.media_types().iter().any(|media| *media == "application/fhir+ndjson") {
        return CheckOutcome::Holds;
    }
    let Some(facts) = context.index.facts(exchange).filter(|facts| facts.whole) else {
        return CheckOutcome::Undecided(reasons::FILE_INCOMPLETE.to_owned());
    };
    let of_format = |rule: LineRule| {
        matches!(
            rule,
            LineRule::NotJson
                | LineRule::NotObject
                | LineRule::Array
                | LineRule::PrettyPrinted
                | LineRule::ResourceTypeMissing
                | LineRule::CompressedUnlabelled
        )
    };
    match facts.lines.findings.iter().find(|found| of_format(found.rule)) {
        Some(found) => CheckOutcome::Violated(vec![Violation::new(
            FindingPlace::whole_body(),
            "application/fhir+ndjson",
            Shown::from(found.actual.clone()),
        )]),
        None if facts.lines.lines == 0 => {
            CheckOutcome::NotShown("the file has no line that shows its format".to_owned())
        }
        None => CheckOutcome::Holds,
    }
}

/// `allowed-encoding`: Content-Encoding is absent, identity, gzip, or one that the request offered, and the body can be
/// decoded.
pub(crate) fn allowed_encoding(exchange: &Exchange, context: &CheckContext<'_>) -> CheckOutcome {
    let Some(answer) = response(exchange) else {
        return CheckOutcome::Undecided(reasons::NO_RESPONSE.to_owned());
    };
    let offered: BTreeSet<String> = exchange
        .request
        .headers
        .iter()
        .filter(|(name, _)| name.eq_ignore_ascii_case("accept-encoding"))
        .flat_map(|(_, value)| value.split(','))
        .map(|coding| coding.split(';').next().unwrap_or_default().trim().to_ascii_lowercase())
        .collect();
    let codings: Vec<String> = answer
        .header_lines("content-encoding")
        .flat_map(|value| value.split(','))
        .map(|coding| coding.trim().to_ascii_lowercase())
        .filter(|coding| !coding.is_empty())
        .collect();
    let strange = codings.iter().find(|coding| {
        !matches!(coding.as_str(), "identity" | "gzip" | "x-gzip") && !offered.contains(coding.as_str())
    });
    if let Some(coding) = strange {
        let expected = "none, identity, gzip, or a coding that Accept-Encoding offered";
        return CheckOutcome::Violated(vec![Violation::new(
            FindingPlace::header("Content-Encoding"),
            expected,
            show::text(coding),
        )]);
    }
    match (&answer.broken, context.index.facts(exchange)) {
        // Two content codings are legal HTTP, but Plimsoll decodes only one.
        (Some(trouble), _) if codings.len() > 1 => CheckOutcome::Undecided(trouble.message.clone()),
        (Some(trouble), _) if trouble.kind == TroubleKind::Protocol && !codings.is_empty() => {
            CheckOutcome::Violated(vec![Violation::new(
                FindingPlace::whole_body(),
                format!("a body encoded as {}", codings.join(", ")),
                trouble.message.clone(),
            )])
        }
        (Some(trouble), _) => CheckOutcome::Undecided(trouble.message.clone()),
        _ => CheckOutcome::Holds,
    }
}

/// Returns whether gzip is the only Content-Encoding.
fn is_gzip(answer: &Response) -> bool {
    let mut codings = answer.header_lines("content-encoding");
    let gzip =
        codings.next().is_some_and(|coding| matches!(coding.trim().to_ascii_lowercase().as_str(), "gzip" | "x-gzip"));
    gzip && codings.next().is_none()
}

/// `delivered`: 200 with the complete file. Interrupted connections, origins that may not receive the token and private
/// addresses are not violations.
pub(crate) fn delivered(exchange: &Exchange, _context: &CheckContext<'_>) -> CheckOutcome {
    match &exchange.outcome {
        Outcome::NoResponse(trouble) => CheckOutcome::Undecided(trouble.message.clone()),
        Outcome::Handshake(_) => CheckOutcome::NotApplicable(reasons::HANDSHAKE.to_owned()),
        // Rate limits, gateways and credentials prove nothing about the file, even after all retries.
        Outcome::Response(answer) if matches!(answer.status, 401 | 403 | 429 | 502 | 503 | 504) => {
            CheckOutcome::Undecided(reasons::last_attempt_returned(answer.status))
        }
        Outcome::Response(answer) if answer.status != 200 => CheckOutcome::Violated(vec![Violation::new(
            FindingPlace::Status,
            "200 OK with the file",
            describe::status(answer.status),
        )]),
        Outcome::Response(answer) => match &answer.broken {
            // The transfer was complete, but the bytes cannot be decoded.
            Some(trouble) if trouble.kind == TroubleKind::Protocol && is_gzip(answer) => {
                CheckOutcome::Violated(vec![Violation::new(
                    FindingPlace::whole_body(),
                    "a file encoded as gzip, as in Content-Encoding",
                    trouble.message.clone(),
                )])
            }
            Some(trouble) => CheckOutcome::Undecided(trouble.message.clone()),
            None => CheckOutcome::Holds,
        },
    }
}
