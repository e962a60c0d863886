//! Appending events: the batch, the expected stream versions and the result.

use std::fmt;

use sha2::{Digest as _, Sha256};

use super::event::{Event, Hash, NewEvent};

/// The version a stream must be at for an append to succeed.
///
/// ```
/// use arbour::events::Expected;
/// assert!(Expected::NoStream.holds(0) && !Expected::NoStream.holds(1));
/// assert!(Expected::Exact(3).holds(3) && Expected::Exists.holds(3) && Expected::Any.holds(3));
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Expected {
    /// Any version.
    #[default]
    Any,
    /// The stream has no events yet.
    NoStream,
    /// The stream has at least one event.
    Exists,
    /// Exactly this version. 0 means [`NoStream`](Self::NoStream).
    Exact(u64),
}

impl Expected {
    /// Tells whether a version satisfies the expectation.
    ///
    /// ```
    /// # use arbour::events::Expected;
    /// assert!(!Expected::Exists.holds(0));
    /// ```
    #[must_use]
    pub fn holds(self, version: u64) -> bool {
        match self {
            Self::Any => true,
            Self::NoStream => version == 0,
            Self::Exists => version > 0,
            Self::Exact(expected) => version == expected,
        }
    }
}

impl fmt::Display for Expected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Any => f.write_str("any version"),
            Self::NoStream => f.write_str("no stream"),
            Self::Exists => f.write_str("an existing stream"),
            Self::Exact(version) => write!(f, "version {version}"),
        }
    }
}

/// Events to append together, in this order, to one stream or several. Either all are appended or
/// none.
///
/// ```
/// use arbour::events::{Append, EventType, Expected};
/// let moved = EventType::<i64>::new("moved");
/// let transfer = Append::new()
///     .expect("account-1", Expected::Exact(3))
///     .event(moved.event("account-1", &-500)?)
///     .event(moved.event("account-2", &500)?)
///     .key("transfer-7");
/// assert_eq!(transfer.events.len(), 2);
/// # Ok::<(), arbour::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Append {
    /// The events.
    pub events: Vec<NewEvent>,
    /// The versions that streams must be at. Streams that receive no event may be listed too.
    pub expected: Vec<(String, Expected)>,
    /// The idempotency key, 1 to 1000 bytes: an append that is repeated with the same key takes
    /// effect once.
    pub key: Option<String>,
}

impl Append {
    /// Creates an append without events.
    ///
    /// ```
    /// # use arbour::events::Append;
    /// assert!(Append::new().events.is_empty());
    /// ```
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds an event.
    ///
    /// ```
    /// # use arbour::events::{Append, NewEvent};
    /// assert_eq!(Append::new().event(NewEvent::raw("a", "b", 1, Vec::new())).events.len(), 1);
    /// ```
    #[must_use]
    pub fn event(mut self, event: NewEvent) -> Self {
        self.events.push(event);
        self
    }

    /// Requires a stream to be at a version.
    ///
    /// ```
    /// # use arbour::events::{Append, Expected};
    /// assert_eq!(Append::new().expect("a", Expected::NoStream).expected.len(), 1);
    /// ```
    #[must_use]
    pub fn expect(mut self, stream: impl Into<String>, expected: Expected) -> Self {
        self.expected.push((stream.into(), expected));
        self
    }

    /// Sets the idempotency key.
    ///
    /// ```
    /// # use arbour::events::Append;
    /// assert_eq!(Append::new().key("transfer-7").key.as_deref(), Some("transfer-7"));
    /// ```
    #[must_use]
    pub fn key(mut self, key: impl Into<String>) -> Self {
        self.key = Some(key.into());
        self
    }

    /// Returns the hash of the content that a repeated append must have in common with the first.
    pub(super) fn content_hash(&self) -> Hash {
        let events = self.events.iter().map(|event| Content {
            stream: &event.stream,
            event_type: &event.event_type,
            schema: event.schema,
            codec: event.codec,
            payload: &event.payload,
        });
        content_hash(events)
    }
}

impl From<NewEvent> for Append {
    fn from(event: NewEvent) -> Self {
        Self::new().event(event)
    }
}

/// The part of an event that a repeated append must have in common: all but the time and the
/// metadata.
struct Content<'a> {
    stream: &'a str,
    event_type: &'a str,
    schema: u32,
    codec: u8,
    payload: &'a [u8],
}

fn content_hash<'a>(events: impl Iterator<Item = Content<'a>>) -> Hash {
    let mut hash = Sha256::new();
    for event in events {
        for bytes in [event.stream.as_bytes(), event.event_type.as_bytes(), event.payload] {
            hash.update((bytes.len() as u64).to_be_bytes());
            hash.update(bytes);
        }
        hash.update(event.schema.to_be_bytes());
        hash.update([event.codec]);
    }
    hash.finalize().into()
}

/// Returns the same hash, computed from events as they are stored in the log.
pub(super) fn appended_hash<'a>(events: impl Iterator<Item = Event<'a>>) -> Hash {
    content_hash(events.map(|event| Content {
        stream: event.stream,
        event_type: event.event_type,
        schema: event.schema,
        codec: event.codec,
        payload: event.payload,
    }))
}

/// The result of an append.
///
/// ```
/// use arbour::KvStore;
/// use arbour::events::{Append, EventType, Log};
/// let store = arbour::open("memory:")?;
/// let log = Log::open(&store, "main")?;
/// let noted = EventType::<String>::new("noted");
/// let append = Append::from(noted.event("diary", &"hello".to_owned())?).key("7");
/// let first = store.write(|transaction| log.append(transaction, &append))?;
/// let again = store.write(|transaction| log.append(transaction, &append))?;
/// assert_eq!((first.first, first.is_repeated), (1, false));
/// assert_eq!((again.first, again.is_repeated), (1, true));
/// # Ok::<(), arbour::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Appended {
    /// The position of the first event.
    pub first: u64,
    /// The position of the last event.
    pub last: u64,
    /// Whether the events had already been appended with the same key; if so, this call appended
    /// nothing.
    pub is_repeated: bool,
}
