//! URL schemes and their openers.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use arbour_core::{DynStore, Error, ErrorKind, Operation, Result, StoreOptions};

use crate::engines;

/// Opens the store at a place: the unmodified part after the colon of a URL.
pub(crate) type Opener = Arc<dyn Fn(&str, &StoreOptions) -> Result<DynStore> + Send + Sync>;

/// What the registry knows about a scheme.
#[derive(Clone)]
enum Scheme {
    Open(Opener),
    /// An engine of Arbour that this program was built without.
    NotBuilt {
        feature: &'static str,
    },
}

/// The engines that a program can choose from at run time, by URL scheme.
///
/// [`open`](crate::open) uses a registry shared by the whole process, which
/// [`register`](crate::register) extends. Create a separate one for a program or a test that needs
/// other engines than the rest of the process, or other options under a scheme that is taken there.
///
/// ```
/// use arbour::{DynStore, KvStore, MemoryStore, Registry};
/// let mut registry = Registry::built_in();
/// registry.register("scratch", |_place, options| {
///     Ok(DynStore::new(MemoryStore::open(options)?))
/// })?;
/// let store = registry.open("scratch:")?;
/// assert_eq!(store.capabilities().engine, "memory");
/// # Ok::<(), arbour::Error>(())
/// ```
#[derive(Clone, Default)]
pub struct Registry {
    schemes: BTreeMap<String, Scheme>,
}

impl Registry {
    /// Creates a registry without any engine.
    ///
    /// ```
    /// assert!(arbour::Registry::new().schemes().is_empty());
    /// ```
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Creates a registry of the engines this program was built with. The names of Arbour's other
    /// engines are reserved, so that a URL means the same in every build.
    ///
    /// ```
    /// assert!(arbour::Registry::built_in().schemes().contains(&"memory".to_owned()));
    /// ```
    #[must_use]
    pub fn built_in() -> Self {
        let schemes = engines::ENGINES.iter().map(|engine| {
            let scheme = match engine.open {
                Some(open) => Scheme::Open(Arc::new(open)),
                None => Scheme::NotBuilt { feature: engine.scheme },
            };
            (engine.scheme.to_owned(), scheme)
        });
        Self { schemes: schemes.collect() }
    }

    /// Adds a scheme. The opener gets the unmodified part after the colon of a URL and the options
    /// given to [`open_with`](Self::open_with); it may set further options of its engine.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidArgument`] if the scheme is taken, or is invalid: it needs at least two
    /// characters, starts with a lowercase ASCII letter, and continues with lowercase ASCII
    /// letters, digits, `+`, `-` and `.`. The registry is unchanged.
    ///
    /// ```
    /// use arbour::{DynStore, ErrorKind, MemoryStore, Registry};
    /// let mut registry = Registry::built_in();
    /// let error = registry.register("memory", |_, _| Ok(DynStore::new(MemoryStore::new())));
    /// assert_eq!(error.unwrap_err().kind(), ErrorKind::InvalidArgument);
    /// ```
    pub fn register(
        &mut self,
        scheme: &str,
        opener: impl Fn(&str, &StoreOptions) -> Result<DynStore> + Send + Sync + 'static,
    ) -> Result<()> {
        self.insert(scheme, &(Arc::new(opener) as Opener))
    }

    /// Adds a scheme. If it is refused, the caller drops the opener, because its destructor may run
    /// arbitrary code.
    pub(crate) fn insert(&mut self, scheme: &str, opener: &Opener) -> Result<()> {
        if !is_scheme(scheme) {
            return Err(refuse(format!(
                "{scheme:?} is no scheme: it takes two or more lowercase letters, digits, '+', \
                 '-' and '.', a letter first"
            )));
        }
        match self.schemes.get(scheme) {
            Some(Scheme::Open(_)) => {
                return Err(refuse(format!("{scheme:?} is taken: choose another scheme")));
            }
            Some(Scheme::NotBuilt { .. }) => {
                return Err(refuse(format!(
                    "{scheme:?} is an engine of Arbour's, though it was not built in: choose another \
                     scheme"
                )));
            }
            None => {}
        }
        self.schemes.insert(scheme.to_owned(), Scheme::Open(Arc::clone(opener)));
        Ok(())
    }

    /// Opens the store that a URL names, creating it if it is absent; see [`open`](crate::open) for
    /// the URLs.
    ///
    /// # Errors
    /// As [`open`](crate::open).
    ///
    /// ```
    /// use arbour::{ErrorKind, KvStore, Registry};
    /// let store = Registry::built_in().open("memory:")?;
    /// assert_eq!(store.capabilities().engine, "memory");
    /// let error = Registry::new().open("memory:").unwrap_err();
    /// assert_eq!(error.kind(), ErrorKind::InvalidArgument);
    /// # Ok::<(), arbour::Error>(())
    /// ```
    pub fn open(&self, url: &str) -> Result<DynStore> {
        self.open_with(url, &StoreOptions::new())
    }

