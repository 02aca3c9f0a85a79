//! Checks of whose the exported resources are, of their Provenance, and of what `_elements` left of them.

use url::Url;

use crate::check::context::{CheckContext, CheckOutcome, Violation, manifest_of, no_manifest, response};
use crate::recording::facts::{KeptProfiles, Lineage, Recheck, Trimmed, UnrequestedResources};
use crate::recording::model::{Exchange, Outcome, Role};

fn census<'a>(exchange: &Exchange, context: &CheckContext<'a>) -> Result<&'a UnrequestedResources, CheckOutcome> {
    if manifest_of(exchange).is_none() {
        return Err(no_manifest());
    }
    context
        .flow
        .census
        .as_ref()
        .ok_or_else(|| CheckOutcome::Unknown("the recording does not say whose the resources are that came".to_owned()))
}

/// A finding in the output as a whole.
fn output(expected: impl Into<String>, actual: impl Into<String>, count: u64) -> CheckOutcome {
    let mut broken = Violation::new("body", "body /output", expected, actual);
    broken.count = count.max(1);
    CheckOutcome::No(vec![broken])
}

/// Counts by type, in words.
fn counted<'c>(counts: impl Iterator<Item = (&'c String, u64)>) -> String {
    counts.map(|(kind, count)| format!("{count} of type {kind}")).collect::<Vec<_>>().join(", ")
}

/// `only-members`: no resource of a patient who is no member, and that nothing of the members leads to.
pub fn only_members(exchange: &Exchange, context: &CheckContext<'_>) -> CheckOutcome {
    let census = match census(exchange, context) {
        Ok(census) => census,
        Err(held) => return held,
    };
    if let Some(why) = &census.members_unknown {
        return CheckOutcome::NoData(why.clone());
    }
    if !census.whole {
        return CheckOutcome::NoData("more came than is held, so that what leads to others is not known".to_owned());
    }
    if census.outsiders.is_empty() {
        return CheckOutcome::Yes;
    }
    let actual = format!("resources of others: {}", counted(census.outsiders.iter().map(|(k, n)| (k, *n))));
    output(
        "resources of the Group's members alone, and what these lead to",
        actual,
        crate::check::context::sum(census.outsiders.values().copied()),
    )
}

/// `compartment-types`: of every type of which everything holds resources about patients, some came.
pub fn compartment_types(exchange: &Exchange, context: &CheckContext<'_>) -> CheckOutcome {
    let census = match census(exchange, context) {
        Ok(census) => census,
        Err(held) => return held,
    };
    let Some(compartment) = &census.compartment else {
        return CheckOutcome::Nothing("there is no export of everything to compare it with".to_owned());
    };
    if compartment.absent.is_empty() {
        return match compartment.came.is_empty() {
            true => CheckOutcome::NoData("the export of everything holds nothing about patients".to_owned()),
            false => CheckOutcome::Yes,
        };
    }
    let absent = counted(compartment.absent.iter().map(|(kind, count)| (kind, *count)));
    let expected = "resources of each type of which the export of everything holds some about patients";
    output(expected, format!("none of types that have {absent} there"), 1)
}

/// `no-patient-binary`: no Binary line is a patient's; where there is none at all, documents of patients show that their
/// content came otherwise.
pub fn no_patient_binary(exchange: &Exchange, context: &CheckContext<'_>) -> CheckOutcome {
    match census(exchange, context) {
        Err(held) => held,
        Ok(UnrequestedResources { binaries: (0, _), documents: 0, .. }) => {
            CheckOutcome::NoData("neither a Binary nor a document of a patient was exported".to_owned())
        }
        Ok(UnrequestedResources { binaries: (0, _), .. }) => CheckOutcome::Yes,
        Ok(UnrequestedResources { binaries: (_, 0), .. }) => CheckOutcome::Yes,
        Ok(UnrequestedResources { binaries: (all, tied), .. }) => {
            let expected = "no Binary of a patient; its content is a DocumentReference's";
            output(expected, format!("{tied} of {all} Binary resources are of patients"), *tied)
        }
    }
}

