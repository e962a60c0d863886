//! The database as a whole: one store, and a part for each kind of data.

use std::sync::Arc;

use arbour::KvStore;

use super::{Error, Rooms, Variables};

/// The database of the bot, on any store.
#[derive(Debug)]
pub struct Database<S: KvStore> {
    store: Arc<S>,
    /// The variables of users.
    pub variables: Variables<S>,
    /// What is known of rooms.
    pub rooms: Rooms<S>,
}

impl<S: KvStore> Database<S> {
    /// Finds the parts in a store. There may be at most `limit` variables per user and room.
    ///
    /// # Errors
    /// [`Error::Store`] if the store was closed.
    pub fn new(store: S, limit: u32) -> Result<Self, Error> {
        let store = Arc::new(store);
        Ok(Self {
            variables: Variables::new(Arc::clone(&store), limit)?,
            rooms: Rooms::new(Arc::clone(&store))?,
            store,
        })
    }

    /// Returns the store, for transactions over several parts.
    pub fn store(&self) -> &S {
        &self.store
    }
}
