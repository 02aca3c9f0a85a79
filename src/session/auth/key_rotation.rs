//! Changing the client's keys while the server looks: where the run serves them, another takes the place of the client's
//! own for as long as it takes to see whether the server follows.

use std::time::Duration;

use crate::session::auth::credentials::TokenState;
use crate::session::client::Session;
use crate::settings::key_set::{KEY_ID, MAX_AGE, NEXT_KEY_ID};
use crate::settings::run_settings::{Credentials, Smart};

/// What is given to a server beyond the time for which it may keep the keys.
const GRACE: Duration = Duration::from_secs(5);

impl Session {
    /// Puts the key of the run's own client into the key set, once.
    pub(crate) fn publish(&self, smart: &Smart, state: &mut TokenState) -> Result<(), String> {
        let Some(set) = &self.shared.settings.key_set else { return Ok(()) };
        let own =
            matches!(&self.shared.settings.credentials, Credentials::Smart(own) if own.client_id == smart.client_id);
        if let (Some(key), true, false) = (&state.key, own, state.published) {
            set.publish(vec![key.public_jwk(key.id().or(smart.key_id.as_deref()).unwrap_or(KEY_ID))?]);
            state.published = true;
        }
        Ok(())
    }

    /// Has another key take the place of the client's own; gives how long to wait until servers must have noticed, nothing
    /// where it has its place already.
    ///
    /// # Errors
    /// A fragment: there is no key to replace, or none can be made.
    pub(crate) async fn rotate(&self) -> Result<Option<Duration>, String> {
        let (_, client) = self.own_smart()?;
        let mut state = client.state.lock().await;
        let set = self.shared.settings.key_set.as_ref().ok_or("the run serves no keys")?;
        if state.rotated {
            return Ok(None);
        }
        let next = state.key.as_ref().ok_or("the client's key was never used")?.another()?;
        set.publish(vec![next.public_jwk(NEXT_KEY_ID)?]);
        (state.next, state.rotated) = (Some(next), true);
        Ok(Some(MAX_AGE + GRACE))
    }

    /// Brings the client's own key back, where it was replaced.
    pub(crate) async fn restore_key(&self) {
        let Ok((smart, client)) = self.own_smart() else { return };
        let mut state = client.state.lock().await;
        if state.rotated {
            (state.rotated, state.published) = (false, false);
            // The key was there before, so that it is good.
            let _ = self.publish(smart, &mut state);
        }
    }
}
