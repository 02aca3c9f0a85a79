//! Handshakes of TLS: the versions that a run offers, and the answers of servers.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::base::vocabulary::words;

words! {
    /// The TLS versions that the first message of a handshake offers.
    HelloOffer {
        /// 1.3 and 1.2.
        Modern = "TLS 1.3 and TLS 1.2",
        /// At most 1.1.
        Tls11 = "TLS 1.1 at most",
        /// 1.0.
        Tls10 = "TLS 1.0",
    }
}

/// The answer of a server to the first message of a TLS handshake.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Handshake {
    /// A ServerHello that selects this version.
    Agreed(TlsVersion),
    /// An alert.
    Refused(TlsAlert),
    /// Nothing: it closed the connection.
    Closed,
    /// Nothing was sent: the URL is one of plain HTTP.
    Plain,
}

impl Handshake {
    /// In words.
    pub fn words(&self) -> String {
        match self {
            Handshake::Agreed(version) => format!("ServerHello, {version}"),
            Handshake::Refused(alert) => match alert.name() {
                Some(name) => format!("alert {name}"),
                None => alert.to_string(),
            },
            Handshake::Closed => "the connection was closed".to_owned(),
            Handshake::Plain => "plain http".to_owned(),
        }
    }
}

/// A version of TLS. The recording holds its name: `TLS 1.2`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub enum TlsVersion {
    /// SSL 3.0.
    Ssl30,
    /// TLS 1.0.
    Tls10,
    /// TLS 1.1.
    Tls11,
    /// TLS 1.2.
    Tls12,
    /// TLS 1.3.
    Tls13,
    /// A version that no specification defines.
    Unknown(u16),
}

/// The known versions, with their numbers in messages and their names.
const VERSIONS: [(u16, TlsVersion, &str); 5] = [
    (0x0300, TlsVersion::Ssl30, "SSL 3.0"),
    (0x0301, TlsVersion::Tls10, "TLS 1.0"),
    (0x0302, TlsVersion::Tls11, "TLS 1.1"),
    (0x0303, TlsVersion::Tls12, "TLS 1.2"),
    (0x0304, TlsVersion::Tls13, "TLS 1.3"),
];

impl TlsVersion {
    /// The version with this number in messages.
    pub fn from_code(code: u16) -> Self {
        let known = VERSIONS.iter().find(|(known, ..)| *known == code);
        known.map_or(Self::Unknown(code), |(_, version, _)| *version)
    }

    /// Whether it must no longer be used.
    pub fn is_old(self) -> bool {
        matches!(self, Self::Ssl30 | Self::Tls10 | Self::Tls11)
    }
}

impl fmt::Display for TlsVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Self::Unknown(code) = self {
            return write!(f, "version {code:#06x}");
        }
        f.pad(VERSIONS.iter().find(|(_, version, _)| version == self).map_or("", |(.., name)| *name))
    }
}

impl From<TlsVersion> for String {
    fn from(version: TlsVersion) -> Self {
        version.to_string()
    }
}

impl TryFrom<String> for TlsVersion {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        if let Some((_, version, _)) = VERSIONS.iter().find(|(.., name)| *name == text) {
            return Ok(*version);
        }
        let code = text.strip_prefix("version 0x").and_then(|code| u16::from_str_radix(code, 16).ok());
        code.map(Self::from_code).ok_or_else(|| format!("{text:?} is no version of TLS"))
    }
}

/// An alert of TLS, by its number. The recording holds its name: `protocol_version`, or `alert 99` if it has none here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct TlsAlert(pub u8);

/// The names of alerts.
const ALERTS: [(u8, &str); 12] = [
    (0, "close_notify"),
    (10, "unexpected_message"),
    (40, "handshake_failure"),
    (47, "illegal_parameter"),
    (50, "decode_error"),
    (70, "protocol_version"),
    (71, "insufficient_security"),
    (80, "internal_error"),
    (86, "inappropriate_fallback"),
    (109, "missing_extension"),
    (110, "unsupported_extension"),
    (112, "unrecognized_name"),
];

impl TlsAlert {
    /// The server supports none of the versions offered.
    pub const PROTOCOL_VERSION: Self = Self(70);

    /// Its name, as `protocol_version`.
    pub fn name(self) -> Option<&'static str> {
        ALERTS.iter().find(|(code, _)| *code == self.0).map(|(_, name)| *name)
    }
}

impl fmt::Display for TlsAlert {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => f.pad(name),
            None => write!(f, "alert {}", self.0),
        }
    }
}

impl From<TlsAlert> for String {
    fn from(alert: TlsAlert) -> Self {
        alert.to_string()
    }
}

impl TryFrom<String> for TlsAlert {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        if let Some((code, _)) = ALERTS.iter().find(|(_, name)| *name == text) {
            return Ok(Self(*code));
        }
        let code = text.strip_prefix("alert ").and_then(|code| code.parse().ok());
        code.map(Self).ok_or_else(|| format!("{text:?} is no alert of TLS"))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn answers_are_read_as_they_are_written() {
        for (handshake, text) in [
            (Handshake::Agreed(TlsVersion::from_code(0x0300)), json!({"agreed": "SSL 3.0"})),
            (Handshake::Agreed(TlsVersion::from_code(0x0301)), json!({"agreed": "TLS 1.0"})),
            (Handshake::Agreed(TlsVersion::from_code(0x0302)), json!({"agreed": "TLS 1.1"})),
            (Handshake::Agreed(TlsVersion::from_code(0x0303)), json!({"agreed": "TLS 1.2"})),
            (Handshake::Agreed(TlsVersion::from_code(0x0304)), json!({"agreed": "TLS 1.3"})),
            (Handshake::Agreed(TlsVersion::from_code(0x7f1c)), json!({"agreed": "version 0x7f1c"})),
            (Handshake::Refused(TlsAlert::PROTOCOL_VERSION), json!({"refused": "protocol_version"})),
            (Handshake::Refused(TlsAlert(99)), json!({"refused": "alert 99"})),
            (Handshake::Closed, json!("closed")),
        ] {
            assert_eq!(serde_json::to_value(&handshake).unwrap(), text);
            assert_eq!(serde_json::from_value::<Handshake>(text).unwrap(), handshake);
        }
        for text in [json!({"agreed": "TLS 2"}), json!({"refused": "alert 256"})] {
            assert!(serde_json::from_value::<Handshake>(text.clone()).is_err(), "{text}");
        }
    }
}
