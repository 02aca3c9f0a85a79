//! Probes: extra requests beside a flow's conversation. They never move it; what becomes of them is on the recording.

use std::sync::PoisonError;
use std::sync::atomic::Ordering;
use std::time::Duration;

use http::header::{ACCEPT, ACCEPT_ENCODING};
use http::{HeaderMap, Method};
use url::Url;

use crate::base::vocabulary::ExportLevel;
use crate::drive::context::{Budget, FlowContext};
use crate::drive::flow::kickoff::{Job, Route, polling_url};
use crate::drive::flow::poll::{PollStep, Polls};
use crate::drive::flow::requests;
use crate::measure::manifest_files;
use crate::measure::unknown_job::unknown_job;
use crate::recording::model::{Outcome, Role, Stop};
use crate::session::exchange::RequestSpec;
use crate::settings::run_settings::Credentials;
use crate::suite::flow::{GRACE, Identity, Moment, Needs, Probe, Send, Wrong};
use crate::suite::model::FileList;
use crate::suite::values::Wait;

/// How long a deleted job that is asked for once may still be known.
pub(crate) const SETTLING: Duration = Duration::from_secs(5);
/// Tokens that last longer are waited for with `--wait-for-expiry` alone.
const SHORT_TOKEN: Duration = Duration::from_secs(60);
/// Between two looks at a deleted job.
pub(crate) const LOOK: Duration = Duration::from_millis(500);
/// How often the job that a wrong kick-off started is polled, to see what becomes of it.
const WRONG_JOB_POLLS: usize = 10;

/// How long after `Expires` a URL should surely work no more, and how long after the manifest where there is none.
const SURELY: Duration = Duration::from_secs(300);
const UNDATED: Duration = Duration::from_secs(3600);

/// When a token that is over is shown, each after the one before.
const CLOCKS: [Duration; 3] = [Duration::from_secs(10), Duration::from_secs(60), Duration::from_secs(240)];

/// What a probe may refer to, as far as the flow has come.
#[derive(Clone, Copy)]
pub(crate) struct Sight<'s> {
    /// What the flow asks for.
    pub route: &'s Route,
    /// Its job.
    pub job: Option<&'s Job>,
    /// The files that file probes ask for, one of each list.
    pub files: &'s [crate::drive::files::download::WantedFile],
    /// Its manifest.
    pub manifest: Option<&'s serde_json::Value>,
}

impl<'a> FlowContext<'a> {
    /// Whether the flow changes the client's keys.
    pub fn turns_keys(&self) -> bool {
        self.planned.flow.credentials == Some(Needs::KeySet)
    }

    /// Whether the flow has probes at `moment`.
    pub fn has_probes(&self, moment: Moment) -> bool {
        self.planned.flow.probes.iter().any(|probe| probe.at == moment)
    }

    /// Sends the probes of a moment, one after the other. At the start, those that need the job wait for it: they are
    /// sent when `sight` has one, the others when it has none. The error is that the run is being ended.
    pub async fn probe_all(&self, moment: Moment, sight: Sight<'_>) -> Result<(), Stop> {
        // The flow's own Group was made before all of them.
        for probe in self.planned.flow.probes.iter().filter(|probe| probe.at == moment && !probe.makes_group()) {
            let needs_job = probe.wrong == Some(Wrong::Job) || matches!(probe.send, Send::Poll | Send::Delete);
            if moment == Moment::Start && needs_job != sight.job.is_some() {
                continue;
            }
            self.check_halt()?;
            self.probe(probe, sight).await;
            self.check_halt()?;
        }
        Ok(())
    }

