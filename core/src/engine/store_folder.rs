//! The folder of a store: whose it is, and whether it is complete.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Seek as _, Write as _};
use std::path::Path;

use crate::engine::{StoreLock, StorePath};
use crate::{Error, ErrorKind, Operation, Result, StoreOptions};

/// The file that makes a folder a store.
const MARK: &str = "arbour";

/// What the mark of a folder has instead of a version until its creation has ended. Several bits differ
/// from each digit, so that one that is flipped does not make a store start over.
const UNFINISHED: &str = "-";

/// The folder of a store, with a file that says which engine it belongs to. It stays locked for the
/// lifetime of this value.
///
/// Many engines create an empty database where their files are missing, and ignore or delete files
/// that they do not know. So a file named `arbour`, the mark, lies beside those of the engine. Its
/// text is the name of the engine and the version of the format, as in `arbour-toy 1`. Its lock is
/// the lock of the store. While a store is being created, a dash stands for the version: if the
/// process dies, the next one starts over.
///
/// ```
/// use arbour_core::engine::{StoreFolder, StorePath};
/// use arbour_core::{ErrorKind, StoreOptions};
/// # let scratch = tempfile::tempdir().unwrap();
/// # let path = scratch.path().join("app.toy");
/// let is_own = |name: &str| name == "entries";
/// let open = || StoreFolder::open(StorePath::resolve(&path)?, &StoreOptions::new(), "toy", 1, is_own);
/// let mut folder = open()?;
/// if folder.is_new() {
///     std::fs::write(folder.path().join("entries"), "").unwrap();
/// }
/// folder.finish()?;
/// assert_eq!(open().unwrap_err().kind(), ErrorKind::Locked);
/// drop(folder);
/// assert!(!open()?.is_new());
/// # Ok::<(), arbour_core::Error>(())
/// ```
#[derive(Debug)]
pub struct StoreFolder {
    path: StorePath,
    mark: StoreLock,
    engine: &'static str,
    version: u32,
    is_new: bool,
}

impl StoreFolder {
    /// Opens and locks a folder, creating it if it is absent and the options allow. Several
    /// read-only handles share the lock.
    ///
    /// `version` is that of the format, 1 or more. `is_own` tells the names of the engine's files in
    /// the folder: what an interrupted creation has left of them is removed, because nothing was
    /// committed, and other files are kept. If the folder [is new](Self::is_new), the engine creates
    /// its files and then calls [`finish`](Self::finish). Otherwise it checks that the files are
    /// there that it would create again. The path is [pinned](StorePath::pin).
    ///
    /// # Errors
    /// [`Locked`](ErrorKind::Locked) if another handle or process has the store open;
    /// [`NotFound`](ErrorKind::NotFound) if there is no store and none may be created;
    /// [`InvalidArgument`](ErrorKind::InvalidArgument) if the folder holds files of the engine but no
    /// mark; [`Corrupted`](ErrorKind::Corrupted) if it holds other files and no mark, if the mark is
    /// damaged, or if the path is that of a file; [`TooNew`](ErrorKind::TooNew) if the format is
    /// newer; [`Io`](ErrorKind::Io) for errors of the system.
    ///
    /// See [`StoreFolder`] for an example.
    pub fn open(
        path: StorePath,
        options: &StoreOptions,
        engine: &'static str,
        version: u32,
        is_own: impl Fn(&str) -> bool,
    ) -> Result<Self> {
        let opened = Self::open_unlocated(&path, options, engine, version, &is_own);
        match opened {
            Ok((mark, is_new)) => Ok(Self { path, mark, engine, version, is_new }),
            Err(error) => Err(error.with_path(&*path)),
        }
    }

