//! Expectations in words.
use super::model::Expect;
/// In words.
pub fn describe(expect: &Expect) -> String {
    format!("{expect:?}")
}
