//! Checks that need the facts of files.

use std::collections::{BTreeMap, BTreeSet};

use base64::Engine;
use serde_json::Value;

use crate::check::context::{CheckContext, CheckOutcome, Violation, items, manifest_of, no_manifest, response, sum};
use crate::check::ownership::still_missing;
use crate::check::show;
use crate::recording::facts::{FileFacts, KeptProfiles, LineFacts, Recheck};
use crate::recording::model::{Exchange, Outcome, Response, TroubleKind};
use crate::suite::line_rules::LineRule;
use crate::suite::model::FileList;

/// The facts of the flow's files by their place in `list`, of those that came whole.
pub(crate) fn whole<'a>(context: &CheckContext<'a>, list: FileList) -> BTreeMap<usize, (&'a Exchange, &'a FileFacts)> {
    context
        .index
        .files(&context.flow.name, list)
        .into_iter()
        .filter_map(|(exchange, facts)| {
            let facts = facts.filter(|facts| facts.whole)?;
            let fetched = response(exchange).is_some_and(|r| (200..300).contains(&r.status));
            fetched.then_some(())?;
            Some((exchange.file?.index, (exchange, facts)))
        })
        .collect()
}

/// `count-equals-lines`: wherever `count` is a number and the file was read whole.
pub fn count_equals_lines(exchange: &Exchange, context: &CheckContext<'_>) -> CheckOutcome {
    let Some(manifest) = manifest_of(exchange) else { return no_manifest() };
    let lists = [("output", whole(context, FileList::Output)), ("error", whole(context, FileList::Error))];
    let mut broken = Vec::new();
    let (mut compared, mut uncounted) = (false, false);
    let all = lists.iter().flat_map(|(list, files)| {
        let items = items(manifest, list).iter().enumerate();
        items.filter_map(move |(n, item)| Some((list, n, item.get("count")?, files.get(&n)?)))
    });
    for (list, n, given, (file, facts)) in all {
        let Some(count) = given.as_f64() else { continue };
        // A line that is broken was meant to be a resource; its own test says so, this one does not say it again.
        let lines = facts.lines.lines;
        if facts.lines.resources as f64 != count && lines as f64 != count {
            if !facts.lines.findings.iter().all(|finding| is_countable(finding.rule)) {
                uncounted = true;
                continue;
            }
            broken.push(Violation::new(
                "body",
                format!("body /{list}/{n}/count"),
                format!("{lines}, the lines of the file (exchange {})", file.id),
                show::shape(Some(given)),
            ));
        }
        compared = true;
    }
    match (compared, uncounted) {
        (true, _) => CheckOutcome::from_violations(broken),
        (false, true) => CheckOutcome::Nothing("the resources cannot be counted: the files are no NDJSON".to_owned()),
        (false, false) => CheckOutcome::Nothing("no item with a count was read whole".to_owned()),
    }
}

/// Whether lines can still be told apart and counted in a file that breaks `rule`.
fn is_countable(rule: LineRule) -> bool {
    !matches!(
        rule,
        LineRule::Array
            | LineRule::PrettyPrinted
            | LineRule::TwoOnOneLine
            | LineRule::CompressedUnlabelled
            | LineRule::Utf8
            | LineRule::TooDeep
            | LineRule::LineTooLong
    )
}

/// `empty-output-when-nothing`: where the files hold no resource at all, `output` is `[]`.
pub fn empty_output_when_nothing(exchange: &Exchange, context: &CheckContext<'_>) -> CheckOutcome {
    let Some(manifest) = manifest_of(exchange) else { return no_manifest() };
    let value = manifest.get("output");
    if value.is_none() {
        return CheckOutcome::Nothing("the manifest has no output".to_owned());
    }
    let listed = items(manifest, "output");
    let files = whole(context, FileList::Output);
    if !listed.is_empty() && (files.len() < listed.len() || files.values().any(|(_, f)| !is_empty(f))) {
        return CheckOutcome::Nothing("something was exported".to_owned());
    }
    CheckOutcome::or_violation(value.and_then(Value::as_array).is_some_and(Vec::is_empty), || {
        let actual = match listed.len() {
            0 => show::shape(value),
            n => format!("{n} items whose files are empty"),
        };
        Violation::new("body", "body /output", "an empty array, for nothing was exported", actual)
    })
}

