//! Decides which parts of a URL are plain words, and so not secret.

/// Returns whether `text` consists of short words: `fhir`, `bulkstatus`, `$export-poll-status`, `MedicationRequest`,
/// `v1`, `R4`. Identifiers, digests and random letters are not words.
pub(crate) fn is_plain(text: &str) -> bool {
    let text = text.strip_prefix('$').unwrap_or(text);
    if text.is_empty() {
        return true;
    }
    if text.len() > 32 || !text.is_ascii() {
        return false;
    }
    if matches!(text, "." | ".." | "*" | ".well-known") || is_version(text) {
        return true;
    }
    let pieces: Vec<&str> = text.split(['-', '_', '.']).collect();
    pieces.len() <= 4 && pieces.iter().all(|piece| is_word(piece))
}

/// Returns whether `text` is a version such as `v1`, `r4`, `R4B`, `stu3`.
fn is_version(text: &str) -> bool {
    let lower = text.to_ascii_lowercase();
    let digit = |rest: &str| rest.len() == 1 && rest.bytes().all(|b| b.is_ascii_digit());
    lower == "r4b" || ["v", "r", "stu", "dstu"].iter().any(|name| lower.strip_prefix(name).is_some_and(digit))
}

/// Returns whether `text` is a word in one case, or in camel case.
fn is_word(text: &str) -> bool {
    if text.is_empty() || !text.bytes().all(|b| b.is_ascii_alphabetic()) {
        return false;
    }
    if text.bytes().all(|b| b.is_ascii_uppercase()) {
        return text.len() <= 16 && speakable(text);
    }
    let mut humps: Vec<String> = Vec::new();
    for c in text.chars() {
        match humps.last_mut() {
            Some(hump) if c.is_ascii_lowercase() => hump.push(c),
            _ => humps.push(c.to_string()),
        }
    }
    // Random letters change case often; names do not.
    let steady = humps.len() == 1 || text.len() >= 4 * humps.len();
    steady && humps.iter().all(|hump| (hump.len() >= 2 || humps.len() == 1) && hump.len() <= 16 && speakable(hump))
}

/// Returns whether letters look like a word, with vowels among the consonants.
fn speakable(text: &str) -> bool {
    let vowel = |b: &u8| matches!(b.to_ascii_lowercase(), b'a' | b'e' | b'i' | b'o' | b'u' | b'y');
    if text.len() <= 4 {
        return true;
    }
    let bytes = text.as_bytes();
    bytes.iter().any(vowel) && !bytes.windows(5).any(|five| !five.iter().any(vowel))
}

/// Splits the name of a file into its stem and its extensions, `.ndjson` or `.ndjson.gz`.
pub(crate) fn split_extension(segment: &str) -> (&str, &str) {
    let known = |text: &str| {
        (1..=8).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_lowercase()) && speakable_extension(text)
    };
    let Some((stem, last)) = segment.rsplit_once('.').filter(|(stem, last)| !stem.is_empty() && known(last)) else {
        return (segment, "");
    };
    let keep = match stem.rsplit_once('.') {
        Some((inner, first)) if !inner.is_empty() && known(first) => inner.len(),
        _ => segment.len() - last.len() - 1,
    };
    segment.split_at_checked(keep).unwrap_or((segment, ""))
}

fn speakable_extension(text: &str) -> bool {
    matches!(
        text,
        "ndjson"
            | "json"
            | "jsonl"
            | "gz"
            | "gzip"
            | "txt"
            | "xml"
            | "zip"
            | "csv"
            | "parquet"
            | "dat"
            | "bin"
            | "html"
    )
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
mod tests {
    use super::*;

    #[test]
    fn words_are_plain_and_identifiers_are_not() {
        for word in [
            "",
            "fhir",
            "bulkstatus",
            "$export-poll-status",
            "$export",
            "MedicationAdministration",
            "R4",
            "v1",
            "R4B",
            "api",
            "bulk_status",
            "exportStatus",
            "VerificationResult",
            "jobs",
            "FHIR",
            "true",
        ] {
            assert!(is_plain(word), "{word}");
        }
        for id in [
            "17",
            "7f3a9b",
            "a1",
            "kJhGfDsAqWeRtY",
            "qwrtpsdfgh",
            "0b0e6f5c-2f0c-4d0a-9f86-6f3a1e1e0a33",
            "2024-01-01",
            "patient-7",
            "eyJhbGciOi",
            "correct-horse-battery-staple-wagon",
            "%20",
            "abcdefghijklmnopqrstuvwxyz",
        ] {
            assert!(!is_plain(id), "{id}");
        }
    }

    #[test]
    fn extensions_are_split_off() {
        assert_eq!(split_extension("a1.ndjson"), ("a1", ".ndjson"));
        assert_eq!(split_extension("a1.b2.ndjson.gz"), ("a1.b2", ".ndjson.gz"));
        assert_eq!(split_extension("a1.secret"), ("a1.secret", ""));
        assert_eq!(split_extension(".ndjson"), (".ndjson", ""));
        assert_eq!(split_extension("plain"), ("plain", ""));
    }
}
