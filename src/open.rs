//! Choosing the engine at run time by a URL.

use std::sync::{Arc, LazyLock, PoisonError, RwLock};

use arbour_core::{DynStore, Result, StoreOptions};

use crate::Registry;
use crate::registry::Opener;

/// The registry of the whole process. While its lock is held, no opener is called or dropped and
/// nothing can panic, so a poisoned lock can be used like any other.
static REGISTRY: LazyLock<RwLock<Registry>> = LazyLock::new(|| RwLock::new(Registry::built_in()));

/// Opens the store that a URL names, creating it if it is absent: `redb:app.redb`, `memory:`.
///
/// The part before the colon names the engine. The rest is a path, absolute or relative to the
/// current folder. Nothing in it is decoded: a space is a space, and `%20` and `#` stand for
/// themselves. Options can follow the path, with `&` between two. Any other text after a `?` belongs
/// to the path.
///
/// | option | what it does |
/// |---|---|
/// | `?verify=true` | first verifies the whole store ([`StoreOptions::verify`]) |
/// | `?writers=many` | on fjall, transactions do not wait for each other; a commit fails with [`Conflict`](crate::ErrorKind::Conflict) if what it read was changed, and [`write`](crate::KvStore::write) runs again. `one` is the default |
///
/// | URL | path |
/// |---|---|
/// | `redb:data/app.redb` | `data/app.redb`, from the current folder |
/// | `redb:/data/app.redb` | `/data/app.redb` |
/// | `redb:///data/app.redb` | the same, as other programs write it |
/// | `redb://data/app.redb` | refused: ambiguous, because some programs read it as a relative path |
/// | `redb:C:\data\app.redb` | `C:\data\app.redb` |
///
/// `memory:` takes no path, and every call opens a new store. A path that is not UTF-8 can be
/// opened with the type of its engine, such as `RedbStore::open`.
///
/// # Errors
/// [`InvalidArgument`](crate::ErrorKind::InvalidArgument) if the URL names no known engine
/// (the error lists those available), lacks a path that the engine needs, or gives an option a value
/// that it does not have; [`Unsupported`](crate::ErrorKind::Unsupported) if the engine was not built
/// in (the error names the Cargo feature) or lacks an option; otherwise errors of the engine, with the path as given.
///
/// ```
/// use arbour::{ErrorKind, KvStore};
/// let store = arbour::open("memory:")?;
/// assert_eq!(store.capabilities().engine, "memory");
/// assert_eq!(arbour::open("oracle:scott").unwrap_err().kind(), ErrorKind::InvalidArgument);
/// # Ok::<(), arbour::Error>(())
/// ```
pub fn open(url: &str) -> Result<DynStore> {
    open_with(url, &StoreOptions::new())
}

/// Opens the store that a URL names, with options.
///
/// [`StoreOptions`] are the options that every engine has. For the options of one engine, open the
/// store by its own type and erase the type with [`DynStore::new`]; or [`register`] a scheme that
/// sets them.
///
/// # Errors
/// As [`open`].
///
/// ```
/// use arbour::{ErrorKind, KvStore, StoreOptions};
/// let store = arbour::open_with("memory:", &StoreOptions::new().read_only(true))?;
/// assert_eq!(store.begin().err().unwrap().kind(), ErrorKind::ReadOnly);
/// # Ok::<(), arbour::Error>(())
/// ```
pub fn open_with(url: &str, options: &StoreOptions) -> Result<DynStore> {
    let registry = REGISTRY.read().unwrap_or_else(PoisonError::into_inner);
    let (opener, place) = registry.resolve(url)?;
    drop(registry);
    opener(place, options)
}

/// Adds a scheme for the whole process: an engine of your own, or one of Arbour's with
/// engine-specific options. Every later [`open`] knows it.
///
/// Call it once at program start. A library should leave that to the program, or use a [`Registry`]
/// of its own.
///
/// # Errors
/// As [`Registry::register`].
///
/// ```
/// # #[cfg(feature = "redb")] {
/// use arbour::redb::RedbStore;
/// use arbour::{DynStore, KvStore};
///
/// // redb, but always with a small cache.
/// arbour::register("redb-small", |place, options| {
///     let options = options.clone().cache_bytes(1 << 20);
///     Ok(DynStore::new(RedbStore::open(place, &options)?))
/// })?;
///
/// # let folder = tempfile::tempdir().unwrap();
/// # let path = folder.path().join("app.redb");
/// let store = arbour::open(&format!("redb-small:{}", path.display()))?;
/// assert_eq!(store.capabilities().engine, "redb");
/// # }
/// # Ok::<(), arbour::Error>(())
/// ```
pub fn register(
    scheme: &str,
    opener: impl Fn(&str, &StoreOptions) -> Result<DynStore> + Send + Sync + 'static,
) -> Result<()> {
    let opener: Opener = Arc::new(opener);
    REGISTRY.write().unwrap_or_else(PoisonError::into_inner).insert(scheme, &opener)
}

/// Returns the schemes that [`open`] can currently open, sorted.
///
/// ```
/// assert!(arbour::schemes().contains(&"memory".to_owned()));
/// ```
#[must_use]
pub fn schemes() -> Vec<String> {
    REGISTRY.read().unwrap_or_else(PoisonError::into_inner).schemes()
}
