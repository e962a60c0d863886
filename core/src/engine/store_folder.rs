//! Making folders and the names in them durable.

use std::fs::{self, File};
use std::io;
use std::path::Path;

/// Makes the folder of a store, durably. A folder that another process makes at the same moment is
/// taken as it is.
///
/// # Errors
/// Those of the system.
///
/// ```
/// # let scratch = tempfile::tempdir().unwrap();
/// let folder = scratch.path().join("store");
/// arbour_core::engine::make_folder(&folder)?;
/// assert!(folder.is_dir());
/// # Ok::<(), std::io::Error>(())
/// ```
pub fn make_folder(path: &Path) -> io::Result<()> {
    match fs::create_dir(path) {
        Err(cause) if cause.kind() == io::ErrorKind::AlreadyExists && path.is_dir() => Ok(()),
        Err(cause) => Err(cause),
        Ok(()) => match path.parent().filter(|parent| !parent.as_os_str().is_empty()) {
            Some(parent) => sync_folder(parent),
            None => sync_folder(Path::new(".")),
        },
    }
}

/// Makes the names in a folder durable. Only Unix allows a folder to be opened for that; elsewhere
/// nothing is done.
///
/// # Errors
/// Those of the system.
///
/// ```
/// # let folder = tempfile::tempdir().unwrap();
/// std::fs::write(folder.path().join("file"), "content")?;
/// arbour_core::engine::sync_folder(folder.path())?;
/// # Ok::<(), std::io::Error>(())
/// ```
pub fn sync_folder(path: &Path) -> io::Result<()> {
    if cfg!(unix) { File::open(path)?.sync_all() } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::io::ErrorKind;

    use super::make_folder;

    #[test]
    fn a_folder_that_another_process_made_is_taken_and_a_file_is_not() {
        let scratch = tempfile::tempdir().unwrap();
        let folder = scratch.path().join("store");
        make_folder(&folder).unwrap();
        make_folder(&folder).unwrap();
        let file = scratch.path().join("file");
        fs::write(&file, "").unwrap();
        assert_eq!(make_folder(&file).unwrap_err().kind(), ErrorKind::AlreadyExists);
        let nowhere = make_folder(&scratch.path().join("nowhere/store"));
        assert_eq!(nowhere.unwrap_err().kind(), ErrorKind::NotFound);
    }
}
