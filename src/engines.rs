//! The engines of Arbour, built in or not, and their openers.

use arbour_core::{DynStore, MemoryStore, Result, StoreOptions};

use crate::url::refuse;

/// An engine of Arbour. Its scheme is also the name of its Cargo feature.
pub(crate) struct Engine {
    pub(crate) scheme: &'static str,
    /// `None` if it was not built in.
    pub(crate) open: Option<Open>,
}

type Open = fn(place: &str, options: &StoreOptions) -> Result<DynStore>;

/// Defines an engine that keeps its stores at a path: `path!("redb", arbour_redb::RedbStore)`.
macro_rules! at_path {
    ($scheme:literal, $store:path) => {
        Engine {
            scheme: $scheme,
            #[cfg(feature = $scheme)]
            open: Some(|place, options| {
                let url = crate::url::Url::parse($scheme, place, options)?;
                Ok(url.with_writers(DynStore::new(<$store>::open(url.path, &url.options)?)))
            }),
            #[cfg(not(feature = $scheme))]
            open: None,
        }
    };
}

/// All engines of Arbour, so that an error can name the missing feature.
pub(crate) const ENGINES: [Engine; 8] = [
    Engine { scheme: "memory", open: Some(open_memory) },
    at_path!("fjall", arbour_fjall::FjallStore),
    at_path!("lmdb", arbour_lmdb::LmdbStore),
    Engine {
        scheme: "postgres",
        #[cfg(feature = "postgres")]
        open: Some(open_postgres),
        #[cfg(not(feature = "postgres"))]
        open: None,
    },
    at_path!("redb", arbour_redb::RedbStore),
    at_path!("rocksdb", arbour_rocksdb::RocksdbStore),
    at_path!("sled", arbour_sled::SledStore),
    at_path!("sqlite", arbour_sqlite::SqliteStore),
];

fn open_memory(place: &str, options: &StoreOptions) -> Result<DynStore> {
    if !place.is_empty() {
        return Err(refuse(format!("memory: takes no path, because it keeps nothing: {place:?}")));
    }
    Ok(DynStore::new(MemoryStore::open(options)?))
}

/// Beside the writers, all options of the URL are those of the engine and its server.
#[cfg(feature = "postgres")]
fn open_postgres(place: &str, options: &StoreOptions) -> Result<DynStore> {
    let (place, writers) = crate::url::take_writers(place)?;
    let store = arbour_postgres::PostgresStore::open(&format!("postgres:{place}"), options)?;
    Ok(crate::url::give_writers(DynStore::new(store), writers, options))
}
