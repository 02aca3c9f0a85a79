//! Groups that the run makes on the target, where it was given leave to (hl7-3.0.0, group.html): made, changed, looked
//! for by name, and deleted whatever happens.

use std::time::Duration;

use bytes::Bytes;
use http::header::ACCEPT;
use http::{HeaderMap, Method, StatusCode};
use serde_json::{Value, json};
use url::Url;

use crate::drive::context::{Budget, FlowContext, no_answer, stop};
use crate::drive::flow::cleanup::LAST_ORDERS;
use crate::drive::flow::kickoff::polling_url;
use crate::drive::flow::probe::{LOOK, SETTLING, Sight};
use crate::drive::flow::{requests, retry};
use crate::drive::resume_journal::JournalLine;
use crate::measure::group_response::{GroupResult, named, place};
use crate::recording::model::{Phase, Role, Stop, StopKind};
use crate::session::exchange::{FullResponse, RequestSpec};
use crate::suite::flow::{Identity, Needs, Probe, Send};
use crate::suite::param::SampleValueName;
use crate::suite::values::is_beside_the_point;

/// The profile of Groups that are defined by a filter, and the extension that holds it.
const PROFILE: &str = "http://hl7.org/fhir/uv/bulkdata/StructureDefinition/bulk-cohort-group";
const MEMBER_FILTER: &str = "http://hl7.org/fhir/uv/bulkdata/StructureDefinition/member-filter";

/// The Groups of one flow.
#[derive(Debug, Default)]
pub(crate) struct Cohort {
    /// The id of the one that the flow is about.
    made: Option<String>,
    /// The names of those that were asked for and of which nothing is known since.
    sent: Vec<String>,
    /// Those that are to be deleted.
    groups: Vec<Url>,
}

