//! Checks of files organized by the resources of one type (hl7-3.0.0, `organizeOutputBy`).

use serde_json::Value;

use crate::check::context::CheckContext;
use crate::check::exchange::{items, manifest_of, no_manifest, saturating_sum};
use crate::check::missing::{besides, still_missing};
use crate::check::outcome::{CheckOutcome, Violation};
use crate::check::show::Shown;
use crate::check::{reasons, show};
use crate::recording::comparison::{FoundCount, Organizing};
use crate::recording::facts::{FileFacts, Organized};
use crate::recording::model::{Exchange, Role};
use crate::suite::model::FileList;
use crate::verdicts::finding_place::FindingPlace;

/// The manifest's member that names the type.
const NAMED: &str = "outputOrganizedBy";

/// A flow that requested organized files.
struct View<'a> {
    /// The requested type.
    requested: &'a str,
    /// `outputOrganizedBy` of the first manifest, if it has a value.
    named: Option<&'a Value>,
    /// The output items of all manifests, in order.
    items: Vec<&'a Value>,
    /// The output files that were received completely: item index, exchange, facts, blocks.
    files: Vec<(usize, &'a Exchange, &'a FileFacts, &'a Organized)>,
}

impl<'a> View<'a> {
    fn of(context: &CheckContext<'a>) -> Result<Self, CheckOutcome> {
        let Some((_, manifest)) = context.index.manifest(&context.flow.name) else { return Err(no_manifest()) };
        let requested = context.flow.params.iter().find(|(name, _)| name == "organizeOutputBy");
        let Some((_, requested)) = requested else {
            return Err(CheckOutcome::NotApplicable("no organizeOutputBy was sent".to_owned()));
        };
        let exchanges = context.index.exchanges(&context.flow.name).iter().copied();
        let pages = exchanges.filter(|page| page.role == Role::Page && !page.superseded).filter_map(manifest_of);
        let files =
            context.index.files(&context.flow.name, FileList::Output).into_iter().filter_map(|(exchange, facts)| {
                let facts = facts.filter(|facts| facts.whole)?;
                Some((exchange.file?.index, exchange, facts, facts.organized.as_ref()?))
            });
        Ok(Self {
            requested,
            named: organized_by(manifest),
            items: items(manifest, "output").iter().chain(pages.flat_map(|page| items(page, "output"))).collect(),
            files: files.collect(),
        })
    }

    /// Returns whether any file has headers.
    fn has_headers(&self) -> bool {
        self.files.iter().any(|(.., blocks)| blocks.blocks > 0 || blocks.strange > 0)
    }

    /// Returns whether the files have headers, or the manifest has `outputOrganizedBy`.
    fn is_organized(&self) -> bool {
        self.named.is_some() || self.has_headers()
    }

    /// Returns the view if there are files and they are organized.
    fn organized(context: &CheckContext<'a>) -> Result<Self, CheckOutcome> {
        let view = Self::of(context)?;
        if !view.is_organized() {
            return Err(CheckOutcome::NotApplicable("the files are not organized".to_owned()));
        }
        if view.items.is_empty() {
            return Err(CheckOutcome::NotShown(reasons::NOTHING_EXPORTED.to_owned()));
        }
        Ok(view)
    }

    /// Returns the view of [`Self::organized`] if every output file was received completely and all lines are readable.
    fn whole(context: &CheckContext<'a>) -> Result<Self, CheckOutcome> {
        let view = Self::organized(context)?;
        if view.files.len() < view.items.len() {
            return Err(CheckOutcome::Undecided(reasons::OUTPUT_INCOMPLETE.to_owned()));
        }
        if view.files.iter().any(|(_, _, facts, _)| !facts.lines.is_legible()) {
            return Err(CheckOutcome::NotApplicable(reasons::INVALID_LINES.to_owned()));
        }
        if view.files.iter().any(|(.., blocks)| blocks.cut) {
            return Err(CheckOutcome::NotShown("the files have more blocks than Plimsoll tracks".to_owned()));
        }
        Ok(view)
    }

    /// Returns the view of [`Self::whole`] if the flow sent no other parameter that changes blocks.
    fn plain(context: &CheckContext<'a>) -> Result<Self, CheckOutcome> {
        let compared = |name: &str| !matches!(name, "organizeOutputBy" | "_outputFormat");
        if let Some((name, _)) = context.flow.params.iter().find(|(name, _)| compared(name)) {
            return Err(CheckOutcome::NotApplicable(format!(
                "the request also has {name}, and the spec does not define its effect on blocks"
            )));
        }
        Self::whole(context)
    }

