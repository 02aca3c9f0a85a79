//! Whose token goes with a request: a token that lasts, one of SMART Backend Services that is renewed before it ends, or
//! one that is no good on purpose.

use std::collections::BTreeMap;
use std::sync::PoisonError;
use std::time::Duration;

use aws_lc_rs::rand;
use tokio::sync::Mutex;
use url::Url;

use crate::base::secret::Secret;
use crate::recording::model::{Trouble, TroubleKind};
use crate::session::auth::assertion::SigningKey;
use crate::session::auth::invalid_token_requests;
use crate::session::client::{Session, trouble};
use crate::settings::run_settings::{Credentials, Settings};
use crate::suite::flow::{Identity, Needs};

/// How long a failure is remembered: many flows ask at once, and the token endpoint need not hear them all.
const PATIENCE: Duration = Duration::from_secs(5);

/// What is known of tokens.
pub(crate) struct Auth {
    first: Client,
    second: Option<Client>,
    key_set: bool,
    forbidden_group: bool,
    /// Whether a Group without members is named.
    empty_group: bool,
    /// Tokens that are no good on purpose, and the narrower one.
    special: std::sync::Mutex<BTreeMap<Identity, Secret>>,
}

/// One of the run's clients.
pub(crate) struct Client {
    pub credentials: Credentials,
    /// HeldToken while a token is fetched, so that one request serves all who wait.
    pub state: Mutex<TokenState>,
}

#[derive(Default)]
pub(crate) struct TokenState {
    pub endpoint: Option<Url>,
    pub key: Option<SigningKey>,
    pub held: Option<HeldToken>,
    /// The key that takes the place of the client's own for a while, and whether it does.
    pub next: Option<SigningKey>,
    pub rotated: bool,
    /// Whether the client's own key is in the key set that the run serves.
    pub published: bool,
    failed: Option<(Duration, Trouble)>,
}

/// A token that was given.
pub(crate) struct HeldToken {
    pub token: Secret,
    /// When it is to be renewed, since the run began.
    pub renew_at: Duration,
    /// How long it lasts, and since when, as far as the answer says so.
    pub lasts: Option<(Duration, Duration)>,
    /// The scope that was granted, where the answer names it.
    pub scope: Option<String>,
}

impl Client {
    fn new(credentials: &Credentials) -> Self {
        Self { credentials: credentials.clone(), state: Mutex::default() }
    }

    fn is_smart(&self) -> bool {
        matches!(self.credentials, Credentials::Smart(_))
    }
}

impl Auth {
    pub(crate) fn new(settings: &Settings) -> Self {
        Self {
            first: Client::new(&settings.credentials),
            second: settings.second.as_ref().map(Client::new),
            key_set: settings.key_set.is_some(),
            forbidden_group: settings.forbidden_group.is_some(),
            empty_group: settings.empty_group.is_some(),
            special: std::sync::Mutex::default(),
        }
    }

    /// Whether requests of the run's own client carry a token at all.
    pub(crate) fn at_play(&self) -> bool {
        !matches!(self.first.credentials, Credentials::None)
    }

    /// The client that an identity belongs to.
    pub(crate) fn client(&self, identity: Identity) -> Option<&Client> {
        match identity {
            Identity::SecondClient => self.second.as_ref(),
            _ => Some(&self.first),
        }
    }

    /// Whether a refused token of this identity can be had anew.
    pub(crate) fn renewable(&self, identity: Identity) -> bool {
        let own = matches!(identity, Identity::Client | Identity::SecondClient | Identity::Renewed);
        own && self.client(identity).is_some_and(Client::is_smart)
    }

