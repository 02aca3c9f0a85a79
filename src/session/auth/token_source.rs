//! Finds the token of each request: a configured token, a token from SMART Backend Services that is renewed before it
//! expires, or a deliberately bad token.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use aws_lc_rs::rand;
use url::Url;

use crate::base::secret::Secret;
use crate::recording::model::{Role, Trouble, TroubleKind};
use crate::redact::recorder::Purpose;
use crate::session::auth::invalid_token_requests::one_character_changed;
use crate::session::auth::key_rotation;
use crate::session::auth::scopes::{is_patient_only, narrow_scope};
use crate::session::auth::token_request::TokenRequester;
use crate::session::auth::tokens::{Client, Clients, NO_SMART_CLIENT};
use crate::session::exchange::RequestSpec;
use crate::session::send::Authorizer;
use crate::session::sender::RequestSender;
use crate::settings::run_settings::{Credentials, Smart};
use crate::suite::flow::{Identity, Needs, Probe, Wrong};

/// How long a failed token request is remembered. Many flows need a token at the same time, and one failure is enough.
const FAILURE_LASTS: Duration = Duration::from_secs(5);

/// Finds the token of each request.
pub(crate) struct TokenSource {
    sender: Arc<RequestSender>,
    clients: Clients,
    /// Tokens of [`Identity::Garbage`], [`Identity::Expired`] and [`Identity::Narrow`].
    special: Mutex<BTreeMap<Identity, Secret>>,
}

impl Authorizer for TokenSource {
    async fn token_for(
        &self,
        spec: &RequestSpec,
        url: &Url,
        first: bool,
        refused: Option<&Secret>,
    ) -> Result<Option<Secret>, Trouble> {
        if spec.identity == Identity::None {
            return Ok(None);
        }
        // The discovery document names the token endpoint, so it is read without a token.
        let own = matches!(spec.identity, Identity::Client | Identity::Renewed);
        if spec.open || spec.role == Role::SmartConfiguration || (own && !self.clients.uses_tokens()) {
            return Ok(None);
        }
        let settings = &self.sender.settings;
        let origin = url.origin();
        if origin != settings.base.origin() && !settings.allow_origins.contains(&origin) {
            if !first {
                return Ok(None);
            }
            let origin = origin.ascii_serialization();
            let what = if spec.role == Role::File { "the file" } else { "the URL" };
            let message = format!(
                "{what} is on another origin ({origin}), to which the token is not sent; permit it with --allow-origin {origin}"
            );
            return Err(Trouble::new(TroubleKind::NotSent, message));
        }
        self.token(spec.identity, refused, spec.role == Role::Cleanup).await
    }

    fn is_renewable(&self, identity: Identity) -> bool {
        self.clients.is_renewable(identity)
    }
}

impl TokenSource {
    pub fn new(sender: Arc<RequestSender>) -> Self {
        let clients = Clients::new(&sender.settings);
        Self { sender, clients, special: Mutex::default() }
    }

