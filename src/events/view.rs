//! The view of a version of a projection: which trees it has, and removing them.

use arbour_core::engine::TreeName;
use arbour_core::{KeyRange, KvRead, KvWrite, Result, Tree};

use super::layout::view_name;
use crate::documents::layout::{
    CATALOG_TREE, documents_tree, feed_ack_tree, feed_tree, index_tree, unchecked_tree,
};
use crate::key::Key as _;

/// What a version of a projection holds, apart from its position.
pub(super) struct View {
    /// The prefix of the names of its collections and trees.
    prefix: String,
    pub(super) trees: Vec<Tree>,
}

impl View {
    /// Finds the trees of a version that have entries.
    pub(super) fn of<R: KvRead>(reader: &R, projection: &str, version: u32) -> Result<Self> {
        let prefix = view_name(projection, version, "");
        let owned = [
            documents_tree(&prefix),
            index_tree(&prefix, ""),
            feed_tree(&prefix),
            feed_ack_tree(&prefix),
            unchecked_tree(&prefix),
            prefix.clone(),
        ];
        let kept = ["result", "dead", "dead-stream", "quarantine"]
            .map(|kind| format!("arbour/{kind}/{projection}.{version}"));
        let is_own = |name: &&String| {
            owned.iter().any(|owned| name.starts_with(owned.trim_end_matches('/')))
                || kept.contains(name)
        };
        let names = reader.trees()?;
        let open = |name: &String| reader.open_tree(TreeName::stored(name)?);
        Ok(Self { prefix, trees: names.iter().filter(is_own).map(open).collect::<Result<_>>()? })
    }

    /// Removes all entries. The collections stay declared, because the program that removes them has
    /// opened them.
    pub(super) fn remove_entries<W: KvWrite>(&self, transaction: &mut W) -> Result<()> {
        for tree in &self.trees {
            transaction.delete_range(tree, KeyRange::all())?;
        }
        self.remove_records(transaction, &["highest id", "highest revision"])
    }

    /// Removes the collections, which have no entries any more.
    pub(super) fn remove_declarations<W: KvWrite>(&self, transaction: &mut W) -> Result<()> {
        self.remove_records(transaction, &["collection", "highest id", "highest revision"])
    }

    /// Removes what the catalog has of the collections.
    fn remove_records<W: KvWrite>(&self, transaction: &mut W, kinds: &[&str]) -> Result<()> {
        let catalog = transaction.open_tree(TreeName::layer(CATALOG_TREE)?)?;
        for kind in kinds {
            let prefix = (*kind, self.prefix.as_str()).to_key_bytes();
            transaction.delete_range(&catalog, KeyRange::prefix(&prefix))?;
        }
        Ok(())
    }
}