/// `empty-error-when-nothing`: `error` is not null, and no file listed there is empty.
pub fn empty_error_when_nothing(exchange: &Exchange, context: &CheckContext<'_>) -> CheckOutcome {
    let Some(manifest) = manifest_of(exchange) else { return no_manifest() };
    if manifest.get("error").is_some_and(Value::is_null) {
        return CheckOutcome::No(vec![Violation::new(
            "body",
            "body /error",
            "an array, empty where there is nothing",
            "null",
        )]);
    }
    if manifest.get("error").and_then(Value::as_array).is_some_and(Vec::is_empty) {
        return CheckOutcome::Yes;
    }
    empty_items(context, FileList::Error)
}

/// `no-empty-files`: no item of `output` whose file holds nothing.
pub fn no_empty_files(exchange: &Exchange, context: &CheckContext<'_>) -> CheckOutcome {
    if manifest_of(exchange).is_none() {
        return no_manifest();
    }
    empty_items(context, FileList::Output)
}

/// Whether a file holds nothing: no line, and nothing that could not be read as lines.
fn is_empty(facts: &FileFacts) -> bool {
    facts.lines.lines == 0 && facts.lines.findings.iter().all(|finding| finding.rule == LineRule::BlankLine)
}

fn empty_items(context: &CheckContext<'_>, list: FileList) -> CheckOutcome {
    let files = whole(context, list);
    if files.is_empty() {
        return CheckOutcome::Nothing(format!("no file under {list} was read"));
    }
    CheckOutcome::from_violations(
        files
            .iter()
            .filter(|(_, (_, facts))| is_empty(facts))
            .map(|(n, (file, _))| {
                Violation::new(
                    "body",
                    format!("body /{list}/{n}"),
                    "only files that hold something",
                    format!("a file without a line (exchange {})", file.id),
                )
            })
            .collect(),
    )
}

/// `nothing-after-transaction-time`: every `meta.lastUpdated` at most a second later than `transactionTime`.
pub fn nothing_after_transaction_time(exchange: &Exchange, context: &CheckContext<'_>) -> CheckOutcome {
    let Some(facts) = context.index.facts(exchange) else {
        return CheckOutcome::Unknown("the recording holds no facts of this file".to_owned());
    };
    if facts.lines.dated == 0 {
        return CheckOutcome::Nothing("no resource has a meta.lastUpdated".to_owned());
    }
    let late = facts.lines.after_transaction_time;
    CheckOutcome::or_violation(late == 0, || {
        let line = facts.lines.first_after_transaction_time.unwrap_or(1);
        let latest = facts.lines.latest.as_deref().unwrap_or_default();
        // The place within the line is not kept, so none is made up.
        let mut broken = Violation::new(
            "none",
            format!("line {line}"),
            "meta.lastUpdated no later than the manifest's transactionTime",
            format!("a later one; the latest of the file is {}", show::text(latest)),
        );
        broken.count = late;
        broken
    })
}

/// `deleted-not-in-output`: no resource that a `deleted` file lists is in an output file.
pub fn deleted_not_in_output(exchange: &Exchange, context: &CheckContext<'_>) -> CheckOutcome {
    let Some(facts) = context.index.facts(exchange) else {
        return CheckOutcome::Unknown("the recording holds no facts of this file".to_owned());
    };
    let both = facts.lines.deleted_in_output;
    CheckOutcome::or_violation(both == 0, || {
        let mut broken = Violation::new(
            "none",
            "entries",
            "resources that no output file holds",
            format!("{both} that output files hold too"),
        );
        broken.count = both;
        broken
    })
}

/// `patient-listed`: where anything is listed, an item of type Patient is; and something is, where a Group has members
/// and other exports hold patients.
pub fn patient_listed(exchange: &Exchange, context: &CheckContext<'_>) -> CheckOutcome {
    let Some(manifest) = manifest_of(exchange) else { return no_manifest() };
    let output = items(manifest, "output");
    if output.is_empty() {
        let members = context.flow.census.as_ref().map_or(0, |census| census.members);
        // Whether patients are exported at all, other exports show.
        let listed = |flow| context.index.files(flow, FileList::Output).into_iter().filter_map(|(_, facts)| facts);
        let others = ["system", "patient"].into_iter().flat_map(listed);
        if members == 0 || !others.into_iter().any(|facts| facts.lines.types.contains_key("Patient")) {
            return CheckOutcome::Nothing("nothing was exported".to_owned());
        }
        let expected = format!("an item of type Patient, for the Group lists members: {members}");
        return CheckOutcome::No(vec![Violation::new("body", "body /output", expected, "nothing")]);
    }
    if context.flow.params.iter().any(|(name, _)| name == "_type") {
        return CheckOutcome::Nothing("the types were restricted by the settings".to_owned());
    }
    let types: BTreeSet<&str> = output.iter().filter_map(|item| item.get("type").and_then(Value::as_str)).collect();
    if types.is_empty() {
        return CheckOutcome::Nothing("no item names its type".to_owned());
    }
    CheckOutcome::or_violation(types.contains("Patient"), || {
        let actual = types.iter().take(8).copied().collect::<Vec<_>>().join(", ");
        Violation::new(
            "body",
            "body /output",
            "an item of type Patient",
            format!("items of type {}", show::text(&actual)),
        )
    })
}

