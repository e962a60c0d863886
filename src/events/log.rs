//! A log of events, stored in trees of any engine.

use std::sync::Arc;
use std::time::SystemTime;

use arbour_core::engine::{TreeName, Write};
use arbour_core::{
    Batch, Cause, DecodeError, Error, KvRead, KvStore, KvWrite, Result, Tree, clock,
};

use super::append::{Append, Appended, appended_hash};
use super::event::{Event, Hash, NewEvent};
use super::event_batch::EventBatch;
use super::head::Head;
use super::layout::{
    FORMAT, LOG_HEAD_KEY, NAME_BYTES_MAX, STREAM_BYTES_MAX, ack_tree, key_tree, lease_tree,
    log_tree, stream_head_key, stream_tree, type_tree,
};
use super::{EventError, envelope};
use crate::key::{Key as _, KeyPart as _};
use crate::ordered_uuid::ordered_uuid;

/// A log of events.
///
/// Events are appended in a transaction of the caller, atomically with any other writes to the
/// store, and never change. Only one writer is active at a time, so positions have no gaps: a
/// rolled-back append releases its positions. A position is never used twice, even after its event
/// was trimmed.
///
/// ```
/// use arbour::KvStore;
/// use arbour::events::{Append, EventQuery, EventType, Expected, Log};
/// let store = arbour::open("memory:")?; // or any other
/// let log = Log::open(&store, "main")?;
/// let noted = EventType::<String>::new("noted");
/// let append = Append::from(noted.event("diary", &"hello".to_owned())?)
///     .expect("diary", Expected::NoStream);
/// store.write(|transaction| log.append(transaction, &append))?;
/// let events = log.read(&store.snapshot()?, &EventQuery::stream("diary"))?;
/// assert_eq!(noted.read(&events[0].as_event())?, Some("hello".to_owned()));
/// # Ok::<(), arbour::Error>(())
/// ```
#[derive(Clone)]
pub struct Log {
    pub(super) name: Arc<str>,
    pub(super) trees: Arc<Trees>,
    /// The clock, if it is not the machine's.
    pub(super) clock: Option<Clock>,
}

/// Returns the time.
pub(super) type Clock = Arc<dyn Fn() -> SystemTime + Send + Sync>;

/// The trees of a log.
pub(super) struct Trees {
    pub(super) events: Tree,
    pub(super) streams: Tree,
    pub(super) keys: Tree,
    pub(super) acks: Tree,
    pub(super) leases: Tree,
    pub(super) types: Tree,
}

/// Opens a tree that belongs to this layer.
pub(super) fn open_tree<S: KvStore>(store: &S, name: &str) -> Result<Tree> {
    store.open_tree(TreeName::layer(name)?)
}

/// Returns the key of a position.
pub(super) fn position_key(position: u64) -> Vec<u8> {
    let mut key = Vec::with_capacity(10);
    position.encode_part(&mut key);
    key
}

/// Checks the name of a log, a projection or a subscription.
pub(super) fn check_name(name: &str, what: &str) -> Result<()> {
    let is_fit = (1..=NAME_BYTES_MAX).contains(&name.len()) && !name.contains(['/', '\0', '.']);
    if is_fit {
        return Ok(());
    }
    let reason = format!(
        "the name of {what} has 1 to {NAME_BYTES_MAX} bytes, without '/', '.' and NUL: {name:?}"
    );
    Err(EventError::Invalid { log: name.chars().take(NAME_BYTES_MAX).collect(), reason }.into())
}

impl Log {
    /// Opens a log, which need not exist yet.
    ///
    /// # Errors
    /// [`Invalid`](EventError::Invalid) for a name that is empty, longer than 60 bytes, or contains
    /// `/`, `.` or NUL; errors of the store.
    ///
    /// ```
    /// # use arbour::events::Log;
    /// let store = arbour::open("memory:")?;
    /// assert!(Log::open(&store, "main").is_ok());
    /// assert!(Log::open(&store, "").is_err());
    /// # Ok::<(), arbour::Error>(())
    /// ```
    pub fn open<S: KvStore>(store: &S, name: &str) -> Result<Self> {
        check_name(name, "a log")?;
        let trees = Trees {
            events: open_tree(store, &log_tree(name))?,
            streams: open_tree(store, &stream_tree(name))?,
            keys: open_tree(store, &key_tree(name))?,
            acks: open_tree(store, &ack_tree(name))?,
            leases: open_tree(store, &lease_tree(name))?,
            types: open_tree(store, &type_tree(name))?,
        };
        Ok(Self { name: name.into(), trees: Arc::new(trees), clock: None })
    }