    fn url(&self, place: usize) -> Option<&'a str> {
        self.items.get(place)?.get("url")?.as_str()
    }

    /// Returns `continuesInFile` of an item, and the item that it names.
    fn continues(&self, place: usize) -> Option<(&'a Value, Option<usize>)> {
        let value = self.items.get(place)?.get("continuesInFile").filter(|value| !value.is_null())?;
        let named = value
            .as_str()
            .and_then(|text| (0..self.items.len()).find(|other| *other != place && self.url(*other) == Some(text)));
        Some((value, named))
    }

    fn blocks(&self, place: usize) -> Option<&'a Organized> {
        self.files.iter().find(|(file, ..)| *file == place).map(|(.., blocks)| *blocks)
    }
}

/// Returns `outputOrganizedBy` if it has a value.
fn organized_by(manifest: &Value) -> Option<&Value> {
    manifest.get(NAMED).filter(|value| !value.is_null() && value.as_str() != Some(""))
}

fn at_line(exchange: &Exchange, line: u64, expected: impl Into<Shown>, actual: impl Into<Shown>) -> Violation {
    Violation::new(FindingPlace::Line(line), expected, actual).shown_by(exchange.id)
}

/// `organized-at-all`: the files are organized. A server that cannot do that must refuse the kick-off.
pub(crate) fn organized_at_all(_exchange: &Exchange, context: &CheckContext<'_>) -> CheckOutcome {
    let view = match View::of(context) {
        Ok(view) => view,
        Err(outcome) => return outcome,
    };
    if view.is_organized() {
        return CheckOutcome::Holds;
    }
    if view.files.iter().all(|(_, _, facts, _)| facts.lines.resources == 0) {
        return CheckOutcome::NotShown(reasons::NOTHING_EXPORTED.to_owned());
    }
    let expected = format!("files organized by {}, or a refusal", show::text(view.requested));
    CheckOutcome::Violated(vec![Violation::new(
        FindingPlace::body("/output"),
        expected,
        "files without headers and a manifest without outputOrganizedBy",
    )])
}

/// `organized-named`: if files are organized, `outputOrganizedBy` is the requested type.
pub(crate) fn organized_named(_exchange: &Exchange, context: &CheckContext<'_>) -> CheckOutcome {
    let view = match View::of(context) {
        Ok(view) => view,
        Err(outcome) => return outcome,
    };
    if !view.is_organized() {
        return CheckOutcome::NotApplicable("the files are not organized".to_owned());
    }
    CheckOutcome::or_violation(view.named.and_then(Value::as_str) == Some(view.requested), || {
        let actual = match view.named {
            Some(Value::String(text)) => show::text(text),
            other => show::shape(other),
        };
        Violation::new(FindingPlace::body(format!("/{NAMED}")), show::text(view.requested), actual)
    })
}

/// `organized-untyped`: if files are organized, no output item of this manifest has a `type`.
pub(crate) fn organized_untyped(exchange: &Exchange, context: &CheckContext<'_>) -> CheckOutcome {
    if let Err(outcome) = View::organized(context) {
        return outcome;
    }
    let Some(manifest) = manifest_of(exchange) else { return no_manifest() };
    let typed = items(manifest, "output").iter().enumerate().filter_map(|(n, item)| {
        let kind = item.get("type").filter(|kind| !kind.is_null())?;
        let actual = kind.as_str().map_or_else(|| show::shape(Some(kind)), show::text);
        Some(Violation::new(
            FindingPlace::body(format!("/output/{n}/type")),
            "no type, because an organized file has several types",
            actual,
        ))
    });
    CheckOutcome::from_violations(typed.collect())
}

