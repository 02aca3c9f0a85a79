//! Where clap found the value of a flag: on the command line or in the environment.

use clap::parser::ValueSource;
use clap::{ArgMatches, Command};

use crate::config::setting::Origin;

/// The sources of the values of one command's flags.
#[derive(Clone, Copy, Debug)]
pub struct FlagSources<'a> {
    command: &'a Command,
    matches: &'a ArgMatches,
}

impl<'a> FlagSources<'a> {
    /// Returns the sources of the flags of `command`, which clap read as `matches`.
    pub fn new(command: &'a Command, matches: &'a ArgMatches) -> Self {
        Self { command, matches }
    }

    /// Returns the source of the value of this flag; `None` if it was not given.
    pub(crate) fn origin(&self, id: &str) -> Option<Origin> {
        match self.matches.value_source(id)? {
            ValueSource::CommandLine => Some(Origin::Flag),
            ValueSource::EnvVariable => {
                let flag = self.command.get_arguments().find(|flag| flag.get_id() == id)?;
                Some(Origin::Env(flag.get_env()?.to_string_lossy().into_owned()))
            }
            _ => None,
        }
    }
}
