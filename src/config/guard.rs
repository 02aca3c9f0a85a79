//! Reads credentials, and decides where they may be sent. A configuration file that was found in the working directory,
//! perhaps in a cloned repository, must not choose where credentials are sent.

use std::io::Read;
use std::path::Path;

use crate::base::secret::Secret;
use crate::config::auth_config::AuthConfig;
use crate::config::run_config::RunConfig;
use crate::config::setting::{Origin, Setting};
use crate::config::values::AuthKind;
use crate::settings::run_settings::{Credentials, Smart};

/// The longest token or key that is read, in bytes.
const MAX_BYTES: u64 = 64 << 10;

/// Returns why the configuration is refused: a file that the user did not name decides where credentials are sent.
/// `None` if it is not refused.
pub fn refusal(config: &RunConfig) -> Option<String> {
    if config.auth.kind.value == AuthKind::None || config.target.value.is_none() {
        return None;
    }
    let smart = config.auth.kind.value == AuthKind::Smart;
    let settings = [
        ("the base URL", Some(&config.target.origin), "give it on the command line"),
        ("the token URL", smart.then_some(&config.auth.token_url.origin), "give it with --token-url"),
        ("an origin that receives the token", Some(&config.allow_origins.origin), "give it with --allow-origin"),
        ("insecure", config.insecure.value.then_some(&config.insecure.origin), "give --insecure"),
        ("allow-http", config.allow_http.value.then_some(&config.allow_http.origin), "give --allow-http"),
        ("a certificate authority", Some(&config.ca_file.origin), "give it with --ca-file"),
        ("the use of proxies", config.proxy.value.then_some(&config.proxy.origin), "give --proxy"),
    ];
    settings.into_iter().find_map(|(what, origin, how)| match origin {
        Some(place @ Origin::Found(path, _)) => Some(format!(
            "credentials are not sent: {place} sets {what}, but the command line does not name this file; {how}, or \
             give --config {} if you trust the file",
            path.display()
        )),
        _ => None,
    })
}

/// Reads the credentials. Call [`refusal`] first. An error is a fragment and holds no secret.
pub fn credentials(config: &RunConfig) -> Result<Credentials, String> {
    let auth = &config.auth;
    match auth.kind.value {
        AuthKind::None => Ok(Credentials::None),
        AuthKind::Token => token(auth).map(Credentials::Token),
        AuthKind::Smart => {
            let client_id = auth.client_id.value.as_ref().ok_or("SMART needs a client id; give --client-id ID")?;
            let key_file = auth.key_file.value.as_ref().ok_or("SMART needs a private key; give --key-file FILE")?;
            smart(auth, client_id, key_file, &auth.key_id).map(Credentials::Smart)
        }
    }
}

/// Reads the credentials of the second client, if one is named. Call [`refusal`] first. An error is a fragment and
/// holds no secret.
pub fn second(config: &RunConfig) -> Result<Option<Credentials>, String> {
    let auth = &config.auth;
    match (auth.kind.value, &auth.second_client_id.value, &auth.second_token_file.value) {
        (AuthKind::Smart, Some(id), _) => {
            let key_file = auth.second_key_file.value.as_ref();
            let key_file = key_file.ok_or("the second client needs a key; give --second-key-file FILE")?;
            smart(auth, id, key_file, &auth.second_key_id).map(|client| Some(Credentials::Smart(client)))
        }
        (AuthKind::Token, _, Some(path)) => bearer_of(path).map(|token| Some(Credentials::Token(token))),
        (AuthKind::Smart, None, Some(_)) => Err(
            "the first client uses SMART, so the second must; give --second-client-id ID and --second-key-file FILE"
                .to_owned(),
        ),
        (AuthKind::Token, Some(_), None) => {
            Err("the first client uses a token, so the second must; give --second-token-file FILE".to_owned())
        }
        (AuthKind::None, Some(_), _) | (AuthKind::None, _, Some(_)) => {
            Err("a second client needs a first one; give the credentials of the first too".to_owned())
        }
        _ => Ok(None),
    }
}

/// Reads a SMART client. Token URL and scopes are the same for both clients.
fn smart(auth: &AuthConfig, id: &str, key_file: &Path, key_id: &Setting<Option<String>>) -> Result<Smart, String> {
    Ok(Smart {
        client_id: id.to_owned(),
        key: Secret::new(read(key_file, "key file")?),
        key_id: key_id.value.clone(),
        token_url: auth.token_url.value.clone(),
        scope: auth.scope.value.clone(),
    })
}

/// Reads the bearer token.
fn token(auth: &AuthConfig) -> Result<Secret, String> {
    match (&auth.token_env, &auth.token_file.value) {
        (Setting { value: Some(name), origin }, _) => {
            let text =
                std::env::var(name).map_err(|_| format!("the environment variable {name} ({origin}) is not set"))?;
            bearer(&text, name)
        }
        (_, Some(path)) => bearer_of(path),
        (_, None) => Err("no token is given; set PLIMSOLL_TOKEN or give --token-file FILE".to_owned()),
    }
}

fn bearer_of(path: &Path) -> Result<Secret, String> {
    bearer(&read(path, "token file")?, &path.display().to_string())
}

fn bearer(text: &str, from: &str) -> Result<Secret, String> {
    // Users paste the complete header value. Do not send `Bearer Bearer x`.
    let text = text.trim();
    let text = text.strip_prefix("Bearer ").unwrap_or(text).trim();
    if text.is_empty() || !text.bytes().all(|b| b.is_ascii_graphic()) {
        return Err(format!("{from} does not hold a bearer token; expected one word of printable ASCII"));
    }
    Ok(Secret::new(text))
}

