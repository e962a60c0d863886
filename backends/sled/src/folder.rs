//! The folder of a store.
//!
//! sled ignores files it does not recognize: given noise instead of its log, it starts an empty
//! database over it, and it takes a log that is damaged in the middle for one that ends there. So
//! next to sled's files lies one of Arbour's, the [seal](crate::seal). It says what the folder is
//! and which format it has; its lock is the lock of the store; and while the store is closed it
//! holds the checksum of everything sled wrote, so that damage is detected before sled touches
//! anything.
//!
//! ```text
//! seal     how the store was left
//! db       sled's log            conf, snap.*    sled's settings and its index of the log
//! blobs/   what is too large for the log
//! undo     what sled's recovery may destroy, while it runs
//! ```
//!
//! A store that was not closed, because its process died, is `open`. sled recovers it. Damage to
//! its log is detected by the headers of the segments, by the checksums of sled's records, and by
//! [where the log must end](crate::log_end).

use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use arbour_core::engine::{StorePath, open_folder, sync_folder};
use arbour_core::{Error, ErrorKind, Operation, Result};

use crate::seal::{Seal, State};
use crate::tail::Tail;
use crate::{checksum, error, gap, index, segments, settings, undo};

/// How long sled's threads may take to release its files once the database is dropped. Normally
/// they take moments.
pub(crate) const LETTING_GO_MAX: Duration = Duration::from_secs(5);

/// A folder locked for this store alone.
pub(crate) struct Folder {
    path: StorePath,
    seal: Seal,
}

impl Folder {
    /// Locks the folder of a store, creating it if allowed, and checks that its files have not
    /// changed since the store was closed. An interrupted recovery is undone first. Apart from that,
    /// the folder is as it was if the call fails.
    pub(crate) fn open(path: StorePath, may_create: bool) -> Result<(Self, State)> {
        let seal = open_seal(&path, may_create)?;
        let folder = Self { path, seal };
        let state = folder.read_state()?;
        // Another program may have the database open with sled alone.
        if !folder.await_let_go().map_err(error::not_opened)? {
            return Err(locked());
        }
        folder.undo_recovery(state).map_err(error::not_opened)?;
        folder.check_files(state)?;
        folder.path.pin()?;
        Ok((folder, state))
    }

    /// Returns the folder itself.
    pub(crate) fn path(&self) -> &StorePath {
        &self.path
    }

    /// Cuts the log at a missing large value, unless that is before a durable position.
    pub(crate) fn cut_gap(&self, durable: u64) -> Result<()> {
        let indexed = index::find_end(&self.path).map_err(error::not_opened)?;
        gap::cut(&self.log_path(), &self.blobs(), indexed, durable)
    }

    /// Reads what sled's recovery may change.
    pub(crate) fn read_tail(&self) -> Result<Option<Tail>> {
        Tail::read(&self.path, &self.log_path())
    }

    /// Keeps on the device what sled's recovery may change.
    pub(crate) fn keep(&self, tail: &Tail) -> io::Result<()> {
        undo::write(tail)
    }

    /// Ends the recovery for good, and returns how far sled's log was on the device when it ended.
    pub(crate) fn accept_recovery(&self) -> io::Result<u64> {
        undo::remove(&self.path)?;
        // sled syncs its log before it writes the index of it.
        index::find_end(&self.path)
    }

    /// Undoes a recovery during which the process died or power was lost.
    fn undo_recovery(&self, state: State) -> io::Result<()> {
        if let State::Open(_) = state
            && let Some(tail) = undo::read(&self.path)?
        {
            tail.restore(&self.log_path())?;
        }
        undo::remove(&self.path)
    }

    /// Undoes a recovery, once sled has released its files.
    pub(crate) fn restore(&self, tail: &Tail) -> io::Result<()> {
        // If sled still has its files open, it would write to what is restored.
        if !self.await_let_go()? {
            return Err(io::Error::other("sled did not let go of its files"));
        }
        tail.restore(&self.log_path())
    }

    /// Opens sled's log.
    pub(crate) fn open_log(&self) -> io::Result<File> {
        File::open(self.log_path())
    }

    /// Returns where sled puts what is too large for its log.
    pub(crate) fn blobs(&self) -> PathBuf {
        self.path.join("blobs")
    }

    /// Returns the seal.
    pub(crate) fn seal(&self) -> &Seal {
        &self.seal
    }

    /// Prepares the folder for sled: removes what a killed process left incomplete, and restores
    /// the settings. From here on the seal says that the store is not closed.
    pub(crate) fn prepare(&self, state: State) -> io::Result<()> {
        match state {
            State::New => {
                self.seal.mark(State::New)?;
                // The seal must exist before anything it vouches for, and so must the folder.
                self.sync_names()?;
                self.path.parent().map_or(Ok(()), sync_folder)?;
                self.remove(|name| matches!(name, "db" | "conf") || index::is_part(name))?;
            }
            // Write it even if it says so already: if an earlier open failed to sync this line, the
            // device still has the line of the closed store.
            State::Open(_) => self.seal.mark(state)?,
            State::Closed(_) => self.seal.mark(State::Open(0))?,
        }
        // sled takes an index that it did not finish for its newest one, and fails to open.
        self.remove(|name| index::is_part(name) && !index::is_whole(name))?;
        settings::restore(&self.path)
    }