    /// Opens the store that a URL names, with options.
    ///
    /// # Errors
    /// As [`open`](crate::open).
    ///
    /// ```
    /// use arbour::{ErrorKind, KvStore, Registry, StoreOptions};
    /// let options = StoreOptions::new().read_only(true);
    /// let store = Registry::built_in().open_with("memory:", &options)?;
    /// assert_eq!(store.begin().err().unwrap().kind(), ErrorKind::ReadOnly);
    /// # Ok::<(), arbour::Error>(())
    /// ```
    pub fn open_with(&self, url: &str, options: &StoreOptions) -> Result<DynStore> {
        let (opener, place) = self.resolve(url)?;
        opener(place, options)
    }

    /// Returns the schemes that can be opened, sorted.
    ///
    /// ```
    /// use arbour::{DynStore, MemoryStore, Registry};
    /// let mut registry = Registry::new();
    /// registry.register("scratch", |_, _| Ok(DynStore::new(MemoryStore::new())))?;
    /// assert_eq!(registry.schemes(), ["scratch"]);
    /// # Ok::<(), arbour::Error>(())
    /// ```
    #[must_use]
    pub fn schemes(&self) -> Vec<String> {
        self.openable().map(str::to_owned).collect()
    }

    /// Returns the opener for a URL, and the place to open.
    pub(crate) fn resolve<'u>(&self, url: &'u str) -> Result<(Opener, &'u str)> {
        let Some((name, place)) = url.split_once(':') else {
            let named = self.openable().find(|scheme| *scheme == url);
            return Err(refuse(match named {
                Some(scheme) => format!("{url:?} lacks the colon: write \"{scheme}:\" and a place"),
                None => format!(
                    "{url:?} names no engine: put one and a colon before the path; {}",
                    self.listed()
                ),
            }));
        };
        match self.schemes.get(name) {
            Some(Scheme::Open(opener)) => Ok((Arc::clone(opener), place)),
            Some(Scheme::NotBuilt { feature }) => {
                let message = format!(
                    "the engine {name:?} was not built in: switch on the Cargo feature \
                     {feature:?} of arbour; {}",
                    self.listed()
                );
                Err(Error::new(ErrorKind::Unsupported, Operation::Open, message))
            }
            None => {
                let hint = self.hint(name, place);
                Err(refuse(format!("there is no engine {name:?}{hint}; {}", self.listed())))
            }
        }
    }

    /// Suggests what may have been meant by an unknown scheme.
    fn hint(&self, name: &str, place: &str) -> String {
        let is_drive = name.len() == 1 && name.bytes().all(|byte| byte.is_ascii_alphabetic());
        if is_drive && place.starts_with(['\\', '/']) {
            return ", it looks like a drive: put an engine and a colon before the path".to_owned();
        }
        let lower = name.trim().to_ascii_lowercase();
        // Also matches truncated and extended names: "rocks", "sqlite3".
        let is_near = |scheme: &&String| {
            lower.len() >= 3 && (scheme.starts_with(&lower) || lower.starts_with(scheme.as_str()))
        };
        let near = self.schemes.keys().find(is_near);
        near.map(|scheme| format!(", did you mean \"{scheme}:\"?")).unwrap_or_default()
    }

    fn listed(&self) -> String {
        let names: Vec<String> = self.openable().map(|scheme| format!("{scheme}:")).collect();
        if names.is_empty() {
            return "this program can open none".to_owned();
        }
        format!("this program can open {}", names.join(", "))
    }

    fn openable(&self) -> impl Iterator<Item = &str> {
        let openable = self.schemes.iter().filter(|(_, scheme)| matches!(scheme, Scheme::Open(_)));
        openable.map(|(name, _)| name.as_str())
    }
}

impl fmt::Debug for Registry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Registry").field("schemes", &self.schemes()).finish_non_exhaustive()
    }
}

/// Tells whether a text is a valid scheme. It has at least two characters, because a single letter
/// is a drive on Windows.
fn is_scheme(name: &str) -> bool {
    name.len() >= 2
        && name.starts_with(|first: char| first.is_ascii_lowercase())
        && name.bytes().all(|byte| {
            byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"+-.".contains(&byte)
        })
}

fn refuse(message: String) -> Error {
    Error::new(ErrorKind::InvalidArgument, Operation::Open, message)
}
