//! A closure that stays where it is until the test lets it go on.

use std::pin::Pin;
use std::sync::mpsc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use tokio::sync::oneshot;

/// How long something may take that has to happen, however slow the machine is.
pub(crate) const AMPLE: Duration = Duration::from_secs(120);

/// The test's side of a gate. Dropping it opens the gate.
pub(crate) struct Gate {
    reached: Option<oneshot::Receiver<()>>,
    _open: mpsc::Sender<()>,
}

/// The closure's side.
pub(crate) struct Passage {
    reached: Option<oneshot::Sender<()>>,
    open: mpsc::Receiver<()>,
}

pub(crate) fn gate() -> (Gate, Passage) {
    let (reached, is_reached) = oneshot::channel();
    let (open, opened) = mpsc::channel();
    (
        Gate { reached: Some(is_reached), _open: open },
        Passage { reached: Some(reached), open: opened },
    )
}

impl Gate {
    /// Waits until the closure stands at the gate.
    pub(crate) async fn reached(&mut self) {
        if let Some(reached) = self.reached.take() {
            tokio::time::timeout(AMPLE, reached).await.expect("in time").expect("it began");
        }
    }
}

impl Passage {
    /// Says that the closure is here, and waits until the gate is open.
    pub(crate) fn pass(&mut self) {
        if let Some(reached) = self.reached.take() {
            let _ = reached.send(());
        }
        let _ = self.open.recv_timeout(AMPLE);
    }
}

/// Polls a future once, by hand.
pub(crate) fn poll_once<F: Future>(future: Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}
