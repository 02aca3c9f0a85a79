//! Restricts SMART scopes to one resource type.

/// The resource type and the permissions of a scope such as `system/Patient.rs`; `None` for other scopes.
fn resource_scope(scope: &str) -> Option<(&str, &str)> {
    let (context, rest) = scope.split_once('/')?;
    if !matches!(context, "system" | "user" | "patient") {
        return None;
    }
    rest.split('?').next().unwrap_or(rest).split_once('.')
}

/// The part of `scope` that covers only Patient resources, in the same syntax; `None` if `scope` does not cover
/// Patients, or covers nothing else.
pub(crate) fn narrow_scope(scope: &str) -> Option<String> {
    let scopes: Vec<(&str, &str)> = scope.split_ascii_whitespace().filter_map(resource_scope).collect();
    if scopes.iter().all(|(kind, _)| *kind == "Patient") {
        return None;
    }
    let (_, may) = scopes.iter().find(|(kind, _)| matches!(*kind, "*" | "Patient"))?;
    let may = match *may {
        "*" | "read" => "read",
        more if more.contains('r') && more.contains('s') => "rs",
        more => more,
    };
    Some(format!("system/Patient.{may}"))
}

/// Whether a scope covers Patient resources and no other type.
pub(crate) fn is_patient_only(scope: &str) -> bool {
    let mut types = scope.split_ascii_whitespace().filter_map(resource_scope).map(|(kind, _)| kind).peekable();
    types.peek().is_some() && types.all(|kind| kind == "Patient")
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
mod tests {
    use super::*;

    #[test]
    fn a_scope_is_narrowed_in_its_own_syntax() {
        for (scope, narrow) in [
            ("system/*.read", Some("system/Patient.read")),
            ("system/*.*", Some("system/Patient.read")),
            ("system/*.rs", Some("system/Patient.rs")),
            ("system/*.cruds", Some("system/Patient.rs")),
            ("system/Patient.rs system/Observation.rs", Some("system/Patient.rs")),
            ("system/Observation.read", None),
            ("system/Patient.read", None),
            ("openid fhirUser", None),
            ("", None),
        ] {
            assert_eq!(narrow_scope(scope).as_deref(), narrow, "{scope}");
        }
        for (scope, alone) in [
            ("system/Patient.rs", true),
            ("system/Patient.read openid", true),
            ("system/*.rs", false),
            ("system/Patient.rs system/Group.r", false),
            ("openid", false),
            ("", false),
        ] {
            assert_eq!(is_patient_only(scope), alone, "{scope}");
        }
    }
}
