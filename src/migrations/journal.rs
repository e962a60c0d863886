//! The journal: which steps have run in a store.
//!
//! The journal has an entry for each step and a head. If the head alone is not enough, the whole
//! journal is read once. Each commit then writes one entry and the head, at a cost independent of
//! the size of the journal: the head holds hashes of sets, each the XOR of the hashes of its
//! elements, which are updated with the hash of the element that joins or leaves. They detect a
//! missing entry and an older version of one. Like the checksums, they do not protect against
//! deliberate forgery.

use std::collections::BTreeMap;

use arbour_core::{DecodeError, Direction, KeyRange, Result};
use sha2::{Digest as _, Sha256};

use super::MigrationError;
use super::layout::{FORMAT, HEAD_FORMAT, HEAD_KEY, JOURNAL_TREE, seal, unseal};
use super::raw_trees::RawTrees;
use super::record::{Hash, Reader, Record, put_format};
use super::step::Step;
use super::step_id::StepKey;
use super::underway::{Underway, UnderwayChange};

/// What a single read tells about the journal.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Head {
    hashing: Hashing,
    /// The hash of which steps have run, with their content and whether they are unfinished.
    done: Hash,
    /// The hash of all entries. It detects a missing or outdated entry.
    entries: Hash,
    /// The highest data format that any step requires of readers.
    pub(super) min_reader: Option<u32>,
    /// The highest data format that any step requires of writers.
    pub(super) min_writer: Option<u32>,
}

/// How a head combines the hashes of its elements.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Hashing {
    /// One hash over all elements in order: used by heads of format 1, which are only read.
    Sequence,
    /// The XOR of the hashes of the elements.
    #[default]
    Set,
}

impl Hashing {
    fn of(self, elements: impl Iterator<Item = Vec<u8>>) -> Hash {
        match self {
            Self::Sequence => sha256(&elements.flatten().collect::<Vec<u8>>()),
            Self::Set => {
                elements.fold(Hash::default(), |hash, element| xor(hash, sha256(&element)))
            }
        }
    }
}

impl Head {
    /// Reads the head. Without a head, nothing has run.
    pub(super) fn load(raw: &dyn RawTrees) -> Result<Self> {
        raw.get(JOURNAL_TREE, HEAD_KEY)?.map_or(Ok(Self::default()), |value| Self::decode(&value))
    }

    /// Tells whether exactly these steps, with their present content, are done.
    pub(super) fn is_of(&self, steps: &BTreeMap<StepKey, &Step>) -> bool {
        let done = steps.iter().map(|(key, step)| done_element(key, &step.revision, false));
        self.done == self.hashing.of(done)
    }

    fn new(hashing: Hashing, records: &BTreeMap<StepKey, Record>) -> Self {
        let done = |(key, record): (&StepKey, &Record)| {
            done_element(key, &record.revision, record.is_running())
        };
        let entry = |(key, record): (&StepKey, &Record)| entry_element(key, record);
        Self {
            hashing,
            done: hashing.of(records.iter().map(done)),
            entries: hashing.of(records.iter().map(entry)),
            min_reader: records.values().filter_map(|record| record.min_reader).max(),
            min_writer: records.values().filter_map(|record| record.min_writer).max(),
        }
    }

    /// Adds an entry to the hashes, or removes it: XOR does both.
    fn toggle(&mut self, key: &StepKey, record: &Record) {
        let done = done_element(key, &record.revision, record.is_running());
        self.done = xor(self.done, sha256(&done));
        self.entries = xor(self.entries, sha256(&entry_element(key, record)));
    }

    fn encode(&self) -> Vec<u8> {
        let mut body = vec![HEAD_FORMAT];
        body.extend_from_slice(&self.done);
        body.extend_from_slice(&self.entries);
        put_format(&mut body, self.min_reader);
        put_format(&mut body, self.min_writer);
        seal(HEAD_KEY, body)
    }

    fn decode(value: &[u8]) -> Result<Self> {
        let (format, body) = unseal(JOURNAL_TREE, HEAD_KEY, value, HEAD_FORMAT)?;
        let hashing = if format == FORMAT { Hashing::Sequence } else { Hashing::Set };
        let mut reader = Reader(body);
        let mut read = || {
            let (done, entries) = (reader.array()?, reader.array()?);
            let (min_reader, min_writer) = (reader.format()?, reader.format()?);
            Ok(Self { hashing, done, entries, min_reader, min_writer })
        };
        read().map_err(|cause: DecodeError| MigrationError::damaged(JOURNAL_TREE, HEAD_KEY, cause))
    }
}

