//! The location of a store.

use std::fs;
use std::io;
use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use crate::{Error, ErrorKind, Operation, Result};

/// The maximum number of symbolic links to follow, the same as on Linux.
const LINKS_MAX: usize = 40;

/// The path of a store, resolved once when it is opened.
///
/// It is absolute and free of symbolic links. Nothing the process does later (changing its current
/// folder, replacing a link) can therefore lead to another store, and the files that an engine
/// keeps next to its own lie next to the file itself and not next to a link to it.
///
/// ```
/// use arbour_core::engine::StorePath;
/// # let folder = tempfile::tempdir().unwrap();
/// let path = StorePath::resolve(folder.path().join("app.redb"))?;
/// assert!(path.is_absolute());
/// # Ok::<(), arbour_core::Error>(())
/// ```
#[derive(Debug)]
pub struct StorePath {
    path: PathBuf,
    identity: OnceLock<Identity>,
}

/// Identifies a file independent of its name.
type Identity = Option<(u64, u64)>;

impl StorePath {
    /// Resolves a path, whether or not a store exists there yet. A dangling symbolic link resolves
    /// to its target, where a store can be created.
    ///
    /// # Errors
    /// [`ErrorKind::Io`] if the folder that would hold the store is missing or cannot be accessed.
    ///
    /// ```
    /// use arbour_core::engine::StorePath;
    /// use arbour_core::ErrorKind;
    /// # let folder = tempfile::tempdir().unwrap();
    /// let error = StorePath::resolve(folder.path().join("absent/app.redb")).unwrap_err();
    /// assert_eq!(error.kind(), ErrorKind::Io);
    /// ```
    pub fn resolve(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        let resolved = resolve(path).map_err(|cause| {
            let message = "the path of the store cannot be reached";
            Error::from_io(cause, Operation::Open, message).with_path(path)
        })?;
        Ok(Self { path: resolved, identity: OnceLock::new() })
    }

    /// Remembers which file or folder is at the path, for [`check`](Self::check). Call it once the
    /// store is open and its file exists.
    ///
    /// # Errors
    /// [`ErrorKind::Io`] if the file cannot be examined.
    ///
    /// ```
    /// # use arbour_core::engine::StorePath;
    /// # let folder = tempfile::tempdir().unwrap();
    /// let path = StorePath::resolve(folder.path())?;
    /// path.pin()?;
    /// # Ok::<(), arbour_core::Error>(())
    /// ```
    pub fn pin(&self) -> Result<()> {
        let found = identity(&self.path).map_err(|cause| {
            let message = "the file of the store cannot be examined";
            Error::from_io(cause, Operation::Open, message).with_path(&self.path)
        })?;
        self.identity.get_or_init(|| found);
        Ok(())
    }

    /// Checks that the path still leads to the file or folder that was [pinned](Self::pin). It
    /// costs one system call, so engines call it before durable commits. On systems that do not
    /// number files (outside Unix) nothing is checked.
    ///
    /// # Errors
    /// [`ErrorKind::Moved`] if it was renamed, replaced or deleted.
    ///
    /// ```
    /// use arbour_core::engine::StorePath;
    /// use arbour_core::{ErrorKind, Operation};
    /// # let folder = tempfile::tempdir().unwrap();
    /// # let file = folder.path().join("app.redb");
    /// std::fs::write(&file, "data").unwrap();
    /// let path = StorePath::resolve(&file)?;
    /// path.pin()?;
    /// path.check(Operation::Commit)?;
    /// std::fs::remove_file(&file).unwrap();
    /// # if cfg!(unix) {
    /// assert_eq!(path.check(Operation::Commit).unwrap_err().kind(), ErrorKind::Moved);
    /// # }
    /// # Ok::<(), arbour_core::Error>(())
    /// ```
    pub fn check(&self, operation: Operation) -> Result<()> {
        let Some(Some(pinned)) = self.identity.get() else { return Ok(()) };
        match identity(&self.path) {
            Ok(found) if found == Some(*pinned) => Ok(()),
            Ok(_) => Err(self.moved(operation, "another file was put in the place of the store")),
            Err(cause) => {
                let message = "the store was renamed or deleted while it was open";
                Err(self.moved(operation, message).with_source(cause))
            }
        }
    }

    /// Tells whether two [pinned](Self::pin) paths lead to one file, also by a hard link or a second
    /// mount. On systems that do not number files the paths are compared.
    ///
    /// ```
    /// use arbour_core::engine::StorePath;
    /// # let folder = tempfile::tempdir().unwrap();
    /// # let (file, link) = (folder.path().join("app"), folder.path().join("link"));
    /// std::fs::write(&file, "data").unwrap();
    /// std::fs::hard_link(&file, &link).unwrap();
    /// let (file, link) = (StorePath::resolve(file)?, StorePath::resolve(link)?);
    /// file.pin()?;
    /// link.pin()?;
    /// # if cfg!(unix) {
    /// assert!(file.is_same_as(&link));
    /// # }
    /// # Ok::<(), arbour_core::Error>(())
    /// ```
    #[must_use]
    pub fn is_same_as(&self, other: &Self) -> bool {
        match (self.identity.get().copied().flatten(), other.identity.get().copied().flatten()) {
            (Some(one), Some(other)) => one == other,
            _ => self.path == other.path,
        }
    }