fn lineage<'a>(exchange: &Exchange, context: &CheckContext<'a>) -> Result<&'a Lineage, CheckOutcome> {
    let census = census(exchange, context)?;
    let none = || CheckOutcome::Nothing("there is no earlier export to compare its Provenance with".to_owned());
    let lineage = census.lineage.as_ref().ok_or_else(none)?;
    match lineage.all.expected.saturating_sub(gone(lineage)) {
        0 => Err(CheckOutcome::NoData("what came has no Provenance in the earlier export".to_owned())),
        _ => Ok(lineage),
    }
}

/// The missing Provenance that was seen to be changed or deleted.
fn gone(lineage: &Lineage) -> u64 {
    lineage.recheck.as_ref().map_or(0, Recheck::gone)
}

fn missing(kept: KeptProfiles, what: &str, gone: u64, recheck: Option<&Recheck>) -> CheckOutcome {
    match still_missing(kept, gone, recheck) {
        Ok(0) => CheckOutcome::Yes,
        Ok(lost) => {
            let expected = format!("all {} {what}", kept.expected.saturating_sub(gone));
            output(expected, format!("without {lost} of them{}", besides(gone)), lost)
        }
        Err(undecided) => undecided,
    }
}

/// How many resources are missing, without those that were `gone` when they were read again.
///
/// # Errors
/// Nothing shows whether the rest is still there: the outcome that says so.
pub(crate) fn still_missing(kept: KeptProfiles, gone: u64, recheck: Option<&Recheck>) -> Result<u64, CheckOutcome> {
    let expected = kept.expected.saturating_sub(gone);
    let lost = expected.saturating_sub(kept.found);
    match recheck.filter(|recheck| lost > 0 && recheck.asked > 0 && recheck.there == 0) {
        Some(recheck) if recheck.unknown() > 0 && few(lost, expected) => Err(CheckOutcome::NoData(unsure_of(lost))),
        Some(recheck) if recheck.unknown() == 0 => Err(CheckOutcome::NoData(format!(
            "{lost} that did not come were not read again; all {} that were had been deleted or changed since the earlier \
             export",
            recheck.asked
        ))),
        _ => Ok(lost),
    }
}

/// The end of a finding: resources that do not count as missing.
pub(crate) fn besides(gone: u64) -> String {
    match gone {
        0 => String::new(),
        gone => format!("; {gone} more were deleted or changed since and do not count"),
    }
}

/// Whether so little is missing that it may have been deleted meanwhile.
fn few(lost: u64, of: u64) -> bool {
    lost <= (of / 20).max(1)
}

/// Why nothing is said of what is missing.
fn unsure_of(lost: u64) -> String {
    format!("{lost} that did not come may have been deleted or changed since the earlier export; they cannot be read")
}

/// `provenance-there`: all Provenance of what came, as far as an earlier export holds it.
pub fn provenance_there(exchange: &Exchange, context: &CheckContext<'_>) -> CheckOutcome {
    match lineage(exchange, context) {
        Ok(lineage) => {
            missing(lineage.all, "Provenance resources of what came", gone(lineage), lineage.recheck.as_ref())
        }
        Err(held) => held,
    }
}

/// `provenance-narrowed`: some Provenance was left out.
pub fn provenance_narrowed(exchange: &Exchange, context: &CheckContext<'_>) -> CheckOutcome {
    match lineage(exchange, context) {
        Ok(Lineage { older: KeptProfiles { expected: 0, .. }, .. }) => {
            CheckOutcome::NoData("each resource that came has one Provenance at most".to_owned())
        }
        Ok(lineage) => match lineage.all.expected.saturating_sub(gone(lineage)) {
            expected if lineage.all.found < expected => CheckOutcome::Yes,
            expected => output("an export without older Provenance", format!("all {expected}"), 1),
        },
        Err(held) => held,
    }
}

