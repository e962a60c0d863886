//! What the database is now.

use arbour::codec::Json;
use arbour::{KvRead as _, KvStore as _, OpenTree};

use super::replica::VERSION;
use super::{Database, Error, Replica};

/// The current replica, at one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Status {
    /// Which one it is.
    pub replica: Replica,
    /// Of which version it is: 0 if it was never migrated.
    pub version: u64,
    /// How many nodes it has.
    pub nodes: u64,
}

impl Database {
    /// Returns which replica is the current one, and of which version.
    ///
    /// # Errors
    /// [`Error::Query`] with `STATUS`, of kind [`Decode`](arbour::ErrorKind::Decode) if the pointer
    /// names no replica or the version is no number.
    pub fn status(&self) -> Result<Status, Error> {
        self.read(
            || "STATUS".to_owned(),
            |snapshot, _| {
                let replica = self.current(snapshot)?;
                let global: OpenTree<String, u64, Json> =
                    OpenTree::new(self.store.tree(replica.global())?);
                let nodes = snapshot.len(&self.store.tree(replica.nodes())?)?;
                let version = global.get(snapshot, VERSION)?.unwrap_or_default();
                Ok(Status { replica, version, nodes })
            },
        )
    }
}
