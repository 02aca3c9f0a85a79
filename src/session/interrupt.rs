//! The interruption of a run, a flag that every request and every wait checks.

use tokio::sync::watch;

use crate::recording::model::{Trouble, TroubleKind};

/// A flag that stays raised once it is raised.
#[derive(Debug)]
pub(crate) struct Interrupt {
    flag: watch::Sender<bool>,
}

impl Interrupt {
    pub fn new() -> Self {
        Self { flag: watch::channel(false).0 }
    }

    /// Raises the flag.
    pub fn raise(&self) {
        self.flag.send_replace(true);
    }

    /// Whether the flag is raised.
    pub fn is_raised(&self) -> bool {
        *self.flag.borrow()
    }

    /// Waits until the flag is raised. The future does not borrow the flag; it waits forever if the flag is dropped.
    pub fn raised(&self) -> impl Future<Output = ()> + Send + use<> {
        let mut flag = self.flag.subscribe();
        async move {
            if flag.wait_for(|raised| *raised).await.is_err() {
                std::future::pending::<()>().await;
            }
        }
    }
}

/// The trouble of an interrupted request.
pub(crate) fn interrupted() -> Trouble {
    Trouble::new(TroubleKind::Interrupted, "the run was interrupted")
}