/// `no-outcome-in-output`: neither an item's type nor a line is OperationOutcome.
pub fn no_outcome_in_output(exchange: &Exchange, context: &CheckContext<'_>) -> CheckOutcome {
    let Some(manifest) = manifest_of(exchange) else { return no_manifest() };
    let expected = "no OperationOutcome; messages are listed under error";
    let files = whole(context, FileList::Output);
    let mut broken = Vec::new();
    for (n, item) in items(manifest, "output").iter().enumerate() {
        if item.get("type").and_then(Value::as_str) == Some("OperationOutcome") {
            let place = format!("body /output/{n}/type");
            broken.push(Violation::new("body", place, expected, "the string \"OperationOutcome\""));
        } else if let Some((file, facts)) = files.get(&n)
            && let Some(count) = facts.lines.types.get("OperationOutcome")
        {
            let mut found = Violation::new("none", "lines", expected, format!("{count} lines with one"));
            found.count = *count;
            broken.push(found.shown_by(file.id));
        }
    }
    CheckOutcome::from_violations(broken)
}

/// `lenient-reported`: the error files hold an OperationOutcome, whatever it says.
pub fn lenient_reported(exchange: &Exchange, context: &CheckContext<'_>) -> CheckOutcome {
    let Some(manifest) = manifest_of(exchange) else { return no_manifest() };
    let listed = items(manifest, "error").len();
    let files = whole(context, FileList::Error);
    if files.values().any(|(_, facts)| facts.lines.types.contains_key("OperationOutcome")) {
        return CheckOutcome::Yes;
    }
    if files.len() < listed || files.values().any(|(_, f)| f.lines.types.is_empty() && !is_empty(f)) {
        return CheckOutcome::Unknown("not every error file could be read".to_owned());
    }
    let names: Vec<&str> = context.flow.params.iter().map(|(name, _)| name.as_str()).collect();
    CheckOutcome::No(vec![Violation::new(
        "body",
        "body /error",
        format!("a file with an OperationOutcome about {}", names.join(", ")),
        if listed == 0 { show::shape(manifest.get("error")) } else { "files without one".to_owned() },
    )])
}

/// `same-file`: the probe got the resources that the flow got from the same URL, as many of each type and of the same time.
pub fn same_file(exchange: &Exchange, context: &CheckContext<'_>) -> CheckOutcome {
    let Some(own) = context.index.facts(exchange).filter(|facts| facts.whole) else {
        return CheckOutcome::Unknown("the file did not come whole".to_owned());
    };
    let Some(place) = exchange.file else { return CheckOutcome::Nothing("no file was asked for".to_owned()) };
    let first = context.index.files(&context.flow.name, place.list).into_iter().find(|(e, _)| e.file == Some(place));
    let Some((first, Some(facts))) = first.filter(|(_, facts)| facts.is_some_and(|facts| facts.whole)) else {
        return CheckOutcome::Nothing("the flow itself did not get this file".to_owned());
    };
    // A file that is made anew for each request may have its lines, and the keys in them, in another order.
    let alike = |a: &LineFacts, b: &LineFacts| {
        (a.resources, &a.types, a.dated, &a.earliest, &a.latest)
            == (b.resources, &b.types, b.dated, &b.earliest, &b.latest)
            && a.resources > 0
    };
    CheckOutcome::or_violation(own.sha256 == facts.sha256 || alike(&own.lines, &facts.lines), || {
        let said = |lines: &LineFacts| format!("{} resources in {} bytes", lines.resources, lines.bytes);
        Violation::new("body", "body", format!("the {} of exchange {}", said(&facts.lines), first.id), said(&own.lines))
    })
}

