//! The rules of a provider directory on the lines of a file.

use crate::check::context::CheckContext;
use crate::check::exchange::response;
use crate::check::outcome::{CheckOutcome, Violation};
use crate::recording::facts::{DirectoryFacts, DirectoryFinding};
use crate::recording::model::Exchange;
use crate::suite::describe;
use crate::suite::model::FileList;
use crate::suite::shapes::DirectoryTopic;
use crate::verdicts::finding_place::FindingPlace;
use crate::verdicts::judged_run::Position;

/// Whether the lines of the file that `exchange` fetched keep the rules of `topic`.
pub(crate) fn lines(topic: DirectoryTopic, exchange: &Exchange, context: &CheckContext<'_>) -> CheckOutcome {
    let Some(file) = context.index.facts(exchange) else {
        let why = response(exchange).and_then(|r| r.broken.as_ref()).map(|trouble| trouble.message.clone());
        return CheckOutcome::Undecided(why.unwrap_or_else(|| "the recording holds no facts of this file".to_owned()));
    };
    let Some(facts) = &file.lines.directory else {
        return CheckOutcome::Undecided(
            "the run did not look at this file's lines as those of a provider directory".to_owned(),
        );
    };
    let broken: Vec<Violation> = facts.findings.iter().filter(|finding| finding.topic == topic).map(broken).collect();
    if !broken.is_empty() {
        return CheckOutcome::Violated(broken);
    }
    if facts.unread > 0 {
        let lines = if facts.unread == 1 { "1 line was" } else { &format!("{} lines were", facts.unread) };
        return CheckOutcome::Undecided(format!("{lines} too long, too deep or too strange to be read"));
    }
    if !file.whole {
        let why = response(exchange).and_then(|r| r.broken.as_ref()).map(|trouble| trouble.message.clone());
        return CheckOutcome::Undecided(why.unwrap_or_else(|| "the file did not come whole".to_owned()));
    }
    match facts.looked_at.get(&topic) {
        Some(1..) => CheckOutcome::Holds,
        _ => CheckOutcome::NotApplicable(nothing(topic, context)),
    }
}

/// One violation. A line may break several rules at one position, so the path is part of the place.
fn broken(finding: &DirectoryFinding) -> Violation {
    let place = FindingPlace::Position { line: finding.line, column: finding.column, path: finding.path.clone() };
    let mut broken = Violation::new(place, finding.expected.clone(), finding.actual.clone());
    broken.position = Some(Position { line: finding.line, column: finding.column, offset: finding.offset });
    broken.count = finding.count;
    broken
}

/// Why no line of the flow's files could be judged on a topic.
fn nothing(topic: DirectoryTopic, context: &CheckContext<'_>) -> String {
    let files = context.index.files(&context.flow.name, FileList::Output);
    let facts: Vec<&DirectoryFacts> =
        files.into_iter().filter_map(|(_, facts)| facts?.lines.directory.as_ref()).collect();
    let Some(name) = describe::directory_type(topic) else {
        return "no line is of a type that this is asked of".to_owned();
    };
    match facts.iter().filter_map(|facts| facts.unclaimed.get(name)).copied().fold(0, u64::saturating_add) {
        0 => format!("no {name} was exported"),
        1 => format!("the one {name} that was exported does not claim the profile, so it is not held to it"),
        count => format!("none of {count} {name} resources claims the profile, so they are not held to it"),
    }
}
