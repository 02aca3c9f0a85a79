//! A setting: a value and its origin.

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

/// The origin of a value.
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

/// A value and its origin.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Setting<T> {
    /// The value of the setting.
    pub value: T,
    /// The origin of the setting.
    pub origin: Origin,
}

impl<T> Setting<T> {
    /// Returns a setting with this value and origin.
    pub fn new(value: T, origin: Origin) -> Self {
        Self { value, origin }
    }

    /// Replaces the value and its origin if both are given.
    pub(crate) fn set(&mut self, value: impl Into<Option<T>>, origin: Option<Origin>) {
        if let (Some(value), Some(origin)) = (value.into(), origin) {
            *self = Self { value, origin };
        }
    }
}

/// A type that settings have.
pub trait SettingValue: Clone {
    /// Returns the value as `--print-config` shows it; null if the setting has no value.
    fn show(&self) -> Value;

    /// Returns the value with relative paths resolved against `folder`, the folder of the configuration file.
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
    /// Its name in the file.
    pub name: String,
    /// How it is handled.
    pub kind: FileKeyKind,
}

/// How a key of `plimsoll.toml` is handled.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum FileKeyKind {
    /// It is read, and a refusal shows its value.
    #[default]
    Shown,
    /// It is read, and a refusal masks its value.
    Masked,
    /// It is permitted on the command line only. It is read to refuse it with a clear message.
    CommandLineOnly,
    /// It is a secret, which is not permitted in the file. It is read to refuse it with a clear message.
    Secret,
}

/// A setting as `--print-config` shows it.
#[derive(Clone, Debug)]
pub struct ShownSetting {
    /// Its key in `plimsoll.toml`.
    pub key: FileKey,
    /// The value of the shown setting.
    pub value: Value,
    /// The origin of the value.
    pub origin: Origin,
}
