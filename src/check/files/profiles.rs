//! Checks of profiles from the packages that the user gave.

use crate::check::context::CheckContext;
use crate::check::exchange::{items, manifest_of, no_manifest};
use crate::check::files::line_rules::breaking;
use crate::check::outcome::{CheckOutcome, Violation};
use crate::check::reasons;
use crate::recording::facts::{FileFacts, ProfileFacts, ProfileTally};
use crate::recording::model::Exchange;
use crate::suite::line_rules::LineRule;
use crate::suite::model::FileList;
use crate::verdicts::finding_place::FindingPlace;

/// The maximum number of elements that one finding names.
const MAX_NAMES: usize = 30;

/// `profiles-kept`: every resource of the file conforms to the profiles that it claims or that `--profile` assigns.
pub(crate) fn profiles_kept(exchange: &Exchange, context: &CheckContext<'_>) -> CheckOutcome {
    let Some(file) = context.index.facts(exchange) else {
        return CheckOutcome::Undecided(reasons::transfer_error(exchange, reasons::NO_FILE_FACTS));
    };
    match facts(file) {
        Ok(facts) if facts.held.is_empty() && !violates(file) => CheckOutcome::NotApplicable(no_profile(facts)),
        Ok(_) => breaking(LineRule::is_of_profiles, exchange, context),
        Err(why) => CheckOutcome::NotApplicable(why),
    }
}

fn violates(file: &FileFacts) -> bool {
    file.lines.findings.iter().any(|finding| finding.rule.is_of_profiles())
}

/// `must-support-seen`: each must-support element of a profile is in some resource of the flow that was validated
/// against it.
pub(crate) fn must_support_seen(exchange: &Exchange, context: &CheckContext<'_>) -> CheckOutcome {
    let Some(manifest) = manifest_of(exchange) else { return no_manifest() };
    let files = context.index.files(&context.flow.name, FileList::Output);
    let mut sum = ProfileFacts::default();
    for file in files.iter().filter_map(|(_, facts)| *facts) {
        match facts(file) {
            Ok(facts) => sum.add(facts),
            Err(why) => return CheckOutcome::NotApplicable(why),
        }
    }
    if !sum.held.iter().any(|tally| tally.supports > 0) {
        return CheckOutcome::NotApplicable(no_profile(&sum));
    }
    let whole = files.iter().filter(|(_, facts)| facts.is_some_and(|facts| facts.whole)).count();
    if whole < items(manifest, "output").len() {
        return CheckOutcome::NotApplicable(reasons::OUTPUT_INCOMPLETE.to_owned());
    }
    let missing = |tally: &ProfileTally| {
        let name = tally.profile.rsplit('/').next().unwrap_or_default();
        let mut names: Vec<&str> = tally.never.iter().map(String::as_str).take(MAX_NAMES).collect();
        let more = tally.never.len().saturating_sub(MAX_NAMES);
        let more_text = format!("{more} more");
        if more > 0 {
            names.push(&more_text);
        }
        let plural = if tally.resources == 1 { "" } else { "s" };
        Violation::new(
            FindingPlace::Profile(name.to_owned()),
            format!("each of the {} must-support elements in at least one resource", tally.supports),
            format!("{} resource{plural}, none with {}", tally.resources, names.join(", ")),
        )
    };
    CheckOutcome::from_violations(sum.held.iter().filter(|tally| !tally.never.is_empty()).map(missing).collect())
}

/// Returns the results of the profiles on a file.
///
/// # Errors
/// Why there are none, as a clause.
fn facts(file: &FileFacts) -> Result<&ProfileFacts, String> {
    let Some(validated) = &file.lines.validated else {
        return Err("the resources were not validated against FHIR R4, which profiles need".to_owned());
    };
    let none = || "the run has no package of profiles. Give --package".to_owned();
    validated.profiles.as_ref().ok_or_else(none)
}

/// Returns why no resource was validated against a profile.
fn no_profile(facts: &ProfileFacts) -> String {
    let packages = facts.packages.join(", ");
    match facts.unknown {
        0 => format!("no resource claims a profile of {packages}. Give --profile to assign one to a type"),
        1 => format!("the only claimed profile is not in {packages}, or not in that version"),
        some => format!("none of the {some} claimed profiles is in {packages} in that version"),
    }
}
