//! Decides the state of a job from its polls. This is the only place that decides what "in progress" means, from
//! status, body and later polls. A server that wrongly returns 200 while the job runs must still be judged, so later
//! polls decide the meaning of a response that is neither 202 nor a manifest.

use crate::recording::model::Phase;

/// After so many equal responses in a row that mean neither "running" nor "complete", the job counts as complete.
const MAX_UNCLEAR: usize = 5;
/// The same for responses that change, or have `Retry-After` or `X-Progress`, which are signs of a running job.
const MAX_UNCLEAR_RUNNING: usize = 60;
/// After so many server errors in a row, the job counts as failed.
const MAX_ERRORS: usize = 5;
/// After so many 404 or 410 in a row, the job counts as unknown. A new job may not be visible at once.
const MAX_GONE: usize = 4;

/// The response to one poll.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SeenPoll {
    /// The status; `None` if there was no response.
    pub status: Option<u16>,
    /// Whether the body looks like a manifest.
    pub manifest: bool,
    /// A digest of the body and of `X-Progress`, to detect changes.
    pub digest: u64,
    /// Whether the response has `Retry-After` or `X-Progress`.
    pub signs: bool,
}

/// The state of the job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JobStanding {
    /// It is running, or may be running. Poll again later.
    Running,
    /// The last poll failed, but the job may not have failed. Poll again later.
    Unsure,
    /// It is complete, and the last response has its manifest.
    Complete,
    /// It is complete by its status, but the body is not a manifest.
    NoManifest,
    /// It failed, or is unknown.
    Failed,
    /// The poll returned 401 or 403, which does not show the state of the job.
    Refused,
    /// The last polls got no response.
    Silent,
}

/// What the polls so far show about the job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reading {
    /// The phase of each poll; `None` if it is not known yet.
    pub phases: Vec<Option<Phase>>,
    /// The state of the job after the last poll.
    pub standing: JobStanding,
}

/// What a single poll shows.
#[derive(Clone, Copy, PartialEq, Eq)]
enum PollKind {
    Accepted,
    AcceptedWithManifest,
    Manifest,
    Unclear,
    Gone,
    Busy,
    ServerError,
    Refused,
    Failed,
    Nothing,
}

fn kind(seen: &SeenPoll) -> PollKind {
    match seen.status {
        None => PollKind::Nothing,
        Some(202) if seen.manifest => PollKind::AcceptedWithManifest,
        Some(202) => PollKind::Accepted,
        Some(200..=299) if seen.manifest => PollKind::Manifest,
        Some(100..=399) => PollKind::Unclear,
        Some(404 | 410) => PollKind::Gone,
        Some(401 | 403) => PollKind::Refused,
        Some(408 | 425 | 429) => PollKind::Busy,
        // With a time to retry, this is not a failure of the job, even if it repeats.
        Some(503) if seen.signs => PollKind::Busy,
        Some(500..=599) => PollKind::ServerError,
        Some(_) => PollKind::Failed,
    }
}

/// Returns the phases of the polls of a job, oldest first, and the state of the job. `partial` means that the kick-off
/// requested partial manifests: then a manifest with 202 never means completion (hl7-3.0.0, `allowPartialManifests`).
pub fn read(polls: &[SeenPoll], partial: bool) -> Reading {
    let kinds: Vec<PollKind> = polls.iter().map(kind).collect();
    let mut phases: Vec<Option<Phase>> = kinds
        .iter()
        .map(|kind| match kind {
            PollKind::Accepted | PollKind::AcceptedWithManifest => Some(Phase::InProgress),
            PollKind::Manifest => Some(Phase::Complete),
            PollKind::Unclear => None,
            PollKind::Failed => Some(Phase::Failed),
            _ => Some(Phase::Transient),
        })
        .collect();

    // An unclear response before a clear "running" or "complete" was sent while the job was running.
    let clear =
        |kind: &PollKind| matches!(kind, PollKind::Accepted | PollKind::AcceptedWithManifest | PollKind::Manifest);
    if let Some(last_clear) = kinds.iter().rposition(clear) {
        for phase in phases.iter_mut().take(last_clear).filter(|phase| phase.is_none()) {
            *phase = Some(Phase::InProgress);
        }
    }

    let standing = match kinds.last() {
        None => JobStanding::Running,
        Some(PollKind::Manifest) => JobStanding::Complete,
        Some(PollKind::Accepted) => JobStanding::Running,
        Some(PollKind::AcceptedWithManifest)
            if !partial && unchanged(polls, &kinds, PollKind::AcceptedWithManifest) =>
        {
            settle(&mut phases, 1, Phase::Complete);
            JobStanding::Complete
        }
        Some(PollKind::AcceptedWithManifest) => JobStanding::Running,
        Some(PollKind::Unclear) => {
            let run = run_of(&kinds, PollKind::Unclear);
            if unchanged(polls, &kinds, PollKind::Unclear) || run >= MAX_UNCLEAR_RUNNING {
                settle(&mut phases, run, Phase::Complete);
                JobStanding::NoManifest
            } else {
                JobStanding::Running
            }
        }
        Some(PollKind::Gone) if run_of(&kinds, PollKind::Gone) >= MAX_GONE => {
            settle(&mut phases, 1, Phase::Failed);
            JobStanding::Failed
        }
        Some(PollKind::ServerError) if run_of(&kinds, PollKind::ServerError) >= MAX_ERRORS => {
            settle(&mut phases, 1, Phase::Failed);
            JobStanding::Failed
        }
        Some(PollKind::Nothing) if run_of(&kinds, PollKind::Nothing) >= MAX_ERRORS => JobStanding::Silent,
        Some(PollKind::Failed) => JobStanding::Failed,
        Some(PollKind::Refused) => JobStanding::Refused,
        Some(PollKind::Gone | PollKind::ServerError | PollKind::Nothing | PollKind::Busy) => JobStanding::Unsure,
    };
    Reading { phases, standing }
}

