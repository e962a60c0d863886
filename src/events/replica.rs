//! Copies of a log.

use std::ops::ControlFlow;
use std::time::Instant;

use arbour_core::{Batch, KvRead, KvStore, KvWrite as _, Result};

use super::event_batch::{CHUNK_EVENTS, EventBatch};
use super::head::Head;
use super::layout::{FORMAT, LOG_HEAD_KEY, stream_head_key};
use super::log::{Log, number_value, position_key, use_of};
use super::query::EventQuery;
use super::type_index::type_key;
use super::{EventError, envelope};
use crate::Progress;
use crate::chunk_size::ChunkSize;
use crate::key::Key as _;

impl Log {
    /// Copies the events that another log has and this one lacks, in batches of one commit each.
    /// The events get the same positions and hashes, so views made from either log are the same.
    /// The chain of hashes is checked on the way. Returns the newest position of this log
    /// afterwards.
    ///
    /// A log that is a copy takes no events of its own. It has the id of the original, and an
    /// [index](Log::index_types) only if it is configured to keep one itself. A new copy begins
    /// with the first event that is left in the original. To follow a log, call this again.
    ///
    /// # Errors
    /// [`Foreign`](EventError::Foreign) if this log is not a copy of the other,
    /// [`Truncated`](EventError::Truncated) if it has events that the other no longer has,
    /// [`Archived`](EventError::Archived) if the other has trimmed events that this one does not
    /// have yet, [`Broken`](EventError::Broken) if the chain of hashes does not match: nothing of
    /// that batch was copied. Errors of either store.
    ///
    /// ```
    /// # use std::ops::ControlFlow;
    /// # use arbour::KvStore;
    /// # use arbour::events::{Log, NewEvent};
    /// let (store, copy) = (arbour::MemoryStore::new(), arbour::MemoryStore::new());
    /// let log = Log::open(&store, "main")?;
    /// let append = NewEvent::raw("diary", "noted", 1, Vec::new()).into();
    /// store.write(|transaction| log.append(transaction, &append))?;
    /// let replica = Log::open(&copy, "main")?;
    /// replica.copy_from(&copy, &log, &store.snapshot()?, &mut |_| ControlFlow::Continue(()))?;
    /// assert_eq!(replica.head(&copy.snapshot()?)?, log.head(&store.snapshot()?)?);
    /// # Ok::<(), arbour::Error>(())
    /// ```
    pub fn copy_from<S: KvStore, R: KvRead>(
        &self,
        store: &S,
        source: &Log,
        reader: &R,
        progress: &mut dyn FnMut(Progress) -> ControlFlow<()>,
    ) -> Result<u64> {
        let newest = source.head(reader)?;
        let (began, first) = (Instant::now(), self.head(&store.snapshot()?)?.position);
        let mut size = ChunkSize::new(CHUNK_EVENTS);
        loop {
            let head = self.head(&store.snapshot()?)?;
            self.check_copies(head, source, newest)?;
            if head.position == newest.position {
                return Ok(head.position);
            }
            let is_new = head.position == 0;
            let after = if is_new { newest.first - 1 } else { head.position };
            let mut chunk = source.chunk(reader, after, newest.position)?;
            chunk.truncate(size.get());
            if chunk.is_empty() {
                let position = after + 1;
                return Err(EventError::Broken { log: source.name().to_owned(), position }.into());
            }
            let batch = self.batch_of(source, reader, &chunk, (after, head, newest))?;
            let written = store.write(|transaction| {
                let now = self.head(transaction)?;
                // If the head has changed, another process has trimmed this log or indexes it.
                // Start again with the new head.
                if now == head {
                    transaction.apply(&batch)?;
                }
                Ok(self.head(transaction)?.position)
            });
            let done = match written {
                Err(error) if size.shrinks_after(&error) => continue,
                written => written?,
            };
            let reached = Progress::new(self.name(), began, first).at(done, Some(newest.position));
            if progress(reached).is_break() {
                return Ok(done);
            }
        }
    }

    /// Checks that this log is the beginning of the other, as far as their heads show it, and that the
    /// other still has what follows.
    fn check_copies(&self, head: Head, source: &Log, newest: Head) -> Result<()> {
        let (log, reader) = (source.name().to_owned(), format!("the copy {:?}", self.name()));
        let position = head.position;
        let is_other = position > 0 && head.log_id != newest.log_id;
        if is_other || (position == newest.position && head.hash != newest.hash) {
            return Err(EventError::Foreign { log, reader, position }.into());
        }
        if position > newest.position {
            let (applied, newest) = (position, newest.position);
            return Err(EventError::Truncated { log, reader, applied, newest }.into());
        }
        if position > 0 && newest.first > position + 1 {
            let (asked, first) = (position + 1, newest.first);
            return Err(EventError::Archived { log, asked, first }.into());
        }
        Ok(())
    }

    /// Verifies a batch of events and collects the writes for this log.
    fn batch_of<R: KvRead>(
        &self,
        source: &Log,
        reader: &R,
        chunk: &EventBatch,
        (after, mut head, newest): (u64, super::Head, super::Head),
    ) -> Result<Batch> {
        let mut batch = Batch::new();
        let is_new = head.position == 0;
        let mut hash = (!is_new).then_some(head.hash);
        let mut expected = after;
        for (position, value) in chunk.iter() {
            expected += 1;
            let event = source.decode(position, value)?;
            let fits = hash.is_none_or(|hash| hash == *event.hash_before);
            if position != expected || !fits {
                return Err(EventError::Broken {
                    log: source.name().to_owned(),
                    position: expected,
                }
                .into());
            }
            hash = Some(envelope::hash(position, value));
            batch.put(&self.trees.events, &position_key(position), value);
            let version_key = (event.stream, event.version).to_key_bytes();
            batch.put(&self.trees.streams, &version_key, &number_value(position));
            let head_key = stream_head_key(event.stream);
            batch.put(&self.trees.streams, &head_key, &number_value(event.version));
            if head.types_from.is_some() {
                batch.put(&self.trees.types, &type_key(&event), &[FORMAT]);
            }
            if let Some(key) = event.key {
                let until = position.saturating_add(u64::from(event.batch)).saturating_sub(1);
                let query = EventQuery::all().after(position - 1).until(until);
                let events = source.read(reader, &query)?;
                let entry = use_of(position, events.iter().map(super::EventBuf::as_event));
                batch.put(&self.trees.keys, key.as_bytes(), &entry);
            }
        }
        if expected == newest.position && hash != Some(newest.hash) {
            return Err(
                EventError::Broken { log: source.name().to_owned(), position: expected }.into()
            );
        }
        if is_new {
            head.first = after + 1;
        }
        head.log_id = newest.log_id;
        head.clock = newest.clock;
        head.position = expected;
        head.hash = hash.unwrap_or(head.hash);
        let mut value = Vec::new();
        head.encode(&mut value);
        batch.put(&self.trees.events, LOG_HEAD_KEY, &value);
        Ok(batch)
    }
}
