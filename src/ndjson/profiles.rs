//! Validates lines against the profiles of the given packages.

use std::collections::BTreeMap;
use std::sync::Arc;

use memchr::memmem;

use crate::fhir::profile::profiles::Profiles;
use crate::fhir::validate::fault::ResourceFault;
use crate::ndjson::facts::{LineNotes, LineShape};
use crate::recording::facts::{ProfileFacts, ProfileTally};
use crate::suite::line_rules::LineRule;

/// Validates the lines of one file against profiles.
#[derive(Debug)]
pub(crate) struct ProfileChecker {
    profiles: Arc<Profiles>,
    tallies: BTreeMap<usize, ProfileCount>,
    unknown: u64,
    unread: u64,
}

#[derive(Debug)]
struct ProfileCount {
    resources: u64,
    invalid: u64,
    has: Vec<bool>,
}

impl ProfileChecker {
    /// Creates a checker with these profiles.
    pub(crate) fn new(profiles: Arc<Profiles>) -> Self {
        Self { profiles, tallies: BTreeMap::new(), unknown: 0, unread: 0 }
    }

    /// Validates a resource against its profiles, after the validation against the base definitions.
    pub(crate) fn check(&mut self, line: &[u8], notes: &mut LineNotes) {
        let Some(of) = notes.plausible_type().filter(|_| notes.judged && notes.shape == LineShape::Object) else {
            return;
        };
        if !self.profiles.assigns(of) && memmem::find(line, b"\"profile\"").is_none() {
            return;
        }
        let Ok(resource) = serde_json::from_slice(line) else {
            // It is valid JSON, but nested too deeply for serde_json.
            self.unread += 1;
            return;
        };
        let outcome = self.profiles.judge(&resource, line);
        self.unknown += outcome.unknown;
        for result in outcome.kept {
            let fresh = || ProfileCount { resources: 0, invalid: 0, has: vec![false; result.has.len()] };
            let tally = self.tallies.entry(result.profile).or_insert_with(fresh);
            tally.resources += 1;
            tally.invalid += u64::from(!result.valid);
            for (known, now) in tally.has.iter_mut().zip(&result.has) {
                *known |= now;
            }
        }
        let is_known = |fault: &ResourceFault| {
            // One cause is one finding: the base definitions may already report the same fault of the same value.
            let same = |base: &ResourceFault| {
                base.at == fault.at
                    && matches!(
                        (base.rule, fault.rule),
                        (LineRule::CodeOutside, LineRule::ProfileCode)
                            | (LineRule::ReferenceTarget, LineRule::ProfileType)
                    )
            };
            notes.invalid.iter().any(same)
        };
        notes.unkept = outcome.faults.into_iter().filter(|fault| !is_known(fault)).collect();
    }

    /// Returns the results.
    pub(crate) fn facts(&self) -> ProfileFacts {
        let tally = |(index, tally): (&usize, &ProfileCount)| {
            let profile = self.profiles.get(*index)?;
            let never = profile.supports.iter().zip(&tally.has).filter(|(_, has)| !**has);
            Some(ProfileTally {
                profile: profile.url.clone(),
                version: profile.version.clone(),
                resources: tally.resources,
                invalid: tally.invalid,
                supports: profile.supports.len() as u64,
                never: never.map(|(element, _)| element.clone()).collect(),
            })
        };
        ProfileFacts {
            packages: self.profiles.packages.clone(),
            unknown: self.unknown,
            unread: self.unread,
            held: self.tallies.iter().filter_map(tally).collect(),
        }
    }
}
