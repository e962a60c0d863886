//! A proxy between a client and its server, which a test tells when to fail.

use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

/// Passes on what a client and a server say to each other, counts it, delays it, and cuts the connection
/// when it is told to.
#[derive(Debug)]
pub struct Proxy {
    port: u16,
    shared: Arc<Shared>,
}

/// When a connection is cut, as seen from the request that contains a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cut {
    /// Before the server has the request.
    Before,
    /// Once the request is on its way, without waiting for what becomes of it.
    During,
    /// Once the server has answered with the same text, before the client has any of the answer.
    After,
}

#[derive(Debug)]
struct Shared {
    server: u16,
    plan: Mutex<Option<(Cut, Vec<u8>)>>,
    round_trips: AtomicU64,
    delay_micros: AtomicU64,
    is_deaf: AtomicBool,
}

impl Proxy {
    /// Starts a proxy that listens on a free port and connects to the server on a given one.
    ///
    /// # Errors
    /// What the operating system reports.
    pub fn start(server: u16) -> io::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0))?;
        let port = listener.local_addr()?.port();
        let shared = Arc::new(Shared {
            server,
            plan: Mutex::default(),
            round_trips: AtomicU64::new(0),
            delay_micros: AtomicU64::new(0),
            is_deaf: AtomicBool::new(false),
        });
        let accepting = Arc::clone(&shared);
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                accepting.connect(client);
            }
        });
        Ok(Self { port, shared })
    }

    /// Returns the port that clients connect to, at the address 127.0.0.1.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Cuts the next connection whose client sends a text.
    pub fn cut(&self, cut: Cut, text: &str) {
        *self.shared.plan() = Some((cut, text.as_bytes().to_vec()));
    }

    /// Whether the last cut has been made.
    #[must_use]
    pub fn has_cut(&self) -> bool {
        self.shared.plan().is_none()
    }

    /// Returns how often a client has said something and the server has answered, so far.
    #[must_use]
    pub fn round_trips(&self) -> u64 {
        self.shared.round_trips.load(Ordering::SeqCst)
    }

    /// Delays everything by this time, in each direction.
    pub fn delay(&self, delay: Duration) {
        let micros = u64::try_from(delay.as_micros()).unwrap_or(u64::MAX);
        self.shared.delay_micros.store(micros, Ordering::SeqCst);
    }

    /// Passes nothing on any more, in either direction, without closing a connection.
    pub fn be_deaf(&self, is_deaf: bool) {
        self.shared.is_deaf.store(is_deaf, Ordering::SeqCst);
    }
}

/// One connection: both of its ends, and who spoke last.
struct Link {
    client: TcpStream,
    server: TcpStream,
    client_spoke: AtomicBool,
    /// What the server says is withheld, and the connection is cut once it has said this.
    awaited: Mutex<Option<Vec<u8>>>,
    shared: Arc<Shared>,
}

impl Shared {
    fn plan(&self) -> MutexGuard<'_, Option<(Cut, Vec<u8>)>> {
        self.plan.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn connect(self: &Arc<Self>, client: TcpStream) {
        let Ok(server) = TcpStream::connect(("127.0.0.1", self.server)) else { return };
        let _ = (client.set_nodelay(true), server.set_nodelay(true));
        let link = Arc::new(Link {
            client,
            server,
            client_spoke: AtomicBool::new(false),
            awaited: Mutex::default(),
            shared: Arc::clone(self),
        });
        let up = Arc::clone(&link);
        thread::spawn(move || up.pump(&up.client, &up.server, true));
        thread::spawn(move || link.pump(&link.server, &link.client, false));
    }

    /// What is planned for a request, if it is this one.
    fn take(&self, request: &[u8]) -> Option<(Cut, Vec<u8>)> {
        let mut plan = self.plan();
        plan.take_if(|(_, text)| contains(request, text))
    }
}

fn contains(said: &[u8], text: &[u8]) -> bool {
    said.windows(text.len()).any(|part| part == text)
}

impl Link {
    fn awaited(&self) -> MutexGuard<'_, Option<Vec<u8>>> {
        self.awaited.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Passes on what one end says, until it ends.
    fn pump(&self, mut from: &TcpStream, mut to: &TcpStream, is_client: bool) {
        let mut buffer = vec![0; 1 << 16];
        while let Ok(count @ 1..) = from.read(&mut buffer) {
            let Some(said) = buffer.get(..count) else { break };
            let shared = &self.shared;
            if is_client {
                if !self.client_spoke.swap(true, Ordering::SeqCst) {
                    shared.round_trips.fetch_add(1, Ordering::SeqCst);
                }
            } else {
                self.client_spoke.store(false, Ordering::SeqCst);
            }
            thread::sleep(Duration::from_micros(shared.delay_micros.load(Ordering::SeqCst)));
            while shared.is_deaf.load(Ordering::SeqCst) {
                thread::sleep(Duration::from_millis(1));
            }
            if is_client {
                let cut = shared.take(said);
                let when = cut.as_ref().map(|(when, _)| *when);
                if let Some((Cut::After, text)) = cut {
                    *self.awaited() = Some(text);
                }
                if when == Some(Cut::During) {
                    // Before the server can answer.
                    let _ = self.client.shutdown(Shutdown::Both);
                }
                if when == Some(Cut::Before)
                    || to.write_all(said).is_err()
                    || when == Some(Cut::During)
                {
                    break;
                }
            } else if let Some(text) = &*self.awaited() {
                if contains(said, text) {
                    break;
                }
            } else if to.write_all(said).is_err() {
                break;
            }
        }
        let _ = (self.client.shutdown(Shutdown::Both), self.server.shutdown(Shutdown::Both));
    }
}
