//! The undo file: what sled's recovery may destroy, while it runs.
//!
//! It is on the device before sled starts, and is removed once sled has found everything. If power
//! is lost between a failed recovery and its undoing, the next open undoes it. Because of its
//! checksum, a file that was not written completely is ignored; sled had not started then.
//!
//! ```text
//! length of the log 8   end of the last record 8   count of segments 8   count of files 8
//! each segment:  offset in the log 8   length 8   bytes
//! each file:     length of the name 8   name in the folder   length 8   bytes
//! checksum (CRC-32) of all that 4
//! ```
//!
//! Numbers are little-endian.

use std::fs::{self, File};
use std::io::{self, ErrorKind, Write as _};
use std::path::{Path, PathBuf};

use arbour_core::engine::sync_folder;

use crate::tail::Tail;

const NAME: &str = "undo";

/// Writes the undo file, durably. A full device has no space for it; then only memory holds what
/// recovery may destroy.
pub(crate) fn write(tail: &Tail) -> io::Result<()> {
    let path = tail.folder.join(NAME);
    let bytes = encode(tail);
    let written = File::create(&path).and_then(|mut file| {
        file.write_all(&bytes)?;
        file.sync_all()
    });
    match written {
        Err(cause) if matches!(cause.kind(), ErrorKind::StorageFull | ErrorKind::QuotaExceeded) => {
            remove(&tail.folder)
        }
        written => written.and_then(|()| sync_folder(&tail.folder)),
    }
}

/// Reads the undo file of a folder; `None` if it is absent or incomplete.
pub(crate) fn read(folder: &Path) -> io::Result<Option<Tail>> {
    match fs::read(folder.join(NAME)) {
        Err(cause) if cause.kind() == ErrorKind::NotFound => Ok(None),
        bytes => Ok(decode(folder, &bytes?)),
    }
}

/// Removes the undo file of a folder, durably, if there is one.
pub(crate) fn remove(folder: &Path) -> io::Result<()> {
    match fs::remove_file(folder.join(NAME)) {
        Err(cause) if cause.kind() == ErrorKind::NotFound => Ok(()),
        removed => removed.and_then(|()| sync_folder(folder)),
    }
}

fn encode(tail: &Tail) -> Vec<u8> {
    let mut bytes = Vec::new();
    let counts = [tail.segments.len() as u64, tail.files.len() as u64];
    for number in [tail.log_bytes, tail.end].into_iter().chain(counts) {
        bytes.extend(number.to_le_bytes());
    }
    for (place, content) in &tail.segments {
        bytes.extend(place.to_le_bytes());
        put(&mut bytes, content);
    }
    for (path, content) in &tail.files {
        let name = path.strip_prefix(&tail.folder).unwrap_or(path);
        put(&mut bytes, name.as_os_str().as_encoded_bytes());
        put(&mut bytes, content);
    }
    bytes.extend(crc32fast::hash(&bytes).to_le_bytes());
    bytes
}

fn put(bytes: &mut Vec<u8>, content: &[u8]) {
    bytes.extend((content.len() as u64).to_le_bytes());
    bytes.extend(content);
}

fn decode(folder: &Path, bytes: &[u8]) -> Option<Tail> {
    let (mut rest, checksum) = bytes.split_last_chunk()?;
    if crc32fast::hash(rest) != u32::from_le_bytes(*checksum) {
        return None;
    }
    let rest = &mut rest;
    let (log_bytes, end) = (take_number(rest)?, take_number(rest)?);
    let (segments, files) = (take_number(rest)?, take_number(rest)?);
    let segments = (0..segments).map(|_| Some((take_number(rest)?, take(rest)?.to_vec())));
    let segments = segments.collect::<Option<_>>()?;
    let files = (0..files).map(|_| {
        let name = PathBuf::from(std::str::from_utf8(take(rest)?).ok()?);
        Some((folder.join(name), take(rest)?.to_vec()))
    });
    let files = files.collect::<Option<_>>()?;
    Some(Tail { folder: folder.to_owned(), log_bytes, segments, files, end })
}

fn take_number(bytes: &mut &[u8]) -> Option<u64> {
    let (number, rest) = bytes.split_first_chunk()?;
    *bytes = rest;
    Some(u64::from_le_bytes(*number))
}