    /// Returns the error for a store that the system cannot open: [`ErrorKind::NotFound`] if
    /// nothing exists at the path, otherwise the result of [`Error::from_io`].
    ///
    /// ```
    /// use arbour_core::engine::StorePath;
    /// use arbour_core::ErrorKind;
    /// # let folder = tempfile::tempdir().unwrap();
    /// let path = StorePath::resolve(folder.path().join("app.redb"))?;
    /// let absent = std::fs::File::open(&path).unwrap_err();
    /// assert_eq!(path.open_error(absent).kind(), ErrorKind::NotFound);
    /// # Ok::<(), arbour_core::Error>(())
    /// ```
    #[must_use]
    #[cold]
    pub fn open_error(&self, cause: io::Error) -> Error {
        let error = if cause.kind() == io::ErrorKind::NotFound {
            let message = "there is no store, and the options do not allow creating one";
            Error::new(ErrorKind::NotFound, Operation::Open, message).with_source(cause)
        } else {
            Error::from_io(cause, Operation::Open, "cannot open the store")
        };
        error.with_path(&self.path)
    }

    #[cold]
    fn moved(&self, operation: Operation, message: &'static str) -> Error {
        Error::new(ErrorKind::Moved, operation, message).with_path(&self.path)
    }
}

impl Deref for StorePath {
    type Target = Path;

    fn deref(&self) -> &Path {
        &self.path
    }
}

impl AsRef<Path> for StorePath {
    fn as_ref(&self) -> &Path {
        &self.path
    }
}

fn resolve(path: &Path) -> io::Result<PathBuf> {
    let mut path = path.to_owned();
    for _ in 0..LINKS_MAX {
        match fs::canonicalize(&path) {
            Err(cause) if cause.kind() == io::ErrorKind::NotFound => {}
            resolved => return resolved,
        }
        let name = path.file_name().ok_or(io::ErrorKind::NotFound)?.to_owned();
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
        let folder = fs::canonicalize(folder.unwrap_or(Path::new(".")))?;
        // Nothing exists here, or a dangling link, whose target can be created.
        match fs::read_link(folder.join(&name)) {
            Ok(target) => path = folder.join(target),
            Err(_) => return Ok(folder.join(name)),
        }
    }
    Err(io::Error::other("too many symbolic links"))
}

/// Asks for the number of the file and nothing else. After a question for the times of a file, Linux
/// (6.13 and newer) gives its next write a new time and writes the inode again: the sync of a commit
/// of redb took a fifth longer.
#[cfg(target_os = "linux")]
fn identity(path: &Path) -> io::Result<Identity> {
    use rustix::fs::{AtFlags, CWD, StatxFlags, makedev, statx};

    match statx(CWD, path, AtFlags::empty(), StatxFlags::INO) {
        Ok(found) => Ok(Some((makedev(found.stx_dev_major, found.stx_dev_minor), found.stx_ino))),
        // Some sandboxes know only the older call.
        Err(_) => identity_by_metadata(path),
    }
}

#[cfg(all(unix, not(target_os = "linux")))]
fn identity(path: &Path) -> io::Result<Identity> {
    identity_by_metadata(path)
}

#[cfg(unix)]
fn identity_by_metadata(path: &Path) -> io::Result<Identity> {
    use std::os::unix::fs::MetadataExt as _;

    let found = fs::metadata(path)?;
    Ok(Some((found.dev(), found.ino())))
}

#[cfg(not(unix))]
fn identity(path: &Path) -> io::Result<Identity> {
    fs::metadata(path).map(|_| None)
}

#[cfg(all(test, unix))]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;

    use super::{StorePath, identity, identity_by_metadata};
    use crate::{ErrorKind, Operation};

    #[test]
    fn a_link_resolves_to_its_target_whether_or_not_that_exists() {
        let folder = tempfile::tempdir().unwrap();
        let folder = fs::canonicalize(folder.path()).unwrap();
        fs::create_dir(folder.join("data")).unwrap();
        symlink("data/real", folder.join("link")).unwrap();
        symlink("link", folder.join("link of link")).unwrap();
        for _ in 0..2 {
            for name in ["link", "link of link", "data/real", "data/../link"] {
                let path = StorePath::resolve(folder.join(name)).unwrap();
                assert_eq!(&*path, folder.join("data/real"), "{name}");
            }
            fs::write(folder.join("data/real"), "data").unwrap();
        }
    }

    #[test]
    fn links_in_a_circle_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        symlink("b", folder.path().join("a")).unwrap();
        symlink("a", folder.path().join("b")).unwrap();
        let error = StorePath::resolve(folder.path().join("a")).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Io);
    }

    /// A store that was pinned by one call can be checked by the other.
    #[test]
    fn both_calls_give_the_same_identity() {
        let folder = tempfile::tempdir().unwrap();
        let found = identity(folder.path()).unwrap();
        assert_eq!(found, identity_by_metadata(folder.path()).unwrap());
        let absent = identity(&folder.path().join("absent")).unwrap_err();
        assert_eq!(absent.kind(), std::io::ErrorKind::NotFound);
    }

    #[test]
    fn a_file_put_in_its_place_is_noticed() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("store");
        fs::write(&file, "one").unwrap();
        let path = StorePath::resolve(&file).unwrap();
        path.check(Operation::Commit).unwrap();
        path.pin().unwrap();
        fs::write(folder.path().join("other"), "two").unwrap();
        path.check(Operation::Commit).unwrap();
        fs::rename(folder.path().join("other"), &file).unwrap();
        let error = path.check(Operation::Commit).unwrap_err();
        assert_eq!((error.kind(), error.path()), (ErrorKind::Moved, Some(&*path)));
    }
}
