//! Compares files with the manifest that lists them.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::check::context::CheckContext;
use crate::check::exchange::{items, manifest_of, no_manifest};
use crate::check::flow_files::whole_files;
use crate::check::outcome::{CheckOutcome, Violation};
use crate::check::{reasons, show};
use crate::recording::facts::FileFacts;
use crate::recording::model::Exchange;
use crate::suite::line_rules::LineRule;
use crate::suite::model::FileList;
use crate::verdicts::finding_place::FindingPlace;

/// `count-equals-lines`: `count` is the number of lines, for each item with a number as `count` and a complete file.
pub(crate) fn count_equals_lines(exchange: &Exchange, context: &CheckContext<'_>) -> CheckOutcome {
    let Some(manifest) = manifest_of(exchange) else { return no_manifest() };
    let lists = [("output", whole_files(context, FileList::Output)), ("error", whole_files(context, FileList::Error))];
    let mut violations = Vec::new();
    let (mut compared, mut uncounted) = (false, false);
    let all = lists.iter().flat_map(|(list, files)| {
        let items = items(manifest, list).iter().enumerate();
        items.filter_map(move |(n, item)| Some((list, n, item.get("count")?, files.get(&n)?)))
    });
    for (list, n, given, (file, facts)) in all {
        let Some(count) = given.as_f64() else { continue };
        // `count` may include malformed lines; another test judges those.
        let lines = facts.lines.lines;
        if facts.lines.resources as f64 != count && lines as f64 != count {
            if !facts.lines.findings.iter().all(|finding| is_countable(finding.rule)) {
                uncounted = true;
                continue;
            }
            violations.push(Violation::new(
                FindingPlace::body(format!("/{list}/{n}/count")),
                format!("{lines}, the number of lines in the file (exchange {})", file.id),
                show::shape(Some(given)),
            ));
        }
        compared = true;
    }
    match (compared, uncounted) {
        (true, _) => CheckOutcome::from_violations(violations),
        (false, true) => {
            CheckOutcome::NotApplicable("the resources cannot be counted, because the files are not NDJSON".to_owned())
        }
        (false, false) => CheckOutcome::NotApplicable("no item with a count has a completely received file".to_owned()),
    }
}

/// Returns whether lines can be counted in a file that violates `rule`.
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

/// `empty-output-when-nothing`: if the files have no resource, `output` is `[]`.
pub(crate) fn empty_output_when_nothing(exchange: &Exchange, context: &CheckContext<'_>) -> CheckOutcome {
    let Some(manifest) = manifest_of(exchange) else { return no_manifest() };
    let value = manifest.get("output");
    if value.is_none() {
        return CheckOutcome::NotApplicable("the manifest has no output".to_owned());
    }
    let listed = items(manifest, "output");
    let files = whole_files(context, FileList::Output);
    if !listed.is_empty() && (files.len() < listed.len() || files.values().any(|(_, f)| !is_empty(f))) {
        return CheckOutcome::NotApplicable("resources were exported".to_owned());
    }
    CheckOutcome::or_violation(value.and_then(Value::as_array).is_some_and(Vec::is_empty), || {
        let actual = match listed.len() {
            0 => show::shape(value),
            n => format!("{n} items with empty files").into(),
        };
        Violation::new(FindingPlace::body("/output"), "an empty array, because nothing was exported", actual)
    })
}

/// `empty-error-when-nothing`: `error` is not null, and none of its files is empty.
pub(crate) fn empty_error_when_nothing(exchange: &Exchange, context: &CheckContext<'_>) -> CheckOutcome {
    let Some(manifest) = manifest_of(exchange) else { return no_manifest() };
    if manifest.get("error").is_some_and(Value::is_null) {
        return CheckOutcome::Violated(vec![Violation::new(
            FindingPlace::body("/error"),
            "an array, which is empty if there are no errors",
            "null",
        )]);
    }
    if manifest.get("error").and_then(Value::as_array).is_some_and(Vec::is_empty) {
        return CheckOutcome::Holds;
    }
    empty_items(context, FileList::Error)
}

/// `no-empty-files`: no file of `output` is empty.
pub(crate) fn no_empty_files(exchange: &Exchange, context: &CheckContext<'_>) -> CheckOutcome {
    if manifest_of(exchange).is_none() {
        return no_manifest();
    }
    empty_items(context, FileList::Output)
}

/// Returns whether a file is empty: it has no line, and no content that cannot be read as lines.
fn is_empty(facts: &FileFacts) -> bool {
    facts.lines.lines == 0 && facts.lines.findings.iter().all(|finding| finding.rule == LineRule::BlankLine)
}

fn empty_items(context: &CheckContext<'_>, list: FileList) -> CheckOutcome {
    let files = whole_files(context, list);
    if files.is_empty() {
        return CheckOutcome::NotApplicable(format!("no file under {list} was received completely"));
    }
    CheckOutcome::from_violations(
        files
            .iter()
            .filter(|(_, (_, facts))| is_empty(facts))
            .map(|(n, (file, _))| {
                Violation::new(
                    FindingPlace::body(format!("/{list}/{n}")),
                    "only files with lines",
                    format!("a file without lines (exchange {})", file.id),
                )
            })
            .collect(),
    )
}