fn read(path: &Path, what: &str) -> Result<String, String> {
    let refuse = |why: String| format!("cannot read the {what} {}: {why}", path.display());
    let file = std::fs::File::open(path).map_err(|e| refuse(e.to_string()))?;
    let mut text = String::new();
    file.take(MAX_BYTES + 1).read_to_string(&mut text).map_err(|e| refuse(e.to_string()))?;
    if text.len() as u64 > MAX_BYTES { Err(refuse(format!("it is longer than {MAX_BYTES} bytes"))) } else { Ok(text) }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
mod tests {
    use super::*;
    use crate::config::auth_config::token_variable;
    use crate::config::file::ConfigFile;
    use crate::config::values;

    fn config(given: impl FnOnce(&mut RunConfig), toml: &str, found: bool) -> RunConfig {
        let file = ConfigFile::parse("plimsoll.toml".into(), found, toml.to_owned()).unwrap();
        ConfigFile::configure(Some(&file), given)
    }

    fn nothing(_: &mut RunConfig) {}

    fn token(config: &mut RunConfig) {
        config.auth.token_env = token_variable();
    }

    fn token_and_url(config: &mut RunConfig) {
        token(config);
        config.target = Setting::new(Some(values::base_url("https://mine.example/fhir").unwrap()), Origin::Flag);
    }

    #[test]
    fn a_found_file_cannot_choose_the_target_of_the_token() {
        let toml = "target = \"https://theirs.example/fhir\"\n";
        let refused = refusal(&config(token, toml, true)).unwrap();
        assert!(refused.contains("plimsoll.toml:1") && refused.contains("--config"), "{refused}");
        assert_eq!(refusal(&config(token, toml, false)), None, "a named file is trusted");
        assert_eq!(refusal(&config(token_and_url, toml, true)), None, "the URL of the command line takes precedence");
        assert_eq!(refusal(&config(nothing, toml, true)), None, "no secret is sent");
    }

    #[test]
    fn a_found_file_cannot_expose_the_token() {
        for toml in [
            "allow-origins = [\"https://theirs.example\"]",
            "insecure = true",
            "allow-http = true",
            "ca-file = \"theirs.pem\"",
            "proxy = true",
        ] {
            assert!(refusal(&config(token_and_url, toml, true)).is_some(), "{toml}");
            assert_eq!(refusal(&config(token_and_url, toml, false)), None, "{toml}");
        }
        let smart = "[auth]\nclient-id = \"me\"\nkey-file = \"key.pem\"\ntoken-url = \"https://theirs.example/token\"";
        assert!(refusal(&config(token_and_url, smart, true)).is_some());
    }

    #[test]
    fn a_found_file_cannot_send_a_file_of_its_choice() {
        let toml = "target = \"https://theirs.example\"\n[auth]\ntoken-file = \"/home/me/.netrc\"";
        assert!(refusal(&config(nothing, toml, true)).is_some());
    }

    #[test]
    fn a_second_client_needs_a_first_one_of_the_same_kind() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str, text: &str| {
            std::fs::write(folder.path().join(name), text).unwrap();
            format!("{:?}", folder.path().join(name))
        };
        let (one, two) = (path("one", "first-token"), path("two", "second-token"));
        let of = |auth: &str| second(&config(nothing, &format!("[auth]\n{auth}"), false));
        assert!(matches!(of("token-file = 'x'"), Ok(None)));
        match of(&format!("token-file = {one}\nsecond-token-file = {two}")).unwrap().unwrap() {
            Credentials::Token(token) => assert_eq!(token.reveal(), "second-token"),
            other => panic!("{other:?}"),
        }
        let smart = format!("client-id = 'a'\nkey-file = {one}\nscope = 's'\n");
        match of(&format!("{smart}second-client-id = 'b'\nsecond-key-file = {two}\nsecond-key-id = 'k2'")) {
            Ok(Some(Credentials::Smart(smart))) => {
                assert_eq!((smart.client_id.as_str(), smart.key_id.as_deref()), ("b", Some("k2")));
                assert_eq!((smart.key.reveal(), smart.scope.as_str()), ("second-token", "s"));
            }
            other => panic!("{other:?}"),
        }
        for (auth, expected) in [
            (format!("{smart}second-client-id = 'b'"), "--second-key-file"),
            (format!("{smart}second-token-file = {two}"), "--second-client-id"),
            (format!("token-file = {one}\nsecond-client-id = 'b'"), "--second-token-file"),
            ("second-client-id = 'b'".to_owned(), "needs a first one"),
        ] {
            let error = of(&auth).unwrap_err();
            assert!(error.contains(expected), "{auth}: {error}");
        }
    }

    #[test]
    fn a_token_file_is_read_without_bearer_prefix_and_never_shown() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("token");
        std::fs::write(&path, "Bearer abc.def\n").unwrap();
        let config = ConfigFile::configure(None, |config| {
            config.auth.token_file = Setting::new(Some(path.clone()), Origin::Flag);
        });
        match credentials(&config).unwrap() {
            Credentials::Token(secret) => assert_eq!(secret.reveal(), "abc.def"),
            other => panic!("{other:?}"),
        }
        std::fs::write(&path, "two words").unwrap();
        let error = credentials(&config).unwrap_err();
        assert!(!error.contains("two words"), "{error}");
    }
}
