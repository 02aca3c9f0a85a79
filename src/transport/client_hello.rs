//! Builds the first message of a TLS handshake and reads the response. Current TLS libraries cannot offer TLS 1.0 or
//! 1.1, so this code finds out whether a server accepts them. Nothing else is sent over such a connection; it is closed
//! after the first response.

use aws_lc_rs::rand;

use crate::recording::handshake::{Handshake, HelloOffer, TlsAlert, TlsVersion};

/// The maximum number of bytes that are read of a response: certificates may follow the ServerHello.
pub const MAX_ANSWER: usize = 64 << 10;

/// The highest version in the field of the message; an extension offers 1.3.
fn highest_version(offer: HelloOffer) -> u16 {
    match offer {
        HelloOffer::Modern => 0x0303,
        HelloOffer::Tls11 => 0x0302,
        HelloOffer::Tls10 => 0x0301,
    }
}

/// The cipher suites of TLS 1.3, and those of 1.2 with authenticated encryption.
const MODERN: [u16; 11] = [0x1301, 0x1302, 0x1303, 0xc02b, 0xc02f, 0xc02c, 0xc030, 0xcca9, 0xcca8, 0x009e, 0x009f];
/// Cipher suites that servers of any age support: CBC and SHA-1, with every key exchange; RC4 last.
const OLD: [u16; 14] =
    [0xc00a, 0xc014, 0x0039, 0xc009, 0xc013, 0x0033, 0x0035, 0x002f, 0xc008, 0xc012, 0x0016, 0x000a, 0x0005, 0x0004];
/// X25519, P-256, P-384, P-521.
const GROUPS: [u16; 4] = [0x001d, 0x0017, 0x0018, 0x0019];
/// ECDSA, RSA-PSS and RSA with SHA-256 or longer; SHA-1 last, for old certificates.
const SIGNATURES: [u16; 11] = [0x0403, 0x0503, 0x0603, 0x0804, 0x0805, 0x0806, 0x0401, 0x0501, 0x0601, 0x0203, 0x0201];

/// The message that offers `offer` to the server `name`, which is `None` if the URL has an address instead of a name.
///
/// # Errors
/// A fragment: the system provides no random bytes.
pub fn client_hello(offer: HelloOffer, name: Option<&str>) -> Result<Vec<u8>, String> {
    let mut random = [0_u8; 96];
    rand::fill(&mut random).map_err(|_| "the system provides no random bytes".to_owned())?;
    let (nonce, rest) = random.split_at(32);
    let (session, share) = rest.split_at(32);
    let modern = offer == HelloOffer::Modern;

    let mut extensions = Vec::new();
    if let Some(name) = name.filter(|name| name.len() <= 253) {
        // One entry with the type "host name".
        let entry = [&[0_u8][..], &sized(name.as_bytes())].concat();
        extension(&mut extensions, 0x0000, &sized(&entry));
    }
    extension(&mut extensions, 0x000a, &sized(&bytes_of(&GROUPS)));
    extension(&mut extensions, 0x000b, &[1, 0]);
    extension(&mut extensions, 0xff01, &[0]);
    if modern {
        extension(&mut extensions, 0x000d, &sized(&bytes_of(&SIGNATURES)));
        extension(&mut extensions, 0x002b, &[4, 3, 4, 3, 3]);
        // Any 32 bytes are a public key of X25519.
        let entry = [&bytes_of(&[0x001d])[..], &sized(share)].concat();
        extension(&mut extensions, 0x0033, &sized(&entry));
    }

    let mut body = highest_version(offer).to_be_bytes().to_vec();
    body.extend_from_slice(nonce);
    if modern {
        body.push(32);
        body.extend_from_slice(session);
    } else {
        body.push(0);
    }
    body.extend(sized(&if modern { bytes_of(&MODERN) } else { bytes_of(&OLD) }));
    body.extend([1, 0]);
    body.extend(sized(&extensions));

    let mut message = vec![1, 0];
    message.extend(sized(&body));
    let mut record = vec![22, 3, 1];
    record.extend(sized(&message));
    Ok(record)
}

/// The length of the bytes in two bytes, then the bytes.
fn sized(bytes: &[u8]) -> Vec<u8> {
    let length = u16::try_from(bytes.len()).unwrap_or(u16::MAX);
    [&length.to_be_bytes()[..], bytes].concat()
}

fn bytes_of(words: &[u16]) -> Vec<u8> {
    words.iter().flat_map(|word| word.to_be_bytes()).collect()
}

fn extension(to: &mut Vec<u8>, kind: u16, body: &[u8]) {
    to.extend(kind.to_be_bytes());
    to.extend(sized(body));
}