/// `organized-headers`: every output file begins with a header, and all headers refer to resources of the type.
pub(crate) fn organized_headers(_exchange: &Exchange, context: &CheckContext<'_>) -> CheckOutcome {
    let view = match View::organized(context) {
        Ok(view) => view,
        Err(outcome) => return outcome,
    };
    let (mut seen, mut violations) = (false, Vec::new());
    // A malformed line may be the header.
    for (_, exchange, _, blocks) in
        view.files.iter().filter(|(_, _, facts, _)| facts.lines.resources > 0 && facts.lines.is_legible())
    {
        seen = true;
        if let Some(line) = blocks.before {
            let expected = "a header (Parameters with a parameter named header) as the first line";
            violations.push(at_line(exchange, line, expected, "a resource without a header before it"));
        }
        if let Some(line) = blocks.first_strange {
            let expected = format!("a header with a valueReference to a {}", show::text(view.requested));
            let mut found = at_line(exchange, line, expected, "a header without such a reference");
            found.count = blocks.strange;
            violations.push(found);
        }
    }
    match seen {
        true => CheckOutcome::from_violations(violations),
        false => CheckOutcome::NotShown("no output file with resources was received completely".to_owned()),
    }
}

/// `organized-whole`: every resource of the type in the earlier export has a block.
pub(crate) fn organized_whole(_exchange: &Exchange, context: &CheckContext<'_>) -> CheckOutcome {
    let view = match View::plain(context) {
        Ok(view) => view,
        Err(outcome) => return outcome,
    };
    let gone_of = |organizing: &Organizing| organizing.recheck.as_ref().map_or(0, |all| all.gone_of(view.requested));
    let organizing = context.flow.organized.as_ref();
    let Some(organizing) = organizing.filter(|organizing| organizing.instances.expected > gone_of(organizing)) else {
        return CheckOutcome::NotShown(
            "no earlier export at the same level has resources of the requested type".to_owned(),
        );
    };
    let (gone, recheck) = (gone_of(organizing), organizing.recheck.as_ref());
    let FoundCount { expected, found } = organizing.instances;
    let expected = expected.saturating_sub(gone);
    let lost = match still_missing(organizing.instances, gone, recheck) {
        Ok(lost) => lost,
        Err(undecided) => return undecided,
    };
    CheckOutcome::or_violation(lost == 0, || {
        let kind = show::text(view.requested);
        let wanted = format!("a block for each of the {expected} resources of type {kind} in flow {}", organizing.flow);
        let mut violation = Violation::new(
            FindingPlace::body("/output"),
            wanted,
            format!("blocks for {found} of {expected}{}", besides(gone)),
        );
        violation.count = lost;
        violation
    })
}

/// `organized-own`: every block has the resource that its header refers to.
pub(crate) fn organized_own(_exchange: &Exchange, context: &CheckContext<'_>) -> CheckOutcome {
    let view = match View::plain(context) {
        Ok(view) => view,
        Err(outcome) => return outcome,
    };
    if view.files.iter().all(|(.., blocks)| blocks.blocks == 0) {
        return CheckOutcome::NotApplicable("the files have no block".to_owned());
    }
    let bare = view.files.iter().filter_map(|(_, exchange, _, blocks)| {
        let at = blocks.bare_at?;
        let expected = "a block with the resource that its header refers to";
        let mut violation = at_line(exchange, at.line, expected, "a block without it");
        violation.count = blocks.bare;
        Some(violation)
    });
    CheckOutcome::from_violations(bare.collect())
}

/// `organized-together`: no resource has blocks in more than one file.
pub(crate) fn organized_together(_exchange: &Exchange, context: &CheckContext<'_>) -> CheckOutcome {
    let view = match View::whole(context) {
        Ok(view) => view,
        Err(outcome) => return outcome,
    };
    if view.files.iter().all(|(.., blocks)| blocks.blocks == 0) {
        return CheckOutcome::NotApplicable("the files have no block".to_owned());
    }
    let mut shared = view.files.iter().filter_map(|(_, exchange, _, blocks)| Some((exchange, blocks.shared.first()?)));
    match shared.next() {
        None => CheckOutcome::Holds,
        Some((exchange, at)) => {
            let expected = "all resources of a block in one file, if possible";
            CheckOutcome::Violated(vec![at_line(exchange, at.line, expected, "a block that continues in another file")])
        }
    }
}

