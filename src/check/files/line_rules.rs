//! Checks of the rules of lines and of FHIR's definitions on the lines of a file.

use crate::check::context::CheckContext;
use crate::check::outcome::{CheckOutcome, Violation};
use crate::check::{reasons, show};
use crate::recording::model::Exchange;
use crate::suite::line_rules::LineRule;
use crate::verdicts::finding_place::FindingPlace;
use crate::verdicts::judged_run::Position;

/// Checks that the lines of the file violate none of `rules`.
pub(crate) fn lines(rules: &[LineRule], exchange: &Exchange, context: &CheckContext<'_>) -> CheckOutcome {
    if let Some(facts) = context.index.facts(exchange).map(|facts| &facts.lines) {
        if facts.attachments == 0 && rules.iter().all(|rule| rule.is_of_attachments()) {
            return CheckOutcome::NotShown("no resource has an attachment".to_owned());
        }
        if facts.references == 0 && rules == [LineRule::ReferenceForm] {
            return CheckOutcome::NotShown("no resource has a reference".to_owned());
        }
    }
    breaking(|rule| rules.contains(&rule), exchange, context)
}

/// Checks that the file has a resource of one of these types.
pub(crate) fn file_type(types: &[String], exchange: &Exchange, context: &CheckContext<'_>) -> CheckOutcome {
    let Some(facts) = context.index.facts(exchange) else {
        return CheckOutcome::Undecided(reasons::NO_FILE_FACTS.to_owned());
    };
    CheckOutcome::or_violation(types.iter().any(|kind| facts.lines.types.contains_key(kind)), || {
        Violation::new(FindingPlace::Lines, format!("a resource of type {}", types.join(" or ")), "no such resource")
    })
}

/// `resources-valid`: every resource of the file conforms to FHIR's definitions.
pub(crate) fn resources_valid(exchange: &Exchange, context: &CheckContext<'_>) -> CheckOutcome {
    let validated = context.index.facts(exchange).map(|facts| facts.lines.validated.as_ref());
    match (validated, context.index.recording.start.fhir.as_deref()) {
        (Some(None), Some(version)) if version.starts_with("4.0") => {
            CheckOutcome::Undecided("the recording has no results of validation. Run again".to_owned())
        }
        (Some(None), Some(version)) => {
            let shown = show::text(version);
            CheckOutcome::NotApplicable(format!(
                "the server declares FHIR {shown}, and Plimsoll validates only against FHIR R4"
            ))
        }
        (Some(None), None) => {
            CheckOutcome::NotApplicable("the server declares no FHIR version to validate resources against".to_owned())
        }
        (Some(Some(validated)), _) if validated.resources == 0 => {
            CheckOutcome::NotApplicable("no resource could be validated against FHIR's definitions".to_owned())
        }
        // FHIR also defines the form of an id, and the line reader checks it before the definitions.
        _ => breaking(|rule| rule.is_of_definitions() || rule == LineRule::IdFormat, exchange, context),
    }
}

/// Checks that a file violates no rule that `counts` selects.
pub(crate) fn breaking(
    counts: impl Fn(LineRule) -> bool,
    exchange: &Exchange,
    context: &CheckContext<'_>,
) -> CheckOutcome {
    let Some(facts) = context.index.facts(exchange) else {
        return CheckOutcome::Undecided(reasons::transfer_error(exchange, reasons::NO_FILE_FACTS));
    };
    let violations: Vec<Violation> = facts
        .lines
        .findings
        .iter()
        .filter(|finding| counts(finding.rule))
        // An interrupted transfer leaves an incomplete line, which proves nothing about the file.
        .filter(|finding| facts.whole || finding.rule != LineRule::CutOff)
        .map(|finding| {
            // The content coding was decoded already.
            let coding = facts.coding.as_ref().filter(|_| finding.rule == LineRule::CompressedUnlabelled);
            let (expected, actual) = match coding {
                Some(coding) => {
                    let actual = format!("{} within {coding}: the file is compressed twice", finding.actual);
                    ("UTF-8 text after decoding".to_owned(), actual)
                }
                None => (finding.expected.clone(), finding.actual.clone()),
            };
            let mut violation = Violation::new(
                FindingPlace::Position { line: finding.line, column: finding.column, path: String::new() },
                expected,
                actual,
            );
            violation.position = Some(Position { line: finding.line, column: finding.column, offset: finding.offset });
            violation.count = finding.count;
            violation
        })
        .collect();
    let unread = facts.lines.findings.iter().find(|f| matches!(f.rule, LineRule::LineTooLong | LineRule::TooDeep));
    if let (true, Some(finding)) = (violations.is_empty(), unread) {
        // These are limits of Plimsoll: lines beyond them were not read and are not judged.
        let what = crate::suite::line_rules::line_rule(finding.rule);
        return CheckOutcome::Undecided(format!("line {} is {what}", finding.line));
    }
    if violations.is_empty() && !facts.whole {
        return CheckOutcome::Undecided(reasons::transfer_error(exchange, reasons::FILE_INCOMPLETE));
    }
    CheckOutcome::from_violations(violations)
}
