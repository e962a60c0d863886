//! LMDB's environment: the memory map of a data file, opened once in a process.

use std::fs;
use std::path::Path;
use std::sync::{Arc, Weak};

use arbour_core::engine::StorePath;
use arbour_core::{Error, ErrorKind, Operation, Result, StoreOptions};
use heed::types::Bytes;
use heed::{CommitOrAbort, Database, EnvFlags, EnvOpenOptions, RoTxn, RwTxn, WithoutTls};
use parking_lot::{Condvar, Mutex};

use crate::error;
use crate::folder::DATA;

/// How much address space is reserved for a store, at least. It costs no memory and no space on the
/// device: the file grows as it is written. So the map never has to grow, which LMDB allows only
/// while no snapshot is open.
pub(crate) const MAP_BYTES: usize =
    if cfg!(target_pointer_width = "64") { 1 << 40 } else { 1 << 30 };

/// The least address space that is tried if the system refuses more.
const MAP_BYTES_MIN: usize = 1 << 26;

/// How many snapshots all processes together can have: 64 bytes each in the lock file.
const READERS_MAX: u32 = 4096;

/// All entries are in LMDB's main database.
pub(crate) type Entries = Database<'static, Bytes, Bytes>;

/// An open environment. The last reference closes it.
pub(crate) struct Environment {
    pub(crate) env: heed::Env<WithoutTls>,
    pub(crate) entries: Entries,
    /// The data file.
    pub(crate) data: Arc<StorePath>,
    is_read_only: bool,
    /// Dropped last, when the environment is closed.
    _registration: Registration,
}

/// The environments of this process, by their data file. To open a file twice would release LMDB's
/// locks when the first of them is closed, so stores of one file share an environment.
static OPEN: Mutex<Vec<(Arc<StorePath>, Weak<Environment>)>> = Mutex::new(Vec::new());

/// Signals that an environment was closed.
static CLOSED: Condvar = Condvar::new();

struct Registration {
    data: Arc<StorePath>,
}

impl Drop for Registration {
    fn drop(&mut self) {
        OPEN.lock().retain(|(data, _)| !Arc::ptr_eq(data, &self.data));
        CLOSED.notify_all();
    }
}

impl Environment {
    /// Opens the environment of a folder whose data file exists, or returns the one that this
    /// process has open already.
    pub(crate) fn open(folder: &Path, options: &StoreOptions, map: usize) -> Result<Arc<Self>> {
        let data = StorePath::resolve(folder.join(DATA))?;
        data.pin()?;
        let mut open = OPEN.lock();
        while let Some((_, known)) = open.iter().find(|(known, _)| known.is_same_as(&data)) {
            match known.upgrade() {
                Some(shared) if options.is_read_only() || !shared.is_read_only => {
                    return Ok(shared);
                }
                Some(shared) => {
                    // Before `shared`, whose drop would take the lock.
                    drop(open);
                    drop(shared);
                    let message = "this process has opened the store read-only: close it first";
                    return Err(Error::new(ErrorKind::Locked, Operation::Open, message));
                }
                // Another thread is closing it.
                None => CLOSED.wait(&mut open),
            }
        }
        let data = Arc::new(data);
        let (env, entries) = map_file(folder, options.is_read_only(), map)
            .map_err(|cause| error::engine(cause, Operation::Open))?;
        let environment = Arc::new(Self {
            env,
            entries,
            data: Arc::clone(&data),
            is_read_only: options.is_read_only(),
            _registration: Registration { data: Arc::clone(&data) },
        });
        open.push((data, Arc::downgrade(&environment)));
        drop(open);
        Ok(environment)
    }

    /// Begins to read. A reader keeps the environment open itself.
    pub(crate) fn read(&self, operation: Operation) -> Result<RoTxn<'static, WithoutTls>> {
        let begun = match self.env.clone().static_read_txn() {
            Err(heed::Error::Mdb(heed::MdbError::ReadersFull)) => {
                // Processes that were killed have left theirs.
                self.clear_stale_readers(operation)?;
                self.env.clone().static_read_txn()
            }
            begun => begun,
        };
        begun.map_err(|cause| self.not_begun(cause, operation))
    }

    /// Begins to write. Only the holder of the writer's lock may call it.
    pub(crate) fn write(&self, operation: Operation) -> Result<RwTxn<'_>> {
        self.env.write_txn().map_err(|cause| self.not_begun(cause, operation))
    }

    /// LMDB reports a head with more pages than the map as the work of another process. If the file is
    /// not longer than the map, no process has made it so: the head is damaged.
    #[cold]
    fn not_begun(&self, cause: heed::Error, operation: Operation) -> Error {
        let is_beyond_map = matches!(cause, heed::Error::Mdb(heed::MdbError::MapResized));
        let map = self.env.info().map_size as u64;
        if is_beyond_map && fs::metadata(&**self.data).is_ok_and(|file| file.len() <= map) {
            let message = "the head of the data file counts more pages than there can be";
            return error::corrupted(operation, message).with_source(cause);
        }
        error::engine(cause, operation)
    }

    /// Frees the readers of processes that died.
    pub(crate) fn clear_stale_readers(&self, operation: Operation) -> Result<()> {
        let cleared = self.env.clear_stale_readers();
        cleared.map(drop).map_err(|cause| error::engine(cause, operation))
    }

    /// Returns how long the data file is if all pages that are in use are in it.
    pub(crate) fn used_bytes(&self) -> u64 {
        let page = u64::from(self.env.unnamed_database_stat().page_size);
        (self.env.info().last_page_number as u64 + 1).saturating_mul(page)
    }
}

