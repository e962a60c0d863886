//! The contents of stores and folders, for comparison.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::time::SystemTime;

use arbour_core::{Cursor as _, Direction, KeyRange, KvRead, KvStore, Result};
use arbour_rocksdb::RocksdbStore;

/// The files of a folder: their names, times of change and bytes.
pub(crate) type Files = BTreeMap<String, (SystemTime, Vec<u8>)>;

pub(crate) fn files(folder: &Path) -> Files {
    let mut files = Files::new();
    for entry in fs::read_dir(folder).expect("the folder is there") {
        let entry = entry.expect("it can be listed");
        let changed = entry.metadata().and_then(|found| found.modified());
        let name = entry.file_name().into_string().expect("RocksDB writes ASCII");
        let bytes = fs::read(entry.path()).expect("it can be read");
        files.insert(name, (changed.expect("times are kept"), bytes));
    }
    files
}

/// Copies a folder as it is, which is what the death of the process would leave.
pub(crate) fn copy_folder(from: &Path, to: &Path) {
    fs::create_dir(to).expect("nothing is there yet");
    for (name, (_, bytes)) in files(from) {
        fs::write(to.join(name), bytes).expect("there is room");
    }
}

/// The names of the files with this extension. They are not read, because RocksDB may remove some
/// meanwhile.
pub(crate) fn ending(folder: &Path, ending: &str) -> Vec<String> {
    let names = fs::read_dir(folder).expect("the folder is there").flatten();
    let names = names.filter_map(|entry| entry.file_name().into_string().ok());
    names.filter(|name| name.ends_with(ending)).collect()
}

pub(crate) fn keys(store: &RocksdbStore, tree: &str) -> Result<Vec<Vec<u8>>> {
    let (snapshot, tree) = (store.snapshot()?, store.tree(tree)?);
    let mut cursor = snapshot.scan(&tree, KeyRange::all(), Direction::Forward)?;
    let mut keys = Vec::new();
    while let Some((key, _)) = cursor.next()? {
        keys.push(key.to_vec());
    }
    Ok(keys)
}
