//! Checks of the status of an export in its own header (separate-export-status).

use std::collections::BTreeSet;

use crate::check::context::CheckContext;
use crate::check::exchange::response;
use crate::check::outcome::{CheckOutcome, Violation};
use crate::check::show;
use crate::recording::model::{Exchange, Phase, Role};
use crate::verdicts::finding_place::FindingPlace;

/// The preference in `Prefer` and `Preference-Applied`.
const SEPARATE: &str = "separate-export-status";

/// Returns the preferences in `Preference-Applied` of the kick-off, in lower case.
fn applied(kickoff: &Exchange) -> BTreeSet<String> {
    let lines = response(kickoff).into_iter().flat_map(|answer| answer.header_lines("preference-applied"));
    lines
        .flat_map(|line| line.split(','))
        .map(|preference| preference.split([';', '=']).next().unwrap_or_default().trim().to_ascii_lowercase())
        .filter(|preference| !preference.is_empty())
        .collect()
}

/// Returns the status that `X-Export-Status` begins with.
fn export_status(exchange: &Exchange) -> Option<u16> {
    response(exchange)?.header("x-export-status")?.trim().get(..3)?.parse().ok()
}

/// `separate-status-honoured`: the response to the kick-off names the preference as applied, or a poll of the running
/// job returns 200 with the job's status in a header.
pub(crate) fn separate_status_honoured(_exchange: &Exchange, context: &CheckContext<'_>) -> CheckOutcome {
    let stated = context.index.kickoff(&context.flow.name).is_some_and(|kickoff| applied(kickoff).contains(SEPARATE));
    let shown = context.index.exchanges(&context.flow.name).iter().any(|exchange| {
        exchange.role == Role::Poll
            && exchange.phase == Some(Phase::InProgress)
            && response(exchange).is_some_and(|answer| answer.status == 200)
            && export_status(exchange).is_some()
    });
    match stated || shown {
        true => CheckOutcome::Holds,
        false => CheckOutcome::NotApplicable(format!("neither Preference-Applied nor a poll shows {SEPARATE}")),
    }
}

/// `preferences-applied`: `Preference-Applied` names both preferences.
pub(crate) fn preferences_applied(exchange: &Exchange, _context: &CheckContext<'_>) -> CheckOutcome {
    let applied = applied(exchange);
    CheckOutcome::or_violation(applied.contains("respond-async") && applied.contains(SEPARATE), || {
        let lines: Vec<&str> =
            response(exchange).into_iter().flat_map(|answer| answer.header_lines("preference-applied")).collect();
        let actual = if lines.is_empty() { "no Preference-Applied".into() } else { show::text(&lines.join(", ")) };
        Violation::new(FindingPlace::header("Preference-Applied"), format!("respond-async and {SEPARATE}"), actual)
    })
}

/// `export-status-fits`: `X-Export-Status` begins with 202 for a running job, and with 200 for a completed one.
pub(crate) fn export_status_fits(exchange: &Exchange, _context: &CheckContext<'_>) -> CheckOutcome {
    match exchange.phase {
        Some(Phase::InProgress) => {
            export_status_is(exchange, |status| status == 202, "202, because the job is running")
        }
        Some(Phase::Complete) => export_status_is(exchange, |status| status == 200, "200, because the job is complete"),
        _ => CheckOutcome::NotApplicable("the poll shows neither a running nor a completed job".to_owned()),
    }
}

/// `export-status-of-failure`: `X-Export-Status` begins with 4xx or 5xx.
pub(crate) fn export_status_of_failure(exchange: &Exchange, _context: &CheckContext<'_>) -> CheckOutcome {
    export_status_is(exchange, |status| (400..=599).contains(&status), "4xx or 5xx, because the job failed")
}

fn export_status_is(exchange: &Exchange, good: fn(u16) -> bool, expected: &str) -> CheckOutcome {
    CheckOutcome::or_violation(export_status(exchange).is_some_and(good), || {
        let text = response(exchange).and_then(|answer| answer.header("x-export-status"));
        let actual = text.map_or_else(|| "no X-Export-Status".into(), show::text);
        Violation::new(FindingPlace::header("X-Export-Status"), expected, actual)
    })
}
