//! The trees of a collection.

use arbour_core::engine::TreeName;
use arbour_core::engine::document_layout::{
    CATALOG_TREE, documents_tree, feed_ack_tree, feed_tree, index_tree,
};
use arbour_core::{Direction, Result, Tree};

use super::Body;
use super::definition::Definition;
use super::doc_store::Notes;

/// The trees of a collection.
pub(super) struct Trees {
    /// The name of the collection, for errors.
    pub(super) name: String,
    pub(super) catalog: Tree,
    pub(super) documents: Tree,
    /// One tree for each index, in the order of their declaration.
    pub(super) indexes: Vec<Tree>,
    /// The direction in which each index sorts ids.
    id_directions: Vec<Direction>,
    pub(super) feed: Tree,
    pub(super) feed_ack: Tree,
}

impl Trees {
    /// Opens the trees with a function that opens one.
    pub(super) fn open<D: Body>(
        definition: &Definition<D>,
        open: &dyn Fn(TreeName<'_>) -> Result<Tree>,
    ) -> Result<Self> {
        let name = definition.name();
        let open = |name: &str| open(TreeName::layer(name)?);
        let indexes = definition.indexes.iter();
        let indexes: Result<Vec<Tree>> =
            indexes.map(|index| open(&index_tree(name, &index.name))).collect();
        Ok(Self {
            name: name.to_owned(),
            catalog: open(CATALOG_TREE)?,
            documents: open(&documents_tree(name))?,
            indexes: indexes?,
            id_directions: definition.indexes.iter().map(|index| index.id_direction()).collect(),
            feed: open(&feed_tree(name))?,
            feed_ack: open(&feed_ack_tree(name))?,
        })
    }

    /// Returns the direction in which an index sorts ids.
    pub(super) fn id_direction(&self, index: usize) -> Direction {
        self.id_directions.get(index).copied().unwrap_or_default()
    }

    /// Returns the tree that holds notes of a kind.
    pub(super) fn of_notes(&self, notes: Notes) -> &Tree {
        match notes {
            Notes::Catalog => &self.catalog,
            Notes::Feed => &self.feed,
            Notes::Acknowledged => &self.feed_ack,
        }
    }
}
