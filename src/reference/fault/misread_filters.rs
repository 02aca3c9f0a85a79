//! Faults in how the server reads filters.

use crate::reference::fault::active_behaviors::ActiveBehaviors;
use crate::reference::fault::behavior::Behavior;

/// The filter as a server with these behaviors reads it; `None` if the server ignores it.
pub(crate) fn misread(filter: &str, behaviors: &ActiveBehaviors) -> Option<String> {
    let Some((kind, criteria)) = filter.split_once('?') else { return Some(filter.to_owned()) };
    let mut criteria_left: Vec<&str> = criteria.split('&').collect();
    let own = criteria_left.len();
    let name = |criterion: &str| criterion.split('=').next().unwrap_or_default().to_owned();
    if behaviors.has(Behavior::LastCriterionOnly) {
        criteria_left.drain(..own.saturating_sub(1));
    }
    if behaviors.has(Behavior::IgnoreChains) {
        criteria_left.retain(|criterion| name(criterion).starts_with("_has:") || !name(criterion).contains('.'));
    }
    if behaviors.has(Behavior::IgnoreReverseChains) {
        criteria_left.retain(|criterion| !criterion.starts_with("_has:"));
    }
    if behaviors.has(Behavior::IgnoreNear) {
        criteria_left.retain(|criterion| name(criterion) != "near");
    }
    if behaviors.has(Behavior::IgnoreUndefinedParameters) {
        criteria_left.retain(|criterion| kind != "HealthcareService" || name(criterion) != "type");
    }
    let mut criteria_left: Vec<String> = criteria_left.into_iter().map(str::to_owned).collect();
    if behaviors.has(Behavior::TakeTypeForServiceType) && kind == "HealthcareService" {
        for criterion in &mut criteria_left {
            if name(criterion) == "type" {
                *criterion = format!("service-{criterion}");
            }
        }
    }
    if behaviors.has(Behavior::NearInMiles) {
        for criterion in criteria_left.iter_mut().filter(|criterion| name(criterion) == "near") {
            criterion.push_str("|[mi_us]");
        }
    }
    if behaviors.has(Behavior::BareIdentifiersUnknown) {
        let bare = criteria_left.iter().any(|criterion| name(criterion) == "identifier" && !criterion.contains('|'));
        criteria_left.extend(bare.then(|| "_id=plimsoll-nobody".to_owned()));
    }
    (own == 0 || !criteria_left.is_empty()).then(|| format!("{kind}?{}", criteria_left.join("&")))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
mod tests {
    use super::*;

    #[test]
    fn each_behavior_changes_filters_in_its_own_way() {
        let read = |behavior: Behavior, filter: &str| misread(filter, &std::iter::once(behavior).collect());
        for (behavior, filter, left) in [
            (Behavior::LastCriterionOnly, "A?a=1&b=2", Some("A?b=2")),
            (Behavior::IgnoreChains, "A?a.b=1&b=2&_has:B:c:d.e=3", Some("A?b=2&_has:B:c:d.e=3")),
            (Behavior::IgnoreReverseChains, "A?_has:B:c:d.e=3", None),
            (Behavior::IgnoreNear, "Location?near=1|2|3", None),
            (Behavior::NearInMiles, "Location?near=1|2|3", Some("Location?near=1|2|3|[mi_us]")),
            (Behavior::IgnoreUndefinedParameters, "HealthcareService?type=1", None),
            (Behavior::TakeTypeForServiceType, "HealthcareService?type=1", Some("HealthcareService?service-type=1")),
            (Behavior::BareIdentifiersUnknown, "A?identifier=1", Some("A?identifier=1&_id=plimsoll-nobody")),
            (Behavior::BareIdentifiersUnknown, "A?identifier=s|1", Some("A?identifier=s|1")),
            (Behavior::ExportNothing, "A?a=1&b=2", Some("A?a=1&b=2")),
        ] {
            assert_eq!(read(behavior, filter).as_deref(), left, "{behavior} on {filter}");
        }
    }
}
