//! sled's settings, which it stores in a file next to its log.
//!
//! sled writes them once and never syncs them, so a power loss may leave them empty or full of
//! zeros; without them, or with different ones, it does not open. Every store of this backend has
//! the same settings, so the file is restored to the required content.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

/// The content of the file: the settings, and their checksum.
pub(crate) const BYTES: &[u8] =
    b"segment_size: 524288\nuse_compression: false\nversion: 0.34\x0a\x76\x19\x51\xc1";

/// Returns the path of the file in the folder of a store.
pub(crate) fn path(folder: &Path) -> PathBuf {
    folder.join("conf")
}

/// Writes the file, durably, if its content differs. Its name is durable once the folder is.
pub(crate) fn restore(folder: &Path) -> io::Result<()> {
    let path = path(folder);
    match fs::read(&path) {
        Ok(bytes) if bytes == BYTES => return File::open(path)?.sync_all(),
        Err(cause) if cause.kind() != io::ErrorKind::NotFound => return Err(cause),
        _ => {}
    }
    let mut file = File::create(path)?;
    file.write_all(BYTES)?;
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::{BYTES, path, restore};

    #[test]
    fn are_those_that_sled_writes() {
        let folder = tempfile::tempdir().unwrap();
        drop(sled::open(folder.path()).unwrap());
        assert_eq!(fs::read(path(folder.path())).unwrap(), BYTES);
    }

    #[test]
    fn are_restored_from_anything() {
        let folder = tempfile::tempdir().unwrap();
        restore(folder.path()).unwrap();
        for left in [&b""[..], &[0; 62], &[0; 100], BYTES] {
            fs::write(path(folder.path()), left).unwrap();
            restore(folder.path()).unwrap();
            assert_eq!(fs::read(path(folder.path())).unwrap(), BYTES);
        }
    }
}
