//! The engines, through Arbour and without it. Those without it store their entries where Arbour
//! does, so that they can read its stores.

#[cfg(any(
    feature = "fjall",
    feature = "lmdb",
    feature = "redb",
    feature = "rocksdb",
    feature = "sled",
    feature = "sqlite"
))]
mod arbour;
#[cfg(feature = "fjall")]
mod raw_fjall;
#[cfg(feature = "redb")]
mod raw_redb;
#[cfg(feature = "rocksdb")]
mod raw_rocksdb;
#[cfg(feature = "sled")]
mod raw_sled;
#[cfg(feature = "sqlite")]
mod raw_sqlite;

use crate::engine::Engine;

/// The engines of this build, each followed by itself without Arbour.
pub(crate) fn all() -> Vec<Engine> {
    let engines: &[&[Engine]] = &[
        #[cfg(feature = "redb")]
        &[arbour::REDB, raw_redb::ENGINE],
        #[cfg(feature = "sqlite")]
        &[arbour::SQLITE, raw_sqlite::ENGINE],
        #[cfg(feature = "sled")]
        &[arbour::SLED, raw_sled::ENGINE],
        #[cfg(feature = "lmdb")]
        &[arbour::LMDB],
        #[cfg(feature = "fjall")]
        &[arbour::FJALL, raw_fjall::ENGINE],
        #[cfg(feature = "rocksdb")]
        &[arbour::ROCKSDB, raw_rocksdb::ENGINE],
    ];
    engines.concat()
}
