//! The words that all folders share: levels, areas, verdicts.

/// Declares an enum with one word for each variant, used in TOML, in JSON and for display.
macro_rules! words {
    ($(#[$meta:meta])* $name:ident { $($(#[$vmeta:meta])* $variant:ident = $text:literal),+ $(,)? }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, ::serde::Serialize, ::serde::Deserialize, ::schemars::JsonSchema)]
        pub enum $name { $($(#[$vmeta])* #[serde(rename = $text)] $variant),+ }

        impl $name {
            /// Every value, in the order declared.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The word for this value.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text),+ }
            }

            /// The value with the word `text`, if there is one.
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
        /// An absolute requirement.
        Shall = "SHALL",
        /// An absolute prohibition.
        ShallNot = "SHALL NOT",
        /// A recommendation.
        Should = "SHOULD",
        /// A recommendation not to do something.
        ShouldNot = "SHOULD NOT",
        /// An option. A server that uses it must use it correctly.
        May = "MAY",
        /// Shown by an example, but not stated as a requirement.
        Implied = "IMPLIED",
        /// Good practice beyond any spec.
        Advice = "ADVICE",
    }
}

impl Level {
    /// Whether a target that violates a requirement of this level is non-conformant.
    pub fn is_binding(self) -> bool {
        matches!(self, Level::Shall | Level::ShallNot)
    }
}

words! {
    /// The part of an export that a requirement or a test is about.
    Area {
        /// Starting an export.
        Kickoff = "kickoff",
        /// Polling the status of a job.
        Poll = "poll",
        /// The manifest of a finished export.
        Manifest = "manifest",
        /// The output files.
        Files = "files",
        /// Canceling exports and deleting jobs.
        Delete = "delete",
        /// Kick-off parameters and their effects.
        Params = "params",
        /// Refused requests and failed exports.
        Errors = "errors",
        /// The CapabilityStatement.
        Metadata = "metadata",
        /// Authorization and transport security.
        Auth = "auth",
    }
}

words! {
    /// The result of a test.
    Verdict {
        /// All expectations were met, on at least one exchange.
        Pass = "pass",
        /// A SHALL or SHALL NOT is violated.
        Fail = "fail",
        /// A requirement weaker than SHALL is violated, or one with a defect in its text.
        Warn = "warn",
        /// The run has no exchange or no data that the test can judge.
        Skip = "skip",
        /// The run could not decide the test.
        Error = "error",
        /// The test does not apply to this target.
        NotApplicable = "not-applicable",
    }
}

words! {
    /// The export level.
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
