//! The clients of a run and their tokens.

use std::time::Duration;

use tokio::sync::Mutex;
use url::Url;

use crate::base::secret::Secret;
use crate::recording::model::Trouble;
use crate::session::auth::signing_key::SigningKey;
use crate::settings::run_settings::{Credentials, Settings, Smart};
use crate::suite::flow::{Identity, Needs};

/// The reason if the run has no SMART client.
pub(crate) const NO_SMART_CLIENT: &str =
    "the run has no client of SMART Backend Services. Give --client-id and --key-file";

/// A token that the server issued.
pub(crate) struct HeldToken {
    pub token: Secret,
    /// When it must be renewed, since the run began.
    pub renew_at: Duration,
    /// The lifetime of the held token, and when that started, if the response states it.
    pub lasts: Option<(Duration, Duration)>,
    /// The scope that was granted, if the response names it.
    pub scope: Option<String>,
}

/// The token endpoint, the key and the token of a client, as far as known.
#[derive(Default)]
pub(crate) struct TokenState {
    pub endpoint: Option<Url>,
    pub key: Option<SigningKey>,
    pub held: Option<HeldToken>,
    /// The key that replaces the client's own key temporarily, and whether it does so now.
    pub next: Option<SigningKey>,
    pub rotated: bool,
    /// Whether the client's own key is in the key set that the run serves.
    pub published: bool,
    /// The last failure of a token request, and when it happened.
    pub failed: Option<(Duration, Trouble)>,
}

/// A client of the run.
pub(crate) struct Client {
    pub credentials: Credentials,
    /// Locked while a token is requested, so that one request serves all waiting callers.
    pub state: Mutex<TokenState>,
}

impl Client {
    fn new(credentials: &Credentials) -> Self {
        Self { credentials: credentials.clone(), state: Mutex::default() }
    }

    /// The settings of SMART Backend Services, if the client uses them.
    pub fn smart(&self) -> Option<&Smart> {
        match &self.credentials {
            Credentials::Smart(smart) => Some(smart),
            Credentials::None | Credentials::Token(_) => None,
        }
    }
}

/// The clients of a run.
pub(crate) struct Clients {
    first: Client,
    second: Option<Client>,
}

impl Clients {
    pub fn new(settings: &Settings) -> Self {
        Self { first: Client::new(&settings.credentials), second: settings.second.as_ref().map(Client::new) }
    }

    /// Whether requests of the first client carry a token.
    pub fn uses_tokens(&self) -> bool {
        !matches!(self.first.credentials, Credentials::None)
    }

    /// The client that an identity belongs to.
    pub fn of(&self, identity: Identity) -> Option<&Client> {
        match identity {
            Identity::SecondClient => self.second.as_ref(),
            _ => Some(&self.first),
        }
    }

    /// Whether a fresh token can replace a refused one of this identity.
    pub fn is_renewable(&self, identity: Identity) -> bool {
        let issued = matches!(identity, Identity::Client | Identity::SecondClient | Identity::Renewed);
        issued && self.of(identity).is_some_and(|client| client.smart().is_some())
    }

    /// The reason why a flow with these needs cannot start; `None` if it can.
    pub fn lacks(&self, needs: Needs, settings: &Settings) -> Option<&'static str> {
        let smart = self.first.smart().is_some();
        match needs {
            Needs::Any if !self.uses_tokens() => {
                Some("the run has no credentials. Give --client-id and --key-file, or --token-file")
            }
            Needs::Smart if !smart => Some(NO_SMART_CLIENT),
            Needs::KeySet if !smart || settings.key_set.is_none() => {
                Some("the run serves no key set of a SMART client. Give --jwks-addr with --client-id and --key-file")
            }
            Needs::ForbiddenGroup if settings.forbidden_group.is_none() => {
                Some("the run has no Group that the client may not export. Give --forbidden-group")
            }
            Needs::EmptyGroup if settings.empty_group.is_none() => {
                Some("the run has no Group without members. Give --empty-group")
            }
            Needs::SecondClient if self.second.is_none() => {
                Some("the run has only one client. Give --second-client-id")
            }
            _ => None,
        }
    }
}
