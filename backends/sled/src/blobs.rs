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
    path: PathBuf,
    /// The folder itself, which is cheaper to ask than its path. Only Unix opens folders.
    folder: Option<File>,
    synced: HashSet<OsString>,
    /// When the folder had changed last when it was last listed; `None` if it may have changed
    /// since within one step of time.
    changed: Option<SystemTime>,
}

impl Blobs {
    pub(crate) fn new(path: PathBuf) -> Self {
        let folder = File::open(&path).ok();
        Self { path, folder, synced: HashSet::new(), changed: None }
    }

    /// Puts the files on the device that are not known to be there, and returns their names. That
    /// is done before sled writes the log that names them: its recovery takes a batch without
    /// those whose file is missing.
    pub(crate) fn sync_before_log(&mut self) -> io::Result<HashSet<OsString>> {
        let unsynced = self.unsynced()?;
        self.sync(&unsynced)?;
        Ok(unsynced)
    }

    /// Puts the files on the device that the log names by now. Threads of sled's write such files
    /// too. So one that was there before the log was written may have been incomplete then, and
    /// is whole now; one that is new may be incomplete still, if the log does not name it yet.
    pub(crate) fn sync_after_log(&mut self, before: HashSet<OsString>) -> io::Result<()> {
        let unsynced = self.unsynced()?;
        self.sync(&unsynced)?;
        self.synced.extend(before.into_iter().filter(|name| unsynced.contains(name)));
        Ok(())
    }

    fn unsynced(&mut self) -> io::Result<HashSet<OsString>> {
        // sled only ever makes and removes whole files, so the time of the folder tells all.
        let found = self.folder.as_ref().map_or_else(|| fs::metadata(&self.path), File::metadata);
        let changed = found?.modified()?;
        if self.changed == Some(changed) {
            return Ok(HashSet::new());
        }
        let mut there = HashSet::new();
        for entry in fs::read_dir(&self.path)? {
            there.insert(entry?.file_name());
        }
        self.synced.retain(|name| there.contains(name));
        there.retain(|name| !self.synced.contains(name));
        let is_past = SystemTime::now().duration_since(changed).is_ok_and(|age| age > TIME_STEP);
        self.changed = (is_past && there.is_empty()).then_some(changed);
        Ok(there)
    }

    fn sync(&self, names: &HashSet<OsString>) -> io::Result<()> {
        for name in names {
            match File::open(self.path.join(name)) {
                // sled has removed it since it was listed.
                Err(cause) if cause.kind() == io::ErrorKind::NotFound => {}
                file => file?.sync_data()?,
            }
        }
        if names.is_empty() { Ok(()) } else { sync_folder(&self.path) }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;
    use std::ffi::OsString;
    use std::fs;
    use std::thread;

    use super::{Blobs, TIME_STEP};

    fn names(names: &[&str]) -> HashSet<OsString> {
        names.iter().map(OsString::from).collect()
    }

    #[test]
    fn a_file_counts_as_synced_once_the_log_is_written() {
        let folder = tempfile::tempdir().unwrap();
        let mut blobs = Blobs::new(folder.path().to_owned());
        fs::write(folder.path().join("17"), "large").unwrap();
        for _ in 0..2 {
            assert_eq!(blobs.sync_before_log().unwrap(), names(&["17"]));
        }
        fs::write(folder.path().join("18"), "written by a thread of sled's").unwrap();
        blobs.sync_after_log(names(&["17"])).unwrap();
        assert_eq!(blobs.synced, names(&["17"]));
        assert_eq!(blobs.sync_before_log().unwrap(), names(&["18"]));
        blobs.sync_after_log(names(&["18"])).unwrap();
        assert!(blobs.unsynced().unwrap().is_empty());
        // A file that comes back under the name of one that went is another file.
        fs::remove_file(folder.path().join("17")).unwrap();
        assert!(blobs.unsynced().unwrap().is_empty());
        fs::write(folder.path().join("17"), "another").unwrap();
        assert_eq!(blobs.unsynced().unwrap(), names(&["17"]));
    }

    #[test]
    fn a_file_that_went_meanwhile_is_passed_over() {
        let folder = tempfile::tempdir().unwrap();
        let mut blobs = Blobs::new(folder.path().to_owned());
        blobs.sync(&names(&["17"])).unwrap();
        blobs.sync_after_log(names(&["17"])).unwrap();
        assert!(blobs.synced.is_empty());
    }

    #[test]
    fn an_unchanged_folder_is_not_listed_again() {
        let folder = tempfile::tempdir().unwrap();
        let mut blobs = Blobs::new(folder.path().to_owned());
        thread::sleep(2 * TIME_STEP);
        assert!(blobs.unsynced().unwrap().is_empty());
        assert!(blobs.changed.is_some());
        fs::write(folder.path().join("17"), "large").unwrap();
        assert_eq!(blobs.unsynced().unwrap(), names(&["17"]));
    }

    #[test]
    fn a_file_that_cannot_be_synced_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let mut blobs = Blobs::new(folder.path().join("absent"));
        assert!(blobs.sync_before_log().is_err());
        assert!(blobs.synced.is_empty());
    }
}
