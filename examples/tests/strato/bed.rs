//! Folders for stores, and ways to run a test on every engine.

use std::sync::Arc;
use std::time::Duration;

use arbour::{DynStore, StoreOptions};
use tempfile::TempDir;

use crate::stores::Stores;

/// A folder for a store, and perhaps one for the queue, that are removed when the test ends.
pub(crate) struct Bed {
    pub(crate) folder: TempDir,
    engine: &'static str,
    queue: Option<&'static str>,
}

impl Bed {
    pub(crate) fn of(engine: &'static str) -> Self {
        Self { folder: tempfile::tempdir().unwrap(), engine, queue: None }
    }

    /// The queue is in a store of its own.
    pub(crate) fn apart(engine: &'static str, queue: &'static str) -> Self {
        Self { queue: Some(queue), ..Self::of(engine) }
    }

    pub(crate) fn url(&self) -> String {
        self.url_of("store", self.engine)
    }

    pub(crate) fn queue_url(&self) -> Option<String> {
        self.queue.map(|engine| self.url_of("queue", engine))
    }

    fn url_of(&self, name: &str, engine: &str) -> String {
        if engine == "memory" {
            return "memory:".to_owned();
        }
        format!("{engine}:{}", self.folder.path().join(format!("{name}.{engine}")).display())
    }

    pub(crate) fn open(&self) -> Arc<DynStore> {
        open(&self.url())
    }

    pub(crate) fn open_all(&self) -> Stores {
        Stores { store: self.open(), queue: self.queue_url().as_deref().map(open) }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.folder.path().read_dir().unwrap().next().is_none()
    }
}

fn open(url: &str) -> Arc<DynStore> {
    // Many threads may have to wait for each other's commits on a slow machine.
    let options = StoreOptions::new().busy_timeout(Duration::from_secs(120));
    Arc::new(arbour::open_with(url, &options).unwrap())
}

/// The same on every engine, and with the queue apart.
macro_rules! with_every_queue {
    ($($name:ident),+ $(,)?) => {
        $(mod $name {
            #[test]
            fn memory() {
                super::$name(&crate::bed::Bed::of("memory"));
            }

            #[test]
            fn memory_with_its_queue_apart() {
                super::$name(&crate::bed::Bed::apart("memory", "memory"));
            }

            $crate::engines::at_a_path!($name);
            $crate::bed::apart!($name);
        })+
    };
}
pub(crate) use with_every_queue;

/// The same on persistent engines, and with the queue apart.
macro_rules! with_every_persistent_queue {
    ($($name:ident),+ $(,)?) => {
        $(mod $name {
            $crate::engines::at_a_path!($name);
            $crate::bed::apart!($name);
        })+
    };
}
pub(crate) use with_every_persistent_queue;

macro_rules! apart {
    ($name:ident) => {
        #[test]
        fn redb_with_its_queue_apart() {
            super::$name(&crate::bed::Bed::apart("redb", "redb"));
        }

        #[cfg(feature = "rocksdb")]
        #[test]
        fn redb_with_its_queue_in_rocksdb() {
            super::$name(&crate::bed::Bed::apart("redb", "rocksdb"));
        }

        #[cfg(feature = "sled")]
        #[test]
        fn sled_with_its_queue_in_redb() {
            super::$name(&crate::bed::Bed::apart("sled", "redb"));
        }

        #[cfg(feature = "sqlite")]
        #[test]
        fn sqlite_with_its_queue_in_redb() {
            super::$name(&crate::bed::Bed::apart("sqlite", "redb"));
        }
    };
}
pub(crate) use apart;
