//! When a flow may begin, what it waits for, and what it leaves to others.

use crate::drive::context::{FlowContext, Unreachable, stop};
use crate::plan::model::PlannedFlow;
use crate::recording::model::{Phase, Stop, StopKind};
use crate::suite::flow::{Identity, Needs};

impl FlowContext<'_> {
    /// Whatever the flow's Group takes before it can be exported.
    pub async fn ready_group(&self) -> Result<(), Stop> {
        match self.planned.flow.credentials {
            Some(Needs::Cohort) => self.make_group().await,
            Some(Needs::EmptyGroup) => self.expect_nobody().await,
            _ => Ok(()),
        }
    }

    /// A job of a Group without members may end in a failure, as its kick-off may be refused.
    pub fn nobody_to_export(&self, stop: Stop) -> Stop {
        let failed = stop.exchange.and_then(|id| self.run.session.recorder().exchange(id)?.phase);
        match (&self.planned.flow.optional, failed) {
            (Some(optional), Some(Phase::Failed)) => {
                Stop { kind: StopKind::Declined, because: format!("{optional}: {}", stop.because), ..stop }
            }
            _ => stop,
        }
    }

    /// Waits for the flows that this one must not disturb, or be disturbed by.
    pub async fn await_turn(&self, alone: bool) {
        let flows = &self.run.plan.flows;
        let hooked = |other: &PlannedFlow| !other.flow.of_hooks().is_empty();
        let turns_keys = |other: &PlannedFlow| other.flow.credentials == Some(Needs::KeySet);
        let own = flows.iter().position(|other| other.name == self.planned.name).unwrap_or(flows.len());
        for (at, other) in flows.iter().enumerate().filter(|(at, _)| *at != own) {
            let waits = match (alone, self.is_hooked(), self.planned.flow.last) {
                (true, ..) => true,
                // Those that change something come one by one; what they did may be looked at side by side.
                (false, true, _) if hooked(other) => {
                    at < own && !(self.planned.flow.hooks.is_empty() && other.flow.hooks.is_empty())
                }
                (false, true, _) => !turns_keys(other),
                (false, false, last) => last && !other.flow.last,
            };
            if waits {
                self.run.flow_results.outcome(&other.name).await;
            }
        }
    }

    /// Lets go of a job that was kept until the flows that ask for the same had asked.
    pub async fn tidy_late(&self) {
        let alike = |other: &&PlannedFlow| other.flow.same_request_as.as_deref() == Some(self.name());
        for other in self.run.plan.flows.iter().filter(alike).filter(|_| self.planned.flow.keep) {
            self.run.flow_results.kickoff(&other.name).await;
        }
        self.tidy_all().await;
    }

    /// Whether the run has the credentials that the flow needs.
    pub async fn can_begin(&self) -> Result<(), Stop> {
        let flow = &self.planned.flow;
        if let Some(lacks) = flow.credentials.and_then(|needs| self.run.session.tokens().lacks(needs)) {
            return Err(stop(StopKind::NotOffered, None, lacks));
        }
        if let (Some(Needs::Cohort), Some(why)) = (flow.credentials, self.may_not_write()) {
            return Err(stop(StopKind::NotOffered, None, why));
        }
        if let Some(lacks) = self.run.settings.hooks.lacks(&flow.of_hooks()) {
            return Err(stop(StopKind::NotOffered, None, lacks));
        }
        match &self.run.no_way {
            Some(Unreachable::Token(why)) if !flow.probes_only => {
                return Err(stop(StopKind::Credentials, None, why.clone()));
            }
            Some(Unreachable::Tls(why)) if !flow.is_of_tls() => {
                return Err(stop(StopKind::Transport, None, why.clone()));
            }
            _ => {}
        }
        if flow.identity == Identity::Narrow {
            let narrow = self.run.session.tokens().prepare_narrow().await;
            narrow.map_err(|why| {
                stop(StopKind::NotOffered, None, format!("no token for Patient resources alone was had: {why}"))
            })?;
        }
        Ok(())
    }
}
