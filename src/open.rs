//! Choosing the engine by a URL when the program runs.

use arbour_core::{DynStore, Error, ErrorKind, MemoryStore, Operation, Result, StoreOptions};

/// An engine that a URL can name.
struct Scheme {
    name: &'static str,
    /// The Cargo feature that builds it in, or `None` if it is always there.
    feature: Option<&'static str>,
    open: Option<Open>,
}

type Open = fn(place: &str, options: &StoreOptions) -> Result<DynStore>;

/// Every engine Arbour knows, built in or not, so that an error can say which it is.
const SCHEMES: [Scheme; 2] = [
    Scheme { name: "memory", feature: None, open: Some(open_memory) },
    Scheme {
        name: "redb",
        feature: Some("redb"),
        #[cfg(feature = "redb")]
        open: Some(open_redb),
        #[cfg(not(feature = "redb"))]
        open: None,
    },
];

/// Opens the store a URL names, creating it if it is absent: `redb:app.redb`, `memory:`.
///
/// What follows the colon is a path, relative to the current folder or absolute, as it is:
/// nothing in it is decoded.
///
/// # Errors
/// [`ErrorKind::InvalidArgument`] if the URL names no engine, naming those there are;
/// [`ErrorKind::Unsupported`] if its engine was not built in, naming the Cargo feature; else what
/// the engine reports.
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
    let Some((name, place)) = url.split_once(':') else {
        return Err(refuse(ErrorKind::InvalidArgument, &format!("{url:?} names no engine")));
    };
    let Some(scheme) = SCHEMES.iter().find(|scheme| scheme.name == name) else {
        let message = format!("there is no engine {name:?}");
        return Err(refuse(ErrorKind::InvalidArgument, &message));
    };
    match (scheme.open, scheme.feature) {
        (Some(open), _) => open(place, options),
        (None, feature) => {
            let feature = feature.unwrap_or(name);
            let message = format!(
                "the engine {name:?} was not built in: switch on the Cargo feature {feature:?}"
            );
            Err(refuse(ErrorKind::Unsupported, &message))
        }
    }
}

fn refuse(kind: ErrorKind, message: &str) -> Error {
    let built_in = SCHEMES.iter().filter(|scheme| scheme.open.is_some());
    let names: Vec<String> = built_in.map(|scheme| format!("{}:", scheme.name)).collect();
    let message = format!("{message}; built in are {}", names.join(" and "));
    Error::new(kind, Operation::Open, message)
}

fn open_memory(place: &str, options: &StoreOptions) -> Result<DynStore> {
    if !place.is_empty() {
        let message = "memory: takes no path, for it keeps nothing";
        return Err(Error::new(ErrorKind::InvalidArgument, Operation::Open, message));
    }
    Ok(DynStore::new(MemoryStore::with_options(options)))
}

#[cfg(feature = "redb")]
fn open_redb(place: &str, options: &StoreOptions) -> Result<DynStore> {
    if place.is_empty() {
        let message = "redb: needs the path of a file, as in redb:app.redb";
        return Err(Error::new(ErrorKind::InvalidArgument, Operation::Open, message));
    }
    Ok(DynStore::new(arbour_redb::RedbStore::open(place, options)?))
}
