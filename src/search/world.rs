//! The resources that chains in filters refer to.

use serde_json::Value;

/// The resources that are available while a filter is matched.
pub trait World {
    /// The resource `kind`/`id`, if it is available.
    fn get(&self, kind: &str, id: &str) -> Option<&Value>;

    /// All available resources of a type.
    fn all<'a>(&'a self, kind: &str) -> Box<dyn Iterator<Item = &'a Value> + 'a>;

    /// Whether all resources of this type are available.
    fn is_whole(&self, kind: &str) -> bool;
}

/// A world without resources, so no chain can be followed.
#[derive(Clone, Copy, Debug)]
pub struct Nothing;

impl World for Nothing {
    fn get(&self, _: &str, _: &str) -> Option<&Value> {
        None
    }

    fn all<'a>(&'a self, _: &str) -> Box<dyn Iterator<Item = &'a Value> + 'a> {
        Box::new(std::iter::empty())
    }

    fn is_whole(&self, _: &str) -> bool {
        false
    }
}