    /// Returns the name.
    ///
    /// ```
    /// # use arbour::events::Log;
    /// assert_eq!(Log::open(&arbour::MemoryStore::new(), "main")?.name(), "main");
    /// # Ok::<(), arbour::Error>(())
    /// ```
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns the head: the newest position, its hash and the first position left.
    ///
    /// # Errors
    /// Errors of the store.
    ///
    /// ```
    /// # use arbour::KvStore;
    /// # use arbour::events::Log;
    /// let store = arbour::open("memory:")?;
    /// assert_eq!(Log::open(&store, "main")?.head(&store.snapshot()?)?.position, 0);
    /// # Ok::<(), arbour::Error>(())
    /// ```
    pub fn head<R: KvRead>(&self, reader: &R) -> Result<Head> {
        let head = reader.get_with(&self.trees.events, LOG_HEAD_KEY, Head::decode)?;
        let head = head.unwrap_or(Ok(Head::EMPTY));
        head.map_err(|cause| self.undecodable(&self.trees.events, LOG_HEAD_KEY, cause))
    }

    /// Returns the version of a stream: 0 if it has no events yet.
    ///
    /// # Errors
    /// Errors of the store.
    ///
    /// ```
    /// # use arbour::KvStore;
    /// # use arbour::events::Log;
    /// let store = arbour::open("memory:")?;
    /// assert_eq!(Log::open(&store, "main")?.version(&store.snapshot()?, "diary")?, 0);
    /// # Ok::<(), arbour::Error>(())
    /// ```
    pub fn version<R: KvRead>(&self, reader: &R, stream: &str) -> Result<u64> {
        let (tree, key) = (&self.trees.streams, stream_head_key(stream));
        let version = reader.get_with(tree, &key, decode_number)?;
        version.unwrap_or(Ok(0)).map_err(|cause| self.undecodable(tree, &key, cause))
    }

    /// Appends events in a transaction. The events of one append get consecutive positions.
    ///
    /// If the key was used before for the same content, nothing is appended, whatever versions the
    /// streams are at now, and the result is that of the first append.
    ///
    /// An event without a time gets the clock's, or the time of the previous such event if the
    /// clock went back.
    ///
    /// # Errors
    /// [`Expected`](EventError::Expected) for a stream at another version,
    /// [`KeyReused`](EventError::KeyReused) for a key that was used for other content,
    /// [`Invalid`](EventError::Invalid) if there is no event, or a name is empty or too long; from
    /// the store, [`TooLarge`](crate::ErrorKind::TooLarge) for a payload or a name above its limits: a
    /// stream and a type need eleven bytes beside their name in a key. In all these cases nothing was
    /// written.
    ///
    /// ```
    /// # use arbour::KvStore;
    /// # use arbour::events::{Append, Log, NewEvent};
    /// let store = arbour::open("memory:")?;
    /// let log = Log::open(&store, "main")?;
    /// let append = Append::from(NewEvent::raw("diary", "noted", 1, b"\"hello\"".to_vec()));
    /// let appended = store.write(|transaction| log.append(transaction, &append))?;
    /// assert_eq!((appended.first, appended.last), (1, 1));
    /// # Ok::<(), arbour::Error>(())
    /// ```
    pub fn append<W: KvWrite>(&self, transaction: &mut W, append: &Append) -> Result<Appended> {
        Ok(self.append_chunk(transaction, append)?.appended)
    }

