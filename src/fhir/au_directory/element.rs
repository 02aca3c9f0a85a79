//! Elements of a resource as in FHIR's JSON: a value, its `_` twin with id and extensions, and its path.

use serde_json::Value;

use crate::fhir::au_directory::names::DATA_ABSENT_REASON;

/// One element, or one item of an element that repeats.
#[derive(Clone, Debug)]
pub(crate) struct Element<'v> {
    value: Option<&'v Value>,
    twin: Option<&'v Value>,
    /// The path: `Organization.identifier[0].value`.
    pub path: String,
}

impl<'v> Element<'v> {
    /// Returns the element for the resource itself, of the type `name`.
    pub fn root(value: &'v Value, name: &str) -> Self {
        Self { value: Some(value), twin: None, path: name.to_owned() }
    }

    /// Returns the child elements of this name. An element with null or an empty string, object or array does not
    /// count, because FHIR does not allow such values. An element with a data-absent-reason in place of a value counts.
    pub fn children(&self, name: &str) -> Vec<Element<'v>> {
        let Some(Value::Object(fields)) = self.value else { return Vec::new() };
        let path = format!("{}.{name}", self.path);
        let (value, twin) = (fields.get(name), fields.get(&format!("_{name}")));
        let list = |side: Option<&'v Value>| side.and_then(Value::as_array);
        let all = match (list(value), list(twin)) {
            (None, None) => vec![Element { value, twin, path }],
            (values, twins) => {
                let count = values.map_or(0, Vec::len).max(twins.map_or(0, Vec::len));
                let item = |list: Option<&'v Vec<Value>>, at: usize| list.and_then(|list| list.get(at));
                let one =
                    |at| Element { value: item(values, at), twin: item(twins, at), path: format!("{path}[{at}]") };
                (0..count).map(one).collect()
            }
        };
        all.into_iter().filter(|element| element.has_value() || element.is_excused()).collect()
    }

    /// Returns the elements at the end of a path such as `qualification.code`; it does not go below an element with a
    /// data-absent-reason.
    pub fn select(&self, way: &str) -> Vec<Element<'v>> {
        let mut found = vec![self.clone()];
        for name in way.split('.').filter(|name| !name.is_empty()) {
            found = found.iter().filter(|element| !element.is_excused()).flat_map(|one| one.children(name)).collect();
        }
        found
    }

    /// Returns its JSON value.
    pub fn raw(&self) -> Option<&'v Value> {
        self.value
    }

    fn has_value(&self) -> bool {
        match self.value {
            None | Some(Value::Null) => false,
            Some(Value::String(text)) => !text.trim().is_empty(),
            Some(Value::Array(items)) => !items.is_empty(),
            Some(Value::Object(fields)) => !fields.is_empty(),
            Some(Value::Bool(_) | Value::Number(_)) => true,
        }
    }

    /// Returns whether it has a data-absent-reason; then no rule requires more of it.
    pub fn is_excused(&self) -> bool {
        let extensions = [self.value, self.twin].into_iter().flatten().filter_map(|side| side.get("extension"));
        let mut all = extensions.filter_map(Value::as_array).flatten();
        all.any(|extension| extension.get("url").and_then(Value::as_str) == Some(DATA_ABSENT_REASON))
    }

    /// Returns its value if it is a string.
    pub fn text(&self) -> Option<&'v str> {
        self.value.and_then(Value::as_str)
    }

    /// Returns whether it is the JSON value true.
    pub fn is_true(&self) -> bool {
        self.value == Some(&Value::Bool(true))
    }

    /// Returns the string in its child of this name, if there is exactly one child.
    pub fn child_text(&self, name: &str) -> Option<&'v str> {
        match self.children(name).as_slice() {
            [one] => one.text(),
            _ => None,
        }
    }

    /// Returns whether its child of this name is this string, or has a data-absent-reason.
    pub fn says(&self, name: &str, text: &str) -> bool {
        let children = self.children(name);
        children.iter().any(|child| child.text() == Some(text) || child.is_excused())
    }

    /// Returns the extensions with this URL.
    pub fn extensions(&self, url: &str) -> Vec<Element<'v>> {
        let own = self.children("extension");
        own.into_iter().filter(|extension| extension.child_text("url") == Some(url)).collect()
    }

    /// Returns whether this CodeableConcept has a coding with this code, and with this system if one is given.
    pub fn has_code(&self, system: Option<&str>, code: &str) -> bool {
        self.children("coding").iter().any(|coding| {
            coding.child_text("code") == Some(code)
                && system.is_none_or(|system| coding.child_text("system") == Some(system))
        })
    }

    /// Returns whether this CodeableConcept has that coding, or could have it because a part has a data-absent-reason.
    pub fn may_have_code(&self, system: Option<&str>, code: &str) -> bool {
        self.is_excused()
            || self.children("coding").iter().any(|coding| {
                coding.is_excused()
                    || (coding.says("code", code) && system.is_none_or(|system| coding.says("system", system)))
            })
    }

    /// Describes the kind of its value, without resource content.
    pub fn shape(&self) -> String {
        match self.value {
            None | Some(Value::Null) => "no value".to_owned(),
            Some(Value::Bool(_)) => "a boolean".to_owned(),
            Some(Value::Number(_)) => "a number".to_owned(),
            Some(Value::Array(_)) => "an array".to_owned(),
            Some(Value::Object(_)) => "an object".to_owned(),
            Some(Value::String(text)) => match text.chars().count() {
                1 => "a string of 1 character".to_owned(),
                count => format!("a string of {count} characters"),
            },
        }
    }
}
