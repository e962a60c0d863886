//! The test bed of one case: a store in a folder of its own.

use std::path::{Path, PathBuf};

use arbour_core::{
    Batch, Capabilities, Direction, Durability, Error, KeyRange, KvRead, KvStore, Result,
    StoreOptions, Tree,
};
use tempfile::TempDir;

use crate::case::TestBed;
use crate::harness::{entries, new_folder};
use crate::{Axis, Factory};

/// Trees beside those of the case on the `namespaced` axis. Their names are similar to the names
/// that the cases use: `t`, `u` and `v`.
const NEIGHBOURS: [&str; 8] = ["T", "s", "t ", "t!", "tt", "t/u", "u0", "v\u{ff}"];

/// The keys of the neighbours: similar to the keys that the cases use.
fn look_alike_keys() -> Vec<Vec<u8>> {
    let mut keys: Vec<Vec<u8>> = vec![
        b"0".to_vec(),
        b"10".to_vec(),
        b"2".to_vec(),
        b"a".to_vec(),
        b"a\0".to_vec(),
        b"ab".to_vec(),
        b"b".to_vec(),
        b"c".to_vec(),
        b"k".to_vec(),
        b"key".to_vec(),
        b"p".to_vec(),
        b"p\xffx".to_vec(),
        vec![0],
        vec![1, 0xff],
        vec![2],
        vec![0x7f],
        vec![0x80],
        vec![0xff],
        vec![0xff, 0xff],
    ];
    keys.extend([17, 33].map(|length| vec![0xff; length]));
    keys
}

const NEIGHBOUR_VALUE: &[u8] = b"the neighbour's";

/// What a case works with: a store in a folder of its own, on one axis.
pub(crate) struct Bed<F: Factory> {
    factory: F,
    axis: Axis,
    store: F::Store,
    capabilities: Capabilities,
    path: PathBuf,
    negative: bool,
    has_neighbours: bool,
    folder: TempDir,
}

impl<F: Factory> Bed<F> {
    /// Opens a new store in a new folder.
    ///
    /// # Errors
    /// The errors of the engine or the file system.
    pub(crate) fn new(factory: F, axis: Axis) -> Result<Self> {
        let folder = new_folder()?;
        let path = folder.path().join("store");
        let store = factory.open(&path, &StoreOptions::new())?;
        let capabilities = store.capabilities().clone();
        let bed = Self {
            factory,
            axis,
            store,
            capabilities,
            path,
            negative: false,
            has_neighbours: axis == Axis::Namespaced,
            folder,
        };
        if axis == Axis::Namespaced {
            bed.fill_neighbours()?;
        }
        Ok(bed)
    }

    /// Returns the store.
    pub(crate) fn store(&self) -> &F::Store {
        &self.store
    }

    /// Returns the capabilities of the store.
    pub(crate) fn capabilities(&self) -> &Capabilities {
        &self.capabilities
    }

    /// Returns the factory.
    pub(crate) fn factory(&self) -> &F {
        &self.factory
    }

    /// Returns the axis.
    pub(crate) fn axis(&self) -> Axis {
        self.axis
    }

    /// Returns the path of the store.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Returns an unused path in the case's folder.
    pub(crate) fn other_path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Resolves a tree of the store.
    ///
    /// # Errors
    /// What the engine reports.
    pub(crate) fn tree(&self, name: &str) -> Result<Tree> {
        self.store.tree(name)
    }

    /// Ends the writing part of a case. On the `reopened` axis the store is closed and opened
    /// again, and handles have to be resolved anew.
    ///
    /// # Errors
    /// What the engine reports.
    pub(crate) fn settle(&mut self) -> Result<()> {
        if self.axis == Axis::Reopened { self.reopen() } else { Ok(()) }
    }

    /// Closes the store and opens it again, on every axis.
    ///
    /// # Errors
    /// What the engine reports.
    pub(crate) fn reopen(&mut self) -> Result<()> {
        self.reopen_with(&StoreOptions::new())
    }

    /// Closes the store and opens it again with other options.
    ///
    /// # Errors
    /// What the engine reports.
    pub(crate) fn reopen_with(&mut self, options: &StoreOptions) -> Result<()> {
        self.store.close()?;
        self.store = self.factory.open(&self.path, options)?;
        self.capabilities = self.store.capabilities().clone();
        if self.axis == Axis::Namespaced && !self.capabilities.persistent {
            // They went with the store, and the new one needs neighbours too.
            self.has_neighbours = !options.is_read_only();
            if self.has_neighbours {
                self.fill_neighbours()?;
            }
        }
        Ok(())
    }

    /// Records that the engine does not have the ability that the case is about, and that the case
    /// checked the refusal instead.
    pub(crate) fn negative(&mut self) {
        self.negative = true;
    }

    /// Returns the names of the trees that hold an entry, without the neighbours of the
    /// `namespaced` axis.
    ///
    /// # Errors
    /// What the engine reports.
    pub(crate) fn trees_of(&self, reader: &impl KvRead) -> Result<Vec<String>> {
        let mut names = reader.trees()?;
        if self.axis == Axis::Namespaced {
            for neighbour in NEIGHBOURS {
                let listed = names.iter().position(|name| name == neighbour);
                assert!(listed.is_some(), "the neighbour {neighbour:?} is not listed: {names:?}");
                names.retain(|name| name != neighbour);
            }
        }
        Ok(names)
    }

    /// Returns the number of entries that are not the case's own.
    pub(crate) fn neighbour_entries(&self) -> u64 {
        match self.axis {
            Axis::Namespaced => (NEIGHBOURS.len() * look_alike_keys().len()) as u64,
            _ => 0,
        }
    }

    fn fill_neighbours(&self) -> Result<()> {
        let mut batch = Batch::new();
        for name in NEIGHBOURS {
            let tree = self.store.tree(name)?;
            for key in look_alike_keys() {
                batch.put(&tree, &key, NEIGHBOUR_VALUE);
            }
        }
        self.store.apply(batch, Durability::PowerLoss)
    }

    fn check_neighbours(&self) -> Result<()> {
        if !self.capabilities.persistent {
            // If the case closed the store, they cannot be read any more.
            return match self.store.snapshot() {
                Ok(snapshot) if self.has_neighbours => {
                    neighbours_are_as_before(&self.store, &snapshot)
                }
                _ => Ok(()),
            };
        }
        // A case may end with a closed or read-only store, so the store is opened again.
        self.store.close()?;
        let store = self.factory.open(&self.path, &StoreOptions::new())?;
        neighbours_are_as_before(&store, &store.snapshot()?)
    }
}

impl<F: Factory> TestBed for Bed<F> {
    type Error = Error;

    /// Also checks that the neighbours are unchanged.
    fn finish(self) -> Result<bool> {
        if self.axis == Axis::Namespaced {
            self.check_neighbours()?;
        }
        Ok(self.negative)
    }
}

fn neighbours_are_as_before<S: KvStore>(store: &S, snapshot: &S::Snapshot<'_>) -> Result<()> {
    let mut expected: Vec<_> =
        look_alike_keys().into_iter().map(|key| (key, NEIGHBOUR_VALUE.to_vec())).collect();
    expected.sort();
    for name in NEIGHBOURS {
        let tree = store.tree(name)?;
        let found = entries(snapshot.scan(&tree, KeyRange::all(), Direction::Forward)?)?;
        assert_eq!(found, expected, "the neighbour {name:?} was changed");
    }
    Ok(())
}
