//! Asking every origin of a run which versions of TLS it speaks. Nothing is sent but the first message of a handshake, and
//! nothing is believed of the answer but the version that it settles on.

use url::Url;

use crate::recording::model::{Handshake, Request, Role, Trouble, TroubleKind};
use crate::redact::recorder::About;
use crate::session::client::{Session, interrupted, trouble, wait_for};
use crate::suite::flow::{Probe, Wrong};
use crate::transport::address_guard::is_loopback;
use crate::transport::client_hello;
use crate::transport::client_hello::HelloOffer;
use crate::transport::message::TlsProbe;

/// The most origins that are asked: a manifest may name any number.
const MAX_ORIGINS: usize = 6;

impl Session {
    /// Remembers an origin that the run talks to, or was told to talk to.
    pub(crate) fn note_origin(&self, url: &Url) {
        let mut origins = self.shared.origins.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let new = !origins.iter().any(|known| known.origin() == url.origin());
        if new && origins.len() < MAX_ORIGINS && matches!(url.scheme(), "http" | "https") {
            let mut root = url.clone();
            root.set_path("/");
            root.set_query(None);
            root.set_fragment(None);
            let _ = root.set_username("");
            let _ = root.set_password(None);
            origins.push(root);
        }
    }

    /// The origins of this run whose TLS can be asked for, the base's first. Plain http on this machine has none, nor has
    /// it where the user said that it is meant.
    pub(crate) fn origins(&self) -> Vec<Url> {
        self.note_origin(&self.shared.settings.base);
        let origins = self.shared.origins.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let meant = |url: &Url| url.scheme() == "http" && (is_loopback(url) || self.shared.settings.allow_http);
        let mut asked: Vec<Url> = origins.iter().filter(|url| !meant(url)).cloned().collect();
        asked.sort_by_key(|url| url.origin() != self.shared.settings.base.origin());
        asked
    }

    /// The handshake of a probe, with every origin.
    pub(crate) async fn probe_tls(&self, flow: &str, probe: &Probe) {
        let offer = match probe.wrong {
            Some(Wrong::Tls11) => HelloOffer::Tls11,
            Some(Wrong::Tls10) => HelloOffer::Tls10,
            _ => HelloOffer::Modern,
        };
        if self.shared.settings.use_proxy && offer != HelloOffer::Modern {
            // A proxy takes none of them; what newer ones come to, the requests show.
            return;
        }
        for url in self.origins() {
            let about =
                About { flow: Some(flow.to_owned()), role: Role::Probe, probe: Some(probe.id.clone()), file: None };
            self.greet(about, &url, offer).await;
        }
    }

    async fn greet(&self, about: About, url: &Url, offer: HelloOffer) {
        let request = Request {
            method: "TLS".to_owned(),
            url: self.shared.recorder.redactor().own_url(url),
            headers: vec![("offered".to_owned(), offer.words().to_owned())],
            body: None,
        };
        let pending = self.shared.recorder.open(about, request);
        if url.scheme() != "https" {
            return pending.handshake(Handshake::Plain);
        }
        if self.is_interrupted() {
            return pending.trouble(interrupted());
        }
        match self.hear(url, offer).await {
            Ok(handshake) => pending.handshake(handshake),
            Err(trouble) => pending.trouble(trouble),
        }
    }
    /// Sends the first message of a handshake and hears what is said to it.
    async fn hear(&self, url: &Url, offer: HelloOffer) -> Result<Handshake, Trouble> {
        let message =
            client_hello::client_hello(offer, url.domain()).map_err(|why| trouble(TroubleKind::NotSent, why))?;
        let greeting = TlsProbe { url: url.clone(), message, patience: self.shared.settings.idle_timeout };
        tokio::select! {
            biased;
            () = wait_for(self.shared.interrupt.subscribe()) => Err(interrupted()),
            heard = self.shared.transport.greet(greeting) => heard,
        }
    }

    /// Whether the base takes up TLS 1.1, or an older one, and says no to newer ones.
    pub(crate) async fn speaks_old_tls_alone(&self) -> bool {
        let base = &self.shared.settings.base;
        if base.scheme() != "https" {
            return false;
        }
        let old = |heard: &Result<Handshake, Trouble>| matches!(heard, Ok(Handshake::Agreed(version)) if matches!(version.as_str(), "SSL 3.0" | "TLS 1.0" | "TLS 1.1"));
        let newer = self.hear(base, HelloOffer::Modern).await;
        let refused = matches!(&newer, Ok(Handshake::Refused(alert)) if alert == "protocol_version");
        old(&newer) || (refused && old(&self.hear(base, HelloOffer::Tls11).await))
    }
}
