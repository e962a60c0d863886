//! Writing to a collection through a transaction.

use std::ops::ControlFlow;
use std::sync::Arc;

use arbour_core::documents::layout::{HEADER_BYTES, Header};
use arbour_core::documents::{
    Declaration, DocError, DocId, DocRead, DocResult, DocWrite, Document, Explain, Field,
    FieldSource, Filter, Page, Precondition, Query, Stored, Written, from_json, read_id, set_at,
    to_json,
};
use arbour_core::{Cursor as _, Direction, EncodeError, KeyRange, KvWrite, Tree as _, Write};
use serde_json::Value;

use super::catalog::Known;
use super::collection::Collection;
use super::definition::FieldRef;
use super::entries::{Entries, Entry, id_key};
use super::reader::CollectionReader;
use super::{made_id, path};

/// Writes the documents of a [`Collection`] in a transaction.
///
/// ```
/// use arbour::KvStore;
/// use arbour::documents::{
///     CollectionWriter, Declaration, DocCollection, DocStore, DocWrite, Documents,
/// };
/// use serde_json::{Value, json};
/// let store = arbour::MemoryStore::new();
/// let notes = Documents::new(&store).collection(Declaration::<Value>::new("notes"))?;
/// store.write(|transaction| {
///     let mut writer: CollectionWriter<'_, _, _> = notes.writer(transaction)?;
///     writer.insert(&json!({"id": "a", "text": "hello"}))
/// })?;
/// # Ok::<(), arbour::documents::DocError>(())
/// ```
pub struct CollectionWriter<'w, W: KvWrite, D> {
    collection: &'w Collection<W::Tree, D>,
    transaction: &'w mut W,
    known: Arc<Known>,
    /// The position of the newest change, once it was read.
    newest: Option<u64>,
    /// A key above which no document has one, once it is worth knowing: who loads documents in the
    /// order of their ids need not ask for each whether it is there.
    bound: Bound,
    buffers: Buffers,
}

/// What is known of the highest key of a collection.
enum Bound {
    /// Nothing: the first document is asked for.
    Unknown,
    /// Nothing yet, but more than one document is written.
    Wanted,
    /// No document has a higher key.
    Known(Vec<u8>),
}

/// What one write leaves behind for the next: allocations.
#[derive(Default)]
struct Buffers {
    key: Vec<u8>,
    /// The stored document before the write.
    before: Vec<u8>,
    /// The stored document after it.
    after: Vec<u8>,
    old: Entries,
    new: Entries,
}

/// A document before it is written over or removed.
struct Before<D> {
    header: Option<Header>,
    /// The document, if there is one and it was read.
    stored: Option<Stored<D>>,
    /// Whether it is there and cannot be read.
    is_damaged: bool,
}

impl<'w, W: KvWrite, D: Document> CollectionWriter<'w, W, D> {
    pub(super) fn new(
        collection: &'w Collection<W::Tree, D>,
        transaction: &'w mut W,
    ) -> DocResult<Self> {
        let known = collection.known(transaction)?;
        Ok(Self {
            collection,
            transaction,
            known,
            newest: None,
            bound: Bound::Unknown,
            buffers: Buffers::default(),
        })
    }

    /// Tells whether the document to be written is known not to be there.
    fn is_beyond(&mut self) -> DocResult<bool> {
        match &self.bound {
            Bound::Unknown => {
                self.bound = Bound::Wanted;
                return Ok(false);
            }
            Bound::Wanted => {
                let last =
                    self.transaction.last(&self.collection.trees.documents, KeyRange::all())?;
                self.bound = Bound::Known(last.map(|(key, _)| key).unwrap_or_default());
            }
            Bound::Known(_) => {}
        }
        Ok(matches!(&self.bound, Bound::Known(bound) if self.buffers.key > *bound))
    }

