//! Copying the files of a store in use.

use std::fs;
use std::io;
use std::path::Path;
use std::thread;
use std::time::Duration;

/// How many times a copy is tried, if a background thread of the engine writes meanwhile.
const TRIES: u32 = 20;

/// How long to wait for such a thread.
const PAUSE: Duration = Duration::from_millis(50);

/// Copies a folder as it is at one moment. The files are compared with their copies afterwards, and
/// copied again if one has changed meanwhile. Returns `false` if they change without end.
pub(super) fn copy_folder(from: &Path, to: &Path) -> io::Result<bool> {
    for _ in 0..TRIES {
        match copy(from, to).and_then(|()| is_alike(from, to)) {
            Ok(true) => return Ok(true),
            Ok(false) => {}
            // A file was removed while it was to be copied.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
        fs::remove_dir_all(to)?;
        thread::sleep(PAUSE);
    }
    Ok(false)
}

fn copy(from: &Path, to: &Path) -> io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let copy = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            self::copy(&entry.path(), &copy)?;
        } else {
            fs::copy(entry.path(), copy)?;
        }
    }
    Ok(())
}

fn is_alike(from: &Path, to: &Path) -> io::Result<bool> {
    let mut count = 0;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let copy = to.join(entry.file_name());
        count += 1;
        let same = if entry.file_type()?.is_dir() {
            copy.is_dir() && is_alike(&entry.path(), &copy)?
        } else {
            copy.is_file() && fs::read(entry.path())? == fs::read(copy)?
        };
        if !same {
            return Ok(false);
        }
    }
    Ok(fs::read_dir(to)?.count() == count)
}
