//! Reads and writes values of flags, variables and `plimsoll.toml`. An error is a lower-case fragment and never repeats
//! the user name or password of a URL.

use std::fmt;
use std::str::FromStr;
use std::time::{Duration, SystemTime};

use clap::ValueEnum;
use serde::Deserialize;
use serde::de::{self, Deserializer, Visitor};
use url::Url;

use crate::base::instant::Instant;
use crate::base::resource_types;
use crate::base::vocabulary::ExportLevel;
use crate::settings::withheld_mark::WithheldMark;

use crate::suite::suggestion;
use crate::suite::values::Wait;

/// How requests are authorized.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum AuthKind {
    /// Without credentials.
    None,
    /// With a bearer token.
    Token,
    /// With SMART Backend Services.
    Smart,
}

impl AuthKind {
    /// Returns its name in flags and files.
    pub fn as_str(self) -> &'static str {
        match self {
            AuthKind::None => "none",
            AuthKind::Token => "token",
            AuthKind::Smart => "smart",
        }
    }
}

/// Reads a kind of authorization.
pub fn auth_kind(text: &str) -> Result<AuthKind, String> {
    [AuthKind::None, AuthKind::Token, AuthKind::Smart]
        .into_iter()
        .find(|kind| kind.as_str() == text)
        .ok_or_else(|| format!("unknown kind of authorization {text:?}; write none, token or smart"))
}

/// Reads the name of an environment variable. An error does not repeat the text, because it may be a misplaced token.
pub fn variable(text: &str) -> Result<String, String> {
    let plausible = !text.is_empty()
        && text.len() <= 100
        && !text.starts_with(|c: char| c.is_ascii_digit())
        && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    if plausible {
        Ok(text.to_owned())
    } else {
        Err("not the name of an environment variable; write a name such as PLIMSOLL_TOKEN".to_owned())
    }
}

/// Reads a FHIR base URL: http or https, without user name, password, query and fragment. A trailing slash is removed.
pub fn base_url(text: &str) -> Result<Url, String> {
    let mut url = http_url(text, "the base URL")?;
    if url.query().is_some() || url.fragment().is_some() {
        return Err("a base URL has no query and no fragment; remove the text after ? or #".to_owned());
    }
    let path = url.path().trim_end_matches('/').to_owned();
    url.set_path(&path);
    Ok(url)
}

/// Reads the URL of a token endpoint.
pub fn token_url(text: &str) -> Result<Url, String> {
    let url = http_url(text, "the token URL")?;
    match url.fragment() {
        Some(_) => Err("a token URL has no fragment; remove the text after #".to_owned()),
        None => Ok(url),
    }
}

/// Reads an origin such as `https://files.example.org`.
pub fn origin(text: &str) -> Result<url::Origin, String> {
    let url = http_url(text, "an origin")?;
    if url.path() != "/" || url.query().is_some() || url.fragment().is_some() {
        return Err(format!("an origin has only scheme, host and port; write {}", url.origin().ascii_serialization()));
    }
    Ok(url.origin())
}

fn http_url(text: &str, what: &str) -> Result<Url, String> {
    let url = Url::parse(text).map_err(|e| format!("{what} is not a URL ({e}); write it as https://host/path"))?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(format!("{what} has the scheme {:?}; use http or https", url.scheme()));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(format!(
            "{what} has a user name or password, which logs and process lists show; use --auth token or --auth smart"
        ));
    }
    Ok(url)
}

/// Reads an export level: system, patient or group.
pub fn level(text: &str) -> Result<ExportLevel, String> {
    match ExportLevel::from_word(text) {
        Some(level) if level != ExportLevel::Any => Ok(level),
        _ => Err(format!("unknown export level {text:?}; write system, patient or group")),
    }
}

/// Reads the name of a resource type.
pub fn resource_type(text: &str) -> Result<String, String> {
    if resource_types::is_known(text) {
        return Ok(text.to_owned());
    }
    let way_out = match suggestion::nearest(text, resource_types::all()) {
        Some(near) => format!("did you mean {near:?}?"),
        None => "write a name such as Patient".to_owned(),
    };
    Err(format!("{text:?} is not a resource type of FHIR; {way_out}"))
}

/// Checks the name of a resource that the client must not get: `Patient/17`, or `SYSTEM|CODE` of a tag.
pub fn mark(text: &str) -> Result<String, String> {
    WithheldMark::parse(text).map(|_| text.to_owned())
}

/// Reads a number of jobs or threads: 1 to 64.
pub fn jobs(text: &str) -> Result<usize, String> {
    text.parse().ok().filter(|n| (1..=64).contains(n)).ok_or_else(|| format!("{text:?} is not a number from 1 to 64"))
}

/// Reads a number of requests per minute: 1 to 6000.
pub fn rate(text: &str) -> Result<usize, String> {
    text.parse()
        .ok()
        .filter(|n| (1..=6000).contains(n))
        .ok_or_else(|| format!("{text:?} is not a number from 1 to 6000"))
}

/// Reads a time such as `90s` or `10m`.
pub fn duration(text: &str) -> Result<Duration, String> {
    text.parse().map(Wait::duration)
}

/// Returns a duration in the form of flags and files: `90s`, `10m`.
pub fn show_duration(duration: Duration) -> String {
    let millis = duration.as_millis();
    for (unit, size) in [("h", 3_600_000), ("m", 60_000), ("s", 1_000)] {
        if millis >= size && millis.is_multiple_of(size) {
            return format!("{}{unit}", millis / size);
        }
    }
    format!("{millis}ms")
}

