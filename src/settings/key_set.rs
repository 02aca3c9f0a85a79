//! The public keys of the run's client as the run itself serves them to the target. The keys can change, may be cached
//! only for a limited time, and each read is counted.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde_json::{Value, json};

/// How long a server may cache the keys. Short, because a test waits for it.
pub const MAX_AGE: Duration = Duration::from_secs(10);
/// The id of the client's key if the user names none: keys in a set need an id.
pub const KEY_ID: &str = "plimsoll-1";
/// The id of the key that replaces it for a while.
pub(crate) const NEXT_KEY_ID: &str = "plimsoll-next";

/// A key set. Cheap to clone; all clones are the same set.
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

    /// The set as JSON (RFC 7517). Counts the read.
    pub fn read(&self) -> String {
        let mut state = self.state();
        state.reads = state.reads.saturating_add(1);
        json!({ "keys": state.keys }).to_string()
    }

    /// How often the set was read.
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
