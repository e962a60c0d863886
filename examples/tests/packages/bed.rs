//! A folder for a store, and a way to run a test on every persistent engine.

use std::path::PathBuf;

use tempfile::TempDir;

/// A folder for a store that is removed when the test ends.
pub(crate) struct Bed {
    pub(crate) folder: TempDir,
    scheme: &'static str,
}

impl Bed {
    pub(crate) fn redb() -> Self {
        Self::of("redb")
    }

    pub(crate) fn of(scheme: &'static str) -> Self {
        Self { folder: tempfile::tempdir().unwrap(), scheme }
    }

    /// The path of the store, once there is one.
    pub(crate) fn path(&self) -> PathBuf {
        self.folder.path().join(format!("store.{}", self.scheme))
    }

    pub(crate) fn url(&self) -> String {
        format!("{}:{}", self.scheme, self.path().display())
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.folder.path().read_dir().unwrap().next().is_none()
    }
}

/// Makes a test for each engine from each function, which takes a [`Bed`].
macro_rules! on_every_persistent_engine {
    ($($name:ident),+ $(,)?) => {
        $(mod $name {
            #[test]
            fn redb() {
                super::$name(&crate::bed::Bed::redb());
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

            #[cfg(feature = "sled")]
            #[test]
            fn sled() {
                super::$name(&crate::bed::Bed::of("sled"));
            }

            #[cfg(feature = "sqlite")]
            #[test]
            fn sqlite() {
                super::$name(&crate::bed::Bed::of("sqlite"));
            }
        })+
    };
}
pub(crate) use on_every_persistent_engine;
