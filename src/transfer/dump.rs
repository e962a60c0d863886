//! Dumping a store to a stream of bytes.

use std::io::Write;

use arbour_core::{KvStore, Result};
use sha2::{Digest as _, Sha256};

use super::block::{self, End, FULL, MAGIC, RECORDS_MAX, VERSION};
use super::digest::Digest;
use super::entries::each_entry;
use super::record::{self, RecordWriter};
use super::{Transfer, TransferError, Transferred, is_unfinished};

/// Writes all of a store, as of now, as a stream of bytes that [`load`](super::load()) reads into a
/// store of any engine. The stream is flushed but not synced; the caller that opened the file syncs
/// it.
///
/// # Errors
/// [`Unfinished`](TransferError::Unfinished), [`TooLarge`](TransferError::TooLarge) for entries of
/// more than 255 MiB, [`Io`](TransferError::Io); errors of the store. `load` detects that the
/// stream written until then is incomplete.
///
/// ```
/// use arbour::transfer::dump;
/// use arbour::{KvStore, MemoryStore};
/// let store = MemoryStore::new();
/// store.put(&store.tree("users")?, b"ada", b"1815")?;
/// let mut bytes = Vec::new();
/// assert_eq!(dump(&store, &mut bytes)?.entries, 1);
/// assert_eq!(&bytes[..4], b"\x89ARB");
/// # Ok::<(), arbour::Error>(())
/// ```
pub fn dump(store: &impl KvStore, out: impl Write) -> Result<Transferred> {
    Transfer::new().dump(store, out)
}

impl Transfer<'_> {
    /// Does the same as [`dump`], with these options.
    ///
    /// # Errors
    /// As [`dump`], and [`Cancelled`](TransferError::Cancelled).
    ///
    /// ```
    /// use arbour::MemoryStore;
    /// use arbour::transfer::Transfer;
    /// Transfer::new().dump(&MemoryStore::new(), Vec::new())?;
    /// # Ok::<(), arbour::Error>(())
    /// ```
    pub fn dump(mut self, store: &impl KvStore, out: impl Write) -> Result<Transferred> {
        if is_unfinished(store)? {
            return Err(TransferError::Unfinished.into());
        }
        let total = self.count(store)?;
        let mut meter = self.meter("dump", total);
        let mut dumping = Dumping::begin(out)?;
        each_entry(store, &mut |tree, key, value| {
            dumping.entry(tree, key, value)?;
            meter.entry(key, value)
        })?;
        let digest = dumping.finish()?;
        let (entries, bytes) = meter.finish()?;
        Ok(Transferred { entries, bytes, digest })
    }
}

/// A dump being written.
struct Dumping<W> {
    out: W,
    /// The records of the next block.
    writer: RecordWriter,
    block: Vec<u8>,
    sha: Sha256,
}

impl<W: Write> Dumping<W> {
    fn begin(mut out: W) -> Result<Self> {
        out.write_all(&MAGIC).map_err(TransferError::writing)?;
        out.write_all(&VERSION.to_be_bytes()).map_err(TransferError::writing)?;
        Ok(Self { out, writer: RecordWriter::default(), block: Vec::new(), sha: Sha256::new() })
    }

    fn entry(&mut self, tree: &str, key: &[u8], value: &[u8]) -> Result<()> {
        let bytes = key.len() + value.len();
        if bytes + record::OVERHEAD + FULL > RECORDS_MAX {
            return Err(TransferError::TooLarge { tree: tree.to_owned(), bytes }.into());
        }
        self.writer.entry(tree, key, value);
        if self.writer.records.len() >= FULL { self.end_block() } else { Ok(()) }
    }

    fn end_block(&mut self) -> Result<()> {
        let records = &mut self.writer.records;
        if records.is_empty() {
            return Ok(());
        }
        self.sha.update(&*records);
        self.block.clear();
        block::append(&mut self.block, records);
        records.clear();
        Ok(self.out.write_all(&self.block).map_err(TransferError::writing)?)
    }

    fn finish(mut self) -> Result<Digest> {
        self.end_block()?;
        let digest = Digest(self.sha.finalize().into());
        let RecordWriter { trees, entries, .. } = self.writer;
        let mut end = Vec::with_capacity(1 + End::BYTES);
        End { trees, entries, digest }.append(&mut end);
        self.out.write_all(&end).map_err(TransferError::writing)?;
        self.out.flush().map_err(TransferError::writing)?;
        Ok(digest)
    }
}
