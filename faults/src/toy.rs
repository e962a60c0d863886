//! A toy engine that is small enough to read: a log, and beside it a file with the log's length and
//! checksum. One form is right and one is wrong, and the harness has to tell them apart.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use arbour_core::{Durability, ErrorKind};

use crate::engine::{Attempt, Engine, Opening, Refusal, Store};
use crate::model::{Change, Contents, Entry};

/// When the checksum of the log is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Checksum {
    /// Once the data it covers is on the device.
    AfterTheLog,
    /// The planted fault: before that.
    BeforeTheLog,
}

/// Both forms of the toy.
pub(crate) fn engines() -> Vec<Engine> {
    let toy = Engine {
        name: "toy",
        open: |path, opening| open(path, opening, Checksum::AfterTheLog),
        raw: None,
        verifies: false,
        names_full_device: true,
    };
    let checksum_first = Engine {
        name: "toy-checksum-first",
        open: |path, opening| open(path, opening, Checksum::BeforeTheLog),
        ..toy
    };
    vec![toy, checksum_first]
}

struct Toy {
    log: File,
    sum: File,
    order: Checksum,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    contents: Contents,
    log: Vec<u8>,
    /// Whether a write failed: then the contents of the files are unknown until they are opened
    /// again.
    has_failed: bool,
}

fn open(path: &Path, opening: Opening, order: Checksum) -> Attempt<Box<dyn Store>> {
    let sum_path = path.with_extension("sum");
    if opening != Opening::Create && !path.exists() {
        return Err(refused(ErrorKind::NotFound, "there is no log"));
    }
    let is_new = !sum_path.exists();
    let file = |path: &PathBuf| {
        OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path)
    };
    let opened = || -> io::Result<_> {
        let (log, sum) = (file(&path.to_owned())?, file(&sum_path)?);
        if is_new {
            // The names are durable before anything is acknowledged.
            File::open(path.parent().unwrap_or(Path::new("/")))?.sync_all()?;
        }
        Ok((log, sum, fs::read(path)?, fs::read(&sum_path)?))
    };
    let (log, sum, mut written, seal) = opened().map_err(io_refused)?;
    let word = |at: usize| seal.get(at..)?.first_chunk().map(|word| u32::from_le_bytes(*word));
    let (length, checksum) = match (word(0), word(4)) {
        (Some(length), Some(checksum)) => (length as usize, checksum),
        _ => (0, crc32fast::hash(&[])),
    };
    if written.get(..length).map(crc32fast::hash) != Some(checksum) {
        return Err(refused(ErrorKind::Corrupted, "the log is not what its checksum is of"));
    }
    written.truncate(length);
    let state = State { contents: replay(&written), log: written, has_failed: false };
    Ok(Box::new(Toy { log, sum, order, state: Mutex::new(state) }))
}

fn refused(kind: ErrorKind, text: &str) -> Refusal {
    Refusal { kind: Some(kind), text: text.to_owned(), has_source: true }
}

fn io_refused(cause: io::Error) -> Refusal {
    let kind = match cause.kind() {
        io::ErrorKind::StorageFull => ErrorKind::DiskFull,
        _ => ErrorKind::Io,
    };
    refused(kind, &cause.to_string())
}

/// A record is the tree, the lengths of key and value, key and value; a deletion has no value.
fn record(Change { tree, key, value }: &Change, log: &mut Vec<u8>) {
    let length = value.as_ref().map_or(u32::MAX, |value| value.len() as u32);
    log.push(*tree as u8);
    log.extend((key.len() as u32).to_le_bytes());
    log.extend(length.to_le_bytes());
    log.extend(key);
    log.extend(value.iter().flatten());
}

fn replay(mut log: &[u8]) -> Contents {
    let mut contents = Contents::default();
    while let Some(change) = cut_change(&mut log) {
        let Some(tree) = contents.get_mut(change.tree) else { continue };
        match change.value {
            Some(value) => tree.insert(change.key, value),
            None => tree.remove(&change.key),
        };
    }
    contents
}

fn cut_change(log: &mut &[u8]) -> Option<Change> {
    let mut cut = |bytes: usize| {
        let (cut, rest) = log.split_at_checked(bytes)?;
        *log = rest;
        Some(cut)
    };
    let tree = usize::from(*cut(1)?.first()?);
    let key = u32::from_le_bytes(*cut(4)?.first_chunk()?) as usize;
    let value = u32::from_le_bytes(*cut(4)?.first_chunk()?);
    let key = cut(key)?.to_vec();
    let value = if value == u32::MAX { None } else { Some(cut(value as usize)?.to_vec()) };
    Some(Change { tree, key, value })
}

impl Toy {
    fn append(&self, state: &State, from: usize) -> io::Result<()> {
        let added = state.log.get(from..).unwrap_or_default();
        write_at(&self.log, from as u64, added)
    }

    fn seal(&self, state: &State) -> io::Result<()> {
        // One sector, which a device writes as a whole.
        let words = [state.log.len() as u32, crc32fast::hash(&state.log)];
        write_at(&self.sum, 0, &words.map(u32::to_le_bytes).concat())
    }
}

fn write_at(mut file: &File, place: u64, data: &[u8]) -> io::Result<()> {
    file.seek(SeekFrom::Start(place))?;
    file.write_all(data)?;
    file.sync_data()
}

impl Store for Toy {
    /// Every commit is synced, whatever was requested.
    fn commit(&self, changes: &[Change], _: Durability) -> Attempt<()> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if state.has_failed {
            return Err(refused(ErrorKind::Io, "an earlier write failed"));
        }
        let from = state.log.len();
        changes.iter().for_each(|change| record(change, &mut state.log));
        let written = match self.order {
            Checksum::AfterTheLog => self.append(&state, from).and_then(|()| self.seal(&state)),
            Checksum::BeforeTheLog => self.seal(&state).and_then(|()| self.append(&state, from)),
        };
        state.has_failed = written.is_err();
        written.map_err(io_refused)?;
        state.contents = replay(&state.log);
        Ok(())
    }

    fn reads(&self, tree: usize, _: &[&[u8]]) -> Vec<(&'static str, Attempt<Vec<Entry>>)> {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let entries = state.contents.get(tree).cloned().unwrap_or_default();
        vec![("scan", Ok(entries.into_iter().collect()))]
    }

    fn sync(&self) -> Attempt<()> {
        Ok(())
    }

    fn close(self: Box<Self>) -> Attempt<()> {
        Ok(())
    }
}
