//! Hooks: commands of the user that change the data of the target. An export client cannot make these changes itself.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use crate::suite::flow::HookName;

/// The hooks of a run.
#[derive(Clone, Debug, Default)]
pub struct Hooks {
    /// The hooks that may run.
    pub there: BTreeMap<HookName, Hook>,
    /// Whether the configuration names hooks that may not run, because `--allow-hooks` is missing.
    pub withheld: bool,
}

/// A hook in this process: returns `Type/id` of each resource that it changed, or why it failed.
pub type HookFunction = Arc<dyn Fn() -> Result<Vec<String>, String> + Send + Sync>;

/// One hook.
#[derive(Clone)]
pub enum Hook {
    /// A program.
    Command(HookCommand),
    /// A function in this process, for servers in this process.
    Function(HookFunction),
}

impl std::fmt::Debug for Hook {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Hook::Command(command) => command.fmt(f),
            Hook::Function(_) => f.write_str("Function"),
        }
    }
}

/// A program with its arguments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HookCommand {
    /// The program and its arguments; no shell reads them.
    pub argv: Vec<String>,
    /// The working folder. A relative path of the program is relative to it.
    pub folder: PathBuf,
    /// The longest time that it may run.
    pub timeout: Duration,
}

impl Hooks {
    /// Returns why none of `wanted` can run; `None` if one can run, or if `wanted` is empty.
    pub fn lacks(&self, wanted: &[HookName]) -> Option<String> {
        if wanted.is_empty() || wanted.iter().any(|name| self.there.contains_key(name)) {
            return None;
        }
        let names: Vec<&str> = wanted.iter().map(|name| name.as_str()).collect();
        let names = crate::suite::describe::or(&names);
        Some(match self.withheld {
            true => "the flow needs a hook that changes the server's data. Give --allow-hooks to run the hooks of \
                     plimsoll.toml"
                .to_owned(),
            false => format!(
                "the flow needs a hook that changes the server's data. Set {names} under [hooks] in plimsoll.toml, and \
                 give --allow-hooks"
            ),
        })
    }
}
