//! Bringing a store to a higher schema version, so that the way back stays open until the end.
//!
//! A store is at one schema version, whatever the versions of the programs that have it open: that of its
//! record in the catalog. All of them write their documents in it. An upgrade checks that every document
//! can be upgraded, in chunks of a transaction each. Meanwhile, programs of earlier versions note the keys
//! of the documents that they write, because they do not know the upgrade. When all documents are checked
//! and the last notes with them, the same transaction changes the version in the record: from this commit
//! on, earlier programs are refused. Until then nothing was changed but the notes. Afterwards the bodies
//! are converted in chunks. They are readable before as well, because each says its version.

use std::ops::ControlFlow;
use std::slice;
use std::time::Instant;

use arbour_core::engine::document_layout::Header;
use arbour_core::{Direction, Error, KeyRange, KvStore, Result, Tree};

use super::any_reader::{AnyReader, AnyTransaction};
use super::catalog::{Record, Upgrade};
use super::chunk::{self, CHUNK, Visit};
use super::clearing::Clearing;
use super::collection::Collection;
use super::entries::Entries;
use super::fields::Decode;
use super::opened::Opened;
use super::{Body, DocId, unchanged};
use crate::Progress;
use crate::chunk_size::ChunkSize;

impl<D: Body> Collection<D> {
    /// Reads all documents as [`finish_upgrade`](Self::finish_upgrade) would and writes nothing. Returns
    /// each that cannot be upgraded, with the reason, in the order of their keys: none if the upgrade would
    /// succeed now. It reads one snapshot, and other programs go on. A break ends it early, with what was
    /// found so far.
    ///
    /// # Errors
    /// [`Upgraded`](super::DocError::Upgraded) if the store is at a higher version than this program;
    /// errors of the store.
    pub fn check_upgrade<S: KvStore>(
        &self,
        store: &S,
        progress: &mut dyn FnMut(Progress) -> ControlFlow<()>,
    ) -> Result<Vec<(DocId<'static>, Error)>> {
        self.upgrading().check_all(&store.snapshot()?, progress)
    }

    /// Brings the store to the schema version of this program. Returns true once it is, also if it was
    /// before, and false if `progress` ended the call early.
    ///
    /// It checks all documents, switches to the new version in one commit, stores every document in the
    /// new version, and builds the indexes. All but the switch is done in chunks of a transaction each,
    /// while other programs read and write. After a break or a crash, the next call goes on from there.
    /// Revisions stay as they are, and subscribers see no change.
    ///
    /// Until the switch, programs of the earlier version go on, and [`abandon_upgrade`](Self::abandon_upgrade)
    /// takes everything back. From the switch on they are refused with
    /// [`Upgraded`](super::DocError::Upgraded), in handles that are open too; there a get by id fails with
    /// [`TooNew`](super::DocError::TooNew) once its document is converted. Only a backup leads back: make one
    /// before. [`StoredCollection`](super::StoredCollection) tells which version a store is at.
    ///
    /// # Errors
    /// That of the first document that cannot be upgraded, before the switch: nothing has changed then.
    /// [`check_upgrade`](Self::check_upgrade) lists all such documents. [`Upgraded`](super::DocError::Upgraded)
    /// if the store is at a higher version than this program; errors of the store.
    ///
    /// ```
    /// use std::ops::ControlFlow;
    /// use arbour::KvStore;
    /// use arbour::documents::{Collection, Declaration};
    /// use serde_json::{Value, json};
    /// let store = arbour::MemoryStore::new();
    /// let earlier = Collection::open(&store, Declaration::<Value>::new("people"))?;
    /// store.write(|transaction| earlier.insert(transaction, json!({"id": "ada", "year": 1815})))?;
    ///
    /// let later = Declaration::<Value>::new("people").upgrade_json(1, |mut person| {
    ///     person["born"] = person["year"].take();
    ///     Ok(person)
    /// });
    /// let later = Collection::open(&store, later)?;
    /// assert_eq!(later.get(&store.snapshot()?, "ada")?.unwrap()["born"], 1815);
    /// assert!(earlier.get(&store.snapshot()?, "ada")?.is_some());
    ///
    /// let mut go_on = |_| ControlFlow::Continue(());
    /// assert!(later.check_upgrade(&store, &mut go_on)?.is_empty());
    /// assert!(later.finish_upgrade(&store, &mut go_on)?);
    /// assert!(earlier.get(&store.snapshot()?, "ada").is_err());
    /// # Ok::<(), arbour::Error>(())
    /// ```
    pub fn finish_upgrade<S: KvStore>(
        &self,
        store: &S,
        progress: &mut dyn FnMut(Progress) -> ControlFlow<()>,
    ) -> Result<bool> {
        if !self.upgrading().run(store, progress)? {
            return Ok(false);
        }
        let mut is_whole = true;
        self.build(store, &mut |reached| {
            let flow = progress(reached);
            is_whole = flow.is_continue();
            flow
        })?;
        Ok(is_whole)
    }

