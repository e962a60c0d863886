//! The trees of a collection.

use arbour_core::engine::TreeName;
use arbour_core::engine::document_layout::{
    CATALOG_TREE, documents_tree, feed_ack_tree, feed_tree, index_tree, unchecked_tree,
};
use arbour_core::{Direction, Result, Tree};

use super::any_reader::AnyReader;
use super::index_tree::IndexTree;

/// What a collection notes beside its documents.
#[derive(Clone, Copy)]
pub(super) enum Notes {
    /// Its declaration, the states of its indexes, and the highest id and revision.
    Catalog,
    /// Its changes, by position.
    Feed,
    /// The positions that subscribers have acknowledged.
    Acknowledged,
    /// The keys of documents that were written while an upgrade checks all.
    Unchecked,
}

/// The trees of a collection.
#[derive(Clone)]
pub(super) struct Trees {
    /// The name of the collection, for errors.
    pub(super) name: String,
    pub(super) catalog: Tree,
    pub(super) documents: Tree,
    /// The tree of each index, by its number; `None` for one that was dropped.
    indexes: Vec<Option<IndexTree>>,
    pub(super) feed: Tree,
    pub(super) feed_ack: Tree,
    /// The keys of documents that were written while an upgrade checks all.
    pub(super) unchecked: Tree,
}

impl Trees {
    /// Opens the trees of a collection, without those of its indexes, with a function that opens one.
    pub(super) fn open(
        collection: &str,
        open: &dyn Fn(TreeName<'_>) -> Result<Tree>,
    ) -> Result<Self> {
        let open = |name: &str| open(TreeName::layer(name)?);
        Ok(Self {
            name: collection.to_owned(),
            catalog: open(CATALOG_TREE)?,
            documents: open(&documents_tree(collection))?,
            indexes: Vec::new(),
            feed: open(&feed_tree(collection))?,
            feed_ack: open(&feed_ack_tree(collection))?,
            unchecked: open(&unchecked_tree(collection))?,
        })
    }

    /// Returns the trees with those of indexes: of each the name in the record of the collection and the
    /// length of its longest key, if it is there, and the direction in which it sorts ids.
    pub(super) fn with_indexes<'i>(
        &self,
        reader: &dyn AnyReader,
        indexes: impl Iterator<Item = (Option<(&'i str, usize)>, Direction)>,
    ) -> Result<Self> {
        let mut trees = self.clone();
        for (recorded, id_direction) in indexes {
            let open = |name| reader.open_tree(TreeName::layer(&index_tree(&self.name, name))?);
            trees.indexes.push(match recorded {
                Some((name, key_bytes_max)) => {
                    Some(IndexTree { tree: open(name)?, id_direction, key_bytes_max })
                }
                None => None,
            });
        }
        Ok(trees)
    }

    /// Returns the tree of an index.
    pub(super) fn index(&self, number: usize) -> Option<&IndexTree> {
        self.indexes.get(number)?.as_ref()
    }

    /// Returns the trees of the indexes that exist, with their numbers.
    pub(super) fn indexes(&self) -> impl Iterator<Item = (usize, &IndexTree)> {
        let numbered = self.indexes.iter().enumerate();
        numbered.filter_map(|(number, tree)| Some((number, tree.as_ref()?)))
    }

    /// Returns the tree that holds notes of a kind.
    pub(super) fn of_notes(&self, notes: Notes) -> &Tree {
        match notes {
            Notes::Catalog => &self.catalog,
            Notes::Feed => &self.feed,
            Notes::Acknowledged => &self.feed_ack,
            Notes::Unchecked => &self.unchecked,
        }
    }
}
