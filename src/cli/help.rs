//! The longer texts of `--help`.

/// The head of `plimsoll --help`.
pub const LONG: &str = "\
Judges whether a FHIR server's bulk data $export keeps its specification.

Plimsoll exports from the server as a client would, keeps a recording of every exchange (no patient data, no tokens), judges \
the recording by the rules of one or more specs, and writes reports that name each broken rule, the exchange that shows it, \
and the command to see it again.";

/// The foot of `plimsoll -h`.
pub const SHORT_AFTER: &str = "See `plimsoll --help` for examples and exit codes, `plimsoll run --help` for all flags.";

/// The foot of `plimsoll --help`.
pub const AFTER: &str = "\
Examples:
  plimsoll run
      a whole run, against the reference server within
  plimsoll run https://bulk.example.org/fhir
      judge a server that asks for no credentials
  plimsoll run https://bulk.example.org/fhir --types Patient --levels patient
      a small export, on a production server
  PLIMSOLL_TOKEN=... plimsoll run https://bulk.example.org/fhir
      with a bearer token
  plimsoll run https://bulk.example.org/fhir --client-id ID --key-file key.pem
      with SMART Backend Services
  plimsoll run https://bulk.example.org/fhir delete
      only tests with `delete` in their name, and only what they need is sent
  plimsoll init https://bulk.example.org/fhir
      write a plimsoll.toml to keep
  plimsoll explain poll-202
      what a rule says, where it is written, how it is judged
  plimsoll replay reports/20260101T120000Z-host
      judge what was seen again, without a network

Exit codes:
  0  conformant, or every deviation is known to plimsoll.toml
  1  not conformant
  2  the command line, the configuration or a suite file is wrong
  3  undetermined: something could not be decided
  4  no test was selected
  1 wins over 3; of several specs the worst counts; those of --informational-spec do not count.

Settings come from flags, then from PLIMSOLL_* variables (PLIMSOLL_MAX_WAIT for --max-wait), then from plimsoll.toml.
A token comes from PLIMSOLL_TOKEN or a file, never from the command line.

Where to look next: `plimsoll run --help`, `plimsoll list`, `plimsoll coverage`, and README.md.";

/// The foot of `plimsoll run --help`.
pub const RUN_AFTER: &str = "\
Every flag but --list, --print-config, --format and --allow-writes has a variable: PLIMSOLL_MAX_WAIT for --max-wait, with commas between \
several values, and PLIMSOLL_BASE_URL for the base URL. The bearer token is read from PLIMSOLL_TOKEN or from --token-file.

Filters narrow what is judged and what is sent: `plimsoll run -- kickoff` polls nothing it need not. Filters before and \
after `--` narrow together.

A run writes index.html, junit.xml, checklist.md, run.json and recording/ into its report folder. Progress goes to standard \
error, results to standard output.";
