//! Credentials: where they may go, and reading them. A configuration file that merely lay in the working directory, in
//! a repository somebody cloned perhaps, cannot have them sent to a place of its choice.

use std::io::Read;
use std::path::Path;

use crate::base::secret::Secret;
use crate::config::effective::{Effective, Origin, TokenPlace};
use crate::config::values::AuthKind;
use crate::settings::run_settings::{Credentials, Smart};

/// The longest token or key that is read, in bytes.
const LIMIT: u64 = 64 << 10;

/// Why a found file's say must not stand; none: it may.
pub fn refusal(config: &Effective) -> Option<String> {
    if config.auth.value == AuthKind::None {
        return None;
    }
    let target = config.target.as_ref()?;
    let smart = config.auth.value == AuthKind::Smart;
    let culprits = [
        ("the base URL", Some(&target.origin), "give it on the command line"),
        ("the token URL", config.token_url.as_ref().filter(|_| smart).map(|s| &s.origin), "give it by --token-url"),
        ("an origin that may see the token", Some(&config.allow_origins.origin), "give it by --allow-origin"),
        ("insecure", config.insecure.value.then_some(&config.insecure.origin), "give --insecure"),
        ("allow-http", config.allow_http.value.then_some(&config.allow_http.origin), "give --allow-http"),
        ("a certificate authority", config.ca_file.as_ref().map(|s| &s.origin), "give it by --ca-file"),
        ("the use of proxies", config.proxy.value.then_some(&config.proxy.origin), "give --proxy"),
    ];
    culprits.into_iter().find_map(|(what, origin, how)| match origin {
        Some(place @ Origin::Found(path, _)) => Some(format!(
            "credentials are not sent where a configuration file that was merely found says: {what} stands at {place}; \
             {how}, or name the file if you trust it: --config {}",
            path.display()
        )),
        _ => None,
    })
}

/// Reads the credentials. Call [`refusal`] first. An error is a fragment and holds no secret.
pub fn credentials(config: &Effective) -> Result<Credentials, String> {
    match config.auth.value {
        AuthKind::None => Ok(Credentials::None),
        AuthKind::Token => token(config).map(Credentials::Token),
        AuthKind::Smart => {
            let client_id = config.client_id.as_ref().ok_or("SMART needs a client id; give --client-id ID")?;
            let key_file = config.key_file.as_ref().ok_or("SMART needs a private key; give --key-file FILE")?;
            Ok(Credentials::Smart(Smart {
                client_id: client_id.value.clone(),
                key: Secret::new(read(&key_file.value, "key file")?),
                key_id: config.key_id.as_ref().map(|s| s.value.clone()),
                token_url: config.token_url.as_ref().map(|s| s.value.clone()),
                scope: config.scope.value.clone(),
            }))
        }
    }
}

/// Reads the credentials of the second client, if one is named. Call [`refusal`] first. An error is a fragment and holds
/// no secret.
pub fn second(config: &Effective) -> Result<Option<Credentials>, String> {
    match (config.auth.value, &config.second_client_id, &config.second_token_file) {
        (AuthKind::Smart, Some(id), _) => {
            let key_file =
                config.second_key_file.as_ref().ok_or("the second client needs a key; give --second-key-file FILE")?;
            Ok(Some(Credentials::Smart(Smart {
                client_id: id.value.clone(),
                key: Secret::new(read(&key_file.value, "key file")?),
                key_id: config.second_key_id.as_ref().map(|s| s.value.clone()),
                token_url: config.token_url.as_ref().map(|s| s.value.clone()),
                scope: config.scope.value.clone(),
            })))
        }
        (AuthKind::Token, _, Some(path)) => bearer_of(&path.value).map(|token| Some(Credentials::Token(token))),
        (AuthKind::Smart, None, Some(_)) => {
            Err("a second token goes with a first one; give --second-client-id ID and --second-key-file FILE"
                .to_owned())
        }
        (AuthKind::Token, Some(_), None) => {
            Err("a second SMART client goes with a first one; give --second-token-file FILE".to_owned())
        }
        (AuthKind::None, Some(_), _) | (AuthKind::None, _, Some(_)) => {
            Err("a second client needs a first one; give its credentials, too".to_owned())
        }
        _ => Ok(None),
    }
}

fn bearer_of(path: &Path) -> Result<Secret, String> {
    bearer(&read(path, "token file")?, &path.display().to_string())
}

/// Reads the bearer token.
fn token(config: &Effective) -> Result<Secret, String> {
    let place = config.token.as_ref().ok_or("no token is given; set PLIMSOLL_TOKEN or give --token-file FILE")?;
    let (text, from) = match &place.value {
        TokenPlace::Env(name) => {
            let text = std::env::var(name)
                .map_err(|_| format!("the environment variable {name} ({}) is not set", place.origin))?;
            (text, name.clone())
        }
        TokenPlace::File(path) => (read(path, "token file")?, path.display().to_string()),
    };
    bearer(&text, &from)
}

