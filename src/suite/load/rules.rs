//! The rules for single entries.

use std::collections::{BTreeMap, HashMap};
use std::ops::Range;

use crate::suite::can_judge::can_judge;
use crate::suite::expect::Expect;
use crate::suite::flow::{Flow, Moment};
use crate::suite::load::raw::{RawRequirement, RawSpec, RawTest};
use crate::suite::load::read::{RawEntry, ReadStep};
use crate::suite::model::NamedOutcome;
use crate::suite::on::On;
use crate::suite::refusal::{Refusal, Spot};
use crate::suite::values::Names;

/// The rule that a name violates, if any. Names become parts of test names, file names and anchors.
pub(crate) fn bad_name(name: &str) -> Option<&'static str> {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    let good = name.starts_with(plain) && name.chars().all(|c| plain(c) || c == '-' || c == '.');
    (!good).then_some("use only a-z, 0-9, hyphens and dots, and begin with a letter or digit")
}

pub(crate) fn spec(entry: &RawEntry<'_, RawSpec>, raw: &RawSpec, refusals: &mut Vec<Refusal>) {
    let absolute = url::Url::parse(&raw.base).is_ok_and(|url| matches!(url.scheme(), "http" | "https"));
    if !absolute || !raw.base.ends_with('/') {
        let label = "write an absolute http or https URL that ends in /";
        let spot = Spot::new(entry.file, entry.place(&[ReadStep::Key("base")]), label);
        refusals.push(Refusal::new("invalid `base`", spot));
    }
    if raw.areas.is_empty() {
        empty(entry.file, entry.place(&[ReadStep::Key("areas")]), "areas", refusals);
    }
    if raw.builds_on.is_none() && !raw.drops.is_empty() {
        let spot = Spot::new(
            entry.file,
            entry.key_place(&[], "drops"),
            "no requirements are inherited, so none can be dropped",
        );
        refusals.push(Refusal::new("`drops` without `builds-on`", spot).help("add `builds-on`, or remove `drops`"));
    }
    if raw.builds_on.is_none() && !raw.stand_ins.is_empty() {
        let spot = Spot::new(
            entry.file,
            entry.key_place(&[], "stand-ins"),
            "no tests are inherited, so no flows can be replaced",
        );
        refusals
            .push(Refusal::new("`stand-ins` without `builds-on`", spot).help("add `builds-on`, or remove `stand-ins`"));
    }
}

/// The label of an invalid header name.
const BAD_HEADER_NAME: &str = "use only letters, digits and hyphens";

/// The flows that a spec names under `stand-ins`, with their places.
pub(crate) fn stand_ins<'a>(
    entry: &'a RawEntry<'_, RawSpec>,
    raw: &'a RawSpec,
) -> impl Iterator<Item = (&'a str, Range<usize>)> {
    raw.stand_ins.iter().flat_map(move |(flow, Names(names))| {
        let replaced = (flow.as_str(), entry.key_place(&[ReadStep::Key("stand-ins")], flow));
        let place = move |index| entry.place(&[ReadStep::Key("stand-ins"), ReadStep::Key(flow), ReadStep::Item(index)]);
        let named = names.iter().enumerate().map(move |(index, name)| (name.as_str(), place(index)));
        std::iter::once(replaced).chain(named)
    })
}

pub(crate) fn requirement(entry: &RawEntry<'_, RawRequirement>, raw: &RawRequirement, refusals: &mut Vec<Refusal>) {
    if raw.places.is_empty() {
        let spot = Spot::new(entry.file, entry.place(&[ReadStep::Key("in")]), "list the specs that have it");
        let title = format!("requirement `{}` belongs to no spec", entry.name);
        refusals.push(
            Refusal::new(title, spot).help("write in = { SPEC = { level = \"SHALL\", at = \"page.html#place\" } }"),
        );
    }
    if let Some(Names(adopted)) = &raw.same_as {
        names(entry, "as", adopted, refusals);
    }
}

