//! The long texts of `--help`.

/// The first part of `plimsoll --help`.
pub const LONG: &str = "\
Judges whether a FHIR server's Bulk Data $export meets its specification.

Plimsoll exports from the server like a client, records every exchange (no patient data, no tokens), judges the recording \
by one or more specs, and writes reports. A report shows each violated requirement, the exchange that shows the violation, \
and a command that repeats the request.";

/// The last part of `plimsoll -h`.
pub const SHORT_AFTER: &str = "See `plimsoll --help` for examples and exit codes, `plimsoll run --help` for all flags.";

/// The last part of `plimsoll --help`.
pub const AFTER: &str = "\
Examples:
  plimsoll run
      a complete run against the built-in reference server
  plimsoll run https://bulk.example.org/fhir
      judge a server that requires no credentials
  plimsoll run https://bulk.example.org/fhir --types Patient --levels patient
      a small export from a production server
  PLIMSOLL_TOKEN=... plimsoll run https://bulk.example.org/fhir
      with a bearer token
  plimsoll run https://bulk.example.org/fhir --client-id ID --key-file key.pem
      with SMART Backend Services
  plimsoll run https://bulk.example.org/fhir delete
      run only tests with `delete` in their name, and send only what they need
  plimsoll init https://bulk.example.org/fhir
      write a plimsoll.toml for this server
  plimsoll explain poll-202
      show a requirement, its source and its tests
  plimsoll replay reports/20260101T120000Z-host
      judge a recording again, without a network

Exit codes:
  0  conformant, or every deviation is a known one of plimsoll.toml
  1  not conformant
  2  an error in the command line, the configuration or a suite file
  3  undetermined: a test had no clear result
  4  no test was selected
  If both 1 and 3 apply, the code is 1. If there are several specs, the worst result counts; specs of
  --informational-spec do not count.

Settings come from flags, then from PLIMSOLL_* variables (PLIMSOLL_MAX_WAIT for --max-wait), then from plimsoll.toml.
A token comes from PLIMSOLL_TOKEN or a file, never from the command line.

More: `plimsoll run --help`, `plimsoll list`, `plimsoll coverage`, and README.md.";

/// The last part of `plimsoll run --help`.
pub const RUN_AFTER: &str = "\
Every flag except --list, --print-config, --format, --resume, --allow-hooks and --allow-writes has a variable: PLIMSOLL_MAX_WAIT \
for --max-wait, with commas between several values, and PLIMSOLL_BASE_URL for the base URL. The bearer token is read from \
PLIMSOLL_TOKEN or --token-file.

Filters select tests, and Plimsoll sends only the requests that these tests need: `plimsoll run -- kickoff` polls only if a \
kick-off test needs it. A test must match the filters before and after `--`.

A run writes index.html, junit.xml, checklist.md, run.json and recording/ into its report folder. Progress goes to standard \
error, results to standard output.";
