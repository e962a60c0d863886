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

    /// Puts the files on the device that are not known to be there. Whatever is to be made durable
    /// has to be written before.
    pub(crate) fn sync(&mut self) -> io::Result<()> {
        let unsynced = self.unsynced()?;
        if unsynced.is_empty() { Ok(()) } else { self.sync_files(unsynced) }
    }

    fn unsynced(&mut self) -> io::Result<Vec<OsString>> {
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

    fn sync_files(&mut self, unsynced: Vec<OsString>) -> io::Result<()> {
        for name in unsynced {
            match File::open(self.folder.join(&name)) {
                // sled has removed it since it was listed.
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

#[cfg(test)]
mod tests {
    use std::fs;
    use std::thread;

    use super::{Blobs, TIME_STEP};

    #[test]
    fn each_file_is_synced_once() {
        let folder = tempfile::tempdir().unwrap();
        let mut blobs = Blobs::new(folder.path().to_owned());
        for name in ["17", "18"] {
            fs::write(folder.path().join(name), "large").unwrap();
            assert_eq!(blobs.unsynced().unwrap(), [name]);
            blobs.sync().unwrap();
            assert!(blobs.synced.contains(&*std::ffi::OsString::from(name)));
            assert!(blobs.unsynced().unwrap().is_empty());
        }
        // A file that comes back under the name of one that went is another file.
        fs::remove_file(folder.path().join("17")).unwrap();
        blobs.sync().unwrap();
        fs::write(folder.path().join("17"), "another").unwrap();
        assert_eq!(blobs.unsynced().unwrap(), ["17"]);
    }

    #[test]
    fn a_file_that_went_meanwhile_is_passed_over() {
        let folder = tempfile::tempdir().unwrap();
        let mut blobs = Blobs::new(folder.path().to_owned());
        fs::write(folder.path().join("17"), "large").unwrap();
        fs::write(folder.path().join("18"), "large").unwrap();
        let listed = blobs.unsynced().unwrap();
        fs::remove_file(folder.path().join("17")).unwrap();
        blobs.sync_files(listed).unwrap();
        assert!(!blobs.synced.contains(&*std::ffi::OsString::from("17")));
        assert!(blobs.synced.contains(&*std::ffi::OsString::from("18")));
    }

    #[test]
    fn an_unchanged_folder_is_not_listed_again() {
        let folder = tempfile::tempdir().unwrap();
        let mut blobs = Blobs::new(folder.path().to_owned());
        thread::sleep(2 * TIME_STEP);
        assert!(blobs.unsynced().unwrap().is_empty());
        assert!(blobs.changed.is_some());
        fs::write(folder.path().join("17"), "large").unwrap();
        assert_eq!(blobs.unsynced().unwrap(), ["17"]);
    }
}
