//! Redacts URLs for the recording. It works on the text as received, so that errors in a URL stay visible.

use url::Url;

use crate::base::instant::Instant;
use crate::base::percent::percent_decode;
use crate::measure::plain_words::{is_plain, split_extension};
use crate::redact::secrets::{KnownSecrets, REDACTED, decode_form_value};

/// Redacts URLs of a target at `base`.
pub(crate) struct UrlRedactor<'r> {
    pub base: &'r Url,
    pub secrets: &'r KnownSecrets,
}

impl UrlRedactor<'_> {
    /// Redacts a text that should be a URL or a reference to one, absolute or relative.
    pub fn url_text(&self, text: &str) -> String {
        self.parts(text, Repeats::Server)
    }

    /// Redacts a URL that should be the URL of a kick-off, so that it has the parts that the run sent, and no other
    /// part becomes equal to them.
    pub fn kickoff_text(&self, text: &str) -> String {
        self.parts(text, Repeats::Kickoff)
    }

    fn parts(&self, text: &str, repeats: Repeats) -> String {
        let text = self.secrets.replace_secrets(text);
        let (text, fragment) = cut(&text, '#');
        let (text, query) = cut(text, '?');
        // A URL without a scheme may have a host: two slashes start a host, not a path.
        let host = if text.starts_with("//") { Some(2) } else { text.find("://").map(|at| at + 3) };
        let (head, path) = match host {
            Some(authority) => {
                let end = text.get(authority..).and_then(|rest| rest.find('/')).map_or(text.len(), |i| authority + i);
                text.split_at_checked(end).unwrap_or((text, ""))
            }
            None => ("", text),
        };
        if let Some(password) = password(head).filter(|password| password.len() >= MIN_LEN_PASSWORD) {
            self.secrets.hide(password);
        }
        let mut out = without_userinfo(head);
        let base = self.base_segments(head);
        for (index, segment) in path.split('/').enumerate() {
            if index > 0 {
                out.push('/');
            }
            // The first piece precedes the first slash; it is empty in an absolute path.
            if base.get(index).is_some_and(|own| own == segment) {
                out.push_str(segment);
            } else {
                out.push_str(&self.segment(segment, repeats));
            }
        }
        if let Some(query) = query {
            out.push('?');
            for (index, pair) in query.split('&').enumerate() {
                if index > 0 {
                    out.push('&');
                }
                match pair.split_once('=') {
                    Some((name, value)) => {
                        out.push_str(&self.name(name));
                        out.push('=');
                        out.push_str(&self.value(value, repeats));
                    }
                    None => out.push_str(&self.value(pair, repeats)),
                }
            }
        }
        if let Some(fragment) = fragment {
            out.push('#');
            out.push_str(&self.value(fragment, repeats));
        }
        out
    }

    /// Returns the path segments of the base, if `head` is empty or the origin of the base.
    fn base_segments(&self, head: &str) -> Vec<String> {
        let absolute = if head.starts_with("//") { format!("{}:{head}", self.base.scheme()) } else { head.to_owned() };
        let same = head.is_empty() || Url::parse(&absolute).is_ok_and(|url| url.origin() == self.base.origin());
        if same { self.base.path().split('/').map(str::to_owned).collect() } else { Vec::new() }
    }

    /// Returns whether the run made this part. In other URLs than those of kick-offs, a part that has a token keeps it,
    /// because equal URLs must stay equal.
    fn is_own(&self, part: &str, repeats: Repeats) -> bool {
        let decoded = decode_form_value(part);
        let own =
            self.secrets.is_own(part) || self.secrets.is_own(&decoded) || self.secrets.is_own(&percent_decode(part));
        own && (repeats == Repeats::Kickoff || !self.secrets.has_token(part))
    }

    fn segment(&self, segment: &str, repeats: Repeats) -> String {
        let (stem, extension) = split_extension(segment);
        // The $ of an operation may be percent-encoded. The name of an operation is not secret.
        let decoded = percent_decode(segment);
        let operation = decoded.starts_with('$') && is_plain(&decoded);
        let replaced = segment == REDACTED || self.secrets.is_token(segment);
        if is_plain(stem) || operation || replaced || self.is_own(segment, repeats) {
            return segment.to_owned();
        }
        let token = self.secrets.token(segment);
        self.learn(stem, &token);
        self.learn(segment, &format!("{token}{extension}"));
        format!("{token}{extension}")
    }

    /// Redacts the name of a parameter. FHIR and signed URLs use words as names; a random name is as secret as a value.
    fn name(&self, name: &str) -> String {
        let plain = name.len() <= 40
            && name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.' | b':' | b'$' | b'%'))
            && name.bytes().filter(u8::is_ascii_digit).count() <= 2;
        if plain && !self.secrets.is_learned(name) { name.to_owned() } else { self.value(name, Repeats::Server) }
    }

    fn value(&self, value: &str, repeats: Repeats) -> String {
        let decoded = decode_form_value(value);
        // A time is not secret.
        let time = Instant::parse(&decoded).is_some();
        let replaced = value.contains(REDACTED) || self.secrets.is_token(value);
        // The server may repeat the items of a list in another order and encoding.
        let listed = || decoded.split(',').all(|item| is_plain(item) || self.is_own(item, repeats));
        if time || replaced || is_plain(value) || self.is_own(value, repeats) || listed() {
            return value.to_owned();
        }
        let token = self.secrets.token(value);
        self.learn(value, &token);
        token
    }

    /// Replaces `part` with `token` in texts too from now on. Parts of the base are not secret, even in a malformed
    /// URL.
    fn learn(&self, part: &str, token: &str) {
        if !self.base.as_str().contains(part) {
            self.secrets.learn(part, token);
        }
    }

    /// Redacts a text: its URLs, and between them the parts that were learned from URLs.
    pub fn text(&self, text: &str) -> String {
        let mut out = String::with_capacity(text.len());
        let mut rest = text;
        while let Some(at) = rest.find("://") {
            let (before, from) = rest.split_at_checked(at).unwrap_or((rest, ""));
            let scheme = before.rfind(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.')));
            let start =
                scheme.map_or(0, |i| i + before.get(i..).and_then(|s| s.chars().next()).map_or(1, char::len_utf8));
            let length = from.find(ends_url).unwrap_or(from.len());
            let (lead, scheme) = before.split_at_checked(start).unwrap_or((before, ""));
            let (tail, after) = from.split_at_checked(length).unwrap_or((from, ""));
            let whole = format!("{scheme}{tail}");
            let url = whole.trim_end_matches(['.', ',', ';', ':']);
            out.push_str(&self.secrets.replace_learned(lead));
            out.push_str(&match Url::parse(url) {
                _ if is_canonical(url) => url.to_owned(),
                Ok(_) => self.url_text(url),
                // What is not a URL may have a learned part in the place of the host.
                Err(_) => self.secrets.replace_learned(&self.url_text(url)),
            });
            out.push_str(whole.get(url.len()..).unwrap_or_default());
            rest = after;
        }
        out.push_str(&self.secrets.replace_learned(rest));
        out
    }
}

