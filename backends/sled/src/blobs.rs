//! What is too large for sled's log.
//!
//! sled writes a page of more than about 128 KiB to a file of its own and never puts that file on
//! the device. A commit that is to survive the loss of power has to.

use std::collections::HashSet;
use std::ffi::OsString;
use std::fs::{self, File};
use std::io;
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use crate::folder::sync_folder;

/// File systems count the time of a change in steps of up to this.
const TIME_STEP: Duration = Duration::from_millis(50);

/// The files that are on the device.
pub(crate) struct Blobs {
    folder: PathBuf,
    synced: HashSet<OsString>,
    /// When the folder had changed last when it was last listed; `None` if it may have changed
    /// since within one step of time.
    changed: Option<SystemTime>,
}

impl Blobs {
    pub(crate) fn new(folder: PathBuf) -> Self {
        Self { folder, synced: HashSet::new(), changed: None }
    }

    /// Lists the files that are not known to be on the device. Whatever is to be made durable has
    /// to be written before.
    pub(crate) fn unsynced(&mut self) -> io::Result<Vec<OsString>> {
        // sled only ever makes and removes whole files, so the time of the folder tells all.
        let changed = fs::metadata(&self.folder)?.modified()?;
        if self.changed == Some(changed) {
            return Ok(Vec::new());
        }
        let mut there = HashSet::new();
        for entry in fs::read_dir(&self.folder)? {
            there.insert(entry?.file_name());
        }
        self.synced.retain(|name| there.contains(name));
        there.retain(|name| !self.synced.contains(name));
        let is_past = SystemTime::now().duration_since(changed).is_ok_and(|age| age > TIME_STEP);
        self.changed = (is_past && there.is_empty()).then_some(changed);
        Ok(there.into_iter().collect())
    }

    /// Puts listed files on the device. sled may have removed one meanwhile.
    pub(crate) fn sync(&mut self, unsynced: Vec<OsString>) -> io::Result<()> {
        if unsynced.is_empty() {
            return Ok(());
        }
        for name in unsynced {
            match File::open(self.folder.join(&name)) {
                Err(cause) if cause.kind() == io::ErrorKind::NotFound => {}
                file => {
                    file?.sync_data()?;
                    self.synced.insert(name);
                }
            }
        }
        sync_folder(&self.folder)
    }
}
