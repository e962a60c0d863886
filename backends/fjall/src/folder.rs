//! The folder of a store: whose it is, and whether it is complete.
//!
//! fjall creates an empty database where it misses its first file, deletes folders of keyspaces that
//! its list does not name, and panics over names that it does not expect. So next to fjall's files
//! lies one of Arbour's, the mark. It says what the folder is and which format it has, and its lock
//! is the lock of the store.
//!
//! ```text
//! arbour       the mark: "arbour-fjall 1\n"
//! version      fjall's format             lock   fjall's own lock
//! N.jnl        fjall's journals           keyspaces/0 (fjall's list), keyspaces/1 (all trees)
//! ```

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Seek as _, Write as _};
use std::path::{Path, PathBuf};

use arbour_core::engine::{StoreLock, StorePath, make_folder, sync_folder};
use arbour_core::{Error, ErrorKind, Operation, Result};

use crate::{error, file_list, journal};

/// The file that makes a folder a store.
const MARK: &str = "arbour";

/// What the mark begins with; the format and a line feed follow.
const MARKED: &str = "arbour-fjall ";

/// The format of a folder whose creation has not ended: nothing was committed. Several bits of it are
/// others in a finished one, so that one that is flipped does not make a store start over.
const UNFINISHED: &str = "arbour-fjall -\n";

/// The format that this version writes.
const FINISHED: &str = "arbour-fjall 1\n";

/// fjall's format in its file `version`: `FJL` and a number.
const FJALL: &[u8] = b"FJL\x03";

const VERSION: &str = "version";
const KEYSPACES: &str = "keyspaces";
const JOURNAL: &str = "jnl";

/// A folder that stays locked for the lifetime of this value.
pub(crate) struct Folder {
    path: StorePath,
    mark: StoreLock,
    is_new: bool,
}

impl Folder {
    /// Opens and locks a folder, creating it if it is absent and that is allowed, and checks that
    /// what fjall needs is there.
    pub(crate) fn open(path: StorePath, may_create: bool) -> Result<Self> {
        match fs::metadata(&path) {
            Ok(found) if found.is_dir() => {}
            Ok(_) => {
                let message = "the path is that of a file; a store of fjall is a folder";
                return Err(error::corrupted(Operation::Open, message));
            }
            Err(cause) if cause.kind() == io::ErrorKind::NotFound && may_create => {
                make_folder(&path).map_err(unreachable)?;
            }
            Err(cause) => return Err(path.open_error(cause)),
        }
        let mark = StoreLock::exclusive(open_mark(&path, may_create)?)?;
        let mut bytes = Vec::new();
        (&mut mark.file()).read_to_end(&mut bytes).map_err(unreachable)?;
        let text = String::from_utf8_lossy(&bytes);
        if text.is_empty() && list(&path)?.len() > 1 {
            let message = "the file `arbour` in the folder is empty";
            return Err(error::corrupted(Operation::Open, message));
        }
        let is_new = text.is_empty() || text == UNFINISHED;
        let folder = Self { path, mark, is_new };
        if is_new {
            if !may_create {
                return Err(folder.path.open_error(io::ErrorKind::NotFound.into()));
            }
            folder.begin()?;
        } else {
            check_mark(&text)?;
            folder.check_files()?;
        }
        folder.path.pin()?;
        Ok(folder)
    }

    pub(crate) fn path(&self) -> &StorePath {
        &self.path
    }

    /// Tells whether the store is being created.
    pub(crate) fn is_new(&self) -> bool {
        self.is_new
    }

    /// Marks a folder whose creation begins, and removes what an interrupted one has left: fjall
    /// cannot continue it.
    fn begin(&self) -> Result<()> {
        let begun = self.write_mark(UNFINISHED).and_then(|()| {
            for name in list_names(&self.path)? {
                let path = self.path.join(&name);
                match name.as_str() {
                    KEYSPACES => fs::remove_dir_all(path)?,
                    VERSION | "lock" => fs::remove_file(path)?,
                    _ if is_journal(&path) => fs::remove_file(path)?,
                    _ => {}
                }
            }
            sync_folder(&self.path)
        });
        begun.map_err(unreachable)
    }

    /// Marks the folder of a store that can be opened from now on.
    pub(crate) fn finish(&mut self) -> Result<()> {
        if self.is_new {
            let finished = self.sync_names().and_then(|()| self.write_mark(FINISHED));
            finished.map_err(unreachable)?;
            self.is_new = false;
        }
        Ok(())
    }

    /// Makes the names of fjall's files durable. fjall does not sync the folder of its keyspaces after
    /// it created one there, nor that of its files of values.
    pub(crate) fn sync_names(&self) -> io::Result<()> {
        let keyspaces = self.path.join(KEYSPACES);
        let entries = keyspaces.join("1");
        for folder in [&entries.join("blobs"), &entries, &keyspaces, &*self.path] {
            sync_folder(folder)?;
        }
        Ok(())
    }

    /// Writes the mark in place: it differs in one byte, and the lock is that of the file.
    fn write_mark(&self, text: &str) -> io::Result<()> {
        let mut file = self.mark.file();
        file.rewind()?;
        file.write_all(text.as_bytes())?;
        file.sync_all()
    }