fn bearer(text: &str, from: &str) -> Result<Secret, String> {
    // People paste the whole header; `Bearer Bearer x` helps nobody.
    let text = text.trim();
    let text = text.strip_prefix("Bearer ").unwrap_or(text).trim();
    if text.is_empty() || !text.bytes().all(|b| b.is_ascii_graphic()) {
        return Err(format!("what {from} holds is no bearer token: one word of printable ASCII is expected"));
    }
    Ok(Secret::new(text))
}

fn read(path: &Path, what: &str) -> Result<String, String> {
    let refuse = |why: String| format!("the {what} {} cannot be read: {why}", path.display());
    let file = std::fs::File::open(path).map_err(|e| refuse(e.to_string()))?;
    let mut text = String::new();
    file.take(LIMIT + 1).read_to_string(&mut text).map_err(|e| refuse(e.to_string()))?;
    if text.len() as u64 > LIMIT { Err(refuse(format!("it is longer than {LIMIT} bytes"))) } else { Ok(text) }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
mod tests {
    use super::*;
    use crate::config::effective::{Given, Setting};
    use crate::config::file::File;
    use crate::config::values;

    fn effective(given: Given, toml: &str, found: bool) -> Effective {
        let file = File::parse("plimsoll.toml".into(), found, toml.to_owned()).unwrap();
        Effective::new(given, Some(&file))
    }

    fn with_url() -> Given {
        let url = values::base_url("https://mine.example/fhir").unwrap();
        Given { target: Some(Setting::new(url, Origin::Flag)), token_in_env: true, ..Given::default() }
    }

    #[test]
    fn a_found_file_cannot_choose_who_gets_the_token() {
        let given = Given { token_in_env: true, ..Given::default() };
        let toml = "target = \"https://theirs.example/fhir\"\n";
        let refused = refusal(&effective(given.clone(), toml, true)).unwrap();
        assert!(refused.contains("plimsoll.toml:1") && refused.contains("--config"), "{refused}");
        assert_eq!(refusal(&effective(given, toml, false)), None, "a file that was named is trusted");
        assert_eq!(refusal(&effective(with_url(), toml, true)), None, "the command line's URL wins");
        assert_eq!(refusal(&effective(Given::default(), toml, true)), None, "nothing secret is sent");
    }

    #[test]
    fn a_found_file_cannot_widen_who_sees_the_token() {
        for toml in [
            "allow-origins = [\"https://theirs.example\"]",
            "insecure = true",
            "allow-http = true",
            "ca-file = \"theirs.pem\"",
            "proxy = true",
        ] {
            assert!(refusal(&effective(with_url(), toml, true)).is_some(), "{toml}");
            assert_eq!(refusal(&effective(with_url(), toml, false)), None, "{toml}");
        }
        let smart = "[auth]\nclient-id = \"me\"\nkey-file = \"key.pem\"\ntoken-url = \"https://theirs.example/token\"";
        assert!(refusal(&effective(with_url(), smart, true)).is_some());
    }

    #[test]
    fn a_found_file_cannot_send_a_file_of_its_choice() {
        let toml = "target = \"https://theirs.example\"\n[auth]\ntoken-file = \"/home/me/.netrc\"";
        assert!(refusal(&effective(Given::default(), toml, true)).is_some());
    }

    #[test]
    fn a_second_client_goes_with_a_first_of_its_kind() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str, text: &str| {
            std::fs::write(folder.path().join(name), text).unwrap();
            format!("{:?}", folder.path().join(name))
        };
        let (one, two) = (path("one", "first-token"), path("two", "second-token"));
        let of = |auth: &str| second(&effective(Given::default(), &format!("[auth]\n{auth}"), false));
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
        for (auth, wanted) in [
            (format!("{smart}second-client-id = 'b'"), "--second-key-file"),
            (format!("{smart}second-token-file = {two}"), "--second-client-id"),
            (format!("token-file = {one}\nsecond-client-id = 'b'"), "--second-token-file"),
            ("second-client-id = 'b'".to_owned(), "needs a first one"),
        ] {
            let error = of(&auth).unwrap_err();
            assert!(error.contains(wanted), "{auth}: {error}");
        }
    }

    #[test]
    fn a_token_file_is_read_without_its_frame_and_never_shown() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("token");
        std::fs::write(&path, "Bearer abc.def\n").unwrap();
        let given = Given { token_file: Some(Setting::new(path.clone(), Origin::Flag)), ..Given::default() };
        let config = Effective::new(given, None);
        match credentials(&config).unwrap() {
            Credentials::Token(secret) => assert_eq!(secret.reveal(), "abc.def"),
            other => panic!("{other:?}"),
        }
        std::fs::write(&path, "two words").unwrap();
        let error = credentials(&config).unwrap_err();
        assert!(!error.contains("two words"), "{error}");
    }
}
