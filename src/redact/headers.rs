//! Redacts headers for the recording.

use http::HeaderMap;
use http::header::SET_COOKIE;

use crate::recording::shape::urls_of_line;
use crate::redact::redactor::Redactor;
use crate::redact::secrets::REDACTED;

/// The shortest value of a cookie that is hidden. Shorter ones are words such as `deleted`, which appear everywhere.
const MIN_LEN_COOKIE: usize = 12;

/// Returns the redacted headers of a request or a response, in order. Bytes that are not UTF-8 become replacement
/// characters.
pub(crate) fn redact_headers(redactor: &Redactor, headers: &HeaderMap) -> Vec<(String, String)> {
    for line in headers.get_all(SET_COOKIE) {
        hide_cookie(redactor, &String::from_utf8_lossy(line.as_bytes()));
    }
    let pairs = headers.iter().map(|(name, value)| {
        let value = header(redactor, name.as_str(), &String::from_utf8_lossy(value.as_bytes()));
        (name.as_str().to_owned(), value)
    });
    pairs.collect()
}

/// Hides the value of a cookie wherever it appears, if it is long enough to be a credential.
fn hide_cookie(redactor: &Redactor, line: &str) {
    let pair = line.split(';').next().unwrap_or_default();
    let value = pair.split_once('=').map_or(pair, |(_, value)| value).trim().trim_matches('"');
    if value.len() >= MIN_LEN_COOKIE {
        redactor.hide_cookie(value);
    }
}

fn header(redactor: &Redactor, name: &str, value: &str) -> String {
    match name {
        "authorization" | "proxy-authorization" => match value.split_once(' ') {
            Some((scheme, _)) if scheme.bytes().all(|b| b.is_ascii_alphabetic()) => format!("{scheme} {REDACTED}"),
            _ => REDACTED.to_owned(),
        },
        "cookie" | "set-cookie" => REDACTED.to_owned(),
        "location" | "content-location" | "referer" => {
            let urls: Vec<String> = urls_of_line(value).into_iter().map(|url| redactor.url_text(url)).collect();
            urls.join(", ")
        }
        "link" => link(redactor, value),
        // Numbers, dates and words of HTTP have meanings, even if one of them is also a part of a URL.
        "content-length" | "content-type" | "content-encoding" | "date" | "expires" | "last-modified"
        | "retry-after" | "cache-control" | "age" | "vary" | "allow"
            if !value.contains("://") =>
        {
            redactor.secrets(value)
        }
        _ => redactor.text(value),
    }
}

/// Redacts the value of a `Link` header: one or more of `<url>; rel="next"`.
fn link(redactor: &Redactor, value: &str) -> String {
    let mut out = String::new();
    let mut rest = value;
    while let Some((before, after)) = rest.split_once('<') {
        let (url, tail) = after.split_once('>').unwrap_or((after, ""));
        out.push_str(&redactor.text(before));
        out.push('<');
        out.push_str(&redactor.url_text(url));
        out.push('>');
        rest = tail;
    }
    out.push_str(&redactor.text(rest));
    out
}
