//! Where a path of a resource stands in its line.

use crate::fhir::validate::scan;

/// A step of a path.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct PathStep {
    pub(crate) key: String,
    pub(crate) index: Option<usize>,
}

/// Where the value at the end of `path` begins, in bytes; of what is not there, the nearest around it.
pub(crate) fn place_of(line: &[u8], path: &[PathStep]) -> usize {
    let mut at = scan::space(line, 0);
    for step in path {
        let mut found = None;
        scan::members(line, at, &mut |key, value, _| {
            found = (key == step.key.as_bytes()).then_some(value);
            found.is_none()
        });
        let Some(value) = found else { break };
        at = value;
        if let Some(index) = step.index {
            let mut number = 0;
            scan::items(line, value, &mut |item| {
                if number == index {
                    at = item;
                }
                number += 1;
            });
        }
    }
    at
}
