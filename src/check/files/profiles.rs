//! Checks of profiles from the packages that the user gave.

use crate::check::context::CheckContext;
use crate::check::exchange::{items, manifest_of, no_manifest, response};
use crate::check::files::line_rules::breaking;
use crate::check::outcome::{CheckOutcome, Violation};
use crate::recording::facts::{FileFacts, ProfileFacts, ProfileTally};
use crate::recording::model::Exchange;
use crate::suite::line_rules::LineRule;
use crate::suite::model::FileList;
use crate::verdicts::finding_place::FindingPlace;

/// The most elements that one finding names.
const MAX_NAMES: usize = 30;

/// `profiles-kept`: every resource of the file conforms to the profiles that it claims or that the user assigned.
pub(crate) fn profiles_kept(exchange: &Exchange, context: &CheckContext<'_>) -> CheckOutcome {
    let Some(file) = context.index.facts(exchange) else {
        let why = response(exchange).and_then(|r| r.broken.as_ref()).map(|trouble| trouble.message.clone());
        return CheckOutcome::Undecided(why.unwrap_or_else(|| "the recording holds no facts of this file".to_owned()));
    };
    match facts(file) {
        Ok(facts) if facts.held.is_empty() && !breaks(file) => CheckOutcome::NotApplicable(nobody(facts)),
        Ok(_) => breaking(LineRule::is_of_profiles, exchange, context),
        Err(why) => CheckOutcome::NotApplicable(why),
    }
}

fn breaks(file: &FileFacts) -> bool {
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
        return CheckOutcome::NotApplicable(nobody(&sum));
    }
    let whole = files.iter().filter(|(_, facts)| facts.is_some_and(|facts| facts.whole)).count();
    if whole < items(manifest, "output").len() {
        return CheckOutcome::NotApplicable("not every output file was read whole".to_owned());
    }
    let missing = |tally: &ProfileTally| {
        let name = tally.profile.rsplit('/').next().unwrap_or_default();
        let mut names: Vec<&str> = tally.never.iter().map(String::as_str).take(MAX_NAMES).collect();
        let more = tally.never.len().saturating_sub(MAX_NAMES);
        let more_said = format!("{more} more");
        if more > 0 {
            names.push(&more_said);
        }
        let plural = if tally.resources == 1 { "" } else { "s" };
        Violation::new(
            FindingPlace::Profile(name.to_owned()),
            format!("each of {} must-support elements in some resource", tally.supports),
            format!("{} resource{plural}, none with {}", tally.resources, names.join(", ")),
        )
    };
    CheckOutcome::from_violations(sum.held.iter().filter(|tally| !tally.never.is_empty()).map(missing).collect())
}

/// The results of the profiles on a file, or why there are none.
fn facts(file: &FileFacts) -> Result<&ProfileFacts, String> {
    let Some(validated) = &file.lines.validated else {
        return Err(
            "resources are held to profiles where they are held to R4's definitions, and they were not".to_owned()
        );
    };
    let none = || "no package of profiles was given, --package names one".to_owned();
    validated.profiles.as_ref().ok_or_else(none)
}

/// Why no resource was validated against a profile.
fn nobody(facts: &ProfileFacts) -> String {
    let packages = facts.packages.join(", ");
    match facts.unknown {
        0 => format!("no resource claims a profile of {packages}; --profile assigns one to its type"),
        1 => format!("the one claim of a profile is of one, or of a version, that {packages} has not"),
        some => format!("{some} claims of profiles are of some, or of versions, that {packages} has not"),
    }
}