    /// Sends one probe, at each of its times. A stop within it is the probe's alone.
    async fn probe(&self, probe: &Probe, sight: Sight<'_>) {
        let kicks_off = matches!(probe.send, Send::Kickoff | Send::KickoffPost);
        let open = matches!(self.run.settings.credentials, Credentials::None);
        if self.run.settings.second.is_none() && probe.identity == Identity::SecondClient
            || open && probe.identity == Identity::Tampered
            || open && kicks_off && probe.identity == Identity::None
        {
            // There is no such client in the settings, or it would be the flow's own request again.
            return;
        }
        let with_id = probe.wrong == Some(Wrong::ClientId);
        if probe.send == Send::Token && probe.wrong.is_some() && with_id != self.run.no_way.is_some() {
            // Where a good request is refused, that bad ones are says nothing; where it is not, nothing need be found out.
            return;
        }
        if matches!(probe.wrong, Some(Wrong::NewKey | Wrong::OldKey)) {
            let Ok(time) = self.run.session.tokens().rotate_key().await else { return };
            if let Some(time) = time
                && self.wait(time, "until the client's keys may be kept no longer").await.is_err()
            {
                return;
            }
        }
        if probe.identity == Identity::None && matches!(self.run.settings.credentials, Credentials::None) {
            // It would be the flow's own request again.
            return;
        }
        if probe.identity == Identity::Renewed {
            self.run.session.tokens().discard().await;
        }
        if probe.identity == Identity::Expired {
            return self.probe_expired(probe, sight).await;
        }
        let settles = probe.at == Moment::Deleted && probe.after.is_empty();
        if settles && matches!(probe.send, Send::Poll | Send::Delete) {
            return self.probe_until_gone(probe, sight, SETTLING).await;
        }
        if probe.outlived && !self.wait_until_outlived(sight).await {
            return;
        }
        if probe.at == Moment::End && probe.send == Send::Read {
            return self.probe_until_gone(probe, sight, SETTLING).await;
        }
        if matches!(probe.send, Send::Create | Send::Update | Send::Erase | Send::SearchName) || self.made_here(probe) {
            return self.probe_group(probe, sight).await;
        }
        let began = self.run.clock.elapsed();
        let at_once = [Wait(Duration::ZERO)];
        let times = if probe.after.is_empty() { &at_once[..] } else { &probe.after };
        let returns = probe.at == Moment::Deleted && probe.send == Send::Poll;
        if returns {
            self.probe_until_gone(probe, sight, GRACE).await;
        }
        for time in times {
            let passed = self.run.clock.elapsed().saturating_sub(began);
            // The looks at a job that was not gone at once were those of these times, too.
            let past = time.duration().is_zero() || time.duration() < passed;
            let late = time.duration() > GRACE && !self.run.settings.wait_for_expiry;
            if returns && (past || late) {
                continue;
            }
            let wait = time.duration().saturating_sub(passed);
            if !wait.is_zero() && self.wait(wait, "until a probe's time").await.is_err() {
                return;
            }
            // Nothing that happens to a probe stops the flow; a run that is being ended is seen by the caller.
            let _ = self.probe_once(probe, sight).await;
        }
    }

    /// A probe with a token that is over, once it is. Clocks differ, by five minutes at some servers, so that one that is
    /// accepted is tried again later; the last answer counts.
    async fn probe_expired(&self, probe: &Probe, sight: Sight<'_>) {
        let Ok(lasts) = self.run.session.tokens().prepare_expired().await else { return };
        // Nobody waits minutes for one test unasked.
        let patience = if self.run.settings.wait_for_expiry { self.run.settings.max_wait } else { SHORT_TOKEN };
        if lasts > patience {
            return;
        }
        if self.wait(lasts, "until a token is over").await.is_err() {
            return;
        }
        for (index, pause) in CLOCKS.into_iter().enumerate() {
            if self.wait(pause, "until a token is surely over").await.is_err() {
                return;
            }
            // The flow holds no permit while it waits.
            let Ok(_permit) = self.run.permits.acquire().await else { return };
            let Ok(Some((exchange, accepted))) = self.probe_kickoff(probe, sight.route).await else { return };
            if !accepted || index + 1 == CLOCKS.len() {
                return;
            }
            self.run.session.recorder().supersede(exchange);
        }
    }