/// `organized-linked`: `continuesInFile` names another output file, and it links the files with blocks of one resource.
pub(crate) fn organized_linked(_exchange: &Exchange, context: &CheckContext<'_>) -> CheckOutcome {
    let view = match View::whole(context) {
        Ok(view) => view,
        Err(outcome) => return outcome,
    };
    let (mut seen, mut violations) = (false, Vec::new());
    for place in 0..view.items.len() {
        if let Some((value, named)) = view.continues(place) {
            seen = true;
            if named.is_none() {
                let at = FindingPlace::body(format!("/output/{place}/continuesInFile"));
                let expected = "the url of another output item";
                violations.push(Violation::new(
                    at,
                    expected,
                    value.as_str().map_or_else(|| show::shape(Some(value)), show::text),
                ));
            }
        }
    }
    let mut reported: Vec<u64> = Vec::new();
    for (place, exchange, _, blocks) in &view.files {
        for at in &blocks.shared {
            if reported.contains(&at.of) {
                continue;
            }
            reported.push(at.of);
            seen = true;
            let shares = |place: usize| {
                view.blocks(place).is_some_and(|blocks| blocks.shared.iter().any(|other| other.of == at.of))
            };
            let places: Vec<usize> =
                view.files.iter().map(|(place, ..)| *place).filter(|place| shares(*place)).collect();
            let linked = places.iter().filter(|place| {
                view.continues(**place).is_some_and(|(_, named)| named.is_some_and(|named| places.contains(&named)))
            });
            if linked.count() + 1 < places.len() {
                let expected =
                    format!("continuesInFile in output item {place}, because its block continues in another file");
                violations.push(at_line(exchange, at.line, expected, "no continuesInFile that names that file"));
            }
        }
    }
    match seen {
        true => CheckOutcome::from_violations(violations),
        false => CheckOutcome::NotApplicable("no block continues in another file".to_owned()),
    }
}

/// `organized-repeated`: a file that continues another one begins with the header of the block at the end of that file.
pub(crate) fn organized_repeated(_exchange: &Exchange, context: &CheckContext<'_>) -> CheckOutcome {
    let view = match View::whole(context) {
        Ok(view) => view,
        Err(outcome) => return outcome,
    };
    let (mut seen, mut violations) = (false, Vec::new());
    for (place, _, _, blocks) in &view.files {
        let Some((_, Some(next))) = view.continues(*place) else { continue };
        let Some((_, exchange, _, after)) = view.files.iter().find(|(other, ..)| *other == next) else { continue };
        seen = true;
        if after.before.is_some() || after.begins.is_none() || after.begins != blocks.ends {
            let expected = format!("the header of the last block in output item {place} as the first line");
            let line = after.before.unwrap_or(1);
            violations.push(at_line(exchange, line, expected, "another line"));
        }
    }
    match seen {
        true => CheckOutcome::from_violations(violations),
        false => CheckOutcome::NotApplicable("no output item has a continuesInFile that names another one".to_owned()),
    }
}

/// `organized-compartment`: resources that belong to a patient in the earlier export are in the patient's block.
pub(crate) fn organized_compartment(_exchange: &Exchange, context: &CheckContext<'_>) -> CheckOutcome {
    if let Err(outcome) = View::plain(context) {
        return outcome;
    }
    let organizing = context.flow.organized.as_ref();
    let recheck = organizing.and_then(|organizing| organizing.recheck.as_ref());
    let gone_of = |kind: &str| recheck.map_or(0, |recheck| recheck.gone_of(kind));
    let shows = |all: &&Organizing| all.belongings.iter().any(|(kind, kept)| kept.expected > gone_of(kind));
    let Some(Organizing { belongings, .. }) = organizing.filter(shows) else {
        return CheckOutcome::NotShown("no earlier export at the same level has resources of patients".to_owned());
    };
    let all = FoundCount {
        expected: saturating_sum(belongings.values().map(|kept| kept.expected)),
        found: saturating_sum(belongings.values().map(|kept| kept.found)),
    };
    let gone = saturating_sum(belongings.keys().map(|kind| gone_of(kind)));
    if let Err(undecided) = still_missing(all, gone, recheck) {
        return undecided;
    }
    let missing = belongings.iter().filter_map(|(kind, kept)| {
        let gone = gone_of(kind);
        let wanted = kept.expected.saturating_sub(gone);
        let lost = wanted.saturating_sub(kept.found);
        let expected = format!("all {wanted} {kind} resources in the blocks of their patients");
        let actual = format!("{} of {wanted}{}", kept.found, besides(gone));
        let mut violation = Violation::new(FindingPlace::body("/output"), expected, actual);
        violation.count = lost;
        (lost > 0).then_some(violation)
    });
    CheckOutcome::from_violations(missing.collect())
}
