//! What stands for the engine that you have: a log of batches in a file, and their result in memory.
//! Delete it.
//!
//! The file has a header and a record for each batch, and only grows.

use std::error::Error;
use std::fmt;
use std::fs::File;
use std::io::{self, Read as _, Write as _};
use std::path::Path;

use bincode::config::standard;
use imbl::ordmap::RangedIter;
use imbl::shared_ptr::DefaultSharedPtr;
use parking_lot::RwLock;

/// A map that is copied in constant time, and so its own snapshot.
pub(crate) type Entries = imbl::OrdMap<Vec<u8>, Vec<u8>>;
pub(crate) type Rest<'t> = RangedIter<'t, Vec<u8>, Vec<u8>, DefaultSharedPtr>;

/// Each key with its new value; without a value it is deleted.
pub(crate) type Changes = Vec<(Vec<u8>, Option<Vec<u8>>)>;

#[derive(Debug)]
pub(crate) enum ToyError {
    Io(io::Error),
    Damaged { offset: usize },
}

impl fmt::Display for ToyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io(cause) => cause.fmt(f),
            Self::Damaged { offset } => write!(f, "the record at byte {offset} is damaged"),
        }
    }
}

impl Error for ToyError {}

pub(crate) struct Toy {
    state: RwLock<State>,
}

struct State {
    log: File,
    end: usize,
    entries: Entries,
}

impl Toy {
    /// Opens the log at `path`, creating it only if the store is new.
    pub(crate) fn open(path: &Path, is_new: bool) -> Result<Self, ToyError> {
        let mut options = File::options();
        let mut log = options.read(true).append(true).create(is_new).open(path)?;
        let mut bytes = Vec::new();
        log.read_to_end(&mut bytes)?;
        if is_new {
            log.write_all(HEADER)?;
            bytes.extend(HEADER);
        } else if !bytes.starts_with(HEADER) {
            return Err(ToyError::Damaged { offset: 0 });
        }
        let (mut entries, mut end) = (Entries::new(), HEADER.len());
        while let Some(batch) = batch_at(&bytes, end) {
            let decoded = bincode::decode_from_slice::<Changes, _>(batch, standard());
            change(&mut entries, decoded.map_err(|_| ToyError::Damaged { offset: end })?.0);
            end += HEAD_BYTES + batch.len();
        }
        // A crash tears the end of a log. A bad record before a good one is damage.
        if (end + 1..bytes.len()).any(|later| batch_at(&bytes, later).is_some()) {
            return Err(ToyError::Damaged { offset: end });
        }
        log.set_len(end as u64)?;
        log.sync_all()?;
        Ok(Self { state: RwLock::new(State { log, end, entries }) })
    }

    pub(crate) fn entries(&self) -> Entries {
        self.state.read().entries.clone()
    }

    /// Appends a batch and waits for the device.
    pub(crate) fn apply(&self, changes: Changes) -> Result<(), ToyError> {
        let mut state = self.state.write();
        let batch = bincode::encode_to_vec(&changes, standard());
        let batch = batch.map_err(|cause| io::Error::other(cause.to_string()))?;
        let record = record(state.end, &batch);
        state.log.write_all(&record)?;
        state.log.sync_data()?;
        state.end += record.len();
        change(&mut state.entries, changes);
        Ok(())
    }
}

impl From<io::Error> for ToyError {
    fn from(cause: io::Error) -> Self {
        Self::Io(cause)
    }
}

fn change(entries: &mut Entries, changes: Changes) {
    for (key, value) in changes {
        match value {
            Some(value) => drop(entries.insert(key, value)),
            None => drop(entries.remove(&key)),
        }
    }
}

const HEADER: &[u8] = b"toy log\n";

/// A record begins with the length of its batch and a checksum.
const HEAD_BYTES: usize = 16;

/// Returns the record of a batch. The checksum (by Fowler, Noll and Vo) covers the offset, so that a
/// value that looks like a record does not count as one.
fn record(offset: usize, batch: &[u8]) -> Vec<u8> {
    let bytes = (offset as u64).to_le_bytes().into_iter().chain(batch.iter().copied());
    let sum = bytes.fold(0xcbf2_9ce4_8422_2325_u64, |sum, byte| {
        (sum ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    [&(batch.len() as u64).to_le_bytes()[..], &sum.to_le_bytes(), batch].concat()
}

/// Returns the batch of the record at an offset, if there is a valid one.
fn batch_at(log: &[u8], offset: usize) -> Option<&[u8]> {
    let length = u64::from_le_bytes(*log.get(offset..)?.first_chunk()?);
    let batch = log.get(offset + HEAD_BYTES..)?.get(..usize::try_from(length).ok()?)?;
    log.get(offset..)?.starts_with(&record(offset, batch)).then_some(batch)
}
