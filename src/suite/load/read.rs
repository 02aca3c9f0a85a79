//! Reads the text of suite files into typed entries. Every entry is read separately. An invalid part is removed and the
//! rest is read again, so one pass reports all mistakes.

use std::ops::Range;

use serde::de::DeserializeOwned;
use toml::Spanned;
use toml::de::{DeTable, DeValue, ValueDeserializer};

use crate::base::vocabulary::Area;
use crate::suite::flow::Flow;
use crate::suite::load::raw::{FILE_KEYS, RawRequirement, RawSpec, RawTest};
use crate::suite::refusal::{Refusal, Spot, SuiteFile, allowed, did_you_mean};

/// One entry of a suite file.
pub(crate) struct RawEntry<'t, T> {
    /// The index of its file.
    pub file: usize,
    /// The name of the entry, or the id of a test.
    pub name: String,
    /// The place of the name.
    pub key: Range<usize>,
    /// The area of its file.
    pub area: Option<Area>,
    /// The parsed TOML, with positions.
    pub tree: Spanned<DeValue<'t>>,
    /// The typed entry; none if it was refused.
    pub raw: Option<T>,
}

/// All entries of all files, in their order.
#[derive(Default)]
pub(crate) struct Parsed<'t> {
    pub specs: Vec<RawEntry<'t, RawSpec>>,
    pub requirements: Vec<RawEntry<'t, RawRequirement>>,
    pub flows: Vec<RawEntry<'t, Flow>>,
    pub tests: Vec<RawEntry<'t, RawTest>>,
    /// Whether some file is not TOML, so its definitions are not known.
    pub incomplete: bool,
}

/// A step to a part of an entry.
#[derive(Clone, Copy)]
pub(crate) enum ReadStep<'a> {
    /// The value of this key.
    Key(&'a str),
    /// The item at this index; of a value that is not a list, the value itself.
    Item(usize),
}

impl ReadStep<'_> {
    /// The value one step into `at`, if there is one.
    fn within<'v, 'd>(&self, at: &'v Spanned<DeValue<'d>>) -> Option<&'v Spanned<DeValue<'d>>> {
        match (self, at.get_ref()) {
            (ReadStep::Key(key), DeValue::Table(table)) => table.get(*key),
            (ReadStep::Item(index), DeValue::Array(items)) => items.get(*index),
            (ReadStep::Item(_), _) => Some(at),
            _ => None,
        }
    }
}

impl<T> RawEntry<'_, T> {
    /// The place of the part of the entry at the end of `path`. If the part is missing, the place of the nearest part
    /// around it. For an empty path, the place of the entry's name.
    pub fn place(&self, path: &[ReadStep<'_>]) -> Range<usize> {
        let mut at = &self.tree;
        let mut span = self.key.clone();
        for step in path {
            let Some(next) = step.within(at) else { return span };
            at = next;
            span = at.span();
        }
        span
    }

    /// The place of `key` in the table at the end of `path`; if it is missing, as [`RawEntry::place`].
    pub fn key_place(&self, path: &[ReadStep<'_>], key: &str) -> Range<usize> {
        let mut at = &self.tree;
        for step in path {
            let Some(next) = step.within(at) else { return self.place(path) };
            at = next;
        }
        match at.get_ref() {
            DeValue::Table(table) => table.get_key_value(key).map_or_else(|| self.place(path), |(key, _)| key.span()),
            _ => self.place(path),
        }
    }

    /// The text or the list of texts at `key`. The entry may have other mistakes.
    pub fn texts(&self, key: &str) -> Vec<&str> {
        let DeValue::Table(table) = self.tree.get_ref() else { return Vec::new() };
        match table.get(key).map(Spanned::get_ref) {
            Some(DeValue::String(text)) => vec![text],
            Some(DeValue::Array(items)) => items.iter().filter_map(|item| item.get_ref().as_str()).collect(),
            _ => Vec::new(),
        }
    }
}

/// Reads the texts of the files. Mistakes are added to `refusals`.
pub(crate) fn parse<'t>(files: &'t [SuiteFile], refusals: &mut Vec<Refusal>) -> Parsed<'t> {
    let mut parsed = Parsed::default();
    for (file, suite) in files.iter().enumerate() {
        let (table, errors) = DeTable::parse_recoverable(&suite.text);
        let table = table.into_inner();
        parsed.incomplete |= !errors.is_empty();
        syntax(file, &suite.text, &errors, refusals);
        parse_file(file, table, &mut parsed, refusals);
    }
    parsed
}

