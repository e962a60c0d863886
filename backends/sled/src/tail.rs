//! What sled's recovery changes.
//!
//! If a read fails during recovery, sled takes that for the end of its log: it overwrites the rest
//! of the log, and removes the large values that the rest names. So everything recovery can change
//! is read first, and kept in an [undo file](crate::undo) while sled recovers. If sled then finds
//! less than there is, all of that is restored and recovery runs again: if it finds the same twice,
//! there is no more.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use arbour_core::Result;
use arbour_core::engine::sync_folder;

use crate::{error, index, segments};

/// How much is kept while the store is opened. Beyond that, a failed read loses what it affects.
const KEPT_MAX: u64 = 64 << 20;

/// What was written since sled wrote its last index, and that index.
pub(crate) struct Tail {
    pub(crate) folder: PathBuf,
    /// The length of the log.
    pub(crate) log_bytes: u64,
    /// Segments of the log with their offsets in the file.
    pub(crate) segments: Vec<(u64, Vec<u8>)>,
    /// The index, and the large values.
    pub(crate) files: Vec<(PathBuf, Vec<u8>)>,
    /// Where the last complete record ends.
    pub(crate) end: u64,
}

impl Tail {
    /// Reads the tail of the log in a folder. `None` if there is no log, or it is too long to be
    /// kept.
    pub(crate) fn read(folder: &Path, log: &Path) -> Result<Option<Self>> {
        let log = match File::open(log) {
            Err(cause) if cause.kind() == io::ErrorKind::NotFound => return Ok(None),
            log => log.map_err(error::not_opened)?,
        };
        let indexed = index::find_end(folder).map_err(error::not_opened)?;
        let files = changeable(folder, indexed).map_err(error::not_opened)?;
        let Some((segments, end)) = segments::read_from(&log, indexed, KEPT_MAX)? else {
            return Ok(None);
        };
        let mut tail = Self {
            folder: folder.to_owned(),
            log_bytes: log.metadata().map_err(error::not_opened)?.len(),
            segments,
            files: Vec::new(),
            end,
        };
        let mut kept = 0;
        for path in files {
            let content = fs::read(&path).map_err(error::not_opened)?;
            kept += content.len() as u64;
            if kept > KEPT_MAX {
                return Ok(None);
            }
            tail.files.push((path, content));
        }
        Ok(Some(tail))
    }

    /// Returns where the last complete record ends.
    pub(crate) fn end(&self) -> u64 {
        self.end
    }

    /// Restores everything, durably. After a failed sync the system may treat bytes as written that
    /// never reached the device, so all of it is written again.
    ///
    /// A power loss may interrupt this anywhere. So the log is complete again before the index that
    /// sled wrote is removed: until then sled continues where that index ends.
    pub(crate) fn restore(&self, log: &Path) -> io::Result<()> {
        for (path, content) in &self.files {
            self.put_back(path, content)?;
        }
        sync_folder(&self.folder.join("blobs"))?;
        sync_folder(&self.folder)?;
        let mut log = OpenOptions::new().write(true).open(log)?;
        for (place, bytes) in &self.segments {
            log.seek(SeekFrom::Start(*place))?;
            log.write_all(bytes)?;
        }
        cut(&log, self.log_bytes)?;
        log.sync_all()?;
        // A newer index covers less than there is.
        for path in changeable(&self.folder, u64::MAX)? {
            if self.files.iter().all(|(kept, _)| *kept != path) {
                fs::remove_file(path)?;
            }
        }
        sync_folder(&self.folder)
    }

    fn put_back(&self, path: &Path, content: &[u8]) -> io::Result<()> {
        // An existing file is written in place, because a full device has no space for another: its
        // content is the same before and after, so a partial write does no harm. A missing file
        // gets its name once it is complete, because sled refuses an incomplete index.
        let is_there = fs::metadata(path).is_ok_and(|file| file.len() == content.len() as u64);
        let unfinished = self.folder.join(index::UNFINISHED_COPY);
        let written = if is_there { path } else { &unfinished };
        let mut file =
            OpenOptions::new().write(true).create(true).truncate(!is_there).open(written)?;
        file.write_all(content)?;
        file.sync_all()?;
        if is_there { Ok(()) } else { fs::rename(written, path) }
    }
}

fn cut(file: &File, bytes: u64) -> io::Result<()> {
    if file.metadata()?.len() == bytes { Ok(()) } else { file.set_len(bytes) }
}

