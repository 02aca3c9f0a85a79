//! The words that all folders share: levels, areas, verdicts.

/// Declares an enum whose variants have one spelling each, used for TOML, JSON and display alike.
macro_rules! words {
    ($(#[$meta:meta])* $name:ident { $($(#[$vmeta:meta])* $variant:ident = $text:literal),+ $(,)? }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, ::serde::Serialize, ::serde::Deserialize, ::schemars::JsonSchema)]
        pub enum $name { $($(#[$vmeta])* #[serde(rename = $text)] $variant),+ }

        impl $name {
            /// Every value, in the order declared.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The one spelling of this value.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text),+ }
            }

            /// The value spelled `text`, if there is one.
            pub fn from_word(text: &str) -> Option<Self> {
                match text { $($text => Some(Self::$variant),)+ _ => None }
            }
        }

        impl ::std::fmt::Display for $name {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result { f.pad(self.as_str()) }
        }
    };
}
pub(crate) use words;

words! {
    /// How strongly a spec demands a requirement.
    Level {
        /// An absolute duty.
        Shall = "SHALL",
        /// An absolute prohibition.
        ShallNot = "SHALL NOT",
        /// A recommendation.
        Should = "SHOULD",
        /// A recommendation against.
        ShouldNot = "SHOULD NOT",
        /// A liberty, judged only where its use breaks the text.
        May = "MAY",
        /// An example shows it, no sentence demands it.
        Implied = "IMPLIED",
        /// Good practice beyond any spec.
        Advice = "ADVICE",
    }
}

impl Level {
    /// Whether breaking a requirement of this level makes the target non-conformant.
    pub fn is_binding(self) -> bool {
        matches!(self, Level::Shall | Level::ShallNot)
    }
}

words! {
    /// The part of an export that a requirement or a test is about.
    Area {
        /// Starting an export.
        Kickoff = "kickoff",
        /// Asking for its status.
        Poll = "poll",
        /// The manifest of a finished export.
        Manifest = "manifest",
        /// The output files.
        Files = "files",
        /// Cancelling and cleaning up.
        Delete = "delete",
        /// Kick-off parameters and their effects.
        Params = "params",
        /// Refusals and failures.
        Errors = "errors",
        /// The CapabilityStatement.
        Metadata = "metadata",
        /// Authorization and transport security.
        Auth = "auth",
    }
}

words! {
    /// What a test came to.
    Verdict {
        /// Everything expected held, on at least one exchange.
        Pass = "pass",
        /// A SHALL or SHALL NOT is broken.
        Fail = "fail",
        /// Something weaker than a SHALL is broken, or the text itself errs.
        Warn = "warn",
        /// This run never saw what the test looks at.
        Skip = "skip",
        /// It could not be decided.
        Error = "error",
        /// Known not to concern this target.
        NotApplicable = "not-applicable",
    }
}

words! {
    /// The level at which an export is asked for.
    ExportLevel {
        /// `[base]/$export`
        System = "system",
        /// `[base]/Patient/$export`
        Patient = "patient",
        /// `[base]/Group/[id]/$export`
        Group = "group",
        /// The first of system, patient and group that the target offers.
        Any = "any",
    }
}
