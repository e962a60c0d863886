//! Telling the engine what is about to be read, so that one on a server reads it in one round trip.

use arbour_core::engine::Prefetch;
use arbour_core::{Direction, KeyRange, Result};

use super::any_reader::AnyReader;
use super::collection::Collection;
use super::docs::Docs;
use super::entries::Entries;
use super::opened::Opened;
use super::trees::Notes;
use super::writer::Writer;
use super::{Body, Ids, made_id, revisions};

impl Opened {
    /// Tells the engine what the writing of documents begins with, given their keys; `None` stands for
    /// a document whose id is made.
    pub(super) fn prefetch(
        &self,
        reader: &dyn AnyReader,
        id_keys: &dyn Fn() -> Vec<Option<Vec<u8>>>,
    ) -> Result<()> {
        let reads = || {
            let trees = &self.trees;
            let noted = |key| Prefetch::Value(trees.catalog.clone(), key);
            let last = |tree| Prefetch::First(tree, KeyRange::all(), Direction::Reverse);
            let name = self.schema.name();
            let mut reads = vec![noted(self.record_key.clone()), noted(revisions::key(name))];
            if self.schema.feed {
                reads.push(last(trees.of_notes(Notes::Feed).clone()));
            }
            let (known, made): (Vec<_>, Vec<_>) = id_keys().into_iter().partition(Option::is_some);
            let known = known.into_iter().flatten();
            reads.extend(known.map(|key| Prefetch::Value(trees.documents.clone(), key)));
            if !made.is_empty() && self.schema.ids == Ids::Integer {
                reads.extend([last(trees.documents.clone()), noted(made_id::highest_key(name))]);
            }
            reads
        };
        reader.prefetch(&reads).map(drop)
    }
}

impl Docs<'_> {
    /// Tells the engine that these documents are about to be read. Returns whether it reads ahead.
    pub(super) fn prefetch(&self, id_keys: &dyn Fn() -> Vec<Vec<u8>>) -> Result<bool> {
        let read = |key| Prefetch::Value(self.trees.documents.clone(), key);
        self.reader.prefetch(&|| id_keys().into_iter().map(read).collect())
    }
}

impl<D: Body> Collection<D> {
    /// Returns the key of a document, if its id is in it.
    pub(super) fn given_key(&self, body: &D) -> Option<Vec<u8>> {
        let id = self.definition.id_in(body).ok().flatten()?;
        self.opened.key_of(&id).ok()
    }
}

impl<D: Body> Writer<'_, D> {
    /// Tells the engine which values of unique indexes are about to be looked up.
    pub(super) fn prefetch_unique(&self, old: &Entries, new: &Entries) -> Result<()> {
        let docs = self.docs.read();
        let reads = || {
            let checked = new.without(old).filter(|entry| {
                let index = self.known.index(entry.index);
                index.is_some_and(|index| index.unique) && self.known.is_checked(entry.index)
            });
            let looked_up = checked.filter(|entry| !entry.has_null).filter_map(|entry| {
                let index = docs.trees.index(entry.index)?;
                Some(index.first_read(&KeyRange::prefix(entry.values)))
            });
            looked_up.collect()
        };
        docs.reader.prefetch(&reads).map(drop)
    }
}
