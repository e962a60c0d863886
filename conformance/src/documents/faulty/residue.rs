//! Faults of what a write leaves in the trees, and of what it remembers outside of them.

use std::collections::HashSet;

use arbour::documents::layout::{CATALOG_TREE, Header, index_tree};
use arbour::documents::{
    Body, DocError, DocId, Filter, Precondition, Written, from_json, set_at, to_json,
};
use arbour::key::Key as _;
use arbour::{Error, Result};
use arbour_core::engine::TreeName;
use arbour_core::{ErrorKind, KvWrite, Tree};
use serde_json::Value;

use super::body::id_in;
use super::declaration::value_named;
use super::order::start_of;
use super::trees::{entry_of, key_of, keys, long_entries};
use super::{DocFault, FaultyWriter};
use crate::documents::{Query, TestReader};

/// What was stored before a write, as far as the fault needs it.
#[derive(Default)]
pub(super) struct Before {
    /// The bytes of the document.
    stored: Option<Vec<u8>>,
    /// The entries of each index.
    entries: Vec<HashSet<Vec<u8>>>,
    /// The entries with values of each index.
    long: Vec<Vec<(Vec<u8>, Vec<u8>)>>,
    /// The trees of the indexes of other programs, with their entries.
    foreign: Vec<(Tree, HashSet<Vec<u8>>)>,
    /// The record of the collection.
    record: Option<Vec<u8>>,
}

