//! The origins to which a run sends requests.

use std::sync::{Mutex, PoisonError};

use url::Url;

use crate::settings::run_settings::Settings;
use crate::transport::address_guard::is_loopback;

/// The maximum number of origins that are remembered: a manifest may name any number.
const MAX_ORIGINS: usize = 6;

/// The origins of a run, each as a URL without a path.
#[derive(Debug, Default)]
pub(crate) struct Origins {
    urls: Mutex<Vec<Url>>,
}

impl Origins {
    /// Adds the origin of `url`, unless it is known.
    pub fn add(&self, url: &Url) {
        let mut urls = self.urls.lock().unwrap_or_else(PoisonError::into_inner);
        let new = !urls.iter().any(|known| known.origin() == url.origin());
        if new && urls.len() < MAX_ORIGINS && matches!(url.scheme(), "http" | "https") {
            let mut root = url.clone();
            root.set_path("/");
            root.set_query(None);
            root.set_fragment(None);
            let _ = root.set_username("");
            let _ = root.set_password(None);
            urls.push(root);
        }
    }

    /// The origins that should offer TLS, the base first. Plain HTTP is permitted on this machine, and everywhere with
    /// `--allow-http`.
    pub fn expected_to_offer_tls(&self, settings: &Settings) -> Vec<Url> {
        self.add(&settings.base);
        let urls = self.urls.lock().unwrap_or_else(PoisonError::into_inner);
        let may_be_plain = |url: &Url| url.scheme() == "http" && (is_loopback(url) || settings.allow_http);
        let mut origins: Vec<Url> = urls.iter().filter(|url| !may_be_plain(url)).cloned().collect();
        origins.sort_by_key(|url| url.origin() != settings.base.origin());
        origins
    }
}
