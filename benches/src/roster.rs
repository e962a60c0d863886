//! The entrants: every engine that is built in, with Arbour and with its own API.

use std::path::Path;

use arbour::GroupCommit;
use arbour_core::{Capabilities, KvStore as _, Result, StoreOptions};

use crate::Arbour;
use crate::contender::Contender;
use crate::report::{ENGINES, Engine};
use crate::subject::{Memory, Native, Subject, Visit, contend, visit_each};

/// Makes something from an unused path.
type Make<T> = Box<dyn Fn(&Path) -> Result<T>>;

/// An entrant.
///
/// ```
/// use arbour_benches::roster::roster;
/// # let folder = tempfile::tempdir().unwrap();
/// let entrants = roster();
/// let redb = entrants.iter().find(|entrant| entrant.name == "redb").unwrap();
/// let contender = redb.make(&folder.path().join("store"))?;
/// assert_eq!(contender.scan()?, 0);
/// # Ok::<(), arbour_core::Error>(())
/// ```
pub struct Entrant {
    /// The name of its figures.
    pub name: String,
    /// The engine.
    pub engine: Engine,
    /// Whether it uses the engine's own API.
    pub is_raw: bool,
    make: Make<Box<dyn Contender>>,
    make_grouped: Option<Make<Box<dyn Contender>>>,
    capabilities: Option<Make<Capabilities>>,
}

impl Entrant {
    /// Makes a contender with a store at an unused path.
    ///
    /// # Errors
    /// What the engine reports.
    ///
    /// ```
    /// # let folder = tempfile::tempdir().unwrap();
    /// for (number, entrant) in arbour_benches::roster::roster().iter().enumerate() {
    ///     assert!(entrant.make(&folder.path().join(number.to_string())).is_ok());
    /// }
    /// ```
    pub fn make(&self, path: &Path) -> Result<Box<dyn Contender>> {
        (self.make)(path)
    }

    /// Makes a contender whose batches share their commits; `None` for an engine's own API.
    ///
    /// ```
    /// # let folder = tempfile::tempdir().unwrap();
    /// for (number, entrant) in arbour_benches::roster::roster().iter().enumerate() {
    ///     let made = entrant.make_grouped(&folder.path().join(number.to_string()));
    ///     assert_eq!(made.is_none(), entrant.is_raw);
    /// }
    /// ```
    #[must_use]
    pub fn make_grouped(&self, path: &Path) -> Option<Result<Box<dyn Contender>>> {
        self.make_grouped.as_ref().map(|make| make(path))
    }

    /// Returns the capabilities of the engine with Arbour; `None` for an engine's own API. It makes
    /// a store at the path to read them.
    ///
    /// ```
    /// # let folder = tempfile::tempdir().unwrap();
    /// let entrants = arbour_benches::roster::roster();
    /// let capabilities = entrants[0].capabilities(&folder.path().join("store"));
    /// assert_eq!(capabilities.unwrap()?.engine, entrants[0].name);
    /// # Ok::<(), arbour_core::Error>(())
    /// ```
    #[must_use]
    pub fn capabilities(&self, path: &Path) -> Option<Result<Capabilities>> {
        self.capabilities.as_ref().map(|capabilities| capabilities(path))
    }
}

/// Returns all entrants, each engine's own API after Arbour on it.
///
/// ```
/// let names: Vec<_> = arbour_benches::roster::roster().into_iter().map(|e| e.name).collect();
/// assert!(names.starts_with(&["redb".into(), "redb-raw".into()]));
/// ```
#[must_use]
pub fn roster() -> Vec<Entrant> {
    let mut entrants = Entrants::default();
    // A visitor that cannot fail has nothing to report.
    let _ = visit_each(&[], &mut entrants);
    entrants.0.push(by_arbour::<Memory>());
    entrants.0
}

#[derive(Default)]
struct Entrants(Vec<Entrant>);

impl Visit for Entrants {
    fn visit<N: Native>(&mut self) -> Result<()> {
        self.0.push(by_arbour::<N>());
        self.0.extend(raw(engine(N::NAME)));
        Ok(())
    }
}

/// Describes what the engine is asked to do for a commit of each level, weakest first, with Arbour
/// and with its own API alike.
pub(crate) fn durability_settings(engine: &str) -> [&'static str; 3] {
    match engine {
        "redb" => ["Durability::None", "Durability::Immediate", "Durability::Immediate"],
        "sqlite" => ["synchronous = NORMAL", "synchronous = NORMAL", "synchronous = FULL"],
        "sled" => ["no flush", "flush", "flush and fsync"],
        "fjall" => ["journal, buffered", "journal", "journal, synced"],
        "lmdb" => ["MDB_NOMETASYNC", "MDB_NOMETASYNC", "MDB_NOMETASYNC and mdb_env_sync"],
        "rocksdb" => ["write-ahead log", "write-ahead log", "write-ahead log, synced"],
        _ => [""; 3],
    }
}

fn engine(name: &str) -> Engine {
    let known = ENGINES.into_iter().find(|engine| engine.name == name);
    known.expect("the report knows every engine that is measured")
}

fn by_arbour<S: Subject>() -> Entrant {
    Entrant {
        name: S::NAME.to_owned(),
        engine: engine(S::NAME),
        is_raw: false,
        make: Box::new(|path| Ok(Box::new(contend::<S>(path.to_owned(), &options())?))),
        make_grouped: Some(Box::new(|path| {
            let store = GroupCommit::new(S::open(path, &options())?);
            let path = path.to_owned();
            let settle = move |store: &GroupCommit<S::Store>| S::settle(store.inner(), &path);
            Ok(Box::new(Arbour::settled_by(store, settle)?))
        })),
        capabilities: Some(Box::new(|path| Ok(S::open(path, &options())?.capabilities().clone()))),
    }
}

fn raw(engine: Engine) -> Option<Entrant> {
    let make: Make<Box<dyn Contender>> = match engine.name {
        "redb" => Box::new(|path| Ok(Box::new(crate::RawRedb::create(path)?))),
        #[cfg(feature = "sqlite")]
        "sqlite" => Box::new(|path| Ok(Box::new(crate::RawSqlite::create(path)?))),
        #[cfg(feature = "sled")]
        "sled" => Box::new(|path| Ok(Box::new(crate::RawSled::create(path)?))),
        #[cfg(feature = "fjall")]
        "fjall" => Box::new(|path| Ok(Box::new(crate::RawFjall::create(path)?))),
        #[cfg(feature = "lmdb")]
        "lmdb" => Box::new(|path| Ok(Box::new(crate::RawLmdb::create(path)?))),
        #[cfg(feature = "rocksdb")]
        "rocksdb" => Box::new(|path| Ok(Box::new(crate::RawRocksdb::create(path)?))),
        _ => return None,
    };
    let name = engine.raw_contender();
    Some(Entrant { name, engine, is_raw: true, make, make_grouped: None, capabilities: None })
}

fn options() -> StoreOptions {
    StoreOptions::new()
}
