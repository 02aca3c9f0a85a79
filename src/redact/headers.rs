//! Headers as they may be shown.

use crate::recording::shape::urls_of_line;
use crate::redact::redactor::{REDACTED, Redactor};
use http::HeaderMap;
use http::header::SET_COOKIE;

/// Shorter values of cookies are words such as `deleted`, which are found everywhere.
const SHORTEST_COOKIE: usize = 12;

/// Headers in order, redacted.
pub(crate) type Headers = Vec<(String, String)>;

impl Redactor {
    /// Headers of a request or a response. Bytes that are not UTF-8 are shown as replacement characters.
    pub(crate) fn headers(&self, headers: &HeaderMap) -> Headers {
        for line in headers.get_all(SET_COOKIE) {
            self.hide_cookie(&String::from_utf8_lossy(line.as_bytes()));
        }
        headers
            .iter()
            .map(|(name, value)| {
                (name.as_str().to_owned(), self.header(name.as_str(), &String::from_utf8_lossy(value.as_bytes())))
            })
            .collect()
    }

    /// Hides the value of a cookie wherever it turns up, if it is long enough to be one that opens something.
    fn hide_cookie(&self, line: &str) {
        let pair = line.split(';').next().unwrap_or_default();
        let value = pair.split_once('=').map_or(pair, |(_, value)| value).trim().trim_matches('"');
        if value.len() >= SHORTEST_COOKIE {
            self.hide(value);
        }
    }

    fn header(&self, name: &str, value: &str) -> String {
        match name {
            "authorization" | "proxy-authorization" => match value.split_once(' ') {
                Some((scheme, _)) if scheme.bytes().all(|b| b.is_ascii_alphabetic()) => format!("{scheme} {REDACTED}"),
                _ => REDACTED.to_owned(),
            },
            "cookie" | "set-cookie" => REDACTED.to_owned(),
            "location" | "content-location" | "referer" => {
                let urls: Vec<String> = urls_of_line(value).into_iter().map(|url| self.url_text(url)).collect();
                urls.join(", ")
            }
            "link" => self.link(value),
            _ => self.text(value),
        }
    }

    /// `<url>; rel="next"`, several of them.
    fn link(&self, value: &str) -> String {
        let mut out = String::new();
        let mut rest = value;
        while let Some((before, after)) = rest.split_once('<') {
            let (url, tail) = after.split_once('>').unwrap_or((after, ""));
            out.push_str(&self.text(before));
            out.push('<');
            out.push_str(&self.url_text(url));
            out.push('>');
            rest = tail;
        }
        out.push_str(&self.text(rest));
        out
    }
}
