//! Choosing the engine by a URL when the program runs.

use std::sync::{Arc, LazyLock, PoisonError, RwLock};

use arbour_core::{DynStore, Result, StoreOptions};

use crate::Registry;
use crate::registry::Opener;

/// The engines of the whole process. Under its lock no opener is called or dropped and nothing can
/// panic; a poisoned lock would be as good as another.
static REGISTRY: LazyLock<RwLock<Registry>> = LazyLock::new(|| RwLock::new(Registry::built_in()));

/// Opens the store a URL names, creating it if it is absent: `redb:app.redb`, `memory:`.
///
/// What comes before the colon is the engine. What follows is a path, relative to the current
/// folder or absolute, as it is: nothing in it is decoded, so a blank is a blank, and `%20` and `#`
/// are those characters. One option can follow the path: `redb:app.redb?verify=true` checks the
/// whole store first ([`StoreOptions::verify`]). Anything else behind a `?` belongs to the path.
///
/// | URL | path |
/// |---|---|
/// | `redb:data/app.redb` | `data/app.redb`, from the current folder |
/// | `redb:/data/app.redb` | `/data/app.redb` |
/// | `redb:///data/app.redb` | the same, as other programs write it |
/// | `redb://data/app.redb` | refused: for some programs it is a path from here, for others not |
/// | `redb:C:\data\app.redb` | `C:\data\app.redb` |
///
/// `memory:` takes no path, and every call opens another store. A path that is not text is opened
/// with the type of its engine, as `RedbStore::open`.
///
/// # Errors
/// [`InvalidArgument`](arbour_core::ErrorKind::InvalidArgument) if the URL names no engine,
/// naming those there are, or has no path where the engine needs one;
/// [`Unsupported`](arbour_core::ErrorKind::Unsupported) if its engine was not built in, naming
/// the Cargo feature; else what the engine reports, with the path as it was given.
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

/// Opens the store a URL names, as the options say.
///
/// [`StoreOptions`] are those every engine has. For the options of one engine open its type and
/// take the type away, with [`DynStore::new`]; or [`register`] a scheme that sets them.
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

/// Adds a scheme for the whole process: an engine of one's own, or one of Arbour's with options
/// that only it has. Every later [`open`] knows it.
///
/// Call it once, where the program begins; a library leaves that to the program, or uses a
/// [`Registry`] of its own.
///
/// # Errors
/// As [`Registry::register`].
///
/// ```
/// # #[cfg(feature = "redb")] {
/// use arbour::redb::RedbStore;
/// use arbour::{DynStore, KvStore};
///
/// // redb, but with a small cache whoever opens it.
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

/// Returns the schemes that [`open`] can open now, sorted.
///
/// ```
/// assert!(arbour::schemes().contains(&"memory".to_owned()));
/// ```
#[must_use]
pub fn schemes() -> Vec<String> {
    REGISTRY.read().unwrap_or_else(PoisonError::into_inner).schemes()
}
