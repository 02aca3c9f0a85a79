//! The secrets of a run, and the parts of URLs that act as secrets. More of them become known during the run.

use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use aws_lc_rs::{hmac, rand};

use crate::base::percent::percent_decode;

/// The text that replaces a secret.
pub(crate) const REDACTED: &str = "[redacted]";

/// The shortest secret that is replaced in texts. A shorter one would be found in too many words.
const MIN_LEN_SECRET: usize = 4;

/// The shortest secret that is replaced even if it is a part of what the user gave. A shorter one may be a common word.
const MIN_LEN_CERTAIN_SECRET: usize = 20;

/// The most phrases that texts are searched for.
const MAX_PHRASES: usize = 1_000;

/// The secrets of a run.
pub(crate) struct KnownSecrets {
    key: hmac::Key,
    known: Mutex<Known>,
}

#[derive(Default)]
struct Known {
    /// Tokens, assertions and the like, and the texts that replace them, longest first.
    secrets: Vec<(String, String)>,
    /// Parts of URLs, and the tokens that replace them.
    tokens: HashMap<String, String>,
    /// The tokens in use.
    used: HashSet<String>,
    /// Parts of URLs that are replaced in texts, if they appear as a word.
    learned: HashMap<String, String>,
    /// The same for parts that are more than one word, such as the decoded form of a signature.
    phrases: HashMap<String, String>,
    /// What the user gave, and what the run itself sent in the URLs and bodies of kick-offs. It is not secret.
    own: HashSet<String>,
}