/// The result of the response so far; `None` if more bytes are needed, or if the server closed the connection within a
/// message.
///
/// # Errors
/// A fragment: the response is not TLS.
pub fn read(bytes: &[u8]) -> Result<Option<Handshake>, String> {
    let mut rest = bytes;
    let mut message: Vec<u8> = Vec::new();
    while let Some((head, after)) = rest.split_at_checked(5) {
        let &[kind, major, _, high, low] = head else { return Ok(None) };
        let length = usize::from(u16::from_be_bytes([high, low]));
        if major != 3 || !(20..=24).contains(&kind) || length > (16 << 10) + 2048 {
            return Err("the response is not TLS".to_owned());
        }
        let Some((fragment, after)) = after.split_at_checked(length) else { return Ok(None) };
        match (kind, fragment) {
            // A warning precedes the real response; a close notification counts as a refusal.
            (21, [1, name, ..]) if *name != 0 => {}
            (21, [_, name, ..]) => return Ok(Some(Handshake::Refused(TlsAlert(*name)))),
            (22, _) => {
                message.extend_from_slice(fragment);
                match server_hello(&message) {
                    ServerHello::Version(version) => {
                        return Ok(Some(Handshake::Agreed(TlsVersion::from_code(version))));
                    }
                    ServerHello::Incomplete => {}
                    ServerHello::Other => return Err("the response is not a ServerHello".to_owned()),
                }
            }
            _ => return Err("the response is not a handshake record".to_owned()),
        }
        rest = after;
    }
    let plain = !rest.is_empty() && !matches!(rest.first(), Some(21 | 22));
    if plain { Err("the response is not TLS".to_owned()) } else { Ok(None) }
}

/// The result if the server closed the connection: refused with a warning, or closed without one.
pub fn read_to_end(bytes: &[u8]) -> Handshake {
    match bytes {
        [21, 3, _, 0, 2, 1, name, ..] => Handshake::Refused(TlsAlert(*name)),
        _ => Handshake::Closed,
    }
}

enum ServerHello {
    Version(u16),
    Incomplete,
    Other,
}

fn server_hello(message: &[u8]) -> ServerHello {
    let Some((&[kind, a, b, c], body)) = message.split_first_chunk::<4>() else { return ServerHello::Incomplete };
    if kind != 2 {
        return ServerHello::Other;
    }
    let length = usize::try_from(u32::from_be_bytes([0, a, b, c])).unwrap_or(usize::MAX);
    if length > MAX_ANSWER {
        return ServerHello::Other;
    }
    let Some((body, _)) = body.split_at_checked(length) else { return ServerHello::Incomplete };
    version_of(body).map_or(ServerHello::Other, ServerHello::Version)
}