/// Reports TOML errors. A name that is defined twice is shown with its first place, and errors that follow from it are
/// left out.
fn syntax(file: usize, text: &str, errors: &[toml::de::Error], refusals: &mut Vec<Refusal>) {
    // The end of a table that is defined twice. The parser also reports each of its keys as a duplicate.
    let mut echo_until = 0;
    for error in errors {
        let span = error.span().unwrap_or(0..0);
        if !error.message().starts_with("duplicate key") {
            let title = format!("invalid TOML: {}", error.message());
            refusals.push(Refusal::new(title, Spot::new(file, span, "")));
            continue;
        }
        if span.start < echo_until {
            continue;
        }
        let line = line_around(text, span.start);
        if text.get(line.clone()).is_some_and(|line| line.trim_start().starts_with('[')) {
            let rest = text.get(line.end..).unwrap_or_default();
            echo_until = rest.find("\n[").map_or(text.len(), |length| line.end + length + 1);
        }
        let name = text.get(span.clone()).unwrap_or_default().to_owned();
        let again = Spot::new(file, span.clone(), "defined again here");
        let mut refusal = Refusal::new(format!("`{}` is defined twice", name.trim_matches(['"', '\''])), again);
        if let Some(first) = first_before(text, &span, &line) {
            refusal = refusal.and(Spot::new(file, first, "first defined here"));
        }
        refusals.push(refusal);
    }
}

/// The line around a byte, without its line feed.
fn line_around(text: &str, at: usize) -> Range<usize> {
    let start = text.get(..at).and_then(|before| before.rfind('\n')).map_or(0, |feed| feed + 1);
    let end = text.get(at..).and_then(|after| after.find('\n')).map_or(text.len(), |length| at + length);
    start..end
}

/// The earlier place of the key at `span`: in the last earlier line that begins like this one, up to the key's end.
fn first_before(text: &str, span: &Range<usize>, line: &Range<usize>) -> Option<Range<usize>> {
    let head = text.get(line.start..span.end)?;
    let closed = |rest: &str| rest.trim_start().starts_with(['=', ']', '.']);
    let before = text.get(..line.start)?;
    let begins = before.rmatch_indices(head).map(|(at, _)| at).find(|at| {
        let fresh = *at == 0 || before.as_bytes().get(at - 1) == Some(&b'\n');
        fresh && before.get(at + head.len()..).is_some_and(closed)
    })?;
    let offset = span.start - line.start;
    Some(begins + offset..begins + head.len())
}

fn parse_file<'t>(file: usize, table: DeTable<'t>, parsed: &mut Parsed<'t>, refusals: &mut Vec<Refusal>) {
    let mut sections: Vec<_> = table.into_iter().collect();
    sections.sort_by_key(|(key, _)| key.span().start);
    let area = sections
        .iter()
        .find(|(key, _)| key.get_ref() == "area")
        .and_then(|(_, value)| value.get_ref().as_str())
        .and_then(Area::from_word);
    for (key, value) in sections {
        match key.get_ref().as_ref() {
            "area" => {
                if area.is_none() {
                    area_word(file, &value, refusals);
                }
            }
            "spec" => parsed.specs.extend(section(file, area, "spec", value, refusals)),
            "requirement" => parsed.requirements.extend(section(file, area, "requirement", value, refusals)),
            "flow" => parsed.flows.extend(section(file, area, "flow", value, refusals)),
            "test" => parsed.tests.extend(tests(file, area, value, refusals)),
            other => refusals.push(Refusal::unknown("key", other, file, key.span(), FILE_KEYS.iter().copied())),
        }
    }
}

fn area_word(file: usize, value: &Spanned<DeValue<'_>>, refusals: &mut Vec<Refusal>) {
    let words = Area::ALL.iter().map(|area| area.as_str());
    refusals.push(match value.get_ref().as_str() {
        Some(word) => Refusal::unknown("area", word, file, value.span(), words),
        None => Refusal::new(
            "wrong type: `area` must be a string",
            Spot::new(file, value.span(), "write area = \"kickoff\" or another area"),
        ),
    });
}

fn section<'t, T: DeserializeOwned>(
    file: usize,
    area: Option<Area>,
    kind: &str,
    value: Spanned<DeValue<'t>>,
    refusals: &mut Vec<Refusal>,
) -> Vec<RawEntry<'t, T>> {
    let span = value.span();
    let DeValue::Table(table) = value.into_inner() else {
        let title = format!("`{kind}` must be a table of entries");
        refusals.push(Refusal::new(title, Spot::new(file, span, "")).help(format!("write [{kind}.NAME]")));
        return Vec::new();
    };
    let mut entries: Vec<_> = table.into_iter().collect();
    entries.sort_by_key(|(key, _)| key.span().start);
    let read_one = |(key, tree): (Spanned<std::borrow::Cow<'t, str>>, Spanned<DeValue<'t>>)| RawEntry {
        file,
        name: key.get_ref().to_string(),
        key: key.span(),
        area,
        raw: read(file, tree.clone(), refusals),
        tree,
    };
    entries.into_iter().map(read_one).collect()
}

