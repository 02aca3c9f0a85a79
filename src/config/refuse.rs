//! Refusals of a configuration file, with file, line and caret. Possible secrets are masked in the excerpt.

use std::ops::Range;
use std::path::Path;

use annotate_snippets::renderer::DecorStyle;
use annotate_snippets::{AnnotationKind, Level, Renderer, Snippet};

use crate::config::setting::{FileKey, FileKeyKind};

/// Returns the refusal for an error of the TOML parser.
pub fn toml(path: &Path, text: &str, error: &toml::de::Error, keys: &[FileKey]) -> String {
    let message = plain(error.message(), keys);
    match error.span() {
        Some(span) => at(path, text, span, &message, "`plimsoll run --help` explains each setting", keys),
        None => format!("error: {}: {message}", path.display()),
    }
}

/// Returns the parser's message without text of the file, which may be a misplaced secret, and without the keys that
/// are read only to refuse them.
fn plain(message: &str, keys: &[FileKey]) -> String {
    let message = message.replace('\n', ", ");
    let message = keys
        .iter()
        .filter(|key| matches!(key.kind, FileKeyKind::CommandLineOnly | FileKeyKind::Secret))
        .fold(message, |message, key| message.replace(&format!(", `{}`", key.name), ""));
    match (message.strip_prefix("invalid type: string \""), message.rsplit_once("\", expected ")) {
        (Some(_), Some((_, expected))) => {
            let expected = if expected.starts_with("struct ") { "a table" } else { expected };
            format!("invalid type: text, expected {expected}")
        }
        _ => message,
    }
}

/// Returns a refusal that points at `span` (bytes) of `text`.
pub fn at(path: &Path, text: &str, span: Range<usize>, title: &str, help: &str, keys: &[FileKey]) -> String {
    let masked = mask(text, keys);
    let end = span.end.min(masked.len());
    let start = span.start.min(end);
    // The span of a table covers all its lines. Carets under the first line are enough.
    let first_line = masked.get(start..end).and_then(|part| part.find('\n')).map_or(end, |newline| start + newline);
    let path = path.display().to_string();
    let report = &[Level::ERROR
        .primary_title(title)
        .element(Snippet::source(&masked).path(&path).annotation(AnnotationKind::Primary.span(start..first_line)))
        .element(Level::HELP.message(help))];
    Renderer::plain().decor_style(DecorStyle::Ascii).render(report).to_string()
}

/// Returns the text with asterisks in place of all values, except values of keys that may be shown: any other value
/// could be a token under a misspelled key. Values with `@`, which may be a URL with a password, are masked too. The
/// length in bytes stays the same, so that carets point at the right place.
fn mask(text: &str, keys: &[FileKey]) -> String {
    let may_show = |name: &str| {
        keys.iter().any(|key| key.name == name && matches!(key.kind, FileKeyKind::Shown | FileKeyKind::CommandLineOnly))
    };
    let mut masked = String::with_capacity(text.len());
    // Lines without a key of their own continue the value above.
    let mut hidden = false;
    for line in text.split_inclusive('\n') {
        let shown_part = match line.split_once('=') {
            _ if line.trim_start().starts_with(['#', '[']) && !line.contains('=') => {
                hidden = false;
                line.len()
            }
            Some((key, value)) => {
                hidden = !may_show(key.trim().trim_matches('"')) || value.contains('@');
                if hidden { key.len() + 1 } else { line.len() }
            }
            None if hidden => 0,
            None => line.len(),
        };
        for (index, c) in line.char_indices() {
            if index < shown_part || c.is_ascii_whitespace() {
                masked.push(c);
            } else {
                masked.extend(std::iter::repeat_n('*', c.len_utf8()));
            }
        }
    }
    masked
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
mod tests {
    use super::*;

    fn keys() -> Vec<FileKey> {
        let key = |(name, kind): (&str, FileKeyKind)| FileKey { name: name.to_owned(), kind };
        [("target", FileKeyKind::Shown), ("kind", FileKeyKind::Shown), ("token", FileKeyKind::Secret)].map(key).to_vec()
    }

    #[test]
    fn possible_secrets_are_masked_and_lengths_stay() {
        let text =
            "target = \"https://a.example\"\n[auth]\ntokne = \"s3cr€t\"\nkey = '''\nMIIE\n'''\nkind = \"none\"\n";
        let masked = mask(text, &keys());
        assert_eq!(masked.len(), text.len());
        assert!(masked.contains("https://a.example") && masked.contains("kind = \"none\""), "{masked}");
        assert!(!masked.contains("s3cr") && !masked.contains("MIIE"), "{masked}");
    }

    #[test]
    fn messages_quote_no_text_of_the_file() {
        assert_eq!(
            plain("invalid type: string \"s3\\\"cret\", expected a boolean", &keys()),
            "invalid type: text, expected a boolean"
        );
        assert_eq!(
            plain("invalid type: string \"x\", expected struct AuthTable", &keys()),
            "invalid type: text, expected a table"
        );
        let unknown = plain("unknown field `a`, expected one of `b`, `token`, `c`", &keys());
        assert_eq!(unknown, "unknown field `a`, expected one of `b`, `c`");
    }

    #[test]
    fn a_user_part_in_a_target_is_masked() {
        assert!(!mask("target = \"https://me:hunter2@a.example\"", &keys()).contains("hunter2"));
    }

    #[test]
    fn an_inline_table_is_masked_as_a_whole() {
        assert!(!mask("auth = { token = \"s3cret\" }", &keys()).contains("s3cret"));
    }
}
