//! Ctrl-C and SIGTERM: the first signal starts the cleanup, the second ends the program at once.

use tokio::sync::watch;

use crate::cli::output::say;

/// The exit code after a second Ctrl-C: 128 and the number of the signal, as in shells.
const KILLED: i32 = 130;

/// Returns a value that becomes true at the first Ctrl-C or SIGTERM. The second signal ends the program at once and
/// leaves jobs on the server. Call this within a runtime.
pub fn watch() -> watch::Receiver<bool> {
    let (sender, receiver) = watch::channel(false);
    let mut signals = Signals::listen();
    tokio::spawn(async move {
        signals.next().await;
        say("interrupted: deleting the jobs on the server and writing the reports; press Ctrl-C again to stop at once");
        if sender.send(true).is_err() {
            return;
        }
        signals.next().await;
        say("stopped at once; jobs may remain on the server");
        std::process::exit(KILLED);
    });
    receiver
}

/// Ctrl-C and, on Unix, SIGTERM.
pub struct Signals {
    #[cfg(unix)]
    kinds: Option<(tokio::signal::unix::Signal, tokio::signal::unix::Signal)>,
}

impl Signals {
    /// Handles the signals from now on. Call this within a runtime.
    pub fn listen() -> Self {
        #[cfg(unix)]
        {
            use tokio::signal::unix::{SignalKind, signal};
            let both = (signal(SignalKind::interrupt()), signal(SignalKind::terminate()));
            Self { kinds: if let (Ok(int), Ok(term)) = both { Some((int, term)) } else { None } }
        }
        #[cfg(not(unix))]
        Self {}
    }

    /// Returns at the next signal.
    pub async fn next(&mut self) {
        #[cfg(unix)]
        if let Some((int, term)) = &mut self.kinds {
            tokio::select! {
                _ = int.recv() => {}
                _ = term.recv() => {}
            }
            return;
        }
        if tokio::signal::ctrl_c().await.is_err() {
            // Without a handler, the system ends the program.
            std::future::pending::<()>().await;
        }
    }
}
