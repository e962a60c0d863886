//! The state of one stream, folded from its events, and snapshots of it.

use std::ops::ControlFlow;

use arbour_core::{Cause, DecodeError, KvRead, KvStore, KvWrite, Result, Tree};

use super::EventError;
use super::event::Event;
use super::layout::{FORMAT, snapshot_tree};
use super::log::{Log, open_tree};
use super::query::EventQuery;
use crate::documents::{Body, BodyCodec};

/// A state, with the version and the position it was folded up to.
///
/// ```
/// use arbour::events::Folded;
/// let balance = Folded { state: 500, version: 3, position: 17 };
/// assert_eq!(balance.version, 3);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Folded<A> {
    /// The state.
    pub state: A,
    /// The version of the stream; 0 before its first event.
    pub version: u64,
    /// The position of the last event that was folded.
    pub position: u64,
}

/// Snapshots of the states of streams, which save reading all their events. The program decides
/// when to save one, and they can be deleted at any time.
///
/// ```
/// use arbour::KvStore;
/// use arbour::AnyResult;
/// use arbour::events::{Append, EventType, Log, StreamSnapshots};
/// let store = arbour::open("memory:")?;
/// let log = Log::open(&store, "main")?;
/// let balances = StreamSnapshots::<i64>::open(&store, &log, "balances", 1)?;
/// let moved = EventType::<i64>::new("moved");
/// store.write(|transaction| {
///     for cents in [500, -200] {
///         log.append(transaction, &moved.event("account-1", &cents)?.into())?;
///     }
///     let balance = balances.fold(transaction, "account-1", |balance, event| {
///         Ok(balance + moved.read(event)?.unwrap_or(0))
///     })?;
///     assert_eq!((balance.state, balance.version), (300, 2));
///     balances.save(transaction, "account-1", &balance)
/// })?;
/// # Ok::<(), arbour::Error>(())
/// ```
pub struct StreamSnapshots<A> {
    log: Log,
    tree: Tree,
    schema: u32,
    codec: BodyCodec<A>,
}

impl<A: Body + Default> StreamSnapshots<A> {
    /// Opens the snapshots of one kind of state, stored as JSON next to the log. Snapshots with
    /// another schema version are ignored.
    ///
    /// # Errors
    /// As [`Log::open`].
    ///
    /// ```
    /// # use arbour::events::{Log, StreamSnapshots};
    /// let store = arbour::open("memory:")?;
    /// let log = Log::open(&store, "main")?;
    /// let balances = StreamSnapshots::<i64>::open(&store, &log, "balances", 1)?;
    /// # let _ = balances;
    /// # Ok::<(), arbour::Error>(())
    /// ```
    pub fn open<S: KvStore>(store: &S, log: &Log, name: &str, schema: u32) -> Result<Self> {
        super::log::check_name(name, "a kind of snapshots")?;
        let tree = open_tree(store, &snapshot_tree(log.name(), name))?;
        Ok(Self { log: log.clone(), tree, schema, codec: BodyCodec::json() })
    }