/// Maps the data file, with less address space if the system has not that much.
fn map_file(
    folder: &Path,
    read_only: bool,
    bytes: usize,
) -> heed::Result<(heed::Env<WithoutTls>, Entries)> {
    let mut bytes = bytes;
    let env = loop {
        match map_bytes(folder, read_only, bytes) {
            Err(heed::Error::Io(cause))
                if cause.kind() == std::io::ErrorKind::OutOfMemory && bytes > MAP_BYTES_MIN =>
            {
                bytes /= 2;
            }
            mapped => break mapped?,
        }
    };
    let transaction = env.read_txn()?;
    let opened = env.open_databases_and_commit(transaction, |opener, transaction| {
        let entries = opener.open_database::<Bytes, Bytes>(transaction, None)?;
        heed::Result::Ok(entries.map_or(CommitOrAbort::Abort(()), CommitOrAbort::Commit))
    })?;
    let entries = opened.commit().ok_or(heed::Error::Mdb(heed::MdbError::Invalid))?;
    Ok((env, entries))
}

#[allow(unsafe_code, reason = "a memory map is sound only if nothing else changes the file")]
fn map_bytes(folder: &Path, read_only: bool, bytes: usize) -> heed::Result<heed::Env<WithoutTls>> {
    let mut options = EnvOpenOptions::new().read_txn_without_tls();
    options.map_size(bytes).max_readers(READERS_MAX);
    // The head of the file is written without a sync: a commit that has to survive a loss of power
    // is followed by one of its own. See the crate's documentation for what each level means.
    let mut flags = EnvFlags::NO_META_SYNC;
    if read_only {
        flags |= EnvFlags::READ_ONLY;
    }
    // SAFETY, of the flags: neither is NO_LOCK, WRITE_MAP or NO_SYNC, so LMDB's locks and order of
    // writes are in force.
    // SAFETY, of the map: LMDB changes no page that a reader of any process can see, and this
    // process opens a file only once (`OPEN` is locked, and has no environment of this file), so
    // that its locks hold. The length and head of the file were checked. What remains is what every
    // program that maps files relies on: no other program truncates or overwrites the file.
    unsafe { options.flags(flags).open(folder) }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use arbour_core::{ErrorKind, KvRead as _, KvStore as _, KvWrite as _, Result, StoreOptions};
    use tempfile::TempDir;

    use crate::LmdbStore;

    fn with_room(path: &Path, bytes: usize) -> Result<LmdbStore> {
        LmdbStore::open_mapped(path, &StoreOptions::new(), bytes)
    }

    #[test]
    fn a_full_map_is_a_typed_error_and_the_store_goes_on() -> Result<()> {
        let folder = TempDir::new().unwrap();
        let store = with_room(&folder.path().join("store"), 1 << 20)?;
        let tree = store.tree("t")?;
        store.put(&tree, b"key", b"value")?;
        let value = vec![1; 300_000];
        let mut transaction = store.begin()?;
        let mut written = (0..9_u8).map(|key| transaction.put(&tree, &[key], &value));
        let error = written.find_map(Result::err).unwrap();
        assert_eq!(error.kind(), ErrorKind::DiskFull, "{error}");
        assert!(error.to_string().contains("address space"), "{error}");
        drop(written);
        assert_eq!(transaction.commit().unwrap_err().kind(), ErrorKind::DiskFull);
        store.put(&tree, b"key", b"after")?;
        let snapshot = store.snapshot()?;
        assert_eq!(snapshot.get(&tree, b"key")?, Some(&b"after"[..]));
        assert_eq!(snapshot.len(&tree)?, 1, "nothing of the transaction is there");
        Ok(())
    }

    /// Writes as another process, and then uses the store of this one.
    fn grown_by_another(path: &Path) {
        let script = "a_store_that_another_process_made_larger";
        let name = format!("{}::{script}", module_path!().split_once("::").unwrap().1);
        let status = std::process::Command::new(std::env::current_exe().unwrap())
            .args(["--exact", &name, "--test-threads=1"])
            .env("ARBOUR_LMDB_GROWN", path)
            .status();
        assert!(status.unwrap().success());
    }

    #[test]
    fn a_store_that_another_process_made_larger() -> Result<()> {
        if let Some(path) = std::env::var_os("ARBOUR_LMDB_GROWN") {
            let store = LmdbStore::open(&path, &StoreOptions::new())?;
            return store.put(&store.tree("t")?, b"long", &vec![7; 4 << 20]);
        }
        let folder = TempDir::new().unwrap();
        let path = folder.path().join("store");
        // As much as every process reserves: nothing has to be done.
        let store = LmdbStore::open(&path, &StoreOptions::new())?;
        let tree = store.tree("t")?;
        let before = store.snapshot()?;
        grown_by_another(&path);
        assert_eq!(store.get(&tree, b"long")?.map(|value| value.len()), Some(4 << 20));
        assert_eq!(before.get(&tree, b"long")?, None);
        drop(before);
        drop(store);
        // Less, as where a process may use little address space.
        let path = folder.path().join("small");
        let store = with_room(&path, 1 << 20)?;
        let tree = store.tree("t")?;
        store.put(&tree, b"key", b"value")?;
        let before = store.snapshot()?;
        grown_by_another(&path);
        assert_eq!(before.get(&tree, b"key")?, Some(&b"value"[..]));
        let error = store.snapshot().err().unwrap();
        assert_eq!(error.kind(), ErrorKind::Io, "{error}");
        assert!(error.to_string().contains("another process"), "{error}");
        drop(before);
        store.close()?;
        drop(store);
        let store = with_room(&path, 1 << 20)?;
        assert_eq!(store.get(&store.tree("t")?, b"long")?.map(|value| value.len()), Some(4 << 20));
        Ok(())
    }
}
