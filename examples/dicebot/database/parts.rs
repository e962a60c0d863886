//! The database as a whole: one store, and a part for each kind of data.

use std::ops::ControlFlow;
use std::sync::Arc;

use arbour::KvStore;
use arbour::migrations::Run;

use super::{Error, Migrations, Rooms, State, Variables, migrations};

/// The database of the bot, on any store.
#[derive(Debug)]
pub struct Database<S: KvStore> {
    store: Arc<S>,
    /// The variables of users.
    pub variables: Variables<S>,
    /// What is known about rooms.
    pub rooms: Rooms<S>,
    /// The bot's own state.
    pub state: State<S>,
    /// The steps that have run on the data.
    pub migrations: Migrations<S>,
}

impl<S: KvStore> Database<S> {
    /// Migrates a store to the newest version, and opens its parts. There may be at most `limit`
    /// variables per user and room.
    ///
    /// # Errors
    /// As [`migrate`](migrations::migrate); [`Error::Store`] if the store was closed.
    pub fn open(store: S, limit: u32) -> Result<Self, Error> {
        migrations::migrate(&store, &Run::default(), &mut |_| ControlFlow::Continue(()))?;
        let store = Arc::new(store);
        Ok(Self {
            variables: Variables::new(Arc::clone(&store), limit)?,
            rooms: Rooms::new(Arc::clone(&store))?,
            state: State::new(Arc::clone(&store))?,
            migrations: Migrations::new(Arc::clone(&store)),
            store,
        })
    }

    /// Returns the store, for transactions over several parts.
    pub fn store(&self) -> &S {
        &self.store
    }
}
