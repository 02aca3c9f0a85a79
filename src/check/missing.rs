//! When missing resources prove nothing, because they may have changed between two exports.

/// Whether the missing resources are so few that they may have been deleted between the exports.
pub(crate) fn is_small_part(lost: u64, of: u64) -> bool {
    lost <= (of / 20).max(1)
}

/// Why missing resources do not violate anything.
pub(crate) fn may_have_changed(lost: u64) -> String {
    format!("{lost} that did not come may have been deleted or changed since the earlier export; they cannot be read")
}
