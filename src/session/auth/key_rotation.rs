//! The key set that the run serves. It has the client's own key, or another key while a test checks that the server
//! reads the key set again.

use std::time::Duration;

use crate::session::auth::tokens::TokenState;
use crate::settings::key_set::{KEY_ID, MAX_AGE, NEXT_KEY_ID};
use crate::settings::run_settings::{Credentials, Settings, Smart};

/// The time that a server has after the cached keys expire.
const GRACE: Duration = Duration::from_secs(5);

/// Puts the key of the first client into the key set, once.
///
/// # Errors
/// A fragment: the public key is not available.
pub(crate) fn publish(settings: &Settings, smart: &Smart, state: &mut TokenState) -> Result<(), String> {
    let Some(set) = &settings.key_set else { return Ok(()) };
    let first = matches!(&settings.credentials, Credentials::Smart(first) if first.client_id == smart.client_id);
    if let (Some(key), true, false) = (&state.key, first, state.published) {
        set.publish(vec![key.public_jwk(key.id().or(smart.key_id.as_deref()).unwrap_or(KEY_ID))?]);
        state.published = true;
    }
    Ok(())
}

/// Replaces the key in the key set; returns how long servers may still use the old key, and `None` if the key is
/// already replaced.
///
/// # Errors
/// A fragment: there is no key to replace, or no new key can be generated.
pub(crate) fn rotate(settings: &Settings, state: &mut TokenState) -> Result<Option<Duration>, String> {
    let set = settings.key_set.as_ref().ok_or("the run serves no key set")?;
    if state.rotated {
        return Ok(None);
    }
    let next = state.key.as_ref().ok_or("the client's key was never used")?.generate_another()?;
    set.publish(vec![next.public_jwk(NEXT_KEY_ID)?]);
    (state.next, state.rotated) = (Some(next), true);
    Ok(Some(MAX_AGE + GRACE))
}

/// Puts the client's own key back into the key set, if it was replaced.
pub(crate) fn restore(settings: &Settings, smart: &Smart, state: &mut TokenState) {
    if state.rotated {
        (state.rotated, state.published) = (false, false);
        // This key was published before, so it can be published again.
        let _ = publish(settings, smart, state);
    }
}
