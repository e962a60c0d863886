//! Files for values that are too large for sled's log.
//!
//! sled writes a page of more than about 128 KiB to a file of its own and never syncs that file.
//! Its recovery skips a log record whose file is missing, and applies the rest of the commit. So
//! the files of a commit are synced before the log names them, at every level of durability.

use std::collections::HashSet;
use std::ffi::{OsStr, OsString};
use std::fs::{self, File};
use std::io;
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use arbour_core::engine::sync_folder;

/// File systems record modification times in steps of up to this.
const TIME_STEP: Duration = Duration::from_millis(50);

/// The files next to the log, and which of them are on the device.
pub(crate) struct Blobs {
    path: PathBuf,
    /// The open folder, which is cheaper to query than its path. Only Unix opens folders.
    folder: Option<File>,
    /// The files that are on the device.
    synced: HashSet<OsString>,
    /// The files that were synced but may have been incomplete then, because a thread of sled may
    /// have been writing them.
    unsure: HashSet<OsString>,
    /// The folder's modification time when it was last listed; `None` if it may have changed since
    /// within the same step.
    changed: Option<SystemTime>,
}

impl Blobs {
    pub(crate) fn new(path: PathBuf) -> Self {
        let folder = File::open(&path).ok();
        let (synced, unsure) = (HashSet::new(), HashSet::new());
        Self { path, folder, synced, unsure, changed: None }
    }

    /// Tells whether there may be files that [`sync_new`](Self::sync_new) has not seen.
    pub(crate) fn may_have_new(&self) -> io::Result<bool> {
        Ok(self.changed != Some(self.last_change()?))
    }

    /// Syncs the new files.
    pub(crate) fn sync_new(&mut self) -> io::Result<()> {
        let new = self.find_new()?;
        self.sync(&new)?;
        self.unsure.extend(new);
        Ok(())
    }

    /// Syncs the files that are not certain to be on the device. A file is named after the position
    /// of the record that names it, and is complete if the log is written up to that position.
    pub(crate) fn sync_all(&mut self, written: i64) -> io::Result<()> {
        let new = self.find_new()?;
        self.unsure.extend(new);
        self.sync(&self.unsure)?;
        let (complete, unsure) = self.unsure.drain().partition(|name| is_complete(name, written));
        self.unsure = unsure;
        let complete: HashSet<OsString> = complete;
        self.synced.extend(complete);
        Ok(())
    }

    fn last_change(&self) -> io::Result<SystemTime> {
        // sled only creates and removes whole files, so the folder's modification time shows every
        // change.
        let found = self.folder.as_ref().map_or_else(|| fs::metadata(&self.path), File::metadata);
        found?.modified()
    }

    fn find_new(&mut self) -> io::Result<HashSet<OsString>> {
        let changed = self.last_change()?;
        if self.changed == Some(changed) {
            return Ok(HashSet::new());
        }
        let mut there = HashSet::new();
        for entry in fs::read_dir(&self.path)? {
            there.insert(entry?.file_name());
        }
        self.synced.retain(|name| there.contains(name));
        self.unsure.retain(|name| there.contains(name));
        there.retain(|name| !self.synced.contains(name) && !self.unsure.contains(name));
        let is_past = SystemTime::now().duration_since(changed).is_ok_and(|age| age > TIME_STEP);
        self.changed = is_past.then_some(changed);
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

/// Tells whether the record that names a file is written. A file with any other name is not sled's.
fn is_complete(name: &OsStr, written: i64) -> bool {
    let position = name.to_str().and_then(|name| name.parse::<i64>().ok());
    position.is_none_or(|position| position <= written)
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
        blobs.sync_new().unwrap();
        fs::write(folder.path().join("18"), "written by a thread of sled's").unwrap();
        blobs.sync_all(17).unwrap();
        assert_eq!((&blobs.synced, &blobs.unsure), (&names(&["17"]), &names(&["18"])));
        blobs.sync_all(18).unwrap();
        assert_eq!((&blobs.synced, &blobs.unsure), (&names(&["17", "18"]), &names(&[])));
        // A new file under the name of a removed one is a different file.
        fs::remove_file(folder.path().join("17")).unwrap();
        blobs.sync_new().unwrap();
        assert_eq!(blobs.synced, names(&["18"]));
        fs::write(folder.path().join("17"), "another").unwrap();
        assert_eq!(blobs.find_new().unwrap(), names(&["17"]));
    }

    #[test]
    fn a_file_that_went_meanwhile_is_passed_over() {
        let folder = tempfile::tempdir().unwrap();
        let mut blobs = Blobs::new(folder.path().to_owned());
        blobs.unsure = names(&["17"]);
        blobs.sync(&names(&["17"])).unwrap();
        blobs.sync_all(17).unwrap();
        assert!(blobs.synced.is_empty() && blobs.unsure.is_empty());
    }

    #[test]
    fn an_unchanged_folder_is_not_listed_again() {
        let folder = tempfile::tempdir().unwrap();
        let mut blobs = Blobs::new(folder.path().to_owned());
        thread::sleep(2 * TIME_STEP);
        assert!(blobs.may_have_new().unwrap());
        blobs.sync_new().unwrap();
        assert!(!blobs.may_have_new().unwrap());
        fs::write(folder.path().join("17"), "large").unwrap();
        assert!(blobs.may_have_new().unwrap());
        assert_eq!(blobs.find_new().unwrap(), names(&["17"]));
    }

    #[test]
    fn a_file_that_cannot_be_synced_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let mut blobs = Blobs::new(folder.path().join("absent"));
        assert!(blobs.may_have_new().is_err());
        assert!(blobs.sync_new().is_err());
        assert!(blobs.synced.is_empty());
    }
}