    fn reader(&self) -> CollectionReader<'_, W, D> {
        CollectionReader::knowing(self.collection, self.transaction, Arc::clone(&self.known))
    }

    fn name(&self) -> String {
        self.collection.definition.name().to_owned()
    }

    /// Returns the id of a document, and the document to store if it is another: one with the id that
    /// was made for it, and with defaults.
    fn complete(&self, body: &D) -> DocResult<(DocId<'static>, Option<D>)> {
        let definition = &self.collection.definition;
        let declaration = &definition.declaration;
        let id = path::at(body, &declaration.id_path);
        let id = read_id(&declaration.ids, definition.name(), Some(&id))?;
        let defaults: Vec<_> = declaration
            .fields
            .iter()
            .filter_map(|field| match (&field.source, &field.default) {
                (FieldSource::Path(path), Some(default)) if path::at(body, path).is_null() => {
                    Some((path, default))
                }
                _ => None,
            })
            .collect();
        if let (Some(id), true) = (&id, defaults.is_empty()) {
            return Ok((id.clone(), None));
        }
        let mut json = to_json(definition.name(), body)?;
        for (path, default) in defaults {
            set_at(&mut json, path, default.clone());
        }
        let (id, is_made) = match id {
            Some(id) => (id, false),
            None => (made_id::make(self.collection, self.transaction, body)?, true),
        };
        if is_made {
            set_at(&mut json, &declaration.id_path, id.to_json());
        }
        let body: D = from_json(definition.name(), json)?;
        let kept = path::at(&body, &declaration.id_path);
        if read_id(&declaration.ids, definition.name(), Some(&kept))?.as_ref() != Some(&id) {
            let cause =
                EncodeError::new(format!("it has no place for its id {:?}", definition.id_name));
            return Err(DocError::Unfit { collection: self.name(), cause: Arc::new(cause) });
        }
        Ok((id, Some(body)))
    }

    /// Reads what is there before a write, and checks that it is as it is wanted.
    fn before(&mut self, id: &DocId<'static>, precondition: Precondition) -> DocResult<Before<D>> {
        let is_beyond = self.is_beyond()?;
        let Buffers { key, before, .. } = &mut self.buffers;
        before.clear();
        let documents = &self.collection.trees.documents;
        let mut copy = |value: &[u8]| before.extend_from_slice(value);
        let is_there =
            !is_beyond && self.transaction.get_with(documents, key, &mut copy)?.is_some();
        let missing = |actual: u64, current: Value, expected: u64| DocError::Revision {
            collection: self.collection.definition.name().to_owned(),
            id: id.clone(),
            expected,
            actual,
            current: Box::new(current),
        };
        if !is_there {
            return match precondition {
                Precondition::Present => {
                    Err(DocError::Missing { collection: self.name(), id: id.clone() })
                }
                Precondition::Revision(expected) if expected > 0 => {
                    Err(missing(0, Value::Null, expected))
                }
                _ => Ok(Before { header: None, stored: None, is_damaged: false }),
            };
        }
        if precondition == Precondition::Absent {
            return Err(DocError::Exists { collection: self.name(), id: id.clone() });
        }
        let Buffers { key, before, .. } = &self.buffers;
        let header = Header::split(before).map(|(header, _)| header).ok();
        let is_conflict = |expected| header.is_some_and(|header| header.revision != expected);
        let is_conflict =
            matches!(precondition, Precondition::Revision(expected) if is_conflict(expected));
        let is_indexed = !self.collection.definition.indexes.is_empty();
        let decoded = if is_indexed || is_conflict || !self.is_current(header) {
            Some(self.collection.decode(key, before))
        } else {
            None
        };
        let stored = match decoded {
            // What a newer program wrote is not written over.
            Some(Err(error @ DocError::TooNew { .. })) => return Err(error),
            Some(Err(_)) => {
                return Ok(Before { header, stored: None, is_damaged: true });
            }
            Some(Ok(stored)) => Some(stored),
            None => None,
        };
        if let (Precondition::Revision(expected), true, Some(stored)) =
            (precondition, is_conflict, &stored)
        {
            let current = to_json(self.collection.definition.name(), &stored.body)?;
            return Err(missing(stored.revision, current, expected));
        }
        Ok(Before { header, stored, is_damaged: false })
    }

    /// Tells whether a stored body is of the version that is declared.
    fn is_current(&self, header: Option<Header>) -> bool {
        let schema = self.collection.definition.declaration.schema;
        header.is_some_and(|header| header.schema == schema)
    }

    /// Collects the entries of a document, in the indexes that are kept.
    fn collect(&self, entries: &mut Entries, id_key: &[u8], body: &D) -> DocResult<()> {
        let definition = &self.collection.definition;
        for (number, index) in definition.indexes.iter().enumerate() {
            if self.known.state(number).is_kept() {
                entries.add(definition, number, index, id_key, body)?;
            }
        }
        Ok(())
    }

    /// Collects the entries of the document before the write. Those of one that cannot be read are
    /// looked for in the indexes themselves.
    fn collect_old(&self, before: &Before<D>, old: &mut Entries) -> DocResult<()> {
        old.clear();
        let key = &self.buffers.key;
        if let Some(stored) = &before.stored {
            if self.collect(old, key, &stored.body).is_ok() {
                old.sort();
                return Ok(());
            }
            // It was written before its fields were declared so.
            old.clear();
        } else if !before.is_damaged {
            return Ok(());
        }
        self.search_old(old)
    }

    /// Looks through all indexes for entries that lead to the document.
    fn search_old(&self, old: &mut Entries) -> DocResult<()> {
        for (number, tree) in self.collection.trees.indexes.iter().enumerate() {
            let direction = self.collection.id_direction(number);
            let mut cursor = self.transaction.scan(tree, KeyRange::all(), Direction::Forward)?;
            while let Some((entry, _)) = cursor.next()? {
                if id_key(entry, direction).is_ok_and(|key| *key == *self.buffers.key) {
                    old.push(number, entry);
                }
            }
        }
        old.sort();
        Ok(())
    }

    /// Checks what fields may be, for those that no index looks at.
    fn check_fields(&self, body: &D) -> DocResult<()> {
        let definition = &self.collection.definition;
        for (number, field) in definition.declaration.fields.iter().enumerate() {
            if field.required && field.default.is_none() && is_absent(field, body) {
                return Err(DocError::Required {
                    collection: self.name(),
                    field: field.name.clone(),
                });
            }
            if definition.checked_fields.contains(&number) {
                let field = FieldRef::Declared(number);
                definition
                    .scalars(field, body, &mut |_| {})
                    .map_err(|found| definition.wrong_type(field, found))?;
            }
        }
        Ok(())
    }

    /// Refuses a document if another has the same values in a unique index.
    /// `own` is the key of the document itself.
    fn check_unique(&self, entry: Entry<'_>, own: &[u8]) -> DocResult<()> {
        let definition = &self.collection.definition;
        let (Some(index), Some(tree)) =
            (definition.indexes.get(entry.index), self.collection.trees.indexes.get(entry.index))
        else {
            return Ok(());
        };
        if !index.unique || entry.has_null || !self.known.is_checked(entry.index) {
            return Ok(());
        }
        let direction = index.id_direction();
        let mut cursor = self.transaction.prefix(tree, entry.values)?;
        while let Some((other, _)) = cursor.next()? {
            let holder = id_key(other, direction).map_err(|cause| {
                super::entries::undecodable(definition, tree.name(), other, cause)
            })?;
            if *holder != *own {
                let values = self.collection.values_of(entry.index, other)?;
                return Err(DocError::Unique {
                    collection: self.name(),
                    fields: index
                        .parts
                        .iter()
                        .map(|part| definition.field_name(part.field).to_owned())
                        .collect(),
                    values,
                    holder: self.collection.id_at(&holder)?,
                });
            }
        }
        Ok(())
    }

    /// Checks every write before the first of them is made; `own` is the key under which the document
    /// has its unique values now.
    fn check(&self, own: &[u8], after: &[u8], old: &Entries, new: &Entries) -> DocResult<()> {
        let documents = &self.collection.trees.documents;
        let key = self.buffers.key.as_slice();
        self.transaction.check(&Write { tree: documents, key, value: Some(after) })?;
        for entry in new.without(old) {
            if let Some(tree) = self.collection.trees.indexes.get(entry.index) {
                self.transaction.check(&Write { tree, key: entry.key, value: Some(b"") })?;
            }
            self.check_unique(entry, own)?;
        }
        Ok(())
    }

    /// Makes the writes of one document; `after` is `None` if it is removed. If one fails, those
    /// before it are taken back.
    fn apply(
        &mut self,
        has_before: bool,
        after: Option<&[u8]>,
        old: &Entries,
        new: &Entries,
    ) -> DocResult<()> {
        let result = self.write(after, old, new);
        if result.is_err() {
            let key = self.buffers.key.as_slice();
            let before = has_before.then_some(self.buffers.before.as_slice());
            // Where taking back fails as well, the transaction is the engine's to refuse.
            let _ = put_or_delete(self.transaction, &self.collection.trees.documents, key, before);
            for (entry, value) in new
                .without(old)
                .map(|entry| (entry, None))
                .chain(old.without(new).map(|entry| (entry, Some(&b""[..]))))
            {
                if let Some(tree) = self.collection.trees.indexes.get(entry.index) {
                    let _ = put_or_delete(self.transaction, tree, entry.key, value);
                }
            }
        }
        result
    }

    fn write(&mut self, after: Option<&[u8]>, old: &Entries, new: &Entries) -> DocResult<()> {
        let trees = &self.collection.trees;
        for entry in old.without(new) {
            if let Some(tree) = trees.indexes.get(entry.index) {
                self.transaction.delete(tree, entry.key)?;
            }
        }
        put_or_delete(self.transaction, &trees.documents, &self.buffers.key, after)?;
        if let Bound::Known(bound) = &mut self.bound
            && self.buffers.key > *bound
        {
            bound.clone_from(&self.buffers.key);
        }
        for entry in new.without(old) {
            if let Some(tree) = trees.indexes.get(entry.index) {
                self.transaction.put(tree, entry.key, b"")?;
            }
        }
        let revision = after.and_then(|after| Header::split(after).ok());
        let revision = revision.map(|(header, _)| header.revision);
        self.collection.record_change(
            self.transaction,
            &mut self.newest,
            &self.buffers.key,
            revision,
        )
    }

    fn encode(&mut self, body: &D, revision: u64) -> DocResult<Vec<u8>> {
        let declaration = &self.collection.definition.declaration;
        let mut after = std::mem::take(&mut self.buffers.after);
        after.clear();
        after.reserve(HEADER_BYTES);
        let codec = declaration.codec;
        Header { codec: codec.number, schema: declaration.schema, revision }.encode(&mut after);
        (codec.encode)(body, &mut after).map_err(|cause| DocError::Unfit {
            collection: declaration.name.clone(),
            cause: Arc::new(cause),
        })?;
        Ok(after)
    }

    /// Stores a document under an id, over whatever is there.
    fn store(&mut self, body: &D, before: &Before<D>, revision: u64) -> DocResult<()> {
        self.check_fields(body)?;
        let (mut old, mut new) =
            (std::mem::take(&mut self.buffers.old), std::mem::take(&mut self.buffers.new));
        new.clear();
        self.collect(&mut new, &self.buffers.key, body)?;
        new.sort();
        self.collect_old(before, &mut old)?;
        let after = self.encode(body, revision)?;
        self.check(&self.buffers.key, &after, &old, &new)?;
        let has_before = before.header.is_some() || before.is_damaged;
        self.apply(has_before, Some(&after), &old, &new)?;
        (self.buffers.old, self.buffers.new, self.buffers.after) = (old, new, after);
        Ok(())
    }

    fn point_at(&mut self, id: &DocId<'_>) {
        self.buffers.key.clear();
        id.encode(&mut self.buffers.key);
    }

    fn take_away(&mut self, before: &Before<D>) -> DocResult<()> {
        let mut old = std::mem::take(&mut self.buffers.old);
        self.collect_old(before, &mut old)?;
        made_id::keep_highest(self.collection, self.transaction, &self.buffers.key)?;
        self.apply(true, None, &old, &Entries::default())?;
        self.buffers.old = old;
        Ok(())
    }
}