/// `provenance-newest`: of each resource that came the newest Provenance came, and what is older did not.
pub fn provenance_newest(exchange: &Exchange, context: &CheckContext<'_>) -> CheckOutcome {
    let lineage = match lineage(exchange, context) {
        Ok(lineage) => lineage,
        Err(held) => return held,
    };
    let what = "Provenance resources that are the newest of what came";
    match missing(lineage.newest, what, lineage.newest_gone, lineage.recheck.as_ref()) {
        CheckOutcome::Yes if lineage.older.found > 0 => {
            let expected = format!("none of the {} Provenance resources that are older", lineage.older.expected);
            output(expected, format!("{} of them", lineage.older.found), lineage.older.found)
        }
        held => held,
    }
}

/// `provenance-union`: all Provenance came, where the flow beside, which asked for the newest alone, left some out.
pub fn provenance_union(exchange: &Exchange, context: &CheckContext<'_>) -> CheckOutcome {
    let compared = context.compared.and_then(|compared| compared.census.as_ref()?.lineage.as_ref());
    match compared {
        Some(compared) if compared.all.found < compared.all.expected.saturating_sub(gone(compared)) => {
            provenance_there(exchange, context)
        }
        _ => CheckOutcome::Nothing("the value that leaves more out has no effect here by itself".to_owned()),
    }
}

fn trimmed<'a>(exchange: &Exchange, context: &CheckContext<'a>) -> Result<&'a Trimmed, CheckOutcome> {
    let census = census(exchange, context)?;
    let none = || CheckOutcome::Nothing("there is no earlier export at the same level to compare it with".to_owned());
    census.trimmed.as_ref().ok_or_else(none)
}

/// `elements-trimmed`: some line lost elements that were not asked for.
pub fn elements_trimmed(exchange: &Exchange, context: &CheckContext<'_>) -> CheckOutcome {
    match trimmed(exchange, context) {
        Err(held) => held,
        Ok(Trimmed { trimmable: 0, .. }) => {
            CheckOutcome::NoData("no line came that has anything to leave out".to_owned())
        }
        Ok(Trimmed { trimmed: 0, trimmable, .. }) => {
            output("lines without the elements that were not asked for", format!("{trimmable} whole lines"), *trimmable)
        }
        Ok(_) => CheckOutcome::Yes,
    }
}

/// `elements-kept`: every line kept the elements that were asked for.
pub fn elements_kept(exchange: &Exchange, context: &CheckContext<'_>) -> CheckOutcome {
    match trimmed(exchange, context) {
        Ok(trimmed) => all_kept(&trimmed.listed, "with the elements that were asked for", "no line had an element"),
        Err(held) => held,
    }
}

/// `elements-mandatory`: no line lost a mandatory element.
pub fn elements_mandatory(exchange: &Exchange, context: &CheckContext<'_>) -> CheckOutcome {
    match trimmed(exchange, context) {
        Ok(Trimmed { mandatory: Some(mandatory), .. }) => {
            all_kept(mandatory, "with its mandatory elements", "no line had a mandatory element")
        }
        Ok(_) => CheckOutcome::Nothing("which elements are mandatory is known of FHIR R4 alone".to_owned()),
        Err(held) => held,
    }
}

fn all_kept(kept: &std::collections::BTreeMap<String, KeptProfiles>, how: &str, nothing: &str) -> CheckOutcome {
    if kept.values().all(|kept| kept.expected == 0) {
        return CheckOutcome::NoData(format!("{nothing} to look for"));
    }
    let lost = kept.iter().filter(|(_, kept)| kept.found < kept.expected);
    let lost: Vec<(&String, u64, u64)> = lost.map(|(of, k)| (of, k.expected - k.found, k.expected)).collect();
    if lost.is_empty() {
        return CheckOutcome::Yes;
    }
    let shown: Vec<String> = lost.iter().map(|(of, lost, all)| format!("{of} in {lost} of {all} lines")).collect();
    let count = crate::check::context::sum(lost.iter().map(|(_, lost, _)| *lost));
    output(format!("each line {how}"), format!("lost: {}", shown.join(", ")), count)
}