/// Returns how many polls at the end are of this kind.
fn run_of(kinds: &[PollKind], kind: PollKind) -> usize {
    kinds.iter().rev().take_while(|one| **one == kind).count()
}

/// Returns whether the last [`MAX_UNCLEAR`] polls are of this kind, equal, and without signs of a running job.
fn unchanged(polls: &[SeenPoll], kinds: &[PollKind], kind: PollKind) -> bool {
    let tail = polls.iter().rev().take(MAX_UNCLEAR);
    let first = polls.last().map(|seen| seen.digest);
    run_of(kinds, kind) >= MAX_UNCLEAR && tail.into_iter().all(|seen| Some(seen.digest) == first && !seen.signs)
}

/// Sets the phase of the last `count` polls.
fn settle(phases: &mut [Option<Phase>], count: usize, phase: Phase) {
    for one in phases.iter_mut().rev().take(count) {
        *one = Some(phase);
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
mod tests {
    use super::*;

    fn seen(status: u16, manifest: bool) -> SeenPoll {
        SeenPoll { status: Some(status), manifest, digest: 0, signs: false }
    }

    fn letters(polls: &[SeenPoll]) -> (String, JobStanding) {
        let reading = read(polls, false);
        let letters = reading.phases.iter().map(|phase| match phase {
            Some(Phase::InProgress) => 'i',
            Some(Phase::Complete) => 'c',
            Some(Phase::Failed) => 'f',
            Some(Phase::Transient) => 't',
            None => '?',
        });
        (letters.collect(), reading.standing)
    }

    #[test]
    fn accepted_polls_are_in_progress_and_a_manifest_is_complete() {
        let (running, done) = (seen(202, false), seen(200, true));
        assert_eq!(letters(&[]), (String::new(), JobStanding::Running));
        assert_eq!(letters(&[done]), ("c".into(), JobStanding::Complete));
        assert_eq!(letters(&[running, running, done]), ("iic".into(), JobStanding::Complete));
        assert_eq!(
            letters(&[running, seen(201, true)]),
            ("ic".into(), JobStanding::Complete),
            "a wrong 2xx status, but a manifest"
        );
    }

    #[test]
    fn ok_before_a_running_poll_is_in_progress() {
        let wrong = seen(200, false);
        assert_eq!(letters(&[wrong, wrong]), ("??".into(), JobStanding::Running));
        assert_eq!(letters(&[wrong, wrong, seen(200, true)]), ("iic".into(), JobStanding::Complete));
        assert_eq!(letters(&[wrong, seen(202, false), wrong]), ("ii?".into(), JobStanding::Running));
        assert_eq!(letters(&[seen(303, false), seen(202, false)]), ("ii".into(), JobStanding::Running));
    }

    #[test]
    fn ok_without_manifest_is_complete_if_it_repeats() {
        let wrong = seen(200, false);
        assert_eq!(letters(&[wrong; 5]), ("ccccc".into(), JobStanding::NoManifest));
        assert_eq!(
            letters(&[seen(202, false), wrong, wrong, wrong, wrong, wrong]),
            ("iccccc".into(), JobStanding::NoManifest)
        );
        let changing: Vec<SeenPoll> = (0..40).map(|digest| SeenPoll { digest, ..wrong }).collect();
        assert_eq!(
            read(&changing, false).standing,
            JobStanding::Running,
            "a response that changes is a sign of a running job"
        );
        let signs = [SeenPoll { signs: true, ..wrong }; 40];
        assert_eq!(read(&signs, false).standing, JobStanding::Running);
        assert_eq!(
            read(&[SeenPoll { signs: true, ..wrong }; 60], false).standing,
            JobStanding::NoManifest,
            "up to a limit"
        );
    }

    #[test]
    fn accepted_with_a_manifest_is_complete_if_it_repeats() {
        let odd = seen(202, true);
        assert_eq!(letters(&[odd, odd]), ("ii".into(), JobStanding::Running));
        assert_eq!(letters(&[odd, odd, seen(200, true)]), ("iic".into(), JobStanding::Complete));
        assert_eq!(letters(&[odd; 5]), ("iiiic".into(), JobStanding::Complete));
        assert_eq!(read(&[odd; 30], true).standing, JobStanding::Running, "partial manifests were requested");
    }

    #[test]
    fn errors_end_a_job_only_if_they_repeat() {
        let (running, error) = (seen(202, false), seen(500, false));
        assert_eq!(letters(&[running, error, error, running]), ("itti".into(), JobStanding::Running));
        assert_eq!(letters(&[error; 4]).1, JobStanding::Unsure);
        assert_eq!(letters(&[error; 5]), ("ttttf".into(), JobStanding::Failed));
        assert_eq!(
            letters(&[seen(429, false); 50]).1,
            JobStanding::Unsure,
            "only max-wait limits the retries after 429"
        );
        assert_eq!(letters(&[seen(404, false), seen(404, false), running]), ("tti".into(), JobStanding::Running));
        assert_eq!(letters(&[seen(404, false); 4]), ("tttf".into(), JobStanding::Failed));
        assert_eq!(letters(&[running, seen(400, false)]), ("if".into(), JobStanding::Failed));
        assert_eq!(letters(&[seen(401, false)]), ("t".into(), JobStanding::Refused));
        let nothing = SeenPoll { status: None, ..error };
        assert_eq!(letters(&[nothing; 4]).1, JobStanding::Unsure);
        assert_eq!(letters(&[nothing; 5]).1, JobStanding::Silent);
    }
}