/// The version that a ServerHello selects; an extension selects 1.3.
fn version_of(body: &[u8]) -> Option<u16> {
    let (version, rest) = body.split_first_chunk::<2>()?;
    let version = u16::from_be_bytes(*version);
    let (_, rest) = rest.split_at_checked(32)?;
    let (session, rest) = rest.split_first()?;
    let (_, rest) = rest.split_at_checked(usize::from(*session))?;
    // The cipher suite and the compression.
    let (_, rest) = rest.split_at_checked(3)?;
    let Some((_, mut rest)) = rest.split_first_chunk::<2>() else { return Some(version) };
    while let Some((&[k1, k2, l1, l2], after)) = rest.split_first_chunk::<4>() {
        let (value, after) = after.split_at_checked(usize::from(u16::from_be_bytes([l1, l2])))?;
        if let (0x002b, &[high, low]) = (u16::from_be_bytes([k1, k2]), value) {
            return Some(u16::from_be_bytes([high, low]));
        }
        rest = after;
    }
    Some(version)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
mod tests {
    use std::io::{Read, Write};
    use std::sync::Arc;

    use rustls::pki_types::pem::PemObject;
    use rustls::pki_types::{CertificateDer, PrivateKeyDer};
    use rustls::{ServerConfig, ServerConnection};

    use super::*;

    /// A ServerHello in a record.
    fn hello(version: u16, extensions: &[u8]) -> Vec<u8> {
        let mut body = version.to_be_bytes().to_vec();
        body.extend([7; 32]);
        body.extend([0, 0xc0, 0x2f, 0]);
        if !extensions.is_empty() {
            body.extend(sized(extensions));
        }
        let mut message = vec![2, 0];
        message.extend(sized(&body));
        [&[22, 3, 3][..], &sized(&message)].concat()
    }

    fn agreed(version: TlsVersion) -> Result<Option<Handshake>, String> {
        Ok(Some(Handshake::Agreed(version)))
    }

    #[test]
    fn the_version_of_a_server_hello_is_read() {
        assert_eq!(read(&hello(0x0301, &[])), agreed(TlsVersion::Tls10));
        assert_eq!(read(&hello(0x0302, &[])), agreed(TlsVersion::Tls11));
        assert_eq!(read(&hello(0x0303, &[0xff, 1, 0, 1, 0])), agreed(TlsVersion::Tls12));
        assert_eq!(read(&hello(0x0303, &[0, 0x2b, 0, 2, 3, 4])), agreed(TlsVersion::Tls13));
        assert_eq!(read(&hello(0x0300, &[])), agreed(TlsVersion::Ssl30));
        let whole = hello(0x0303, &[0, 0x2b, 0, 2, 3, 4]);
        for cut in 0..whole.len() {
            assert_eq!(read(&whole[..cut]), Ok(None), "{cut} bytes");
        }
        // One message in two records.
        let (first, second) = whole[5..].split_at(20);
        let parts = [&[22, 3, 3][..], &sized(first), &[22, 3, 3], &sized(second)].concat();
        assert_eq!(read(&parts), agreed(TlsVersion::Tls13));
    }

    #[test]
    fn refusals_are_read_and_other_protocols_are_errors() {
        let refused = |code| Ok(Some(Handshake::Refused(TlsAlert(code))));
        assert_eq!(read(&[21, 3, 1, 0, 2, 2, 70]), refused(70));
        assert_eq!(read(&[21, 3, 1, 0, 2, 2, 40]), refused(40));
        assert_eq!(read(&[21, 3, 1, 0, 2, 2, 99]), refused(99));
        let warned = [&[21, 3, 1, 0, 2, 1, 112][..], &hello(0x0303, &[])].concat();
        assert_eq!(read(&warned), agreed(TlsVersion::Tls12), "a warning does not end the handshake");
        assert_eq!(read(&warned[..7]), Ok(None));
        assert_eq!(read_to_end(&warned[..7]), Handshake::Refused(TlsAlert(112)));
        assert_eq!(read_to_end(&[]), Handshake::Closed);
        assert!(read(b"HTTP/1.1 400 Bad Request\r\n").is_err());
        assert!(read(b"HT").is_err());
        assert!(read(&[23, 3, 3, 0, 1, 0]).is_err());
        assert!(read(&[22, 3, 3, 0, 4, 11, 0, 0, 0]).is_err(), "a Certificate is not a ServerHello");
        assert!(read(&[22, 3, 3, 0xff, 0xff]).is_err());
    }

    #[test]
    fn no_bytes_cause_a_panic() {
        let whole = hello(0x0303, &[0, 0x2b, 0, 2, 3, 4]);
        for at in 0..whole.len() {
            for value in [0, 1, 0x7f, 0x80, 0xff] {
                let mut bytes = whole.clone();
                bytes[at] = value;
                let _ = read(&bytes);
                let _ = read_to_end(&bytes);
            }
        }
    }

    /// The response of rustls with these versions; it supports only TLS 1.2 and 1.3.
    fn rustls_response(offer: HelloOffer, versions: &[&'static rustls::SupportedProtocolVersion]) -> Handshake {
        let fixture = |name: &str| format!("{}/fixtures/tls/{name}", env!("CARGO_MANIFEST_DIR"));
        let certificate = CertificateDer::from_pem_file(fixture("server.pem")).unwrap();
        let key = PrivateKeyDer::from_pem_file(fixture("server.key")).unwrap();
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_protocol_versions(versions)
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![certificate], key)
            .unwrap();
        let mut server = ServerConnection::new(Arc::new(config)).unwrap();
        let message = client_hello(offer, Some("localhost")).unwrap();
        (&message[..]).read_exact(&mut [0; 5]).unwrap();
        server.read_tls(&mut &message[..]).unwrap();
        let _ = server.process_new_packets();
        let mut response = Vec::new();
        while server.wants_write() {
            server.write_tls(&mut response).unwrap();
        }
        response.flush().unwrap();
        read(&response).unwrap().unwrap()
    }

    #[test]
    fn a_real_server_understands_the_message() {
        let both = [&rustls::version::TLS13, &rustls::version::TLS12];
        assert_eq!(rustls_response(HelloOffer::Modern, &both), Handshake::Agreed(TlsVersion::Tls13));
        assert_eq!(rustls_response(HelloOffer::Modern, &both[1..]), Handshake::Agreed(TlsVersion::Tls12));
        for offer in [HelloOffer::Tls11, HelloOffer::Tls10] {
            assert!(matches!(rustls_response(offer, &both), Handshake::Refused(_)));
        }
    }
}