/// Tells whether a document has nothing where a field is from. False is something.
fn is_absent<D: Document>(field: &Field<D>, body: &D) -> bool {
    match &field.source {
        FieldSource::Path(path) => path::at(body, path).is_null(),
        FieldSource::Computed(compute) => compute(body).is_null(),
    }
}

fn put_or_delete<W: KvWrite>(
    transaction: &mut W,
    tree: &W::Tree,
    key: &[u8],
    value: Option<&[u8]>,
) -> arbour_core::Result<()> {
    match value {
        Some(value) => transaction.put(tree, key, value),
        None => transaction.delete(tree, key),
    }
}

impl<W: KvWrite, D: Document> DocWrite<D> for CollectionWriter<'_, W, D> {
    fn put(&mut self, body: &D, precondition: Precondition) -> DocResult<Written> {
        let (id, completed) = self.complete(body)?;
        let body = completed.as_ref().unwrap_or(body);
        self.point_at(&id);
        let before = self.before(&id, precondition)?;
        let revision = before.header.map_or(0, |header| header.revision).saturating_add(1);
        self.store(body, &before, revision)?;
        Ok(Written { id, revision })
    }

    fn delete<'i>(
        &mut self,
        id: impl Into<DocId<'i>>,
        precondition: Precondition,
    ) -> DocResult<bool> {
        let id = id.into();
        self.buffers.key = self.collection.key_of(&id)?;
        let id = id.into_owned();
        let before = self.before(&id, precondition)?;
        if before.header.is_none() && !before.is_damaged {
            return Ok(false);
        }
        self.take_away(&before)?;
        Ok(true)
    }

    fn change_id<'i>(
        &mut self,
        from: impl Into<DocId<'i>>,
        to: impl Into<DocId<'i>>,
    ) -> DocResult<Written> {
        let (from, to) = (from.into(), to.into());
        let (from_key, to_key) = (self.collection.key_of(&from)?, self.collection.key_of(&to)?);
        let (from, to) = (from.into_owned(), self.collection.id_at(&to_key)?);
        let Some(stored) = self.collection.get_at(self.transaction, &from_key)? else {
            return Err(DocError::Missing { collection: self.name(), id: from });
        };
        if self.transaction.contains(&self.collection.trees.documents, &to_key)? {
            return Err(DocError::Exists { collection: self.name(), id: to });
        }
        let definition = &self.collection.definition;
        let mut json = to_json(definition.name(), &stored.body)?;
        set_at(&mut json, &definition.declaration.id_path, to.to_json());
        let body: D = from_json(definition.name(), json)?;
        let revision = stored.revision.saturating_add(1);
        // What can be refused is, before anything is written.
        self.buffers.key.clone_from(&to_key);
        self.check_fields(&body)?;
        let mut new = Entries::default();
        self.collect(&mut new, &to_key, &body)?;
        new.sort();
        let after = self.encode(&body, revision)?;
        self.check(&from_key, &after, &Entries::default(), &new)?;
        self.buffers.key.clone_from(&from_key);
        let before = self.before(&from, Precondition::Present)?;
        self.take_away(&before)?;
        self.buffers.key = to_key;
        let nothing = Before { header: None, stored: None, is_damaged: false };
        let moved = self.store(&body, &nothing, revision);
        if moved.is_err() {
            self.buffers.key = from_key;
            self.store(&stored.body, &nothing, stored.revision)?;
        }
        moved.map(|()| Written { id: to, revision })
    }
}

