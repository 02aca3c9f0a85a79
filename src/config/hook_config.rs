//! The settings of `[hooks]`: commands that change the target's data, run with `--allow-hooks` on the command line alone.
//! Each is a program and its arguments; it prints `Type/id` of the resources that it touched, one per line.

use std::path::PathBuf;
use std::time::Duration;

use crate::config::file_values;
use crate::suite::flow::HookName;

settings! {
    /// Commands that change the target's data: a program and its arguments each.
    pub struct HookConfig {
        /// The folder of the file that names them, where they run.
        pub folder: PathBuf,
    }

    /// `[hooks]` of `plimsoll.toml`.
    pub struct HookTable {}

    file {
        /// Changes resources.
        #[serde(default, deserialize_with = "file_values::command")]
        #[file(Masked)]
        change: Option<Vec<String>>,

        /// Deletes resources.
        #[serde(default, deserialize_with = "file_values::command")]
        #[file(Masked)]
        delete: Option<Vec<String>>,

        /// Makes resources fail to be exported.
        #[serde(default, deserialize_with = "file_values::command")]
        #[file(Masked)]
        fail: Option<Vec<String>>,

        /// How long one of them may take.
        #[serde(default, deserialize_with = "file_values::duration")]
        timeout: Duration = Duration::from_secs(60),
    }
}

impl HookConfig {
    /// The commands that the file names.
    pub fn named(&self) -> impl Iterator<Item = (HookName, &Vec<String>)> {
        [(HookName::Change, &self.change), (HookName::Delete, &self.delete), (HookName::Fail, &self.fail)]
            .into_iter()
            .filter_map(|(name, hook)| Some((name, hook.value.as_ref()?)))
    }
}
