//! Checks of the rules of a provider directory on the lines of a file.

use crate::check::context::CheckContext;
use crate::check::outcome::{CheckOutcome, Violation};
use crate::check::reasons;
use crate::recording::facts::{DirectoryFacts, DirectoryFinding};
use crate::recording::model::Exchange;
use crate::suite::describe;
use crate::suite::model::FileList;
use crate::suite::shapes::DirectoryTopic;
use crate::verdicts::finding_place::FindingPlace;
use crate::verdicts::judged_run::Position;

/// Checks that the lines of the file that `exchange` fetched meet the rules of `topic`.
pub(crate) fn lines(topic: DirectoryTopic, exchange: &Exchange, context: &CheckContext<'_>) -> CheckOutcome {
    let Some(file) = context.index.facts(exchange) else {
        return CheckOutcome::Undecided(reasons::transfer_error(exchange, reasons::NO_FILE_FACTS));
    };
    let Some(facts) = &file.lines.directory else {
        return CheckOutcome::Undecided("the run did not check this file as part of a provider directory".to_owned());
    };
    let violations: Vec<Violation> =
        facts.findings.iter().filter(|finding| finding.topic == topic).map(violation).collect();
    if !violations.is_empty() {
        return CheckOutcome::Violated(violations);
    }
    if facts.unread > 0 {
        let lines = if facts.unread == 1 { "1 line was" } else { &format!("{} lines were", facts.unread) };
        return CheckOutcome::Undecided(format!("{lines} too long, nested too deeply or not readable as a resource"));
    }
    if !file.whole {
        return CheckOutcome::Undecided(reasons::transfer_error(exchange, reasons::FILE_INCOMPLETE));
    }
    match facts.looked_at.get(&topic) {
        Some(1..) => CheckOutcome::Holds,
        _ => CheckOutcome::NotApplicable(nothing(topic, context)),
    }
}

/// Returns one violation. A line may violate several rules at one position, so the path is part of the place.
fn violation(finding: &DirectoryFinding) -> Violation {
    let place = FindingPlace::Position { line: finding.line, column: finding.column, path: finding.path.clone() };
    let mut violation = Violation::new(place, finding.expected.clone(), finding.actual.clone());
    violation.position = Some(Position { line: finding.line, column: finding.column, offset: finding.offset });
    violation.count = finding.count;
    violation
}

/// Returns why no line of the flow's files could be judged on a topic.
fn nothing(topic: DirectoryTopic, context: &CheckContext<'_>) -> String {
    let files = context.index.files(&context.flow.name, FileList::Output);
    let facts: Vec<&DirectoryFacts> =
        files.into_iter().filter_map(|(_, facts)| facts?.lines.directory.as_ref()).collect();
    let Some(name) = describe::directory_type(topic) else {
        return "no line has a type that these rules are about".to_owned();
    };
    match facts.iter().filter_map(|facts| facts.unclaimed.get(name)).copied().fold(0, u64::saturating_add) {
        0 => format!("no {name} was exported"),
        1 => format!("the only exported {name} does not claim the profile"),
        count => format!("none of the {count} exported {name} resources claims the profile"),
    }
}
