//! The files that are damaged.

use std::fs;
use std::path::Path;

use arbour_core::{Error, KvStore, KvWrite, Result, StoreOptions};
use arbour_redb::RedbStore;
use tempfile::TempDir;

pub(crate) const TREES: [&str; 3] = ["orders", "stock", "users"];
pub(crate) const PAGE: usize = 4096;
pub(crate) const SECTOR: usize = 512;

/// Numbers that are the same in each run.
pub(crate) struct Random(pub(crate) u64);

impl Random {
    pub(crate) fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % end as u64) as usize
    }
}

/// Writes a store of several pages, with freed pages and large values, and returns its file
/// twice: before and after the store is closed.
pub(crate) fn images(folder: &Path) -> Result<[Vec<u8>; 2]> {
    let path = folder.join("intact");
    let store = RedbStore::open(&path, &StoreOptions::new())?;
    for round in 0..6_u32 {
        if round == 5 {
            // So that most pages of the file are in use.
            store.compact()?;
        }
        store.write(|transaction| {
            for name in TREES {
                let tree = store.tree(name)?;
                for number in 0..60_u32 {
                    let length = if number == 7 { 3 * PAGE } else { 90 };
                    let key = (number * 7 + round).to_be_bytes();
                    transaction.put(&tree, &key, &vec![round as u8; length])?;
                }
                transaction.delete(&tree, &(round * 7).to_be_bytes())?;
            }
            Ok::<_, Error>(())
        })?;
    }
    let unclosed = fs::read(&path).expect("the file is there");
    store.close()?;
    drop(store);
    Ok([unclosed, fs::read(&path).expect("the file is there")])
}

/// Damages a file in one of the ways in which devices do.
pub(crate) fn damage(intact: &[u8], random: &mut Random) -> (String, Vec<u8>) {
    let mut bytes = intact.to_vec();
    // Most of a page is keys and values, so most of the damage goes to the header, and to the parts
    // of pages that describe their contents.
    let page = random.below(bytes.len() / PAGE) * PAGE;
    let place = match random.below(6) {
        0 => random.below(SECTOR),
        1 => page + random.below(PAGE),
        2 => page + random.below(SECTOR),
        _ => page + random.below(24),
    };
    let what = match random.below(4) {
        0 | 1 => {
            let bit = 1 << random.below(8);
            bytes[place] ^= bit;
            format!("bit {bit} of byte {place}")
        }
        2 => {
            let start = place / SECTOR * SECTOR;
            bytes[start..start + SECTOR].fill(0);
            format!("zeros in the sector at {start}")
        }
        _ => {
            let length = (place / SECTOR * SECTOR).max(SECTOR);
            bytes.truncate(length);
            format!("cut to {length}")
        }
    };
    (what, bytes)
}

/// A folder in memory if there is one: nothing here depends on a device, and each store is synced
/// many times.
pub(crate) fn folder() -> std::io::Result<TempDir> {
    let memory = Path::new("/dev/shm");
    if memory.is_dir() { TempDir::new_in(memory) } else { TempDir::new() }
}