impl KnownSecrets {
    /// Returns an empty collection with a random key, so that tokens differ in each run.
    pub fn new() -> Self {
        let mut seed = [0_u8; 32];
        // Without randomness the tokens can be guessed, but the run can continue.
        let _ = rand::fill(&mut seed);
        Self { key: hmac::Key::new(hmac::HMAC_SHA256, &seed), known: Mutex::default() }
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Replaces `secret` from now on, wherever it appears.
    pub fn hide(&self, secret: &str) {
        self.replace(secret, REDACTED.to_owned());
    }

    /// Replaces `secret` with its token from now on, wherever it appears: different secrets stay different.
    pub fn hide_as_token(&self, secret: &str) {
        let token = self.token(secret);
        self.replace(secret, token);
    }

    fn replace(&self, secret: &str, replacement: String) {
        let mut known = self.known();
        // A short text that is also a part of what the user gave would make URLs invalid.
        let public = secret.len() < MIN_LEN_CERTAIN_SECRET && known.own.iter().any(|own| own.contains(secret));
        if secret.len() < MIN_LEN_SECRET || public || known.own.contains(secret) {
            return;
        }
        if !known.secrets.iter().any(|(own, _)| own == secret) {
            known.secrets.push((secret.to_owned(), replacement));
            known.secrets.sort_by_key(|(own, _)| std::cmp::Reverse(own.len()));
        }
    }

    /// Never replaces these parts of URLs and bodies, which the run made itself. A part that was replaced before
    /// still is, so that equal URLs of the server have equal forms throughout the recording.
    pub fn add_own(&self, parts: impl IntoIterator<Item = String>) {
        self.known().own.extend(parts.into_iter().filter(|part| !part.is_empty()));
    }

    /// Returns whether the run made this part itself.
    pub fn is_own(&self, part: &str) -> bool {
        self.known().own.contains(part)
    }

    /// Returns whether this part of a URL was replaced with a token.
    pub fn has_token(&self, part: &str) -> bool {
        self.known().tokens.contains_key(part)
    }

    /// Returns whether this is the token of a part of a URL.
    pub fn is_token(&self, text: &str) -> bool {
        text.starts_with("[u") && self.known().used.contains(text)
    }

    /// Returns the token of a part of a URL, such as `[u7f3a]`: four hex digits, or more if two parts would get the
    /// same token.
    pub fn token(&self, part: &str) -> String {
        let mut known = self.known();
        if let Some(token) = known.tokens.get(part) {
            return token.clone();
        }
        let digest = hmac::sign(&self.key, part.as_bytes());
        let hex: String = digest.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
        let token = (4..=hex.len())
            .filter_map(|digits| hex.get(..digits))
            .map(|digits| format!("[u{digits}]"))
            .find(|token| !known.used.contains(token))
            .unwrap_or_else(|| format!("[u{hex}]"));
        known.used.insert(token.clone());
        known.tokens.insert(part.to_owned(), token.clone());
        token
    }

    /// Replaces `part` with `token` in texts too from now on, if `part` is long enough to be distinctive.
    pub fn learn(&self, part: &str, token: &str) {
        let digits = part.bytes().all(|b| b.is_ascii_digit());
        // A date may appear in a text for another reason. The time in a manifest must stay.
        let dated = part.len() >= 7
            && part.as_bytes().get(4) == Some(&b'-')
            && part.bytes().take(4).all(|b| b.is_ascii_digit());
        // So may a version.
        let version = part.len() < 12 && part.bytes().all(|b| b.is_ascii_digit() || b == b'.') && !digits;
        if part.len() < 4 || (digits && part.len() < 6) || dated || version {
            return;
        }
        let mut known = self.known();
        if known.own.contains(part) {
            return;
        }
        if part.contains('%') {
            let decoded = decode_form_value(part);
            if decoded.len() >= 6 && known.phrases.len() < MAX_PHRASES {
                known.phrases.entry(decoded).or_insert_with(|| token.to_owned());
            }
        }
        if part.chars().all(is_word_character) {
            known.learned.entry(part.to_owned()).or_insert_with(|| token.to_owned());
        } else if part.len() >= 6 && known.phrases.len() < MAX_PHRASES {
            known.phrases.entry(part.to_owned()).or_insert_with(|| token.to_owned());
        }
    }

    /// Returns whether `part` was learned from a URL of the server.
    pub fn is_learned(&self, part: &str) -> bool {
        let known = self.known();
        known.learned.contains_key(part) || known.phrases.contains_key(part)
    }

    /// Replaces the secrets in `text`.
    pub fn replace_secrets(&self, text: &str) -> String {
        let known = self.known();
        let mut out = text.to_owned();
        for (secret, replacement) in &known.secrets {
            if out.contains(secret.as_str()) {
                out = out.replace(secret.as_str(), replacement);
            }
        }
        out
    }

    /// Replaces the parts in `text` that were learned from URLs.
    pub fn replace_learned(&self, text: &str) -> String {
        let known = self.known();
        let mut text = text.to_owned();
        for (phrase, token) in &known.phrases {
            if text.contains(phrase.as_str()) {
                text = text.replace(phrase.as_str(), token);
            }
        }
        if known.learned.is_empty() {
            return text;
        }
        let mut out = String::with_capacity(text.len());
        let mut rest = text.as_str();
        while let Some(first) = rest.chars().next() {
            let end = rest.find(|c| is_word_character(c) != is_word_character(first)).unwrap_or(rest.len());
            let (run, after) = rest.split_at(end);
            rest = after;
            if !is_word_character(first) {
                out.push_str(run);
            } else if let Some(token) = known.learned.get(run) {
                out.push_str(token);
            } else {
                // The word may end with the full stop of a sentence, or have an extension.
                for (index, piece) in run.split('.').enumerate() {
                    if index > 0 {
                        out.push('.');
                    }
                    out.push_str(known.learned.get(piece).map_or(piece, String::as_str));
                }
            }
        }
        out
    }
}

/// Returns a decoded value of a query.
pub(crate) fn decode_form_value(value: &str) -> String {
    percent_decode(&value.replace('+', " ")).into_owned()
}

/// Returns whether a character can be part of a word in a URL.
fn is_word_character(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | '~' | '%')
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_stable_within_a_run_and_unique() {
        let secrets = KnownSecrets::new();
        let mut seen = HashSet::new();
        // More parts than four hex digits can distinguish.
        for number in 0..70_000 {
            assert!(seen.insert(secrets.token(&format!("job{number}"))));
        }
        assert_eq!(secrets.token("job17"), secrets.token("job17"));
        assert_ne!(secrets.token("job17"), KnownSecrets::new().token("job17"));
    }
}
