//! Values of suite files that can be written in more than one way in TOML. Each has its own deserializer, so an invalid
//! value is refused with the allowed words.

use std::borrow::Cow;
use std::fmt;
use std::time::Duration;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;
use serde::de::{self, Deserializer, MapAccess, SeqAccess, Visitor};

/// A set of HTTP statuses: `202`, `"4xx"`, `"refusal"`, or a list of these.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StatusSet(pub Vec<StatusRange>);

/// One status, or one class of statuses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StatusRange {
    /// Exactly this status.
    One(u16),
    /// `4xx` is `Class(4)`.
    Class(u16),
    /// `refusal`: 4xx or 5xx, except statuses about credentials (401, 403), rates (429), sizes (413, 414) and gateways
    /// (502, 503, 504), because these show nothing about the requirement.
    Refusal,
}

/// Whether a status is about credentials, rates, sizes or gateways, so it shows nothing about the request itself.
pub fn is_unrelated_refusal(status: u16) -> bool {
    matches!(status, 401 | 403 | 413 | 414 | 429 | 502 | 503 | 504)
}

/// Whether a status refuses a request because of the request itself: 4xx or 5xx, without the unrelated ones.
pub fn is_refusal(status: u16) -> bool {
    (400..=599).contains(&status) && !is_unrelated_refusal(status)
}

impl StatusSet {
    /// Whether the set contains `status`.
    pub fn contains(&self, status: u16) -> bool {
        self.0.iter().any(|range| match range {
            StatusRange::One(one) => *one == status,
            StatusRange::Class(class) => status / 100 == *class,
            StatusRange::Refusal => is_refusal(status),
        })
    }
}

impl fmt::Display for StatusSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, range) in self.0.iter().enumerate() {
            match index {
                0 => {}
                _ if index + 1 == self.0.len() => f.write_str(" or ")?,
                _ => f.write_str(", ")?,
            }
            match range {
                StatusRange::One(one) => write!(f, "{one}")?,
                StatusRange::Class(class) => write!(f, "{class}xx")?,
                StatusRange::Refusal => f.write_str("4xx or 5xx")?,
            }
        }
        Ok(())
    }
}

impl StatusRange {
    fn from_number<E: de::Error>(number: i64) -> Result<Self, E> {
        u16::try_from(number)
            .ok()
            .filter(|n| (100..=599).contains(n))
            .map(StatusRange::One)
            .ok_or_else(|| E::custom(format!("status {number} does not exist; write a number from 100 to 599")))
    }

    fn from_text<E: de::Error>(text: &str) -> Result<Self, E> {
        match text {
            "1xx" => Ok(Self::Class(1)),
            "2xx" => Ok(Self::Class(2)),
            "3xx" => Ok(Self::Class(3)),
            "4xx" => Ok(Self::Class(4)),
            "5xx" => Ok(Self::Class(5)),
            "refusal" => Ok(Self::Refusal),
            _ => Err(E::custom(format!(
                "unknown status {text:?}; write a number such as 202 or one of \"1xx\", \"2xx\", \"3xx\", \"4xx\", \"5xx\", \"refusal\""
            ))),
        }
    }
}

impl<'de> Deserialize<'de> for StatusRange {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct StatusRangeVisitor;
        impl Visitor<'_> for StatusRangeVisitor {
            type Value = StatusRange;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a status such as 202 or \"4xx\"")
            }
            fn visit_i64<E: de::Error>(self, v: i64) -> Result<Self::Value, E> {
                StatusRange::from_number(v)
            }
            fn visit_str<E: de::Error>(self, v: &str) -> Result<Self::Value, E> {
                StatusRange::from_text(v)
            }
        }
        deserializer.deserialize_any(StatusRangeVisitor)
    }
}

impl<'de> Deserialize<'de> for StatusSet {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct StatusSetVisitor;
        impl<'de> Visitor<'de> for StatusSetVisitor {
            type Value = StatusSet;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a status such as 202 or \"4xx\", or a list of them")
            }
            fn visit_i64<E: de::Error>(self, v: i64) -> Result<Self::Value, E> {
                Ok(StatusSet(vec![StatusRange::from_number(v)?]))
            }
            fn visit_str<E: de::Error>(self, v: &str) -> Result<Self::Value, E> {
                Ok(StatusSet(vec![StatusRange::from_text(v)?]))
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
                let mut ranges = Vec::new();
                while let Some(range) = seq.next_element()? {
                    ranges.push(range);
                }
                if ranges.is_empty() {
                    return Err(de::Error::custom("an empty list allows no status; list at least one"));
                }
                Ok(StatusSet(ranges))
            }
        }
        deserializer.deserialize_any(StatusSetVisitor)
    }
}

