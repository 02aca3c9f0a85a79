//! A setting: a value and the place that it comes from.

use std::collections::BTreeMap;
use std::fmt;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::Value;
use url::Url;

use crate::base::vocabulary::ExportLevel;
use crate::config::values::{AuthKind, ByteSize, show_duration};
use crate::suite::param::SampleValueName;

/// Where a value comes from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Origin {
    /// The command line.
    Flag,
    /// An environment variable, by name.
    Env(String),
    /// A line of the configuration file that the user named.
    File(PathBuf, usize),
    /// A line of a configuration file that was found in the working directory.
    Found(PathBuf, usize),
    /// The default of the setting.
    #[default]
    Default,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Origin::Flag => f.write_str("command line"),
            Origin::Env(name) => f.write_str(name),
            Origin::File(path, line) | Origin::Found(path, line) => write!(f, "{}:{line}", path.display()),
            Origin::Default => f.write_str("default"),
        }
    }
}

/// A value and where it comes from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Setting<T> {
    /// The value.
    pub value: T,
    /// Where it comes from.
    pub origin: Origin,
}

impl<T> Setting<T> {
    /// A value from `origin`.
    pub fn new(value: T, origin: Origin) -> Self {
        Self { value, origin }
    }

    /// Replaces the value if there is another one with an origin.
    pub(crate) fn set(&mut self, value: impl Into<Option<T>>, origin: Option<Origin>) {
        if let (Some(value), Some(origin)) = (value.into(), origin) {
            *self = Self { value, origin };
        }
    }
}

/// A type that settings have.
pub trait SettingValue: Clone {
    /// The value as `--print-config` shows it; null: the setting has no value.
    fn show(&self) -> Value;

    /// The value that a configuration file in `folder` means: its relative paths are relative to `folder`.
    #[must_use]
    fn relative_to(self, _folder: &Path) -> Self {
        self
    }
}

/// Implements [`SettingValue`] for types without paths.
macro_rules! setting_values {
    ($($type:ty: $show:expr;)*) => {
        $(impl SettingValue for $type {
            fn show(&self) -> Value {
                let show: fn(&$type) -> Value = $show;
                show(self)
            }
        })*
    };
}

setting_values! {
    bool: |value| (*value).into();
    usize: |value| (*value).into();
    String: |value| value.as_str().into();
    Url: |value| value.as_str().into();
    url::Origin: |value| value.ascii_serialization().into();
    SocketAddr: |value| value.to_string().into();
    Duration: |value| show_duration(*value).into();
    ByteSize: |value| value.to_string().into();
    AuthKind: |value| value.as_str().into();
    ExportLevel: |value| value.as_str().into();
    BTreeMap<SampleValueName, String>: |value| {
        value.iter().map(|(name, value)| (name.as_str().to_owned(), Value::from(value.as_str()))).collect()
    };
}

impl SettingValue for PathBuf {
    fn show(&self) -> Value {
        self.display().to_string().into()
    }

    fn relative_to(self, folder: &Path) -> Self {
        if self.is_relative() { folder.join(self) } else { self }
    }
}

impl<T: SettingValue> SettingValue for Vec<T> {
    fn show(&self) -> Value {
        self.iter().map(SettingValue::show).collect()
    }

    fn relative_to(self, folder: &Path) -> Self {
        self.into_iter().map(|value| value.relative_to(folder)).collect()
    }
}

impl<T: SettingValue> SettingValue for Option<T> {
    fn show(&self) -> Value {
        self.as_ref().map_or(Value::Null, SettingValue::show)
    }

    fn relative_to(self, folder: &Path) -> Self {
        self.map(|value| value.relative_to(folder))
    }
}

/// A key of `plimsoll.toml`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileKey {
    /// Its name, as it is written in the file.
    pub name: String,
    /// What is done with it.
    pub kind: FileKeyKind,
}

/// What is done with a key of `plimsoll.toml`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum FileKeyKind {
    /// It is read, and its line is shown when something is wrong with it.
    #[default]
    Shown,
    /// It is read, and its value is never shown in an excerpt of the file.
    Masked,
    /// Only the command line can give it. It is read so that the refusal can say so.
    CommandLineOnly,
    /// A secret, which does not belong in the file. It is read so that the refusal can say so.
    Secret,
}

/// A setting as `--print-config` shows it.
#[derive(Clone, Debug)]
pub struct ShownSetting {
    /// Its key in `plimsoll.toml`.
    pub key: FileKey,
    /// Its value.
    pub value: Value,
    /// Where the value comes from.
    pub origin: Origin,
}