    /// Folds the events of a stream into its state, starting from the snapshot if there is one,
    /// otherwise from the default.
    ///
    /// # Errors
    /// Errors of the closure; [`Archived`](EventError::Archived) if events were trimmed that the
    /// snapshot does not cover; as [`Log::each`].
    ///
    /// ```
    /// # use arbour::KvRead;
    /// # use arbour::events::{EventError, Folded, StreamSnapshots};
    /// fn count<R: KvRead>(
    ///     counts: &StreamSnapshots<u64>, reader: &R,
    /// ) -> arbour::Result<Folded<u64>> {
    ///     counts.fold(reader, "account-1", |count, _event| Ok(count + 1))
    /// }
    /// ```
    pub fn fold<R: KvRead>(
        &self,
        reader: &R,
        stream: &str,
        mut fold: impl FnMut(A, &Event<'_>) -> Result<A>,
    ) -> Result<Folded<A>> {
        let Folded { state, mut version, mut position } =
            self.load(reader, stream)?.unwrap_or_default();
        let mut state = Some(state);
        let query = EventQuery::stream(stream).after(position);
        self.log.each(reader, &query, |event| {
            if event.version != version + 1 {
                return Err(EventError::Archived {
                    log: self.log.name().to_owned(),
                    asked: version + 1,
                    first: event.version,
                }
                .into());
            }
            (version, position) = (event.version, event.position);
            if let Some(before) = state.take() {
                state = Some(fold(before, event)?);
            }
            Ok(ControlFlow::Continue(()))
        })?;
        Ok(Folded { state: state.unwrap_or_default(), version, position })
    }

    /// Saves a state, replacing an older snapshot.
    ///
    /// # Errors
    /// [`Unfit`](EventError::Unfit) if it cannot be encoded; errors of the store.
    ///
    /// ```
    /// # use arbour::KvWrite;
    /// # use arbour::events::{EventError, Folded, StreamSnapshots};
    /// fn keep<W: KvWrite>(
    ///     counts: &StreamSnapshots<u64>, transaction: &mut W, count: &Folded<u64>,
    /// ) -> arbour::Result<()> {
    ///     counts.save(transaction, "account-1", count)
    /// }
    /// ```
    pub fn save<W: KvWrite>(
        &self,
        transaction: &mut W,
        stream: &str,
        folded: &Folded<A>,
    ) -> Result<()> {
        let mut value = vec![FORMAT];
        value.extend_from_slice(&self.schema.to_be_bytes());
        value.extend_from_slice(&folded.version.to_be_bytes());
        value.extend_from_slice(&folded.position.to_be_bytes());
        (self.codec.encode)(&folded.state, &mut value).map_err(|cause| EventError::Unfit {
            event_type: format!("the snapshot of {stream:?}"),
            cause: Cause::new(cause),
        })?;
        transaction.put(&self.tree, stream.as_bytes(), &value)
    }

    /// Returns the snapshot of a stream, if there is one with this schema version.
    ///
    /// # Errors
    /// Errors of the store, and [`Undecodable`](EventError::Undecodable); a snapshot that cannot be
    /// decoded can be deleted.
    ///
    /// ```
    /// # use arbour::KvRead;
    /// # use arbour::events::{EventError, StreamSnapshots};
    /// fn version<R: KvRead>(counts: &StreamSnapshots<u64>, reader: &R) -> arbour::Result<u64> {
    ///     Ok(counts.load(reader, "account-1")?.map_or(0, |count| count.version))
    /// }
    /// ```
    pub fn load<R: KvRead>(&self, reader: &R, stream: &str) -> Result<Option<Folded<A>>> {
        let key = stream.as_bytes();
        let found = reader.get_with(&self.tree, key, |value| self.decode(value))?.transpose();
        let found = found.map_err(|cause| {
            EventError::undecodable(self.log.name(), self.tree.name(), key, cause)
        })?;
        Ok(found.flatten())
    }

    fn decode(&self, value: &[u8]) -> Result<Option<Folded<A>>, DecodeError> {
        let wrong = || DecodeError::new("a snapshot", format!("{} bytes", value.len()));
        let (&[format], rest) = value.split_first_chunk().ok_or_else(wrong)?;
        if format != FORMAT {
            return Err(DecodeError::new("format 1", format!("format {format}")));
        }
        let (schema, rest) = rest.split_first_chunk().ok_or_else(wrong)?;
        let (version, rest) = rest.split_first_chunk().ok_or_else(wrong)?;
        let (position, state) = rest.split_first_chunk().ok_or_else(wrong)?;
        if u32::from_be_bytes(*schema) != self.schema {
            return Ok(None);
        }
        Ok(Some(Folded {
            state: (self.codec.decode)(state)?,
            version: u64::from_be_bytes(*version),
            position: u64::from_be_bytes(*position),
        }))
    }
}
