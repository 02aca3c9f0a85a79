//! Changes of JSON values by fault files.

use serde_json::Value;

/// The index of an item in an array: `key` is a number, or a field and its text, such as `type=Group`.
fn index(items: &[Value], key: &str) -> Option<usize> {
    match key.split_once('=') {
        Some((name, text)) => items.iter().position(|item| item.get(name).and_then(Value::as_str) == Some(text)),
        None => key.parse().ok(),
    }
}

/// Sets the value at a pointer. In an array `*` selects every item, `name=text` the item with that field, and a final
/// `-` appends. A missing key is added.
pub(crate) fn set_at(value: &mut Value, pointer: &str, new: &Value) {
    let Some((parent, key)) = pointer.rsplit_once('/') else { return };
    for place in places(value, parent) {
        match place {
            Value::Object(fields) => {
                fields.insert(key.to_owned(), new.clone());
            }
            Value::Array(items) if key == "*" => items.iter_mut().for_each(|item| *item = new.clone()),
            Value::Array(items) if key == "-" => items.push(new.clone()),
            Value::Array(items) => {
                if let Some(item) = index(items, key).and_then(|at| items.get_mut(at)) {
                    *item = new.clone();
                }
            }
            _ => {}
        }
    }
}

/// Removes the value at a pointer.
pub(crate) fn remove_at(value: &mut Value, pointer: &str) {
    let Some((parent, key)) = pointer.rsplit_once('/') else { return };
    for place in places(value, parent) {
        match place {
            Value::Object(fields) => {
                fields.shift_remove(key);
            }
            Value::Array(items) if key == "*" => items.clear(),
            Value::Array(items) => {
                if let Some(at) = index(items, key).filter(|at| *at < items.len()) {
                    items.remove(at);
                }
            }
            _ => {}
        }
    }
}

/// The values at a pointer.
fn places<'a>(value: &'a mut Value, pointer: &str) -> Vec<&'a mut Value> {
    let mut found = vec![value];
    for key in pointer.split('/').skip(1) {
        found = found
            .into_iter()
            .flat_map(|place| -> Vec<&mut Value> {
                match (key, place) {
                    ("*", Value::Array(items)) => items.iter_mut().collect(),
                    (key, Value::Array(items)) => match index(items, key) {
                        Some(at) => items.get_mut(at).into_iter().collect(),
                        None => Vec::new(),
                    },
                    (key, Value::Object(fields)) => fields.get_mut(key).into_iter().collect(),
                    _ => Vec::new(),
                }
            })
            .collect();
    }
    found
}

/// Reverses the order of all keys.
pub(crate) fn reverse_keys(value: &mut Value) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(reverse_keys),
        Value::Object(fields) => {
            fields.values_mut().for_each(reverse_keys);
            *fields = std::mem::take(fields).into_iter().rev().collect();
        }
        _ => {}
    }
}

/// Replaces every string `%{body}` in `outer` with `inner`.
pub(crate) fn insert_body(outer: &mut Value, inner: &Value) {
    match outer {
        Value::String(text) if text == "%{body}" => *outer = inner.clone(),
        Value::Array(items) => items.iter_mut().for_each(|item| insert_body(item, inner)),
        Value::Object(fields) => fields.values_mut().for_each(|field| insert_body(field, inner)),
        _ => {}
    }
}
