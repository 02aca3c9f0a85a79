//! A server with access control.

use std::time::{Duration, UNIX_EPOCH};

use aws_lc_rs::signature::{ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair, KeyPair};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::Method;
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use plimsoll::base::secret::Secret;
use plimsoll::reference::fault::definition::Fault;
use plimsoll::reference::options::{ServerAuth, ServerOptions, SmartClient};
use plimsoll::reference::personality::spec::Personality;
use serde_json::{Value, json};

use super::client::{BASE, Client, TestResponse, clock, options, paused, without_secrets};

#[test]
fn without_a_valid_token_only_metadata_is_returned() {
    paused(async {
        let auth = ServerAuth::Token(Secret::new("open-sesame"));
        let bare = Client::new(ServerOptions { auth, ..options(Personality::Stu3) });
        let known = bare.with_token("open-sesame");
        let manifest = known.export("$export").await.json();
        assert_eq!(manifest["requiresAccessToken"], true);
        let file = manifest["output"][0]["url"].as_str().unwrap();
        assert_eq!(known.get(file).await.status, 200);
        for (other, challenge) in
            [(&bare, "Bearer"), (&bare.with_token("open-sesam"), "Bearer error=\"invalid_token\"")]
        {
            for path in ["$export", "Patient/$export", "Group/harbour", "Patient?_summary=count", file] {
                let got = other.get(path).await;
                assert_eq!(got.status, 401, "{path}");
                assert!(got.is_outcome(), "{path}");
                assert_eq!(got.header("www-authenticate"), challenge, "{path}");
            }
            assert_eq!(other.get("metadata").await.status, 200);
        }
    });
}

struct Key {
    pkcs8: Vec<u8>,
    jwk: Value,
}

fn key() -> Key {
    let pkcs8 =
        EcdsaKeyPair::generate_pkcs8(&ECDSA_P384_SHA384_FIXED_SIGNING, &aws_lc_rs::rand::SystemRandom::new()).unwrap();
    let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P384_SHA384_FIXED_SIGNING, pkcs8.as_ref()).unwrap();
    let point = pair.public_key().as_ref();
    let (x, y) = point[1..].split_at(48);
    let part = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
    Key {
        pkcs8: pkcs8.as_ref().to_vec(),
        jwk: json!({ "kty": "EC", "crv": "P-384", "kid": "k1", "alg": "ES384", "x": part(x), "y": part(y) }),
    }
}

fn assertion(key: &Key, change: impl FnOnce(&mut Value)) -> String {
    let now = clock().now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    let mut claims = json!({
        "iss": "ship", "sub": "ship", "aud": format!("{BASE}/auth/token"), "exp": now + 240, "jti": "one"
    });
    change(&mut claims);
    let mut header = Header::new(Algorithm::ES384);
    header.kid = Some("k1".to_owned());
    encode(&header, &claims, &EncodingKey::from_ec_der(&key.pkcs8)).unwrap()
}

async fn token(client: &Client, assertion: &str, change: &[(&str, &str)]) -> TestResponse {
    let mut fields = vec![
        ("grant_type", "client_credentials"),
        ("scope", "system/*.rs"),
        ("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"),
        ("client_assertion", assertion),
    ];
    fields.retain(|(name, _)| !change.iter().any(|(other, _)| other == name));
    fields.extend(change);
    let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
    client.send(Method::POST, "auth/token", &[("content-type", "application/x-www-form-urlencoded")], &body).await
}

/// Minimal ClientHellos of TLS 1.3, 1.1 and 1.0.
const HELLOS: [fn() -> Vec<u8>; 3] = [|| hello(3, &[0, 0x2b, 0, 3, 2, 3, 4]), || hello(2, &[]), || hello(1, &[])];

fn hello(minor: u8, extensions: &[u8]) -> Vec<u8> {
    let mut body = vec![3, minor];
    body.extend([0; 32]);
    body.extend([0, 0, 2, 0xc0, 0x13, 1, 0, 0, extensions.len() as u8]);
    body.extend(extensions);
    let length = body.len() as u8;
    [&[22, 3, 1, 0, length + 4, 1, 0, 0, length][..], &body].concat()
}

#[test]
fn handshakes_of_current_tls_versions_are_accepted_and_others_refused() {
    let greeter = plimsoll::reference::security::tls::greeter(&[]);
    let [modern, older, oldest] = HELLOS.map(|hello| greeter(&hello()));
    assert_eq!((modern[0], modern[5]), (22, 2), "a ServerHello");
    assert!(modern.ends_with(&[0, 0x2b, 0, 2, 3, 4]), "of TLS 1.3");
    assert_eq!((older, oldest), (vec![21, 3, 1, 0, 2, 2, 70], vec![21, 3, 1, 0, 2, 2, 70]));
    for noise in [&b""[..], b"GET / HTTP/1.1\r\n\r\n", &[22, 3, 1, 0, 1, 1]] {
        assert!(greeter(noise).is_empty(), "{noise:?}");
    }
}

