//! What clients send, and how long the answers take.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use tokio::task::JoinSet;

use crate::client::Client;

const TICKET: &str = r#"{"title":"the printer is on fire again","text":"It hums and smells, and then it stops.",
    "reporter":"ada","tags":["printer","second floor"],"urgency":7}"#;

/// How many requests are sent at most in one round.
const REQUESTS_MAX: usize = 1_000_000;

/// A kind of load.
#[derive(Clone, Copy)]
pub(crate) enum Load {
    /// New tickets only.
    Create,
    /// A new ticket, then four times showing one.
    Mixed,
}

impl fmt::Display for Load {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Create => "new tickets",
            Self::Mixed => "one new ticket, four shown",
        })
    }
}

/// What a round has shown.
pub(crate) struct Measured {
    /// Requests in a second.
    pub(crate) rate: f64,
    /// The median and the 99th percentile of the answers, in milliseconds.
    pub(crate) p50: f64,
    pub(crate) p99: f64,
}

impl Load {
    /// Sends requests on all connections for this many seconds.
    pub(crate) async fn run(
        self,
        address: SocketAddr,
        connections: usize,
        seconds: u64,
    ) -> io::Result<Measured> {
        let mut clients = Vec::with_capacity(connections);
        for _ in 0..connections {
            clients.push(Client::connect(address).await?);
        }
        let began = Instant::now();
        let until = began + Duration::from_secs(seconds);
        let most = REQUESTS_MAX / connections.max(1);
        let mut sending = JoinSet::new();
        for client in clients {
            sending.spawn(self.send(client, until, most));
        }
        let mut times = Vec::new();
        while let Some(sent) = sending.join_next().await {
            times.extend(sent??);
        }
        let took = began.elapsed().as_secs_f64();
        times.sort_unstable();
        let at = |part: usize| {
            let time = times.get(times.len() * part / 100).copied().unwrap_or_default();
            time.as_secs_f64() * 1000.0
        };
        Ok(Measured { rate: times.len() as f64 / took, p50: at(50), p99: at(99) })
    }

    async fn send(
        self,
        mut client: Client,
        until: Instant,
        most: usize,
    ) -> io::Result<Vec<Duration>> {
        let mut times = Vec::new();
        while times.len() < most {
            let began = Instant::now();
            if began >= until {
                break;
            }
            let (status, _) = match self {
                Self::Mixed if times.len() % 5 > 0 => client.json("GET", "/tickets/1", "").await?,
                _ => client.json("POST", "/tickets", TICKET).await?,
            };
            if !status.is_success() {
                return Err(io::Error::other(format!("a request was answered with {status}")));
            }
            times.push(began.elapsed());
        }
        Ok(times)
    }
}
