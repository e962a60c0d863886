//! The version number that the sled program kept.

use arbour::codec::ZeroCopy;
use arbour::migrations::{MigrationError, Migrations, Target};
use arbour::{KvStore, TypedTree};
use zerocopy::little_endian::U32;

use super::Error;

const VERSIONS: TypedTree<String, U32, ZeroCopy> = TypedTree::new("migrations");

const VERSION: &str = "metadata:migration_version";

/// The last version of the sled program.
const NEWEST: u32 = 5;

/// Returns the version that the sled program left; 0 if there is none.
pub(super) fn version<S: KvStore>(store: &S) -> Result<u32, Error> {
    let versions = VERSIONS.open(store)?;
    let stored = versions.get(&store.snapshot()?, VERSION)?.map_or(0, U32::get);
    if stored > NEWEST {
        return Err(Error::CannotDowngrade { stored, known: NEWEST });
    }
    Ok(stored)
}

/// Records the steps of the sled program as done, unless there is already a journal.
pub(super) fn take_over<S: KvStore>(store: &S, declared: &Migrations) -> Result<(), Error> {
    let target = match version(store)? {
        0 => return Ok(()),
        done => Target::number(u64::from(done)),
    };
    let adopted = declared.adopt(store, target);
    match adopted.as_ref().err().and_then(|error| error.downcast_ref()) {
        // An earlier run has adopted it, and the journal counts from then on.
        Some(MigrationError::Journaled { .. }) => Ok(()),
        _ => Ok(adopted?),
    }
}