impl<D: Body, W: KvWrite> FaultyWriter<'_, D, W> {
    /// Reads what is stored before a document is written.
    pub(super) fn before(&self, body: &D) -> Result<Before> {
        let trees = &self.collection.trees;
        let mut before = Before::default();
        match self.collection.fault {
            Some(DocFault::OldSchemaKept) => {
                if let Some(id) = id_in(&self.collection.declaration, body)? {
                    before.stored = trees.stored(self.transaction, &id)?;
                }
            }
            Some(DocFault::UpdateLeavesEntry) => {
                for tree in &trees.indexes {
                    before.entries.push(keys(self.transaction, tree)?);
                }
            }
            Some(DocFault::LongEntriesStay) => {
                for tree in &trees.indexes {
                    before.long.push(long_entries(self.transaction, tree)?);
                }
            }
            Some(DocFault::ForeignForgotten | DocFault::ForeignForgottenInBuild) => {
                before.foreign = self.foreign()?;
            }
            Some(DocFault::OutdatedIsSearched | DocFault::UnrecordedIsSearched) => {
                let (catalog, key) = self.catalog()?;
                before.record = self.transaction.get_with(&catalog, &key, <[u8]>::to_vec)?;
            }
            _ => {}
        }
        Ok(before)
    }

    /// Returns the tree and the key of the collection's record.
    fn catalog(&self) -> Result<(Tree, Vec<u8>)> {
        let tree = self.transaction.open_tree(TreeName::stored(CATALOG_TREE)?)?;
        Ok((tree, ("collection", &*self.collection.declaration.name).to_key_bytes()))
    }

    /// Returns the indexes of other programs that a fault forgets, with their entries.
    fn foreign(&self) -> Result<Vec<(Tree, HashSet<Vec<u8>>)>> {
        let forgets_all = self.collection.fault == Some(DocFault::ForeignForgotten);
        let mut foreign = Vec::new();
        for index in self.collection.below.undeclared_indexes(&*self.transaction)? {
            if forgets_all || !index.state.is_complete() {
                let name = index_tree(&self.collection.declaration.name, &index.name);
                let tree = self.transaction.open_tree(TreeName::stored(&name)?)?;
                let entries = keys(self.transaction, &tree)?;
                foreign.push((tree, entries));
            }
        }
        Ok(foreign)
    }

    /// Leaves behind what a written document should not leave.
    pub(super) fn after(&mut self, body: &D, before: &Before, written: Written) -> Result<Written> {
        let collection = self.collection;
        let name = &collection.declaration.name;
        match collection.fault {
            Some(DocFault::UpdateLeavesEntry) => {
                for (tree, entries) in collection.trees.indexes.iter().zip(&before.entries) {
                    for entry in entries {
                        self.transaction.put(tree, entry, &[])?;
                    }
                }
            }
            Some(DocFault::LongEntriesStay) => {
                for (tree, entries) in collection.trees.indexes.iter().zip(&before.long) {
                    for (key, value) in entries {
                        self.transaction.put(tree, key, value)?;
                    }
                }
            }
            Some(DocFault::LongValuesUnindexed) => {
                for tree in &collection.trees.indexes {
                    for (key, _) in long_entries(self.transaction, tree)? {
                        self.transaction.delete(tree, &key)?;
                    }
                }
            }
            Some(DocFault::ForeignForgotten | DocFault::ForeignForgottenInBuild) => {
                for (tree, old) in &before.foreign {
                    let new = keys(self.transaction, tree)?;
                    for entry in new.difference(old) {
                        self.transaction.delete(tree, entry)?;
                    }
                    for entry in old.difference(&new) {
                        self.transaction.put(tree, entry, &[])?;
                    }
                }
            }
            Some(DocFault::OutdatedIsSearched | DocFault::UnrecordedIsSearched) => {
                let (catalog, key) = self.catalog()?;
                if let Some(record) = &before.record {
                    self.transaction.put(&catalog, &key, record)?;
                }
            }
            Some(DocFault::OldSchemaKept) => self.keep_schema(before, &written)?,
            Some(DocFault::OwnVersionWritten) => self.write_own_version(body, &written)?,
            Some(DocFault::RevisionsComeAgain) if written.is_new => {
                return self.begin_anew(written);
            }
            Some(DocFault::SlugOverwrites) if written.is_new => {
                return self.overwrite_slug(body, written);
            }
            Some(DocFault::RollbackIsRedone) => {
                let mut json = to_json(name, body)?;
                set_at(&mut json, &collection.declaration.id_path, written.id.to_json());
                let key = (name.clone(), written.id.clone());
                collection.memory.documents.lock().insert(key, json);
            }
            Some(DocFault::FeedKeepsRolledBack) => {
                collection.memory.note_change(name, written.id.clone(), Some(written.revision));
            }
            _ => {}
        }
        Ok(written)
    }

    /// Marks a document with its previous schema version.
    fn keep_schema(&mut self, before: &Before, written: &Written) -> Result<()> {
        let trees = &self.collection.trees;
        let Some(Ok((old, _))) = before.stored.as_deref().map(Header::split) else {
            return Ok(());
        };
        let stored = trees.stored(self.transaction, &written.id)?.unwrap_or_default();
        let Ok((header, body)) = Header::split(&stored) else { return Ok(()) };
        let mut value = Vec::new();
        Header { schema: old.schema, ..header }.encode(&mut value);
        value.extend_from_slice(body);
        self.transaction.put(&trees.documents, &key_of(&written.id), &value)
    }

    /// Stores a document in the declared version.
    fn write_own_version(&mut self, body: &D, written: &Written) -> Result<()> {
        let format = &self.collection.declaration.format;
        let (codec, schema, revision) = (format.codec.number, format.schema, written.revision);
        let mut value = Vec::new();
        Header { codec, schema, revision }.encode(&mut value);
        if (format.codec.encode)(body, &mut value).is_err() {
            return Ok(());
        }
        self.transaction.put(&self.collection.trees.documents, &key_of(&written.id), &value)
    }

    /// Gives a new document the first revision, whatever was removed before.
    fn begin_anew(&mut self, written: Written) -> Result<Written> {
        let trees = &self.collection.trees;
        let stored = trees.stored(self.transaction, &written.id)?.unwrap_or_default();
        let Ok((header, body)) = Header::split(&stored) else { return Ok(written) };
        let mut value = Vec::new();
        Header { revision: 1, ..header }.encode(&mut value);
        value.extend_from_slice(body);
        self.transaction.put(&trees.documents, &key_of(&written.id), &value)?;
        Ok(Written { revision: 1, ..written })
    }

    /// Tells whether an index is waiting to be built.
    fn is_building(&self) -> Result<bool> {
        let indexes = self.collection.below.indexes(&*self.transaction)?;
        Ok(indexes.iter().any(|index| !index.state.is_complete()))
    }

    /// Moves a document whose slug was taken to that slug, overwriting the document that has it.
    fn overwrite_slug(&mut self, body: &D, written: Written) -> Result<Written> {
        let declaration = &self.collection.declaration;
        let had_id = id_in(declaration, body)?.is_some();
        let slug = written.id.to_string();
        let Some((taken, number)) = slug.rsplit_once('-').filter(|_| !had_id) else {
            return Ok(written);
        };
        if number.parse::<u32>().is_err()
            || self.collection.below.get(self.transaction, taken)?.is_none()
        {
            return Ok(written);
        }
        self.collection.below.delete(self.transaction, &written.id)?;
        let mut json = to_json(&declaration.name, body)?;
        set_at(&mut json, &declaration.id_path, taken.into());
        let body: D = from_json(&declaration.name, json)?;
        self.collection.below.put_if(self.transaction, &body, Precondition::None)
    }

    /// Returns the result of a refused write.
    pub(super) fn refused(&mut self, body: &D, error: Error) -> Result<Written> {
        let collection = self.collection;
        self.is_spoiled |= collection.fault == Some(DocFault::RefusalSpoilsTransaction);
        let new_id = id_in(&collection.declaration, body)?;
        let dropped = |id: Option<DocId<'static>>| Written {
            id: id.unwrap_or(DocId::from("")),
            revision: 1,
            is_new: true,
        };
        let Some(mut refusal) = error.downcast_ref::<DocError>().cloned() else {
            let is_dropped = collection.fault == Some(DocFault::TooLargeDropped)
                && error.kind() == ErrorKind::TooLarge;
            return if is_dropped { Ok(dropped(new_id)) } else { Err(error) };
        };
        match (collection.fault, &mut refusal) {
            (Some(DocFault::LossAccepted | DocFault::DepthUnchecked), DocError::Unfit { .. }) => {
                return Ok(dropped(new_id));
            }
            (Some(DocFault::NotUpgradedDrops), DocError::NotUpgraded { .. }) => {
                return Ok(dropped(new_id));
            }
            (Some(DocFault::DowngradeDrops), DocError::Downgrade { .. }) => {
                return Ok(dropped(new_id));
            }
            (Some(DocFault::UniqueOffWhileBuilt), DocError::Unique { .. })
                if self.is_building()? =>
            {
                return Ok(dropped(new_id));
            }
            (Some(DocFault::ForeignUniqueOff), DocError::Unique { foreign_index: Some(_), .. }) => {
                return Ok(dropped(new_id));
            }
            (
                Some(DocFault::RunningIgnoresUnique),
                DocError::Unique { foreign_index: Some(index), .. },
            ) if !collection.foreign.contains(index) => {
                return Ok(dropped(new_id));
            }
            (Some(DocFault::ConflictWithoutCurrent), DocError::Revision { current, .. }) => {
                **current = Value::Null;
            }
            (Some(DocFault::UniqueNamesNoHolder), DocError::Unique { holder, .. }) => {
                *holder = new_id.unwrap_or(DocId::from(""));
            }
            (Some(DocFault::RefusalLeavesEntry), DocError::Unique { fields, values, .. }) => {
                let indexes = collection.declaration.indexes.iter().zip(&collection.trees.indexes);
                for (index, tree) in indexes {
                    let is_over = index.parts.iter().map(|part| &part.field).eq(fields.iter());
                    if let ([value], Some(id), true) = (&values[..], &new_id, is_over)
                        && let Some(entry) = entry_of(value, id)
                    {
                        self.transaction.put(tree, &entry, &[])?;
                    }
                }
            }
            _ => {}
        }
        Err(refusal.into())
    }

    /// Refuses a document with null in a unique index, unless it is the first one.
    pub(super) fn refuse_null(&mut self, body: &D) -> Result<()> {
        let declaration = &self.collection.declaration;
        let id = id_in(declaration, body)?;
        for index in declaration.indexes.iter().filter(|index| index.unique) {
            let [part] = index.parts.as_slice() else { continue };
            if !value_named(declaration, &part.field, body).is_null() {
                continue;
            }
            let query = Query::new(Filter::is_null(&part.field));
            let holders = self.as_reader().all(&query)?;
            if let Some(holder) = holders.into_iter().find(|holder| Some(&holder.id) != id.as_ref())
            {
                return Err(DocError::Unique {
                    collection: declaration.name.clone(),
                    fields: vec![part.field.clone()],
                    values: vec![Value::Null],
                    holder: holder.id,
                    foreign_index: None,
                }
                .into());
            }
        }
        Ok(())
    }

    /// Refuses a document with a text in a unique index of which another document has the start.
    pub(super) fn refuse_start(&mut self, body: &D) -> Result<()> {
        let declaration = &self.collection.declaration;
        let id = id_in(declaration, body)?;
        for index in declaration.indexes.iter().filter(|index| index.unique) {
            let [part] = index.parts.as_slice() else { continue };
            let value = value_named(declaration, &part.field, body);
            let Some(text) = value.as_str().filter(|text| text.len() > 200) else { continue };
            let query = Query::new(Filter::prefix(&part.field, &start_of(text)));
            let holders = self.as_reader().all(&query)?;
            if let Some(holder) = holders.into_iter().find(|holder| Some(&holder.id) != id.as_ref())
            {
                return Err(DocError::Unique {
                    collection: declaration.name.clone(),
                    fields: vec![part.field.clone()],
                    values: vec![value],
                    holder: holder.id,
                    foreign_index: None,
                }
                .into());
            }
        }
        Ok(())
    }

    /// Writes a document directly to a collection whose declaration has changed.
    pub(super) fn put_stale(&mut self, body: &D) -> Result<Written> {
        let declaration = &self.collection.declaration;
        let id = id_in(declaration, body)?.unwrap_or(DocId::from(""));
        let revision = 1;
        let mut value = Vec::new();
        let (codec, schema) = (declaration.format.codec.number, declaration.format.schema);
        Header { codec, schema, revision }.encode(&mut value);
        (declaration.format.codec.encode)(body, &mut value).map_err(|cause| DocError::Invalid {
            collection: declaration.name.clone(),
            reason: cause.to_string(),
        })?;
        self.transaction.put(&self.collection.trees.documents, &key_of(&id), &value)?;
        Ok(Written { id, revision, is_new: true })
    }
}
