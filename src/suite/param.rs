//! Kick-off parameters: text that may contain sample values from the target's own data.

use std::borrow::Cow;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;
use serde::de::{self, Deserializer, SeqAccess, Visitor};

use crate::base::vocabulary::words;

words! {
    /// A sample value: chosen from the data that an earlier flow exported, or set under `[values]` in the
    /// configuration. It is chosen so that a filter by it matches some resources and, if possible, not all of them.
    SampleValueName {
        /// An instant; some resources were last updated before it and some after it.
        InstantInside = "instant-inside",
        /// The `transactionTime` of the source flow's export.
        TransactionTime = "transaction-time",
        /// Such an instant shortly before the last update of some resources, written with an offset from UTC. A server
        /// that ignores the offset loses these resources.
        InstantOffset = "instant-offset",
        /// A gender that some of the patients have.
        Gender = "gender",
        /// Another gender that some of the patients have.
        OtherGender = "other-gender",
        /// The id of one of several patients; other resources belong to this patient.
        PatientId = "patient-id",
        /// The type, other than Patient, with the fewest resources about patients.
        OtherType = "other-type",
        /// The id of a patient who is a member of the exported Group; other resources belong to this patient.
        MemberId = "member-id",
        /// The id of a patient who is not a member of the exported Group.
        OutsiderId = "outsider-id",
        /// One or two types, separated by a comma, with the optional element of the sample value `element`.
        ElementTypes = "element-types",
        /// An optional element of the types in the sample value `element-types`.
        Element = "element",
        /// A type with a resource that has several Provenance resources.
        ProvenancedType = "provenanced-type",
        /// The state of a Location. The city, postcode and position are of the same Location.
        AddressState = "address-state",
        /// The city of that Location.
        AddressCity = "address-city",
        /// The postcode of that Location.
        AddressPostcode = "address-postcode",
        /// The latitude and longitude of that Location, separated by `|`.
        Position = "position",
        /// The HPI-O of an Organization.
        Hpio = "hpio",
        /// The ABN of an Organization.
        Abn = "abn",
        /// The ACN of an Organization.
        Acn = "acn",
        /// The name of an Organization.
        OrganizationName = "organization-name",
        /// The system and code of the type of a HealthcareService at a Location, separated by `|`.
        ServiceType = "service-type",
        /// The code of that type, without the system.
        ServiceTypeCode = "service-type-code",
        /// The city of the Location of a HealthcareService.
        ServiceCity = "service-city",
        /// The postcode of the Location of a HealthcareService.
        ServicePostcode = "service-postcode",
        /// The position of the Location of a HealthcareService.
        ServicePosition = "service-position",
        /// The city of the Location of a PractitionerRole.
        RoleCity = "role-city",
        /// The postcode of the Location of a PractitionerRole.
        RolePostcode = "role-postcode",
    }
}

impl SampleValueName {
    /// The sample value in words, a noun phrase with its article.
    pub fn describe(self) -> &'static str {
        match self {
            SampleValueName::InstantInside => "an instant inside the data",
            SampleValueName::TransactionTime => "the transactionTime of the earlier export",
            SampleValueName::InstantOffset => "an instant inside the data, with an offset from UTC",
            SampleValueName::Gender => "the gender of a Patient",
            SampleValueName::OtherGender => "a second gender of a Patient",
            SampleValueName::PatientId => "the id of a Patient",
            SampleValueName::OtherType => "a resource type other than Patient with data about patients",
            SampleValueName::MemberId => "a member of the Group",
            SampleValueName::OutsiderId => "a patient who is not a member of the Group",
            SampleValueName::ElementTypes => "types that have an optional element in common",
            SampleValueName::Element => "an optional element",
            SampleValueName::ProvenancedType => "a type with several Provenance resources for one resource",
            SampleValueName::AddressState => "the state of a Location",
            SampleValueName::AddressCity => "the city of a Location",
            SampleValueName::AddressPostcode => "the postcode of a Location",
            SampleValueName::Position => "the position of a Location",
            SampleValueName::Hpio => "the HPI-O of an Organization",
            SampleValueName::Abn => "the ABN of an Organization",
            SampleValueName::Acn => "the ACN of an Organization",
            SampleValueName::OrganizationName => "the name of an Organization",
            SampleValueName::ServiceType => "the system and code of a service's type",
            SampleValueName::ServiceTypeCode => "the code of a service's type",
            SampleValueName::ServiceCity => "the city of a service",
            SampleValueName::ServicePostcode => "the postcode of a service",
            SampleValueName::ServicePosition => "the position of a service",
            SampleValueName::RoleCity => "the city of a practitioner's role",
            SampleValueName::RolePostcode => "the postcode of a practitioner's role",
        }
    }
}

/// A kick-off parameter. It is sent once for each of its values.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Param(pub Vec<Template>);

/// A value, in which `{NAME}` stands for a sample value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template(pub Vec<Part>);

