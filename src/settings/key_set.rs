//! The public keys of the client, which the run itself serves to the target. The keys can change, may be cached for a
//! limited time only, and each read is counted.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde_json::{Value, json};

/// How long a server may cache the keys. It is short, because a test waits for it.
pub const MAX_AGE: Duration = Duration::from_secs(10);
/// The id of the client's key if the user names none. Keys in a set need an id.
pub const KEY_ID: &str = "plimsoll-1";
/// The id of the key that replaces it during a test.
pub(crate) const NEXT_KEY_ID: &str = "plimsoll-next";

/// A key set. Cheap to clone; all clones share the same keys.
#[derive(Clone, Debug, Default)]
pub struct KeySet {
    state: Arc<Mutex<KeySetState>>,
}

#[derive(Debug, Default)]
struct KeySetState {
    keys: Vec<Value>,
    reads: u32,
}

impl KeySet {
    fn state(&self) -> MutexGuard<'_, KeySetState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns the set as JSON (RFC 7517), and counts the read.
    pub fn read(&self) -> String {
        let mut state = self.state();
        state.reads = state.reads.saturating_add(1);
        json!({ "keys": state.keys }).to_string()
    }

    /// Returns how often the set was read.
    pub fn reads(&self) -> u32 {
        self.state().reads
    }

    /// Replaces the keys.
    pub(crate) fn publish(&self, keys: Vec<Value>) {
        self.state().keys = keys;
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_read_returns_the_last_keys_and_is_counted() {
        let set = KeySet::default();
        assert_eq!(set.read(), r#"{"keys":[]}"#);
        set.clone().publish(vec![json!({ "kid": "a" })]);
        let read: Value = serde_json::from_str(&set.read()).unwrap();
        assert_eq!(read, json!({ "keys": [{ "kid": "a" }] }));
        assert_eq!(set.reads(), 2);
    }
}
