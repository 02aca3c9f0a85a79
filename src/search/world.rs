//! The other resources, which chains refer to.

use serde_json::Value;

/// The other resources that are at hand.
pub trait World {
    /// The resource `kind`/`id`, if it is at hand.
    fn get(&self, kind: &str, id: &str) -> Option<&Value>;

    /// All resources of a type that are at hand.
    fn all<'a>(&'a self, kind: &str) -> Box<dyn Iterator<Item = &'a Value> + 'a>;

    /// Whether there are no others of this type than those at hand.
    fn is_whole(&self, kind: &str) -> bool;
}

/// Nothing is at hand, so that no chain can be followed.
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
