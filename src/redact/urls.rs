//! URLs as they may be shown. Works on the text as it came, so that what is wrong with a URL stays visible.

use url::Url;

use crate::base::instant::Instant;
use crate::redact::plain::{is_plain, split_extension};
use crate::redact::redactor::Redactor;

impl Redactor {
    /// Remembers the parts of a URL that we made ourselves: where the server says them back, they stay.
    pub(crate) fn ours(&self, url: &Url) {
        let segments = url.path_segments().into_iter().flatten().map(str::to_owned);
        let values = url.query().unwrap_or_default().split('&').filter_map(|pair| pair.split_once('='));
        let values = values.map(|(_, value)| value.to_owned());
        let decoded = url.query_pairs().map(|(_, value)| value.into_owned());
        let parts: Vec<String> = segments.chain(values).chain(decoded).collect();
        self.known().ours.extend(parts);
    }

    /// The same for the values of a Parameters body.
    pub(crate) fn our_values(&self, body: &[u8]) {
        fn collect(value: &serde_json::Value, into: &mut Vec<String>) {
            match value {
                serde_json::Value::String(text) => into.push(text.clone()),
                serde_json::Value::Array(list) => list.iter().for_each(|item| collect(item, into)),
                serde_json::Value::Object(map) => map.values().for_each(|item| collect(item, into)),
                _ => {}
            }
        }
        let mut values = Vec::new();
        if let Ok(value) = serde_json::from_slice(body) {
            collect(&value, &mut values);
        }
        self.known().ours.extend(values);
    }

    /// A URL that we made ourselves: only credentials go.
    pub(crate) fn own_url(&self, url: &Url) -> String {
        let mut url = url.clone();
        hide_userinfo(&mut url);
        self.secrets(url.as_str())
    }

    /// A URL whose end names a resource: it goes, with whatever stands behind it.
    pub(crate) fn masked_url(&self, url: &Url) -> String {
        let mut url = url.clone();
        url.set_query(None);
        url.set_fragment(None);
        if let Ok(mut path) = url.path_segments_mut() {
            path.pop_if_empty().pop();
        }
        format!("{}/[id]", self.url(&url).trim_end_matches('/'))
    }

    /// A URL that the server gave.
    pub(crate) fn url(&self, url: &Url) -> String {
        self.url_text(url.as_str())
    }

    /// The same for text that should be a URL or a reference to one, absolute or relative.
    pub(crate) fn url_text(&self, text: &str) -> String {
        let text = self.secrets(text);
        let (text, fragment) = cut(&text, '#');
        let (text, query) = cut(text, '?');
        // A host may stand without its scheme, too: what follows two slashes is no path.
        let host = if text.starts_with("//") { Some(2) } else { text.find("://").map(|at| at + 3) };
        let (head, path) = match host {
            Some(authority) => {
                let end = text.get(authority..).and_then(|rest| rest.find('/')).map_or(text.len(), |i| authority + i);
                text.split_at_checked(end).unwrap_or((text, ""))
            }
            None => ("", text),
        };
        if let Some(password) = password(head).filter(|password| password.len() >= SHORTEST_PASSWORD) {
            self.hide(password);
        }
        let mut out = without_userinfo(head);
        let base = self.base_segments(head);
        for (index, segment) in path.split('/').enumerate() {
            if index > 0 {
                out.push('/');
            }
            // The first piece is what stands before the first slash: nothing, in an absolute path.
            if base.get(index).is_some_and(|own| own == segment) {
                out.push_str(segment);
            } else {
                out.push_str(&self.segment(segment));
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
                        out.push_str(&self.value(value));
                    }
                    None => out.push_str(&self.value(pair)),
                }
            }
        }
        if let Some(fragment) = fragment {
            out.push('#');
            out.push_str(&self.value(fragment));
        }
        out
    }

    /// The base's path, where `head` is empty or the base's own origin.
    fn base_segments(&self, head: &str) -> Vec<String> {
        let whole = if head.starts_with("//") { format!("{}:{head}", self.base.scheme()) } else { head.to_owned() };
        let same = head.is_empty() || Url::parse(&whole).is_ok_and(|url| url.origin() == self.base.origin());
        if same { self.base.path().split('/').map(str::to_owned).collect() } else { Vec::new() }
    }

    fn segment(&self, segment: &str) -> String {
        let (stem, extension) = split_extension(segment);
        // The $ of an operation may come encoded; which operation it is, is no secret either way.
        let operation = segment.strip_prefix("%24").is_some_and(is_plain);
        if is_plain(stem)
            || operation
            || self.known().ours.contains(segment)
            || segment == crate::redact::redactor::REDACTED
        {
            return segment.to_owned();
        }
        let token = self.token(segment);
        self.learn(stem, &token);
        self.learn(segment, &format!("{token}{extension}"));
        format!("{token}{extension}")
    }

    /// A parameter's name. Those of FHIR and of signed URLs are words; a random one is as telling as a value.
    fn name(&self, name: &str) -> String {
        let plain = name.len() <= 40
            && name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.' | b':' | b'$' | b'%'))
            && name.bytes().filter(u8::is_ascii_digit).count() <= 2;
        if plain { name.to_owned() } else { self.value(name) }
    }

    fn value(&self, value: &str) -> String {
        let decoded = url::form_urlencoded::parse(format!("v={value}").as_bytes()).next().map(|(_, v)| v.into_owned());
        // A time tells nothing; as we sent it or in another form.
        let time = decoded.as_deref().is_some_and(|decoded| Instant::parse(decoded).is_some());
        let keep = {
            let known = self.known();
            known.ours.contains(value) || decoded.is_some_and(|decoded| known.ours.contains(&decoded))
        };
        if keep
            || time
            || is_plain(value)
            || value.split(',').all(is_plain)
            || value.contains(crate::redact::redactor::REDACTED)
        {
            return value.to_owned();
        }
        let token = self.token(value);
        self.learn(value, &token);
        token
    }

    /// Replaces the URLs that stand within a text.
    pub(crate) fn urls_in(&self, text: &str) -> String {
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
            out.push_str(lead);
            out.push_str(&if is_canonical(url) { url.to_owned() } else { self.url_text(url) });
            out.push_str(whole.get(url.len()..).unwrap_or_default());
            rest = after;
        }
        out.push_str(rest);
        out
    }
}

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

/// Names of definitions that HL7 publishes are no one's secret, and judges look at them.
fn is_canonical(url: &str) -> bool {
    Url::parse(url).is_ok_and(|url| {
        url.username().is_empty() && url.host_str().is_some_and(|host| host == "hl7.org" || host.ends_with(".hl7.org"))
    })
}

fn hide_userinfo(url: &mut Url) {
    if !url.username().is_empty() || url.password().is_some() {
        let _ = url.set_password(None);
        let _ = url.set_username("redacted");
    }
}

/// Shorter passwords would be found in every other word.
const SHORTEST_PASSWORD: usize = 8;

/// The password in the head of a URL.
fn password(head: &str) -> Option<&str> {
    let (_, authority) = head.split_once("//")?;
    let (user, _) = authority.rsplit_once('@')?;
    Some(user.split_once(':')?.1)
}

fn without_userinfo(head: &str) -> String {
    let Some((scheme, authority)) = head.split_once("//") else { return head.to_owned() };
    match authority.rsplit_once('@') {
        Some((_, host)) => format!("{scheme}//redacted@{host}"),
        None => head.to_owned(),
    }
}
