//! redb's database: opening it, and beginning transactions.

use std::fs::{File, OpenOptions};
use std::io;
use std::io::ErrorKind::{InvalidInput, PermissionDenied, Unsupported};
use std::path::Path;
use std::sync::Arc;

use arbour_core::engine::StorePath;
use arbour_core::{Durability, Error, ErrorKind, Operation, Result, StoreOptions};
use redb::backends::FileBackend;
use redb::{
    Builder, DatabaseError, ReadOnlyDatabase, ReadTransaction, ReadableDatabase as _,
    StorageBackend, WriteTransaction,
};

use crate::catch_panic::{PanicSafe, catch_panic};
use crate::error;
use crate::file::StoreFile;
use crate::header::is_new;
use crate::progress::Progress;
use crate::verification::{Lock, verify};

/// An open database; dropping the last reference closes the file.
#[derive(Clone)]
pub(crate) enum Database {
    Writable(Arc<PanicSafe<redb::Database>>, Progress),
    ReadOnly(Arc<PanicSafe<ReadOnlyDatabase>>),
}

impl Database {
    pub(crate) fn open(path: &StorePath, options: &StoreOptions) -> Result<Self> {
        let failed = |cause| error::open(cause, Operation::Open, path);
        let file = catch_panic(Operation::Open, || {
            let file = OpenOptions::new()
                .read(true)
                .write(!options.is_read_only())
                .create(!options.is_read_only() && options.may_create())
                .truncate(false)
                .open(path);
            FileBackend::new(file.map_err(DatabaseError::from).map_err(failed)?).map_err(failed)
        })?;
        if options.verifies() && !is_new(&file).map_err(DatabaseError::from).map_err(failed)? {
            verify(path, Lock::Needed, Operation::Open)?;
        }
        if options.is_read_only() {
            return catch_panic(Operation::Open, || {
                let database = builder(options).open_read_only(path).map_err(failed)?;
                Ok(Self::ReadOnly(Arc::new(PanicSafe::new(database))))
            });
        }
        let database = Self::over(file, options, failed)?;
        sync_folder_of(path).map_err(DatabaseError::from).map_err(failed)?;
        Ok(database)
    }

    /// Opens the database over any storage backend.
    pub(crate) fn over(
        file: impl StorageBackend,
        options: &StoreOptions,
        failed: impl Fn(DatabaseError) -> Error,
    ) -> Result<Self> {
        let progress = Progress::default();
        let file = StoreFile::new(file, options.may_create(), progress.clone());
        catch_panic(Operation::Open, || {
            let database = builder(options).create_with_backend(file).map_err(failed)?;
            Ok(Self::Writable(Arc::new(PanicSafe::new(database)), progress))
        })
    }

    pub(crate) fn begin_read(&self) -> Result<PanicSafe<ReadTransaction>> {
        let operation = Operation::Snapshot;
        catch_panic(operation, || {
            let transaction = match self {
                Self::Writable(database, _) => database.begin_read(),
                Self::ReadOnly(database) => database.begin_read(),
            };
            transaction.map(PanicSafe::new).map_err(|cause| error::transaction(cause, operation))
        })
    }

    /// Begins a write transaction of redb. It would wait for another one, but the caller holds the
    /// writer slot, so there is none.
    pub(crate) fn begin_write(
        &self,
        durability: Durability,
        operation: Operation,
    ) -> Result<PanicSafe<WriteTransaction>> {
        let Self::Writable(database, _) = self else {
            let message = "the store was opened read-only";
            return Err(Error::new(ErrorKind::ReadOnly, operation, message));
        };
        let level = match durability {
            Durability::None => redb::Durability::None,
            Durability::ProcessCrash | Durability::PowerLoss => redb::Durability::Immediate,
        };
        catch_panic(operation, || {
            let transaction = database.begin_write();
            let mut transaction =
                transaction.map_err(|cause| error::transaction(cause, operation))?;
            transaction.set_durability(level).map_err(error::durability)?;
            Ok(PanicSafe::new(transaction))
        })
    }

    /// Moves the content of the file to its start and truncates the rest.
    pub(crate) fn compact(&mut self, path: &StorePath) -> Result<()> {
        let operation = Operation::Compact;
        let Self::Writable(database, progress) = self else { return Ok(()) };
        let Some(alone) = Arc::get_mut(database) else {
            let message = "redb compacts only a file that nothing uses: end all snapshots";
            return Err(Error::new(ErrorKind::Busy, operation, message));
        };
        // With a damaged file redb may abort the process, or compact forever.
        verify(path, Lock::Held, operation)?;
        let (compacted, is_stuck) = progress.watch(|| {
            catch_panic(operation, || alone.compact().map(drop).map_err(error::compaction))
        });
        compacted.map_err(|error| {
            if is_stuck {
                let message = "the file is damaged: redb's list of freed pages does not end";
                Error::new(ErrorKind::Corrupted, operation, message).with_source(error)
            } else {
                error
            }
        })
    }
}

fn builder(options: &StoreOptions) -> Builder {
    let mut builder = Builder::new();
    if let Some(bytes) = options.cache_size() {
        builder.set_cache_size(bytes);
    }
    builder
}

/// Makes the name of a file durable, because what is committed to a file is lost together with its
/// name. Done at each opening, because the process that created the file may have died before doing
/// it. Only Unix allows a folder to be opened for that, some file systems do not sync folders, and
/// a folder need not be readable: the store is opened all the same.
fn sync_folder_of(path: &Path) -> io::Result<()> {
    let Some(folder) = path.parent().filter(|_| cfg!(unix)) else { return Ok(()) };
    match File::open(folder).and_then(|folder| folder.sync_all()) {
        Err(cause) if matches!(cause.kind(), PermissionDenied | InvalidInput | Unsupported) => {
            Ok(())
        }
        synced => synced,
    }
}
