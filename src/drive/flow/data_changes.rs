//! What hooks touched: they are run at their moments, what they name is read at once, and later exports are looked
//! through for it.

use http::StatusCode;
use http::header::DATE;
use serde_json::Value;

use crate::base::instant::{Instant, rfc3339};
use crate::base::vocabulary::ExportLevel;
use crate::drive::context::{Budget, FlowContext, millis, stop};
use crate::drive::flow::kickoff::Route;
use crate::drive::hooks::Failure;
use crate::measure::missing_resource::{ResourceName, same_version};
use crate::ndjson::identity::Identity;
use crate::recording::data_changes::{ChangeSeen, ChangeState, ChangedResource, HookRun, Hooked};
use crate::recording::model::{Outcome, Stop, StopKind};
use crate::suite::flow::{HookMoment, HookName};

/// The probe's name on the recording.
const PROBE: &str = "hooked";

/// The most lines of what a hook says of its trouble that are shown.
const LAST_LINES: usize = 5;

/// How long is waited where the target tells times to the second: what follows must be later by its own clock.
const A_SECOND: std::time::Duration = std::time::Duration::from_millis(1100);

/// What hooks did to the target until now.
#[derive(Debug, Default)]
pub(crate) struct DataChanges {
    /// Their runs.
    runs: Vec<HookRun>,
    /// What they named.
    touches: Vec<Touch>,
    /// What was exported, by level.
    exported: Vec<(ExportLevel, Identity)>,
}

/// A resource that a hook named.
#[derive(Clone, Debug)]
struct Touch {
    hook: HookName,
    name: ResourceName,
    read: Option<u32>,
    state: ChangeState,
    /// As it was read, where it was.
    value: Option<Value>,
    /// How it stands in the export during which it was touched.
    came: ChangeSeen,
    /// A later run of a hook named it again.
    again: bool,
}

/// What came of what hooks named with the files of a flow.
#[derive(Debug, Default)]
pub(crate) struct ExportedChanges {
    /// Those that are in its output.
    pub output: Vec<(ResourceName, Value)>,
    /// Hashes of what is listed under `deleted`.
    pub deleted: Vec<u64>,
    /// Whether all output files came whole.
    pub whole: bool,
}

/// How a line of an export stands beside the state that was read.
fn standing(line: &Value, read: &Value) -> ChangeSeen {
    let text = |value: &'_ Value, at: &str| value.pointer(at).and_then(Value::as_str).map(str::to_owned);
    let number = |value| text(value, "/meta/versionId").and_then(|version| version.parse::<u64>().ok());
    if let (Some(own), Some(wanted)) = (number(line), number(read)) {
        return if own >= wanted { ChangeSeen::Fresh } else { ChangeSeen::Stale };
    }
    let version = |value| text(value, "/meta/versionId");
    if version(line).is_some() && version(line) == version(read) {
        return ChangeSeen::Fresh;
    }
    let date = |value| text(value, "/meta/lastUpdated").and_then(|date| Instant::parse(&date));
    match (date(line), date(read)) {
        (Some(own), Some(wanted)) if own >= wanted => return ChangeSeen::Fresh,
        // Dates may be cut to the second on one way and not on the other.
        (Some(own), Some(wanted)) if own.plus_seconds(1) <= wanted => return ChangeSeen::Stale,
        _ => {}
    }
    let bare = |value: &Value| {
        let mut value = value.clone();
        value.as_object_mut().map(|fields| fields.remove("meta"));
        value
    };
    if bare(line) == bare(read) { ChangeSeen::Fresh } else { ChangeSeen::Unsure }
}

