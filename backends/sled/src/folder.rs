//! The folder of a store, and the seal on it.
//!
//! sled makes nothing of files it does not know: given noise instead of its log it starts an empty
//! database over it, and a log that is damaged in the middle it takes for one that ends there. So
//! beside sled's files lies one of ours, the seal. It says what the folder is and of which format;
//! its lock is the store's; and while the store is closed it holds the checksum of all that sled
//! wrote, so that damage is found before sled touches anything.
//!
//! ```text
//! seal     arbour-sled 1 closed 0123456789abcdef      one line, padded: it is overwritten in place
//! db       sled's log            conf, snap.*    sled's settings and its index of the log
//! blobs/   what is too large for the log
//! ```
//!
//! A store that was not closed, because its process died, is `open`. sled recovers it, and sees
//! of damage what the checksums of its own records show.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read as _, Seek as _, Write as _};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use arbour_core::{Error, ErrorKind, Operation, Result};

use crate::{checksum, error};

const SEAL: &str = "seal";
const MAGIC: &str = "arbour-sled";

/// The version of the format that this backend writes.
const VERSION: u32 = 1;

/// The line is as long as this, so that writing it anew never changes the length of the file: one
/// sector that a device writes whole.
const LINE_BYTES: usize = 64;

/// How long sled's threads may take to let go of its files once the database is dropped. They
/// need moments.
const LETTING_GO_MAX: Duration = Duration::from_secs(5);

/// What the seal says of the files beside it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    /// Nothing was ever stored.
    New,
    /// The store is in use, or was not closed.
    Open,
    /// The store was closed; this is the checksum of its files.
    Closed(u64),
}

/// A folder that is locked for this store alone.
pub(crate) struct Folder {
    path: PathBuf,
    seal: File,
}

impl Folder {
    /// Locks the folder of a store, creating it if allowed, and checks that its files are as they
    /// were left. Changes nothing in a folder that it refuses.
    pub(crate) fn open(path: &Path, may_create: bool) -> Result<(Self, State)> {
        let seal = open_seal(path, may_create)?;
        match seal.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(locked()),
            Err(TryLockError::Error(cause)) => return Err(refused(cause)),
        }
        let folder = Self { path: path.to_owned(), seal };
        let state = folder.read()?;
        // Another program may have the database open with sled alone.
        if !folder.await_let_go().map_err(refused)? {
            return Err(locked());
        }
        let is_there = fs::metadata(folder.database_file()).is_ok_and(|file| file.len() > 0);
        match state {
            State::New => {}
            State::Open if is_there => {}
            State::Closed(sealed) if checksum::of_store(path).map_err(refused)? == sealed => {}
            State::Open | State::Closed(_) => {
                return Err(damaged("the database's files are not as they were left"));
            }
        }
        Ok((folder, state))
    }

    /// Returns the folder itself.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Returns sled's log.
    pub(crate) fn database_file(&self) -> PathBuf {
        self.path.join("db")
    }

    /// Returns where sled puts what is too large for its log.
    pub(crate) fn blobs(&self) -> PathBuf {
        self.path.join("blobs")
    }

    /// Writes the seal anew, durably.
    pub(crate) fn mark(&self, state: State) -> io::Result<()> {
        let mut seal = &self.seal;
        seal.rewind()?;
        seal.write_all(&line(state))?;
        seal.sync_data()
    }

    /// Seals the folder once sled has let go of it.
    pub(crate) fn close(&self) -> Result<()> {
        let operation = Operation::Close;
        let failed = |cause| error::system(cause, operation, "cannot seal the database's files");
        if !self.await_let_go().map_err(failed)? {
            let message = "sled did not let go of its files";
            return Err(Error::new(ErrorKind::Engine, operation, message));
        }
        let sum = checksum::of_store(&self.path).map_err(failed)?;
        self.mark(State::Closed(sum)).map_err(failed)
    }

    /// Makes the names in the folder, and its own, durable.
    pub(crate) fn sync_names(&self) -> io::Result<()> {
        sync_folder(&self.blobs())?;
        sync_folder(&self.path)?;
        sync_folder(parent(&self.path))
    }

    /// Waits until nobody holds sled's lock: threads of sled hold it for a moment after the
    /// database was dropped, and so does a process that is just being forked.
    fn await_let_go(&self) -> io::Result<bool> {
        let began = Instant::now();
        let file = match File::open(self.database_file()) {
            Err(cause) if cause.kind() == io::ErrorKind::NotFound => return Ok(true),
            file => file?,
        };
        loop {
            match file.try_lock() {
                Ok(()) => {
                    file.unlock()?;
                    return Ok(true);
                }
                Err(TryLockError::Error(cause)) => return Err(cause),
                Err(TryLockError::WouldBlock) if began.elapsed() > LETTING_GO_MAX => {
                    return Ok(false);
                }
                Err(TryLockError::WouldBlock) => thread::sleep(Duration::from_micros(200)),
            }
        }
    }

    fn read(&self) -> Result<State> {
        let mut text = String::new();
        (&self.seal).read_to_string(&mut text).map_err(|cause| match cause.kind() {
            io::ErrorKind::InvalidData => damaged("the seal is not readable"),
            _ => refused(cause),
        })?;
        if text.is_empty() && !self.database_file().exists() {
            // The process that was creating the store died just then.
            return Ok(State::New);
        }
        parse(&text)
    }
}

