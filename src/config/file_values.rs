//! Reads values of `plimsoll.toml` that the file writes in another form than their types. Each value keeps its place in
//! the file, and is checked in the same way as the value of its flag.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Deserialize;
use serde::de::{self, Deserializer, IgnoredAny};
use toml::Spanned;
use url::Url;

use crate::base::vocabulary::ExportLevel;
use crate::config::values;
use crate::config::values::{AuthKind, Day};
use crate::suite::param::SampleValueName;

/// A value of the file with its place; `None` if the file does not have it.
type InFile<T> = Option<Spanned<T>>;

fn text<'de, D: Deserializer<'de>, T, U: From<T>>(
    deserializer: D,
    read: impl Fn(&str) -> Result<T, String>,
) -> Result<InFile<U>, D::Error> {
    let text = Spanned::<String>::deserialize(deserializer)?;
    let value = read(text.get_ref()).map_err(de::Error::custom)?;
    Ok(Some(Spanned::new(text.span(), value.into())))
}

fn list<'de, D: Deserializer<'de>, T>(
    deserializer: D,
    read: impl Fn(&str) -> Result<T, String>,
) -> Result<InFile<Vec<T>>, D::Error> {
    let texts = Spanned::<Vec<String>>::deserialize(deserializer)?;
    let values: Result<Vec<T>, String> = texts.get_ref().iter().map(|text| read(text)).collect();
    Ok(Some(Spanned::new(texts.span(), values.map_err(de::Error::custom)?)))
}

pub(crate) fn base_url<'de, D: Deserializer<'de>>(d: D) -> Result<InFile<Option<Url>>, D::Error> {
    text(d, values::base_url)
}

pub(crate) fn token_url<'de, D: Deserializer<'de>>(d: D) -> Result<InFile<Option<Url>>, D::Error> {
    text(d, values::token_url)
}

pub(crate) fn origins<'de, D: Deserializer<'de>>(d: D) -> Result<InFile<Vec<url::Origin>>, D::Error> {
    list(d, values::origin)
}

pub(crate) fn auth_kind<'de, D: Deserializer<'de>>(d: D) -> Result<InFile<AuthKind>, D::Error> {
    text(d, values::auth_kind)
}

pub(crate) fn variable<'de, D: Deserializer<'de>>(d: D) -> Result<InFile<Option<String>>, D::Error> {
    text(d, values::variable)
}

pub(crate) fn levels<'de, D: Deserializer<'de>>(d: D) -> Result<InFile<Vec<ExportLevel>>, D::Error> {
    list(d, values::level)
}

pub(crate) fn resource_types<'de, D: Deserializer<'de>>(d: D) -> Result<InFile<Vec<String>>, D::Error> {
    list(d, values::resource_type)
}

pub(crate) fn marks<'de, D: Deserializer<'de>>(d: D) -> Result<InFile<Vec<String>>, D::Error> {
    list(d, values::mark)
}

pub(crate) fn duration<'de, D: Deserializer<'de>, U: From<Duration>>(d: D) -> Result<InFile<U>, D::Error> {
    text(d, values::duration)
}

pub(crate) fn jobs<'de, D: Deserializer<'de>>(d: D) -> Result<InFile<usize>, D::Error> {
    let number = Spanned::<i64>::deserialize(d)?;
    let jobs = values::jobs(&number.get_ref().to_string()).map_err(de::Error::custom)?;
    Ok(Some(Spanned::new(number.span(), jobs)))
}

pub(crate) fn rate<'de, D: Deserializer<'de>>(d: D) -> Result<InFile<usize>, D::Error> {
    let number = Spanned::<i64>::deserialize(d)?;
    let rate = values::rate(&number.get_ref().to_string()).map_err(de::Error::custom)?;
    Ok(Some(Spanned::new(number.span(), rate)))
}

/// Reads any value of a flag that is permitted on the command line only.
pub(crate) fn refused_flag<'de, D: Deserializer<'de>>(d: D) -> Result<InFile<bool>, D::Error> {
    Ok(Some(Spanned::new(Spanned::<IgnoredAny>::deserialize(d)?.span(), true)))
}

/// Reads a program and its arguments.
pub(crate) fn command<'de, D: Deserializer<'de>>(d: D) -> Result<InFile<Option<Vec<String>>>, D::Error> {
    let argv = Spanned::<Vec<String>>::deserialize(d)?;
    let refusal = match argv.get_ref().first() {
        None => "a hook needs a program to run; write [\"./program\", \"argument\"]",
        Some(program) if program.trim().is_empty() => "the program name of this hook is empty",
        Some(_) if argv.get_ref().iter().any(|part| part.contains('\0')) => {
            "an argument of this hook contains a NUL character"
        }
        Some(_) => return Ok(Some(Spanned::new(argv.span(), Some(argv.into_inner())))),
    };
    Err(de::Error::custom(refusal))
}

pub(crate) fn sample_values<'de, D: Deserializer<'de>>(
    d: D,
) -> Result<InFile<BTreeMap<SampleValueName, String>>, D::Error> {
    let values = Spanned::<BTreeMap<SampleValueName, String>>::deserialize(d)?;
    let bad = |value: &str| value.trim().is_empty() || value.len() > 200 || value.contains(char::is_control);
    if values.get_ref().contains_key(&SampleValueName::TransactionTime) {
        return Err(de::Error::custom("transaction-time cannot be set; it is always the transactionTime of an export"));
    }
    match values.get_ref().iter().find(|(_, value)| bad(value)) {
        Some((name, _)) => Err(de::Error::custom(format!(
            "the value of {name} is empty, longer than 200 bytes, or has control characters"
        ))),
        None => Ok(Some(values)),
    }
}

pub(crate) fn day<'de, D: Deserializer<'de>>(d: D) -> Result<Option<Day>, D::Error> {
    // Users write dates both as TOML dates and as text.
    let text = match toml::Value::deserialize(d)? {
        toml::Value::String(text) => text,
        toml::Value::Datetime(date) => date.to_string(),
        other => {
            return Err(de::Error::custom(format!(
                "a TOML {} is not a date; write it as 2026-12-31",
                other.type_str()
            )));
        }
    };
    text.parse().map(Some).map_err(de::Error::custom)
}
