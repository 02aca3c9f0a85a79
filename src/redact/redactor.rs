//! Redaction, when an exchange is made and in one place. Secrets vanish; the parts of URLs that are secrets in
//! themselves become stable tokens, equal where equal within one run and meaningless beyond it.

use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use aws_lc_rs::{hmac, rand};
use url::Url;

/// What stands in the place of a secret.
pub(crate) const REDACTED: &str = "[redacted]";

/// Secrets shorter than this are replaced only where they are sent: they would be found in every other word.
const SHORTEST_SECRET: usize = 4;

/// The most phrases that texts are searched for.
const MAX_PHRASES: usize = 1_000;

/// Knows what must not be shown. Learns as the run goes on.
pub(crate) struct Redactor {
    key: hmac::Key,
    pub(crate) base: Url,
    known: Mutex<KnownSecrets>,
}

#[derive(Default)]
pub(crate) struct KnownSecrets {
    /// Tokens, assertions and the like, longest first.
    secrets: Vec<String>,
    /// Parts of URLs, and what they are shown as.
    tokens: HashMap<String, String>,
    taken: HashSet<String>,
    /// Those parts that are replaced wherever they turn up as a word of their own.
    learned: HashMap<String, String>,
    /// The same for those that are no single word, such as the decoded form of a signature.
    phrases: HashMap<String, String>,
    /// What we sent ourselves in the URLs and bodies of kick-offs: no secrets.
    pub(crate) ours: HashSet<String>,
}

impl Redactor {
    /// A redactor with a key of its own, for a target at `base`.
    pub(crate) fn new(base: &Url) -> Self {
        let mut seed = [0_u8; 32];
        // Without randomness the tokens are merely guessable, as those of a seed of zeros are; the run can go on.
        let _ = rand::fill(&mut seed);
        Self { key: hmac::Key::new(hmac::HMAC_SHA256, &seed), base: base.clone(), known: Mutex::default() }
    }

    pub(crate) fn known(&self) -> MutexGuard<'_, KnownSecrets> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Replaces `secret` from now on, wherever it turns up.
    pub(crate) fn hide(&self, secret: &str) {
        if secret.len() < SHORTEST_SECRET {
            return;
        }
        let mut known = self.known();
        if !known.secrets.iter().any(|s| s == secret) {
            known.secrets.push(secret.to_owned());
            known.secrets.sort_by_key(|s| std::cmp::Reverse(s.len()));
        }
    }

    /// The token of a part of a URL, `[u7f3a]`: four hex digits, more where two parts would get the same.
    pub(crate) fn token(&self, part: &str) -> String {
        let mut known = self.known();
        if let Some(token) = known.tokens.get(part) {
            return token.clone();
        }
        let digest = hmac::sign(&self.key, part.as_bytes());
        let hex: String = digest.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
        let token = (4..=hex.len())
            .filter_map(|digits| hex.get(..digits))
            .map(|digits| format!("[u{digits}]"))
            .find(|token| !known.taken.contains(token))
            .unwrap_or_else(|| format!("[u{hex}]"));
        known.taken.insert(token.clone());
        known.tokens.insert(part.to_owned(), token.clone());
        token
    }

    /// Remembers that `part`, shown as `token`, is replaced in texts too, if it is telling enough to be found there.
    pub(crate) fn learn(&self, part: &str, token: &str) {
        let digits = part.bytes().all(|b| b.is_ascii_digit());
        // A date is as likely to be a date elsewhere: what a manifest says of its time must stay.
        let dated = part.len() >= 7
            && part.as_bytes().get(4) == Some(&b'-')
            && part.bytes().take(4).all(|b| b.is_ascii_digit());
        // Nor is what the base says of itself a secret, wherever a misshapen URL has it.
        let of_base = self.base.as_str().contains(part);
        if part.len() < 4 || (digits && part.len() < 6) || dated || of_base {
            return;
        }
        let mut known = self.known();
        if part.contains('%') {
            let decoded =
                url::form_urlencoded::parse(format!("v={part}").as_bytes()).next().map(|(_, value)| value.into_owned());
            if let Some(decoded) = decoded.filter(|decoded| decoded.len() >= 6 && known.phrases.len() < MAX_PHRASES) {
                known.phrases.entry(decoded).or_insert_with(|| token.to_owned());
            }
        }
        if part.chars().all(of_word) {
            known.learned.entry(part.to_owned()).or_insert_with(|| token.to_owned());
        } else if part.len() >= 6 && known.phrases.len() < MAX_PHRASES {
            known.phrases.entry(part.to_owned()).or_insert_with(|| token.to_owned());
        }
    }

    /// Whether a part of the URL was learned from one that the server gave.
    pub(crate) fn knows(&self, url: &Url) -> bool {
        let known = self.known();
        let mut parts = url.as_str().split(['/', '?', '&', '=', '#']).filter(|part| !part.is_empty());
        parts.any(|part| known.learned.contains_key(part) || known.phrases.contains_key(part))
    }

    /// A text from the server: secrets, URLs and what was learned from them replaced.
    pub(crate) fn text(&self, text: &str) -> String {
        self.words(&self.urls_in(&self.secrets(text)))
    }

