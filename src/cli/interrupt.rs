//! Ctrl-C and SIGTERM: the first is a request to tidy up, the second ends at once.

use tokio::sync::watch;

/// Exit code of a program that a second Ctrl-C killed: 128 and the signal's number, as shells have it.
const KILLED: i32 = 130;

/// Becomes true at the first Ctrl-C or SIGTERM. The second ends the program at once, with what it started left on the
/// target.
pub fn watch() -> watch::Receiver<bool> {
    let (sender, receiver) = watch::channel(false);
    tokio::spawn(async move {
        signal().await;
        super::say("interrupted: deleting what was started and writing the reports; again to stop at once");
        if sender.send(true).is_err() {
            return;
        }
        signal().await;
        super::say("stopped at once; jobs may be left on the server");
        std::process::exit(KILLED);
    });
    receiver
}

/// Returns at the next Ctrl-C or, where there is such a thing, SIGTERM.
pub async fn signal() {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        if let (Ok(mut int), Ok(mut term)) = (signal(SignalKind::interrupt()), signal(SignalKind::terminate())) {
            tokio::select! {
                _ = int.recv() => {}
                _ = term.recv() => {}
            }
            return;
        }
    }
    if tokio::signal::ctrl_c().await.is_err() {
        // Without a handler the system's own way of ending remains.
        std::future::pending::<()>().await;
    }
}
