//! Checks of partial manifests: those that a running job returns, and those that other manifests link to.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::base::instant::Instant;
use crate::check::context::CheckContext;
use crate::check::exchange::{items, manifest_of, no_manifest};
use crate::check::outcome::{CheckOutcome, Violation};
use crate::check::{reasons, show};
use crate::recording::model::{Exchange, Role};
use crate::suite::model::FileList;
use crate::verdicts::finding_place::FindingPlace;

/// Returns the fields of a manifest that must not change, with instants in one form.
fn fields(manifest: &Value) -> BTreeMap<&str, String> {
    const FIXED: [&str; 4] = ["transactionTime", "request", "requiresAccessToken", "outputOrganizedBy"];
    let text = |key: &str| match manifest.get(key).filter(|value| !value.is_null()) {
        None => String::new(),
        Some(Value::String(text)) if key == "transactionTime" => {
            Instant::parse(text).map_or_else(|| text.clone(), |instant| instant.to_string())
        }
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
    };
    FIXED.iter().map(|key| (*key, text(key))).collect()
}

fn differing(first: &Value, second: &Value, shown_in: u32) -> Vec<Violation> {
    let (was, is) = (fields(first), fields(second));
    was.iter()
        .filter(|(key, value)| is.get(*key) != Some(*value))
        .map(|(key, _)| {
            Violation::new(
                FindingPlace::body(format!("/{key}")),
                show::shape(first.get(*key)).map(|value| format!("{value}, as in exchange {shown_in}")),
                show::shape(second.get(*key)),
            )
        })
        .collect()
}

/// Returns how many items of each type and count a list has.
fn tally(manifest: &Value, list: FileList) -> BTreeMap<(String, String), usize> {
    let mut items_by_kind = BTreeMap::new();
    let text = |item: &Value, key: &str| {
        item.get(key).filter(|value| !value.is_null()).map(Value::to_string).unwrap_or_default()
    };
    for item in items(manifest, list.as_str()) {
        *items_by_kind.entry((text(item, "type"), text(item, "count"))).or_default() += 1;
    }
    items_by_kind
}

/// `manifest-unaltered`: a manifest that a running job returned does not change later. `link`, the order of items and
/// their URLs may change.
pub(crate) fn manifest_unaltered(exchange: &Exchange, context: &CheckContext<'_>) -> CheckOutcome {
    let Some(manifest) = manifest_of(exchange) else { return no_manifest() };
    let polls = context.index.exchanges(&context.flow.name).iter().copied().filter(|poll| poll.role == Role::Poll);
    let first = polls.filter_map(|poll| Some((poll, manifest_of(poll)?))).find(|(poll, _)| poll.id < exchange.id);
    let Some((first, before)) = first else {
        return CheckOutcome::NotApplicable("the flow received no manifest before this one".to_owned());
    };
    let mut violations = differing(before, manifest, first.id);
    for list in FileList::ALL.iter().copied() {
        let (was, is) = (tally(before, list), tally(manifest, list));
        if was != is {
            let total = |files: &BTreeMap<_, usize>| files.values().sum::<usize>();
            let differ = if total(&was) == total(&is) { " with other types or counts" } else { "" };
            violations.push(Violation::new(
                FindingPlace::body(format!("/{list}")),
                format!("the {} files of exchange {}; later files must be in a linked manifest", total(&was), first.id),
                format!("{} files{differ}", total(&is)),
            ));
        }
    }
    CheckOutcome::from_violations(violations)
}

/// `fields-of-first-page`: a linked manifest repeats `transactionTime`, `request`, `requiresAccessToken`,
/// `outputOrganizedBy` and `error` of the first manifest.
pub(crate) fn fields_of_first_page(exchange: &Exchange, context: &CheckContext<'_>) -> CheckOutcome {
    let Some(manifest) = manifest_of(exchange) else { return no_manifest() };
    match context.index.manifest(&context.flow.name) {
        Some((first, before)) => {
            let mut violations = differing(before, manifest, first.id);
            let lacks = |manifest: &Value| manifest.get("error").is_none_or(Value::is_null);
            if lacks(manifest) && !lacks(before) {
                let expected = format!("an array, as in exchange {}", first.id);
                violations.push(Violation::new(
                    FindingPlace::body("/error"),
                    expected,
                    show::shape(manifest.get("error")),
                ));
            }
            CheckOutcome::from_violations(violations)
        }
        None => no_manifest(),
    }
}

/// `one-next-link`: `link` has one object with a `url`, and the flow has not fetched this URL before.
pub(crate) fn one_next_link(exchange: &Exchange, context: &CheckContext<'_>) -> CheckOutcome {
    let Some(manifest) = manifest_of(exchange) else { return no_manifest() };
    let links = match manifest.get("link") {
        None | Some(Value::Null) => return CheckOutcome::NotApplicable("the manifest has no link".to_owned()),
        Some(Value::Array(links)) if links.is_empty() => {
            return CheckOutcome::NotApplicable("the manifest has no link".to_owned());
        }
        Some(Value::Array(links)) => links,
        other => {
            return CheckOutcome::Violated(vec![Violation::new(
                FindingPlace::body("/link"),
                "an array",
                show::shape(other),
            )]);
        }
    };
    let url = links.first().and_then(|link| link.get("url")).and_then(Value::as_str);
    let Some(url) = url.filter(|_| links.len() == 1) else {
        let actual = match links.len() {
            1 => "one object without a url".to_owned(),
            n => format!("{n} items"),
        };
        return CheckOutcome::Violated(vec![Violation::new(
            FindingPlace::body("/link"),
            "one object with relation and url",
            actual,
        )]);
    };
    let before = context.index.exchanges(&context.flow.name).iter().copied();
    let known = before.filter(|e| e.id <= exchange.id && matches!(e.role, Role::Poll | Role::Page));
    CheckOutcome::or_violation(!known.into_iter().any(|e| e.request.url == url), || {
        let expected = "the URL of a manifest that the flow has not fetched";
        Violation::new(
            FindingPlace::body("/link/0/url"),
            expected,
            "a URL that the flow has already fetched, so the pages never end",
        )
    })
}

/// `file-kept`: a file that was fetched while the job ran is among the files that the flow fetched at the end.
pub(crate) fn file_kept(exchange: &Exchange, context: &CheckContext<'_>) -> CheckOutcome {
    let Some(own) = context.index.facts(exchange).filter(|facts| facts.whole) else {
        return CheckOutcome::Undecided(reasons::FILE_INCOMPLETE.to_owned());
    };
    let Some(place) = exchange.file else {
        return CheckOutcome::NotApplicable("the exchange is not a request for a file".to_owned());
    };
    let later = context.index.files(&context.flow.name, place.list);
    if later.iter().any(|(_, facts)| facts.is_some_and(|facts| facts.sha256 == own.sha256)) {
        return CheckOutcome::Holds;
    }
    if later.is_empty() || later.iter().any(|(_, facts)| !facts.is_some_and(|facts| facts.whole)) {
        return CheckOutcome::Undecided("not every file was received completely after the job finished".to_owned());
    }
    let expected = format!("a file with the same {} bytes after the job finished", own.lines.bytes);
    CheckOutcome::Violated(vec![Violation::new(FindingPlace::whole_body(), expected, "no such file")])
}