    /// The body of a request that we made ourselves: only secrets go.
    pub(crate) fn text_of_ours(&self, body: &[u8]) -> String {
        self.secrets(&String::from_utf8_lossy(body))
    }

    /// Replaces the secrets alone.
    pub(crate) fn secrets(&self, text: &str) -> String {
        let known = self.known();
        let mut out = text.to_owned();
        for secret in &known.secrets {
            if out.contains(secret.as_str()) {
                out = out.replace(secret.as_str(), REDACTED);
            }
        }
        out
    }

    /// Replaces the words that were learned from URLs.
    pub(crate) fn words(&self, text: &str) -> String {
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
            let end = rest.find(|c| of_word(c) != of_word(first)).unwrap_or(rest.len());
            let (run, after) = rest.split_at(end);
            rest = after;
            if !of_word(first) {
                out.push_str(run);
            } else if let Some(token) = known.learned.get(run) {
                out.push_str(token);
            } else {
                // The end of a sentence, or a name with an extension.
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

/// What the words of a URL are made of.
fn of_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | '~' | '%')
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
mod tests {
    use super::*;

    fn redactor() -> Redactor {
        Redactor::new(&Url::parse("https://fhir.example.org/7f3a9b/r4").unwrap())
    }

    #[test]
    fn tokens_are_stable_within_a_run_and_never_shared() {
        let redactor = redactor();
        let mut seen = HashSet::new();
        // Far more than four hex digits can tell apart.
        for number in 0..70_000 {
            assert!(seen.insert(redactor.token(&format!("job{number}"))));
        }
        assert_eq!(redactor.token("job17"), redactor.token("job17"));
        assert_ne!(redactor.token("job17"), self::redactor().token("job17"));
    }

    #[test]
    fn urls_keep_their_shape() {
        let redactor = redactor();
        let shape = |text: &str| {
            let shown = redactor.url_text(text);
            // The digits differ from run to run.
            let mut out = String::new();
            let mut rest = shown.as_str();
            while let Some((before, after)) = rest.split_once("[u") {
                out.push_str(before);
                out.push('#');
                rest = after.split_once(']').unwrap().1;
            }
            out + rest
        };
        for (url, expected) in [
            ("https://fhir.example.org/7f3a9b/r4/jobs/17", "https://fhir.example.org/7f3a9b/r4/jobs/#"),
            ("https://FHIR.example.org:443/7f3a9b/r4/$export", "https://FHIR.example.org:443/7f3a9b/r4/$export"),
            ("https://other.example.org/7f3a9b/a1.ndjson.gz", "https://other.example.org/#/#.ndjson.gz"),
            ("/7f3a9b/r4/$export-poll-status?_jobId=17&x", "/7f3a9b/r4/$export-poll-status?_jobId=#&x"),
            ("17", "#"),
            ("", ""),
            ("https://u:p@h.example.org", "https://redacted@h.example.org"),
            ("https://h.example.org?q=a1b2#frag1", "https://h.example.org?q=###"),
            ("s3://bucket/k3y/Patient.ndjson", "s3://bucket/#/Patient.ndjson"),
            ("://", "://"),
            ("http://", "http://"),
            ("?a1b2c3=", "?#="),
            ("?0123456789=x", "?#=x"),
            ("//h.example.org/1", "//h.example.org/#"),
            ("//u:p@h.example.org/a1b2", "//redacted@h.example.org/#"),
            ("//fhir.example.org/7f3a9b/r4/a1b2", "//fhir.example.org/7f3a9b/r4/#"),
        ] {
            assert_eq!(shape(url), expected, "{url}");
        }
    }

    #[test]
    fn what_was_learned_is_found_in_texts() {
        let redactor = redactor();
        redactor.hide("s3cret-token");
        let shown = redactor.url_text("https://fhir.example.org/7f3a9b/r4/jobs/ab12cd34");
        let token = shown.rsplit('/').next().unwrap().to_owned();
        assert_eq!(redactor.text("job ab12cd34."), format!("job {token}."));
        assert_eq!(redactor.text("(ab12cd34)=ab12cd345"), format!("({token})=ab12cd345"));
        // What a misshapen URL has of the base is not learned from it.
        redactor.url_text("https:fhir.example.org/7f3a9b/r4/jobs/ef56ab78");
        redactor.url_text("fhir.example.org/7f3a9b");
        assert_eq!(
            redactor.text("https://fhir.example.org/7f3a9b/r4/$export"),
            "https://fhir.example.org/7f3a9b/r4/$export"
        );
        assert_eq!(redactor.text("é://ab12cd34é"), format!("é://{token}é"));
        assert_eq!(redactor.text("Bearer s3cret-token!"), "Bearer [redacted]!");
        let hidden = redactor.url_text("https://h.example.org/s3cret-token/a1b2c3?t=s3cret-token");
        assert!(
            hidden.starts_with("https://h.example.org/[redacted]/[u") && hidden.ends_with("?t=[redacted]"),
            "{hidden}"
        );
        assert_eq!(
            redactor.text("see https://fhir.example.org/7f3a9b/r4/jobs/ab12cd34, or http://hl7.org/fhir/R4/a1b2.html."),
            format!("see {shown}, or http://hl7.org/fhir/R4/a1b2.html.")
        );
    }
}