    /// Appends events, and returns them encoded.
    pub(super) fn append_chunk<W: KvWrite>(
        &self,
        transaction: &mut W,
        append: &Append,
    ) -> Result<AppendedChunk> {
        self.check(append)?;
        transaction.prefetch(&|| self.reads_of(append))?;
        let head = self.head(transaction)?;
        let keyed = append.key.as_deref().map(|key| (key, append.content_hash()));
        if let Some((key, hash)) = keyed
            && let Some(appended) = self.appended_before(transaction, key, hash)?
        {
            return Ok(AppendedChunk { appended, head, chunk: EventBatch::default() });
        }
        let mut streams = self.versions(transaction, append)?;
        let mut appending = Appending::new(self, head, append.events.len());
        for (number, event) in append.events.iter().enumerate() {
            let version = next_version(&mut streams, &event.stream);
            let is_first = number == 0;
            let batch = if is_first { append.events.len() as u32 } else { 0 };
            let key = append.key.as_deref().filter(|_| is_first);
            appending.push(event, version, key, batch)?;
        }
        let appended = Appended {
            first: head.position + 1,
            last: appending.head.position,
            is_repeated: false,
        };
        let (batch, head, chunk) = appending.finish(&streams, keyed, appended);
        self.check_type(transaction, append, head.position)?;
        batch.iter().try_for_each(|write| transaction.check(&write))?;
        transaction.apply(&batch)?;
        tracing::trace!(
            log = &*self.name,
            first = appended.first,
            last = appended.last,
            "appended"
        );
        Ok(AppendedChunk { appended, head, chunk })
    }

    /// Returns the positions of the events that were appended with a key; `None` if the key was not
    /// used.
    ///
    /// # Errors
    /// Errors of the store.
    ///
    /// ```
    /// # use arbour::KvStore;
    /// # use arbour::events::{Append, Log, NewEvent};
    /// let store = arbour::open("memory:")?;
    /// let log = Log::open(&store, "main")?;
    /// let append = Append::from(NewEvent::raw("diary", "noted", 1, Vec::new())).key("7");
    /// store.write(|transaction| log.append(transaction, &append))?;
    /// let appended = log.appended(&store.snapshot()?, "7")?;
    /// assert_eq!(appended.map(|appended| appended.first), Some(1));
    /// # Ok::<(), arbour::Error>(())
    /// ```
    pub fn appended<R: KvRead>(&self, reader: &R, key: &str) -> Result<Option<Appended>> {
        let found = self.use_of_key(reader, key)?;
        Ok(found.map(|(_, first, last)| Appended { first, last, is_repeated: true }))
    }

    /// Returns the current time in milliseconds since 1970 (UTC).
    pub(super) fn now(&self) -> i64 {
        match &self.clock {
            Some(now) => clock::at(now(), clock::unix_millis),
            None => clock::unix_millis(),
        }
    }

    /// Writes the head of the log.
    pub(super) fn save_head<W: KvWrite>(&self, transaction: &mut W, head: &Head) -> Result<()> {
        let mut value = Vec::new();
        head.encode(&mut value);
        transaction.put(&self.trees.events, LOG_HEAD_KEY, &value)
    }

    fn use_of_key<R: KvRead>(&self, reader: &R, key: &str) -> Result<Option<(Hash, u64, u64)>> {
        let found = reader.get_with(&self.trees.keys, key.as_bytes(), decode_use)?.transpose();
        found.map_err(|cause| self.undecodable(&self.trees.keys, key.as_bytes(), cause))
    }

    fn check(&self, append: &Append) -> Result<()> {
        let invalid = |reason: String| Err(self.invalid(reason));
        if append.events.is_empty() {
            return invalid("an append has at least one event".to_owned());
        }
        let streams = append.expected.iter().map(|(stream, _)| stream);
        let names = append.events.iter().flat_map(|event| [&event.stream, &event.event_type]);
        for name in streams.chain(names).chain(&append.key) {
            if !(1..=STREAM_BYTES_MAX).contains(&name.len()) {
                let shown: String = name.chars().take(64).collect();
                return invalid(format!(
                    "a stream, a type and a key have 1 to {STREAM_BYTES_MAX} bytes: {shown:?}"
                ));
            }
        }
        Ok(())
    }

