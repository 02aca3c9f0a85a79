//! The settings of `[auth]`: where credentials are stored, never the secrets themselves, and what the client must not
//! get.

use std::net::SocketAddr;
use std::path::PathBuf;

use serde::de::IgnoredAny;
use toml::Spanned;
use url::Url;

use crate::config::file_values;
use crate::config::setting::{Origin, Setting};
use crate::config::values;
use crate::config::values::AuthKind;

/// The variable that holds the bearer token.
const TOKEN_VARIABLE: &str = "PLIMSOLL_TOKEN";

settings! {
    /// How requests are authorized.
    pub struct AuthConfig {
        /// Whether `kind` was not set, and follows from the credentials.
        pub derived: bool,
    }

    /// `[auth]` of `plimsoll.toml`.
    pub struct AuthTable {
        // These keys are read only to refuse them with a helpful message, see `SECRETS`.
        token: Option<Spanned<IgnoredAny>>,
        client_secret: Option<Spanned<IgnoredAny>>,
        password: Option<Spanned<IgnoredAny>>,
        key: Option<Spanned<IgnoredAny>>,
        private_key: Option<Spanned<IgnoredAny>>,
    }

    /// Credentials, and what the client must not get.
    flags AuthArgs {
        /// Authorize requests in this way [default: smart with a client id, token with a token, otherwise none]
        #[arg(long = "auth", env = "PLIMSOLL_AUTH", value_enum, value_name = "KIND")]
        #[serde(default, deserialize_with = "file_values::auth_kind")]
        kind: AuthKind = AuthKind::None,

        /// The environment variable that holds the bearer token.
        #[serde(default, deserialize_with = "file_values::variable")]
        #[file(Masked)]
        token_env: Option<String>,

        /// Read the bearer token from this file; the variable PLIMSOLL_TOKEN can hold it instead
        #[arg(long, env = "PLIMSOLL_TOKEN_FILE", value_name = "FILE")]
        token_file: Option<PathBuf>,

        /// Use SMART Backend Services with this client id
        #[arg(long, env = "PLIMSOLL_CLIENT_ID", value_name = "ID")]
        #[file(Masked)]
        client_id: Option<String>,

        /// Sign SMART assertions with the private key in this file, PEM or JWK
        #[arg(long, env = "PLIMSOLL_KEY_FILE", value_name = "FILE")]
        key_file: Option<PathBuf>,

        /// Name this key id (kid) in SMART assertions; the server knows the key by it
        #[arg(long, env = "PLIMSOLL_KEY_ID", value_name = "KID")]
        #[file(Masked)]
        key_id: Option<String>,

        /// Request SMART tokens from this endpoint [default: the one in .well-known/smart-configuration]
        #[arg(long, env = "PLIMSOLL_TOKEN_URL", value_name = "URL", value_parser = values::token_url)]
        #[serde(default, deserialize_with = "file_values::token_url")]
        #[file(Masked)]
        token_url: Option<Url>,

        /// Request these SMART scopes [default: system/*.read]
        #[arg(long, env = "PLIMSOLL_SCOPE", value_name = "SCOPES")]
        #[file(Masked)]
        scope: String = "system/*.read".to_owned(),

        /// Test with this second SMART client that it cannot access the jobs of the first
        #[arg(long, env = "PLIMSOLL_SECOND_CLIENT_ID", value_name = "ID")]
        #[file(Masked)]
        second_client_id: Option<String>,

        /// Sign assertions of the second client with the private key in this file
        #[arg(long, env = "PLIMSOLL_SECOND_KEY_FILE", value_name = "FILE")]
        second_key_file: Option<PathBuf>,

        /// Name this key id (kid) in assertions of the second client
        #[arg(long, env = "PLIMSOLL_SECOND_KEY_ID", value_name = "KID")]
        #[file(Masked)]
        second_key_id: Option<String>,

        /// Test with the bearer token in this file, of a second client, that it cannot access the jobs of the first
        #[arg(long, env = "PLIMSOLL_SECOND_TOKEN_FILE", value_name = "FILE")]
        second_token_file: Option<PathBuf>,

        /// Serve the public key at http://ADDRESS/jwks.json during the run, for a SMART client registered with that URL
        #[arg(long, env = "PLIMSOLL_JWKS_ADDR", value_name = "ADDRESS")]
        #[file(Masked)]
        jwks_addr: Option<SocketAddr>,

        /// Test that the server does not grant this SMART scope to the client
        #[arg(long, env = "PLIMSOLL_FORBIDDEN_SCOPE", value_name = "SCOPE")]
        #[file(Masked)]
        forbidden_scope: Option<String> => forbidden_scope,

        /// Test that the client cannot export this Group
        #[arg(long, env = "PLIMSOLL_FORBIDDEN_GROUP", value_name = "ID")]
        forbidden_group: Option<String> => forbidden_group,

        /// Test that no export contains this resource: an id such as Patient/17, or the SYSTEM|CODE
        /// of a tag in its meta.tag; may repeat
        #[arg(
            long = "forbidden-resource",
            env = "PLIMSOLL_FORBIDDEN_RESOURCE",
            value_name = "RESOURCE",
            value_delimiter = ',',
            value_parser = values::mark
        )]
        #[serde(default, deserialize_with = "file_values::marks")]
        forbidden_resources: Vec<String>,
    }
}