    /// Waits until the files' URLs should work no more. Whether that can be looked at.
    async fn wait_until_outlived(&self, sight: Sight<'_>) -> bool {
        let settings = &self.run.settings;
        let open = sight.manifest.is_some_and(manifest_files::is_open) && self.turned_away.load(Ordering::Relaxed);
        let manifest = *self.manifest_at.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(manifest) = manifest.and_then(|id| self.run.session.recorder().exchange(id)) else { return false };
        let Outcome::Response(answer) = &manifest.outcome else { return false };
        let date = |name: &str| httpdate::parse_http_date(answer.header(name)?.trim()).ok();
        // Both are the server's clock.
        let lasts = date("expires").zip(date("date")).and_then(|(expires, now)| expires.duration_since(now).ok());
        let lasts = lasts.map_or(UNDATED, |lasts| lasts.saturating_add(SURELY));
        let until = Duration::from_millis(manifest.at.saturating_add(manifest.took)).saturating_add(lasts);
        let left = until.saturating_sub(self.run.clock.elapsed());
        // Nobody waits minutes for one test unasked.
        let bearable = settings.wait_for_expiry && left <= settings.max_wait;
        open && bearable && self.wait(left, "until the files' URLs should work no more").await.is_ok()
    }

    /// Sends one probe once.
    async fn probe_once(&self, probe: &Probe, sight: Sight<'_>) -> Result<(), Stop> {
        let mut budget = Budget::new(self.run);
        match probe.send {
            Send::Kickoff | Send::KickoffPost => self.probe_kickoff(probe, sight.route).await.map(drop),
            Send::Token => {
                self.run.session.tokens().probe(self.name(), probe).await;
                if let Some(set) = self.run.settings.key_set.as_ref().filter(|_| self.turns_keys()) {
                    self.record().key_reads.insert(probe.id.clone(), set.reads());
                }
                Ok(())
            }
            Send::Tls => {
                self.run.session.tls().probe(self.name(), probe).await;
                Ok(())
            }
            Send::File | Send::FilePost => {
                let list = probe.list.unwrap_or(FileList::Output);
                match sight.files.iter().find(|wanted| wanted.list() == list) {
                    Some(wanted) => self.fetch_again(wanted, probe).await,
                    None => Ok(()),
                }
            }
            Send::Attachment => {
                if let (Some(job), Some(manifest)) = (sight.job, sight.manifest) {
                    self.probe_attachment(probe, job, manifest).await;
                }
                Ok(())
            }
            _ => match self.probe_ask(probe, sight) {
                Some(ask) => self.send_patiently(&mut budget, ask, false).await.map(drop),
                None => Ok(()),
            },
        }
    }

    /// The request of a probe that neither kicks off nor fetches a file; none if there is nothing to ask for.
    pub fn probe_ask(&self, probe: &Probe, sight: Sight<'_>) -> Option<RequestSpec> {
        let base = &self.run.settings.base;
        let json = requests::usual(&[(ACCEPT, "application/json")]);
        let fhir = requests::usual(&[(ACCEPT, "application/fhir+json")]);
        let (method, url, headers) = match probe.send {
            Send::Poll => (Method::GET, self.probed_job(probe, sight)?, json),
            Send::Delete => (Method::DELETE, self.probed_job(probe, sight)?, fhir),
            Send::Metadata => (Method::GET, requests::under(base, &["metadata"]), fhir),
            Send::SmartConfiguration => {
                (Method::GET, requests::under(base, &[".well-known", "smart-configuration"]), json)
            }
            Send::Read => {
                let group = match probe.wrong {
                    Some(Wrong::Group) => requests::NO_SUCH_GROUP.to_owned(),
                    _ => self.group()?,
                };
                (Method::GET, requests::under(base, &["Group", &group]), fhir)
            }
            Send::Search => {
                let mut url = requests::under(base, &["Group"]);
                url.set_query(Some(&requests::query(&[("_id".to_owned(), self.group()?)])));
                (Method::GET, url, fhir)
            }
            Send::Count => {
                let mut url = requests::under(base, &["Patient"]);
                url.set_query(Some("_summary=count"));
                (Method::GET, url, fhir)
            }
            // Kick-offs, files, token requests and handshakes are sent elsewhere.
            Send::Kickoff | Send::KickoffPost | Send::File | Send::FilePost | Send::Files | Send::Attachment => {
                return None;
            }
            Send::Token | Send::Tls => return None,
            // What writes Groups, or looks for them, has a room of its own.
            Send::Create | Send::Update | Send::Erase | Send::SearchName => return None,
        };
        let mut ask = requests::plain(self.name(), Role::Probe, method, url, headers);
        self.dress(&mut ask, probe);
        Some(ask)
    }

