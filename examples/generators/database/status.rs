//! The current state of the database.

use arbour::codec::Json;
use arbour::{KvRead as _, KvStore as _, OpenTree};

use super::replica::VERSION;
use super::{Database, Error, Replica};

/// The current replica, in one snapshot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Status {
    /// The replica.
    pub replica: Replica,
    /// Its version; 0 if it was never migrated.
    pub version: u64,
    /// The number of its nodes.
    pub nodes: u64,
}

impl Database {
    /// Returns the current replica and its version.
    ///
    /// # Errors
    /// [`Error::Query`] with `STATUS`, of kind [`Decode`](arbour::ErrorKind::Decode) if the pointer
    /// is not a replica or the version is not a number.
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
