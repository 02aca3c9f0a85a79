//! The JSON Schema of suite files, generated from the types that read them. Editors use it to complete and check files.

use schemars::generate::SchemaSettings;

use crate::suite::load::raw::RawFile;

/// The schema, draft 2020-12, as in `suites/suite.schema.json`: indented, with a line feed at the end.
pub fn schema() -> String {
    let schema = SchemaSettings::draft2020_12().into_generator().into_root_schema_for::<RawFile>();
    // Serialization of a JSON value to a string cannot fail.
    let mut text = serde_json::to_string_pretty(schema.as_value()).unwrap_or_default();
    text.push('\n');
    text
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
mod tests {
    #[test]
    fn the_schema_has_the_keys_that_the_reader_knows() {
        let schema: serde_json::Value = serde_json::from_str(&super::schema()).unwrap();
        let mut keys: Vec<&str> = schema["properties"].as_object().unwrap().keys().map(String::as_str).collect();
        let mut known = crate::suite::load::raw::FILE_KEYS.to_vec();
        keys.sort_unstable();
        known.sort_unstable();
        assert_eq!(keys, known);
        assert_eq!(schema["additionalProperties"], serde_json::Value::Bool(false));
    }
}
