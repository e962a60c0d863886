//! An event, its metadata and its hash.

use std::collections::BTreeMap;

use arbour_core::DecodeError;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

/// The hash of an event and of all events before it: SHA-256.
pub(super) type Hash = [u8; 32];

/// Data about an event that is not part of its payload.
///
/// ```
/// use arbour::events::Metadata;
/// let metadata = Metadata::default().caused_by("order-7").correlated("checkout-3").with("user", "ada");
/// assert_eq!(metadata.extra["user"], "ada");
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Metadata {
    /// An id shared by all events of one operation.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub correlation: Option<String>,
    /// The message or event that caused this one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub causation: Option<String>,
    /// Any further entries.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub extra: BTreeMap<String, String>,
}

impl Metadata {
    /// Sets the correlation id.
    ///
    /// ```
    /// # use arbour::events::Metadata;
    /// assert!(Metadata::default().correlated("checkout-3").correlation.is_some());
    /// ```
    #[must_use]
    pub fn correlated(mut self, correlation: impl Into<String>) -> Self {
        self.correlation = Some(correlation.into());
        self
    }

    /// Sets the causation id.
    ///
    /// ```
    /// # use arbour::events::Metadata;
    /// assert!(Metadata::default().caused_by("order-7").causation.is_some());
    /// ```
    #[must_use]
    pub fn caused_by(mut self, causation: impl Into<String>) -> Self {
        self.causation = Some(causation.into());
        self
    }

    /// Adds a further entry.
    ///
    /// ```
    /// # use arbour::events::Metadata;
    /// assert_eq!(Metadata::default().with("user", "ada").extra.len(), 1);
    /// ```
    #[must_use]
    pub fn with(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.extra.insert(name.into(), value.into());
        self
    }

    /// Tells whether there are no entries.
    ///
    /// ```
    /// # use arbour::events::Metadata;
    /// assert!(Metadata::default().is_empty());
    /// ```
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// An event in the log, or a sub-event of one. It borrows its bytes from the store.
///
/// ```
/// use arbour::KvStore;
/// use arbour::events::{Append, EventQuery, EventError, EventType, Log};
/// use std::ops::ControlFlow;
/// let store = arbour::open("memory:")?;
/// let log = Log::open(&store, "main")?;
/// let noted = EventType::<String>::new("noted");
/// let append = Append::new().event(noted.event("diary", &"hello".to_owned())?);
/// store.write(|transaction| log.append(transaction, &append))?;
/// log.each(&store.snapshot()?, &EventQuery::all(), |event| {
///     assert_eq!((event.position, event.stream, event.version), (1, "diary", 1));
///     Ok(ControlFlow::Continue(()))
/// })?;
/// # Ok::<(), arbour::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Event<'a> {
    /// Its position in the log, from 1, without gaps. A sub-event has the position of the event it
    /// came from.
    pub position: u64,
    /// The number of a sub-event among those of its position, in the order in which they are
    /// applied; 0 for the event itself.
    pub part: u32,
    /// The stream of the event.
    pub stream: &'a str,
    /// Its version in the stream, from 1, without gaps; 0 for a sub-event.
    pub version: u64,
    /// The type of the event.
    pub event_type: &'a str,
    /// The schema version of the payload.
    pub schema: u32,
    /// The number of the payload's codec.
    pub codec: u8,
    /// When it happened, in milliseconds since 1970 (UTC).
    pub time: i64,
    /// The encoded payload; see [`EventType::read`](super::EventType::read).
    pub payload: &'a [u8],
    /// The idempotency key of the append, in its first event.
    pub key: Option<&'a str>,
    /// How many events were appended together, in the first of them; 0 in the others.
    pub batch: u32,
    /// The hash of the previous event.
    pub hash_before: &'a Hash,
    pub(super) metadata: &'a [u8],
}

impl Event<'_> {
    /// Returns the metadata of the event.
    ///
    /// # Errors
    /// A [`DecodeError`] if the bytes are damaged.
    ///
    /// ```
    /// # use arbour::events::Event;
    /// fn user(event: &Event<'_>) -> Option<String> {
    ///     event.metadata().ok()?.extra.remove("user")
    /// }
    /// ```
    pub fn metadata(&self) -> Result<Metadata, DecodeError> {
        if self.metadata.is_empty() {
            return Ok(Metadata::default());
        }
        serde_json::from_slice(self.metadata).map_err(|error| {
            DecodeError::new("metadata in JSON", error.to_string()).with_source(error)
        })
    }

    /// Returns a new id that is the same whenever the event is applied again. It is derived from
    /// the event's time, its position and the hash of the previous event. `number` distinguishes
    /// several ids of one event.
    ///
    /// It has the form of a UUID version 7, so ids sort by time.
    ///
    /// ```
    /// # use arbour::events::Event;
    /// fn two_ids(event: &Event<'_>) {
    ///     assert_eq!(event.fresh_id(0), event.fresh_id(0));
    ///     assert_ne!(event.fresh_id(0), event.fresh_id(1));
    /// }
    /// ```
    #[must_use]
    pub fn fresh_id(&self, number: u32) -> Uuid {
        let mut hash = Sha256::new();
        hash.update(self.hash_before);
        hash.update(self.position.to_be_bytes());
        hash.update(self.part.to_be_bytes());
        hash.update(number.to_be_bytes());
        let random: Hash = hash.finalize().into();
        let milliseconds = u64::try_from(self.time).unwrap_or(0);
        let mut bits = [0; 10];
        bits.iter_mut().zip(random).for_each(|(bit, random)| *bit = random);
        uuid::Builder::from_unix_timestamp_millis(milliseconds, &bits).into_uuid()
    }

    /// Copies the event into an owned one.
    ///
    /// ```
    /// # use arbour::events::{Event, EventBuf};
    /// fn keep(event: &Event<'_>) -> EventBuf {
    ///     event.to_owned()
    /// }
    /// ```
    #[must_use]
    pub fn to_owned(&self) -> EventBuf {
        EventBuf {
            position: self.position,
            part: self.part,
            stream: self.stream.to_owned(),
            version: self.version,
            event_type: self.event_type.to_owned(),
            schema: self.schema,
            codec: self.codec,
            time: self.time,
            payload: self.payload.to_vec(),
            key: self.key.map(str::to_owned),
            batch: self.batch,
            hash_before: *self.hash_before,
            metadata: self.metadata.to_vec(),
        }
    }
}

