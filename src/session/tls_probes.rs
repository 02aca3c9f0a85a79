//! Probes which TLS versions the origins of a run support. Only the first message of a handshake is sent, and only the
//! version in the response counts.

use url::Url;

use crate::recording::handshake::{Handshake, HelloOffer, TlsAlert};
use crate::recording::model::{Request, Role, Trouble, TroubleKind};
use crate::redact::recorder::Purpose;
use crate::session::interrupt::interrupted;
use crate::session::sender::RequestSender;
use crate::suite::flow::{Probe, Wrong};
use crate::transport::client_hello::client_hello;
use crate::transport::message::TlsProbe;

/// Probes the TLS versions of origins.
pub(crate) struct TlsProber<'s> {
    sender: &'s RequestSender,
}

impl<'s> TlsProber<'s> {
    pub fn new(sender: &'s RequestSender) -> Self {
        Self { sender }
    }

    /// The origins of this run that should offer TLS, the base first.
    pub fn origins(&self) -> Vec<Url> {
        self.sender.origins.expected_to_offer_tls(&self.sender.settings)
    }

    /// Sends the handshake of `probe` to every origin, and records the responses.
    pub async fn probe(&self, flow: &str, probe: &Probe) {
        let offer = match probe.wrong {
            Some(Wrong::Tls11) => HelloOffer::Tls11,
            Some(Wrong::Tls10) => HelloOffer::Tls10,
            _ => HelloOffer::Modern,
        };
        if self.sender.settings.use_proxy && offer != HelloOffer::Modern {
            // Such a handshake cannot be sent through a proxy. The requests show whether modern versions work.
            return;
        }
        for url in self.origins() {
            let purpose =
                Purpose { flow: Some(flow.to_owned()), role: Role::Probe, probe: Some(probe.id.clone()), file: None };
            self.probe_origin(purpose, &url, offer).await;
        }
    }

    async fn probe_origin(&self, purpose: Purpose, url: &Url, offer: HelloOffer) {
        let recorder = &self.sender.recorder;
        let request = Request {
            method: "TLS".to_owned(),
            url: recorder.redactor().own_url(url),
            headers: vec![("offered".to_owned(), offer.to_string())],
            body: None,
        };
        let pending = recorder.open(purpose, request);
        if url.scheme() != "https" {
            return pending.handshake(Handshake::Plain);
        }
        if self.sender.interrupt.is_raised() {
            return pending.trouble(interrupted());
        }
        match self.handshake(url, offer).await {
            Ok(handshake) => pending.handshake(handshake),
            Err(trouble) => pending.trouble(trouble),
        }
    }

    /// Sends the first message of a handshake and reads the response.
    async fn handshake(&self, url: &Url, offer: HelloOffer) -> Result<Handshake, Trouble> {
        let message = client_hello(offer, url.domain()).map_err(|why| Trouble::new(TroubleKind::NotSent, why))?;
        let probe = TlsProbe { url: url.clone(), message, timeout: self.sender.settings.idle_timeout };
        tokio::select! {
            biased;
            () = self.sender.interrupt.raised() => Err(interrupted()),
            response = self.sender.transport.probe_tls(probe) => response,
        }
    }

    /// Whether the base accepts TLS 1.1 or older and refuses newer versions.
    pub async fn base_offers_only_old_tls(&self) -> bool {
        let base = &self.sender.settings.base;
        if base.scheme() != "https" {
            return false;
        }
        let is_old = |response: &Result<Handshake, Trouble>| matches!(response, Ok(Handshake::Agreed(version)) if version.is_old());
        let modern = self.handshake(base, HelloOffer::Modern).await;
        let refused = matches!(&modern, Ok(Handshake::Refused(TlsAlert::PROTOCOL_VERSION)));
        is_old(&modern) || (refused && is_old(&self.handshake(base, HelloOffer::Tls11).await))
    }
}