    /// Why a flow that needs credentials cannot begin, a fragment; none: it can.
    pub(crate) fn lacks(&self, needs: Needs) -> Option<&'static str> {
        match needs {
            Needs::Any if !self.at_play() => {
                Some("this run was given no credentials, so that nothing shows whether the target asks for any")
            }
            Needs::Smart if !self.first.is_smart() => Some("this run was given no client of SMART Backend Services"),
            Needs::KeySet if !self.first.is_smart() || !self.key_set => {
                Some("this run serves no keys of a client, which --jwks-addr does")
            }
            Needs::ForbiddenGroup if !self.forbidden_group => {
                Some("no Group is named that the client may not export, which --forbidden-group does")
            }
            Needs::EmptyGroup if !self.empty_group => {
                Some("no Group without members is named, which --empty-group does")
            }
            Needs::SecondClient if self.second.is_none() => Some("this run was given no second client"),
            _ => None,
        }
    }

    fn special(&self) -> std::sync::MutexGuard<'_, BTreeMap<Identity, Secret>> {
        self.special.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Session {
    /// Why a flow that needs credentials cannot begin, a fragment; none: it can.
    pub(crate) fn lacks(&self, needs: Needs) -> Option<&'static str> {
        self.shared.auth.lacks(needs)
    }

    /// The token that goes with requests of `identity`, another one than `refused`. Clean-up gets one though the run was
    /// interrupted.
    pub(crate) async fn token(
        &self,
        identity: Identity,
        refused: Option<&Secret>,
        cleanup: bool,
    ) -> Result<Option<Secret>, Trouble> {
        match identity {
            Identity::None => Ok(None),
            Identity::Client | Identity::SecondClient | Identity::Renewed => {
                self.own_token(identity, refused, cleanup).await
            }
            Identity::Garbage => self.garbage().map(Some),
            Identity::Tampered => {
                let Some(own) = self.own_token(Identity::Client, None, cleanup).await? else { return Ok(None) };
                let changed = Secret::new(invalid_token_requests::one_character_changed(own.reveal()));
                self.shared.recorder.redactor().hide(changed.reveal());
                Ok(Some(changed))
            }
            Identity::Expired | Identity::Narrow => {
                let held = self.shared.auth.special().get(&identity).cloned();
                held.map(Some).ok_or_else(|| trouble(TroubleKind::NotSent, "such a token could not be had"))
            }
        }
    }

    async fn own_token(
        &self,
        identity: Identity,
        refused: Option<&Secret>,
        cleanup: bool,
    ) -> Result<Option<Secret>, Trouble> {
        let Some(client) = self.shared.auth.client(identity) else {
            return Err(trouble(TroubleKind::NotSent, "no second client is configured, as whom this would be sent"));
        };
        let smart = match &client.credentials {
            Credentials::None => return Ok(None),
            Credentials::Token(token) => return Ok(Some(token.clone())),
            Credentials::Smart(smart) => smart,
        };
        let mut state = client.state.lock().await;
        let now = self.shared.clock.elapsed();
        if let Some(held) = &state.held
            && Some(&held.token) != refused
            && now < held.renew_at
        {
            return Ok(Some(held.token.clone()));
        }
        if let Some((since, trouble)) = &state.failed
            && now < *since + PATIENCE
        {
            return Err(trouble.clone());
        }
        match self.fetch(smart, &smart.scope, &mut state, cleanup).await {
            Ok(held) => {
                let token = held.token.clone();
                (state.held, state.failed) = (Some(held), None);
                Ok(Some(token))
            }
            Err(trouble) => {
                if trouble.kind != TroubleKind::Interrupted {
                    state.failed = Some((self.shared.clock.elapsed(), trouble.clone()));
                }
                Err(trouble)
            }
        }
    }

    /// Lets go of the run's own token: the next request fetches a fresh one.
    pub(crate) async fn renew(&self) {
        if let Some(client) = self.shared.auth.client(Identity::Client).filter(|client| client.is_smart()) {
            client.state.lock().await.held = None;
        }
    }

    /// A token that no server gave.
    fn garbage(&self) -> Result<Secret, Trouble> {
        let mut special = self.shared.auth.special();
        if let Some(known) = special.get(&Identity::Garbage) {
            return Ok(known.clone());
        }
        let mut bytes = [0_u8; 24];
        rand::fill(&mut bytes).map_err(|_| trouble(TroubleKind::NotSent, "the system gives no random bytes"))?;
        let text: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        self.shared.recorder.redactor().hide(&text);
        let made = Secret::new(text);
        special.insert(Identity::Garbage, made.clone());
        Ok(made)
    }

    /// Gets the token of [`Identity::Narrow`] ready.
    ///
    /// # Errors
    /// Why there is none, a fragment: the run has no SMART client, or the server gives no narrower token.
    pub(crate) async fn narrow(&self) -> Result<(), String> {
        if self.shared.auth.special().contains_key(&Identity::Narrow) {
            return Ok(());
        }
        let (smart, client) = self.own_smart()?;
        let scope = invalid_token_requests::narrow_scope(&smart.scope)
            .ok_or_else(|| format!("the scope {:?} cannot be narrowed to Patient resources", smart.scope))?;
        let held = {
            let mut state = client.state.lock().await;
            self.fetch(smart, &scope, &mut state, false).await.map_err(|trouble| trouble.message)?
        };
        let granted = held.scope.as_deref().unwrap_or(&scope);
        if !invalid_token_requests::is_patient_alone(granted) {
            return Err(format!("the server granted {granted:?} where {scope:?} was asked for"));
        }
        self.shared.auth.special().insert(Identity::Narrow, held.token);
        Ok(())
    }

    /// Gets the token of [`Identity::Expired`] ready; gives how long from now it still lasts.
    ///
    /// # Errors
    /// Why there is none, a fragment: the run has no SMART client, or the token has no end.
    pub(crate) async fn soon_expired(&self) -> Result<Duration, String> {
        let (smart, client) = self.own_smart()?;
        let held = {
            let mut state = client.state.lock().await;
            self.fetch(smart, &smart.scope, &mut state, false).await.map_err(|trouble| trouble.message)?
        };
        let (lasts, since) = held.lasts.ok_or("the token's answer does not say how long it lasts")?;
        self.shared.auth.special().insert(Identity::Expired, held.token);
        Ok((since + lasts).saturating_sub(self.shared.clock.elapsed()))
    }

    pub(crate) fn own_smart(&self) -> Result<(&crate::settings::run_settings::Smart, &Client), String> {
        let client = self.shared.auth.client(Identity::Client);
        match client.map(|client| (&client.credentials, client)) {
            Some((Credentials::Smart(smart), client)) => Ok((smart, client)),
            _ => Err("this run was given no client of SMART Backend Services".to_owned()),
        }
    }
}
