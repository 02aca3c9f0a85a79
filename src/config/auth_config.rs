//! The settings of `[auth]`: where credentials are, never what they are; and what the client may not have.

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
    pub struct AuthConfig {}

    /// `[auth]` of `plimsoll.toml`.
    pub struct AuthTable {
        // These are read only to be refused in words that help, see `SECRETS`.
        token: Option<Spanned<IgnoredAny>>,
        client_secret: Option<Spanned<IgnoredAny>>,
        password: Option<Spanned<IgnoredAny>>,
        key: Option<Spanned<IgnoredAny>>,
        private_key: Option<Spanned<IgnoredAny>>,
    }

    /// Credentials, and what the client may not have.
    flags AuthArgs {
        /// How requests are authorized; left out: by what is given below
        #[arg(long = "auth", env = "PLIMSOLL_AUTH", value_enum, value_name = "KIND")]
        #[serde(default, deserialize_with = "file_values::auth_kind")]
        kind: AuthKind = AuthKind::None,

        /// The variable that holds the token.
        #[serde(default, deserialize_with = "file_values::variable")]
        #[file(Masked)]
        token_env: Option<String>,

        /// A file that holds the bearer token; or set PLIMSOLL_TOKEN
        #[arg(long, env = "PLIMSOLL_TOKEN_FILE", value_name = "FILE")]
        token_file: Option<PathBuf>,

        /// SMART: the client id
        #[arg(long, env = "PLIMSOLL_CLIENT_ID", value_name = "ID")]
        #[file(Masked)]
        client_id: Option<String>,

        /// SMART: the file of the private key, PEM or JWK
        #[arg(long, env = "PLIMSOLL_KEY_FILE", value_name = "FILE")]
        key_file: Option<PathBuf>,

        /// SMART: the id by which the server knows the key
        #[arg(long, env = "PLIMSOLL_KEY_ID", value_name = "KID")]
        #[file(Masked)]
        key_id: Option<String>,

        /// SMART: the token endpoint; left out: by .well-known/smart-configuration
        #[arg(long, env = "PLIMSOLL_TOKEN_URL", value_name = "URL", value_parser = values::token_url)]
        #[serde(default, deserialize_with = "file_values::token_url")]
        #[file(Masked)]
        token_url: Option<Url>,

        /// SMART: the scopes asked for [default: system/*.read]
        #[arg(long, env = "PLIMSOLL_SCOPE", value_name = "SCOPES")]
        #[file(Masked)]
        scope: String = "system/*.read".to_owned(),

        /// The id of a second client, who must not see what the first exports
        #[arg(long, env = "PLIMSOLL_SECOND_CLIENT_ID", value_name = "ID")]
        #[file(Masked)]
        second_client_id: Option<String>,

        /// The file of its private key
        #[arg(long, env = "PLIMSOLL_SECOND_KEY_FILE", value_name = "FILE")]
        second_key_file: Option<PathBuf>,

        /// The id by which the server knows that key
        #[arg(long, env = "PLIMSOLL_SECOND_KEY_ID", value_name = "KID")]
        #[file(Masked)]
        second_key_id: Option<String>,

        /// A file that holds a bearer token of a second client
        #[arg(long, env = "PLIMSOLL_SECOND_TOKEN_FILE", value_name = "FILE")]
        second_token_file: Option<PathBuf>,

        /// SMART: serve the public key at http://ADDRESS/jwks.json while the run lasts; for a client registered by that URL
        #[arg(long, env = "PLIMSOLL_JWKS_ADDR", value_name = "ADDRESS")]
        #[file(Masked)]
        jwks_addr: Option<SocketAddr>,

        /// SMART: a scope that the server keeps from this client
        #[arg(long, env = "PLIMSOLL_FORBIDDEN_SCOPE", value_name = "SCOPE")]
        #[file(Masked)]
        forbidden_scope: Option<String> => forbidden_scope,

        /// A Group that this client may not export
        #[arg(long, env = "PLIMSOLL_FORBIDDEN_GROUP", value_name = "ID")]
        forbidden_group: Option<String> => forbidden_group,

        /// A resource that this client must never be given, such as Patient/17, or SYSTEM|CODE of its tag; may repeat
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
    /// Takes the token from the environment if there is one.
    pub fn take_token_variable(&mut self) {
        if std::env::var_os(TOKEN_VARIABLE).is_some_and(|token| !token.is_empty()) {
            self.token_env = token_variable();
        }
    }

    /// Decides what the values together mean: the token comes from one place, and credentials that somebody gave are
    /// used.
    pub(crate) fn settle(&mut self) {
        // A token file of the command line wins over the variable with the token; one that a variable names does not.
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
            let token = [&self.token_env.origin, &self.token_file.origin].into_iter().find(|o| **o != Origin::Default);
            match (&self.client_id, token) {
                (Setting { value: Some(_), origin }, _) => self.kind = Setting::new(AuthKind::Smart, origin.clone()),
                (_, Some(origin)) => self.kind = Setting::new(AuthKind::Token, origin.clone()),
                (_, None) => {}
            }
        }
    }
}

/// The setting that names the variable with the bearer token.
pub(crate) fn token_variable() -> Setting<Option<String>> {
    Setting::new(Some(TOKEN_VARIABLE.to_owned()), Origin::Env(TOKEN_VARIABLE.to_owned()))
}

impl AuthTable {
    /// The keys that hold a secret.
    pub(crate) const SECRETS: &'static [&'static str] = &["token", "client-secret", "password", "key", "private-key"];

    /// Where the file holds the first secret.
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

    /// The variable and the file with the token, and the kind, after both were given from these origins.
    fn settled(variable: Option<Origin>, file: Option<Origin>) -> (bool, bool, AuthKind, Origin) {
        let mut auth = AuthConfig::default();
        auth.token_env.set(variable.as_ref().map(|_| Some("TOKEN".to_owned())), variable);
        auth.token_file.set(file.as_ref().map(|_| Some(PathBuf::from("token"))), file);
        auth.settle();
        (auth.token_env.value.is_some(), auth.token_file.value.is_some(), auth.kind.value, auth.kind.origin)
    }

    #[test]
    fn the_token_comes_from_the_nearest_place() {
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
            let wanted = (variable_wins, !variable_wins, AuthKind::Token, winner);
            assert_eq!(settled(Some(variable), Some(file)), wanted);
        }
        assert_eq!(settled(None, None), (false, false, AuthKind::None, Origin::Default));
    }

    #[test]
    fn credentials_that_are_given_are_used_unless_the_kind_says_otherwise() {
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