    fn open_unlocated(
        path: &StorePath,
        options: &StoreOptions,
        engine: &'static str,
        version: u32,
        is_own: &impl Fn(&str) -> bool,
    ) -> Result<(StoreLock, bool)> {
        let may_create = options.may_create() && !options.is_read_only();
        open_folder(path, engine, may_create)?;
        let file = open_mark(path, options.is_read_only(), may_create, engine, is_own)?;
        let lock = if options.is_read_only() { StoreLock::shared } else { StoreLock::exclusive };
        let mark = lock(file)?;
        let mut bytes = Vec::new();
        (&mut mark.file()).read_to_end(&mut bytes).map_err(unreachable)?;
        let text = String::from_utf8_lossy(&bytes);
        if text.is_empty() && names(path).map_err(unreachable)?.len() > 1 {
            return Err(corrupted("the file `arbour` in the folder is empty"));
        }
        let is_new = text.is_empty() || text == mark_text(engine, UNFINISHED);
        if !is_new {
            check_mark(&text, engine, version)?;
        } else if !may_create {
            return Err(path.open_error(io::ErrorKind::NotFound.into()));
        } else {
            let begun = write_mark(mark.file(), &mark_text(engine, UNFINISHED))
                .and_then(|()| remove_own(path, is_own))
                .and_then(|()| sync_folder(path))
                // The process that made the folder may have died before it did this.
                .and_then(|()| path.parent().map_or(Ok(()), sync_folder));
            begun.map_err(unreachable)?;
        }
        path.pin()?;
        Ok((mark, is_new))
    }

    /// Returns the path of the folder.
    ///
    /// ```
    /// fn entries(folder: &arbour_core::engine::StoreFolder) -> std::path::PathBuf {
    ///     folder.path().join("entries")
    /// }
    /// ```
    #[must_use]
    pub fn path(&self) -> &StorePath {
        &self.path
    }

    /// Tells whether the store is being created.
    ///
    /// ```
    /// fn must_create_files(folder: &arbour_core::engine::StoreFolder) -> bool {
    ///     folder.is_new()
    /// }
    /// ```
    #[must_use]
    pub fn is_new(&self) -> bool {
        self.is_new
    }

    /// Ends the creation of a store: from now on the folder is one. What the engine created must be
    /// on the device. It does nothing if the folder is not new.
    ///
    /// # Errors
    /// [`Io`](ErrorKind::Io) or [`DiskFull`](ErrorKind::DiskFull); the creation then has not ended.
    ///
    /// See [`StoreFolder`] for an example.
    pub fn finish(&mut self) -> Result<()> {
        if self.is_new {
            let text = mark_text(self.engine, &self.version.to_string());
            let written = write_mark(self.mark.file(), &text);
            written.map_err(|cause| unreachable(cause).with_path(&*self.path))?;
            self.is_new = false;
        }
        Ok(())
    }
}

fn mark_text(engine: &str, version: &str) -> String {
    format!("arbour-{engine} {version}\n")
}

/// Writes the mark in place, because the lock is that of the file. It is much shorter than what a
/// device writes at once, so it is never half of one text and half of another.
fn write_mark(mut file: &File, text: &str) -> io::Result<()> {
    file.rewind()?;
    file.write_all(text.as_bytes())?;
    file.sync_all()
}

fn check_mark(text: &str, engine: &str, version: u32) -> Result<()> {
    let number = text.strip_prefix("arbour-").and_then(|rest| rest.strip_prefix(engine));
    let number = number.and_then(|rest| rest.strip_prefix(' ')?.strip_suffix('\n'));
    match number.and_then(|number| number.parse::<u32>().ok()) {
        Some(found) if found == version => Ok(()),
        Some(found) if found > version => {
            let message = format!(
                "the store has format {found}, and this program reads format {version}: open it \
                 with the newer version that wrote it"
            );
            Err(Error::new(ErrorKind::TooNew, Operation::Open, message))
        }
        _ => Err(corrupted("the file `arbour` in the folder is damaged")),
    }
}

/// Opens the mark, creating it in an empty folder if that is allowed.
fn open_mark(
    path: &StorePath,
    read_only: bool,
    may_create: bool,
    engine: &str,
    is_own: &impl Fn(&str) -> bool,
) -> Result<File> {
    let mark = path.join(MARK);
    let mut options = OpenOptions::new();
    options.read(true).write(!read_only);
    match options.open(&mark) {
        Err(cause) if cause.kind() == io::ErrorKind::NotFound => {}
        opened => return opened.map_err(unreachable),
    }
    let names = names(path).map_err(unreachable)?;
    if !names.is_empty() {
        return Err(foreign(engine, names.iter().all(|name| is_own(name))));
    }
    if !may_create {
        return Err(path.open_error(io::ErrorKind::NotFound.into()));
    }
    // Another process may be quicker; the lock decides.
    options.create(true).open(&mark).map_err(unreachable)
}

