//! Checks of Groups with a member filter (cohorts), and of Groups that the run creates.

use serde_json::Value;

use crate::base::vocabulary::ExportLevel;
use crate::check::context::CheckContext;
use crate::check::exchange::{items, response};
use crate::check::metadata::statement::{entries, has_extension, statement};
use crate::check::outcome::{CheckOutcome, Violation};
use crate::check::{reasons, run_settings};
use crate::recording::model::{Exchange, FlowRecord, Role};
use crate::verdicts::finding_place::FindingPlace;

/// The end of the canonical URL of the cohort profile.
const COHORT: &str = "/bulk-cohort-group";

/// The end of the URL of the extension that defines the members of a cohort.
const MEMBER_FILTER: &str = "/member-filter";

fn is_profile(value: &Value, end: &str) -> bool {
    value.as_str().is_some_and(|url| url.split('|').next().unwrap_or_default().ends_with(end))
}

/// Returns the exchange of the CapabilityStatement, and whether it lists the cohort profile for Group.
fn listed(context: &CheckContext<'_>) -> Result<(u32, bool), CheckOutcome> {
    let (id, statement) = statement(context.index)?;
    let mut profiles = entries(statement, "Group").flat_map(|group| items(group, "supportedProfile").iter());
    Ok((id, profiles.any(|profile| is_profile(profile, COHORT))))
}

/// `cohort-declared`, for conditions: the CapabilityStatement lists the cohort profile for Group.
pub(crate) fn cohort_declared(_exchange: &Exchange, context: &CheckContext<'_>) -> CheckOutcome {
    match listed(context) {
        Ok((_, true)) => CheckOutcome::Holds,
        Ok(_) => CheckOutcome::NotApplicable("the CapabilityStatement does not list the cohort profile".to_owned()),
        Err(outcome) => outcome,
    }
}

/// `cohort-listed`, for expectations: the CapabilityStatement lists the cohort profile for Group.
pub(crate) fn cohort_listed(_exchange: &Exchange, context: &CheckContext<'_>) -> CheckOutcome {
    match listed(context) {
        Ok((id, good)) => CheckOutcome::or_violation(good, || {
            let expected = "the cohort profile in supportedProfile of Group, because --cohorts was given";
            Violation::new(FindingPlace::body("/rest/0/resource"), expected, "no such profile").shown_by(id)
        }),
        Err(outcome) => outcome,
    }
}

/// `cohort-claimed`: the user declares that the target has the Bulk Cohort API (`--cohorts`).
pub(crate) fn cohort_claimed(_exchange: &Exchange, context: &CheckContext<'_>) -> CheckOutcome {
    match run_settings::has_cohorts(&context.index.recording.start) {
        true => CheckOutcome::Holds,
        false => CheckOutcome::NotApplicable(
            "the run does not test the Bulk Cohort API. Give --cohorts if the server has it".to_owned(),
        ),
    }
}

/// `cohort-filtered`: a Group that claims the cohort profile has a member filter.
pub(crate) fn cohort_filtered(exchange: &Exchange, _context: &CheckContext<'_>) -> CheckOutcome {
    let Some(answer) = response(exchange).filter(|answer| answer.status == 200) else {
        return CheckOutcome::NotApplicable("the run could not read the Group".to_owned());
    };
    // The recording has no content of a Group without the profile.
    let group = answer.body.json.as_ref();
    let profiles = group.and_then(|group| group.get("meta")).into_iter().flat_map(|meta| items(meta, "profile").iter());
    if !profiles.into_iter().any(|profile| is_profile(profile, COHORT)) {
        return CheckOutcome::NotApplicable("the Group does not claim the cohort profile".to_owned());
    }
    filtered(group)
}

/// `made-filtered`: a Group created with a member filter has one when it is read.
pub(crate) fn made_filtered(exchange: &Exchange, _context: &CheckContext<'_>) -> CheckOutcome {
    match response(exchange) {
        Some(answer) if answer.body.resource_type.as_deref() == Some("Group") => filtered(answer.body.json.as_ref()),
        Some(_) => CheckOutcome::Undecided("the response is not a Group in JSON".to_owned()),
        None => CheckOutcome::Undecided(reasons::NO_RESPONSE.to_owned()),
    }
}

/// Checks that the Group has a member filter.
fn filtered(group: Option<&Value>) -> CheckOutcome {
    CheckOutcome::or_violation(
        group.is_some_and(|group| has_extension(group, "modifierExtension", MEMBER_FILTER)),
        || Violation::new(FindingPlace::body("/modifierExtension"), "the extension member-filter", "no such extension"),
    )
}

/// `found-by-name`: the search returns the Group, and no Group with another name.
pub(crate) fn found_by_name(exchange: &Exchange, context: &CheckContext<'_>) -> CheckOutcome {
    if response(exchange).is_none_or(|answer| answer.status != 200) {
        return CheckOutcome::NotApplicable("the search did not return 200".to_owned());
    }
    let Some(named) = context.flow.named else {
        return CheckOutcome::Undecided("the recording has no facts about the search result".to_owned());
    };
    let actual = match (named.found, named.others) {
        (true, 0) => return CheckOutcome::Holds,
        (false, _) => "a result without that Group".to_owned(),
        (true, others) => format!("that Group and {others} with other names"),
    };
    CheckOutcome::Violated(vec![Violation::new(
        FindingPlace::body("/entry"),
        "only the Group with the requested name",
        actual,
    )])
}

/// `exports-elsewhere`: another plain export of a Group succeeded. If the run made none, an export at any level
/// succeeded. Without other exports the check holds.
pub(crate) fn exports_elsewhere(_exchange: &Exchange, context: &CheckContext<'_>) -> CheckOutcome {
    let kicked_off = |flow: &&FlowRecord| flow.name != context.flow.name && context.index.kickoff(&flow.name).is_some();
    let others: Vec<&FlowRecord> = context.index.recording.flows.iter().filter(kicked_off).collect();
    let plain = |flow: &&FlowRecord| flow.export == ExportLevel::Group && flow.params.is_empty() && !flow.posted;
    // A flow with an early end succeeded if it received a manifest.
    let fine = |flow: &FlowRecord| flow.stop.is_none() || context.index.manifest(&flow.name).is_some();
    let mut groups = others.iter().copied().filter(plain).peekable();
    let works = match groups.peek() {
        Some(_) => groups.any(fine),
        None => others.is_empty() || others.iter().copied().any(fine),
    };
    match works {
        true => CheckOutcome::Holds,
        false => CheckOutcome::NotApplicable("other exports fail too; other tests report them".to_owned()),
    }
}

/// `group-erased`: the DELETE of the Group that the run created succeeded.
pub(crate) fn group_erased(_exchange: &Exchange, context: &CheckContext<'_>) -> CheckOutcome {
    let of_group = |e: &Exchange| e.role == Role::Probe && !e.superseded && e.request.method == "DELETE";
    let erase = context.index.exchanges(&context.flow.name).iter().rev().copied().find(|e| of_group(e));
    match erase.and_then(response).map(|answer| answer.status) {
        Some(200 | 204) => CheckOutcome::Holds,
        Some(status) => CheckOutcome::NotApplicable(format!(
            "the DELETE returned {status}, which does not show that it is finished"
        )),
        None => CheckOutcome::NotApplicable("the DELETE of the Group was not sent, or got no response".to_owned()),
    }
}