    /// Seals the folder once sled has released it. The log is known to be on the device up to
    /// `durable`.
    pub(crate) fn close(&self, durable: u64) -> Result<()> {
        let operation = Operation::Close;
        let failed = error::not_closed;
        if !self.await_let_go().map_err(failed)? {
            let seconds = LETTING_GO_MAX.as_secs();
            let message = format!(
                "sled still held its files after {seconds} s: end this process to free them"
            );
            return Err(Error::new(ErrorKind::Engine, operation, message));
        }
        // Everything the checksum vouches for must be on the device before the seal is. sled hides
        // a failed sync of its last writes, and after that another sync succeeds without having
        // written them; so they are written again. sled leaves the names to the system.
        segments::rewrite(&self.log_path(), durable)?;
        self.sync_names().map_err(failed)?;
        let sum = checksum::of_store(&self.path).map_err(failed)?;
        self.seal.mark(State::Closed(sum)).map_err(failed)
    }

    /// Makes the names in the folder durable.
    pub(crate) fn sync_names(&self) -> io::Result<()> {
        match sync_folder(&self.blobs()) {
            Err(cause) if cause.kind() == io::ErrorKind::NotFound => {}
            synced => synced?,
        }
        sync_folder(&self.path)
    }

    fn log_path(&self) -> PathBuf {
        self.path.join("db")
    }

    fn read_state(&self) -> Result<State> {
        match self.seal.read()? {
            Some(state) => Ok(state),
            // The process that was creating the store died at this point.
            None if !self.log_path().exists() => Ok(State::New),
            None => Err(error::damaged("the file `seal` is empty")),
        }
    }

    /// Checks the files as far as the seal vouches for them.
    fn check_files(&self, state: State) -> Result<()> {
        let are_as_left = match state {
            State::New => true,
            State::Open(end) => match self.open_log() {
                Err(cause) if cause.kind() == io::ErrorKind::NotFound => false,
                log => {
                    let log = log.map_err(error::not_opened)?;
                    let indexed = index::find_end(&self.path).map_err(error::not_opened)?;
                    segments::check(&log, &(indexed..end))?;
                    log.metadata().map_err(error::not_opened)?.len() > 0
                }
            },
            State::Closed(sum) => match checksum::of_store(&self.path) {
                Err(cause) if cause.kind() == io::ErrorKind::NotFound => false,
                found => found.map_err(error::not_opened)? == sum,
            },
        };
        let message = "the files were changed since the store was closed, or were damaged";
        if are_as_left { Ok(()) } else { Err(error::damaged(message)) }
    }

    /// Waits until sled's lock is free: sled's threads hold it for a moment after the database is
    /// dropped, and so does a process that is being forked.
    fn await_let_go(&self) -> io::Result<bool> {
        let began = Instant::now();
        let file = match self.open_log() {
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

    /// Removes the files of the folder whose names pass.
    fn remove(&self, is_removed: impl Fn(&str) -> bool) -> io::Result<()> {
        for entry in fs::read_dir(&self.path)? {
            let entry = entry?;
            if entry.file_name().to_str().is_some_and(&is_removed) {
                fs::remove_file(entry.path())?;
            }
        }
        Ok(())
    }
}

fn open_seal(path: &StorePath, may_create: bool) -> Result<Seal> {
    open_folder(path, "sled", may_create)?;
    let seal = path.join(Seal::NAME);
    if let Some(opened) = Seal::open(&seal)? {
        return Ok(opened);
    }
    let mut entries = fs::read_dir(path).map_err(error::not_opened)?;
    if entries.next().is_some() && !seal.exists() {
        return Err(foreign(path));
    }
    if !may_create {
        // The folder exists but is empty: there is no store in it.
        return Err(path.open_error(io::ErrorKind::NotFound.into()));
    }
    Seal::create(&seal)
}

/// Returns the error for a folder that is neither empty nor sealed.
fn foreign(path: &Path) -> Error {
    if path.join("db").exists() && settings::path(path).exists() {
        let message = "the folder holds a database of sled that Arbour did not make, as it has no file \
                       `seal`; if it is a store of yours, it is damaged: restore a backup";
        return Error::new(ErrorKind::InvalidArgument, Operation::Open, message);
    }
    error::damaged("the folder holds files that are not a database of sled")
}

fn locked() -> Error {
    let message = "another process or handle has the database open";
    Error::new(ErrorKind::Locked, Operation::Open, message)
}

#[cfg(test)]
mod tests {
    use std::fs::{self, FileTimes};
    use std::time::UNIX_EPOCH;

    use arbour_core::engine::StorePath;

    use super::Folder;
    use crate::seal::State;

    #[test]
    fn the_seal_of_an_open_store_is_written_again() {
        let folder = tempfile::tempdir().unwrap();
        let path = StorePath::resolve(folder.path()).unwrap();
        let (folder, _) = Folder::open(path, true).unwrap();
        for state in [State::New, State::Open(17), State::Closed(17)] {
            folder.seal.note(state).unwrap();
            let seal = fs::OpenOptions::new().write(true).open(folder.path.join("seal")).unwrap();
            seal.set_times(FileTimes::new().set_modified(UNIX_EPOCH)).unwrap();
            folder.prepare(state).unwrap();
            // The line may be in the system's memory alone, after a sync that failed.
            assert!(seal.metadata().unwrap().modified().unwrap() > UNIX_EPOCH, "{state:?}");
        }
    }
}