/// `elements-tagged`: every line that lost elements is tagged SUBSETTED.
pub fn elements_tagged(exchange: &Exchange, context: &CheckContext<'_>) -> CheckOutcome {
    match trimmed(exchange, context) {
        Err(held) => held,
        Ok(Trimmed { trimmed: 0, .. }) => CheckOutcome::Nothing("no line lost anything".to_owned()),
        Ok(Trimmed { untagged: 0, .. }) => CheckOutcome::Yes,
        Ok(Trimmed { untagged, trimmed, .. }) => output(
            "meta.tag SUBSETTED in each line that lost elements",
            format!("{untagged} of {trimmed} without"),
            *untagged,
        ),
    }
}

/// The status of an attachment's answer, where there is one that speaks of the attachment.
fn answered(exchange: &Exchange) -> Result<u16, CheckOutcome> {
    match &exchange.outcome {
        // A host that cannot be reached from here may be reached from elsewhere.
        Outcome::NoResponse(trouble) => {
            Err(CheckOutcome::NoData(format!("the attachment's host: {}", trouble.message)))
        }
        Outcome::Response(answer) if matches!(answer.status, 429 | 502 | 503 | 504) => {
            Err(CheckOutcome::NoData(format!("the attachment was answered {} to the last", answer.status)))
        }
        Outcome::Response(answer) => Ok(answer.status),
        Outcome::Handshake(_) => Err(CheckOutcome::Nothing("no attachment was asked for".to_owned())),
    }
}

/// Whether an attachment lies where neither the target itself nor any job or file of the flow is.
fn is_elsewhere(exchange: &Exchange, context: &CheckContext<'_>) -> bool {
    let origin = |text: &str| Url::parse(text).ok().map(|url| url.origin());
    let of_flow = |e: &&Exchange| matches!(e.role, Role::Poll | Role::File);
    let others = context.index.exchanges(&context.flow.name).iter().copied().filter(of_flow);
    let mut own = others.map(|e| e.request.url.as_str()).chain([context.index.recording.start.base.as_str()]);
    let place = origin(&exchange.request.url);
    place.is_some() && !own.any(|url| origin(url) == place)
}

/// `attachment-answers`: delivered, or refused for want of credentials, which other tests judge. What somebody else holds
/// and does not hand out is not the exporting server's to answer for.
pub fn attachment_answers(exchange: &Exchange, context: &CheckContext<'_>) -> CheckOutcome {
    match answered(exchange) {
        Ok(200..=299) => CheckOutcome::Yes,
        Ok(401 | 403) => CheckOutcome::Nothing("it was refused for want of credentials".to_owned()),
        Ok(status) if is_elsewhere(exchange, context) => {
            CheckOutcome::NoData(format!("it lies with somebody else, who answered {status}"))
        }
        Ok(status) => {
            CheckOutcome::No(vec![Violation::new("status", "status", "200, with the attachment", status.to_string())])
        }
        Err(held) => held,
    }
}

/// Whether the request had a token.
fn sent_token(exchange: &Exchange) -> bool {
    exchange.request.headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("authorization"))
}

/// `attachment-takes-token`: not refused to the run's own token.
pub fn attachment_takes_token(exchange: &Exchange) -> CheckOutcome {
    if !sent_token(exchange) {
        return CheckOutcome::Nothing("no token was sent".to_owned());
    }
    match answered(exchange) {
        Ok(status @ (401 | 403)) => {
            let expected = "the attachment, as files with the same token";
            CheckOutcome::No(vec![Violation::new("status", "status", expected, status.to_string())])
        }
        Ok(_) => CheckOutcome::Yes,
        Err(held) => held,
    }
}

