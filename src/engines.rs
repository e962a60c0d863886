//! The engines of Arbour, built in or not, and their openers.

use arbour_core::{DynStore, Error, ErrorKind, MemoryStore, Operation, Result, StoreOptions};

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
                let (place, options) = url_options(place, options);
                Ok(DynStore::new(<$store>::open(path($scheme, place)?, &options)?))
            }),
            #[cfg(not(feature = $scheme))]
            open: None,
        }
    };
}

/// All engines of Arbour, so that an error can name the missing feature.
pub(crate) const ENGINES: [Engine; 7] = [
    Engine { scheme: "memory", open: Some(open_memory) },
    at_path!("fjall", arbour_fjall::FjallStore),
    at_path!("lmdb", arbour_lmdb::LmdbStore),
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

/// Splits a place into the path and the options of its URL.
#[cfg_attr(
    not(any(
        feature = "fjall",
        feature = "lmdb",
        feature = "redb",
        feature = "rocksdb",
        feature = "sled",
        feature = "sqlite"
    )),
    expect(dead_code, reason = "no engine that is built in keeps its stores at a path")
)]
fn url_options<'p>(place: &'p str, options: &StoreOptions) -> (&'p str, StoreOptions) {
    let options = options.clone();
    match place.rsplit_once('?') {
        Some((path, "verify=true")) => (path, options.verify(true)),
        Some((path, "verify=false")) => (path, options.verify(false)),
        _ => (place, options),
    }
}

/// Returns the path that a place stands for. Only the `//` that some programs put before a path is
/// removed.
#[cfg_attr(
    not(any(
        feature = "fjall",
        feature = "lmdb",
        feature = "redb",
        feature = "rocksdb",
        feature = "sled",
        feature = "sqlite"
    )),
    expect(dead_code, reason = "no engine that is built in keeps its stores at a path")
)]
fn path<'p>(scheme: &str, place: &'p str) -> Result<&'p str> {
    if matches!(place, "" | "//") {
        return Err(refuse(format!(
            "{scheme}: needs a path, as in {scheme}:app.{scheme}; for a store in memory write \
             \"memory:\""
        )));
    }
    let path = match place.strip_prefix("//") {
        Some(path) if path.starts_with('/') => path,
        Some(path) => {
            return Err(refuse(format!(
                "\"{scheme}://{path}\" may mean a path from here or from the root: write \
                 \"{scheme}:{path}\" or \"{scheme}:/{path}\""
            )));
        }
        None => place,
    };
    if path.contains('\0') {
        return Err(refuse(format!("a path must not contain NUL: {path:?}")));
    }
    Ok(path)
}

fn refuse(message: String) -> Error {
    Error::new(ErrorKind::InvalidArgument, Operation::Open, message)
}
