//! Loaded stores, kept while they are measured.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use arbour_benches::contender::Contender;
use arbour_benches::workload::{self, Entry, VALUE_BYTES};
use arbour_core::{Durability, Result};
use tempfile::TempDir;

use crate::scale::Scale;

/// How many entries are loaded in one transaction, as a program would.
const CHUNK: u64 = 10_000;

/// The key of a store: the engine and the contents.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct StoreKey {
    pub(crate) contender: String,
    pub(crate) entries: u64,
    pub(crate) value_bytes: usize,
}

impl StoreKey {
    /// Tells whether it is one of the stores for most kinds of work, and not one of a special size.
    pub(crate) fn is_shared(&self, scale: Scale) -> bool {
        self.entries == scale.entries && self.value_bytes == VALUE_BYTES
    }
}

/// A store and its folder.
struct Loaded {
    folder: PathBuf,
    contender: Rc<dyn Contender>,
}

/// A folder of stores. Each is loaded when it is first requested, so that a run of one topic loads
/// only what it needs.
pub(crate) struct Stores {
    folder: TempDir,
    loaded: RefCell<HashMap<StoreKey, Loaded>>,
    made: Cell<u64>,
}

impl Stores {
    pub(crate) fn new(within: &Path) -> io::Result<Self> {
        let folder = TempDir::with_prefix_in("arbour-bench-", within)?;
        Ok(Self { folder, loaded: RefCell::default(), made: Cell::new(0) })
    }

    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Returns an unused path in a folder of its own.
    pub(crate) fn new_path(&self) -> PathBuf {
        self.made.set(self.made.get() + 1);
        let folder = self.folder.path().join(self.made.get().to_string());
        fs::create_dir(&folder).expect("a folder for a store can be made");
        folder.join("store")
    }

    /// Returns the store of that name, made and loaded if it does not exist.
    pub(crate) fn get(
        &self,
        key: &StoreKey,
        make: impl FnOnce(&Path) -> Result<Box<dyn Contender>>,
    ) -> Rc<dyn Contender> {
        if let Some(loaded) = self.loaded.borrow().get(key) {
            return Rc::clone(&loaded.contender);
        }
        let path = self.new_path();
        let contender = make(&path).expect("a new store opens");
        load(contender.as_ref(), key).expect("the entries can be stored");
        let contender: Rc<dyn Contender> = contender.into();
        let folder = path.parent().expect("a store has a folder").to_owned();
        let loaded = Loaded { folder, contender: Rc::clone(&contender) };
        self.loaded.borrow_mut().insert(key.clone(), loaded);
        contender
    }

    /// Closes the stores that are not kept, and removes them and their files.
    pub(crate) fn keep_only(&self, keep: impl Fn(&StoreKey) -> bool) {
        let mut loaded = self.loaded.borrow_mut();
        loaded.retain(|key, _| keep(key));
        for entry in self.folder.path().read_dir().into_iter().flatten().flatten() {
            let path = entry.path();
            if loaded.values().any(|loaded| loaded.folder == path) {
                continue;
            }
            let removed =
                if path.is_dir() { fs::remove_dir_all(&path) } else { fs::remove_file(&path) };
            removed.expect("a closed store can be removed");
        }
    }
}

fn load(contender: &dyn Contender, key: &StoreKey) -> Result<()> {
    let mut first = 0;
    while first < key.entries {
        let end = (first + CHUNK).min(key.entries);
        let entry = |entry| (workload::key(entry), workload::value(entry, key.value_bytes));
        let chunk: Vec<Entry> = (first..end).map(entry).collect();
        contender.put(&chunk, Durability::PowerLoss)?;
        first = end;
    }
    contender.settle()
}