/// Checks that a list of names is not empty and has no name twice.
fn names<T>(entry: &RawEntry<'_, T>, key: &'static str, names: &[String], refusals: &mut Vec<Refusal>) {
    if names.is_empty() {
        empty(entry.file, entry.place(&[ReadStep::Key(key)]), key, refusals);
    }
    for (index, name) in names.iter().enumerate() {
        if names.iter().take(index).any(|other| other == name) {
            let spot = Spot::new(entry.file, entry.place(&[ReadStep::Key(key), ReadStep::Item(index)]), "remove this");
            refusals.push(Refusal::new(format!("`{name}` is listed twice in `{key}`"), spot));
        }
    }
}

fn empty(file: usize, span: Range<usize>, what: &str, refusals: &mut Vec<Refusal>) {
    refusals.push(Refusal::new(format!("`{what}` is empty"), Spot::new(file, span, "list at least one")));
}

pub(crate) fn flow(entry: &RawEntry<'_, Flow>, flow: &Flow, refusals: &mut Vec<Refusal>) {
    headers(entry, &[], &flow.headers, refusals);
    let mut seen: HashMap<&str, usize> = HashMap::new();
    for (index, probe) in flow.probes.iter().enumerate() {
        let path = [ReadStep::Key("probes"), ReadStep::Item(index)];
        let id = |index| entry.place(&[ReadStep::Key("probes"), ReadStep::Item(index), ReadStep::Key("id")]);
        headers(entry, &path, &probe.headers, refusals);
        if let Some(trouble) = bad_name(&probe.id) {
            let spot = Spot::new(entry.file, id(index), trouble);
            refusals.push(Refusal::new(format!("`{}` is not a valid name for a probe", probe.id), spot));
        }
        if let Some(first) = seen.get(probe.id.as_str()) {
            let refusal = Refusal::new(
                format!("flow `{}` has two probes `{}`", entry.name, probe.id),
                Spot::new(entry.file, id(index), "defined again here"),
            );
            let first = Spot::new(entry.file, id(*first), "first defined here");
            refusals.push(refusal.and(first).help("rename one"));
        } else {
            seen.insert(&probe.id, index);
        }
        if flow.probes_only && probe.at != Moment::Start {
            let span = entry.place(&[ReadStep::Key("probes"), ReadStep::Item(index), ReadStep::Key("at")]);
            let spot = Spot::new(entry.file, span, "the flow never reaches this moment");
            let title = format!("flow `{}` makes no export, so its probes must be sent at the start", entry.name);
            refusals.push(Refusal::new(title, spot).help("write at = \"start\", or remove `probes-only`"));
        } else if probe.at == Moment::Deleted && flow.delete.is_none() {
            let span = entry.place(&[ReadStep::Key("probes"), ReadStep::Item(index), ReadStep::Key("at")]);
            let spot = Spot::new(entry.file, span, "the flow never reaches this moment");
            let title = format!("flow `{}` does not delete its job", entry.name);
            refusals.push(
                Refusal::new(title, spot).help("add delete = \"in-progress\" or delete = \"complete\" to the flow"),
            );
        }
    }
    if let ([first, ..], false) = (flow.of_hooks().as_slice(), flow.last && !flow.probes_only) {
        let key = if flow.hooks.is_empty() { "shows" } else { "hooks" };
        let spot = Spot::new(entry.file, entry.key_place(&[], key), "hooks change the data that other flows export");
        let title = format!("flow `{}` uses the hook `{first}` and does not run last", entry.name);
        refusals.push(Refusal::new(title, spot).help("add last = true to the flow, and remove `probes-only`"));
    }
    if flow.from.0.is_empty() {
        for (place, name) in with_sample_values(flow) {
            let span = entry.place(&[place.as_slice(), &[ReadStep::Key("params"), ReadStep::Key(name)]].concat());
            let title = format!("flow `{}` has a sample value but no source flow", entry.name);
            let refusal = Refusal::new(title, Spot::new(entry.file, span, "this is a sample value"));
            refusals.push(refusal.help("add from = \"FLOW\" to the flow"));
        }
    }
}