/// Returns the responses of a protected server with `faults` to a registered client, to an unknown client, and to a
/// client without a token.
pub fn exchanges_with(spec: Personality, faults: Vec<Fault>) -> Vec<String> {
    let greeter = plimsoll::reference::security::tls::greeter(&faults);
    let greeted = HELLOS.map(|hello| format!("{:02x?}", greeter(&hello())));
    paused(async {
        let key = key();
        let auth =
            ServerAuth::Smart(vec![SmartClient { client_id: "ship".to_owned(), public_key: key.jwk.to_string() }]);
        let client = Client::new(ServerOptions { auth, faults, ..options(spec) });
        let own = token(&client, &assertion(&key, |_| {}), &[]).await;
        let raft = |claims: &mut Value| {
            (claims["iss"], claims["sub"], claims["jti"]) = ("raft".into(), "raft".into(), "2".into());
        };
        let other = token(&client, &assertion(&key, raft), &[]).await;
        let bare = client.kick_off("$export").await;
        let issued = |got: &TestResponse| -> Option<String> {
            let body: Value = serde_json::from_slice(&got.body).ok()?;
            Some(body.get("access_token")?.as_str()?.to_owned())
        };
        let issued_token = issued(&own).unwrap_or_default();
        let known = client.with_token(&issued_token);
        let unscoped = assertion(&key, |claims| claims["jti"] = "3".into());
        let unscoped = token(&client, &unscoped, &[("scope", "")]).await;
        let mut all = vec![own, other, bare, unscoped];
        for path in ["metadata", ".well-known/smart-configuration"] {
            all.push(client.get(path).await);
        }
        let manifest = known.export("$export").await;
        let file = manifest.json()["output"][0]["url"].as_str().unwrap_or_default().to_owned();
        let ndjson = [("accept", "application/fhir+ndjson")];
        for item in manifest.json()["output"].as_array().into_iter().flatten() {
            let url = item["url"].as_str().unwrap_or_default();
            all.push(client.send(Method::GET, url, &ndjson, "").await);
        }
        all.extend([known.get(&file).await, client.get(&file).await, manifest, known.kick_off("$export").await]);
        let narrow = assertion(&key, |claims| claims["jti"] = "4".into());
        let narrow = token(&client, &narrow, &[("scope", "system/Patient.rs")]).await;
        let narrow = client.with_token(&issued(&narrow).unwrap_or_default());
        let begun = narrow.kick_off("$export").await;
        all.push(narrow.get(begun.header("content-location")).await);
        tokio::time::sleep(Duration::from_secs(301)).await;
        all.push(known.get("Group").await);
        // Random parts differ from run to run and do not show the fault.
        let text_of = |got: &TestResponse| {
            let text = got.as_text();
            without_secrets(&issued(got).map_or(text.clone(), |token| text.replace(&token, "random")))
        };
        all.iter().map(text_of).chain(greeted).collect()
    })
}

#[test]
fn a_signed_assertion_gets_a_token_for_five_minutes() {
    paused(async {
        let (key, other) = (key(), key());
        let registered =
            SmartClient { client_id: "ship".to_owned(), public_key: json!({ "keys": [key.jwk] }).to_string() };
        let auth = ServerAuth::Smart(vec![registered]);
        let client = Client::new(ServerOptions { auth, ..options(Personality::Stu3) });
        let found = client.get(".well-known/smart-configuration").await.json();
        assert_eq!(found["token_endpoint"], format!("{BASE}/auth/token"));

        let good = assertion(&key, |_| {});
        let got = token(&client, &good, &[]).await;
        assert_eq!(got.status, 200, "{:?}", got.body);
        assert_eq!(got.header("cache-control"), "no-store");
        assert_eq!((&got.json()["expires_in"], &got.json()["token_type"]), (&300.into(), &"bearer".into()));
        let known = client.with_token(got.json()["access_token"].as_str().unwrap());
        assert_eq!(known.export("$export").await.json()["requiresAccessToken"], true);

        let refusals = [
            (token(&client, &good, &[]).await, "jti twice"),
            (token(&client, &assertion(&other, |c| c["jti"] = "2".into()), &[]).await, "another key"),
            (token(&client, &assertion(&key, |c| c["iss"] = "raft".into()), &[]).await, "iss"),
            (token(&client, &assertion(&key, |c| c["sub"] = "raft".into()), &[]).await, "sub"),
            (token(&client, &assertion(&key, |c| c["aud"] = "http://elsewhere.example".into()), &[]).await, "aud"),
            (token(&client, &assertion(&key, |c| c["exp"] = 1_700_000_000.into()), &[]).await, "expired"),
            (token(&client, &assertion(&key, |c| c["exp"] = 1_790_003_600.into()), &[]).await, "too long"),
            (token(&client, "nonsense", &[]).await, "not a JWT"),
            (
                token(&client, &assertion(&key, |c| c["jti"] = "3".into()), &[("client_assertion_type", "x")]).await,
                "type",
            ),
        ];
        for (refusal, why) in refusals {
            assert_eq!((refusal.status.as_u16(), &refusal.json()["error"]), (400, &"invalid_client".into()), "{why}");
        }
        let fresh = assertion(&key, |c| c["jti"] = "4".into());
        assert_eq!(
            token(&client, &fresh, &[("grant_type", "password")]).await.json()["error"],
            "unsupported_grant_type"
        );
        assert_eq!(token(&client, &fresh, &[("scope", "patient/*.rs")]).await.json()["error"], "invalid_scope");

        tokio::time::sleep(Duration::from_secs(301)).await;
        assert_eq!(known.get("Group").await.status, 401);
    });
}