/// A part of a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Part {
    /// Sent as it is.
    Text(String),
    /// Replaced by a sample value.
    SampleValue(SampleValueName),
}

impl Param {
    /// The sample values in all values.
    pub fn sample_values(&self) -> impl Iterator<Item = SampleValueName> + '_ {
        self.0.iter().flat_map(|template| &template.0).filter_map(|part| match part {
            Part::SampleValue(name) => Some(*name),
            Part::Text(_) => None,
        })
    }
}

impl Template {
    /// Returns the value, with its sample values replaced by what `choose` returns.
    ///
    /// # Errors
    /// The first error of `choose`.
    pub fn fill<E>(&self, choose: &mut dyn FnMut(SampleValueName) -> Result<String, E>) -> Result<String, E> {
        let mut text = String::new();
        for part in &self.0 {
            match part {
                Part::Text(part) => text.push_str(part),
                Part::SampleValue(name) => text.push_str(&choose(*name)?),
            }
        }
        Ok(text)
    }

    fn parse<E: de::Error>(text: &str) -> Result<Self, E> {
        let (mut parts, mut rest) = (Vec::new(), text);
        while let Some((before, after)) = rest.split_once('{') {
            let (name, after) = after
                .split_once('}')
                .ok_or_else(|| E::custom(format!("{text:?} has a {{ without a }}; write {{NAME}}")))?;
            if !before.is_empty() {
                parts.push(Part::Text(before.to_owned()));
            }
            let known = || SampleValueName::ALL.iter().map(|name| name.as_str()).collect::<Vec<_>>().join(", ");
            let known_name = SampleValueName::from_word(name)
                .ok_or_else(|| E::custom(format!("unknown sample value {name:?}; known are {}", known())))?;
            parts.push(Part::SampleValue(known_name));
            rest = after;
        }
        if !rest.is_empty() || parts.is_empty() {
            parts.push(Part::Text(rest.to_owned()));
        }
        Ok(Self(parts))
    }
}

impl fmt::Display for Template {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for part in &self.0 {
            match part {
                Part::Text(text) => f.write_str(text)?,
                Part::SampleValue(name) => write!(f, "[{}]", name.describe())?,
            }
        }
        Ok(())
    }
}

impl<'de> Deserialize<'de> for Param {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct ParamVisitor;
        impl<'de> Visitor<'de> for ParamVisitor {
            type Value = Param;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("text such as \"Patient\" or \"{instant-inside}\", or a list of these")
            }
            fn visit_str<E: de::Error>(self, v: &str) -> Result<Self::Value, E> {
                Ok(Param(vec![Template::parse(v)?]))
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
                let mut values = Vec::new();
                while let Some(text) = seq.next_element::<String>()? {
                    values.push(Template::parse(&text)?);
                }
                if values.is_empty() {
                    return Err(de::Error::custom("an empty list sends nothing; list at least one value"));
                }
                Ok(Param(values))
            }
        }
        deserializer.deserialize_any(ParamVisitor)
    }
}

impl JsonSchema for Param {
    fn schema_name() -> Cow<'static, str> {
        "Param".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let names: Vec<&str> = SampleValueName::ALL.iter().map(|name| name.as_str()).collect();
        let pattern = format!("^([^{{}}]|\\{{({})\\}})*$", names.join("|"));
        let one = serde_json::json!({"type": "string", "pattern": pattern});
        json_schema!({"anyOf": [one, {"type": "array", "items": one, "minItems": 1}]})
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Param, String> {
        #[derive(Deserialize)]
        struct One {
            p: Param,
        }
        toml::from_str::<One>(&format!("p = {text}")).map(|one| one.p).map_err(|error| error.message().to_owned())
    }

    #[test]
    fn a_value_is_filled_with_sample_values() {
        let param = read(r#"["Location?address-city={address-city}&near={position}|25", "x"]"#).unwrap();
        let mut choose = |name: SampleValueName| Ok::<_, ()>(format!("<{name}>"));
        let values: Vec<String> = param.0.iter().map(|template| template.fill(&mut choose).unwrap()).collect();
        assert_eq!(values, ["Location?address-city=<address-city>&near=<position>|25", "x"]);
        assert_eq!(
            param.sample_values().collect::<Vec<_>>(),
            [SampleValueName::AddressCity, SampleValueName::Position]
        );
        assert_eq!(
            param.0[0].to_string(),
            "Location?address-city=[the city of a Location]&near=[the position of a Location]|25"
        );
        assert_eq!(read(r#""""#).unwrap().0[0].fill(&mut choose).unwrap(), "");
    }

    #[test]
    fn invalid_values_are_refused() {
        assert!(
            read(r#""{yesterday}""#)
                .unwrap_err()
                .contains("unknown sample value \"yesterday\"; known are instant-inside")
        );
        assert!(read(r#""{hpio""#).unwrap_err().contains("without a }"));
        assert!(read("[]").unwrap_err().contains("sends nothing"));
        assert!(read("{ pick = 1 }").unwrap_err().contains("text such as"));
    }
}
