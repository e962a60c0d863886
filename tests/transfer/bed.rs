//! Stores to move.

use arbour::{DynStore, KvStore as _, KvWrite as _};
use arbour_core::engine::TreeName;

use crate::noise::noise;

/// A store of an engine in a folder of its own, which is removed with it.
pub(crate) struct Bed {
    pub(crate) store: DynStore,
    pub(crate) scheme: String,
    _folder: tempfile::TempDir,
}

/// The engines that need no server.
pub(crate) fn local_engines() -> impl Iterator<Item = String> {
    arbour::schemes().into_iter().filter(|scheme| scheme != "postgres")
}

impl Bed {
    pub(crate) fn new(scheme: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let url = if scheme == "memory" {
            "memory:".to_owned()
        } else {
            format!("{scheme}:{}", folder.path().join("store").display())
        };
        let store = arbour::open(&url).unwrap();
        Self { store, scheme: scheme.to_owned(), _folder: folder }
    }

    /// One of each engine.
    pub(crate) fn all() -> Vec<Self> {
        local_engines().map(|scheme| Self::new(&scheme)).collect()
    }

    /// A store that holds what is hard to move, and a tree of a layer.
    pub(crate) fn filled(scheme: &str) -> Self {
        let bed = Self::new(scheme);
        let tree = |name: &str| bed.store.open_tree(TreeName::stored(name).unwrap()).unwrap();
        bed.store
            .write(|transaction| {
                for (name, key, value) in entries() {
                    transaction.put(&tree(&name), &key, &value)?;
                }
                Ok::<_, arbour::Error>(())
            })
            .unwrap();
        bed
    }
}

/// What is hard to move: look-alike names and keys, bytes at the ends of the order, empty and large
/// values.
pub(crate) fn entries() -> Vec<(String, Vec<u8>, Vec<u8>)> {
    let mut entries = Vec::new();
    for name in ["arbour/doc/people", "people", "people2", "Ünïcode ✓"] {
        for key in [&b"\0"[..], b"a", b"a\0", b"ab", b"\xfe", b"\xff", b"\xff\xff\xff\xff\xff"] {
            entries.push((name.to_owned(), key.to_vec(), [name.as_bytes(), key].concat()));
        }
    }
    entries.push(("people".to_owned(), b"nothing".to_vec(), Vec::new()));
    entries.push(("people".to_owned(), b"much".to_vec(), noise(0, 3 << 20)));
    for number in 0..2000u32 {
        let key = number.to_be_bytes().to_vec();
        entries.push(("numbers".to_owned(), key, format!("number {number}").into_bytes()));
    }
    entries
}

/// The number of those entries.
pub(crate) fn count() -> u64 {
    entries().len() as u64
}