    /// Refuses a type that the index by type could not hold, even if the log keeps none yet.
    fn check_type<W: KvWrite>(
        &self,
        transaction: &W,
        append: &Append,
        position: u64,
    ) -> Result<()> {
        let types = append.events.iter().map(|event| event.event_type.as_str());
        let longest = types.max_by_key(|event_type| event_type.len()).unwrap_or_default();
        let key = (longest, position).to_key_bytes();
        transaction.check(&Write { tree: &self.trees.types, key: &key, value: Some(&[FORMAT]) })
    }

    pub(super) fn invalid(&self, reason: impl Into<String>) -> Error {
        EventError::Invalid { log: self.name.to_string(), reason: reason.into() }.into()
    }

    pub(super) fn undecodable(&self, tree: &Tree, key: &[u8], cause: DecodeError) -> Error {
        EventError::undecodable(&self.name, tree.name(), key, cause)
    }

    /// Returns the result of an earlier append with this key, if there was one.
    fn appended_before<W: KvWrite>(
        &self,
        transaction: &W,
        key: &str,
        hash: Hash,
    ) -> Result<Option<Appended>> {
        match self.use_of_key(transaction, key)? {
            None => Ok(None),
            Some((used_for, first, last)) if used_for == hash => {
                Ok(Some(Appended { first, last, is_repeated: true }))
            }
            Some((_, position, _)) => Err(EventError::KeyReused {
                log: self.name.to_string(),
                key: key.to_owned(),
                position,
            }
            .into()),
        }
    }

    /// Returns the current version of each stream that is appended to, after checking the expected
    /// versions.
    fn versions<'a, W: KvWrite>(
        &self,
        transaction: &W,
        append: &'a Append,
    ) -> Result<Vec<(&'a str, u64)>> {
        for (stream, expected) in &append.expected {
            let actual = self.version(transaction, stream)?;
            if !expected.holds(actual) {
                return Err(EventError::Expected {
                    log: self.name.to_string(),
                    stream: stream.clone(),
                    expected: *expected,
                    actual,
                }
                .into());
            }
        }
        let mut streams: Vec<(&str, u64)> = Vec::new();
        for event in &append.events {
            // Events of one stream are mostly adjacent, so comparing with the last entry removes
            // most duplicates.
            if streams.last().is_none_or(|(last, _)| *last != event.stream) {
                streams.push((&event.stream, 0));
            }
        }
        streams.sort_unstable();
        streams.dedup();
        for (stream, version) in &mut streams {
            *version = self.version(transaction, stream)?;
        }
        Ok(streams)
    }
}

/// Increments and returns the version of a stream in the list.
fn next_version(streams: &mut [(&str, u64)], stream: &str) -> u64 {
    let found = streams.binary_search_by(|(name, _)| (*name).cmp(stream));
    let version = found.ok().and_then(|at| streams.get_mut(at)).map(|(_, version)| {
        *version += 1;
        *version
    });
    version.unwrap_or_default()
}

/// An append in progress.
pub(super) struct Appending<'l> {
    log: &'l Log,
    pub(super) head: Head,
    now: i64,
    batch: Batch,
    chunk: EventBatch,
    value: Vec<u8>,
    key: Vec<u8>,
}

/// Appended events, encoded, and the head after them.
pub(super) struct AppendedChunk {
    pub(super) appended: Appended,
    pub(super) head: Head,
    /// Empty if the events had been appended before.
    pub(super) chunk: EventBatch,
}

impl<'l> Appending<'l> {
    fn new(log: &'l Log, mut head: Head, count: usize) -> Self {
        if head.log_id.is_nil() {
            head.log_id = ordered_uuid();
        }
        head.clock = head.clock.max(log.now());
        let batch = Batch::with_capacity(2 * count + 3, 256 * count);
        let chunk = EventBatch::default();
        Self { log, head, now: head.clock, batch, chunk, value: Vec::new(), key: Vec::new() }
    }