impl Drop for Folder {
    /// Lets go of the lock by name: a process that is just being forked may hold the file open for
    /// a moment longer.
    fn drop(&mut self) {
        let _ = self.seal.unlock();
    }
}

fn open_seal(path: &Path, may_create: bool) -> Result<File> {
    if may_create {
        match fs::create_dir(path) {
            Err(cause) if cause.kind() != io::ErrorKind::AlreadyExists => {
                return Err(refused(cause));
            }
            _ => {}
        }
    }
    if !fs::metadata(path).map_err(refused)?.is_dir() {
        return Err(damaged("a file is there, no database of sled"));
    }
    let seal = path.join(SEAL);
    let opened = OpenOptions::new().read(true).write(true).open(&seal);
    match opened {
        Err(cause) if cause.kind() == io::ErrorKind::NotFound => {
            let mut entries = fs::read_dir(path).map_err(refused)?;
            if entries.next().is_some() && !seal.exists() {
                return Err(foreign(path));
            }
            if may_create { create_seal(&seal).map_err(refused) } else { Err(refused(cause)) }
        }
        opened => opened.map_err(refused),
    }
}

/// Creates the seal, or opens the one another process created meanwhile.
fn create_seal(path: &Path) -> io::Result<File> {
    let options = || {
        let mut options = OpenOptions::new();
        options.read(true).write(true);
        options
    };
    match options().create_new(true).open(path) {
        Err(cause) if cause.kind() == io::ErrorKind::AlreadyExists => options().open(path),
        created => created,
    }
}

/// What is in a folder that is not empty and has no seal.
fn foreign(path: &Path) -> Error {
    if path.join("db").exists() && path.join("conf").exists() {
        let message = "the folder holds a database of sled that Arbour did not make";
        return Error::new(ErrorKind::InvalidArgument, Operation::Open, message);
    }
    damaged("the folder holds something else than a database of sled")
}

fn line(state: State) -> Vec<u8> {
    let state = match state {
        State::New => "new".to_owned(),
        State::Open => "open".to_owned(),
        State::Closed(sum) => format!("closed {sum:016x}"),
    };
    let mut line = format!("{MAGIC} {VERSION} {state}").into_bytes();
    line.resize(LINE_BYTES - 1, b' ');
    line.push(b'\n');
    line
}

fn parse(text: &str) -> Result<State> {
    let mut words = text.split_ascii_whitespace();
    let version = match (words.next(), words.next().map(str::parse::<u32>)) {
        (Some(MAGIC), Some(Ok(version))) => version,
        _ => return Err(damaged("the seal is not one of Arbour's")),
    };
    if version > VERSION {
        let message = format!("the store has format {version}, this program reads {VERSION}");
        return Err(Error::new(ErrorKind::TooNew, Operation::Open, message));
    }
    match (words.next(), words.next(), words.next()) {
        (Some("new"), None, None) => Ok(State::New),
        (Some("open"), None, None) => Ok(State::Open),
        (Some("closed"), Some(sum), None) => u64::from_str_radix(sum, 16)
            .map(State::Closed)
            .map_err(|_| damaged("the seal holds no checksum")),
        _ => Err(damaged("the seal does not say how the store was left")),
    }
}

fn parent(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// A name is durable once its folder is. Only Unix lets a folder be opened for that.
pub(crate) fn sync_folder(path: &Path) -> io::Result<()> {
    if cfg!(unix) { File::open(path)?.sync_all() } else { Ok(()) }
}

fn locked() -> Error {
    let message = "another process or handle has the database open";
    Error::new(ErrorKind::Locked, Operation::Open, message)
}

fn refused(cause: io::Error) -> Error {
    error::system(cause, Operation::Open, "cannot open the database's folder")
}

pub(crate) fn damaged(message: &'static str) -> Error {
    Error::new(ErrorKind::Corrupted, Operation::Open, message)
}