/// The parameters of a flow and its probes that contain sample values, with the path to their table.
fn with_sample_values(flow: &Flow) -> impl Iterator<Item = (Vec<ReadStep<'static>>, &str)> {
    let own = flow.params.iter().map(|(name, param)| (Vec::new(), name.as_str(), param));
    let all = own.chain(flow.probes.iter().enumerate().flat_map(|(index, probe)| {
        let way = move || vec![ReadStep::Key("probes"), ReadStep::Item(index)];
        probe.params.iter().map(move |(name, param)| (way(), name.as_str(), param))
    }));
    all.filter(|(.., param)| param.sample_values().next().is_some()).map(|(way, name, _)| (way, name))
}

/// The source flows of a flow, with the places of their names.
pub(crate) fn sources(entry: &RawEntry<'_, Flow>, flow: &Flow) -> Vec<(String, Range<usize>)> {
    let named = flow.from.0.iter().enumerate();
    named
        .map(|(index, source)| (source.clone(), entry.place(&[ReadStep::Key("from"), ReadStep::Item(index)])))
        .collect()
}

/// A refusal if `other`, which `entry` names under `from`, only aggregates flows: it has no export of its own.
pub(crate) fn no_export(entry: &RawEntry<'_, Flow>, span: Range<usize>, other: &RawEntry<'_, Flow>) -> Option<Refusal> {
    other.raw.as_ref().filter(|flow| flow.aggregates)?;
    let title = format!("flow `{}` takes data from flow `{}`, which makes no export", entry.name, other.name);
    let spot =
        Spot::new(other.file, other.key_place(&[], "aggregates"), "it only aggregates the results of other flows");
    let refusal = Refusal::new(title, Spot::new(entry.file, span, "this flow has no data")).and(spot);
    Some(refusal.help("name a flow that makes an export"))
}