    /// Checks that the files are there that fjall would create again, or take for the end of its
    /// data, if they were missing, and that the journals can be read.
    fn check_files(&self) -> Result<()> {
        check_version(&self.path)?;
        let damaged = |what| Err(error::corrupted(Operation::Open, what));
        let Ok(newest) = self.newest_journal() else {
            return damaged("the journal is missing");
        };
        let keyspaces = self.path.join(KEYSPACES);
        for name in ["0", "1"] {
            let keyspace = keyspaces.join(name);
            if !keyspace.join(file_list::CURRENT).exists() {
                return damaged("a file of a keyspace is missing");
            }
            if !file_list::is_whole(&keyspace).map_err(unreachable)? {
                return damaged("the list of a keyspace's files is damaged");
            }
        }
        let is_number = |name: &String| name.parse::<u64>().is_ok();
        if !list_names(&keyspaces).map_err(unreachable)?.iter().all(is_number) {
            return damaged("among the keyspaces is something else");
        }
        for earlier in self.journals().map_err(unreachable)? {
            if earlier != newest && !journal::is_whole(&earlier).map_err(unreachable)? {
                return damaged("a part of a journal is missing");
            }
        }
        if journal::cut_torn_end(&newest).map_err(unreachable)? {
            return Ok(());
        }
        damaged("a commit in the journal has another checksum")
    }

    /// Returns the journal that fjall appends to.
    pub(crate) fn newest_journal(&self) -> io::Result<PathBuf> {
        let number = |path: &PathBuf| path.file_stem()?.to_str()?.parse::<u64>().ok();
        let newest = self.journals()?.into_iter().max_by_key(number);
        newest.ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    fn journals(&self) -> io::Result<Vec<PathBuf>> {
        let paths = list_names(&self.path)?.into_iter().map(|name| self.path.join(name));
        Ok(paths.filter(|path| is_journal(path)).collect())
    }
}

/// Opens the mark, creating it in an empty folder if that is allowed.
fn open_mark(path: &StorePath, may_create: bool) -> Result<File> {
    let mark = path.join(MARK);
    let open = || OpenOptions::new().read(true).write(true).open(&mark);
    match open() {
        Err(cause) if cause.kind() == io::ErrorKind::NotFound => {}
        opened => return opened.map_err(unreachable),
    }
    let names = list(path)?;
    if !names.is_empty() {
        return Err(foreign(&names));
    }
    if !may_create {
        return Err(path.open_error(io::ErrorKind::NotFound.into()));
    }
    match OpenOptions::new().read(true).write(true).create_new(true).open(&mark) {
        // Another process was quicker; the lock decides.
        Err(cause) if cause.kind() == io::ErrorKind::AlreadyExists => open().map_err(unreachable),
        made => made.map_err(unreachable),
    }
}

/// Returns the error for a folder that is neither empty nor marked.
fn foreign(names: &[String]) -> Error {
    if names.iter().any(|name| name == VERSION) && names.iter().any(|name| name == KEYSPACES) {
        let message = "the folder holds a database of fjall that Arbour did not make, as it has no \
                       file `arbour`; if it is a store of yours, it is damaged: restore a backup";
        return Error::new(ErrorKind::InvalidArgument, Operation::Open, message);
    }
    error::corrupted(Operation::Open, "the folder holds files that are not a store of fjall")
}

fn check_mark(text: &str) -> Result<()> {
    if text == FINISHED {
        return Ok(());
    }
    let number = text.strip_prefix(MARKED).and_then(|rest| rest.trim_end().parse::<u32>().ok());
    if number.is_some_and(|number| number > 1) {
        let message = "a newer version of Arbour wrote the store: open it with that version";
        return Err(Error::new(ErrorKind::TooNew, Operation::Open, message));
    }
    Err(error::corrupted(Operation::Open, "the file `arbour` in the folder is damaged"))
}

fn check_version(path: &Path) -> Result<()> {
    let found = match fs::read(path.join(VERSION)) {
        Err(cause) if cause.kind() == io::ErrorKind::NotFound => Vec::new(),
        read => read.map_err(unreachable)?,
    };
    match (found.as_slice(), FJALL) {
        (found, known) if found == known => Ok(()),
        ([b'F', b'J', b'L', number], [.., known]) if number > known => {
            let message = "a newer version of fjall wrote the store than this program reads";
            Err(Error::new(ErrorKind::TooNew, Operation::Open, message))
        }
        _ => Err(error::corrupted(Operation::Open, "fjall's file `version` is missing or damaged")),
    }
}

fn is_journal(path: &Path) -> bool {
    path.extension().is_some_and(|ending| ending == JOURNAL)
}

fn list(path: &Path) -> Result<Vec<String>> {
    list_names(path).map_err(unreachable)
}

fn list_names(path: &Path) -> io::Result<Vec<String>> {
    let names = fs::read_dir(path)?.map(|entry| Ok(entry?.file_name()));
    names.map(|name: io::Result<_>| Ok(name?.to_string_lossy().into_owned())).collect()
}

/// Returns the total size of the files in a folder and those below it, in bytes on the device: fjall
/// gives a journal its full length before it is written.
pub(crate) fn size(path: &Path) -> io::Result<u64> {
    let mut bytes = 0;
    for entry in fs::read_dir(path)? {
        let entry = entry?;
        let found = match entry.metadata() {
            Ok(found) if found.is_dir() => size(&entry.path()),
            Ok(found) => Ok(occupied(&found)),
            Err(cause) => Err(cause),
        };
        match found {
            Ok(found) => bytes += found,
            // fjall removes files in the background.
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

fn unreachable(cause: io::Error) -> Error {
    error::system(cause, Operation::Open, "the folder cannot be reached")
}