/// Which request a URL of the server repeats.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Repeats {
    /// One that the server named.
    Server,
    /// A kick-off.
    Kickoff,
}

/// Splits `text` at the first `at`.
fn cut(text: &str, at: char) -> (&str, Option<&str>) {
    match text.split_once(at) {
        Some((before, after)) => (before, Some(after)),
        None => (text, None),
    }
}

fn ends_url(c: char) -> bool {
    c.is_whitespace()
        || c.is_control()
        || matches!(c, '"' | '\'' | '<' | '>' | '`' | '\\' | '(' | ')' | '{' | '}' | '|')
}

/// Returns whether a URL names a definition that HL7 publishes. It is not secret, and tests use it.
fn is_canonical(url: &str) -> bool {
    Url::parse(url).is_ok_and(|url| {
        url.username().is_empty() && url.host_str().is_some_and(|host| host == "hl7.org" || host.ends_with(".hl7.org"))
    })
}

/// The shortest password that is hidden in texts. A shorter one would be found in too many words.
const MIN_LEN_PASSWORD: usize = 8;

/// Returns the password in the head of a URL, which is the part before the path.
fn password(head: &str) -> Option<&str> {
    let (_, authority) = head.split_once("//")?;
    let (user, _) = authority.rsplit_once('@')?;
    Some(user.split_once(':')?.1)
}

/// Returns the head of a URL with its user name and password replaced.
fn without_userinfo(head: &str) -> String {
    let Some((scheme, authority)) = head.split_once("//") else { return head.to_owned() };
    match authority.rsplit_once('@') {
        Some((_, host)) => format!("{scheme}//redacted@{host}"),
        None => head.to_owned(),
    }
}
