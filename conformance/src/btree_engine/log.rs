//! The file: a header, then one record for each batch.
//!
//! ```text
//! header  =  "arbtree\n"  |  version (u32)
//! record  =  length (u32)  |  checksum (u64) of offset and payload  |  payload
//! ```
//!
//! Numbers are little-endian. The checksum covers the record's own offset, so that bytes that
//! merely look like a record, for example in a value, do not count as one.
//!
//! A crash can only tear the end of the log. A bad record with no good one after it was never
//! acknowledged, and is cut off. A bad record *before* a good one is damage. A loss of power while
//! records are being written may look like damage too, if the device kept a later one and lost an
//! earlier one; the store then refuses to open instead of guessing.

use std::fs::{File, OpenOptions};
use std::io::{self, ErrorKind as IoErrorKind, Read, Write};
use std::path::Path;

use arbour_core::engine::{StoreLock, StorePath};
use arbour_core::{Durability, Error, ErrorKind, Operation, Result, StoreOptions};
use tempfile::NamedTempFile;

/// The version of the format written.
pub(super) const VERSION: u32 = 1;

const MAGIC: [u8; 8] = *b"arbtree\n";
const HEADER_BYTES: usize = 12;

/// The maximum number of bytes that wait in memory for a durable commit or for [`Log::sync`].
const PENDING_BYTES_MAX: usize = 1 << 20;

/// Returns the first bytes of a file of this version.
pub(super) fn header(version: u32) -> Vec<u8> {
    [&MAGIC[..], &version.to_le_bytes()].concat()
}

/// The open file, locked as long as this value lives.
pub(super) struct Log {
    lock: StoreLock,
    path: StorePath,
    /// Records that were not yet written to the file.
    pending: Vec<u8>,
    file_bytes: u64,
    /// The contents of the file after a failed write are unknown, so nothing may follow it.
    failed: bool,
}

impl Log {
    /// Opens and locks a file, creates it if the options allow, and passes every payload to
    /// `replay`, which returns `None` for one that it cannot read.
    pub(super) fn open(
        path: &Path,
        options: &StoreOptions,
        replay: impl FnMut(&[u8]) -> Option<()>,
    ) -> Result<Self> {
        let path = StorePath::resolve(path)?;
        let fail = |error| io_error(&path, Operation::Open, "cannot open the log", error);
        if options.may_create() && !path.exists() {
            create(&path).map_err(fail)?;
        }
        let read_only = options.is_read_only();
        let opened = OpenOptions::new().read(true).append(!read_only).open(&path);
        let file = opened.map_err(|cause| path.open_error(cause))?;
        let lock = if read_only { StoreLock::shared(file) } else { StoreLock::exclusive(file) };
        let lock = lock.map_err(|error| error.with_path(&*path))?;
        path.pin()?;
        let mut bytes = Vec::new();
        lock.file().read_to_end(&mut bytes).map_err(fail)?;
        let end = read_records(&bytes, replay).map_err(|(kind, message)| {
            Error::new(kind, Operation::Open, message).with_path(&*path)
        })?;
        if end < bytes.len() && !read_only {
            lock.file().set_len(end as u64).map_err(fail)?;
        }
        Ok(Self { lock, path, pending: Vec::new(), file_bytes: end as u64, failed: false })
    }

    /// Adds a record. After an error the record will not be found again, unless the error is
    /// [`CommitUnknown`](ErrorKind::CommitUnknown).
    pub(super) fn append(&mut self, payload: &[u8], durability: Durability) -> Result<()> {
        self.check(Operation::Apply)?;
        if durability >= Durability::ProcessCrash {
            self.path.check(Operation::Apply)?;
        }
        let Ok(length) = u32::try_from(payload.len()) else {
            let message = "a batch holds at most 4 GiB";
            return Err(Error::new(ErrorKind::TooLarge, Operation::Apply, message));
        };
        let offset = self.file_bytes + self.pending.len() as u64;
        self.pending.extend_from_slice(&length.to_le_bytes());
        self.pending.extend_from_slice(&checksum(offset, payload).to_le_bytes());
        self.pending.extend_from_slice(payload);
        if durability >= Durability::ProcessCrash || self.pending.len() > PENDING_BYTES_MAX {
            self.flush(Operation::Apply)?;
        }
        if durability >= Durability::PowerLoss {
            // The record is already in the file, and may well be found again.
            self.sync_file(Operation::Apply, ErrorKind::CommitUnknown)?;
        }
        Ok(())
    }

