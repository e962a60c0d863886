//! The journal entry of a step.

use std::time::Duration;

use arbour_core::{DecodeError, Result};

use super::MigrationError;
use super::layout::{FORMAT, JOURNAL_TREE, seal, unseal};

/// The SHA-256 of something.
pub(super) type Hash = [u8; 32];

/// How much a step did.
///
/// ```
/// use arbour::migrations::{Group, Migrations, Step};
/// let step = Step::numbered(1).atomic(|trees| {
///     trees.put("rooms", b"study", b"")?;
///     Ok(trees.delete("rooms", b"attic")?)
/// });
/// let migrations = Migrations::new("app", "1.2").group(Group::new("rooms").step(step));
/// let counts = migrations.run(&arbour::MemoryStore::new())?.steps[0].counts;
/// assert_eq!((counts.puts, counts.deletes, counts.chunks), (1, 1, 1));
/// # Ok::<(), arbour::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Counts {
    /// Entries read, by visiting or by `get`.
    pub entries: u64,
    /// Entries put.
    pub puts: u64,
    /// Keys deleted. A single delete counts even if the key was absent; a range counts the keys it
    /// held.
    pub deletes: u64,
    /// Commits.
    pub chunks: u64,
}

impl Counts {
    pub(super) fn add(&mut self, other: Self) {
        self.entries = self.entries.saturating_add(other.entries);
        self.puts = self.puts.saturating_add(other.puts);
        self.deletes = self.deletes.saturating_add(other.deletes);
        self.chunks = self.chunks.saturating_add(other.chunks);
    }
}

/// The state of a step in the journal.
///
/// ```
/// use arbour::migrations::RecordState;
/// assert_ne!(RecordState::Done, RecordState::Adopted);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RecordState {
    /// It is unfinished: some of its chunks are done.
    Running,
    /// It is done.
    Done,
    /// It was [adopted](super::Migrations::adopt): its change had been made by other means.
    Adopted,
}

/// The journal entry of a step.
///
/// ```
/// use arbour::migrations::{Group, Migrations, RecordState, Step};
/// let store = arbour::MemoryStore::new();
/// let step = Step::numbered(1).atomic(|trees| Ok(trees.put("rooms", b"study", b"")?));
/// let migrations = Migrations::new("app", "1.2").group(Group::new("rooms").step(step));
/// migrations.run(&store)?;
/// let status = migrations.status(&store)?;
/// let record = status.steps[0].record.as_ref().unwrap();
/// assert_eq!((record.state, record.program.as_str()), (RecordState::Done, "app 1.2"));
/// # Ok::<(), arbour::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Record {
    /// Its state.
    pub state: RecordState,
    /// The SHA-256 of its declared content.
    pub revision: [u8; 32],
    /// How much it did.
    pub counts: Counts,
    /// When it started, in milliseconds since 1970.
    pub started: i64,
    /// How long it ran, excluding the time between runs.
    pub took: Duration,
    /// The program that ran it last, and its version.
    pub program: String,
    /// The data format that program knows.
    pub format: u32,
    /// The data format required to read what it made.
    pub min_reader: Option<u32>,
    /// The data format required to write to the store after it.
    pub min_writer: Option<u32>,
    /// The epoch of the lease under which it ran last.
    pub epoch: u64,
    /// Its kind. An unfinished step must continue as the same kind.
    pub(super) kind: Kind,
    /// The position up to which it is done, if it is unfinished.
    pub(super) cursor: Option<Vec<u8>>,
}

/// The kind of a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Atomic,
    Each,
    Chunked,
}

impl Record {
    pub(super) fn is_running(&self) -> bool {
        self.state == RecordState::Running
    }

    /// Tells whether programs that do not know the step may use the store while it runs and after it.
    pub(super) fn is_compatible(&self) -> bool {
        self.min_reader == Some(0) && self.min_writer == Some(0)
    }

    /// Encodes the value of the entry under a key.
    pub(super) fn encode(&self, key: &[u8]) -> Vec<u8> {
        let mut body = Vec::with_capacity(160);
        body.push(FORMAT);
        body.extend_from_slice(&self.revision);
        body.push(match self.state {
            RecordState::Running => 0,
            RecordState::Done => 1,
            RecordState::Adopted => 2,
        });
        body.push(match self.kind {
            Kind::Atomic => 0,
            Kind::Each => 1,
            Kind::Chunked => 2,
        });
        let counts = self.counts;
        let took = u64::try_from(self.took.as_micros()).unwrap_or(u64::MAX);
        for number in [counts.entries, counts.puts, counts.deletes, counts.chunks, took, self.epoch]
        {
            body.extend_from_slice(&number.to_be_bytes());
        }
        body.extend_from_slice(&self.started.to_be_bytes());
        body.extend_from_slice(&self.format.to_be_bytes());
        put_format(&mut body, self.min_reader);
        put_format(&mut body, self.min_writer);
        put_bytes(&mut body, self.program.as_bytes());
        body.push(u8::from(self.cursor.is_some()));
        body.extend_from_slice(self.cursor.as_deref().unwrap_or_default());
        seal(key, body)
    }

