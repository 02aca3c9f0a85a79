//! A map that keeps the order of insertion, because reports show entries in the order of the suite files.

use std::collections::HashMap;

/// Values by name, in the order of insertion. A lookup is a hash lookup.
#[derive(Clone, Debug)]
pub struct Named<T> {
    entries: Vec<(String, T)>,
    places: HashMap<String, usize>,
}

impl<T> Named<T> {
    /// An empty map.
    pub fn new() -> Self {
        Self { entries: Vec::new(), places: HashMap::new() }
    }

    /// Adds `value` under `name` at the end. If `name` exists, replaces its value in place and returns the old one.
    pub fn insert(&mut self, name: String, value: T) -> Option<T> {
        if let Some((_, old)) = self.places.get(&name).and_then(|place| self.entries.get_mut(*place)) {
            return Some(std::mem::replace(old, value));
        }
        self.places.insert(name.clone(), self.entries.len());
        self.entries.push((name, value));
        None
    }

    /// The value under `name`.
    pub fn get(&self, name: &str) -> Option<&T> {
        self.places.get(name).and_then(|place| self.entries.get(*place)).map(|(_, value)| value)
    }

    /// The value under `name`, mutable.
    pub fn get_mut(&mut self, name: &str) -> Option<&mut T> {
        let place = *self.places.get(name)?;
        self.entries.get_mut(place).map(|(_, value)| value)
    }

    /// Names and values, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&String, &T)> {
        self.entries.iter().map(|(name, value)| (name, value))
    }

    /// The names, in order.
    pub fn keys(&self) -> impl Iterator<Item = &String> {
        self.entries.iter().map(|(name, _)| name)
    }

    /// The values, in order.
    pub fn values(&self) -> impl Iterator<Item = &T> {
        self.entries.iter().map(|(_, value)| value)
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }
}

impl<T> Default for Named<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T> FromIterator<(String, T)> for Named<T> {
    fn from_iter<I: IntoIterator<Item = (String, T)>>(iter: I) -> Self {
        let mut named = Self::new();
        for (name, value) in iter {
            named.insert(name, value);
        }
        named
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
mod tests {
    use super::*;

    #[test]
    fn the_order_of_insertion_is_kept() {
        let mut named: Named<u8> = [("b".to_owned(), 1), ("a".to_owned(), 2)].into_iter().collect();
        assert_eq!(named.insert("b".to_owned(), 3), Some(1));
        assert_eq!(named.keys().collect::<Vec<_>>(), ["b", "a"]);
        assert_eq!(named.get("b"), Some(&3));
        assert_eq!(named.get("c"), None);
        assert_eq!(named.len(), 2);
    }
}
