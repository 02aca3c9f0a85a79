//! Values of the target's own data, chosen from the facts of an earlier flow by a closed list of picks.

use std::time::SystemTime;

use crate::instant::Instant;
use crate::suite::values::PickName;
use crate::tape::model::LineFacts;

/// Chooses `pick` from the facts of a flow's output files, at the wall time `now`. The error is a fragment that says
/// what the data lacks.
pub fn choose<'a>(
    pick: PickName,
    facts: impl Iterator<Item = &'a LineFacts>,
    now: SystemTime,
) -> Result<String, String> {
    match pick {
        PickName::InstantInside => instant_inside(facts, now),
    }
}

/// The middle between the earliest and the latest `meta.lastUpdated`, in UTC, to the millisecond: some resources lie
/// before it and some after.
fn instant_inside<'a>(facts: impl Iterator<Item = &'a LineFacts>, now: SystemTime) -> Result<String, String> {
    let mut range: Option<(Instant, Instant)> = None;
    let instants = facts.flat_map(|facts| [&facts.earliest, &facts.latest]).flatten();
    for instant in instants.filter_map(|text| Instant::parse(text)) {
        range = Some(match range {
            Some((earliest, latest)) => (earliest.min(instant), latest.max(instant)),
            None => (instant, instant),
        });
    }
    let (earliest, latest) =
        range.ok_or("no exported resource has a readable meta.lastUpdated, so no instant parts the data")?;
    let middle = earliest
        .middle(latest)
        .ok_or("all exported resources have the same meta.lastUpdated, so no instant parts the data")?;
    if middle > Instant::from(now) {
        return Err("meta.lastUpdated of most exported resources lies in the future".to_owned());
    }
    Ok(middle.to_string())
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
mod tests {
    use super::*;

    fn facts(earliest: &str, latest: &str) -> LineFacts {
        LineFacts { earliest: Some(earliest.into()), latest: Some(latest.into()), ..LineFacts::default() }
    }

    fn picked(facts: &[LineFacts]) -> Result<String, String> {
        let now = SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(1_900_000_000);
        choose(PickName::InstantInside, facts.iter(), now)
    }

    #[test]
    fn the_middle_lies_between_all_files_and_is_utc() {
        let files = [
            facts("2020-01-01T00:00:00Z", "2020-01-02T00:00:00Z"),
            facts("2020-01-03T02:00:00+02:00", "2020-01-05T00:00:00.500Z"),
        ];
        assert_eq!(picked(&files).unwrap(), "2020-01-03T00:00:00.250Z");
        assert_eq!(
            picked(&[facts("2020-01-01T00:00:00Z", "2020-01-01T00:00:00.003Z")]).unwrap(),
            "2020-01-01T00:00:00.001Z"
        );
    }

    #[test]
    fn data_that_nothing_parts_is_no_pick() {
        assert!(picked(&[]).unwrap_err().contains("no exported resource"));
        assert!(picked(&[facts("x", "y")]).unwrap_err().contains("no exported resource"));
        let same = "2020-01-01T00:00:00Z";
        assert!(picked(&[facts(same, same)]).unwrap_err().contains("the same"));
        assert!(picked(&[facts("2090-01-01T00:00:00Z", "2091-01-01T00:00:00Z")]).unwrap_err().contains("future"));
    }
}
