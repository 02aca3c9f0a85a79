//! What an export comes to, beside what was asked for and what came before: measured when all its files are read, with a
//! second look where something is missing.

use http::Method;
use http::header::ACCEPT;
use serde_json::Value;
use url::Url;

use crate::base::vocabulary::ExportLevel;
use crate::drive::context::FlowContext;
use crate::drive::flow::kickoff::{Job, Route};
use crate::drive::flow::recheck_missing::RecheckResult;
use crate::drive::flow::requests;
use crate::measure::compare_exports::Compared;
use crate::measure::organized_files::Astray;
use crate::measure::resource_store::ResourceStore;
use crate::measure::type_filters::Counter;
use crate::measure::{elements, manifest_files, ownership, unrequested_resources};
use crate::ndjson::identity::Identity;
use crate::recording::facts::{Comparison, Organizing, UnrequestedResources};
use crate::recording::model::{BodyKind, Role};
use crate::session::exchange::RequestSpec;
use crate::suite::flow::Probe;

/// The most of an attachment that is read.
const MAX_OF_ONE: u64 = 4 << 20;

impl FlowContext<'_> {
    /// Writes down what came of the flow's files: `own` is held of it, `came` is all of it, `whole` says whether every
    /// file was read.
    pub async fn weigh(&self, route: &Route, counter: &Counter, own: &ResourceStore, came: &Identity, whole: bool) {
        if self.planned.measures.census {
            let census = self.census(route, own, came, whole).await;
            self.record().census = Some(census);
        }
        let source = route.source.as_ref().filter(|source| source.outcome.level == route.level);
        let compared = source.and_then(|source| counter.compare((&source.flow, &source.outcome.shelf), own, came));
        if let Some(compared) = compared {
            let comparison = self.looked_again(compared).await;
            self.record().comparison = Some(comparison);
        }
    }

    /// A comparison, after a second look at what is missing.
    async fn looked_again(&self, compared: Compared) -> Comparison {
        let Compared { mut comparison, control, lost } = compared;
        if lost.is_empty() {
            return comparison;
        }
        let control = control.as_ref().map(|(kind, id)| (kind.as_str(), id.as_str()));
        match self.fate(control, &lost).await {
            RecheckResult::There => {}
            RecheckResult::Gone => {
                for kept in comparison.types.values_mut() {
                    comparison.gone += kept.expected - kept.found;
                    kept.expected = kept.found;
                }
            }
            RecheckResult::Unsure => comparison.unsure = true,
        }
        comparison
    }

    /// What organised files hold beside `earlier`, after a second look at what they lack.
    pub async fn organized_again(&self, settled: (Organizing, Astray), earlier: Option<&ResourceStore>) -> Organizing {
        let (mut organizing, astray) = settled;
        let Some(earlier) = earlier else { return organizing };
        let (control, lost) = astray.named(earlier, &self.run.key);
        if lost.is_empty() {
            return organizing;
        }
        let control = control.as_ref().map(|(kind, id)| (kind.as_str(), id.as_str()));
        match self.fate(control, &lost).await {
            RecheckResult::There => {}
            RecheckResult::Gone => {
                let kept = organizing.belongings.values_mut().chain([&mut organizing.instances]);
                kept.for_each(|kept| kept.expected = kept.found);
            }
            RecheckResult::Unsure => organizing.unsure = true,
        }
        organizing
    }

    async fn census(&self, route: &Route, own: &ResourceStore, came: &Identity, whole: bool) -> UnrequestedResources {
        let mut census = unrequested_resources::take(own, &route.params, whole);
        census.binaries = ownership::binaries(own);
        census.documents = ownership::documents(own);
        if route.level == ExportLevel::Group {
            match self.members().await {
                Ok(members) => {
                    census.members = members.len() as u64;
                    census.outsiders = ownership::outsiders(own, &members);
                    // The Group may have been changed since it was read.
                    if !census.outsiders.is_empty() && self.read_members().await.as_ref() != Ok(&members) {
                        census.members_unknown = Some("the Group was changed during the run".to_owned());
                    }
                }
                Err(why) => census.members_unknown = Some(why),
            }
        }
        let Some(source) = route.source.as_ref().filter(|_| self.planned.measures.sourced) else { return census };
        let shelf = &source.outcome.shelf;
        let everything = source.outcome.level == ExportLevel::System && route.level == ExportLevel::Patient;
        let same = source.outcome.level == route.level;
        let asked = |name: &'static str| {
            route.params.iter().filter(move |(own, _)| own == name).map(|(_, value)| value.as_str())
        };
        if whole && everything && asked("_type").next().is_none() {
            census.compartment = Some(ownership::compartment(own, shelf));
        }
        if same && asked("_elements").next().is_some() {
            census.trimmed = Some(elements::measure(own, shelf, &route.params, self.run.definitions.as_deref()));
        }
        let untyped = asked("_type").next().is_none();
        if whole && (everything && untyped || same && asked("includeAssociatedData").next().is_some()) {
            let values: Vec<&str> = asked("includeAssociatedData").flat_map(|value| value.split(',')).collect();
            let latest = values == ["LatestProvenanceResources"];
            let mut lost = Vec::new();
            census.lineage = ownership::lineage(shelf, came, (everything, latest), &mut lost);
            if let Some(lineage) = census.lineage.as_mut().filter(|_| !lost.is_empty()) {
                let control = own.kinds().find_map(|kind| Some((kind, own.of(kind).next()?.0)));
                match self.fate(control, &lost).await {
                    RecheckResult::There => {}
                    RecheckResult::Gone => {
                        lineage.all.expected = lineage.all.expected.saturating_sub(lost.len() as u64);
                        lineage.newest.expected = lineage.newest.expected.min(lineage.newest.found);
                    }
                    RecheckResult::Unsure => lineage.unsure = true,
                }
            }
        }
        census
    }

    /// Notes where attachments lie that the flow's files name.
    pub fn note_attachments(&self, urls: impl Iterator<Item = String>) {
        let mut known = self.attachments();
        let room = 64_usize.saturating_sub(known.len());
        known.extend(urls.take(room));
    }

    /// The fetch of an attachment, of the target's own before others; none where there is none that may be asked for.
    fn attachment_ask(&self, job: &Job, manifest: &Value) -> Option<RequestSpec> {
        let settings = &self.run.settings;
        let open = manifest_files::is_open(manifest);
        let urls: Vec<Url> = self.attachments().iter().filter_map(|url| Url::parse(url).ok()).collect();
        let web = |url: &&Url| matches!(url.scheme(), "http" | "https");
        let own = |url: &&Url| url.origin() == settings.base.origin() || url.origin() == job.url.origin();
        let trusted = |url: &&Url| settings.allow_origins.contains(&url.origin());
        let mut chosen = urls.iter().filter(web).find(own).or_else(|| urls.iter().filter(web).find(trusted));
        // The token is for those alone.
        if open {
            chosen = chosen.or_else(|| urls.iter().find(web));
        }
        let headers = requests::usual(&[(ACCEPT, "*/*")]);
        let ask = requests::plain(self.name(), Role::Probe, Method::GET, chosen?.clone(), headers);
        Some(RequestSpec { open, masked: true, identity: self.planned.flow.identity, ..ask })
    }

    /// Fetches an attachment as a probe. Nothing of it is kept.
    pub async fn probe_attachment(&self, probe: &Probe, job: &Job, manifest: &Value) {
        let Some(mut ask) = self.attachment_ask(job, manifest) else { return };
        self.dress(&mut ask, probe);
        ask.masked = true;
        let Ok(mut streaming) = self.run.session.open(ask).await else { return };
        let (mut bytes, mut broken) = (0, None);
        while bytes < MAX_OF_ONE {
            match futures_util::StreamExt::next(&mut streaming.body).await {
                Some(Ok(chunk)) => bytes += chunk.len() as u64,
                Some(Err(trouble)) => {
                    broken = Some(trouble);
                    break;
                }
                None => break,
            }
        }
        streaming.finish(bytes, BodyKind::Streamed, broken);
    }
}