fn take<'b>(bytes: &mut &'b [u8]) -> Option<&'b [u8]> {
    let length = usize::try_from(take_number(bytes)?).ok()?;
    let (taken, rest) = bytes.split_at_checked(length)?;
    *bytes = rest;
    Some(taken)
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use arbour_core::{KvStore as _, StoreOptions};

    use super::{NAME, decode, encode, read, remove, write};
    use crate::SledStore;
    use crate::tail::Tail;

    fn tail(folder: &Path) -> Tail {
        Tail {
            folder: folder.to_owned(),
            log_bytes: 1 << 40,
            segments: vec![(0, vec![1; 70_000]), (1 << 33, Vec::new())],
            files: vec![(folder.join("snap.0F"), vec![2]), (folder.join("blobs/17"), vec![3; 9])],
            end: 7,
        }
    }

    #[test]
    fn what_is_written_is_read() {
        let folder = tempfile::tempdir().unwrap();
        let tail = tail(folder.path());
        assert!(read(folder.path()).unwrap().is_none());
        remove(folder.path()).unwrap();
        write(&tail).unwrap();
        let found = read(folder.path()).unwrap().unwrap();
        assert_eq!((found.log_bytes, found.end), (tail.log_bytes, tail.end));
        assert!(found.segments == tail.segments && found.files == tail.files);
        assert_eq!(found.folder, tail.folder);
        remove(folder.path()).unwrap();
        assert!(!folder.path().join(NAME).exists());
    }

    /// Copies the files of a store that is open: what its process leaves if it is killed.
    fn copy(from: &Path, to: &Path) {
        fs::create_dir_all(to).unwrap();
        for entry in fs::read_dir(from).unwrap().map(Result::unwrap) {
            let to = to.join(entry.file_name());
            if entry.path().is_dir() {
                copy(&entry.path(), &to);
            } else {
                fs::copy(entry.path(), to).unwrap();
            }
        }
    }

    #[test]
    fn a_recovery_that_lost_commits_and_was_interrupted_is_undone() {
        let folder = tempfile::tempdir().unwrap();
        let (path, killed) = (folder.path().join("store"), folder.path().join("killed"));
        let store = SledStore::open(&path, &StoreOptions::new()).unwrap();
        let tree = store.tree("tree").unwrap();
        for number in 0..8_u8 {
            store.put(&tree, &[number], &vec![number; 200_000]).unwrap();
        }
        copy(&path, &killed);
        let tail = Tail::read(&killed, &killed.join("db")).unwrap().unwrap();
        write(&tail).unwrap();
        // What sled does after a failed read: it cuts the log and removes the large values.
        let log = fs::OpenOptions::new().write(true).open(killed.join("db")).unwrap();
        log.set_len(tail.log_bytes / 2).unwrap();
        fs::remove_dir_all(killed.join("blobs")).unwrap();
        fs::create_dir(killed.join("blobs")).unwrap();
        let store = SledStore::open(&killed, &StoreOptions::new()).unwrap();
        let tree = store.tree("tree").unwrap();
        for number in 0..8_u8 {
            let value = store.get(&tree, &[number]).unwrap();
            assert_eq!(value.as_deref(), Some(&vec![number; 200_000][..]), "{number}");
        }
        assert!(!killed.join(NAME).exists(), "a later open would undo what is committed now");
    }

    #[test]
    fn what_was_not_written_completely_is_ignored() {
        let folder = tempfile::tempdir().unwrap();
        let bytes = encode(&tail(folder.path()));
        for length in (0..bytes.len()).step_by(97).chain([bytes.len() - 1]) {
            assert!(decode(folder.path(), &bytes[..length]).is_none(), "{length} bytes");
            let mut zeros = bytes[..length].to_vec();
            zeros.resize(bytes.len(), 0);
            assert!(decode(folder.path(), &zeros).is_none(), "{length} bytes, then zeros");
        }
        fs::write(folder.path().join(NAME), &bytes[..bytes.len() - 1]).unwrap();
        assert!(read(folder.path()).unwrap().is_none());
    }
}