impl FlowContext<'_> {
    /// Why the flow may not make a Group; none: it may.
    pub fn may_not_write(&self) -> Option<&'static str> {
        let settings = &self.run.settings;
        match (settings.allow_writes, settings.cohorts || self.run.declared.cohorts) {
            (false, _) => Some("a run writes nothing to the target unasked; --allow-writes lets it make a Group"),
            (true, false) => Some(
                "the target's CapabilityStatement does not list the profile of cohorts; --cohorts says that the target \
                 has them all the same",
            ),
            (true, true) => None,
        }
    }

    /// The id of the Group that the flow is about.
    pub fn group(&self) -> Option<String> {
        match self.planned.flow.credentials {
            Some(Needs::Cohort) => self.cohort().made.clone(),
            Some(Needs::EmptyGroup) => self.run.settings.empty_group.clone(),
            _ => self.run.settings.groups.first().cloned(),
        }
    }

    /// Whether a probe reads the Group that the flow has made.
    pub fn made_here(&self, probe: &Probe) -> bool {
        self.planned.flow.credentials == Some(Needs::Cohort) && probe.send == Send::Read
    }

    /// Makes the Group that the flow is about.
    ///
    /// # Errors
    /// There is none, and why.
    pub async fn make_group(&self) -> Result<(), Stop> {
        let Some(probe) = self.planned.flow.probes.iter().find(|probe| probe.makes_group()) else { return Ok(()) };
        let (exchange, fate) = self.send_group(probe, None).await?;
        let at = Some(exchange);
        let because = match fate {
            GroupResult::Made(id) => {
                self.cohort().made = Some(id);
                return Ok(());
            }
            GroupResult::Somewhere => "the target made a Group, and does not say where".to_owned(),
            GroupResult::Rejected(why) | GroupResult::Pending(why) => {
                format!("the target need not make every Group: {why}")
            }
            GroupResult::Refused(status) => {
                let because = format!("the POST of a Group was answered {}", status.as_u16());
                return Err(match status.as_u16() {
                    401 | 403 => stop(StopKind::Credentials, at, because),
                    404 | 405 | 501 => stop(StopKind::Answer, at, because),
                    // Whatever is wrong with the Group itself: a server takes the filters that it knows.
                    400..=499 => {
                        let optional = "the target need not take every member filter";
                        stop(StopKind::Declined, at, format!("{optional}: {because}"))
                    }
                    code if is_beside_the_point(code) => {
                        stop(StopKind::Waited, at, format!("{because} again and again"))
                    }
                    _ => stop(StopKind::Answer, at, because),
                });
            }
        };
        Err(stop(StopKind::NoPick, at, because))
    }

    /// A probe that writes a Group, reads the one that was made, or looks for it by name. What happens to it is the
    /// probe's alone.
    pub async fn probe_group(&self, probe: &Probe, sight: Sight<'_>) {
        let Some(id) = self.group() else { return };
        match probe.send {
            Send::Create => {
                // Another one, beside that of the flow.
                let _ = self.send_group(probe, None).await;
            }
            Send::Update if self.run.declared.group_updates => {
                let _ = self.send_group(probe, Some(&id)).await;
            }
            Send::Read => {
                let Some(ask) = self.probe_ask(probe, sight) else { return };
                self.until(ask, |whole| whole.status == StatusCode::OK).await;
            }
            Send::SearchName => {
                let name = self.group_name(None);
                let mut ask = self.search_ask(&name, Role::Probe);
                self.dress(&mut ask, probe);
                let found = |whole: &FullResponse| named(&whole.body, &name, &id);
                let seen = self.until(ask, |whole| found(whole).0.found).await;
                self.record().named = seen.map(|whole| found(&whole).0);
            }
            Send::Erase => {
                let url = self.group_url(&id);
                let mut ask = requests::plain(self.name(), Role::Probe, Method::DELETE, url.clone(), accept());
                self.dress(&mut ask, probe);
                let mut budget = Budget::new(self.run);
                let Ok(reply) = self.send_patiently(&mut budget, ask, false).await else { return };
                if reply.result.is_ok_and(|whole| whole.status.is_success()) {
                    self.cohort().groups.retain(|group| *group != url);
                    self.run.gone(&url);
                }
            }
            _ => {}
        }
    }

    /// Sends a request until its answer is `good`, or a few seconds have passed: what was just written may take a moment
    /// to be seen everywhere. The last answer counts.
    async fn until(&self, ask: RequestSpec, good: impl Fn(&FullResponse) -> bool) -> Option<FullResponse> {
        let budget = Budget::new(self.run).at_most(self.run, SETTLING);
        loop {
            let mut patience = Budget::new(self.run);
            let reply = self.send_patiently(&mut patience, ask.clone(), false).await.ok()?;
            let left = budget.left(self.run);
            match reply.result {
                Ok(whole) if !good(&whole) && !left.is_zero() => {
                    self.run.session.recorder().supersede(reply.exchange);
                    self.wait(LOOK.min(left), "until a Group is seen").await.ok()?;
                }
                result => return result.ok(),
            }
        }
    }

    /// The name of the flow's Group, or of the one that `probe` sends beside it. It tells the run by its time.
    fn group_name(&self, probe: Option<&Probe>) -> String {
        let started = crate::base::instant::rfc3339(self.run.clock.started());
        let digits: String = started.chars().filter(char::is_ascii_digit).collect();
        let more = probe.filter(|probe| !probe.makes_group() && probe.send == Send::Create);
        let more = more.map(|probe| format!("-{}", probe.id)).unwrap_or_default();
        format!("plimsoll-{digits}{more}")
    }

    fn group_url(&self, id: &str) -> Url {
        requests::under(&self.run.settings.base, &["Group", id])
    }

    /// The Group that is sent: persons, defined by a filter that any server with patients can apply.
    fn group_body(&self, name: &str, id: Option<&str>) -> Value {
        let gender = self.run.settings.values.get(&SampleValueName::Gender).map_or("female", String::as_str);
        let filter = format!("Patient?{}", requests::query(&[("gender".to_owned(), gender.to_owned())]));
        let mut group = json!({
            "resourceType": "Group",
            "meta": { "profile": [PROFILE] },
            "modifierExtension": [{
                "url": MEMBER_FILTER,
                "valueExpression": { "language": "application/x-fhir-query", "expression": filter }
            }],
            "type": "person",
            "actual": false,
            "name": name
        });
        if let (Some(fields), Some(id)) = (group.as_object_mut(), id) {
            fields.insert("id".to_owned(), id.into());
        }
        group
    }

    /// Sends a Group, new or under `id`, and follows what the target makes of it. Gives the exchange of the request, and
    /// what became of the Group.
    async fn send_group(&self, probe: &Probe, id: Option<&str>) -> Result<(u32, GroupResult), Stop> {
        let name = self.group_name(Some(probe));
        let (method, url) = match id {
            Some(id) => (Method::PUT, self.group_url(id)),
            None => (Method::POST, requests::under(&self.run.settings.base, &["Group"])),
        };
        let mut ask = requests::plain(self.name(), Role::Probe, method, url, accept());
        requests::overlay(
            &mut ask.headers,
            [("Content-Type", "application/fhir+json"), ("Prefer", "respond-async")].into_iter(),
        );
        ask.body = Some(Bytes::from(self.group_body(&name, id).to_string()));
        self.dress(&mut ask, probe);
        if id.is_none() {
            self.cohort().sent.push(name.clone());
        }
        let mut budget = Budget::new(self.run);
        let reply = self.send_patiently(&mut budget, ask, false).await?;
        let exchange = reply.exchange;
        let whole = reply.result.as_ref().map_err(|trouble| no_answer("the Group", exchange, trouble))?;
        let mut fate = match whole.status.as_u16() {
            202 => match polling_url(whole) {
                Some(Ok(job)) => self.follow(probe, &job, self.retry_after(&whole.headers), budget).await?,
                Some(Err(because)) => return Err(stop(StopKind::Answer, Some(exchange), because)),
                None => {
                    let because = "the POST of a Group was answered 202 without a Content-Location to poll";
                    return Err(stop(StopKind::Answer, Some(exchange), because));
                }
            },
            200..=299 => place(&whole.headers, &serde_json::from_slice(&whole.body).unwrap_or_default()),
            _ => GroupResult::Refused(whole.status),
        };
        if id.is_some() {
            return Ok((exchange, fate));
        }
        if let GroupResult::Made(id) = &fate
            && !self.is_ours(id, &name).await
        {
            fate = GroupResult::Somewhere;
        }
        if matches!(fate, GroupResult::Somewhere)
            && let Some(id) = self.look_for(&name, Role::Probe).await.into_iter().next()
        {
            fate = GroupResult::Made(id);
        }
        match &fate {
            GroupResult::Made(id) => {
                self.keep_group(id);
                self.known(&name);
            }
            // An error of the server says nothing of what it had made by then.
            GroupResult::Refused(status) if !status.is_server_error() => self.known(&name),
            GroupResult::Rejected(_) => self.known(&name),
            GroupResult::Refused(_) | GroupResult::Pending(_) | GroupResult::Somewhere => {}
        }
        Ok((exchange, fate))
    }

    /// Polls the job that makes a Group until it is over.
    async fn follow(
        &self,
        probe: &Probe,
        job: &Url,
        asked: Option<Duration>,
        budget: Budget,
    ) -> Result<GroupResult, Stop> {
        self.hold_on(job, probe.identity, None);
        let recorder = self.run.session.recorder();
        let (mut asked, mut attempt) = (asked, 0);
        loop {
            let left = budget.left(self.run);
            if left.is_zero() {
                let seconds = self.run.settings.max_wait.as_secs();
                return Ok(GroupResult::Pending(format!(
                    "after {seconds} s it was not made; somebody may have to approve of it"
                )));
            }
            self.wait(retry::pause(asked, attempt, left, self.run.settings.least_wait), "until a Group is made")
                .await?;
            attempt += 1;
            let mut ask = requests::plain(self.name(), Role::Probe, Method::GET, job.clone(), accept());
            self.dress(&mut ask, probe);
            let mut patience = budget;
            let reply = self.send_patiently(&mut patience, ask, false).await?;
            let whole = reply.result.as_ref().map_err(|trouble| no_answer("the poll", reply.exchange, trouble))?;
            asked = self.retry_after(&whole.headers);
            let status = whole.status.as_u16();
            let fate = match status {
                202 => {
                    recorder.phase(reply.exchange, Phase::InProgress);
                    continue;
                }
                200..=299 => place(&whole.headers, &serde_json::from_slice(&whole.body).unwrap_or_default()),
                401 | 403 => {
                    recorder.phase(reply.exchange, Phase::Transient);
                    let because = format!("the poll of the Group's job was answered {status}");
                    return Err(stop(StopKind::Credentials, Some(reply.exchange), because));
                }
                _ => GroupResult::Rejected(format!("its job ended with {status}")),
            };
            let phase = if matches!(fate, GroupResult::Rejected(_)) { Phase::Failed } else { Phase::Complete };
            recorder.phase(reply.exchange, phase);
            // It is over: there is nothing to be deleted of it but the Group.
            if self.drop_hold(job) && self.run.jobs.let_go(job) {
                self.run.gone(job);
            }
            return Ok(fate);
        }
    }

    fn search_ask(&self, name: &str, role: Role) -> RequestSpec {
        let mut url = requests::under(&self.run.settings.base, &["Group"]);
        url.set_query(Some(&requests::query(&[("name".to_owned(), name.to_owned())])));
        requests::plain(self.name(), role, Method::GET, url, accept())
    }

    /// The ids of the Groups of this very name.
    async fn look_for(&self, name: &str, role: Role) -> Vec<String> {
        let mut ask = self.search_ask(name, role);
        ask.probe = (role == Role::Probe).then(|| "where".to_owned());
        match self.run.session.send(ask).await.result {
            Ok(whole) if whole.status == StatusCode::OK => named(&whole.body, name, "").1,
            _ => Vec::new(),
        }
    }

    /// Whether a Group may be the one that was sent as `name`: it will be deleted, and a server may name another by
    /// mistake.
    async fn is_ours(&self, id: &str, name: &str) -> bool {
        let settings = &self.run.settings;
        let told = [&settings.empty_group, &settings.forbidden_group];
        if settings.groups.iter().chain(told.into_iter().flatten()).any(|known| known == id) {
            return false;
        }
        let mut ask = requests::plain(self.name(), Role::Probe, Method::GET, self.group_url(id), accept());
        ask.probe = Some("whose".to_owned());
        match self.run.session.send(ask).await.result {
            Ok(whole) if whole.status == StatusCode::OK => {
                let group: Value = serde_json::from_slice(&whole.body).unwrap_or_default();
                group.get("name").is_none_or(|known| known.as_str() == Some(name))
            }
            _ => true,
        }
    }

    /// Notes a Group that is to be deleted.
    fn keep_group(&self, id: &str) {
        let url = self.group_url(id);
        if self.cohort().groups.contains(&url) {
            return;
        }
        self.run.journal.write(&JournalLine::Held { flow: self.name().to_owned(), job: url.clone(), own: None });
        self.run.jobs.hold(&url);
        self.cohort().groups.push(url);
    }

    /// What became of a Group is known.
    fn known(&self, name: &str) {
        self.cohort().sent.retain(|sent| sent != name);
    }

    /// Deletes what was made, also what is only found by its name. Goes out even when the run is being ended, but does
    /// not hold it up for more than [`LAST_ORDERS`].
    pub async fn tidy_groups(&self) {
        let late = async {
            self.run.session.interrupted().await;
            self.run.clock.sleep(LAST_ORDERS).await;
        };
        tokio::select! {
            biased;
            () = self.erase_all() => {}
            () = late => {}
        }
    }

    async fn erase_all(&self) {
        let sent = std::mem::take(&mut self.cohort().sent);
        for name in sent {
            // It may be made yet, or not be seen everywhere.
            let until = self.run.clock.elapsed().saturating_add(SETTLING);
            loop {
                let found = self.look_for(&name, Role::Cleanup).await;
                found.iter().for_each(|id| self.keep_group(id));
                if !found.is_empty() || self.run.clock.elapsed() >= until {
                    break;
                }
                self.run.clock.sleep(LOOK).await;
            }
        }
        let groups = std::mem::take(&mut self.cohort().groups);
        for group in groups {
            self.run.jobs.let_go(&group);
            self.send_cleanup(&group, Identity::Client).await;
        }
    }
}

fn accept() -> HeaderMap {
    requests::usual(&[(ACCEPT, "application/fhir+json")])
}
