//! Opening the engine, and writing.

use std::path::Path;
use std::sync::Arc;

use arbour_core::engine::{MapEngine, MapWrites, StoreFolder, StorePath, unknown_commit};
use arbour_core::{
    Capabilities, DamageDetection, Durability, Error, ErrorKind, Operation, Result, StoreOptions,
};

use crate::error;
use crate::reading::Pinned;
use crate::toy::Toy;

/// The version of your files. **Yours**: raise it when you change how they are written.
const FORMAT: u32 = 1;

/// The file of the engine in the folder of the store.
const LOG: &str = "log";

/// The engine. The store and its snapshots share it.
pub struct OwnEngine {
    toy: Toy,
    folder: StoreFolder,
}

impl OwnEngine {
    /// Opens the engine in a folder, which stays locked while it is open.
    pub(crate) fn open(path: &Path, options: &StoreOptions) -> Result<Self> {
        let path = StorePath::resolve(path)?;
        // **Yours**: if the engine can be opened read-only, say so in the capabilities instead.
        if options.is_read_only() {
            let message = "the engine cannot open a store read-only: open it for writing";
            let error = Error::new(ErrorKind::Unsupported, Operation::Open, message);
            return Err(error.with_path(&*path));
        }
        // **Yours**: the name of the engine, and the names of its files in the folder. An engine that
        // wants a folder to itself gets one in this one.
        let mut folder = StoreFolder::open(path, options, "own", FORMAT, |name| name == LOG)?;
        // **Yours**: open the engine. Engines that create an empty database where files are missing
        // have to be told that the store is not new, or the files be checked before.
        let opened = Toy::open(&folder.path().join(LOG), folder.is_new());
        let toy = opened
            .map_err(|cause| error::engine(cause, Operation::Open).with_path(&**folder.path()))?;
        folder.finish()?;
        Ok(Self { toy, folder })
    }
}

impl MapEngine for OwnEngine {
    type Snapshot = Pinned;

    /// **Yours**: what the engine can do, and its limits. The suite checks every entry.
    fn capabilities(&self) -> Capabilities {
        let mut capabilities = Capabilities::new("own");
        capabilities.persistent = true;
        capabilities.durability = vec![Durability::PowerLoss];
        capabilities.limits.value_bytes_max = 1 << 20; // the toy reads its file as a whole
        capabilities.damage = DamageDetection::Structure;
        capabilities
    }

    fn path(&self) -> &StorePath {
        self.folder.path()
    }

    /// **Yours**: take a snapshot. One that needs the open engine keeps a clone of `self`.
    fn snapshot(self: &Arc<Self>) -> Result<Pinned> {
        Ok(Pinned { entries: self.toy.entries() })
    }

    /// **Yours**: write one atomic batch. The toy waits for the device whatever is requested.
    fn apply(&self, writes: &MapWrites<'_>, _: Durability) -> Result<()> {
        let (count, _) = writes.size_hint();
        let mut changes = Vec::with_capacity(count);
        writes.for_each(|key, value| changes.push((key.to_vec(), value.map(<[u8]>::to_vec))));
        let applied = self.toy.apply(changes);
        applied.map_err(|cause| unknown_commit(error::engine(cause, Operation::Apply)))
    }

    /// **Yours**: wait for the device. Nothing is to be done here, as each batch has done it. An engine
    /// with a log also has `close`, which moves what is in the log to the files of its entries, where
    /// damage is detected. Further methods count, compact and copy, if the engine can.
    fn sync(&self) -> Result<()> {
        Ok(())
    }
}
