//! Elements of a resource as FHIR's JSON has them: a value, its `_` twin with id and extensions, and the way to it.

use serde_json::Value;

use crate::fhir::au_directory::names::DATA_ABSENT_REASON;

/// One element: an item of a repeating one, or a single one.
#[derive(Clone, Debug)]
pub(crate) struct Element<'v> {
    value: Option<&'v Value>,
    twin: Option<&'v Value>,
    /// The way to it: `Organization.identifier[0].value`.
    pub path: String,
}

impl<'v> Element<'v> {
    /// The resource itself, of this type.
    pub fn root(value: &'v Value, name: &str) -> Self {
        Self { value: Some(value), twin: None, path: name.to_owned() }
    }

    /// The elements of this name. Null, an empty text, an empty object and an empty array are none: FHIR has no such
    /// values. What has no value but an extension that says why is one.
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

    /// The elements at the end of a way such as `qualification.code`; none if an element on it says why it is absent.
    pub fn select(&self, way: &str) -> Vec<Element<'v>> {
        let mut found = vec![self.clone()];
        for name in way.split('.').filter(|name| !name.is_empty()) {
            found = found.iter().filter(|element| !element.is_excused()).flat_map(|one| one.children(name)).collect();
        }
        found
    }

    /// Its JSON.
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

    /// Whether an extension says why there is no value: then nothing more is asked of it.
    pub fn is_excused(&self) -> bool {
        let extensions = [self.value, self.twin].into_iter().flatten().filter_map(|side| side.get("extension"));
        let mut all = extensions.filter_map(Value::as_array).flatten();
        all.any(|extension| extension.get("url").and_then(Value::as_str) == Some(DATA_ABSENT_REASON))
    }

    /// Its text, if it is one.
    pub fn text(&self) -> Option<&'v str> {
        self.value.and_then(Value::as_str)
    }

    /// Whether it is the JSON value true.
    pub fn is_true(&self) -> bool {
        self.value == Some(&Value::Bool(true))
    }

    /// The text of its child of this name, if there is exactly one.
    pub fn child_text(&self, name: &str) -> Option<&'v str> {
        match self.children(name).as_slice() {
            [one] => one.text(),
            _ => None,
        }
    }

    /// Whether its child of this name has this text, or says why it has none.
    pub fn says(&self, name: &str, text: &str) -> bool {
        let children = self.children(name);
        children.iter().any(|child| child.text() == Some(text) || child.is_excused())
    }

    /// The extensions of this kind.
    pub fn extensions(&self, url: &str) -> Vec<Element<'v>> {
        let own = self.children("extension");
        own.into_iter().filter(|extension| extension.child_text("url") == Some(url)).collect()
    }

    /// Whether this CodeableConcept has a coding with this code, and of this system if one is given.
    pub fn has_code(&self, system: Option<&str>, code: &str) -> bool {
        self.children("coding").iter().any(|coding| {
            coding.child_text("code") == Some(code)
                && system.is_none_or(|system| coding.child_text("system") == Some(system))
        })
    }

    /// Whether it has that coding, or may have it: it says why it is absent.
    pub fn may_have_code(&self, system: Option<&str>, code: &str) -> bool {
        self.is_excused()
            || self.children("coding").iter().any(|coding| {
                coding.is_excused()
                    || (coding.says("code", code) && system.is_none_or(|system| coding.says("system", system)))
            })
    }

    /// What is there, without its content.
    pub fn shape(&self) -> String {
        match self.value {
            None | Some(Value::Null) => "no value".to_owned(),
            Some(Value::Bool(_)) => "a boolean".to_owned(),
            Some(Value::Number(_)) => "a number".to_owned(),
            Some(Value::Array(_)) => "an array".to_owned(),
            Some(Value::Object(_)) => "an object".to_owned(),
            Some(Value::String(text)) => match text.chars().count() {
                1 => "a text of 1 character".to_owned(),
                count => format!("a text of {count} characters"),
            },
        }
    }
}