    /// Syncs everything to the device.
    pub(super) fn sync(&mut self, operation: Operation) -> Result<()> {
        self.check(operation)?;
        self.path.check(operation)?;
        self.flush(operation)?;
        self.sync_file(operation, ErrorKind::Io)
    }

    /// Returns the size of the file.
    pub(super) fn file_bytes(&self) -> u64 {
        self.file_bytes
    }

    /// Writes pending records to the file, so that they survive the death of this process.
    fn flush(&mut self, operation: Operation) -> Result<()> {
        if let Err(error) = self.lock.file().write_all(&self.pending) {
            self.failed = true;
            return Err(io_error(&self.path, operation, "cannot write to the log", error));
        }
        self.file_bytes += self.pending.len() as u64;
        self.pending.clear();
        Ok(())
    }

    fn sync_file(&mut self, operation: Operation, kind: ErrorKind) -> Result<()> {
        self.lock.file().sync_data().map_err(|error| {
            self.failed = true;
            Error::new(kind, operation, "cannot put the log on the device")
                .with_path(&*self.path)
                .with_source(error)
        })
    }

    fn check(&self, operation: Operation) -> Result<()> {
        if self.failed {
            let message = "an earlier write to the log failed";
            return Err(Error::new(ErrorKind::Io, operation, message).with_path(&*self.path));
        }
        Ok(())
    }
}

/// Makes an empty log. It appears whole or not at all, because a file without a header is not a
/// store.
fn create(path: &Path) -> io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    let folder = folder.unwrap_or(Path::new("."));
    let mut file = NamedTempFile::new_in(folder)?;
    file.write_all(&header(VERSION))?;
    file.as_file().sync_all()?;
    match file.persist_noclobber(path) {
        Ok(_) => File::open(folder)?.sync_all(),
        // Another process was faster.
        Err(lost) if lost.error.kind() == IoErrorKind::AlreadyExists => Ok(()),
        Err(lost) => Err(lost.error),
    }
}

/// Reads the records and returns where the good ones end.
fn read_records(
    bytes: &[u8],
    mut replay: impl FnMut(&[u8]) -> Option<()>,
) -> Result<usize, (ErrorKind, String)> {
    let version = bytes.strip_prefix(&MAGIC).and_then(<[u8]>::first_chunk);
    let version = version.map(|version| u32::from_le_bytes(*version));
    match version {
        Some(VERSION) => {}
        Some(newer) if newer > VERSION => {
            let message = format!("the log has format {newer}, this program reads {VERSION}");
            return Err((ErrorKind::TooNew, message));
        }
        _ => {
            return Err((ErrorKind::Corrupted, "the file is no log of a store".to_owned()));
        }
    }
    let mut end = HEADER_BYTES;
    while let Some(payload) = record_at(bytes, end) {
        replay(payload)
            .ok_or_else(|| (ErrorKind::Corrupted, format!("the record at {end} holds no batch")))?;
        end += RECORD_HEADER_BYTES + payload.len();
    }
    match (end + 1..bytes.len()).find(|later| record_at(bytes, *later).is_some()) {
        None => Ok(end),
        Some(later) => {
            let message = format!("the record at {end} is damaged, one at {later} is good");
            Err((ErrorKind::Corrupted, message))
        }
    }
}

const RECORD_HEADER_BYTES: usize = 12;

/// Returns the payload of the record at an offset, if there is a valid one.
fn record_at(bytes: &[u8], offset: usize) -> Option<&[u8]> {
    let (length, rest) = bytes.get(offset..)?.split_first_chunk()?;
    let (stored, rest) = rest.split_first_chunk()?;
    let payload = rest.get(..u32::from_le_bytes(*length) as usize)?;
    (checksum(offset as u64, payload) == u64::from_le_bytes(*stored)).then_some(payload)
}

/// Multiplies and rotates word by word. It detects torn writes and flipped bits, not malice. Every
/// change within one word is detected.
fn checksum(offset: u64, payload: &[u8]) -> u64 {
    let (words, rest) = payload.as_chunks();
    let words = words.iter().map(|word| u64::from_le_bytes(*word));
    let rest = rest.iter().map(|byte| u64::from(*byte));
    let numbers = [offset, payload.len() as u64].into_iter().chain(words).chain(rest);
    numbers.fold(0, |hash: u64, number| {
        (hash.rotate_left(5) ^ number).wrapping_mul(0x517c_c1b7_2722_0a95)
    })
}

/// Wraps an error of the system.
fn io_error(path: &Path, operation: Operation, message: &'static str, error: io::Error) -> Error {
    Error::from_io(error, operation, message).with_path(path)
}
