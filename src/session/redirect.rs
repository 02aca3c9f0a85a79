//! Which redirects are followed, and to which URL.

use http::header::LOCATION;
use http::{HeaderMap, Method, StatusCode};
use url::Url;

use crate::recording::model::{Trouble, TroubleKind};

/// The most redirects that one request follows.
pub(crate) const MAX_REDIRECTS: usize = 5;

/// The URL that a request of `method` to `from` is redirected to; `None` if the response is the last one. A `Location`
/// that is no URL is not followed.
pub(crate) fn target(method: &Method, from: &Url, status: StatusCode, headers: &HeaderMap) -> Option<Url> {
    let follows = match status.as_u16() {
        307 | 308 => true,
        // The body would be lost: only a GET keeps its meaning.
        301..=303 => method == Method::GET,
        _ => false,
    };
    if !follows {
        return None;
    }
    let location = headers.get(LOCATION)?.to_str().ok()?;
    let mut url = from.join(location.trim()).ok()?;
    if url.fragment().is_none() {
        url.set_fragment(from.fragment());
    }
    Some(url)
}

/// Whether a request to `to` may follow those to `trail`; it may not repeat one of them.
pub(crate) fn allowed(trail: &[Url], to: &Url) -> Result<(), Trouble> {
    let refuse = |kind, message: String| Err(Trouble::new(kind, message));
    match to.scheme() {
        "http" | "https" => {}
        other => {
            return refuse(
                TroubleKind::NotSent,
                format!("the scheme {other:?} is not one that we speak; only http and https are"),
            );
        }
    }
    if to.host_str().is_none_or(str::is_empty) {
        return refuse(TroubleKind::NotSent, "the URL names no host".to_owned());
    }
    let Some(last) = trail.last() else { return Ok(()) };
    if last.scheme() == "https" && to.scheme() == "http" {
        return refuse(TroubleKind::NotSent, "the redirect leads from https to http, which is not followed".to_owned());
    }
    let same = |url: &Url| {
        let (mut a, mut b) = (url.clone(), to.clone());
        a.set_fragment(None);
        b.set_fragment(None);
        a == b
    };
    if trail.iter().any(same) {
        return refuse(TroubleKind::Protocol, "the redirects lead in a circle".to_owned());
    }
    if trail.len() > MAX_REDIRECTS {
        return refuse(TroubleKind::Protocol, format!("more than {MAX_REDIRECTS} redirects in a row"));
    }
    Ok(())
}
