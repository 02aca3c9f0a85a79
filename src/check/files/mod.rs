//! Checks of files and their lines.

pub(crate) mod delivery;
pub(crate) mod directory;
pub(crate) mod line_rules;
pub(crate) mod listed_files;
pub(crate) mod organized_files;
pub(crate) mod profiles;
pub(crate) mod served;