impl JsonSchema for StatusSet {
    fn schema_name() -> Cow<'static, str> {
        "StatusSet".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let one = serde_json::json!({"anyOf": [
            {"type": "integer", "minimum": 100, "maximum": 599},
            {"enum": ["1xx", "2xx", "3xx", "4xx", "5xx", "refusal"]}
        ]});
        json_schema!({"anyOf": [one, {"type": "array", "items": one, "minItems": 1}]})
    }
}

/// One media type or several, as `type/subtype` without parameters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MediaTypes(pub Vec<String>);

impl<'de> Deserialize<'de> for MediaTypes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct MediaTypesVisitor;
        impl<'de> Visitor<'de> for MediaTypesVisitor {
            type Value = MediaTypes;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a media type such as \"application/json\", or a list of them")
            }
            fn visit_str<E: de::Error>(self, v: &str) -> Result<Self::Value, E> {
                Ok(MediaTypes(vec![v.to_ascii_lowercase()]))
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
                let mut types = Vec::new();
                while let Some(text) = seq.next_element::<String>()? {
                    types.push(text.to_ascii_lowercase());
                }
                Ok(MediaTypes(types))
            }
        }
        deserializer.deserialize_any(MediaTypesVisitor)
    }
}

impl JsonSchema for MediaTypes {
    fn schema_name() -> Cow<'static, str> {
        "MediaTypes".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}, "minItems": 1}]})
    }
}

/// One name or a list of names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Names(pub Vec<String>);

impl<'de> Deserialize<'de> for Names {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct NamesVisitor;
        impl<'de> Visitor<'de> for NamesVisitor {
            type Value = Names;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a name, or a list of names")
            }
            fn visit_str<E: de::Error>(self, v: &str) -> Result<Self::Value, E> {
                Ok(Names(vec![v.to_owned()]))
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
                let mut names = Vec::new();
                while let Some(name) = seq.next_element()? {
                    names.push(name);
                }
                Ok(Names(names))
            }
        }
        deserializer.deserialize_any(NamesVisitor)
    }
}

impl JsonSchema for Names {
    fn schema_name() -> Cow<'static, str> {
        "Names".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}, "minItems": 1}]})
    }
}

/// A duration such as `500ms`, `90s`, `10m` or `1h`, in suite files, settings and flags.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Wait(pub Duration);

impl Wait {
    /// The value as a [`Duration`].
    pub fn duration(self) -> Duration {
        self.0
    }
}

impl std::str::FromStr for Wait {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let refuse =
            || format!("{text:?} is not a duration; write a whole number and ms, s, m or h, such as 90s or 10m");
        let split = text.find(|c: char| !c.is_ascii_digit()).ok_or_else(refuse)?;
        let (number, unit) = text.split_at(split);
        let number: u64 = number.parse().map_err(|_| refuse())?;
        let millis = match unit {
            "ms" => Some(number),
            "s" => number.checked_mul(1_000),
            "m" => number.checked_mul(60_000),
            "h" => number.checked_mul(3_600_000),
            _ => None,
        };
        millis.map(|ms| Wait(Duration::from_millis(ms))).ok_or_else(refuse)
    }
}

impl<'de> Deserialize<'de> for Wait {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

impl JsonSchema for Wait {
    fn schema_name() -> Cow<'static, str> {
        "Wait".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": "string", "pattern": "^[0-9]+(ms|s|m|h)$"})
    }
}

/// One value or a list of values. A value is text or a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OneOrMany<T>(pub Vec<T>);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for OneOrMany<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct OneOrManyVisitor<T>(std::marker::PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for OneOrManyVisitor<T> {
            type Value = OneOrMany<T>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("one value, or a list of them")
            }
            fn visit_str<E: de::Error>(self, v: &str) -> Result<Self::Value, E> {
                Ok(OneOrMany(vec![T::deserialize(de::value::StrDeserializer::new(v))?]))
            }
            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
                Ok(OneOrMany(vec![T::deserialize(de::value::MapAccessDeserializer::new(map))?]))
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
                let mut values = Vec::new();
                while let Some(value) = seq.next_element()? {
                    values.push(value);
                }
                Ok(OneOrMany(values))
            }
        }
        deserializer.deserialize_any(OneOrManyVisitor(std::marker::PhantomData))
    }
}

impl<T: JsonSchema> JsonSchema for OneOrMany<T> {
    fn schema_name() -> Cow<'static, str> {
        format!("OneOrMany{}", T::schema_name()).into()
    }
    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let one = generator.subschema_for::<T>();
        json_schema!({"anyOf": [one, {"type": "array", "items": one, "minItems": 1}]})
    }
}