    /// Makes a request that of a probe: its name, its identity, its headers.
    pub fn dress(&self, ask: &mut RequestSpec, probe: &Probe) {
        ask.role = Role::Probe;
        ask.probe = Some(probe.id.clone());
        ask.identity = probe.identity;
        let over = probe.headers.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        requests::overlay(&mut ask.headers, over);
        requests::leave_out(&mut ask.headers, &probe.omit);
    }

    fn probed_job(&self, probe: &Probe, sight: Sight<'_>) -> Option<Url> {
        let job = sight.job?;
        match probe.wrong {
            Some(Wrong::Job) => unknown_job(&job.url),
            _ => Some(job.url.clone()),
        }
    }

    /// Asks for a deleted job until it is unknown, or has had time enough to be. The last answer counts.
    async fn probe_until_gone(&self, probe: &Probe, sight: Sight<'_>, time: Duration) {
        let Some(ask) = self.probe_ask(probe, sight) else { return };
        let budget = Budget::new(self.run).at_most(self.run, time);
        loop {
            let mut patience = Budget::new(self.run).at_most(self.run, time);
            let Ok(reply) = self.send_patiently(&mut patience, ask.clone(), false).await else { return };
            let gone = reply.result.as_ref().is_ok_and(|whole| matches!(whole.status.as_u16(), 404 | 410));
            let left = budget.left(self.run);
            if gone || left.is_zero() {
                return;
            }
            self.run.session.recorder().supersede(reply.exchange);
            if self.wait(LOOK.min(left), "until a deleted job is unknown").await.is_err() {
                return;
            }
        }
    }

    /// A kick-off as a probe. A job that it starts is looked at where its kick-off was wrong, and deleted.
    /// Gives its exchange, and whether it started a job.
    async fn probe_kickoff(&self, probe: &Probe, route: &Route) -> Result<Option<(u32, bool)>, Stop> {
        if probe.wrong == Some(Wrong::Group) && route.level != ExportLevel::Group {
            return Ok(None);
        }
        let more = self.resolve(&probe.params, route.source.as_ref())?;
        let mut budget = Budget::new(self.run);
        let reply = self.send_patiently(&mut budget, self.kickoff_ask(route, Some(probe), &more), true).await?;
        let exchange = reply.exchange;
        let Ok(whole) = &reply.result else { return Ok(None) };
        let Some(Ok(url)) = polling_url(whole) else {
            if probe.identity == Identity::None && whole.status.is_client_error() {
                self.turned_away.store(true, Ordering::Relaxed);
            }
            return Ok(Some((exchange, false)));
        };
        // A server that gives the flow's own job again means that one: it is not the probe's to delete.
        let shared = self.held().iter().any(|(job, _)| *job == url);
        self.hold(&url, probe.identity, None);
        let seen = match probe.wrong {
            Some(Wrong::Group) => {
                let job = Job {
                    url: url.clone(),
                    retry_after: self.retry_after(&whole.headers),
                    budget,
                    partial: false,
                    separate: false,
                };
                self.watch_wrong_job(probe, &job).await
            }
            _ => Ok(()),
        };
        for (job, owner) in self.held().into_iter().filter(|(job, _)| *job == url && !shared) {
            self.tidy(&job, owner).await;
        }
        seen.map(|()| Some((exchange, true)))
    }

    /// Polls the job of a wrong kick-off a few times: it may well be accepted and fail then.
    async fn watch_wrong_job(&self, probe: &Probe, job: &Job) -> Result<(), Stop> {
        let mut polls = Polls::default();
        while polls.count() < WRONG_JOB_POLLS {
            let mut ask = self.poll_ask(&job.url);
            ask.role = Role::Probe;
            ask.probe = Some(probe.id.clone());
            ask.identity = probe.identity;
            match self.poll(job, &mut polls, ask).await? {
                PollStep::Done(_) => break,
                PollStep::Running => self.check_hope(&polls)?,
                PollStep::Unsure => {}
            }
        }
        Ok(())
    }
}

/// The headers of a request for a file.
pub(crate) fn file_headers() -> HeaderMap {
    requests::usual(&[(ACCEPT, "application/fhir+ndjson"), (ACCEPT_ENCODING, "gzip")])
}