/// A number of bytes, written as `1048576`, `500MB` or `2GiB`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ByteSize(pub u64);

impl FromStr for ByteSize {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let refuse = || format!("{text:?} is not a size; write a whole number with B, kB, MB, GB, KiB, MiB or GiB");
        let split = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
        let (number, unit) = text.split_at(split);
        let number: u64 = number.parse().map_err(|_| refuse())?;
        let factor = match unit.trim_start() {
            "" | "B" => 1,
            "kB" => 1_000,
            "MB" => 1_000_000,
            "GB" => 1_000_000_000,
            "KiB" => 1 << 10,
            "MiB" => 1 << 20,
            "GiB" => 1 << 30,
            _ => return Err(refuse()),
        };
        number.checked_mul(factor).map(ByteSize).ok_or_else(refuse)
    }
}

impl From<ByteSize> for u64 {
    fn from(size: ByteSize) -> Self {
        size.0
    }
}

impl fmt::Display for ByteSize {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (unit, size) in [
            ("GiB", 1_u64 << 30),
            ("GB", 1_000_000_000),
            ("MiB", 1 << 20),
            ("MB", 1_000_000),
            ("KiB", 1 << 10),
            ("kB", 1_000),
        ] {
            if self.0 >= size && self.0.is_multiple_of(size) {
                return write!(f, "{}{unit}", self.0 / size);
            }
        }
        write!(f, "{}", self.0)
    }
}

impl<'de> Deserialize<'de> for ByteSize {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct SizeVisitor;
        impl Visitor<'_> for SizeVisitor {
            type Value = ByteSize;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a number of bytes, or text such as \"500MB\"")
            }
            fn visit_i64<E: de::Error>(self, v: i64) -> Result<Self::Value, E> {
                u64::try_from(v)
                    .map(ByteSize)
                    .map_err(|_| E::custom(format!("{v} is not a size; write a number that is not negative")))
            }
            fn visit_str<E: de::Error>(self, v: &str) -> Result<Self::Value, E> {
                v.parse().map_err(E::custom)
            }
        }
        deserializer.deserialize_any(SizeVisitor)
    }
}

/// A day, `YYYY-MM-DD`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Day(Instant);

impl Day {
    /// Returns the day of `at`, in UTC.
    pub fn of(at: SystemTime) -> Self {
        Self(Instant::from(at).start_of_day())
    }
}

impl FromStr for Day {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let refuse = || format!("{text:?} is not a date; write it as 2026-12-31");
        Instant::parse(&format!("{text}T00:00:00Z")).map(Day).ok_or_else(refuse)
    }
}

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = self.0.to_string();
        f.write_str(text.split('T').next().unwrap_or(&text))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
mod tests {
    use super::*;

    #[test]
    fn a_base_url_loses_its_trailing_slash_and_keeps_its_path() {
        assert_eq!(base_url("https://a.example/fhir/").unwrap().as_str(), "https://a.example/fhir");
        assert_eq!(base_url("http://127.0.0.1:8380").unwrap().as_str(), "http://127.0.0.1:8380/");
    }

    #[test]
    fn a_password_in_a_url_is_refused_and_not_repeated() {
        let url = "https://me:hunter2@a.example/fhir";
        for error in [base_url(url).unwrap_err(), token_url(url).unwrap_err(), origin(url).unwrap_err()] {
            assert!(error.contains("user name or password"), "{error}");
            assert!(!error.contains("hunter2"), "{error}");
        }
    }

    #[test]
    fn other_schemes_queries_and_paths_are_refused() {
        assert!(base_url("ftp://a.example").unwrap_err().contains("use http or https"));
        assert!(base_url("https://a.example/fhir?x=1").is_err());
        assert!(base_url("not a url").is_err());
        assert!(origin("https://a.example/files").unwrap_err().contains("https://a.example"));
    }

    #[test]
    fn sizes_are_read_and_written() {
        assert_eq!("500MB".parse(), Ok(ByteSize(500_000_000)));
        assert_eq!("2GiB".parse(), Ok(ByteSize(2 << 30)));
        assert_eq!(ByteSize(2 << 30).to_string(), "2GiB");
        assert_eq!(ByteSize(500_000_000).to_string(), "500MB");
        assert_eq!(ByteSize(1_001).to_string(), "1001");
        for wrong in ["", "GB", "1.5GB", "-1", "99999999999GiB", "5 parsecs"] {
            assert!(wrong.parse::<ByteSize>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn durations_are_written_in_the_largest_whole_unit() {
        assert_eq!(show_duration(Duration::from_secs(600)), "10m");
        assert_eq!(show_duration(Duration::from_secs(90)), "90s");
        assert_eq!(show_duration(Duration::from_millis(1_500)), "1500ms");
    }

    #[test]
    fn invalid_dates_are_refused() {
        assert_eq!("2026-12-31".parse::<Day>().unwrap().to_string(), "2026-12-31");
        for wrong in ["2026-2-3", "2026-02-30", "31.12.2026", "", "2026-12-31-1"] {
            assert!(wrong.parse::<Day>().is_err(), "{wrong}");
        }
        assert!("2026-01-02".parse::<Day>().unwrap() < "2026-01-10".parse::<Day>().unwrap());
    }
}
