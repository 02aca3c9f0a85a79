//! Mistakes in suite files, shown with file, line, caret and the allowed words.

use std::fmt;
use std::ops::Range;

use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};

use crate::base::unprintable::escape_unprintable;
use crate::suite::suggestion;

/// The text of one suite file.
#[derive(Clone, Debug)]
pub struct SuiteFile {
    /// The file name without folders. The digest of the suites includes it.
    pub name: String,
    /// The path as the user gave it. Refusals and reports show it.
    pub path: String,
    /// The text of the file.
    pub text: String,
}

/// A place in a suite file, with a label.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Spot {
    /// The index of the file among the files that were read.
    pub file: usize,
    /// The byte range in the text.
    pub span: Range<usize>,
    /// The text next to the caret.
    pub label: String,
}

impl Spot {
    pub(crate) fn new(file: usize, span: Range<usize>, label: impl Into<String>) -> Self {
        Self { file, span, label: label.into() }
    }
}

/// One mistake in suite files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Refusal {
    /// What is wrong.
    pub title: String,
    /// Where it is: the mistake first, then the places that it conflicts with.
    pub spots: Vec<Spot>,
    /// The allowed words, or another solution.
    pub help: Option<String>,
}

impl Refusal {
    pub(crate) fn new(title: impl Into<String>, spot: Spot) -> Self {
        Self { title: title.into(), spots: vec![spot], help: None }
    }

    pub(crate) fn and(mut self, spot: Spot) -> Self {
        self.spots.push(spot);
        self
    }

    pub(crate) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// A refusal of an unknown `word` in place of one of `words`. `kind` says what they name.
    pub(crate) fn unknown<'a>(
        kind: &str,
        word: &str,
        file: usize,
        span: Range<usize>,
        words: impl IntoIterator<Item = &'a str>,
    ) -> Self {
        let words: Vec<&str> = words.into_iter().collect();
        let refusal = Self::new(format!("unknown {kind} `{word}`"), Spot::new(file, span, did_you_mean(word, &words)));
        refusal.help(allowed(word, &words))
    }
}

/// The text next to the caret under an unknown word.
pub(crate) fn did_you_mean(word: &str, words: &[&str]) -> String {
    match suggestion::nearest(word, words.iter().copied()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => String::new(),
    }
}

/// The allowed words as help. If there are very many, only those similar to the word that was written.
pub(crate) fn allowed(word: &str, words: &[&str]) -> String {
    const MAX: usize = 40;
    if words.is_empty() {
        return "none is defined".to_owned();
    }
    let quoted = |words: &[&str]| in_lines(words);
    if words.len() <= MAX {
        return format!("allowed: {}", quoted(words));
    }
    let mut near = suggestion::ranked(word, words.iter().copied());
    near.truncate(8);
    if near.is_empty() {
        format!("{} are allowed, such as {}", words.len(), quoted(words.get(..8).unwrap_or(words)))
    } else {
        format!("{} are allowed; similar: {}", words.len(), quoted(&near))
    }
}

/// The words, quoted, wrapped to lines of about 90 characters.
fn in_lines(words: &[&str]) -> String {
    const WIDTH: usize = 90;
    let (mut text, mut column) = (String::new(), "allowed: ".len());
    for (index, word) in words.iter().enumerate() {
        let length = word.chars().count() + 4;
        if index > 0 {
            text.push(',');
            if column + length > WIDTH {
                text.push('\n');
                column = 0;
            } else {
                text.push(' ');
            }
        }
        column += length;
        text.push_str(&format!("`{word}`"));
    }
    text
}

/// All mistakes found in a set of suite files.
#[derive(Clone, Debug)]
pub struct Refusals {
    files: Vec<SuiteFile>,
    list: Vec<Refusal>,
    unreadable: Vec<String>,
}

impl Refusals {
    /// Mistakes in `files`. They are shown in the order of the files.
    pub(crate) fn new(files: Vec<SuiteFile>, mut list: Vec<Refusal>) -> Self {
        list.sort_by_key(|refusal| refusal.spots.first().map(|spot| (spot.file, spot.span.start)));
        list.dedup();
        Self { files, list, unreadable: Vec::new() }
    }

    /// Messages about files or folders that could not be read.
    pub(crate) fn unreadable(messages: Vec<String>) -> Self {
        Self { files: Vec::new(), list: Vec::new(), unreadable: messages }
    }

