//! The state that the bot keeps between two runs.

use std::fmt;
use std::sync::Arc;

use arbour::codec::Raw;
use arbour::{KvStore, OpenTree, TypedTree};

use super::Error;

/// By name, as text.
const METADATA: TypedTree<String, String, Raw> = TypedTree::new("global_metadata");

const DEVICE_ID: &str = "device_id";

/// The state that the bot keeps between two runs.
pub struct State<S: KvStore> {
    store: Arc<S>,
    metadata: OpenTree<String, String, Raw>,
}

impl<S: KvStore> State<S> {
    pub(super) fn new(store: Arc<S>) -> Result<Self, Error> {
        Ok(Self { metadata: METADATA.open(&*store)?, store })
    }

    /// Returns the device as which the bot is signed in, if it was ever set.
    ///
    /// # Errors
    /// [`Error::Store`] if the stored value is not text: the error names the tree and the key.
    pub fn device_id(&self) -> Result<Option<String>, Error> {
        Ok(self.metadata.get(&self.store.snapshot()?, DEVICE_ID)?)
    }

    /// Sets the device, or replaces it.
    ///
    /// # Errors
    /// What the store reports; nothing is changed then.
    pub fn set_device_id(&self, device_id: &str) -> Result<(), Error> {
        let device_id = device_id.to_owned();
        self.store
            .try_write(|transaction| Ok(self.metadata.put(transaction, DEVICE_ID, &device_id)?))
    }
}

impl<S: KvStore> fmt::Debug for State<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("State").finish_non_exhaustive()
    }
}