/// Returns the element of a step that has run: its content, and whether it is unfinished.
fn done_element(key: &StepKey, revision: &Hash, is_running: bool) -> Vec<u8> {
    let mut element = Vec::new();
    add(&mut element, &key.encode());
    element.extend_from_slice(revision);
    element.push(u8::from(is_running));
    element
}

fn entry_element(key: &StepKey, record: &Record) -> Vec<u8> {
    let (mut element, key) = (Vec::new(), key.encode());
    add(&mut element, &record.encode(&key));
    add(&mut element, &key);
    element
}

fn add(element: &mut Vec<u8>, bytes: &[u8]) {
    element.extend_from_slice(&(bytes.len() as u64).to_be_bytes());
    element.extend_from_slice(bytes);
}

fn sha256(bytes: &[u8]) -> Hash {
    #[cfg(test)]
    tests::HASHED.set(tests::HASHED.get() + bytes.len());
    Sha256::digest(bytes).into()
}

fn xor(mut hash: Hash, other: Hash) -> Hash {
    hash.iter_mut().zip(other).for_each(|(byte, other)| *byte ^= other);
    hash
}

/// The journal of a store, in the order in which steps run.
#[derive(Clone, Debug, Default)]
pub(super) struct Journal {
    pub(super) records: BTreeMap<StepKey, Record>,
    head: Head,
    underway: Underway,
}

/// A change of the journal. Pass it to [`Journal::accept`] once the transaction that wrote it is
/// committed.
pub(super) struct JournalChange {
    key: StepKey,
    record: Option<Record>,
    head: Head,
    underway: UnderwayChange,
}

impl Journal {
    /// Reads the whole journal.
    ///
    /// # Errors
    /// [`Damaged`](MigrationError::Damaged) if an entry is damaged or the entries do not match the
    /// head.
    pub(super) fn load(raw: &dyn RawTrees) -> Result<Self> {
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
        let head = head.unwrap_or_default();
        if head != Head::new(head.hashing, &records) {
            let cause = DecodeError::new("the head of these entries", "that of others");
            return Err(MigrationError::damaged(JOURNAL_TREE, HEAD_KEY, cause));
        }
        let head = match head.hashing {
            Hashing::Sequence => Head::new(Hashing::Set, &records),
            Hashing::Set => head,
        };
        let underway = Underway::load(raw, &records)?;
        Ok(Self { records, head, underway })
    }

    /// Notes the steps that a run sets out to run. The first change of the journal stores them.
    pub(super) fn begin(&mut self, pending: &[StepKey]) {
        // What an earlier migration left is complete.
        let is_new = self.unfinished().is_empty();
        self.underway.begin(pending, is_new, &self.records);
    }

    /// Returns the steps of an unfinished migration that have run, in full or in part, oldest first.
    pub(super) fn unfinished(&self) -> Vec<StepKey> {
        let is_done = |key| self.records.get(key).is_some_and(|record| !record.is_running());
        let is_complete = self.underway.stored().iter().all(is_done);
        let is_part = |(key, record): &(&StepKey, &Record)| {
            // A step that an earlier version of this library left unfinished is not among them.
            record.is_running() || (!is_complete && self.underway.stored().contains(key))
        };
        self.records.iter().filter(is_part).map(|(key, _)| key.clone()).collect()
    }

    pub(super) fn head(&self) -> &Head {
        &self.head
    }

    /// Writes an entry and the head in the caller's transaction.
    pub(super) fn put(
        &self,
        raw: &mut dyn RawTrees,
        key: &StepKey,
        record: Record,
    ) -> Result<JournalChange> {
        let encoded = key.encode();
        raw.put(JOURNAL_TREE, &encoded, &record.encode(&encoded))?;
        self.write_head(raw, key, Some(record))
    }

    /// Removes an entry and writes the head in the caller's transaction.
    pub(super) fn delete(&self, raw: &mut dyn RawTrees, key: &StepKey) -> Result<JournalChange> {
        raw.delete(JOURNAL_TREE, &key.encode())?;
        self.write_head(raw, key, None)
    }

    fn write_head(
        &self,
        raw: &mut dyn RawTrees,
        key: &StepKey,
        record: Option<Record>,
    ) -> Result<JournalChange> {
        let before = self.records.get(key);
        let mut head = self.head.clone();
        // The earlier record leaves the hashes, and the new one joins them.
        for record in before.into_iter().chain(&record) {
            head.toggle(key, record);
        }
        head.min_reader = self.highest(key, record.as_ref(), head.min_reader, |of| of.min_reader);
        head.min_writer = self.highest(key, record.as_ref(), head.min_writer, |of| of.min_writer);
        raw.put(JOURNAL_TREE, HEAD_KEY, &head.encode())?;
        let underway = self.underway.change(key, before, record.as_ref());
        self.underway.write(raw, underway)?;
        Ok(JournalChange { key: key.clone(), record, head, underway })
    }