impl AuthConfig {
    /// Returns whether only a token says that requests are authorized, and no `--auth`.
    pub(crate) fn is_kind_derived_from_token(&self) -> bool {
        self.kind.value == AuthKind::Token && self.derived
    }

    /// Uses the variable `PLIMSOLL_TOKEN` if it is set.
    pub fn take_token_variable(&mut self) {
        if std::env::var_os(TOKEN_VARIABLE).is_some_and(|token| !token.is_empty()) {
            self.token_env = token_variable();
        }
    }

    /// Resolves values that depend on each other: keeps one source of the token, and derives the kind of authorization
    /// from the credentials if it was not set.
    pub(crate) fn settle(&mut self) {
        // A token file on the command line takes precedence over the variable with the token; a token file that a
        // variable names does not.
        let file_rank = match self.token_file.origin {
            Origin::Flag => 0,
            Origin::Env(_) => 2,
            _ => 4,
        };
        let variable_rank = if matches!(self.token_env.origin, Origin::Env(_)) { 1 } else { 3 };
        if self.token_file.value.is_some() && self.token_env.value.is_some() {
            if file_rank < variable_rank {
                self.token_env = Setting::default();
            } else {
                self.token_file = Setting::default();
            }
        }
        if self.kind.origin == Origin::Default {
            self.derived = true;
            let token = [&self.token_env.origin, &self.token_file.origin].into_iter().find(|o| **o != Origin::Default);
            match (&self.client_id, token) {
                (Setting { value: Some(_), origin }, _) => self.kind = Setting::new(AuthKind::Smart, origin.clone()),
                (_, Some(origin)) => self.kind = Setting::new(AuthKind::Token, origin.clone()),
                (_, None) => {}
            }
        }
    }
}

/// Returns the setting that names the variable with the bearer token.
pub(crate) fn token_variable() -> Setting<Option<String>> {
    Setting::new(Some(TOKEN_VARIABLE.to_owned()), Origin::Env(TOKEN_VARIABLE.to_owned()))
}

impl AuthTable {
    /// The keys that hold a secret.
    pub(crate) const SECRETS: &'static [&'static str] = &["token", "client-secret", "password", "key", "private-key"];

    /// Returns the place of the first secret in the file.
    pub(crate) fn secret(&self) -> Option<std::ops::Range<usize>> {
        let secrets = [&self.token, &self.client_secret, &self.password, &self.key, &self.private_key];
        secrets.into_iter().flatten().map(Spanned::span).next()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file_line(line: usize) -> Origin {
        Origin::File("plimsoll.toml".into(), line)
    }

    /// Whether the variable and the file with the token are kept, and the kind, after both were given from these
    /// origins.
    fn settled(variable: Option<Origin>, file: Option<Origin>) -> (bool, bool, AuthKind, Origin) {
        let mut auth = AuthConfig::default();
        auth.token_env.set(variable.as_ref().map(|_| Some("TOKEN".to_owned())), variable);
        auth.token_file.set(file.as_ref().map(|_| Some(PathBuf::from("token"))), file);
        auth.settle();
        (auth.token_env.value.is_some(), auth.token_file.value.is_some(), auth.kind.value, auth.kind.origin)
    }

    #[test]
    fn the_token_source_with_the_highest_precedence_is_kept() {
        let token = || Origin::Env(TOKEN_VARIABLE.to_owned());
        let file_variable = || Origin::Env("PLIMSOLL_TOKEN_FILE".to_owned());
        for (variable, file, variable_wins) in [
            (token(), Origin::Flag, false),
            (token(), file_variable(), true),
            (token(), file_line(2), true),
            (file_line(1), Origin::Flag, false),
            (file_line(1), file_variable(), false),
            (file_line(1), file_line(2), true),
        ] {
            let winner = if variable_wins { variable.clone() } else { file.clone() };
            let expected = (variable_wins, !variable_wins, AuthKind::Token, winner);
            assert_eq!(settled(Some(variable), Some(file)), expected);
        }
        assert_eq!(settled(None, None), (false, false, AuthKind::None, Origin::Default));
    }

    #[test]
    fn given_credentials_decide_the_kind_unless_it_is_set() {
        let mut auth =
            AuthConfig { client_id: Setting::new(Some("me".to_owned()), file_line(3)), ..Default::default() };
        auth.token_env = token_variable();
        auth.settle();
        assert_eq!(auth.kind, Setting::new(AuthKind::Smart, file_line(3)));
        auth.kind = Setting::new(AuthKind::None, file_line(1));
        auth.settle();
        assert_eq!(auth.kind.value, AuthKind::None);
    }
}