/// `attachment-open`: not refused for want of a token, where the manifest says that none is needed.
pub fn attachment_open(exchange: &Exchange, context: &CheckContext<'_>) -> CheckOutcome {
    let open = context
        .index
        .manifest(&context.flow.name)
        .is_some_and(|(_, m)| m.get("requiresAccessToken") == Some(&false.into()));
    if !open {
        return CheckOutcome::Nothing("the manifest does not say that files need no token".to_owned());
    }
    match answered(exchange) {
        Ok(401 | 403) => {}
        Ok(_) => return CheckOutcome::Yes,
        Err(held) => return held,
    }
    let bearer = response(exchange).is_some_and(|answer| {
        answer.header_lines("www-authenticate").any(|line| line.trim_start().to_ascii_lowercase().starts_with("bearer"))
    });
    let files = context.index.files(&context.flow.name, crate::suite::model::FileList::Output);
    let free = files
        .iter()
        .any(|(file, _)| !sent_token(file) && response(file).is_some_and(|answer| (200..300).contains(&answer.status)));
    match bearer || free {
        true => {
            let status = response(exchange).map(|answer| answer.status.to_string()).unwrap_or_default();
            CheckOutcome::No(vec![Violation::new("status", "status", "the attachment, without a token", status)])
        }
        false => CheckOutcome::NoData(
            "it was refused as the files are; credentials of another kind may be needed".to_owned(),
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn little_may_have_gone_meanwhile_and_much_has_not() {
        assert!(few(1, 5) && !few(2, 5) && few(3, 60) && !few(4, 60));
        let kept = |expected, found| KeptProfiles { expected, found };
        let unclear = Recheck { asked: 1, ..Recheck::default() };
        assert_eq!(missing(kept(3, 3), "x", 0, Some(&unclear)), CheckOutcome::Yes);
        assert!(matches!(missing(kept(3, 2), "x", 0, Some(&unclear)), CheckOutcome::NoData(_)));
        assert!(matches!(missing(kept(3, 2), "x", 0, None), CheckOutcome::No(_)));
        assert!(matches!(missing(kept(3, 1), "x", 0, Some(&unclear)), CheckOutcome::No(_)));
    }

    #[test]
    fn only_resources_that_were_read_again_are_excluded() {
        let recheck = |asked, there, changed, deleted| Recheck {
            asked,
            there,
            changed: [("Patient".to_owned(), changed)].into(),
            deleted: [("Patient".to_owned(), deleted)].into(),
        };
        let lost = |expected, found, seen: &Recheck| {
            still_missing(KeptProfiles { expected, found }, seen.gone(), Some(seen)).map_err(
                |undecided| match undecided {
                    CheckOutcome::NoData(why) => why,
                    other => panic!("{other:?}"),
                },
            )
        };
        assert_eq!(lost(10, 7, &recheck(3, 0, 1, 2)), Ok(0), "all that is missing is gone");
        assert_eq!(lost(20, 10, &recheck(2, 1, 0, 1)), Ok(9), "one is still there, and eight were not read");
        let unread = lost(20, 10, &recheck(6, 0, 2, 4)).unwrap_err();
        assert!(unread.starts_with("4 that did not come were not read again; all 6 that were"), "{unread}");
        let unclear = lost(60, 57, &recheck(3, 0, 0, 1)).unwrap_err();
        assert!(unclear.starts_with("2 that did not come may have been deleted"), "{unclear}");
        assert_eq!(lost(60, 40, &recheck(6, 0, 0, 5)), Ok(15), "too many to have been deleted meanwhile");
        assert_eq!(still_missing(KeptProfiles { expected: 3, found: 2 }, 0, None).ok(), Some(1));
    }
}