    fn push(
        &mut self,
        event: &NewEvent,
        version: u64,
        key: Option<&str>,
        batch: u32,
    ) -> Result<()> {
        let metadata = if event.metadata.is_empty() {
            Vec::new()
        } else {
            serde_json::to_vec(&event.metadata).map_err(|cause| EventError::Unfit {
                event_type: event.event_type.clone(),
                cause: Cause::new(cause),
            })?
        };
        let position = self.head.position.checked_add(1);
        let position = position.ok_or_else(|| self.log.invalid("there is no position left"))?;
        self.value.clear();
        let stored = Event {
            position,
            part: 0,
            stream: &event.stream,
            version,
            event_type: &event.event_type,
            schema: event.schema,
            codec: event.codec,
            time: event.time.unwrap_or(self.now),
            payload: &event.payload,
            key,
            batch,
            hash_before: &self.head.hash,
            metadata: &metadata,
        };
        envelope::encode(&stored, &mut self.value);
        self.chunk.push(position, &self.value);
        self.head.hash = envelope::hash(position, &self.value);
        self.head.position = position;
        self.key.clear();
        position.encode_part(&mut self.key);
        self.batch.put(&self.log.trees.events, &self.key, &self.value);
        self.key.clear();
        (event.stream.as_str(), version).encode_key(&mut self.key);
        self.batch.put(&self.log.trees.streams, &self.key, &number_value(position));
        if self.head.types_from.is_some() {
            self.key.clear();
            (event.event_type.as_str(), position).encode_key(&mut self.key);
            self.batch.put(&self.log.trees.types, &self.key, &[FORMAT]);
        }
        Ok(())
    }

    fn finish(
        mut self,
        streams: &[(&str, u64)],
        keyed: Option<(&str, Hash)>,
        appended: Appended,
    ) -> (Batch, Head, EventBatch) {
        let trees = &self.log.trees;
        for (stream, version) in streams {
            self.batch.put(&trees.streams, &stream_head_key(stream), &number_value(*version));
        }
        self.value.clear();
        self.head.encode(&mut self.value);
        self.batch.put(&trees.events, LOG_HEAD_KEY, &self.value);
        if let Some((key, hash)) = keyed {
            let value = use_value(&hash, appended.first, appended.last);
            self.batch.put(&trees.keys, key.as_bytes(), &value);
        }
        (self.batch, self.head, self.chunk)
    }
}

/// Encodes a number as a value.
pub(super) fn number_value(number: u64) -> [u8; 9] {
    let [a, b, c, d, e, f, g, h] = number.to_be_bytes();
    [FORMAT, a, b, c, d, e, f, g, h]
}

/// Returns the error for a value that does not begin with the format byte.
pub(super) fn other_format(value: &[u8]) -> DecodeError {
    let found = value.first().map(|format| format!("format {format}"));
    DecodeError::new("format 1", found.unwrap_or_else(|| "no bytes".to_owned()))
}

/// Decodes a number from a value.
pub(super) fn decode_number(value: &[u8]) -> Result<u64, DecodeError> {
    match value {
        [FORMAT, number @ ..] => number.try_into().map(u64::from_be_bytes),
        _ => return Err(other_format(value)),
    }
    .map_err(|_| DecodeError::new("8 bytes of a number", value.len().to_string()))
}

/// Returns the value of an idempotency key.
pub(super) fn use_value(hash: &Hash, first: u64, last: u64) -> Vec<u8> {
    [&[FORMAT][..], hash, &first.to_be_bytes(), &last.to_be_bytes()].concat()
}

fn decode_use(value: &[u8]) -> Result<(Hash, u64, u64), DecodeError> {
    let wrong = || DecodeError::new("the use of a key", format!("{} bytes", value.len()));
    let (&[format], rest) = value.split_first_chunk().ok_or_else(wrong)?;
    if format != FORMAT {
        return Err(DecodeError::new("format 1", format!("format {format}")));
    }
    let (hash, rest) = rest.split_first_chunk().ok_or_else(wrong)?;
    let (first, rest) = rest.split_first_chunk().ok_or_else(wrong)?;
    let last = rest.try_into().map_err(|_| wrong())?;
    Ok((*hash, u64::from_be_bytes(*first), u64::from_be_bytes(last)))
}

/// Rebuilds the entry of an idempotency key from the events that were appended with it.
pub(super) fn use_of<'a>(first: u64, events: impl ExactSizeIterator<Item = Event<'a>>) -> Vec<u8> {
    let last = first + (events.len() as u64).saturating_sub(1);
    use_value(&appended_hash(events), first, last)
}
