//! The settings of `[hooks]`: commands that change the target's data. They run only with `--allow-hooks` on the command
//! line. Each is a program and its arguments; it prints `Type/id` of the resources that it changed, one per line.

use std::path::PathBuf;
use std::time::Duration;

use crate::config::file_values;
use crate::suite::flow::HookName;

settings! {
    /// Commands that change the target's data, each a program and its arguments.
    pub struct HookConfig {
        /// The folder of the configuration file, in which they run.
        pub folder: PathBuf,
    }

    /// `[hooks]` of `plimsoll.toml`.
    pub struct HookTable {}

    file {
        /// The command that changes resources.
        #[serde(default, deserialize_with = "file_values::command")]
        #[file(Masked)]
        change: Option<Vec<String>>,

        /// The command that deletes resources.
        #[serde(default, deserialize_with = "file_values::command")]
        #[file(Masked)]
        delete: Option<Vec<String>>,

        /// The command that makes the export of some resources fail.
        #[serde(default, deserialize_with = "file_values::command")]
        #[file(Masked)]
        fail: Option<Vec<String>>,

        /// The longest time that a command may take; 60 s by default.
        #[serde(default, deserialize_with = "file_values::duration")]
        timeout: Duration = Duration::from_secs(60),
    }
}

impl HookConfig {
    /// Returns the commands that the file names.
    pub fn named(&self) -> impl Iterator<Item = (HookName, &Vec<String>)> {
        [(HookName::Change, &self.change), (HookName::Delete, &self.delete), (HookName::Fail, &self.fail)]
            .into_iter()
            .filter_map(|(name, hook)| Some((name, hook.value.as_ref()?)))
    }
}