/// Returns the error for a folder that is neither empty nor marked.
fn foreign(engine: &str, is_database: bool) -> Error {
    if !is_database {
        return corrupted(format!("the folder holds files that are not a store of {engine}"));
    }
    let message = format!(
        "the folder holds a database of {engine} that Arbour did not make, as it has no file \
         `arbour`; if it is a store of yours, it is damaged: restore a backup"
    );
    Error::new(ErrorKind::InvalidArgument, Operation::Open, message)
}

fn remove_own(path: &Path, is_own: &impl Fn(&str) -> bool) -> io::Result<()> {
    for name in names(path)?.iter().filter(|name| is_own(name)) {
        let path = path.join(name);
        if path.is_dir() { fs::remove_dir_all(path)? } else { fs::remove_file(path)? }
    }
    Ok(())
}

/// Lists what is in a folder.
fn names(path: &Path) -> io::Result<Vec<String>> {
    let names = fs::read_dir(path)?.map(|entry| Ok(entry?.file_name()));
    names.map(|name: io::Result<_>| Ok(name?.to_string_lossy().into_owned())).collect()
}

/// Checks that a folder is at the path of a store, creating it durably if it is absent and that is
/// allowed. A folder that another process creates at the same moment is taken as it is. Engines that
/// mark their folders in a way of their own call it; [`StoreFolder::open`] does it too.
///
/// # Errors
/// [`NotFound`](ErrorKind::NotFound) if nothing is there and nothing may be created,
/// [`Corrupted`](ErrorKind::Corrupted) if the path is that of a file, [`Io`](ErrorKind::Io) for
/// errors of the system.
///
/// ```
/// use arbour_core::engine::{StorePath, open_folder};
/// # let scratch = tempfile::tempdir().unwrap();
/// let path = StorePath::resolve(scratch.path().join("app.toy"))?;
/// assert!(open_folder(&path, "toy", false).is_err());
/// open_folder(&path, "toy", true)?;
/// assert!(path.is_dir());
/// # Ok::<(), arbour_core::Error>(())
/// ```
pub fn open_folder(path: &StorePath, engine: &str, may_create: bool) -> Result<()> {
    match fs::metadata(path) {
        Ok(found) if found.is_dir() => Ok(()),
        Ok(_) => {
            let message = format!("the path is that of a file; a store of {engine} is a folder");
            Err(corrupted(message).with_path(&**path))
        }
        Err(cause) if cause.kind() == io::ErrorKind::NotFound && may_create => {
            make_folder(path).map_err(|cause| unreachable(cause).with_path(&**path))
        }
        Err(cause) => Err(path.open_error(cause)),
    }
}

