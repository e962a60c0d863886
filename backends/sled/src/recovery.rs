//! Starting sled, which recovers its log, and stopping it.

use std::io;
use std::path::Path;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use arbour_core::engine::panic_message;
use arbour_core::{Error, ErrorKind, Operation, Result, StoreOptions};

use crate::catch_panic::catch_panic;
use crate::folder::Folder;
use crate::seal::State;
use crate::watch::Watched;
use crate::{error, log_end};

/// The maximum number of times sled is started while a store is opened, so that a failed read can
/// be retried.
const STARTS_MAX: u32 = 4;

/// How long closing waits for sled to stop its threads. Normally they take moments, because
/// everything was flushed.
const CLOSING_MAX: Duration = Duration::from_secs(60);

/// Starts sled. If its recovery fails, or may have found less than there is, the recovery is undone
/// and sled is started again: a read may have failed, which sled takes for damage or for the end of
/// the log.
pub(crate) fn recover(folder: &Folder, state: State, options: &StoreOptions) -> Result<Watched> {
    if let State::Open(durable) = state {
        folder.cut_gap(durable)?;
    }
    let Some(tail) = folder.read_tail()? else { return start(folder.path(), options) };
    let undo = || folder.restore(&tail).map_err(error::not_opened);
    if let State::Open(_) = state {
        // The process may have died after a failed sync.
        undo()?;
    }
    folder.keep(&tail).map_err(error::not_opened)?;
    let (mut found, mut failed) = (None, false);
    for _ in 0..STARTS_MAX - 1 {
        match start(folder.path(), options) {
            Ok(sled) => {
                let end_found = log_end::reached(&sled);
                // If it finds the same twice, there is no more: an incomplete commit is not
                // applied.
                if end_found >= tail.end() || found.replace(end_found) == Some(end_found) {
                    return Ok(sled);
                }
                end(sled, Vec::new())?;
                undo()?;
            }
            Err(error) => {
                undo().map_err(|_| error.clone())?;
                if std::mem::replace(&mut failed, true) {
                    return Err(error);
                }
            }
        }
    }
    start(folder.path(), options)
}

/// Starts sled, which recovers the log if necessary.
fn start(path: &Path, options: &StoreOptions) -> Result<Watched> {
    let mut config = sled::Config::new().path(path);
    if let Some(bytes) = options.cache_size() {
        config = config.cache_capacity(bytes as u64);
    }
    let sled = catch_panic(Operation::Open, || {
        config.open().map_err(|cause| error::engine(cause, Operation::Open))
    })?;
    Watched::new(sled).map_err(|cause| {
        Error::from_io(cause, Operation::Open, "cannot start a thread to watch sled")
    })
}

/// Stops sled. sled waits for its threads without a limit, and panics if the system refuses a last
/// sync, so this runs on a thread that can be abandoned.
pub(crate) fn end(sled: Watched, trees: Vec<Option<sled::Tree>>) -> Result<()> {
    let operation = Operation::Close;
    let (sender, ended) = mpsc::sync_channel(1);
    let thread = thread::Builder::new().name("arbour-sled-close".to_owned());
    let spawned = thread.spawn(move || {
        sled.end(trees);
        // Fails if the caller has stopped waiting.
        let _ = sender.send(());
    });
    let thread = spawned
        .map_err(|cause| Error::from_io(cause, operation, "cannot start a thread to close sled"))?;
    match ended.recv_timeout(CLOSING_MAX) {
        Ok(()) => Ok(()),
        Err(mpsc::RecvTimeoutError::Timeout) => {
            let seconds = CLOSING_MAX.as_secs();
            let message = format!(
                "sled still held its files after {seconds} s: end this process to free them"
            );
            Err(Error::new(ErrorKind::Engine, operation, message))
        }
        Err(mpsc::RecvTimeoutError::Disconnected) => {
            let panic = thread.join().err();
            let text =
                panic.as_deref().and_then(|panic| panic_message(panic)).unwrap_or("no message");
            // Of the system's error, sled passes on only its name, in this text.
            let is_full = text.contains("StorageFull");
            let kind = if is_full { io::ErrorKind::StorageFull } else { io::ErrorKind::Other };
            let cause = io::Error::new(kind, text.to_owned());
            Err(Error::from_io(
                cause,
                operation,
                "the operating system failed the last sync, and sled panicked",
            ))
        }
    }
}