    /// Takes back an upgrade that [`finish_upgrade`](Self::finish_upgrade) has begun and that has not yet
    /// switched to the new version. Programs of the earlier version can call it too. Returns whether there
    /// was one.
    ///
    /// # Errors
    /// [`Invalid`](super::DocError::Invalid) if the store is at the new version already: only a backup leads
    /// back. [`Upgraded`](super::DocError::Upgraded) says the same to an earlier program. Errors of the
    /// store.
    pub fn abandon_upgrade<S: KvStore>(&self, store: &S) -> Result<bool> {
        let upgrading = self.upgrading();
        let was_begun = store.write(|transaction| upgrading.abandon(transaction))?;
        let (mut notes, mut size) = (Clearing::default(), ChunkSize::new(CHUNK));
        while was_begun
            && size.write(store, |transaction, most| {
                upgrading.forget_notes(transaction, &mut notes, most)
            })?
        {}
        Ok(was_begun)
    }

    fn upgrading(&self) -> Upgrading<'_> {
        Upgrading { opened: &self.opened, documents: self }
    }
}

/// The upgrade of a collection, whatever the type of its documents.
struct Upgrading<'u> {
    opened: &'u Opened,
    documents: &'u dyn Decode,
}

impl Upgrading<'_> {
    /// Returns the documents that cannot be upgraded, with the reasons.
    fn check_all(
        &self,
        reader: &dyn AnyReader,
        progress: &mut dyn FnMut(Progress) -> ControlFlow<()>,
    ) -> Result<Vec<(DocId<'static>, Error)>> {
        let began = Instant::now();
        self.opened.known(reader)?;
        let documents = &self.opened.trees.documents;
        let total = reader.len(documents)?;
        let (mut failed, mut done) = (Vec::new(), 0);
        let mut check = |key: &[u8], value: &[u8]| {
            if let Err(error) = self.check(key, value) {
                let id = self.opened.id_at(key);
                failed.push((id.unwrap_or_else(|_| key.escape_ascii().to_string().into()), error));
            }
            done += 1;
            if done % CHUNK as u64 != 0 && done != total {
                return Ok(ControlFlow::Continue(()));
            }
            let name = self.opened.schema.name();
            Ok(progress(Progress::new(name, began, 0).at(done, Some(total))))
        };
        reader.scan(documents, KeyRange::all(), Direction::Forward, &mut check).map(drop)?;
        Ok(failed)
    }

    /// Checks, switches and converts. Returns false if it was ended early.
    fn run<S: KvStore>(
        &self,
        store: &S,
        progress: &mut dyn FnMut(Progress) -> ControlFlow<()>,
    ) -> Result<bool> {
        let began = Instant::now();
        let Some(total) = store.read(|snapshot| self.left(snapshot))? else { return Ok(true) };
        let (mut notes, mut size) = (Clearing::default(), ChunkSize::new(CHUNK));
        while let Some(done) =
            size.write(store, |transaction, most| self.advance(transaction, &mut notes, most))?
        {
            let name = self.opened.schema.name();
            if progress(Progress::new(name, began, 0).at(done, Some(total))).is_break() {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Returns how many documents are to be checked and converted, if something is left to do.
    fn left(&self, reader: &dyn AnyReader) -> Result<Option<u64>> {
        if self.is_done(&self.opened.known(reader)?.record) {
            return Ok(None);
        }
        Ok(Some(reader.len(&self.opened.trees.documents)? * 2))
    }

    /// Tells whether nothing is left to do. The upgrade to a still higher version is that of another
    /// program.
    fn is_done(&self, record: &Record) -> bool {
        let version = self.opened.schema.version;
        let upgrade = record.upgrade.as_ref();
        record.schema == version && upgrade.is_none_or(|upgrade| upgrade.to > version)
    }

    /// Runs the next chunk, and returns how many documents were checked and converted; `None` once the
    /// upgrade is finished.
    fn advance(
        &self,
        transaction: &mut dyn AnyTransaction,
        notes: &mut Clearing,
        most: usize,
    ) -> Result<Option<u64>> {
        let mut record = self.opened.known(transaction)?.record.clone();
        if self.is_done(&record) {
            return Ok(None);
        }
        let version = self.opened.schema.version;
        let mut upgrade = match record.upgrade.take() {
            Some(upgrade) if upgrade.to == version => upgrade,
            Some(upgrade) if upgrade.to > version => {
                return Err(self.opened.schema.invalid(format!(
                    "an upgrade to schema version {} is under way: finish that one, or call \
                     abandon_upgrade first",
                    upgrade.to
                )));
            }
            // What an upgrade to an earlier version has checked says nothing about this one.
            _ => Upgrade::to(version),
        };
        let is_checked = record.schema == version;
        let count = if is_checked {
            self.convert_chunk(transaction, &mut upgrade, most)?
        } else {
            let documents = &self.opened.trees.documents;
            let mut check = |key: &[u8], value: &[u8]| self.check(key, value);
            upgrade.visit_next(transaction, documents, most, &mut check)?
        };
        let done = upgrade.done;
        record.upgrade = Some(upgrade);
        if count < most && is_checked {
            record.upgrade = None;
        } else if count < most && self.check_noted(transaction, notes, most)? {
            // The transaction has seen the last document and the last note, so this is the switch.
            record = record.upgraded(&self.opened.schema, self.opened.key_bytes_max)?;
            record.upgrade = Some(Upgrade { done, ..Upgrade::to(version) });
        }
        self.opened.save(transaction, &record)?;
        Ok(Some(done))
    }

    /// Checks documents that earlier programs wrote meanwhile, at most so many, and forgets the notes of
    /// them. Returns whether no note is left.
    fn check_noted(
        &self,
        transaction: &mut dyn AnyTransaction,
        notes: &mut Clearing,
        most: usize,
    ) -> Result<bool> {
        let (documents, unchecked) = (&self.opened.trees.documents, &self.opened.trees.unchecked);
        let noted = notes.advance(transaction, slice::from_ref(unchecked), most)?;
        for key in &noted {
            let mut checked = Ok(());
            transaction.get(documents, key, &mut |value| checked = self.check(key, value))?;
            checked?;
        }
        Ok(noted.len() < most)
    }

    /// Stores the next documents in the new version, and returns how many were read.
    fn convert_chunk(
        &self,
        transaction: &mut dyn AnyTransaction,
        upgrade: &mut Upgrade,
        most: usize,
    ) -> Result<usize> {
        let documents = &self.opened.trees.documents;
        let mut converted = Vec::new();
        let count = upgrade.visit_next(transaction, documents, most, &mut |key, value| {
            let header = Header::split(value).map(|(header, _)| header);
            if !header.is_ok_and(|header| header.schema == self.opened.schema.version) {
                let stored = self.documents.converted(key, value, &mut |_| Ok(()))?;
                converted.push((key.to_vec(), stored));
            }
            Ok(())
        })?;
        for (key, stored) in converted {
            transaction.put(documents, &key, &stored)?;
        }
        Ok(count)
    }

    /// Checks that a stored document can be converted, and indexed then.
    fn check(&self, key: &[u8], value: &[u8]) -> Result<()> {
        let schema = &self.opened.schema;
        let converted = self.documents.converted(key, value, &mut |fields| {
            let broken = unchanged::broken(schema, value, fields);
            if let Some(reason) = broken.map_err(|cause| self.opened.undecodable(key, cause))? {
                let id = self.opened.id_at(key)?;
                return Err(schema.invalid(format!("in the document \"{id}\", {reason}")));
            }
            let mut entries = Entries::default();
            let mut indexes = schema.indexes.iter().enumerate();
            indexes.try_for_each(|(number, index)| entries.add(schema, number, index, key, fields))
        });
        converted.map(drop)
    }

    /// Takes back what was begun; returns whether there was something.
    fn abandon(&self, transaction: &mut dyn AnyTransaction) -> Result<bool> {
        let mut record = self.opened.known(transaction)?.record.clone();
        let Some(upgrade) = record.upgrade.take() else { return Ok(false) };
        if record.schema >= upgrade.to {
            return Err(self.opened.schema.invalid(format!(
                "the upgrade to schema version {} cannot be abandoned, because the store is at it \
                 already: call finish_upgrade, or restore the backup made before",
                upgrade.to
            )));
        }
        self.opened.save(transaction, &record)?;
        Ok(true)
    }

    /// Removes notes that no upgrade needs any more; tells whether some are left.
    fn forget_notes(
        &self,
        transaction: &mut dyn AnyTransaction,
        notes: &mut Clearing,
        most: usize,
    ) -> Result<bool> {
        // An upgrade that has begun since needs its own.
        if self.opened.known(transaction)?.record.upgrade.is_some() {
            return Ok(false);
        }
        let unchecked = slice::from_ref(&self.opened.trees.unchecked);
        Ok(notes.advance(transaction, unchecked, most)?.len() == most)
    }
}

impl Upgrade {
    /// Visits the next documents, at most so many, and returns how many there were.
    fn visit_next(
        &mut self,
        reader: &dyn AnyReader,
        documents: &Tree,
        most: usize,
        visit: Visit<'_>,
    ) -> Result<usize> {
        let (last, count) = chunk::visit(reader, documents, &self.after, most, visit)?;
        self.done += count as u64;
        if let Some(last) = last {
            self.after = last;
        }
        Ok(count)
    }
}
