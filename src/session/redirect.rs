//! Which redirects are followed, and to which URL.

use http::header::LOCATION;
use http::{HeaderMap, Method, StatusCode};
use url::Url;

use crate::recording::model::{Trouble, TroubleKind};

/// The maximum number of redirects that one request follows.
pub(crate) const MAX_REDIRECTS: usize = 5;

/// The URL to which a request of `method` to `from` is redirected; `None` if the response is the last one. A `Location`
/// that is not a URL is not followed.
pub(crate) fn target(method: &Method, from: &Url, status: StatusCode, headers: &HeaderMap) -> Option<Url> {
    let follows = match status.as_u16() {
        307 | 308 => true,
        // The redirected request has no body, so only a GET stays the same request.
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

/// Checks whether a request to `to` may follow the requests to `trail`; it must not repeat one of them.
pub(crate) fn allowed(trail: &[Url], to: &Url) -> Result<(), Trouble> {
    let refuse = |kind, message: String| Err(Trouble::new(kind, message));
    match to.scheme() {
        "http" | "https" => {}
        other => {
            return refuse(
                TroubleKind::NotSent,
                format!("the URL scheme {other:?} is not supported; only http and https are"),
            );
        }
    }
    if to.host_str().is_none_or(str::is_empty) {
        return refuse(TroubleKind::NotSent, "the URL has no host".to_owned());
    }
    let Some(last) = trail.last() else { return Ok(()) };
    if last.scheme() == "https" && to.scheme() == "http" {
        return refuse(TroubleKind::NotSent, "the redirect from https to http is not followed".to_owned());
    }
    let same = |url: &Url| {
        let (mut a, mut b) = (url.clone(), to.clone());
        a.set_fragment(None);
        b.set_fragment(None);
        a == b
    };
    if trail.iter().any(same) {
        return refuse(TroubleKind::Protocol, "the redirects form a loop".to_owned());
    }
    if trail.len() > MAX_REDIRECTS {
        return refuse(TroubleKind::Protocol, format!("more than {MAX_REDIRECTS} redirects in a row"));
    }
    Ok(())
}