/// Lists the parts of the index, and the large values written from a position on.
fn changeable(folder: &Path, from: u64) -> io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_name().to_str().is_some_and(index::is_part) {
            files.push(entry.path());
        }
    }
    let blobs = match fs::read_dir(folder.join("blobs")) {
        Err(cause) if cause.kind() == io::ErrorKind::NotFound => return Ok(files),
        blobs => blobs?,
    };
    for entry in blobs {
        let entry = entry?;
        let name = entry.file_name();
        let position = name.to_str().and_then(|name| name.parse::<u64>().ok());
        if position.is_some_and(|position| position >= from) {
            files.push(entry.path());
        }
    }
    Ok(files)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::fs;
    use std::path::{Path, PathBuf};

    use super::Tail;

    fn files(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
        let mut files = BTreeMap::new();
        for folder in [folder.to_owned(), folder.join("blobs")] {
            let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
            let paths = entries.filter(|path| path.is_file());
            files.extend(paths.map(|path| (path.clone(), fs::read(path).unwrap())));
        }
        files
    }

    /// Opens the database once sled's threads have let go of it if it was open before.
    fn open_alone(path: &Path) -> sled::Db {
        loop {
            match sled::open(path) {
                Err(sled::Error::Io(error)) if error.to_string().contains("acquire lock") => {
                    std::thread::yield_now();
                }
                opened => return opened.unwrap(),
            }
        }
    }

    #[test]
    fn all_that_recovery_changes_is_put_back() {
        let folder = tempfile::tempdir().unwrap();
        let (path, log) = (folder.path(), folder.path().join("db"));
        assert!(Tail::read(path, &log).unwrap().is_none(), "there is no log");
        for number in 0..2_u8 {
            let sled = open_alone(path);
            for key in 0..10_u8 {
                sled.insert([number, key], vec![number; 200_000]).unwrap();
            }
        }
        let before = files(path);
        let tail = Tail::read(path, &log).unwrap().unwrap();
        let sled = open_alone(path);
        assert_eq!(crate::log_end::reached(&sled), tail.end());
        drop(sled);
        // What sled does if it finds less.
        let bytes = before[&log].len() as u64;
        let file = fs::OpenOptions::new().write(true).open(&log).unwrap();
        file.set_len(bytes / 2).unwrap();
        let newest = before.keys().max_by_key(|path| {
            path.file_name().unwrap().to_str().unwrap().parse::<u64>().unwrap_or(0)
        });
        fs::remove_file(newest.unwrap()).unwrap();
        fs::write(path.join("snap.0000000000000FFF"), "less").unwrap();
        assert_ne!(files(path), before);
        let damaged = files(path);
        // A power loss before the log is written: what sled left of it still has its index.
        assert!(tail.restore(&path.join("absent")).is_err());
        let unfinished = files(path);
        assert!(damaged.keys().chain(before.keys()).all(|path| unfinished.contains_key(path)));
        tail.restore(&log).unwrap();
        assert!(files(path) == before);
    }

    #[test]
    fn a_log_that_cannot_be_opened_is_not_taken_for_an_absent_one() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        fs::write(&file, "").unwrap();
        assert!(Tail::read(folder.path(), &folder.path().join("db")).unwrap().is_none());
        let refused = Tail::read(folder.path(), &file.join("db")).err().map(|error| error.kind());
        assert_eq!(refused, Some(arbour_core::ErrorKind::Io), "it lies below a file");
    }

    #[test]
    fn a_file_has_its_name_once_it_is_whole() {
        let folder = tempfile::tempdir().unwrap();
        let (path, log) = (folder.path(), folder.path().join("db"));
        // When it is opened, sled writes an index of what is there.
        (0..2).for_each(|_| drop(open_alone(path)));
        let tail = Tail::read(path, &log).unwrap().unwrap();
        let (index, content) = tail.files.first().unwrap();
        fs::remove_file(index).unwrap();
        // Another name for the file that is written first.
        let (unfinished, witness) =
            (path.join(crate::index::UNFINISHED_COPY), path.join("witness"));
        fs::write(&witness, "").unwrap();
        fs::hard_link(&witness, &unfinished).unwrap();
        tail.restore(&log).unwrap();
        assert!(fs::read(index).unwrap() == *content && fs::read(witness).unwrap() == *content);
        assert!(!unfinished.exists());
    }
}