fn headers<T>(
    entry: &RawEntry<'_, T>,
    path: &[ReadStep<'_>],
    headers: &BTreeMap<String, String>,
    refusals: &mut Vec<Refusal>,
) {
    for (name, value) in headers {
        let path = [path, &[ReadStep::Key("headers")]].concat();
        if http::HeaderName::from_bytes(name.as_bytes()).is_err() {
            let spot = Spot::new(entry.file, entry.key_place(&path, name), BAD_HEADER_NAME);
            refusals.push(Refusal::new(format!("`{name}` is not a header name"), spot));
        }
        if value.split('\n').any(|line| http::HeaderValue::from_str(line).is_err()) {
            let span = entry.place(&[path.as_slice(), &[ReadStep::Key(name)]].concat());
            let spot = Spot::new(entry.file, span, "use only visible ASCII characters, spaces and line feeds");
            refusals.push(Refusal::new("this value cannot be sent as a header", spot));
        }
    }
}

pub(crate) fn test(
    entry: &RawEntry<'_, RawTest>,
    raw: &RawTest,
    flows: &[RawEntry<'_, Flow>],
    refusals: &mut Vec<Refusal>,
) {
    let file = entry.file;
    let lists =
        [("verifies", Some(&raw.verifies)), ("flow", Some(&raw.flow)), ("compare-with", raw.compare_with.as_ref())];
    for (key, Names(named)) in lists.into_iter().filter_map(|(key, named)| Some((key, named?))) {
        names(entry, key, named, refusals);
    }
    if raw.on.0.is_empty() {
        empty(file, entry.place(&[ReadStep::Key("on")]), "on", refusals);
    }
    for (index, on) in raw.on.0.iter().enumerate() {
        for name in &raw.flow.0 {
            let flow = flows.iter().find(|flow| flow.name == *name).and_then(|flow| flow.raw.as_ref());
            // Unknown and invalid flows were refused already.
            let Some(flow) = flow else { continue };
            seen(entry, on, index, name, flow, refusals);
        }
    }
    match (&raw.expect, &raw.any_of) {
        (None, None) => {
            let spot = Spot::new(file, entry.tree.span(), "this test expects nothing");
            refusals
                .push(Refusal::new("neither `expect` nor `any-of`", spot).help("add `expect` or `any-of` to the test"));
        }
        (Some(_), Some(_)) => {
            let refusal =
                Refusal::new("both `expect` and `any-of`", Spot::new(file, entry.key_place(&[], "any-of"), "use this"));
            refusals.push(
                refusal.and(Spot::new(file, entry.key_place(&[], "expect"), "or this")).help("remove one of the two"),
            );
        }
        _ => {}
    }
    if let Some(when) = &raw.when {
        expects(entry, &[ReadStep::Key("when")], &when.0, "when", refusals);
    }
    if let Some(expect) = &raw.expect {
        expects(entry, &[ReadStep::Key("expect")], expect, "expect", refusals);
    }
    if let Some(outcomes) = &raw.any_of {
        any_of(entry, outcomes, refusals);
    }
}

/// Checks that a flow can have the exchange that a test looks at.
fn seen(entry: &RawEntry<'_, RawTest>, on: &On, index: usize, name: &str, flow: &Flow, refusals: &mut Vec<Refusal>) {
    let span = entry.place(&[ReadStep::Key("on"), ReadStep::Item(index)]);
    match on {
        On::Probe(id) if !flow.probes.iter().any(|probe| probe.id == *id) => {
            let words: Vec<&str> = flow.probes.iter().map(|probe| probe.id.as_str()).collect();
            let label = crate::suite::refusal::did_you_mean(id, &words).replace('`', "");
            let label = if label.is_empty() { label } else { label.replace("mean ", "mean probe.") };
            let refusal =
                Refusal::new(format!("flow `{name}` has no probe `{id}`"), Spot::new(entry.file, span, label));
            refusals.push(refusal.help(format!("probes of `{name}`: {}", list(&words))));
        }
        other if flow.probes_only && !matches!(other, On::Probe(_)) => {
            let spot = Spot::new(entry.file, span, "the flow never has this exchange");
            let refusal = Refusal::new(format!("flow `{name}` makes no export"), spot);
            refusals.push(refusal.help("write on = \"probe.ID\", or name another flow"));
        }
        On::Delete if flow.delete.is_none() => {
            let spot = Spot::new(entry.file, span, "the flow never has this exchange");
            let refusal = Refusal::new(format!("flow `{name}` does not delete its job"), spot);
            refusals.push(
                refusal.help("add delete = \"in-progress\" or delete = \"complete\" to the flow, or name another flow"),
            );
        }
        _ => {}
    }
}

fn list(words: &[&str]) -> String {
    if words.is_empty() { "none".to_owned() } else { words.join(", ") }
}

fn any_of(entry: &RawEntry<'_, RawTest>, outcomes: &[NamedOutcome], refusals: &mut Vec<Refusal>) {
    if outcomes.is_empty() {
        empty(entry.file, entry.place(&[ReadStep::Key("any-of")]), "any-of", refusals);
    }
    for (index, outcome) in outcomes.iter().enumerate() {
        let path = [ReadStep::Key("any-of"), ReadStep::Item(index), ReadStep::Key("expect")];
        expects(entry, &path, &outcome.expect, "expect", refusals);
        if outcomes.iter().take(index).any(|other| other.outcome == outcome.outcome) {
            let span = entry.place(&[ReadStep::Key("any-of"), ReadStep::Item(index), ReadStep::Key("outcome")]);
            let spot = Spot::new(entry.file, span, "give this outcome another name");
            refusals.push(Refusal::new(format!("two outcomes have the name `{}`", outcome.outcome), spot));
        }
    }
}

fn expects(
    entry: &RawEntry<'_, RawTest>,
    path: &[ReadStep<'_>],
    expects: &[Expect],
    what: &str,
    refusals: &mut Vec<Refusal>,
) {
    if expects.is_empty() {
        empty(entry.file, entry.place(path), what, refusals);
    }
    for (index, expect) in expects.iter().enumerate() {
        expectation(entry, &[path, &[ReadStep::Item(index)]].concat(), expect, refusals);
    }
}

/// The keys that select what an expectation looks at.
const SUBJECTS: &str =
    "`status`, `not-status`, `header`, `json`, `media-type`, `body`, `lines`, `file-type`, `directory` or `check`";

fn expectation(entry: &RawEntry<'_, RawTest>, path: &[ReadStep<'_>], expect: &Expect, refusals: &mut Vec<Refusal>) {
    let whole = || entry.place(path);
    let key = |key: &str| entry.key_place(path, key);
    let value = |name: &'static str| entry.place(&[path, &[ReadStep::Key(name)]].concat());
    let mut refuse = |title: String, span: Range<usize>, label: &str| {
        refusals.push(Refusal::new(title, Spot::new(entry.file, span, label)));
    };
    let subjects = expect.subjects();
    let ons = entry.raw.as_ref().map(|raw| raw.on.0.as_slice()).unwrap_or_default();
    let with_value = expect.header.is_some() || expect.json.is_some();
    match subjects.as_slice() {
        [] => refuse(
            "this expectation does not name what it looks at".to_owned(),
            whole(),
            &format!("add one of {SUBJECTS}"),
        ),
        [_] => {}
        [_, second, ..] => {
            refuse(
                "this expectation looks at two things".to_owned(),
                key(second),
                &format!("use only one of {SUBJECTS}"),
            );
        }
    }
    match (with_value, expect.is.is_some() || expect.has.is_some(), expect.equals.is_some()) {
        (true, false, false) => {
            let subject = if expect.header.is_some() { "header" } else { "json" };
            let label = "add is = \"SHAPE\" or equals = \"TEXT\"";
            refuse(format!("`{subject}` without `is` or `equals`"), whole(), label);
        }
        (_, true, true) => refuse("both `is` and `equals`".to_owned(), key("equals"), "use only one of the two"),
        (false, true, _) | (false, _, true) => {
            let name = match (&expect.is, &expect.has) {
                (Some(_), _) => "is",
                (None, Some(_)) => "has",
                (None, None) => "equals",
            };
            refuse(format!("`{name}` without `header` or `json`"), key(name), "use it only with `header` or `json`");
        }
        _ => {}
    }
    if expect.has.is_some() && (expect.is.is_some() || expect.header.is_some()) {
        refuse("`has` with `header` or `is`".to_owned(), key("has"), "use it with `json`, without `is`");
    }
    if expect.optional && !with_value {
        let label = "use it only with `header` or `json`";
        refuse("`optional` without `header` or `json`".to_owned(), key("optional"), label);
    }
    if let Some(pointer) = &expect.json
        && !pointer.is_empty()
        && !pointer.starts_with('/')
    {
        refuse(format!("`{pointer}` is not a JSON pointer"), value("json"), "begin it with /");
    }
    if let Some(check) = expect.check {
        for on in ons.iter().filter(|on| !can_judge(check, on)) {
            let label = format!("this check judges {}", check.places());
            refuse(format!("`{check}` cannot judge `{on}`"), value("check"), &label);
        }
    }
    if let Some(header) = &expect.header
        && http::HeaderName::from_bytes(header.as_bytes()).is_err()
    {
        refuse(format!("`{header}` is not a header name"), value("header"), BAD_HEADER_NAME);
    }
    for (index, name) in expect.file_type.iter().flatten().enumerate() {
        if !crate::base::resource_types::is_r4(name) {
            let span = entry.place(&[path, &[ReadStep::Key("file-type"), ReadStep::Item(index)]].concat());
            refuse(format!("`{name}` is not a resource type of FHIR R4"), span, "write a name such as Patient");
        }
    }
    let no_lines = expect.lines.as_ref().is_some_and(Vec::is_empty);
    let no_types = expect.media_type.as_ref().is_some_and(|types| types.0.is_empty());
    let no_texts = expect.has.as_ref().is_some_and(Vec::is_empty);
    let no_file_types = expect.file_type.as_ref().is_some_and(Vec::is_empty);
    for (name, empty) in
        [("lines", no_lines), ("media-type", no_types), ("file-type", no_file_types), ("has", no_texts)]
    {
        if empty {
            refuse(format!("`{name}` is empty"), value(name), "list at least one");
        }
    }
}
