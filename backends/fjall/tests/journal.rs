//! Journals that a loss of power tore, or that were damaged.

use std::fs;
use std::path::{Path, PathBuf};

use arbour_core::{Durability, ErrorKind, KvRead, KvStore, KvWrite, Result, StoreOptions};
use arbour_fjall::FjallStore;
use tempfile::TempDir;

const COMMITS: u8 = 5;
const VALUE_BYTES: usize = 3000;

/// The folder of a store whose process has ended after [`COMMITS`] commits.
struct Killed {
    folder: TempDir,
}

impl Killed {
    fn new() -> Result<Self> {
        let scratch = tempfile::tempdir().expect("a folder can be made");
        let path = scratch.path().join("store");
        let store = FjallStore::open(&path, &StoreOptions::new())?;
        let tree = store.tree("t")?;
        for number in 1..=COMMITS {
            let mut transaction = store.begin_with(Durability::ProcessCrash)?;
            transaction.put(&tree, &[number], &[number; VALUE_BYTES])?;
            transaction.commit()?;
        }
        let folder = tempfile::tempdir().expect("a folder can be made");
        copy(&path, &folder.path().join("store"));
        Ok(Self { folder })
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("store")
    }

    fn journal(&self) -> PathBuf {
        self.path().join("0.jnl")
    }

    /// Changes the bytes of the journal, without the zeros after them.
    fn change(&self, change: impl FnOnce(&mut Vec<u8>)) {
        let mut bytes = fs::read(self.journal()).expect("it is there");
        let length = bytes.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
        bytes.truncate(length);
        change(&mut bytes);
        fs::write(self.journal(), bytes).expect("it can be written");
    }

    /// Opens the store, and returns how many of the commits are there.
    fn commits(&self) -> Result<u64> {
        let store = FjallStore::open(self.path(), &StoreOptions::new())?;
        let tree = store.tree("t")?;
        let snapshot = store.snapshot()?;
        let count = snapshot.len(&tree)?;
        for number in 1..=count as u8 {
            let value = snapshot.get(&tree, &[number])?;
            assert_eq!(value.as_ref().map(AsRef::as_ref), Some(&[number; VALUE_BYTES][..]));
        }
        Ok(count)
    }
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir(to).expect("it can be made");
    for entry in fs::read_dir(from).expect("it is there") {
        let entry = entry.expect("it is readable").path();
        let to = to.join(entry.file_name().expect("it has a name"));
        if entry.is_dir() {
            copy(&entry, &to);
        } else {
            fs::copy(&entry, &to).expect("it can be copied");
        }
    }
}

/// The first sector that lies in the value of the last commit.
fn sector_of_last(bytes: &[u8]) -> usize {
    (bytes.len() - VALUE_BYTES / 2).next_multiple_of(512)
}

#[test]
fn a_whole_journal_loses_nothing() -> Result<()> {
    let killed = Killed::new()?;
    assert_eq!(killed.commits()?, u64::from(COMMITS));
    assert_eq!(killed.commits()?, u64::from(COMMITS), "the second opening");
    Ok(())
}

#[test]
fn a_torn_commit_is_cut_off() -> Result<()> {
    let last = u64::from(COMMITS) - 1;
    // fjall itself refuses this one.
    let killed = Killed::new()?;
    killed.change(|bytes| {
        let sector = sector_of_last(bytes);
        bytes[sector..sector + 512].fill(0);
    });
    assert_eq!(killed.commits()?, last, "a sector is missing");
    let killed = Killed::new()?;
    killed.change(|bytes| bytes.truncate(bytes.len() - 1));
    assert_eq!(killed.commits()?, last, "the last byte is missing");
    // What is left of the lengths of a value is a length that no file has.
    let killed = Killed::new()?;
    killed.change(|bytes| {
        let head = bytes.len() - VALUE_BYTES - 30;
        bytes[head..].fill(0);
        bytes.resize(1 << 20, 0);
    });
    assert_eq!(killed.commits()?, last, "only the head of the commit is there");
    // One that follows a torn one was not acknowledged as durable either.
    let killed = Killed::new()?;
    killed.change(|bytes| {
        let sector = sector_of_last(bytes) - VALUE_BYTES / 512 * 512;
        bytes[sector..sector + 512].fill(0);
    });
    assert_eq!(killed.commits()?, last - 1, "a sector before the last commit is missing");
    Ok(())
}

#[test]
fn a_damaged_commit_is_refused_and_kept() -> Result<()> {
    let killed = Killed::new()?;
    killed.change(|bytes| {
        let place = sector_of_last(bytes);
        bytes[place] ^= 1;
    });
    let before = fs::read(killed.journal()).unwrap();
    for _ in 0..2 {
        let refused = killed.commits().unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::Corrupted, "{refused}");
        assert!(refused.to_string().contains("journal has another checksum"), "{refused}");
    }
    assert_eq!(fs::read(killed.journal()).unwrap(), before);
    Ok(())
}

/// fjall syncs a journal before it begins another one.
#[test]
fn only_the_newest_journal_may_be_torn() -> Result<()> {
    let killed = Killed::new()?;
    fs::write(killed.path().join("1.jnl"), "").unwrap();
    assert_eq!(killed.commits()?, u64::from(COMMITS));
    let killed = Killed::new()?;
    fs::write(killed.path().join("1.jnl"), "").unwrap();
    killed.change(|bytes| bytes.truncate(bytes.len() - 1));
    let refused = killed.commits().unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::Corrupted, "{refused}");
    assert!(refused.to_string().contains("part of a journal is missing"), "{refused}");
    Ok(())
}
