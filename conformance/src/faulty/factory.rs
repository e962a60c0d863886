//! Opening: faults that show before there is a store.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use arbour_core::{Error, ErrorKind, Limits, Operation, Result, StoreOptions};

use super::manifest::reported;
use super::{Fault, FaultyStore};
use crate::btree_engine::make_current;
use crate::{BTreeFactory, BTreeStore, Factory};

/// The longest value of a faulty store, which the cases about limits can write quickly.
const VALUE_BYTES_MAX: usize = 1 << 20;

/// Opens stores that are wrong in one way.
///
/// ```no_run
/// use arbour_conformance::faulty::{Fault, FaultyFactory};
/// use arbour_conformance::{Axis, KeyValueSuite, run};
/// // Panics, and says what it found.
/// let factory = FaultyFactory::new(Fault::DropCommits);
/// run(&KeyValueSuite, factory, Axis::Fixed, "endings", "drop_undoes")?;
/// # Ok::<(), arbour_core::Error>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct FaultyFactory {
    fault: Option<Fault>,
}

impl FaultyFactory {
    /// Makes a factory of stores with this fault.
    ///
    /// ```
    /// use arbour_conformance::faulty::{Fault, FaultyFactory};
    /// let factory = FaultyFactory::new(Fault::SyncDoesNothing);
    /// # let _ = factory;
    /// ```
    #[must_use]
    pub fn new(fault: Fault) -> Self {
        Self { fault: Some(fault) }
    }

    /// Makes a factory of the same stores without a fault. It shows that the suite rejects the
    /// fault itself, and not the code around it.
    ///
    /// ```
    /// use arbour_conformance::faulty::FaultyFactory;
    /// use arbour_conformance::{Axis, KeyValueSuite, run};
    /// run(&KeyValueSuite, FaultyFactory::sound(), Axis::Fixed, "endings", "drop_undoes")?;
    /// # Ok::<(), arbour_core::Error>(())
    /// ```
    #[must_use]
    pub fn sound() -> Self {
        Self { fault: None }
    }

    /// Changes the options as the fault requires.
    fn options(&self, options: &StoreOptions) -> StoreOptions {
        let limits = Limits { value_bytes_max: VALUE_BYTES_MAX, ..options.requested_limits() };
        let options = options.clone().limits(limits.within(options.requested_limits()));
        match self.fault {
            Some(Fault::ReadOnlyIsWritten) => options.read_only(false),
            Some(Fault::CreatesAgainstOptions) => options.create(true),
            Some(Fault::BusyTimeoutIgnored) => options.busy_timeout(Duration::from_secs(1)),
            Some(Fault::SecondWriterNeverWaits) => options.busy_timeout(Duration::ZERO),
            _ => options,
        }
    }

    /// Opens what the sound store refused to open, if that is the fault. Returns whether only the
    /// remains of a damaged store were opened.
    fn open_anyway(
        &self,
        path: &Path,
        options: &StoreOptions,
        refusal: Error,
    ) -> Result<(BTreeStore, bool)> {
        let beside = beside(path);
        let (prepared, path, damaged) = match (self.fault, refusal.kind()) {
            (Some(Fault::NewerFormatOpened), ErrorKind::TooNew) => {
                (make_current(path), path, false)
            }
            (Some(Fault::DamageReplaced), ErrorKind::Corrupted) => {
                (fs::remove_file(path), path, false)
            }
            (Some(Fault::SecondHandleOpens), ErrorKind::Locked) => {
                (fs::copy(path, &beside).map(drop), &*beside, false)
            }
            // A file that is not a store at all is refused; a store with damage in its middle is
            // opened, and the damage is found when it is read.
            (Some(Fault::ScanSwallowsErrors | Fault::VerifiesNothing), ErrorKind::Corrupted)
                if is_store(path) =>
            {
                (Ok(()), &*beside, true)
            }
            _ => return Err(refusal),
        };
        prepared.map_err(|error| {
            Error::new(ErrorKind::Io, Operation::Open, "cannot open it anyway").with_source(error)
        })?;
        Ok((BTreeFactory.open(path, options)?, damaged))
    }
}

impl Factory for FaultyFactory {
    type Store = FaultyStore;

    fn open(&self, path: &Path, options: &StoreOptions) -> Result<FaultyStore> {
        let options = self.options(options);
        if self.fault == Some(Fault::ClaimsReadOnly) && options.is_read_only() {
            let message = "this store cannot be opened read-only";
            return Err(Error::new(ErrorKind::Unsupported, Operation::Open, message));
        }
        if let (Some(Fault::CreatesFolders), Some(folder)) = (self.fault, path.parent()) {
            // If this fails, opening fails and gives the reason.
            let _ = fs::create_dir_all(folder);
        }
        let beside = beside(path);
        let path = match self.fault {
            Some(Fault::LinksNotFollowed) if path.is_symlink() => &*beside,
            _ => path,
        };
        let opened = BTreeFactory.open(path, &options).map(|store| (store, false));
        let opened = opened.or_else(|refusal| self.open_anyway(path, &options, refusal));
        let (below, damaged) = opened.map_err(|error| reported(self.fault, error))?;
        Ok(FaultyStore::new(below, self.fault, path, damaged))
    }

    fn make_newer(&self, path: &Path) -> io::Result<()> {
        BTreeFactory.make_newer(path)
    }
}

/// Returns a path next to a store's that does not count as part of the store.
fn beside(path: &Path) -> PathBuf {
    let mut name = std::ffi::OsString::from("beside ");
    name.push(path.file_name().unwrap_or_default());
    path.with_file_name(name)
}

/// Tells whether a file begins like a store.
fn is_store(path: &Path) -> bool {
    fs::read(path).is_ok_and(|bytes| bytes.starts_with(b"arbtree\n"))
}