    /// Returns the highest required data format after `record` has replaced the entry under its
    /// key.
    fn highest(
        &self,
        key: &StepKey,
        record: Option<&Record>,
        highest: Option<u32>,
        asked: fn(&Record) -> Option<u32>,
    ) -> Option<u32> {
        let (before, after) = (self.records.get(key).and_then(asked), record.and_then(asked));
        if before < highest || before <= after {
            return highest.max(after);
        }
        // The entry that required the highest format no longer does, so look for the highest of the
        // others.
        let others = self.records.iter().filter(|(other, _)| *other != key);
        others.filter_map(|(_, record)| asked(record)).max().max(after)
    }

    /// Applies a committed change.
    pub(super) fn accept(&mut self, change: JournalChange) {
        match change.record {
            Some(record) => self.records.insert(change.key, record),
            None => self.records.remove(&change.key),
        };
        self.head = change.head;
        self.underway.accept(change.underway);
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use arbour_core::MemoryStore;

    use super::{Hashing, Head, Journal};
    use crate::migrations::raw_trees::reading;
    use crate::migrations::{Group, Migrations, Step, Target};

    thread_local! {
        /// How many bytes this thread has hashed for heads.
        pub(super) static HASHED: Cell<usize> = const { Cell::new(0) };
    }

    fn hashed_by(run: impl FnOnce()) -> usize {
        let before = HASHED.get();
        run();
        HASHED.get() - before
    }

    fn migrations(steps: u64, chunks: u8) -> Migrations {
        let last = Step::numbered(1_000).chunked(move |_, cursor| {
            let next = cursor.and_then(|cursor| cursor.first().copied()).unwrap_or(0) + 1;
            Ok((next < chunks).then(|| vec![next]))
        });
        let step = |number| Step::numbered(number).atomic(|_| Ok(())).down(|_| Ok(()));
        let group = (0..steps).map(step).fold(Group::new("rooms"), Group::step);
        Migrations::new("app", "1").group(if chunks > 0 { group.step(last) } else { group })
    }

    #[test]
    fn what_a_step_hashes_does_not_grow_with_the_journal() {
        let run = |steps| {
            let (store, migrations) = (MemoryStore::new(), migrations(steps, 0));
            let up =
                hashed_by(|| assert_eq!(migrations.run(&store).unwrap().steps.len() as u64, steps));
            let down = hashed_by(|| {
                migrations.downgrade(&store, Target::Nothing).unwrap();
            });
            (up, down)
        };
        let (none, some, many) = (run(0), run(40), run(80));
        assert!(some.0 > 0);
        assert_eq!(many.0 - some.0, some.0 - none.0);
        assert_eq!(many.1 - some.1, some.1 - none.1);
    }

    #[test]
    fn what_a_chunk_hashes_does_not_grow_with_the_journal() {
        let of_a_chunk = |steps| {
            let run = |chunks| {
                hashed_by(|| {
                    let store = MemoryStore::new();
                    migrations(steps, 0).run(&store).unwrap();
                    migrations(steps, chunks).run(&store).unwrap();
                })
            };
            run(12) - run(11)
        };
        assert!(of_a_chunk(0) > 0);
        assert_eq!(of_a_chunk(80), of_a_chunk(0));
    }

    #[test]
    fn the_head_is_that_of_its_records_after_each_change() {
        let formats = [Some(2), None, Some(3), Some(3), Some(1)];
        let step = |(number, format): (usize, &Option<u32>)| {
            let step = Step::numbered(number as u64).atomic(|_| Ok(())).down(|_| Ok(()));
            format.map_or(step.clone(), |format| step.min_reader(format).min_writer(4 - format))
        };
        let group = formats.iter().enumerate().map(step).fold(Group::new("rooms"), Group::step);
        let migrations = Migrations::new("app", "1").format(3).group(group);
        let store = MemoryStore::new();
        let up = (0..5).map(|number| (true, number));
        for (is_up, number) in up.chain((0..4).rev().map(|number| (false, number))) {
            let target = Target::number(number);
            if is_up {
                migrations.run_to(&store, target).unwrap();
            } else {
                migrations.downgrade(&store, target).unwrap();
            }
            let journal = reading(&store, |raw| Journal::load(raw)).unwrap();
            assert_eq!(journal.records.len() as u64, number + 1);
            assert_eq!(*journal.head(), Head::new(Hashing::Set, &journal.records));
        }
    }
}
