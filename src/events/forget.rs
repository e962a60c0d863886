//! Forgetting a version of a projection: removing its view and its position.
//!
//! The first commit replaces the position by a mark. Further ones remove the view in batches, and the
//! last one removes the mark. A program that applies events to a marked version first removes what is
//! left of its view, so that a call which was interrupted leaves no part of it behind.

use arbour_core::engine::TreeName;
use arbour_core::{Cursor as _, Direction, KeyRange, KvRead, KvStore, KvWrite, Result, Tree};

use super::EventError;
use super::events::{Events, active_version};
use super::handling::check_not_handling;
use super::layout::{PROJECTION_TREE, log_tree, state_key, view_name};
use super::log::open_tree;
use super::projection_state::ProjectionState;
use crate::documents::layout::{
    CATALOG_TREE, documents_tree, feed_ack_tree, feed_tree, index_tree, unchecked_tree,
};
use crate::key::Key as _;

/// The number of entries removed in one transaction.
const CHUNK: usize = 1000;

impl Events {
    /// Removes everything a version of a projection holds, and its position, in batches of one
    /// transaction each. It must not be the active version, and no program that declares it may run.
    /// If the call is interrupted, call it again. A program that declares the version in between, or
    /// afterwards, builds it from the first event.
    ///
    /// # Errors
    /// [`Invalid`](EventError::Invalid) for the active version; errors of the store.
    ///
    /// ```
    /// # use arbour::{KvStore, events::{Events, Projection}};
    /// let store = arbour::open("memory:")?;
    /// let events = Events::builder(store.clone(), "main").build()?;
    /// store.put(&store.tree("bank.1.counter")?, b"count", b"1")?;
    /// events.forget("bank", 1)?;
    /// assert_eq!(store.stats()?.entries, 0);
    /// # Ok::<(), arbour::Error>(())
    /// ```
    pub fn forget(&self, projection: &str, version: u32) -> Result<()> {
        check_not_handling()?;
        let store = self.store();
        let versions = open_tree(store, PROJECTION_TREE)?;
        let states = open_tree(store, &log_tree(self.inner.location.name()))?;
        let state_key = state_key(projection, version);
        let mark = ProjectionState::FORGOTTEN.encode();
        store.write(|transaction| {
            if active_version(store, transaction, projection)? == Some(version) {
                let reason = format!("version {version} of {projection:?} is read");
                let log = self.inner.location.name().to_owned();
                return Err(EventError::Invalid { log, reason }.into());
            }
            transaction.put(&states, &state_key, &mark)?;
            transaction.delete(&versions, &(projection, version).to_key_bytes())
        })?;
        let view = View::of(&store.snapshot()?, projection, version)?;
        let mut is_left = true;
        while is_left {
            is_left = store.write(|transaction| {
                // Another program may have removed the rest, and begun with the version anew.
                if !transaction
                    .get_with(&states, &state_key, |state| *state == mark)?
                    .unwrap_or(false)
                {
                    return Ok(false);
                }
                if view.remove_some(transaction)? {
                    return Ok(true);
                }
                view.remove_records(
                    transaction,
                    &["collection", "highest id", "highest revision"],
                )?;
                transaction.delete(&states, &state_key)?;
                Ok(false)
            })?;
        }
        Ok(())
    }
}

/// What a version of a projection holds, apart from its position.
pub(super) struct View {
    /// The prefix of the names of its collections and trees.
    prefix: String,
    trees: Vec<Tree>,
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

    /// Removes the next entries; tells whether there were any.
    fn remove_some<W: KvWrite>(&self, transaction: &mut W) -> Result<bool> {
        let mut left = CHUNK;
        for tree in &self.trees {
            let mut keys = Vec::new();
            let mut cursor = transaction.scan(tree, KeyRange::all(), Direction::Forward)?;
            while keys.len() < left {
                let Some((key, _)) = cursor.next()? else { break };
                keys.push(key.to_vec());
            }
            drop(cursor);
            keys.iter().try_for_each(|key| transaction.delete(tree, key))?;
            left -= keys.len();
        }
        Ok(left < CHUNK)
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