/// `same-resources`: the same resources as the flow beside it, but for those that changed in between.
pub fn same_resources(exchange: &Exchange, context: &CheckContext<'_>) -> CheckOutcome {
    if manifest_of(exchange).is_none() {
        return no_manifest();
    }
    let Some(compared) = context.compared else {
        return CheckOutcome::Nothing("no export at the same level was made to compare it with".to_owned());
    };
    let (Some(own), Some(other)) = (identities(context, &context.flow.name), identities(context, &compared.name))
    else {
        return CheckOutcome::Unknown("one of the two exports was not read whole".to_owned());
    };
    let (more, fewer) = (own.difference(&other).count(), other.difference(&own).count());
    // What came or went between the two exports, as a second look showed.
    let comparison = context.flow.comparison.as_ref().filter(|comparison| comparison.flow == compared.name);
    let newer = comparison.map_or(0, |comparison| comparison.more.1);
    let recheck = comparison.and_then(|comparison| comparison.recheck.as_ref());
    let gone = recheck.map_or(0, Recheck::gone).min(fewer as u64);
    let seen_missing = comparison
        .map_or(0, |comparison| sum(comparison.types.values().map(|kept| kept.expected.saturating_sub(kept.found))));
    // Resources that the comparison leaves out were never read again.
    let recheck = recheck.filter(|recheck| recheck.unknown() > 0 || fewer as u64 <= seen_missing);
    let kept = KeptProfiles { expected: other.len() as u64, found: other.len().saturating_sub(fewer) as u64 };
    let lost = match still_missing(kept, gone, recheck) {
        Ok(lost) => lost,
        Err(undecided) if more as u64 <= newer => return undecided,
        Err(_) => fewer as u64,
    };
    CheckOutcome::or_violation(lost == 0 && more as u64 <= newer, || {
        Violation::new(
            "body",
            "body /output",
            format!("the {} resources of flow {}", other.len(), compared.name),
            format!("{} resources: {more} that it has not, {fewer} of its missing", own.len()),
        )
    })
}

/// The hashed identities of all resources of a flow, if every output file was read whole.
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

/// `allowed-encoding`: absent, identity, gzip, or one that the request offered; and it can be undone.
pub fn allowed_encoding(exchange: &Exchange, context: &CheckContext<'_>) -> CheckOutcome {
    let Some(answer) = response(exchange) else { return CheckOutcome::Unknown("there is no answer".to_owned()) };
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
        return CheckOutcome::No(vec![Violation::new(
            "header",
            "header Content-Encoding",
            expected,
            show::text(coding),
        )]);
    }
    match (&answer.broken, context.index.facts(exchange)) {
        // Coded twice is legal HTTP; that we undo one coding only is our limit.
        (Some(trouble), _) if codings.len() > 1 => CheckOutcome::Unknown(trouble.message.clone()),
        (Some(trouble), _) if trouble.kind == TroubleKind::Protocol && !codings.is_empty() => {
            CheckOutcome::No(vec![Violation::new(
                "body",
                "body",
                format!("a body in {}", codings.join(", ")),
                trouble.message.clone(),
            )])
        }
        (Some(trouble), _) => CheckOutcome::Unknown(trouble.message.clone()),
        _ => CheckOutcome::Yes,
    }
}

/// Whether Content-Encoding says gzip and no more.
fn says_gzip(answer: &Response) -> bool {
    let mut codings = answer.header_lines("content-encoding");
    let gzip =
        codings.next().is_some_and(|coding| matches!(coding.trim().to_ascii_lowercase().as_str(), "gzip" | "x-gzip"));
    gzip && codings.next().is_none()
}

/// `delivered`: 200, and the whole of it. A cut connection, an origin that may not see the token, a private address are
/// no verdict on the server.
pub fn delivered(exchange: &Exchange, _scene: &CheckContext<'_>) -> CheckOutcome {
    match &exchange.outcome {
        Outcome::NoResponse(trouble) => CheckOutcome::Unknown(trouble.message.clone()),
        Outcome::Handshake(_) => CheckOutcome::Nothing("a handshake is no file".to_owned()),
        // Rates and gateways say nothing of the file, however often they are met with patience; nor does a question of
        // credentials.
        Outcome::Response(answer) if matches!(answer.status, 401 | 403 | 429 | 502 | 503 | 504) => {
            CheckOutcome::Unknown(format!("it was answered {} to the last", answer.status))
        }
        Outcome::Response(answer) if answer.status != 200 => {
            CheckOutcome::No(vec![Violation::new("status", "status", "200, with the file", answer.status.to_string())])
        }
        Outcome::Response(answer) => match &answer.broken {
            // The bytes are those that were sent, and nobody can read them.
            Some(trouble) if trouble.kind == TroubleKind::Protocol && says_gzip(answer) => {
                CheckOutcome::No(vec![Violation::new(
                    "body",
                    "body",
                    "the file in gzip, as Content-Encoding says",
                    trouble.message.clone(),
                )])
            }
            Some(trouble) => CheckOutcome::Unknown(trouble.message.clone()),
            None => CheckOutcome::Yes,
        },
    }
}
