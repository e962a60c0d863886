//! Bringing a store to a higher schema version, so that the way back stays open until the end.
//!
//! A store is at one schema version, whatever the versions of the programs that have it open: that of its
//! record in the catalog. All of them write their documents in it. An upgrade checks that every document
//! can be upgraded, in chunks of a transaction each. Meanwhile, programs of earlier versions note the keys
//! of the documents that they write, because they do not know the upgrade. When all documents are checked
//! and the last notes with them, the same transaction changes the version in the record: from this commit
//! on, earlier programs are refused. Until then nothing was changed but the notes. Afterwards the bodies
//! are converted in chunks. They are readable before as well, because each says its version.

use std::ops::{Bound, ControlFlow};
use std::time::Instant;

use arbour_core::engine::document_layout::Header;
use arbour_core::{
    Cursor as _, Direction, Error, KeyRange, KvRead, KvStore, KvWrite, Result, Tree,
};

use super::build::{CHUNK, clear};
use super::catalog::{self, Record, Upgrade};
use super::collection::Collection;
use super::entries::Entries;
use super::index_record::{bytes_of, hexadecimal};
use super::{Body, DocId, Stored, unchanged};
use crate::Progress;
use crate::key::successor;

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
        let began = Instant::now();
        let snapshot = store.snapshot()?;
        self.known(&snapshot)?;
        let total = snapshot.len(&self.trees.documents)?;
        let (mut failed, mut done) = (Vec::new(), 0);
        let mut cursor =
            snapshot.scan(&self.trees.documents, KeyRange::all(), Direction::Forward)?;
        while let Some((key, value)) = cursor.next()? {
            if let Err(error) = self.check_stored(key, value) {
                let id = self.id_at(key);
                failed.push((id.unwrap_or_else(|_| key.escape_ascii().to_string().into()), error));
            }
            done += 1;
            if done % CHUNK as u64 == 0 || done == total {
                let reached = Progress::new(self.definition.name(), began, 0).at(done, Some(total));
                if progress(reached).is_break() {
                    break;
                }
            }
        }
        Ok(failed)
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
    /// [`Upgraded`](super::DocError::Upgraded), in handles that are open too, and only a backup leads back:
    /// make one before. [`StoredCollection`](super::StoredCollection) tells which version a store is at.
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
        let began = Instant::now();
        let (is_done, total) = store.read(|snapshot| {
            let known = self.known(snapshot)?;
            let is_done = self.is_upgraded(&known.record) && self.is_built(&known);
            Ok((is_done, snapshot.len(&self.trees.documents)?))
        })?;
        if is_done {
            return Ok(true);
        }
        // Documents are read once to check them and once to convert them.
        let total = total * 2;
        while let Some(done) = store.write(|transaction| self.advance_upgrade(transaction))? {
            let reached = Progress::new(self.definition.name(), began, 0).at(done, Some(total));
            if progress(reached).is_break() {
                return Ok(false);
            }
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
        let was_begun = store.write(|transaction| {
            let mut record = self.known(transaction)?.record.clone();
            let Some(upgrade) = record.upgrade.take() else { return Ok(false) };
            if record.schema >= upgrade.to {
                return Err(self.definition.invalid(format!(
                    "the upgrade to schema version {} cannot be abandoned, because the store is at it \
                     already: call finish_upgrade, or restore the backup made before",
                    upgrade.to
                )));
            }
            catalog::save(transaction, &self.trees.catalog, &self.record_key, &record)?;
            Ok(true)
        })?;
        while was_begun && store.write(|transaction| self.forget_notes(transaction))? {}
        Ok(was_begun)
    }

    /// Tells whether nothing is left to do. The upgrade to a still higher version is that of another
    /// program.
    fn is_upgraded(&self, record: &Record) -> bool {
        let version = self.definition.version;
        let upgrade = record.upgrade.as_ref();
        record.schema == version && upgrade.is_none_or(|upgrade| upgrade.to > version)
    }

    /// Runs the next chunk, and returns how many documents were checked and converted; `None` once the
    /// upgrade is finished.
    fn advance_upgrade<W: KvWrite>(&self, transaction: &mut W) -> Result<Option<u64>> {
        let mut record = self.known(transaction)?.record.clone();
        if self.is_upgraded(&record) {
            return Ok(None);
        }
        let version = self.definition.version;
        let mut upgrade = match record.upgrade.take() {
            Some(upgrade) if upgrade.to == version => upgrade,
            Some(upgrade) if upgrade.to > version => {
                return Err(self.definition.invalid(format!(
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
            self.convert_chunk(transaction, &mut upgrade)?
        } else {
            self.check_chunk(transaction, &mut upgrade)?
        };
        let done = upgrade.done;
        record.upgrade = Some(upgrade);
        if count < CHUNK && is_checked {
            record.upgrade = None;
        } else if count < CHUNK && self.check_noted(transaction)? {
            // The transaction has seen the last document and the last note, so this is the switch.
            record = record.upgraded(&self.definition)?;
            record.upgrade = Some(Upgrade { done, ..Upgrade::to(version) });
        }
        catalog::save(transaction, &self.trees.catalog, &self.record_key, &record)?;
        Ok(Some(done))
    }

    /// Checks the next documents, and returns how many there were.
    fn check_chunk<W: KvWrite>(&self, transaction: &mut W, upgrade: &mut Upgrade) -> Result<usize> {
        upgrade.visit_next(&*transaction, &self.trees.documents, |key, value| {
            self.check_stored(key, value)
        })
    }

    /// Checks documents that earlier programs wrote meanwhile, at most a chunk, and forgets the notes of
    /// them. Returns whether no note is left.
    fn check_noted<W: KvWrite>(&self, transaction: &mut W) -> Result<bool> {
        let mut notes = Upgrade::to(0);
        let count = notes.visit_next(&*transaction, &self.trees.unchecked, |key, _| {
            let checked = transaction
                .get_with(&self.trees.documents, key, |value| self.check_stored(key, value))?;
            checked.unwrap_or(Ok(()))
        })?;
        clear(transaction, &self.trees.unchecked)?;
        Ok(count < CHUNK)
    }

    /// Stores the next documents in the new version, and returns how many were read.
    fn convert_chunk<W: KvWrite>(
        &self,
        transaction: &mut W,
        upgrade: &mut Upgrade,
    ) -> Result<usize> {
        let mut converted = Vec::new();
        let count = upgrade.visit_next(&*transaction, &self.trees.documents, |key, value| {
            if let Some(stored) = self.converted(key, value)? {
                converted.push((key.to_vec(), stored));
            }
            Ok(())
        })?;
        for (key, stored) in converted {
            transaction.put(&self.trees.documents, &key, &stored)?;
        }
        Ok(count)
    }

    /// Checks that a stored document can be converted, and indexed then.
    fn check_stored(&self, key: &[u8], value: &[u8]) -> Result<()> {
        let body = self.decode(key, value)?.body;
        let fields = self.definition.fields_of(&body);
        let broken = unchanged::broken(&self.definition, value, &fields);
        if let Some(reason) = broken.map_err(|cause| self.undecodable(key, cause))? {
            let id = self.id_at(key)?;
            return Err(self.definition.invalid(format!("in the document \"{id}\", {reason}")));
        }
        let mut entries = Entries::default();
        for (number, index) in self.definition.indexes.iter().enumerate() {
            entries.add(&self.definition, number, index, key, &fields)?;
        }
        self.converted(key, value).map(drop)
    }

    /// Returns a document as it is stored in the version of this program; `None` if it is so already.
    fn converted(&self, key: &[u8], value: &[u8]) -> Result<Option<Vec<u8>>> {
        let format = &self.definition.declaration.format;
        let header = Header::split(value).map(|(header, _)| header);
        if header.is_ok_and(|header| header.schema == format.schema) {
            return Ok(None);
        }
        let Stored { revision, body, .. } = self.decode(key, value)?;
        let mut stored = Vec::with_capacity(value.len());
        self.encode(&body, format.schema, revision, &mut stored)?;
        Ok(Some(stored))
    }

    /// Removes notes that no upgrade needs any more; tells whether some are left.
    fn forget_notes<W: KvWrite>(&self, transaction: &mut W) -> Result<bool> {
        // An upgrade that has begun since needs its own.
        let is_needed = self.known(transaction)?.record.upgrade.is_some();
        Ok(!is_needed && clear(transaction, &self.trees.unchecked)? == CHUNK)
    }
}

impl Upgrade {
    /// Visits the next entries of a tree, at most a chunk, and returns how many there were.
    fn visit_next<R: KvRead>(
        &mut self,
        reader: &R,
        tree: &Tree,
        mut visit: impl FnMut(&[u8], &[u8]) -> Result<()>,
    ) -> Result<usize> {
        let start = match bytes_of(&self.after) {
            after if after.is_empty() => Vec::new(),
            after => successor(&after),
        };
        let range = KeyRange::from_bounds(Bound::Included(&start), Bound::Unbounded);
        let mut cursor = reader.scan(tree, range, Direction::Forward)?;
        let (mut count, mut last) = (0, None);
        while count < CHUNK {
            let Some((key, value)) = cursor.next()? else { break };
            visit(key, value)?;
            last = Some(hexadecimal(key));
            count += 1;
        }
        self.done += count as u64;
        self.after = last.unwrap_or_else(|| std::mem::take(&mut self.after));
        Ok(count)
    }
}
