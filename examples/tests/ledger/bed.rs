//! Folders for stores, and a way to run a test on every persistent engine.

use std::path::PathBuf;

use arbour::DynStore;
use tempfile::TempDir;

/// A folder for a store, and perhaps one for the log, that are removed when the test ends.
pub(crate) struct Bed {
    pub(crate) folder: TempDir,
    store: &'static str,
    log: Option<&'static str>,
}

impl Bed {
    pub(crate) fn redb() -> Self {
        Self::of("redb")
    }

    /// The log is in the store of the documents.
    pub(crate) fn of(engine: &'static str) -> Self {
        Self { folder: tempfile::tempdir().unwrap(), store: engine, log: None }
    }

    /// The log is in a store of its own.
    pub(crate) fn apart(engine: &'static str, log: &'static str) -> Self {
        Self { log: Some(log), ..Self::of(engine) }
    }

    /// The path of the store, once there is one.
    pub(crate) fn path(&self) -> PathBuf {
        self.folder.path().join(format!("store.{}", self.store))
    }

    pub(crate) fn url(&self) -> String {
        format!("{}:{}", self.store, self.path().display())
    }

    /// Returns the URL of the log, if it is in a store of its own.
    pub(crate) fn log_url(&self) -> Option<String> {
        let engine = self.log?;
        Some(format!("{engine}:{}", self.folder.path().join(format!("log.{engine}")).display()))
    }

    /// Opens the store of the documents, while the program is not running.
    pub(crate) fn open(&self) -> DynStore {
        arbour::open(&self.url()).unwrap()
    }

    /// Opens the store the log is in.
    pub(crate) fn open_log(&self) -> DynStore {
        arbour::open(&self.log_url().unwrap_or_else(|| self.url())).unwrap()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.folder.path().read_dir().unwrap().next().is_none()
    }
}

/// Makes a test for each engine from each function, which takes a [`Bed`], and some with the log
/// apart.
macro_rules! on_every_persistent_engine {
    ($($name:ident),+ $(,)?) => {
        $(mod $name {
            #[test]
            fn redb() {
                super::$name(&crate::bed::Bed::redb());
            }

            #[test]
            fn redb_with_its_log_apart() {
                super::$name(&crate::bed::Bed::apart("redb", "redb"));
            }

            #[cfg(feature = "fjall")]
            #[test]
            fn fjall() {
                super::$name(&crate::bed::Bed::of("fjall"));
            }

            #[cfg(feature = "lmdb")]
            #[test]
            fn lmdb() {
                super::$name(&crate::bed::Bed::of("lmdb"));
            }

            #[cfg(feature = "rocksdb")]
            #[test]
            fn rocksdb() {
                super::$name(&crate::bed::Bed::of("rocksdb"));
            }

            #[cfg(feature = "rocksdb")]
            #[test]
            fn redb_with_its_log_in_rocksdb() {
                super::$name(&crate::bed::Bed::apart("redb", "rocksdb"));
            }

            #[cfg(feature = "sled")]
            #[test]
            fn sled() {
                super::$name(&crate::bed::Bed::of("sled"));
            }

            #[cfg(feature = "sled")]
            #[test]
            fn sled_with_its_log_in_redb() {
                super::$name(&crate::bed::Bed::apart("sled", "redb"));
            }

            #[cfg(feature = "sqlite")]
            #[test]
            fn sqlite() {
                super::$name(&crate::bed::Bed::of("sqlite"));
            }

            #[cfg(feature = "sqlite")]
            #[test]
            fn redb_with_its_log_in_sqlite() {
                super::$name(&crate::bed::Bed::apart("redb", "sqlite"));
            }
        })+
    };
}
pub(crate) use on_every_persistent_engine;
