//! Compares an export with its request and with the source flow, after all files were read. Missing resources are read
//! once more; the recording keeps the results, and the judge decides what they mean.

use crate::base::vocabulary::ExportLevel;
use crate::drive::context::FlowContext;
use crate::drive::files::download::Downloaded;
use crate::drive::files::fetched::{DownloadedFiles, PendingFacts};
use crate::drive::flow::job::Route;
use crate::drive::flow::recheck_missing::SeenAgain;
use crate::drive::flow::{data_changes, members, recheck_missing};
use crate::drive::stops::stop;
use crate::measure::compare_exports::Compared;
use crate::measure::manifest_files::MAX_FILES;
use crate::measure::organized_files::Missing;
use crate::measure::resource_store::ResourceStore;
use crate::measure::{elements, ownership, unrequested_resources};
use crate::ndjson::identity::Identity;
use crate::recording::comparison::{Comparison, Lineage, Organizing, UnrequestedResources};
use crate::recording::model::{Stop, StopKind};

/// Measures a downloaded export and records the results. The error is the limit that ended the download.
pub(crate) async fn measure(
    context: &FlowContext<'_>,
    route: &Route,
    downloaded: &Downloaded,
    fetched: &mut DownloadedFiles,
) -> Result<(), Stop> {
    record_pending_facts(context, route, downloaded, fetched).await;
    if context.planned.measures.unrequested {
        let unrequested = unrequested(context, route, downloaded).await;
        context.record().unrequested_resources = Some(unrequested);
    }
    let compared = route.comparable_source().and_then(|source| {
        let earlier = (source.flow.as_str(), &*source.outcome.resources);
        downloaded.counter.compare(earlier, &downloaded.resources, &downloaded.index)
    });
    if let Some(compared) = compared {
        let comparison = recheck_compared(context, compared).await;
        context.record().comparison = Some(comparison);
    }
    downloaded.end.clone()?;
    data_changes::record_changes(context, route, &downloaded.index, &downloaded.changes).await?;
    match downloaded.too_many {
        true => Err(stop(StopKind::Limit, None, format!("the manifest lists more than {MAX_FILES} files"))),
        false => Ok(()),
    }
}

/// Completes and records the facts of files that depend on other files.
async fn record_pending_facts(
    context: &FlowContext<'_>,
    route: &Route,
    downloaded: &Downloaded,
    fetched: &mut DownloadedFiles,
) {
    let source = route.source.as_ref().map(|source| &*source.outcome.resources);
    let mut pending = fetched.take_pending();
    for PendingFacts { facts, measured, .. } in &mut pending {
        // A filter may depend on resources in any of the files.
        facts.filtered = downloaded.counter.settle(std::mem::take(measured), &downloaded.resources, source);
    }
    if let Some(organizer) = &downloaded.organizer {
        let files = pending.iter_mut().filter_map(|one| Some((&mut one.facts, one.blocks.take()?)));
        let (organizing, missing) = organizer.settle_into(files);
        let organizing = match route.comparable_source() {
            Some(source) => recheck_organized(context, organizing, &missing, &source.outcome.resources).await,
            None => organizing,
        };
        context.record().organized = Some(organizing);
    }
    for PendingFacts { facts, .. } in pending {
        context.run.session.recorder().file(facts);
    }
}

/// Reads the resources that a comparison found missing once more.
async fn recheck_compared(context: &FlowContext<'_>, compared: Compared) -> Comparison {
    let Compared { mut comparison, control, lost } = compared;
    if !lost.is_empty() {
        let control = control.as_ref().map(|(kind, id)| (kind.as_str(), id.as_str()));
        let seen = recheck_missing::recheck(context, control, lost.iter()).await;
        comparison.recheck = Some(recheck_missing::counted(lost.iter(), &seen));
    }
    comparison
}

/// Reads the resources once more that an earlier export has and the organized files lack.
async fn recheck_organized(
    context: &FlowContext<'_>,
    mut organizing: Organizing,
    missing: &Missing,
    earlier: &ResourceStore,
) -> Organizing {
    let (control, lost) = missing.named(earlier, &context.run.key);
    if !lost.is_empty() {
        let control = control.as_ref().map(|(kind, id)| (kind.as_str(), id.as_str()));
        let seen = recheck_missing::recheck(context, control, lost.iter()).await;
        organizing.recheck = Some(recheck_missing::counted(lost.iter(), &seen));
    }
    organizing
}

/// Measures the resources that were exported without being requested, and what depends on the source flow.
async fn unrequested(context: &FlowContext<'_>, route: &Route, downloaded: &Downloaded) -> UnrequestedResources {
    let Downloaded { resources: own, index, whole, .. } = downloaded;
    let mut unrequested = unrequested_resources::measure(own, &route.params, *whole);
    unrequested.binaries = ownership::binaries(own);
    unrequested.documents = ownership::documents(own);
    if route.level == ExportLevel::Group {
        match members::members(context).await {
            Ok(members) => {
                unrequested.members = members.len() as u64;
                unrequested.outsiders = ownership::outsiders(own, &members);
                // The Group may have been changed since it was read.
                if !unrequested.outsiders.is_empty() && members::read_members(context).await.as_ref() != Ok(&members) {
                    unrequested.members_unknown = Some("the Group was changed during the run".to_owned());
                }
            }
            Err(why) => unrequested.members_unknown = Some(why),
        }
    }
    let Some(source) = route.source.as_ref().filter(|_| context.planned.measures.with_source) else {
        return unrequested;
    };
    let earlier = &source.outcome.resources;
    let patients_of_all = source.outcome.level == ExportLevel::System && route.level == ExportLevel::Patient;
    let same_level = source.outcome.level == route.level;
    let values =
        |name: &'static str| route.params.iter().filter(move |(own, _)| own == name).map(|(_, value)| value.as_str());
    let all_types = values("_type").next().is_none();
    if *whole && patients_of_all && all_types {
        unrequested.compartment = Some(ownership::compartment(own, earlier));
    }
    if same_level && values("_elements").next().is_some() {
        unrequested.trimmed = Some(elements::measure(own, earlier, &route.params, context.run.definitions.as_deref()));
    }
    let associated: Vec<&str> = values("includeAssociatedData").flat_map(|value| value.split(',')).collect();
    if *whole && (patients_of_all && all_types || same_level && !associated.is_empty()) {
        let latest = associated == ["LatestProvenanceResources"];
        unrequested.lineage = lineage(context, (own, index), earlier, (patients_of_all, latest)).await;
    }
    unrequested
}

/// Measures the Provenance of exported resources; missing Provenance is read once more.
async fn lineage(
    context: &FlowContext<'_>,
    (own, index): (&ResourceStore, &Identity),
    earlier: &ResourceStore,
    (of_patients, latest): (bool, bool),
) -> Option<Lineage> {
    let mut lost = Vec::new();
    let mut lineage = ownership::lineage(earlier, index, (of_patients, latest), &mut lost)?;
    if !lost.is_empty() {
        let missing = || lost.iter().map(|(missing, _)| missing);
        let control = own.kinds().find_map(|kind| Some((kind, own.of(kind).next()?.0)));
        let seen = recheck_missing::recheck(context, control, missing()).await;
        lineage.recheck = Some(recheck_missing::counted(missing(), &seen));
        let gone = |seen: &SeenAgain| matches!(seen, SeenAgain::Changed | SeenAgain::Deleted);
        lineage.newest_gone = lost.iter().zip(&seen).filter(|((_, newest), seen)| *newest && gone(seen)).count() as u64;
    }
    Some(lineage)
}
