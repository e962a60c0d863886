//! A checksum over all of sled's files.

use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use crate::{index, settings};

/// How much of a file is read at a time.
const CHUNK_BYTES: usize = 1 << 20;

/// Returns the checksum of a store's files: their names, their lengths and their bytes. sled's
/// settings count with their required content, because they are restored anyway.
///
/// # Errors
/// [`NotFound`](io::ErrorKind::NotFound) if the log is missing.
pub(crate) fn of_store(folder: &Path) -> io::Result<u64> {
    let mut files = vec![folder.join("db")];
    files.extend(list(folder, index::is_whole)?);
    files.extend(list(&folder.join("blobs"), |_| true)?);
    let mut checksum = Checksum(0);
    checksum.add(b"conf");
    checksum.add(settings::BYTES);
    for file in files {
        checksum.add(file.file_name().unwrap_or_default().as_encoded_bytes());
        checksum.add_file(&file)?;
    }
    Ok(checksum.0)
}

/// Lists the files in a folder whose names pass, sorted; none if there is no folder.
fn list(folder: &Path, keep: impl Fn(&str) -> bool) -> io::Result<Vec<PathBuf>> {
    let entries = match fs::read_dir(folder) {
        Err(cause) if cause.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries?,
    };
    let mut files = Vec::new();
    for entry in entries {
        let entry = entry?;
        if entry.file_name().to_str().is_some_and(&keep) {
            files.push(entry.path());
        }
    }
    files.sort();
    Ok(files)
}

/// Multiplies and rotates word by word. It does not protect against deliberate changes, but detects
/// truncated files, lost blocks and flipped bits. Every change within a single word is detected.
struct Checksum(u64);

impl Checksum {
    fn add_number(&mut self, number: u64) {
        self.0 = (self.0.rotate_left(5) ^ number).wrapping_mul(0x517c_c1b7_2722_0a95);
    }

    fn add(&mut self, bytes: &[u8]) {
        let (words, rest) = bytes.as_chunks();
        for word in words {
            self.add_number(u64::from_le_bytes(*word));
        }
        let mut last = [0; 8];
        for (to, from) in last.iter_mut().zip(rest) {
            *to = *from;
        }
        self.add_number(u64::from_le_bytes(last));
        self.add_number(bytes.len() as u64);
    }

    fn add_file(&mut self, path: &Path) -> io::Result<()> {
        let file = File::open(path)?;
        let mut chunk = Vec::with_capacity(CHUNK_BYTES);
        loop {
            chunk.clear();
            (&file).take(CHUNK_BYTES as u64).read_to_end(&mut chunk)?;
            self.add(&chunk);
            if chunk.len() < CHUNK_BYTES {
                return Ok(());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    #[test]
    fn every_change_is_seen() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path();
        fs::create_dir(path.join("blobs")).unwrap();
        let mut bytes = vec![0; super::CHUNK_BYTES + 13];
        fs::write(path.join("db"), &bytes).unwrap();
        let mut seen = vec![super::of_store(path).unwrap()];
        for place in [0, 7, 8, super::CHUNK_BYTES - 1, super::CHUNK_BYTES, bytes.len() - 1] {
            bytes[place] = 1;
            fs::write(path.join("db"), &bytes).unwrap();
            seen.push(super::of_store(path).unwrap());
        }
        for length in [bytes.len() - 1, super::CHUNK_BYTES, 8, 1, 0] {
            fs::write(path.join("db"), &bytes[..length]).unwrap();
            seen.push(super::of_store(path).unwrap());
        }
        for file in ["blobs/17", "snap.0001"] {
            fs::write(path.join(file), b"new").unwrap();
            seen.push(super::of_store(path).unwrap());
        }
        fs::rename(path.join("blobs/17"), path.join("blobs/18")).unwrap();
        seen.push(super::of_store(path).unwrap());
        let mut distinct = seen.clone();
        distinct.sort_unstable();
        distinct.dedup();
        assert_eq!(distinct.len(), seen.len(), "{seen:?}");
    }
}