    /// The reason why a flow with these needs cannot start; `None` if it can.
    pub fn lacks(&self, needs: Needs) -> Option<&'static str> {
        self.clients.lacks(needs, &self.sender.settings)
    }

    /// The token of `identity`, a different one than `refused`. With `cleanup`, it is requested even if the run is
    /// interrupted.
    pub async fn token(
        &self,
        identity: Identity,
        refused: Option<&Secret>,
        cleanup: bool,
    ) -> Result<Option<Secret>, Trouble> {
        match identity {
            Identity::None => Ok(None),
            Identity::Client | Identity::SecondClient | Identity::Renewed => {
                self.issued_token(identity, refused, cleanup).await
            }
            Identity::Garbage => self.garbage().map(Some),
            Identity::Tampered => {
                let Some(own) = self.issued_token(Identity::Client, None, cleanup).await? else { return Ok(None) };
                let changed = Secret::new(one_character_changed(own.reveal()));
                self.sender.recorder.redactor().hide(changed.reveal());
                Ok(Some(changed))
            }
            Identity::Expired | Identity::Narrow => {
                let held = self.special().get(&identity).cloned();
                held.map(Some).ok_or_else(|| Trouble::new(TroubleKind::NotSent, "the run has no token of this kind"))
            }
        }
    }

    async fn issued_token(
        &self,
        identity: Identity,
        refused: Option<&Secret>,
        cleanup: bool,
    ) -> Result<Option<Secret>, Trouble> {
        let Some(client) = self.clients.of(identity) else {
            let message = "the run has only one client. Give --second-client-id";
            return Err(Trouble::new(TroubleKind::NotSent, message));
        };
        let smart = match &client.credentials {
            Credentials::None => return Ok(None),
            Credentials::Token(token) => return Ok(Some(token.clone())),
            Credentials::Smart(smart) => smart,
        };
        let clock = self.sender.clock;
        let mut state = client.state.lock().await;
        let now = clock.elapsed();
        if let Some(held) = &state.held
            && Some(&held.token) != refused
            && now < held.renew_at
        {
            return Ok(Some(held.token.clone()));
        }
        if let Some((since, trouble)) = &state.failed
            && now < *since + FAILURE_LASTS
        {
            return Err(trouble.clone());
        }
        match self.requester().request_token(smart, &smart.scope, &mut state, cleanup).await {
            Ok(held) => {
                let token = held.token.clone();
                (state.held, state.failed) = (Some(held), None);
                Ok(Some(token))
            }
            Err(trouble) => {
                if trouble.kind != TroubleKind::Interrupted {
                    state.failed = Some((clock.elapsed(), trouble.clone()));
                }
                Err(trouble)
            }
        }
    }

    /// Discards the token of the first client: the next request gets a fresh one.
    pub async fn discard(&self) {
        if let Ok((_, client)) = self.first_smart_client() {
            client.state.lock().await.held = None;
        }
    }

    /// A token that no server issued.
    fn garbage(&self) -> Result<Secret, Trouble> {
        let mut special = self.special();
        if let Some(known) = special.get(&Identity::Garbage) {
            return Ok(known.clone());
        }
        let mut bytes = [0_u8; 24];
        rand::fill(&mut bytes)
            .map_err(|_| Trouble::new(TroubleKind::NotSent, "the system provides no random bytes"))?;
        let text: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        self.sender.recorder.redactor().hide(&text);
        let made = Secret::new(text);
        special.insert(Identity::Garbage, made.clone());
        Ok(made)
    }

    /// Requests the token of [`Identity::Narrow`], unless the run already has it.
    ///
    /// # Errors
    /// A fragment: the run has no SMART client, or the server issues no narrower token.
    pub async fn prepare_narrow(&self) -> Result<(), String> {
        if self.special().contains_key(&Identity::Narrow) {
            return Ok(());
        }
        let (smart, client) = self.first_smart_client()?;
        let scope = narrow_scope(&smart.scope)
            .ok_or_else(|| format!("the scope {:?} cannot be restricted to Patient resources", smart.scope))?;
        let held = {
            let mut state = client.state.lock().await;
            let requested = self.requester().request_token(smart, &scope, &mut state, false).await;
            requested.map_err(|trouble| trouble.message)?
        };
        let granted = held.scope.as_deref().unwrap_or(&scope);
        if !is_patient_only(granted) {
            let granted = self.sender.recorder.redact_text(granted);
            return Err(format!("the server granted {granted:?} instead of the requested {scope:?}"));
        }
        self.special().insert(Identity::Narrow, held.token);
        Ok(())
    }

    /// Requests the token of [`Identity::Expired`]; returns the time until it expires.
    ///
    /// # Errors
    /// A fragment: the run has no SMART client, or the response does not state when the token expires.
    pub async fn prepare_expired(&self) -> Result<Duration, String> {
        let (smart, client) = self.first_smart_client()?;
        let held = {
            let mut state = client.state.lock().await;
            let requested = self.requester().request_token(smart, &smart.scope, &mut state, false).await;
            requested.map_err(|trouble| trouble.message)?
        };
        let (lasts, since) = held.lasts.ok_or("the token response has no usable expires_in")?;
        self.special().insert(Identity::Expired, held.token);
        Ok((since + lasts).saturating_sub(self.sender.clock.elapsed()))
    }

    /// Sends the token request of `probe`: a valid one, or one that is invalid in one way. The recording shows the
    /// response; the run never uses the token. Sends nothing if the run has no SMART client.
    pub async fn probe(&self, flow: &str, probe: &Probe) {
        let Ok((smart, client)) = self.first_smart_client() else { return };
        let scope = match probe.identity {
            _ if probe.wrong == Some(Wrong::ForbiddenScope) => self.sender.settings.forbidden_scope.clone(),
            Identity::Narrow => narrow_scope(&smart.scope),
            _ => Some(smart.scope.clone()),
        };
        let Some(scope) = scope else { return };
        let purpose =
            Purpose { flow: Some(flow.to_owned()), role: Role::Probe, probe: Some(probe.id.clone()), file: None };
        let requester = self.requester();
        let mut state = client.state.lock().await;
        let Ok(request) = requester.prepare(smart, &scope, probe.wrong, &mut state).await else { return };
        let times = if probe.wrong == Some(Wrong::Replay) { 2 } else { 1 };
        for time in 1..=times {
            let Ok(response) = requester.post(&request, purpose.clone(), &state, false).await else { return };
            let exchange = response.head.pending.id();
            let issued = requester.read(response).await;
            if time < times {
                // A replay is a test only if the first use was accepted.
                if issued.is_err() {
                    return;
                }
                self.sender.recorder.supersede(exchange);
            }
        }
    }

    /// Replaces the key of the first client; returns how long servers may still use the old key, and `None` if the key
    /// is already replaced.
    ///
    /// # Errors
    /// A fragment: there is no key to replace, or no new key can be generated.
    pub async fn rotate_key(&self) -> Result<Option<Duration>, String> {
        let (_, client) = self.first_smart_client()?;
        let mut state = client.state.lock().await;
        key_rotation::rotate(&self.sender.settings, &mut state)
    }

    /// Restores the key of the first client, if it was replaced.
    pub async fn restore_key(&self) {
        if let Ok((smart, client)) = self.first_smart_client() {
            let mut state = client.state.lock().await;
            key_rotation::restore(&self.sender.settings, smart, &mut state);
        }
    }

    fn requester(&self) -> TokenRequester<'_> {
        TokenRequester::new(&self.sender)
    }

    fn special(&self) -> MutexGuard<'_, BTreeMap<Identity, Secret>> {
        self.special.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn first_smart_client(&self) -> Result<(&Smart, &Client), String> {
        let client = self.clients.of(Identity::Client);
        let smart = client.and_then(|client| Some((client.smart()?, client)));
        smart.ok_or_else(|| NO_SMART_CLIENT.to_owned())
    }
}
