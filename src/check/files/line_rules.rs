//! The rules of lines and of FHIR's definitions on the lines of a file.

use crate::check::context::CheckContext;
use crate::check::exchange::response;
use crate::check::outcome::{CheckOutcome, Violation};
use crate::check::show;
use crate::recording::model::Exchange;
use crate::suite::line_rules::LineRule;
use crate::verdicts::finding_place::FindingPlace;
use crate::verdicts::judged_run::Position;

pub(crate) fn lines(rules: &[LineRule], exchange: &Exchange, context: &CheckContext<'_>) -> CheckOutcome {
    if let Some(facts) = context.index.facts(exchange).map(|facts| &facts.lines) {
        if facts.attachments == 0 && rules.iter().all(|rule| rule.is_of_attachments()) {
            return CheckOutcome::NotShown("the resources hold no attachment".to_owned());
        }
        if facts.references == 0 && rules == [LineRule::ReferenceForm] {
            return CheckOutcome::NotShown("the resources hold no reference".to_owned());
        }
    }
    breaking(|rule| rules.contains(&rule), exchange, context)
}

/// Whether the file holds a resource of one of these types.
pub(crate) fn file_type(types: &[String], exchange: &Exchange, context: &CheckContext<'_>) -> CheckOutcome {
    let Some(facts) = context.index.facts(exchange) else {
        return CheckOutcome::Undecided("the recording holds no facts of this file".to_owned());
    };
    CheckOutcome::or_violation(types.iter().any(|kind| facts.lines.types.contains_key(kind)), || {
        Violation::new(FindingPlace::Lines, format!("a resource of type {}", types.join(" or ")), "none".to_owned())
    })
}

/// `resources-valid`: every resource of the file conforms to FHIR's definitions.
pub(crate) fn resources_valid(exchange: &Exchange, context: &CheckContext<'_>) -> CheckOutcome {
    let validated = context.index.facts(exchange).map(|facts| facts.lines.validated.as_ref());
    match (validated, context.index.recording.start.fhir.as_deref()) {
        (Some(None), Some(version)) if version.starts_with("4.0") => CheckOutcome::Undecided(
            "the recording does not hold whether the resources are valid, make it anew".to_owned(),
        ),
        (Some(None), Some(version)) => {
            let shown = show::text(version);
            CheckOutcome::NotApplicable(format!(
                "the server declares FHIR {shown}; resources are held against R4's definitions alone"
            ))
        }
        (Some(None), None) => CheckOutcome::NotApplicable(
            "the server does not declare a FHIR version to hold resources against".to_owned(),
        ),
        (Some(Some(validated)), _) if validated.resources == 0 => {
            CheckOutcome::NotApplicable("no resource could be held against FHIR's definitions".to_owned())
        }
        // FHIR also defines the form of an id; the line reader checks it before the definitions.
        _ => breaking(|rule| rule.is_of_definitions() || rule == LineRule::IdFormat, exchange, context),
    }
}

/// Whether a file breaks no rule that `counts`.
pub(crate) fn breaking(
    counts: impl Fn(LineRule) -> bool,
    exchange: &Exchange,
    context: &CheckContext<'_>,
) -> CheckOutcome {
    let Some(facts) = context.index.facts(exchange) else {
        let why = response(exchange).and_then(|r| r.broken.as_ref()).map(|trouble| trouble.message.clone());
        return CheckOutcome::Undecided(why.unwrap_or_else(|| "the recording holds no facts of this file".to_owned()));
    };
    let broken: Vec<Violation> = facts
        .lines
        .findings
        .iter()
        .filter(|finding| counts(finding.rule))
        // An interrupted transfer leaves an incomplete line, which proves nothing about the file.
        .filter(|finding| facts.whole || finding.rule != LineRule::CutOff)
        .map(|finding| {
            let mut broken = Violation::new(
                FindingPlace::Position { line: finding.line, column: finding.column, path: String::new() },
                finding.expected.clone(),
                finding.actual.clone(),
            );
            broken.position = Some(Position { line: finding.line, column: finding.column, offset: finding.offset });
            broken.count = finding.count;
            broken
        })
        .collect();
    let beyond = facts.lines.findings.iter().find(|f| matches!(f.rule, LineRule::LineTooLong | LineRule::TooDeep));
    if let (true, Some(finding)) = (broken.is_empty(), beyond) {
        // The limits are ours: lines beyond them were not read and are not judged.
        let what = crate::suite::line_rules::line_rule(finding.rule);
        return CheckOutcome::Undecided(format!("line {} was not read: it holds {what}", finding.line));
    }
    if broken.is_empty() && !facts.whole {
        let why = response(exchange).and_then(|r| r.broken.as_ref()).map(|trouble| trouble.message.clone());
        return CheckOutcome::Undecided(why.unwrap_or_else(|| "the file did not come whole".to_owned()));
    }
    CheckOutcome::from_violations(broken)
}