impl FlowContext<'_> {
    /// Whether hooks are at play in this flow.
    pub fn is_hooked(&self) -> bool {
        !self.planned.flow.of_hooks().is_empty()
    }

    /// Runs the flow's hooks of this moment, and reads what they name. They begin a second after `transaction_time`, as
    /// far as our own clock tells, so that what they do lies after it whatever parts of a second the target counts.
    pub async fn run_hooks(&self, moment: HookMoment, transaction_time: Option<&str>) -> Result<(), Stop> {
        let hooks = &self.run.settings.hooks;
        let calls = self.planned.flow.hooks.iter().filter(|call| call.at == moment).map(|call| call.run);
        let calls: Vec<HookName> = calls.filter(|name| hooks.there.contains_key(name)).collect();
        let now = Instant::from(self.run.clock.now());
        if let Some(time) = transaction_time.and_then(Instant::parse).filter(|_| !calls.is_empty()) {
            let left = (time.millis() + 1000).saturating_sub(now.millis());
            // A clock that goes fast or slow is not waited for.
            let left = std::time::Duration::from_millis(u64::try_from(left).unwrap_or(0)).min(A_SECOND);
            if !left.is_zero() {
                self.wait(left, "until the export lies behind").await?;
            }
        }
        let mut coarse = false;
        for name in calls {
            self.check_halt()?;
            let began = self.run.clock.elapsed();
            let ended = tokio::select! {
                biased;
                () = self.run.session.interrupted() => None,
                ended = hooks.run(name, &self.run.settings.base) => Some(ended),
            };
            let took = self.run.clock.elapsed().saturating_sub(began);
            let (names, trouble) = match ended {
                Some(Ok(names)) => (names, None),
                Some(Err(Failure { trouble, words })) => {
                    // Its words go to the terminal alone: they may well be about somebody.
                    self.run.progress.note(&format!("note: {trouble}"));
                    let words = self.run.session.recorder().redact_text(words.trim());
                    let lines: Vec<&str> = words.lines().collect();
                    // The end says most.
                    for line in lines.iter().skip(lines.len().saturating_sub(LAST_LINES)) {
                        self.run.progress.note(&format!("  {name}: {line}"));
                    }
                    (Vec::new(), Some(trouble))
                }
                None => (Vec::new(), Some(format!("the hook {name} was ended with the run"))),
            };
            let (at, took) = (millis(began), millis(took));
            self.record().waits.push((at, took, format!("the hook {name}")));
            let run = HookRun { hook: name, at, took, named: names.len() as u64, trouble };
            self.run.touched().runs.push(run);
            self.check_halt()?;
            for name_of in names {
                let touch = self.touch(name, name_of, moment).await?;
                coarse |= matches!(&touch.state, ChangeState::There(Some(date)) if !date.contains('.'));
                let mut touched = self.run.touched();
                for earlier in touched.touches.iter_mut().filter(|earlier| earlier.name == touch.name) {
                    earlier.again = true;
                }
                touched.touches.push(touch);
            }
        }
        if coarse && moment == HookMoment::Complete {
            self.wait(A_SECOND, "until what was changed lies behind").await?;
        }
        if moment == HookMoment::Complete || moment == HookMoment::Start {
            self.note_runs();
        }
        Ok(())
    }

    async fn touch(&self, hook: HookName, name: ResourceName, moment: HookMoment) -> Result<Touch, Stop> {
        // What is to fail may well fail when it is read, too.
        let (read, state, value) = match (hook, moment) {
            (HookName::Fail, _) => (None, ChangeState::There(None), None),
            _ => match self.look(&name).await? {
                (read, ChangeState::Gone(date), _) => (read, self.truly_gone(&name, read, date).await?, None),
                looked => looked,
            },
        };
        Ok(Touch { hook, name, read, state, value, came: ChangeSeen::Unseen, again: false })
    }

    /// What it means that a resource is not found: nothing, where others that were exported are not found either.
    async fn truly_gone(
        &self,
        name: &ResourceName,
        read: Option<u32>,
        date: Option<String>,
    ) -> Result<ChangeState, Stop> {
        let status = read.and_then(|id| self.run.session.recorder().exchange(id));
        if matches!(status.map(|one| one.outcome), Some(Outcome::Response(answer)) if answer.status == 410) {
            return Ok(ChangeState::Gone(date));
        }
        for source in &self.planned.needs {
            let Some(outcome) = self.run.flow_results.outcome(source).await else { continue };
            let shelf = &outcome.shelf;
            let mut all =
                shelf.kinds().flat_map(|kind| shelf.of(kind).map(move |(id, _)| (kind.to_owned(), id.to_owned())));
            if let Some(other) = all.find(|other| other != name) {
                return Ok(match self.look(&other).await? {
                    (_, ChangeState::There(_), _) => ChangeState::Gone(date),
                    _ => {
                        ChangeState::Unread("the read was answered 404, and so are those of other resources".to_owned())
                    }
                });
            }
        }
        Ok(ChangeState::Unread("the read was answered 404, and nothing shows that reads are served".to_owned()))
    }

    /// Reads a resource: the exchange, what came of it, and the resource.
    async fn look(&self, (kind, id): &ResourceName) -> Result<(Option<u32>, ChangeState, Option<Value>), Stop> {
        let mut budget = Budget::new(self.run);
        let reply = self.send_patiently(&mut budget, self.read_ask(PROBE, kind, id), false).await?;
        let read = Some(reply.exchange);
        let whole = match reply.result {
            Ok(whole) => whole,
            Err(trouble) => return Ok((read, ChangeState::Unread(trouble.message), None)),
        };
        let value: Value = serde_json::from_slice(&whole.body).unwrap_or_default();
        let text = |key: &str| value.get(key).and_then(Value::as_str);
        let own = text("resourceType") == Some(kind) && text("id") == Some(id);
        Ok(match whole.status {
            StatusCode::OK if own => {
                let updated = value.pointer("/meta/lastUpdated").and_then(Value::as_str);
                // What is no instant is not put on the recording: it could be anything.
                let updated = updated.filter(|text| Instant::parse(text).is_some()).map(str::to_owned);
                (read, ChangeState::There(updated), Some(value))
            }
            StatusCode::NOT_FOUND | StatusCode::GONE => {
                let date = whole.headers.get(DATE).and_then(|date| httpdate::parse_http_date(date.to_str().ok()?).ok());
                (read, ChangeState::Gone(date.map(rfc3339)), None)
            }
            StatusCode::OK => (read, ChangeState::Unread("the read brought another resource".to_owned()), None),
            status => (read, ChangeState::Unread(format!("the read was answered {}", status.as_u16())), None),
        })
    }

    /// The resources that are looked for in this flow's files.
    pub fn looked_for(&self) -> Vec<ResourceName> {
        if !self.is_hooked() {
            return Vec::new();
        }
        self.run.touched().touches.iter().map(|touch| touch.name.clone()).collect()
    }

    /// Whether what this flow exports must be known, for hooks that name some of it.
    pub fn tells_exported(&self) -> bool {
        let needed = |other: &crate::plan::model::PlannedFlow| {
            !other.flow.of_hooks().is_empty() && other.needs.iter().any(|need| need == self.name())
        };
        !self.run.settings.hooks.there.is_empty() && (self.is_hooked() || self.run.plan.flows.iter().any(needed))
    }

    /// Writes down what came of what hooks named, `index` being all that is in the output.
    pub async fn account(&self, route: &Route, index: &Identity, found: ExportedChanges) -> Result<(), Stop> {
        if self.tells_exported() {
            self.run.touched().exported.push((route.level, index.clone()));
        }
        if !self.is_hooked() {
            return Ok(());
        }
        let own: Vec<HookName> = self.planned.flow.of_hooks();
        let touches: Vec<Touch> = {
            let touched = self.run.touched();
            touched.touches.iter().filter(|touch| own.contains(&touch.hook) && !touch.again).cloned().collect()
        };
        let mut things = Vec::new();
        for touch in touches {
            things.push(self.thing(route, &touch, &found).await?);
        }
        let meanwhile = self.planned.flow.hooks.iter().any(|call| call.at == HookMoment::InProgress);
        self.record().hooked = Some(Hooked { things, meanwhile, ..Hooked::default() });
        self.note_runs();
        Ok(())
    }

    fn note_runs(&self) {
        let own = self.planned.flow.of_hooks();
        let runs = self.run.touched().runs.iter().filter(|run| own.contains(&run.hook)).cloned().collect();
        let there = self.run.settings.hooks.there.keys().copied().collect();
        if let Some(hooked) = &mut self.record().hooked {
            (hooked.runs, hooked.there) = (runs, there);
        }
    }

    async fn thing(&self, route: &Route, touch: &Touch, found: &ExportedChanges) -> Result<ChangedResource, Stop> {
        let hash = self.run.key.hash(&touch.name.0, &touch.name.1);
        let lines: Vec<&Value> =
            found.output.iter().filter(|(name, _)| *name == touch.name).map(|(_, line)| line).collect();
        let stands = lines.iter().map(|line| match &touch.value {
            Some(read) => standing(line, read),
            None => ChangeSeen::Unsure,
        });
        // Of several versions the best counts: another test says that there are several.
        let came = stands.min_by_key(|came| ChangeSeen::ALL.iter().position(|known| known == came)).unwrap_or(
            match found.whole {
                true => ChangeSeen::Absent,
                false => ChangeSeen::Unseen,
            },
        );
        let shows = self.planned.flow.shows.contains(&touch.hook);
        let exported = {
            let mut touched = self.run.touched();
            if let Some(own) = touched.touches.iter_mut().find(|own| own.name == touch.name && !own.again && !shows) {
                own.came = came;
            }
            let held = |(level, index): &(ExportLevel, Identity)| *level == route.level && index.held(&[hash]) > 0;
            touched.exported.iter().any(held)
        };
        let deleted = found.deleted.contains(&hash);
        let missed = match touch.hook {
            HookName::Change | HookName::Fail => came != ChangeSeen::Fresh,
            HookName::Delete => !deleted,
        };
        let moved_on = missed && exported && self.has_moved_on(touch).await?;
        Ok(ChangedResource {
            hook: touch.hook,
            kind: touch.name.0.clone(),
            id: format!("{hash:016x}"),
            exported,
            read: touch.read,
            state: touch.state.clone(),
            came,
            came_before: shows.then_some(touch.came),
            deleted,
            moved_on,
        })
    }

    /// Whether a resource is not as it was read after the hook, or nobody can tell.
    async fn has_moved_on(&self, touch: &Touch) -> Result<bool, Stop> {
        if matches!(touch.state, ChangeState::Unread(_)) {
            return Ok(false);
        }
        let (_, now, value) = self.look(&touch.name).await?;
        Ok(match (touch.hook, &now) {
            (HookName::Fail, now) => matches!(now, ChangeState::Gone(_)),
            (HookName::Delete, now) => !matches!(now, ChangeState::Gone(_)),
            (HookName::Change, ChangeState::There(_)) => match (&touch.value, &value) {
                (Some(read), Some(now)) => !same_version(read, now).unwrap_or(read == now),
                _ => true,
            },
            (HookName::Change, _) => true,
        })
    }

    /// What it means that a job ended without a manifest: where a part was made to fail, the whole may.
    pub fn failed_with_its_part(&self, stop_of_job: Stop) -> Stop {
        let fails = self.planned.flow.hooks.iter().any(|call| call.run == HookName::Fail);
        match stop_of_job.kind {
            StopKind::Answer if fails => {
                let because = format!("the export as a whole failed with its part, as it may: {}", stop_of_job.because);
                stop(StopKind::Declined, stop_of_job.exchange, because)
            }
            _ => stop_of_job,
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_state_is_told_from_an_earlier_one() {
        let state = |version: Option<&str>, date: Option<&str>, mark: u32| json!({"meta": {"versionId": version, "lastUpdated": date}, "mark": mark});
        let read = state(Some("2"), Some("2026-01-01T12:00:05.500Z"), 2);
        for (line, came) in [
            (state(Some("2"), None, 2), ChangeSeen::Fresh),
            (state(Some("10"), None, 3), ChangeSeen::Fresh),
            (state(Some("1"), None, 1), ChangeSeen::Stale),
            (state(None, Some("2026-01-01T12:00:05.500Z"), 2), ChangeSeen::Fresh),
            (state(None, Some("2026-01-01T13:00:06+01:00"), 3), ChangeSeen::Fresh),
            (state(None, Some("2026-01-01T12:00:01Z"), 1), ChangeSeen::Stale),
            (state(None, Some("2026-01-01T12:00:05Z"), 2), ChangeSeen::Fresh),
            (state(None, Some("2026-01-01T12:00:05Z"), 1), ChangeSeen::Unsure),
            (state(None, None, 2), ChangeSeen::Fresh),
            (state(None, None, 1), ChangeSeen::Unsure),
        ] {
            assert_eq!(standing(&line, &read), came, "{line}");
        }
        let tagged = state(Some("b"), Some("2026-01-01T12:00:05Z"), 2);
        assert_eq!(standing(&state(Some("b"), None, 2), &tagged), ChangeSeen::Fresh);
        assert_eq!(standing(&state(Some("a"), Some("2026-01-01T11:00:00Z"), 1), &tagged), ChangeSeen::Stale);
    }
}