fn make_folder(path: &Path) -> io::Result<()> {
    match fs::create_dir(path) {
        Err(cause) if cause.kind() == io::ErrorKind::AlreadyExists && path.is_dir() => Ok(()),
        Err(cause) => Err(cause),
        Ok(()) => path.parent().map_or(Ok(()), sync_folder),
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

fn corrupted(message: impl Into<std::borrow::Cow<'static, str>>) -> Error {
    Error::new(ErrorKind::Corrupted, Operation::Open, message)
}

#[cold]
fn unreachable(cause: io::Error) -> Error {
    Error::from_io(cause, Operation::Open, "the folder of the store cannot be reached")
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use super::{StoreFolder, make_folder};
    use crate::engine::StorePath;
    use crate::{Error, ErrorKind, Result, StoreOptions};

    fn open_with(path: &Path, options: &StoreOptions) -> Result<StoreFolder> {
        StoreFolder::open(StorePath::resolve(path)?, options, "toy", 3, |name| name == "entries")
    }

    fn open(path: &Path) -> Result<StoreFolder> {
        open_with(path, &StoreOptions::new())
    }

    fn assert_refused(refused: Result<StoreFolder>, path: &Path, kind: ErrorKind) -> Error {
        let refused = refused.expect_err("it is no store");
        assert_eq!(refused.kind(), kind, "{refused}");
        assert_eq!(refused.path().and_then(Path::file_name), path.file_name(), "{refused}");
        refused
    }

    #[test]
    fn a_folder_that_another_process_made_is_taken_and_a_file_is_not() {
        let scratch = tempfile::tempdir().unwrap();
        let folder = scratch.path().join("store");
        make_folder(&folder).unwrap();
        make_folder(&folder).unwrap();
        let file = scratch.path().join("file");
        fs::write(&file, "").unwrap();
        assert_eq!(make_folder(&file).unwrap_err().kind(), std::io::ErrorKind::AlreadyExists);
        let nowhere = make_folder(&scratch.path().join("nowhere/store"));
        assert_eq!(nowhere.unwrap_err().kind(), std::io::ErrorKind::NotFound);
    }

    #[test]
    fn a_creation_that_did_not_finish_starts_over_and_keeps_the_files_of_others() {
        let scratch = tempfile::tempdir().unwrap();
        let path = scratch.path().join("store");
        let folder = open(&path).unwrap();
        assert!(folder.is_new());
        drop(folder);
        fs::write(path.join("entries"), "half").unwrap();
        fs::write(path.join("notes"), "mine").unwrap();
        for options in [StoreOptions::new().create(false), StoreOptions::new().read_only(true)] {
            assert_refused(open_with(&path, &options), &path, ErrorKind::NotFound);
        }
        let mut folder = open(&path).unwrap();
        assert!(folder.is_new() && !path.join("entries").exists() && path.join("notes").exists());
        folder.finish().unwrap();
        assert!(!folder.is_new());
        drop(folder);
        assert_eq!(fs::read_to_string(path.join("arbour")).unwrap(), "arbour-toy 3\n");
        fs::write(path.join("entries"), "whole").unwrap();
        assert!(!open(&path).unwrap().is_new());
        assert!(path.join("entries").exists());
    }

    #[test]
    fn readers_share_a_store_and_a_writer_has_it_alone() {
        let scratch = tempfile::tempdir().unwrap();
        let path = scratch.path().join("store");
        open(&path).unwrap().finish().unwrap();
        let read_only = StoreOptions::new().read_only(true);
        let readers =
            [open_with(&path, &read_only).unwrap(), open_with(&path, &read_only).unwrap()];
        assert_refused(open(&path), &path, ErrorKind::Locked);
        drop(readers);
        let writer = open(&path).unwrap();
        assert_refused(open_with(&path, &read_only), &path, ErrorKind::Locked);
        drop(writer);
    }

    #[test]
    fn what_is_not_the_store_of_this_engine_and_format_is_refused_and_kept() {
        let scratch = tempfile::tempdir().unwrap();
        let file = scratch.path().join("file");
        fs::write(&file, "text").unwrap();
        let refused = assert_refused(open(&file), &file, ErrorKind::Corrupted);
        assert!(refused.to_string().contains("a store of toy is a folder"), "{refused}");
        let folder = scratch.path().join("folder");
        fs::create_dir(&folder).unwrap();
        fs::write(folder.join("entries"), "alone").unwrap();
        let refused = assert_refused(open(&folder), &folder, ErrorKind::InvalidArgument);
        assert!(refused.to_string().contains("Arbour did not make"), "{refused}");
        fs::write(folder.join("app.redb"), "another").unwrap();
        assert_refused(open(&folder), &folder, ErrorKind::Corrupted);
        assert!(!folder.join("arbour").exists() && folder.join("entries").exists());
        for (mark, kind) in [
            ("arbour-toy 4\n", ErrorKind::TooNew),
            ("arbour-toy 12\n", ErrorKind::TooNew),
            ("arbour-toy 2\n", ErrorKind::Corrupted),
            ("arbour-toy x\n", ErrorKind::Corrupted),
            ("arbour-toy 3", ErrorKind::Corrupted),
            ("arbour-toybox 3\n", ErrorKind::Corrupted),
            ("arbour-toy 0\n", ErrorKind::Corrupted),
            ("", ErrorKind::Corrupted),
        ] {
            fs::write(folder.join("arbour"), mark).unwrap();
            assert_refused(open(&folder), &folder, kind);
            assert_eq!(fs::read_to_string(folder.join("arbour")).unwrap(), mark);
        }
        assert!(folder.join("entries").exists());
    }
}