    /// How many mistakes there are.
    pub fn len(&self) -> usize {
        self.list.len() + self.unreadable.len()
    }

    /// Whether there are none. Refusals that are returned as an error are never empty.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// All mistakes as text for a terminal, with ANSI colors if `color` is true, without a line feed at the end.
    pub fn render(&self, color: bool) -> String {
        let renderer = if color { Renderer::styled() } else { Renderer::plain() };
        let mut parts: Vec<String> =
            self.unreadable.iter().map(|message| format!("error: {}", printable(message))).collect();
        parts.extend(self.list.iter().map(|refusal| self.render_one(refusal, &renderer)));
        if self.len() > 1 {
            parts.push(format!("error: {} mistakes in the suite files", self.len()));
        }
        parts.join("\n\n")
    }

    fn render_one(&self, refusal: &Refusal, renderer: &Renderer) -> String {
        let title = printable(&refusal.title);
        let mut group: Group<'_> = Group::with_title(Level::ERROR.primary_title(title));
        let mut shown: Vec<usize> = Vec::new();
        for spot in &refusal.spots {
            if shown.contains(&spot.file) {
                continue;
            }
            shown.push(spot.file);
            let Some(file) = self.files.get(spot.file) else { continue };
            let marks = refusal.spots.iter().enumerate().filter(|(_, other)| other.file == spot.file);
            let annotations = marks.map(|(index, other)| {
                let kind = if index == 0 { AnnotationKind::Primary } else { AnnotationKind::Context };
                let label = (!other.label.is_empty()).then(|| printable(&other.label));
                kind.span(within(&file.text, &other.span)).label(label)
            });
            let snippet = Snippet::source(file.text.as_str()).path(printable(&file.path)).annotations(annotations);
            group = group.element(snippet);
        }
        if let Some(help) = &refusal.help {
            group = group.element(Level::HELP.message(printable(help)));
        }
        renderer.render(&[group])
    }
}

impl fmt::Display for Refusals {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.render(false))
    }
}

impl std::error::Error for Refusals {}

/// The part of `span` that is in `text`, on character boundaries.
fn within(text: &str, span: &Range<usize>) -> Range<usize> {
    let floor = |mut index: usize| {
        index = index.min(text.len());
        while !text.is_char_boundary(index) {
            index -= 1;
        }
        index
    };
    let start = floor(span.start);
    start..floor(span.end).max(start)
}

/// Escapes control characters: a suite folder may be untrusted, and its text must not control the terminal.
fn printable(text: &str) -> String {
    text.split('\n').map(escape_unprintable).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
mod tests {
    use super::*;

    fn one(text: &str, span: Range<usize>, label: &str) -> Refusals {
        let file = SuiteFile { name: "a.toml".to_owned(), path: "a\u{1b}[31m.toml".to_owned(), text: text.to_owned() };
        Refusals::new(
            vec![file],
            vec![Refusal::new("wrong \u{7}word", Spot::new(0, span, label)).help("write\u{8} it")],
        )
    }

    #[test]
    fn colors_are_shown_only_on_request() {
        let refusals = one("area = 1", 7..8, "");
        assert!(refusals.render(true).contains('\u{1b}'));
        assert!(!refusals.render(false).contains('\u{1b}'));
        assert_eq!(refusals.to_string(), refusals.render(false));
    }

    #[test]
    fn control_characters_of_a_file_are_escaped() {
        let text = one("area = '\u{1b}[2J\u{202e}'", 7..8, "a \u{1b}[2J label").render(false);
        assert!(text.chars().all(|c| !c.is_control() || c == '\n'), "{text:?}");
        assert!(!text.contains('\u{202e}'), "{text:?}");
    }

    #[test]
    fn spans_outside_the_text_are_moved_into_it() {
        for span in [900..950, 0..950, Range { start: 9, end: 3 }, 8..9] {
            let text = one("area = 'ü'", span.clone(), "here").render(false);
            assert!(text.contains("area"), "{span:?}: {text}");
        }
    }

    #[test]
    fn of_many_words_only_similar_ones_are_shown() {
        let words: Vec<String> = (0..90).map(|number| format!("requirement-{number}")).collect();
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let near = allowed("requirment-17", &words);
        assert!(near.starts_with("90 are allowed; similar: `requirement-17`"), "{near}");
        assert!(allowed("zebra", &words).starts_with("90 are allowed, such as `requirement-0`"));
        assert_eq!(allowed("zebra", &[]), "none is defined");
    }
}
