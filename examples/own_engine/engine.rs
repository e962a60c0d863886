//! A complete engine: a log of batches in one file, and their result in memory. Arbour's store in
//! memory provides the snapshots, its layer the transactions. The file is a header and a record for
//! each batch. It only grows, and after a loss of power the name of a new one may be missing.

use std::fs::File;
use std::io::{Read as _, Write as _};
use std::path::Path;

use arbour::codec::{Bincode, Codec as _};
use arbour_core::engine::*;
use arbour_core::*;
use parking_lot::Mutex;

const HEADER: &[u8] = b"own log\x01"; // the last byte is the version of the format

/// The tree, key and value of each write; without a value the key is deleted.
type Writes = Vec<(String, Vec<u8>, Option<Vec<u8>>)>;

pub(crate) struct OwnEngine {
    capabilities: Capabilities,
    entries: MemoryStore,
    /// The file and its length. `None` once closed or after a failed write, which nothing may
    /// follow.
    log: Mutex<Option<(StoreLock, usize)>>,
    path: StorePath,
}

/// Opens the log at `path` and makes a store of it.
pub(crate) fn open(path: &Path, options: &StoreOptions) -> Result<TransactionLayer<OwnEngine>> {
    let path = StorePath::resolve(path)?;
    let fail = |kind, message| Error::new(kind, Operation::Open, message).with_path(&*path);
    let refused = |cause| path.open_error(cause);
    if options.is_read_only() {
        return Err(fail(ErrorKind::Unsupported, "a log cannot be opened read-only"));
    }
    let file = File::options().read(true).append(true).create(options.may_create()).open(&path);
    let lock = StoreLock::exclusive(file.map_err(refused)?).map_err(|e| e.with_path(&*path))?;
    path.pin()?;
    let (mut file, mut log) = (lock.file(), Vec::new());
    file.read_to_end(&mut log).map_err(refused)?;
    if log.is_empty() {
        log.extend(HEADER);
        file.write_all(HEADER).and_then(|()| file.sync_all()).map_err(refused)?;
    }
    match log.strip_prefix(b"own log").and_then(<[u8]>::first) {
        Some(1) => {}
        Some(2..) => return Err(fail(ErrorKind::TooNew, "the log has a newer format")),
        _ => return Err(fail(ErrorKind::Corrupted, "the file is no log of this engine")),
    }
    let (entries, mut end) = (MemoryStore::new(), HEADER.len());
    while let Some(bytes) = batch_at(&log, end) {
        let unreadable = |cause| fail(ErrorKind::Corrupted, "no batch").with_source(cause);
        let writes: Writes = Bincode::decode(bytes).map_err(unreadable)?;
        let mut batch = Batch::new();
        for (tree, key, value) in writes {
            let tree = entries.open_tree(TreeName::stored(&tree)?)?;
            match value {
                Some(value) => batch.put(&tree, &key, &value),
                None => batch.delete(&tree, &key),
            }
        }
        entries.apply(batch, Durability::None)?;
        end += 16 + bytes.len();
    }
    // A crash tears the end of a log. A bad record before a good one is damage.
    if (end + 1..log.len()).any(|later| batch_at(&log, later).is_some()) {
        return Err(fail(ErrorKind::Corrupted, "a record is damaged"));
    }
    file.set_len(end as u64).map_err(refused)?;
    let mut capabilities = Capabilities::new("own");
    capabilities.persistent = true;
    capabilities.durability = vec![Durability::PowerLoss];
    capabilities.limits.value_bytes_max = 1 << 20; // a log is read whole
    let (place, log) = (path.to_path_buf(), Mutex::new(Some((lock, end))));
    Ok(TransactionLayer::new(OwnEngine { capabilities, entries, log, path }, options, Some(place)))
}

/// Returns the record of a batch: its length, a checksum, the batch. The checksum (by Fowler, Noll
/// and Vo) covers the offset, so that a value that looks like a record does not count as one.
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
    let batch = log.get(offset + 16..)?.get(..length as usize)?;
    log.get(offset..)?.starts_with(&record(offset, batch)).then_some(batch)
}

impl Engine for OwnEngine {
    fn capabilities(&self) -> &Capabilities {
        &self.capabilities
    }

    fn open_tree(&self, name: TreeName<'_>) -> Result<Tree> {
        self.entries.open_tree(name)
    }

    fn owns(&self, tree: &Tree) -> bool {
        let own = TreeName::stored(tree.name()).and_then(|name| self.open_tree(name));
        own.is_ok_and(|own| own == *tree)
    }

    /// Appends the batch and waits for the device, whatever durability was requested.
    fn apply(&self, batch: &Batch, _: Durability) -> Result<()> {
        let fail = |kind, message| Error::new(kind, Operation::Apply, message);
        let write = |w: Write<'_>| (w.tree.name().into(), w.key.into(), w.value.map(Vec::from));
        let (writes, mut bytes): (Writes, _) = (batch.iter().map(write).collect(), Vec::new());
        let bad = |cause| fail(ErrorKind::Engine, "no bincode").with_source(cause);
        Bincode::encode(&writes, &mut bytes).map_err(bad)?;
        let mut log = self.log.lock();
        let lost = || fail(ErrorKind::Io, "an earlier write failed");
        self.path.check(Operation::Apply)?;
        let (lock, end) = log.take().ok_or_else(lost)?;
        let unknown = |cause| fail(ErrorKind::CommitUnknown, "cannot write").with_source(cause);
        let mut file = lock.file();
        file.write_all(&record(end, &bytes)).and_then(|()| file.sync_data()).map_err(unknown)?;
        *log = Some((lock, end + 16 + bytes.len()));
        self.entries.apply(batch.clone(), Durability::None)
    }

    fn sync(&self) -> Result<()> {
        self.path.check(Operation::Sync)
    }

    fn close(&self) -> Result<()> {
        *self.log.lock() = None;
        Ok(())
    }

    fn stats(&self) -> Result<Stats> {
        let file_bytes = self.log.lock().as_ref().map_or(0, |(_, end)| *end as u64);
        Ok(Stats::new(self.entries.stats()?.entries, file_bytes))
    }
}

impl SnapshotEngine for OwnEngine {
    type Snapshot<'s> = MemorySnapshot<'s>;

    fn snapshot(&self) -> Result<MemorySnapshot<'_>> {
        self.entries.snapshot()
    }
}