impl<W: KvWrite, D: Document> DocRead<D> for CollectionWriter<'_, W, D> {
    fn declaration(&self) -> &Declaration<D> {
        &self.collection.definition.declaration
    }

    fn get<'i>(&self, id: impl Into<DocId<'i>>) -> DocResult<Option<Stored<D>>> {
        self.reader().get(id)
    }

    fn search(&self, query: &Query<D>) -> DocResult<Page<D>> {
        self.reader().search(query)
    }

    fn explain(&self, query: &Query<D>) -> DocResult<Explain> {
        self.reader().explain(query)
    }

    fn each<E: From<DocError>>(
        &self,
        query: &Query<D>,
        visit: impl FnMut(Stored<D>) -> Result<ControlFlow<()>, E>,
    ) -> Result<(), E> {
        self.reader().each(query, visit)
    }

    fn count(&self, filter: &Filter<D>) -> DocResult<u64> {
        self.reader().count(filter)
    }

    fn values(&self, filter: &Filter<D>, field: &str, visit: impl FnMut(&Value)) -> DocResult<()> {
        self.reader().values(filter, field, visit)
    }

    fn min(&self, filter: &Filter<D>, field: &str) -> DocResult<Option<Value>> {
        self.reader().min(filter, field)
    }

    fn max(&self, filter: &Filter<D>, field: &str) -> DocResult<Option<Value>> {
        self.reader().max(filter, field)
    }
}