/// `nothing-after-transaction-time`: every `meta.lastUpdated` is at most a second later than `transactionTime`.
pub(crate) fn nothing_after_transaction_time(exchange: &Exchange, context: &CheckContext<'_>) -> CheckOutcome {
    let Some(facts) = context.index.facts(exchange) else {
        return CheckOutcome::Undecided(reasons::NO_FILE_FACTS.to_owned());
    };
    if facts.lines.dated == 0 {
        return CheckOutcome::NotApplicable("no resource has a meta.lastUpdated".to_owned());
    }
    let late = facts.lines.after_transaction_time;
    CheckOutcome::or_violation(late == 0, || {
        let line = facts.lines.first_after_transaction_time.unwrap_or(1);
        let latest = facts.lines.latest.as_deref().unwrap_or_default();
        // The recording does not have the column, so the finding names none.
        let mut violation = Violation::new(
            FindingPlace::Line(line),
            "meta.lastUpdated not after transactionTime of the manifest",
            format!("a later one; the latest in the file is {}", show::text(latest)),
        );
        violation.count = late;
        violation
    })
}

/// `deleted-not-in-output`: no resource that a `deleted` file lists is in an output file.
pub(crate) fn deleted_not_in_output(exchange: &Exchange, context: &CheckContext<'_>) -> CheckOutcome {
    let Some(facts) = context.index.facts(exchange) else {
        return CheckOutcome::Undecided(reasons::NO_FILE_FACTS.to_owned());
    };
    let both = facts.lines.deleted_in_output;
    CheckOutcome::or_violation(both == 0, || {
        let mut violation = Violation::new(
            FindingPlace::DeletedEntries,
            "resources that are in no output file",
            format!("{both} that are also in output files"),
        );
        violation.count = both;
        violation
    })
}

/// `patient-listed`: a manifest with output lists an item of type Patient. It must have output if the Group has members
/// and other exports have patients.
pub(crate) fn patient_listed(exchange: &Exchange, context: &CheckContext<'_>) -> CheckOutcome {
    let Some(manifest) = manifest_of(exchange) else { return no_manifest() };
    let output = items(manifest, "output");
    if output.is_empty() {
        let members = context.flow.unrequested_resources.as_ref().map_or(0, |unrequested| unrequested.members);
        // Other exports show whether patients are exported at all.
        let listed = |flow| context.index.files(flow, FileList::Output).into_iter().filter_map(|(_, facts)| facts);
        let others = ["system", "patient"].into_iter().flat_map(listed);
        if members == 0 || !others.into_iter().any(|facts| facts.lines.types.contains_key("Patient")) {
            return CheckOutcome::NotApplicable(reasons::NOTHING_EXPORTED.to_owned());
        }
        let expected = format!("an item of type Patient, because the Group has {members} members");
        return CheckOutcome::Violated(vec![Violation::new(FindingPlace::body("/output"), expected, "no items")]);
    }
    if context.flow.params.iter().any(|(name, _)| name == "_type") {
        return CheckOutcome::NotApplicable(reasons::TYPES_RESTRICTED.to_owned());
    }
    let types: BTreeSet<&str> = output.iter().filter_map(|item| item.get("type").and_then(Value::as_str)).collect();
    if types.is_empty() {
        return CheckOutcome::NotApplicable("no output item has a type".to_owned());
    }
    CheckOutcome::or_violation(types.contains("Patient"), || {
        let actual = types.iter().take(8).copied().collect::<Vec<_>>().join(", ");
        Violation::new(
            FindingPlace::body("/output"),
            "an item of type Patient",
            show::text(&actual).map(|types| format!("items of type {types}")),
        )
    })
}

/// `no-outcome-in-output`: no item and no line of `output` is an OperationOutcome.
pub(crate) fn no_outcome_in_output(exchange: &Exchange, context: &CheckContext<'_>) -> CheckOutcome {
    let Some(manifest) = manifest_of(exchange) else { return no_manifest() };
    let expected = "no OperationOutcome; messages belong under error";
    let files = whole_files(context, FileList::Output);
    let mut violations = Vec::new();
    for (n, item) in items(manifest, "output").iter().enumerate() {
        if item.get("type").and_then(Value::as_str) == Some("OperationOutcome") {
            let place = FindingPlace::body(format!("/output/{n}/type"));
            violations.push(Violation::new(place, expected, "the string \"OperationOutcome\""));
        } else if let Some((file, facts)) = files.get(&n)
            && let Some(count) = facts.lines.types.get("OperationOutcome")
        {
            let mut found = Violation::new(FindingPlace::Lines, expected, format!("{count} OperationOutcome lines"));
            found.count = *count;
            violations.push(found.shown_by(file.id));
        }
    }
    CheckOutcome::from_violations(violations)
}

/// `lenient-reported`: the error files have an OperationOutcome with any content.
pub(crate) fn lenient_reported(exchange: &Exchange, context: &CheckContext<'_>) -> CheckOutcome {
    let Some(manifest) = manifest_of(exchange) else { return no_manifest() };
    let listed = items(manifest, "error").len();
    let files = whole_files(context, FileList::Error);
    if files.values().any(|(_, facts)| facts.lines.types.contains_key("OperationOutcome")) {
        return CheckOutcome::Holds;
    }
    if files.len() < listed || files.values().any(|(_, f)| f.lines.types.is_empty() && !is_empty(f)) {
        return CheckOutcome::Undecided(reasons::ERRORS_INCOMPLETE.to_owned());
    }
    // The user may restrict every kick-off of the run to some types; that parameter is known to every server.
    let names = context.flow.params.iter().map(|(name, _)| name.as_str());
    let names: Vec<&str> = names.filter(|name| *name != "_type").collect();
    CheckOutcome::Violated(vec![Violation::new(
        FindingPlace::body("/error"),
        format!("a file with an OperationOutcome about {}", names.join(", ")),
        if listed == 0 { show::shape(manifest.get("error")) } else { "files without an OperationOutcome".into() },
    )])
}
