//! Shows the progress of a run on stderr: bars on a terminal, a few lines otherwise, or nothing.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use indicatif::{HumanBytes, MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::base::unprintable::push_printable;

/// An event in a flow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event<'a> {
    /// The flow starts.
    Started,
    /// A wait starts.
    Waiting {
        /// Until when the flow waits, such as `until the next poll`.
        what: &'a str,
        /// How long the wait may take.
        time: Duration,
    },
    /// A poll got a response.
    Polled {
        /// The number of the event, from 1.
        number: usize,
        /// `X-Progress` as received; untrusted.
        progress: Option<&'a str>,
    },
    /// Files are being read. The numbers are totals of the flow.
    Reading {
        /// Bytes, as received.
        bytes: u64,
        /// Lines.
        lines: u64,
    },
    /// The flow has ended.
    Ended {
        /// Why it ended early, if it did.
        because: Option<&'a str>,
    },
}

/// Shows the progress of a run. It is called often and must be fast.
pub trait Progress: Send + Sync {
    /// Shows `event` of the flow named `flow`.
    fn show(&self, flow: &str, event: Event<'_>);

    /// Shows a message about the run as a whole.
    fn note(&self, text: &str) {
        // A closed stderr is not an error.
        let _ = writeln!(std::io::stderr(), "{}", escaped(text));
    }
}

/// Shows nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct Silent;

impl Progress for Silent {
    fn show(&self, _: &str, _: Event<'_>) {}

    fn note(&self, _: &str) {}
}

/// Shows a line on stderr when a flow starts and when it ends, for logs.
#[derive(Clone, Copy, Debug, Default)]
pub struct ProgressLines;

impl Progress for ProgressLines {
    fn show(&self, flow: &str, event: Event<'_>) {
        if matches!(event, Event::Started | Event::Ended { .. }) {
            // A closed stderr is not an error.
            let _ = writeln!(std::io::stderr(), "{flow}: {}", words(event));
        }
    }
}

/// Shows one bar per flow on stderr.
#[derive(Default)]
pub struct ProgressBars {
    all: MultiProgress,
    bars: Mutex<BTreeMap<String, ProgressBar>>,
}

impl ProgressBars {
    /// Returns bars on stderr.
    pub fn stderr() -> Self {
        Self { all: MultiProgress::with_draw_target(ProgressDrawTarget::stderr_with_hz(5)), bars: Mutex::default() }
    }
}

impl Progress for ProgressBars {
    fn show(&self, flow: &str, event: Event<'_>) {
        let mut bars = self.bars.lock().unwrap_or_else(PoisonError::into_inner);
        if let Event::Ended { .. } = event {
            if let Some(bar) = bars.remove(flow) {
                bar.finish_and_clear();
            }
            return;
        }
        let bar = bars.entry(flow.to_owned()).or_insert_with(|| {
            let bar = self.all.add(ProgressBar::new_spinner());
            if let Ok(style) = ProgressStyle::with_template("{spinner} {prefix:<20} {wide_msg} {elapsed}") {
                bar.set_style(style);
            }
            bar.set_prefix(flow.to_owned());
            bar
        });
        bar.set_message(words(event));
        bar.tick();
    }

    fn note(&self, text: &str) {
        let _ = self.all.println(escaped(text));
    }
}

/// Returns the progress for stderr: bars on a terminal, lines otherwise.
pub fn for_stderr() -> std::sync::Arc<dyn Progress> {
    use std::io::IsTerminal as _;
    match std::io::stderr().is_terminal() {
        true => std::sync::Arc::new(ProgressBars::stderr()),
        false => std::sync::Arc::new(ProgressLines),
    }
}

/// Returns an event as a short text, safe for a terminal.
fn words(event: Event<'_>) -> String {
    match event {
        Event::Started => "started".to_owned(),
        Event::Waiting { what, time } => format!("waiting {:.0} s {}", time.as_secs_f64(), escaped(what)),
        Event::Polled { number, progress: None } => format!("poll {number}"),
        Event::Polled { number, progress: Some(text) } => format!("poll {number}: {}", escaped(text)),
        Event::Reading { bytes, lines } => format!("{} in {lines} lines", HumanBytes(bytes)),
        Event::Ended { because: None } => "completed".to_owned(),
        Event::Ended { because: Some(why) } => format!("ended early: {}", escaped(why)),
    }
}

/// Returns an untrusted text, cut to 100 characters, with all characters escaped that could control a terminal: control
/// characters, invisible ones, and those that change the direction of text.
fn escaped(text: &str) -> String {
    let mut out = String::new();
    text.chars().take(100).for_each(|c| push_printable(&mut out, c));
    out
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
mod tests {
    use super::*;

    #[test]
    fn texts_of_the_server_cannot_control_the_terminal() {
        let text = words(Event::Polled { number: 2, progress: Some("50%\x1b[2J\u{202e}\r done") });
        assert_eq!(text, "poll 2: 50%\\u{1b}[2J\\u{202e}\\u{d} done");
        let long = words(Event::Ended { because: Some(&"x".repeat(10_000)) });
        assert!(long.len() < 200);
    }

    #[test]
    fn waits_and_bytes_are_shown_in_units() {
        assert_eq!(
            words(Event::Waiting { what: "until the next poll", time: Duration::from_secs(30) }),
            "waiting 30 s until the next poll"
        );
        assert_eq!(words(Event::Reading { bytes: 2048, lines: 7 }), "2.00 KiB in 7 lines");
    }
}
