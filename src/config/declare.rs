//! The macro that declares settings, one row each. Everything about a setting is derived from its row: the flag and its
//! variable, the key of `plimsoll.toml`, `--print-config`, refusals of the file, and the settings of the run.

/// Declares the settings of one table of `plimsoll.toml`.
///
/// ```text
/// settings! {
///     /// The values in effect.
///     pub struct LimitConfig {}
///     /// The table of the file.
///     pub struct LimitTable {}
///
///     /// The flags, for clap.
///     flags LimitArgs {
///         /// Run at most N jobs at the same time [default: 4]
///         #[arg(long, env = "PLIMSOLL_JOBS", value_name = "N", value_parser = values::jobs)]
///         #[serde(default, deserialize_with = "file_values::jobs")]
///         jobs: usize = 4 => jobs,
///     }
/// }
/// ```
///
/// A row consists of, in this order:
/// - the doc comment, which is the text of `--help`;
/// - `#[arg(...)]`, the flag and its variable as in clap's derive. Without it the setting has no flag. clap knows
///   the flag by the name of the field, so a flag with another name needs `long = "name"`;
/// - `#[serde(...)]` if the file writes the value in another form than the type;
/// - `#[file(Kind)]`, a [`FileKeyKind`](crate::config::setting::FileKeyKind), if it is not `Shown`;
/// - the field, which is named as the key of the file with `_` for `-`, and its type, a
///   [`SettingValue`](crate::config::setting::SettingValue);
/// - `= value` if the default is not the default of the type;
/// - `=> field` if the run needs the value: the field of [`Settings`](crate::settings::run_settings::Settings).
///
/// The macro makes three kinds of structs: `LimitConfig` with a `Setting` for each row, `LimitTable` for serde, and a
/// struct for clap for each `flags` group. Rows without flags are in a `file` group. The braces of the first two
/// structs hold additional fields.
macro_rules! settings {
    (
        $(#[$config_meta:meta])*
        pub struct $Config:ident $config_fields:tt
        $(#[$table_meta:meta])*
        pub struct $Table:ident $table_fields:tt
        $($groups:tt)*
    ) => {
        settings! {
            @groups $Config
            { $(#[$config_meta])* $Config $config_fields $(#[$table_meta])* $Table $table_fields }
            {}
            $($groups)*
        }
    };

    // Collects the rows of all groups, and declares the flags of each group.
    (
        @groups $Config:ident $structs:tt { $($rows:tt)* }
        $(#[$meta:meta])* flags $Args:ident { $($group:tt)* } $($groups:tt)*
    ) => {
        settings! { @flags { $(#[$meta])* $Args $Config } {} {} $($group)* }
        settings! { @groups $Config $structs { $($rows)* $($group)* } $($groups)* }
    };
    (@groups $Config:ident $structs:tt { $($rows:tt)* } file { $($group:tt)* } $($groups:tt)*) => {
        settings! { @groups $Config $structs { $($rows)* $($group)* } $($groups)* }
    };
    (@groups $Config:ident $structs:tt $rows:tt) => {
        settings! { @table $structs $rows }
    };

    // A flag of a setting with a default: clap must not require a value.
    (
        @flags $group:tt { $($fields:tt)* } { $($names:ident)* }
        $(#[doc = $doc:literal])* #[arg $arg:tt] $(#[serde $serde:tt])? $(#[file $kind:tt])?
        $name:ident: $type:ty = $default:expr $(=> $run:ident)?, $($rows:tt)*
    ) => {
        settings! {
            @flags $group
            { $($fields)* $(#[doc = $doc])* #[arg $arg] pub $name: Option<$type>, } { $($names)* $name } $($rows)*
        }
    };
    // A flag.
    (
        @flags $group:tt { $($fields:tt)* } { $($names:ident)* }
        $(#[doc = $doc:literal])* #[arg $arg:tt] $(#[serde $serde:tt])? $(#[file $kind:tt])?
        $name:ident: $type:ty $(=> $run:ident)?, $($rows:tt)*
    ) => {
        settings! {
            @flags $group
            { $($fields)* $(#[doc = $doc])* #[arg $arg] pub $name: $type, } { $($names)* $name } $($rows)*
        }
    };
    // A setting without a flag.
    (
        @flags $group:tt $fields:tt $names:tt
        $(#[doc = $doc:literal])* $(#[serde $serde:tt])? $(#[file $kind:tt])?
        $name:ident: $type:ty $(= $default:expr)? $(=> $run:ident)?, $($rows:tt)*
    ) => {
        settings! { @flags $group $fields $names $($rows)* }
    };
    (@flags { $(#[$meta:meta])* $Args:ident $Config:ident } { $($fields:tt)* } { $($names:ident)* }) => {
        #[derive(clap::Args, Clone, Debug)]
        $(#[$meta])*
        pub struct $Args {
            $($fields)*
        }

        impl $Args {
            /// Puts the given values into `config`.
            pub(crate) fn apply(&self, sources: $crate::config::flag_sources::FlagSources<'_>, config: &mut $Config) {
                $(config.$names.set(self.$names.clone(), sources.origin(stringify!($names)));)*
            }
        }
    };

    // The table of the file, and the values in effect.
    (
        @table {
            $(#[$config_meta:meta])* $Config:ident { $($(#[$more_meta:meta])* pub $more:ident: $more_type:ty,)* }
            $(#[$table_meta:meta])* $Table:ident { $($table_fields:tt)* }
        }
        { $(
            $(#[doc = $doc:literal])* $(#[arg $arg:tt])? $(#[serde $serde:tt])? $(#[file($kind:ident)])?
            $name:ident: $type:ty $(= $default:expr)? $(=> $run:ident)?,
        )* }
    ) => {
        $(#[$config_meta])*
        #[derive(Clone, Debug)]
        pub struct $Config {
            $($(#[doc = $doc])* pub $name: $crate::config::setting::Setting<$type>,)*
            $($(#[$more_meta])* pub $more: $more_type,)*
        }

        impl Default for $Config {
            fn default() -> Self {
                Self {
                    $($name: $crate::config::setting::Setting {
                        value: settings!(@or_default $($default)?),
                        origin: $crate::config::setting::Origin::Default,
                    },)*
                    $($more: Default::default(),)*
                }
            }
        }

        impl $Config {
            /// Takes the values of the file.
            pub(crate) fn read(&mut self, table: &$Table, file: &$crate::config::file_text::FileText) {
                $(if let Some(value) = &table.$name {
                    self.$name = file.setting(value);
                })*
            }

            /// Returns the settings as `--print-config` shows them.
            pub(crate) fn shown(&self) -> Vec<$crate::config::setting::ShownSetting> {
                let values = [$((self.$name.origin.clone(), $crate::config::setting::SettingValue::show(&self.$name.value))),*];
                let shown = |(key, (origin, value))| $crate::config::setting::ShownSetting { key, value, origin };
                $Table::keys().into_iter().zip(values).map(shown).collect()
            }

            /// Copies the values that the run needs in the same type.
            #[allow(unused_variables)]
            pub(crate) fn fill(&self, settings: &mut $crate::settings::run_settings::Settings) {
                $($(settings.$run = self.$name.value.clone().into();)?)*
            }
        }

        $(#[$table_meta])*
        #[derive(Debug, Default, serde::Deserialize)]
        #[serde(deny_unknown_fields, rename_all = "kebab-case")]
        pub struct $Table {
            $($(#[doc = $doc])* $(#[serde $serde])? pub $name: Option<toml::Spanned<$type>>,)*
            $($table_fields)*
        }

        impl $Table {
            /// Returns the keys of the rows.
            pub(crate) fn keys() -> Vec<$crate::config::setting::FileKey> {
                vec![$($crate::config::setting::FileKey {
                    name: stringify!($name).replace('_', "-"),
                    kind: settings!(@kind $($kind)?),
                }),*]
            }
        }
    };

    (@or_default) => { Default::default() };
    (@or_default $default:expr) => { $default };
    (@kind) => { $crate::config::setting::FileKeyKind::Shown };
    (@kind $kind:ident) => { $crate::config::setting::FileKeyKind::$kind };
}
