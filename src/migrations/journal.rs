//! What has run in a store.
//!
//! The journal is read as a whole where more than its head is asked for: it has an entry for each step, and
//! there are dozens of these, not thousands. An entry and the head are written together.

use std::collections::BTreeMap;

use arbour_core::{DecodeError, Direction, KeyRange};
use sha2::{Digest as _, Sha256};

use super::MigrationError;
use super::layout::{FORMAT, HEAD_KEY, JOURNAL_TREE, seal, unseal};
use super::raw_trees::RawTrees;
use super::record::{Hash, Reader, Record, put_format};
use super::step_id::StepKey;

/// What can be known of the journal by one read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Head {
    /// The hash of which steps have run, with which content, and whether they are under way: a program whose
    /// steps, all done, have the same has nothing to do.
    pub(super) done: Hash,
    /// The hash of all entries, so that none is lost, or an old one there, without being noticed.
    pub(super) entries: Hash,
    /// The highest data format that any step asks of those who read.
    pub(super) min_reader: Option<u32>,
    /// The highest data format that any step asks of those who write.
    pub(super) min_writer: Option<u32>,
}

impl Head {
    /// Reads the head; without one, nothing has run.
    pub(super) fn load(raw: &dyn RawTrees) -> Result<Self, MigrationError> {
        match raw.get(JOURNAL_TREE, HEAD_KEY)? {
            Some(value) => Self::decode(&value),
            None => Ok(Journal::default().head()),
        }
    }

    fn encode(&self) -> Vec<u8> {
        let mut body = vec![FORMAT];
        body.extend_from_slice(&self.done);
        body.extend_from_slice(&self.entries);
        put_format(&mut body, self.min_reader);
        put_format(&mut body, self.min_writer);
        seal(HEAD_KEY, body)
    }

    fn decode(value: &[u8]) -> Result<Self, MigrationError> {
        let mut reader = Reader(unseal(JOURNAL_TREE, HEAD_KEY, value)?);
        let mut read = || {
            let (done, entries) = (reader.array()?, reader.array()?);
            let (min_reader, min_writer) = (reader.format()?, reader.format()?);
            Ok(Self { done, entries, min_reader, min_writer })
        };
        read().map_err(|cause: DecodeError| MigrationError::damaged(JOURNAL_TREE, HEAD_KEY, cause))
    }
}

/// Hashes which steps have run with which content, and whether they are under way.
pub(super) fn fingerprint<'s>(steps: impl Iterator<Item = (&'s StepKey, &'s Hash, bool)>) -> Hash {
    let mut hash = Sha256::new();
    for (key, revision, is_running) in steps {
        add(&mut hash, &key.encode());
        hash.update(revision);
        hash.update([u8::from(is_running)]);
    }
    hash.finalize().into()
}

fn add(hash: &mut Sha256, bytes: &[u8]) {
    hash.update((bytes.len() as u64).to_be_bytes());
    hash.update(bytes);
}

/// What has run in a store, in the order of all groups.
#[derive(Clone, Debug, Default)]
pub(super) struct Journal {
    pub(super) records: BTreeMap<StepKey, Record>,
}

impl Journal {
    /// Reads all of it.
    ///
    /// # Errors
    /// [`Damaged`](MigrationError::Damaged) if an entry is, or if the entries are not those of the head.
    pub(super) fn load(raw: &dyn RawTrees) -> Result<Self, MigrationError> {
        let (mut records, mut head) = (BTreeMap::new(), None);
        let mut cursor = raw.scan(JOURNAL_TREE, KeyRange::all(), Direction::Forward)?;
        while let Some((key, value)) = cursor.next()? {
            if key == HEAD_KEY {
                head = Some(Head::decode(value)?);
                continue;
            }
            let step = StepKey::decode(key)
                .map_err(|cause| MigrationError::damaged(JOURNAL_TREE, key, cause))?;
            records.insert(step, Record::decode(key, value)?);
        }
        let journal = Self { records };
        let fits = match &head {
            Some(head) => *head == journal.head(),
            None => journal.records.is_empty(),
        };
        if !fits {
            let cause = DecodeError::new("the head of these entries", "that of others");
            return Err(MigrationError::damaged(JOURNAL_TREE, HEAD_KEY, cause));
        }
        Ok(journal)
    }

    pub(super) fn head(&self) -> Head {
        let steps =
            (self.records.iter()).map(|(key, record)| (key, &record.revision, record.is_running()));
        let mut entries = Sha256::new();
        for (key, record) in &self.records {
            let key = key.encode();
            add(&mut entries, &record.encode(&key));
            add(&mut entries, &key);
        }
        let records = self.records.values();
        Head {
            done: fingerprint(steps),
            entries: entries.finalize().into(),
            min_reader: records.clone().filter_map(|record| record.min_reader).max(),
            min_writer: records.filter_map(|record| record.min_writer).max(),
        }
    }

    /// Writes a record and the head, in the caller's transaction, and returns the journal it makes.
    pub(super) fn with(
        &self,
        raw: &mut dyn RawTrees,
        key: &StepKey,
        record: Record,
    ) -> Result<Self, MigrationError> {
        let mut after = self.clone();
        let encoded = key.encode();
        raw.put(JOURNAL_TREE, &encoded, &record.encode(&encoded))?;
        after.records.insert(key.clone(), record);
        raw.put(JOURNAL_TREE, HEAD_KEY, &after.head().encode())?;
        Ok(after)
    }

    /// Removes a record and writes the head, in the caller's transaction, and returns what is left.
    pub(super) fn without(
        &self,
        raw: &mut dyn RawTrees,
        key: &StepKey,
    ) -> Result<Self, MigrationError> {
        let mut after = self.clone();
        raw.delete(JOURNAL_TREE, &key.encode())?;
        after.records.remove(key);
        raw.put(JOURNAL_TREE, HEAD_KEY, &after.head().encode())?;
        Ok(after)
    }
}
