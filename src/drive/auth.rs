//! How requests are authorized.

use super::session::Session;
use super::settings::{Credentials, Settings};
use crate::secret::Secret;
use crate::tape::model::Trouble;

/// What is known of tokens.
pub(super) struct Auth {
    credentials: Credentials,
}

impl Auth {
    pub(super) fn new(settings: &Settings) -> Self {
        Self { credentials: settings.credentials.clone() }
    }

    /// Whether requests carry a token at all.
    pub(super) fn at_play(&self) -> bool {
        !matches!(self.credentials, Credentials::None)
    }

    /// Whether a refused token can be had anew.
    pub(super) fn renewable(&self) -> bool {
        matches!(self.credentials, Credentials::Smart(_))
    }
}

impl Session {
    /// The token of the run's own client; another one than `refused`.
    pub(super) async fn token(&self, _refused: Option<&Secret>) -> Result<Option<Secret>, Trouble> {
        Ok(match &self.shared.auth.credentials {
            Credentials::Token(token) => Some(token.clone()),
            Credentials::None | Credentials::Smart(_) => None,
        })
    }
}