    pub(super) fn decode(key: &[u8], value: &[u8]) -> Result<Self> {
        let (_, body) = unseal(JOURNAL_TREE, key, value, FORMAT)?;
        Self::read(&mut Reader(body))
            .map_err(|cause| MigrationError::damaged(JOURNAL_TREE, key, cause))
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let revision = reader.array()?;
        let state = match reader.array()? {
            [0] => RecordState::Running,
            [1] => RecordState::Done,
            [2] => RecordState::Adopted,
            [other] => return Err(DecodeError::new("a state", other.to_string())),
        };
        let kind = match reader.array()? {
            [0] => Kind::Atomic,
            [1] => Kind::Each,
            [2] => Kind::Chunked,
            [other] => return Err(DecodeError::new("a kind of step", other.to_string())),
        };
        let counts = Counts {
            entries: reader.number()?,
            puts: reader.number()?,
            deletes: reader.number()?,
            chunks: reader.number()?,
        };
        let took = Duration::from_micros(reader.number()?);
        let epoch = reader.number()?;
        let started = i64::from_be_bytes(reader.array()?);
        let format = u32::from_be_bytes(reader.array()?);
        let (min_reader, min_writer) = (reader.format()?, reader.format()?);
        let program = reader.text()?;
        let [has_cursor] = reader.array()?;
        let cursor = (has_cursor == 1).then(|| reader.0.to_vec());
        Ok(Self {
            state,
            revision,
            counts,
            started,
            took,
            program,
            format,
            min_reader,
            min_writer,
            epoch,
            kind,
            cursor,
        })
    }
}

/// Encodes an optional data format.
pub(super) fn put_format(body: &mut Vec<u8>, format: Option<u32>) {
    body.push(u8::from(format.is_some()));
    body.extend_from_slice(&format.unwrap_or_default().to_be_bytes());
}

/// Encodes bytes after their length.
pub(super) fn put_bytes(body: &mut Vec<u8>, bytes: &[u8]) {
    // Names are checked at declaration to be far shorter than this.
    body.extend_from_slice(&(bytes.len() as u32).to_be_bytes());
    body.extend_from_slice(bytes);
}

/// The part of a value that is still to be decoded.
pub(super) struct Reader<'v>(pub(super) &'v [u8]);

impl Reader<'_> {
    pub(super) fn array<const N: usize>(&mut self) -> Result<[u8; N], DecodeError> {
        let short = || DecodeError::new(format!("{N} bytes"), format!("{} bytes", self.0.len()));
        let (array, rest) = self.0.split_first_chunk().ok_or_else(short)?;
        self.0 = rest;
        Ok(*array)
    }

    pub(super) fn number(&mut self) -> Result<u64, DecodeError> {
        Ok(u64::from_be_bytes(self.array()?))
    }

    pub(super) fn format(&mut self) -> Result<Option<u32>, DecodeError> {
        let [is_there] = self.array()?;
        let format = u32::from_be_bytes(self.array()?);
        Ok((is_there == 1).then_some(format))
    }

    /// Reads bytes after their length.
    pub(super) fn bytes(&mut self) -> Result<&[u8], DecodeError> {
        let length = u32::from_be_bytes(self.array()?) as usize;
        let short =
            || DecodeError::new(format!("{length} bytes"), format!("{} bytes", self.0.len()));
        let (bytes, rest) = self.0.split_at_checked(length).ok_or_else(short)?;
        self.0 = rest;
        Ok(bytes)
    }

    fn text(&mut self) -> Result<String, DecodeError> {
        let text = self.bytes()?;
        String::from_utf8(text.to_vec()).map_err(|_| DecodeError::new("UTF-8", "other bytes"))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Counts, Kind, Record, RecordState};
    use arbour_core::ErrorKind;

    #[test]
    fn comes_back_and_every_changed_byte_is_found() {
        let record = Record {
            state: RecordState::Running,
            revision: [7; 32],
            counts: Counts { entries: 1, puts: 2, deletes: 3, chunks: u64::MAX },
            started: -1,
            took: Duration::from_micros(1_234_567),
            program: "app 1.2".to_owned(),
            format: 3,
            min_reader: None,
            min_writer: Some(2),
            epoch: 9,
            kind: Kind::Each,
            cursor: Some(b"a\xff\0".to_vec()),
        };
        for cursor in [None, Some(Vec::new()), record.cursor.clone()] {
            let record = Record { cursor, ..record.clone() };
            let value = record.encode(b"key");
            assert_eq!(Record::decode(b"key", &value).unwrap(), record);
            assert!(Record::decode(b"another", &value).is_err());
            for at in 0..value.len() {
                let mut changed = value.clone();
                changed[at] ^= 0x80;
                assert!(Record::decode(b"key", &changed).is_err(), "byte {at}");
                let cut = Record::decode(b"key", &value[..at]);
                let kind = cut.map_err(|error| error.kind());
                assert_eq!(kind, Err(ErrorKind::Corrupted), "cut at {at}");
            }
        }
    }
}
