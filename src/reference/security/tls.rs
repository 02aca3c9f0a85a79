//! The response of the reference server to the first message of a TLS handshake, without sockets. It is written by
//! hand, because no library supports the versions that faults use.

use crate::reference::fault::active_behaviors::ActiveBehaviors;
use crate::reference::fault::behavior::Behavior;
use crate::reference::fault::definition::Fault;

const TLS_1_0: u16 = 0x0301;
const TLS_1_2: u16 = 0x0303;
const TLS_1_3: u16 = 0x0304;

/// Returns a function that responds to handshakes as a server with these faults. The conformant server uses TLS 1.3 or
/// 1.2, and refuses older versions with an alert.
pub fn greeter(faults: &[Fault]) -> impl Fn(&[u8]) -> Vec<u8> + Send + Sync + 'static {
    let behaviors = ActiveBehaviors::of(faults);
    move |message| {
        let Some(offered) = offered(message) else { return Vec::new() };
        let newest = if behaviors.has(Behavior::NoTls13) { TLS_1_2 } else { TLS_1_3 };
        let newest = if behaviors.has(Behavior::OldTlsAlone) { TLS_1_0 } else { newest };
        let oldest = match (behaviors.has(Behavior::Tls10Taken), behaviors.has(Behavior::Tls11Taken)) {
            (true, _) => TLS_1_0,
            (false, true) => TLS_1_0 + 1,
            (false, false) => TLS_1_2.min(newest),
        };
        let agreed = offered.min(newest);
        if agreed >= oldest {
            server_hello(agreed)
        } else if behaviors.has(Behavior::OldTlsIgnored) {
            Vec::new()
        } else {
            // A fatal alert: protocol_version.
            vec![21, 3, 1, 0, 2, 2, 70]
        }
    }
}

/// The newest version that a ClientHello in one record offers; `None` if the message is not a ClientHello.
fn offered(message: &[u8]) -> Option<u16> {
    let body = message.get(9..)?;
    let (version, rest) = body.split_first_chunk::<2>()?;
    let (_, rest) = rest.split_at_checked(32)?;
    let (session, rest) = rest.split_first()?;
    let rest = rest.get(usize::from(*session)..)?;
    let (suites, rest) = rest.split_first_chunk::<2>()?;
    let rest = rest.get(usize::from(u16::from_be_bytes(*suites))..)?;
    let (methods, rest) = rest.split_first()?;
    let mut rest = rest.get(usize::from(*methods) + 2..)?;
    while let Some((&[k1, k2, l1, l2], after)) = rest.split_first_chunk::<4>() {
        let (value, after) = after.split_at_checked(usize::from(u16::from_be_bytes([l1, l2])))?;
        if u16::from_be_bytes([k1, k2]) == 0x002b {
            let versions = value.get(1..)?.chunks_exact(2);
            return versions.filter_map(|pair| Some(u16::from_be_bytes(pair.try_into().ok()?))).max();
        }
        rest = after;
    }
    Some(u16::from_be_bytes(*version))
}

/// A ServerHello in one record, without the messages after it.
fn server_hello(version: u16) -> Vec<u8> {
    let mut body = version.min(TLS_1_2).to_be_bytes().to_vec();
    body.extend([0x5a; 32]);
    body.push(0);
    match version {
        TLS_1_3 => body.extend([0x13, 0x01, 0, 0, 6, 0, 0x2b, 0, 2, 3, 4]),
        TLS_1_2 => body.extend([0xc0, 0x2f, 0]),
        _ => body.extend([0xc0, 0x13, 0]),
    }
    let length = u8::try_from(body.len()).unwrap_or(u8::MAX);
    let mut record = vec![22, 3, 3, 0, length.saturating_add(4), 2, 0, 0, length];
    record.extend(body);
    record
}
