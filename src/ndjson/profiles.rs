//! Lines against profiles: what the packages ask that were given.

use std::collections::BTreeMap;
use std::sync::Arc;

use memchr::memmem;

use crate::fhir::profile::profiles::Profiles;
use crate::fhir::validate::fault::Fault;
use crate::ndjson::facts::{Notes, Standing};
use crate::recording::facts::{ProfileFacts, ProfileTally};
use crate::suite::line_rules::LineRule;

/// Holds the lines of one file to profiles.
#[derive(Debug)]
pub(crate) struct Holder {
    profiles: Arc<Profiles>,
    tallies: BTreeMap<usize, Tally>,
    unknown: u64,
    unread: u64,
}

#[derive(Debug)]
struct Tally {
    resources: u64,
    invalid: u64,
    has: Vec<bool>,
}

impl Holder {
    pub(crate) fn new(profiles: Arc<Profiles>) -> Self {
        Self { profiles, tallies: BTreeMap::new(), unknown: 0, unread: 0 }
    }

    /// Holds a resource to its profiles, after it was held to the base definitions.
    pub(crate) fn hold(&mut self, line: &[u8], notes: &mut Notes) {
        let Some(of) = notes.plausible_type().filter(|_| notes.judged && notes.standing == Standing::Object) else {
            return;
        };
        if !self.profiles.assigns(of) && memmem::find(line, b"\"profile\"").is_none() {
            return;
        }
        let Ok(resource) = serde_json::from_slice(line) else {
            // It is sound JSON, but nested beyond what is made a tree of.
            self.unread += 1;
            return;
        };
        let outcome = self.profiles.judge(&resource, line);
        self.unknown += outcome.unknown;
        for kept in outcome.kept {
            let fresh = || Tally { resources: 0, invalid: 0, has: vec![false; kept.has.len()] };
            let tally = self.tallies.entry(kept.profile).or_insert_with(fresh);
            tally.resources += 1;
            tally.invalid += u64::from(!kept.valid);
            for (known, now) in tally.has.iter_mut().zip(&kept.has) {
                *known |= now;
            }
        }
        let told = |fault: &Fault| {
            // One cause, one finding: the base definitions may say the same of the same value.
            let same = |base: &Fault| {
                base.at == fault.at
                    && matches!(
                        (base.rule, fault.rule),
                        (LineRule::CodeOutside, LineRule::ProfileCode)
                            | (LineRule::ReferenceTarget, LineRule::ProfileType)
                    )
            };
            notes.invalid.iter().any(same)
        };
        notes.unkept = outcome.faults.into_iter().filter(|fault| !told(fault)).collect();
    }

    /// What it came to.
    pub(crate) fn facts(&self) -> ProfileFacts {
        let tally = |(index, tally): (&usize, &Tally)| {
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