/// An event that owns its bytes.
///
/// ```
/// # use arbour::events::EventBuf;
/// fn position(event: &EventBuf) -> u64 {
///     event.as_event().position
/// }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventBuf {
    position: u64,
    part: u32,
    stream: String,
    version: u64,
    event_type: String,
    schema: u32,
    codec: u8,
    time: i64,
    payload: Vec<u8>,
    key: Option<String>,
    batch: u32,
    hash_before: Hash,
    metadata: Vec<u8>,
}

impl EventBuf {
    /// Borrows the event.
    ///
    /// ```
    /// # use arbour::events::EventBuf;
    /// fn stream(event: &EventBuf) -> &str {
    ///     event.as_event().stream
    /// }
    /// ```
    #[must_use]
    pub fn as_event(&self) -> Event<'_> {
        Event {
            position: self.position,
            part: self.part,
            stream: &self.stream,
            version: self.version,
            event_type: &self.event_type,
            schema: self.schema,
            codec: self.codec,
            time: self.time,
            payload: &self.payload,
            key: self.key.as_deref(),
            batch: self.batch,
            hash_before: &self.hash_before,
            metadata: &self.metadata,
        }
    }
}

/// An event to append, or a sub-event to emit. [`EventType::event`](super::EventType::event) makes
/// one.
///
/// ```
/// use arbour::events::{EventType, Metadata};
/// let noted = EventType::<String>::new("noted");
/// let event = noted.event("diary", &"hello".to_owned())?.with_metadata(Metadata::default().caused_by("7"));
/// assert_eq!(event.payload, b"\"hello\"");
/// # Ok::<(), arbour::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct NewEvent {
    /// The stream: 1 to 1000 bytes.
    pub stream: String,
    /// The type: 1 to 1000 bytes.
    pub event_type: String,
    /// The schema version of the payload.
    pub schema: u32,
    /// The number of the payload's codec.
    pub codec: u8,
    /// The encoded payload.
    pub payload: Vec<u8>,
    /// The metadata.
    pub metadata: Metadata,
    /// When it happened, in milliseconds since 1970 (UTC); `None` takes the time of the log's
    /// clock.
    pub time: Option<i64>,
}

impl NewEvent {
    /// Creates an event from a payload that the caller has encoded.
    ///
    /// ```
    /// use arbour::events::NewEvent;
    /// let event = NewEvent::raw("diary", "noted", 1, b"\"hello\"".to_vec());
    /// assert_eq!(event.schema, 1);
    /// ```
    #[must_use]
    pub fn raw(
        stream: impl Into<String>,
        event_type: impl Into<String>,
        codec: u8,
        payload: Vec<u8>,
    ) -> Self {
        Self {
            stream: stream.into(),
            event_type: event_type.into(),
            schema: 1,
            codec,
            payload,
            metadata: Metadata::default(),
            time: None,
        }
    }

    /// Sets the metadata.
    ///
    /// ```
    /// # use arbour::events::{Metadata, NewEvent};
    /// let event = NewEvent::raw("diary", "noted", 1, Vec::new());
    /// let event = event.with_metadata(Metadata::default().with("user", "ada"));
    /// assert!(!event.metadata.is_empty());
    /// ```
    #[must_use]
    pub fn with_metadata(mut self, metadata: Metadata) -> Self {
        self.metadata = metadata;
        self
    }

    /// Sets the time, in milliseconds since 1970 (UTC), instead of taking it from the log's clock.
    ///
    /// ```
    /// # use arbour::events::NewEvent;
    /// let event = NewEvent::raw("diary", "noted", 1, Vec::new()).at(-7);
    /// assert_eq!(event.time, Some(-7));
    /// ```
    #[must_use]
    pub fn at(mut self, milliseconds: i64) -> Self {
        self.time = Some(milliseconds);
        self
    }
}
