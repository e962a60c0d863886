//! Copying the files of a store in use.

use std::fs;
use std::io;
use std::path::Path;
use std::thread;
use std::time::Duration;

use arbour_core::{Error, ErrorKind, Operation, Result};

use super::test_store::file_error;

/// How many times a copy is tried, if a background thread of the engine writes meanwhile.
const TRIES: u32 = 20;

/// How long to wait for such a thread.
const PAUSE: Duration = Duration::from_millis(50);

/// Copies a folder as it is at one moment. The files are compared with their copies afterwards, and
/// copied again if one has changed meanwhile.
pub(super) fn copy_folder(from: &Path, to: &Path) -> Result<()> {
    for _ in 0..TRIES {
        let copied = copy(from, to).and_then(|()| is_alike(from, to));
        match copied {
            Ok(true) => return Ok(()),
            Ok(false) => {}
            // A file was removed while it was to be copied.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(file_error("copy the files of the store", &error)),
        }
        let removed = fs::remove_dir_all(to);
        removed.map_err(|error| file_error("remove a copy of the store", &error))?;
        thread::sleep(PAUSE);
    }
    let message = "the files of the store change while they are copied: let the threads that write \
                   to it end before `crash`";
    Err(Error::new(ErrorKind::Busy, Operation::Open, message))
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
