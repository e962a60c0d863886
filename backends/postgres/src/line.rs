//! What drives a connection on the thread that waits for it.

use std::future::Future;
use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::time::{Duration, Instant};

use tokio_postgres::tls::TlsConnect;
use tokio_postgres::{AsyncMessage, Client, Config};

use crate::error::Failure;
use crate::socket::Socket;

/// A connection without a runtime: a call polls it, and sleeps while the server works.
///
/// No thread has to be woken for an answer, a deadline holds for each call, and a program may call from
/// wherever it likes, also from a task of its own runtime.
pub(crate) struct Line {
    /// Reads and writes what is possible; the connection is in here, encrypted or not.
    poll: Box<Poller>,
    socket: Socket,
    waker: Arc<Flag>,
    is_broken: bool,
}

type Poller =
    dyn FnMut(&mut Context<'_>) -> Poll<Option<Result<AsyncMessage, tokio_postgres::Error>>> + Send;

/// Whether anything was woken since it was last asked.
#[derive(Default)]
struct Flag {
    is_raised: AtomicBool,
}

impl Wake for Flag {
    fn wake(self: Arc<Self>) {
        self.is_raised.store(true, Ordering::Relaxed);
    }
}

/// Runs a future that needs nothing but the socket.
fn run_alone<T>(
    socket: &Socket,
    deadline: Instant,
    future: impl Future<Output = Result<T, tokio_postgres::Error>>,
) -> Result<T, Failure> {
    let mut future = pin!(future);
    loop {
        match future.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(done) => return Ok(done?),
            Poll::Pending => socket.wait(deadline)?,
        }
    }
}

impl Line {
    /// Opens a connection on a socket.
    pub(crate) fn open<T>(
        config: &Config,
        socket: Socket,
        encryption: T,
        deadline: Instant,
    ) -> Result<(Client, Self), Failure>
    where
        T: TlsConnect<Socket, Stream: Send + 'static>,
    {
        let connecting = config.connect_raw(socket.clone(), encryption);
        let (client, mut connection) = run_alone(&socket, deadline, connecting)?;
        let poll = Box::new(move |context: &mut Context<'_>| connection.poll_message(context));
        Ok((client, Self { poll, socket, waker: Arc::default(), is_broken: false }))
    }

    /// Whether the connection was lost.
    pub(crate) fn is_broken(&self) -> bool {
        self.is_broken
    }

    /// Runs a request until its answer is there. After any failure that is not an answer of the server
    /// the connection is broken, because an answer may still be on its way.
    pub(crate) fn run<T>(
        &mut self,
        limit: Duration,
        request: impl Future<Output = Result<T, tokio_postgres::Error>>,
    ) -> Result<T, Failure> {
        let deadline = Instant::now() + limit;
        let mut request = pin!(request);
        let waker = Waker::from(Arc::clone(&self.waker));
        let mut context = Context::from_waker(&waker);
        loop {
            if let Poll::Ready(done) = request.as_mut().poll(&mut context) {
                return done.map_err(|error| {
                    self.is_broken |= error.is_closed();
                    Failure::from(error)
                });
            }
            // What the request waits for may arrive while the connection is polled.
            self.waker.is_raised.store(false, Ordering::Relaxed);
            let lost = match (self.poll)(&mut context) {
                Poll::Ready(Some(Ok(_))) => continue,
                Poll::Ready(Some(Err(error))) => Failure::from(error),
                Poll::Ready(None) => io::Error::from(io::ErrorKind::ConnectionAborted).into(),
                Poll::Pending if self.waker.is_raised.load(Ordering::Relaxed) => continue,
                Poll::Pending => match self.socket.wait(deadline) {
                    Ok(()) => continue,
                    Err(error) => error.into(),
                },
            };
            self.is_broken = true;
            return Err(lost);
        }
    }

    /// Sends a request without waiting for its answer.
    pub(crate) fn send<T>(&mut self, request: impl Future<Output = T>) {
        let mut request = pin!(request);
        let mut context = Context::from_waker(Waker::noop());
        if request.as_mut().poll(&mut context).is_pending() {
            self.check();
        }
    }

    /// Reads and writes what is possible without waiting; so a connection is noticed that was lost in
    /// the meantime.
    pub(crate) fn check(&mut self) {
        let mut context = Context::from_waker(Waker::noop());
        while !self.is_broken {
            match (self.poll)(&mut context) {
                Poll::Ready(Some(Ok(_))) => {}
                Poll::Pending => return,
                Poll::Ready(_) => self.is_broken = true,
            }
        }
    }
}
