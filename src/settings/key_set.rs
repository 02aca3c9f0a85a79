//! The public keys of the run's client as a server reads them, where the run itself serves them: by address, with an end
//! to how long they may be kept, and counted. So they can change while the server looks.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde_json::{Value, json};

/// How long a server may keep what it read. Short, for it is waited for.
pub const MAX_AGE: Duration = Duration::from_secs(10);
/// The id of the client's key where the user names none: keys of a set must have one.
pub const KEY_ID: &str = "plimsoll-1";
/// The id of the key that takes its place for a while.
pub(crate) const NEXT_KEY_ID: &str = "plimsoll-next";

/// A key set. Cheap to clone; all clones are the same.
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

    /// The set as JSON (RFC 7517), for whoever reads it; counted.
    pub fn read(&self) -> String {
        let mut state = self.state();
        state.reads = state.reads.saturating_add(1);
        json!({ "keys": state.keys }).to_string()
    }

    /// How often it was read.
    pub fn reads(&self) -> u32 {
        self.state().reads
    }

    /// Puts these keys in the place of those there were.
    pub(crate) fn publish(&self, keys: Vec<Value>) {
        self.state().keys = keys;
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn what_was_published_last_is_read_and_reads_are_counted() {
        let set = KeySet::default();
        assert_eq!(set.read(), r#"{"keys":[]}"#);
        set.clone().publish(vec![json!({ "kid": "a" })]);
        let read: Value = serde_json::from_str(&set.read()).unwrap();
        assert_eq!(read, json!({ "keys": [{ "kid": "a" }] }));
        assert_eq!(set.reads(), 2);
    }
}