fn tests<'t>(
    file: usize,
    area: Option<Area>,
    value: Spanned<DeValue<'t>>,
    refusals: &mut Vec<Refusal>,
) -> Vec<RawEntry<'t, RawTest>> {
    let span = value.span();
    let DeValue::Array(items) = value.into_inner() else {
        let refusal = Refusal::new("`test` must be a list of tables", Spot::new(file, span, ""));
        refusals.push(refusal.help("write [[test]], with two brackets"));
        return Vec::new();
    };
    let read_one = |tree: Spanned<DeValue<'t>>| {
        let head = tree.span();
        let id = tree.get_ref().as_table().and_then(|table| table.get("id"));
        let name = id.and_then(|id| id.get_ref().as_str()).unwrap_or_default().to_owned();
        let key = id.map_or(head, Spanned::span);
        RawEntry { file, name, key, area, raw: read(file, tree.clone(), refusals), tree }
    };
    items.into_iter().map(read_one).collect()
}

/// Reads one value; none if any part of it was refused.
fn read<T: DeserializeOwned>(file: usize, mut tree: Spanned<DeValue<'_>>, refusals: &mut Vec<Refusal>) -> Option<T> {
    // Each turn removes a part, so the loop ends. The bound keeps the list of mistakes short.
    const MAX: usize = 20;
    for turn in 0..MAX {
        let error = match T::deserialize(ValueDeserializer::from(tree.clone())) {
            Ok(value) => return (turn == 0).then_some(value),
            Err(error) => error,
        };
        let message = error.message().to_owned();
        let span = error.span().unwrap_or_else(|| tree.span());
        // A missing field may be one that was removed before.
        if turn == 0 || !message.starts_with("missing field") {
            refusals.push(plainly(file, &message, span.clone(), key_around(&tree, &span)));
        }
        if !take_out(&mut tree, &span) {
            return None;
        }
    }
    None
}

/// Removes the innermost item or key around `span` from the value; false if there is none.
fn take_out(tree: &mut Spanned<DeValue<'_>>, span: &Range<usize>) -> bool {
    let around = |outer: &Range<usize>| outer.start <= span.start && span.end <= outer.end;
    match tree.get_mut() {
        DeValue::Array(items) => {
            let Some(index) = items.iter().position(|item| around(&item.span())) else { return false };
            if !items.get_mut(index).is_some_and(|item| take_out(item, span)) {
                let kept = items.iter().enumerate().filter(|(place, _)| *place != index);
                *items = kept.map(|(_, item)| item.clone()).collect();
            }
            true
        }
        DeValue::Table(table) => {
            let found = table.iter().find(|(key, value)| around(&key.span()) || around(&value.span()));
            let Some(key) = found.map(|(key, _)| key.clone()) else { return false };
            let taken = table.get_mut(&key).is_some_and(|value| take_out(value, span));
            if !taken {
                table.remove(&key);
            }
            true
        }
        _ => false,
    }
}

/// The innermost key with a value around `span`.
fn key_around<'k>(tree: &'k Spanned<DeValue<'_>>, span: &Range<usize>) -> Option<&'k str> {
    let around = |outer: &Range<usize>| outer.start <= span.start && span.end <= outer.end;
    match tree.get_ref() {
        DeValue::Array(items) => items.iter().find(|item| around(&item.span())).and_then(|item| key_around(item, span)),
        DeValue::Table(table) => {
            let (key, value) = table.iter().find(|(_, value)| around(&value.span()))?;
            Some(key_around(value, span).unwrap_or(key.get_ref()))
        }
        _ => None,
    }
}

/// Translates a message of the deserializer into the terms of suite files. `key` is the key of the value.
fn plainly(file: usize, message: &str, span: Range<usize>, key: Option<&str>) -> Refusal {
    let quoted = |text: &str| -> Vec<String> { text.split('`').skip(1).step_by(2).map(str::to_owned).collect() };
    let spot = |label: String| Spot::new(file, span.clone(), label);
    for (head, kind) in [("unknown field ", "key"), ("unknown variant ", "word")] {
        if let Some((word, rest)) = message.strip_prefix(head).and_then(|rest| rest.split_once(", ")) {
            let (word, words) = (word.trim_matches('`'), quoted(rest));
            let words: Vec<&str> = words.iter().map(String::as_str).collect();
            let of = key.filter(|_| kind == "word").map(|key| format!(" for `{key}`")).unwrap_or_default();
            return Refusal::new(format!("unknown {kind} `{word}`{of}"), spot(did_you_mean(word, &words)))
                .help(allowed(word, &words));
        }
    }
    if let Some(key) = message.strip_prefix("missing field ") {
        return Refusal::new(format!("{key} is missing"), spot(format!("add {key} here")));
    }
    if let Some((found, wanted)) =
        message.strip_prefix("invalid type: ").and_then(|rest| rest.split_once(", expected "))
    {
        return Refusal::new(format!("wrong type: {found}"), spot(format!("expected {wanted}")));
    }
    Refusal::new(message, spot(String::new()))
}
