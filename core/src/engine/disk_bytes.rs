//! The space that a store takes on the device.

use std::fs;
use std::io;
use std::path::Path;

/// Returns the size of a file, or of all files in a folder and those below it, in bytes on the
/// device: some engines give a file its full length before it is written. Files that an engine
/// removes meanwhile do not count.
///
/// # Errors
/// Those of the system.
///
/// ```
/// # let folder = tempfile::tempdir().unwrap();
/// std::fs::write(folder.path().join("file"), "content")?;
/// let bytes = arbour_core::engine::disk_bytes(folder.path())?;
/// assert!(bytes <= 7);
/// # Ok::<(), std::io::Error>(())
/// ```
pub fn disk_bytes(path: &Path) -> io::Result<u64> {
    let found = fs::metadata(path)?;
    if !found.is_dir() {
        return Ok(occupied(&found));
    }
    let mut bytes = 0;
    for entry in fs::read_dir(path)? {
        match disk_bytes(&entry?.path()) {
            Ok(found) => bytes += found,
            Err(cause) if cause.kind() == io::ErrorKind::NotFound => {}
            Err(cause) => return Err(cause),
        }
    }
    Ok(bytes)
}

#[cfg(unix)]
fn occupied(file: &fs::Metadata) -> u64 {
    use std::os::unix::fs::MetadataExt as _;

    file.len().min(file.blocks() * 512)
}

#[cfg(not(unix))]
fn occupied(file: &fs::Metadata) -> u64 {
    file.len()
}

#[cfg(test)]
mod tests {
    use std::fs::{self, File};

    use super::disk_bytes;

    #[test]
    fn all_files_count_but_not_the_length_that_is_not_written() {
        let scratch = tempfile::tempdir().unwrap();
        fs::create_dir_all(scratch.path().join("a/b")).unwrap();
        for (name, bytes) in [("one", 5000), ("a/two", 3000), ("a/b/three", 2000)] {
            let path = scratch.path().join(name);
            fs::write(&path, vec![7; bytes]).unwrap();
            File::open(path).unwrap().sync_all().unwrap();
        }
        assert_eq!(disk_bytes(scratch.path()).unwrap(), 10_000);
        assert_eq!(disk_bytes(&scratch.path().join("a/two")).unwrap(), 3000);
        let file = File::create(scratch.path().join("sparse")).unwrap();
        file.set_len(1 << 30).unwrap();
        let all = disk_bytes(scratch.path()).unwrap();
        assert!(!cfg!(unix) || all < 1 << 30, "{all}");
        assert!(disk_bytes(&scratch.path().join("absent")).is_err());
    }
}
