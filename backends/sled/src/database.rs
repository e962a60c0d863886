//! sled's database with its open trees, and how it is made durable.

use std::fs::File;
use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock, mpsc};
use std::thread;
use std::time::Duration;

use arbour_core::engine::{TreeName, TreeRegistry};
use arbour_core::{Durability, Error, Operation, Result, Stats, StoreOptions, Tree};
use parking_lot::Mutex;
use sled::LogKind;
use sled::transaction::{ConflictableTransactionError, TransactionError, Transactional as _};

use crate::blobs::Blobs;
use crate::catch_panic::catch_panic;
use crate::changes::Changes;
use crate::folder::Folder;
use crate::seal::State;
use crate::watch::Watched;
use crate::{error, log_end, recovery};

/// sled's default tree has a name too, which begins differently.
const TREE_PREFIX: &str = "tree/";

/// The entry of sled's default tree in every created store: if it is missing, sled has lost its
/// log.
const MARK: (&str, &str) = ("arbour", "1");

/// How long the flush after a failed call may take. After that, sled counts as stuck.
const SETTLING_MAX: Duration = Duration::from_secs(5);

/// An open database, in a locked folder.
pub(crate) struct Database {
    /// By the number of the tree; `None` for a tree that was never written.
    trees: Vec<Option<sled::Tree>>,
    sled: Watched,
    /// Another handle of sled's log: sled's own flush starts the writing and waits for it, but
    /// leaves the data in the device's cache, and the length of the file in the system's.
    log: File,
    durable: Mutex<Durable>,
    /// The failure that stopped the database: its memory and the device may differ. It is set while
    /// `durable` is locked, so that a flush waiting for another one does not start after that one
    /// failed: it would succeed without having written what the other could not.
    failure: OnceLock<Error>,
    /// A change failed in a way that sled did not record, so sled waits forever for a log record
    /// that is never written. This happens if the device has no space for a large value.
    is_stuck: AtomicBool,
    doubt: Doubt,
    folder: Folder,
}

/// The first error of a call since the last flush. A read can write too: it splits a page that has
/// grown. If sled cannot write the file of a part of it, it records no error, and every flush waits
/// for the record of that part.
pub(crate) type Doubt = Arc<Mutex<Option<Error>>>;

/// What is known to be on the device.
struct Durable {
    blobs: Blobs,
    /// A lower bound for the end of the log on the device, which recovery must reach.
    log_end: u64,
    /// All positions before this one are on the device. It may lie in padding, which recovery does
    /// not count.
    synced: u64,
}

impl Database {
    pub(crate) fn open(
        folder: Folder,
        state: State,
        options: &StoreOptions,
        registry: &TreeRegistry,
    ) -> Result<Self> {
        folder.prepare(state).map_err(error::not_opened)?;
        let sled = recovery::recover(&folder, state, options)?;
        let found = check(&sled, state).and_then(|log_end| {
            let log = folder.open_log().map_err(error::not_opened)?;
            let synced = folder.accept_recovery().map_err(error::not_opened)?;
            Ok((log_end, synced, log))
        });
        let (log_end, synced, log) = match found {
            Ok(found) => found,
            Err(error) => {
                let _ = recovery::end(sled, Vec::new());
                return Err(error);
            }
        };
        let mut database = Self {
            trees: Vec::new(),
            sled,
            log,
            durable: Mutex::new(Durable { blobs: Blobs::new(folder.blobs()), log_end, synced }),
            failure: OnceLock::new(),
            is_stuck: AtomicBool::new(false),
            doubt: Doubt::default(),
            folder,
        };
        match database.begin(state, options, registry) {
            Ok(()) => Ok(database),
            Err(error) => {
                database.stop(&error);
                database.doubt.lock().get_or_insert_with(|| error.clone());
                let _ = database.close();
                Err(error)
            }
        }
    }

    fn begin(
        &mut self,
        state: State,
        options: &StoreOptions,
        registry: &TreeRegistry,
    ) -> Result<()> {
        if state == State::New {
            let log_end = self.make_durable(&mut self.durable.lock(), Operation::Open)?;
            let named = self.folder.sync_names();
            let marked = named.and_then(|()| self.folder.seal().mark(State::Open(log_end)));
            marked.map_err(error::not_opened)?;
        }
        self.open_trees(registry)?;
        if options.verifies() { self.read_all() } else { Ok(()) }
    }

    /// Opens the existing trees; any other tree was never written.
    fn open_trees(&mut self, registry: &TreeRegistry) -> Result<()> {
        for name in self.sled.tree_names() {
            let ours = std::str::from_utf8(&name).ok().and_then(|n| n.strip_prefix(TREE_PREFIX));
            if let Some(name) = ours.and_then(|name| TreeName::stored(name).ok()) {
                self.make_tree(&registry.resolve(name), Operation::Open)?;
            }
        }
        Ok(())
    }

    pub(crate) fn tree(&self, tree: &Tree) -> Option<&sled::Tree> {
        self.trees.get(tree.number() as usize)?.as_ref()
    }

    /// Returns the trees by their numbers.
    pub(crate) fn trees(&self) -> Vec<Option<sled::Tree>> {
        self.trees.clone()
    }

    /// Creates a tree that was never written. If nothing follows, an empty tree is left, which
    /// counts as absent.
    pub(crate) fn make_tree(&mut self, tree: &Tree, operation: Operation) -> Result<()> {
        self.check(operation)?;
        let made = catch_panic(operation, || {
            let name = format!("{TREE_PREFIX}{}", tree.name());
            self.sled.open_tree(name).map_err(|cause| error::engine(cause, operation))
        });
        let made = made.map_err(|error| error.with_tree(tree.name()));
        let made = made.inspect_err(|cause| self.fail(cause))?;
        if self.trees.len() <= tree.number() as usize {
            self.trees.resize(tree.number() as usize + 1, None);
        }
        if let Some(slot) = self.trees.get_mut(tree.number() as usize) {
            *slot = Some(made);
        }
        Ok(())
    }

    /// Checks that the folder is still the one that was opened: sled finds the files of large
    /// values by its path.
    pub(crate) fn check_place(&self, operation: Operation) -> Result<()> {
        self.folder.path().check(operation)
    }

    /// Returns where to note errors that sled may not have recorded.
    pub(crate) fn doubt(&self) -> Doubt {
        self.doubt.clone()
    }

    /// Tells whether sled holds its files until the process ends.
    pub(crate) fn is_stuck(&self) -> bool {
        self.is_stuck.load(Ordering::Acquire)
    }

    /// Checks that nothing has stopped the database.
    pub(crate) fn check(&self, operation: Operation) -> Result<()> {
        self.failure.get().map_or(Ok(()), |cause| Err(error::stopped(cause, operation)))
    }

    /// Stops the database after a failure that leaves it unknown what is on the device.
    pub(crate) fn stop(&self, cause: &Error) {
        let _ = self.failure.set(cause.clone());
    }

    /// Stops the database after a failed change. If sled has recorded the error, sled stops by
    /// itself.
    fn fail(&self, cause: &Error) {
        self.is_stuck.fetch_or(self.sled.context.global_error().is_ok(), Ordering::AcqRel);
        self.stop(cause);
    }

    /// Changes the trees in memory and passes the changes to sled's log, so that recovery applies
    /// all of them or none, even if this fails.
    pub(crate) fn change(&self, changes: Changes) -> Result<()> {
        // The log is held during the change. With this lock no other thread waits for the log
        // meanwhile.
        let Durable { blobs, .. } = &mut *self.durable.lock();
        self.check(Operation::Apply)?;
        self.change_whole(changes, blobs).inspect_err(|cause| self.fail(cause))
    }

    fn change_whole(&self, changes: Changes, blobs: &mut Blobs) -> Result<()> {
        let operation = Operation::Apply;
        let failed = |cause| error::engine(cause, operation);
        let mut hold = None;
        if let Changes::Many(_) = &changes {
            // If a batch fails, sled removes its mark and writes what there is of it without one.
            // The batch may have to read what is still in sled's buffer, and would wait forever if
            // that buffer were held too. An empty batch first makes sled start a new buffer.
            let empty = || self.sled.apply_batch(sled::Batch::default()).map_err(failed);
            catch_panic(operation, empty)?;
            hold = Some(self.hold().map_err(failed)?);
        }
        let changed = self.write(changes);
        // Do not write durably to a folder that was moved.
        let needs_sync =
            blobs.may_have_new().unwrap_or(true) && self.check_place(operation).is_ok();
        if hold.is_none() && changed.is_ok() && !needs_sync {
            return Ok(());
        }
        let release = match hold.map_or_else(|| self.hold(), Ok) {
            Ok(release) => release,
            // sled no longer writes anything.
            Err(cause) => return changed.and(Err(failed(cause))),
        };
        let whole = changed.and_then(|()| {
            let synced = if needs_sync { blobs.sync_new() } else { Ok(()) };
            synced.map_err(|cause| not_durable(cause, operation))
        });
        release(whole.is_ok()).map_err(failed)?;
        whole
    }

    /// Reserves a place in the log. Recovery applies nothing after it until it is released. If what
    /// follows is incomplete, it is never released; sled then waits for it until the process ends.
    fn hold(&self) -> sled::Result<impl FnOnce(bool) -> sled::Result<()>> {
        let log = &self.sled.context.pagecache.log;
        let place = log.reserve(LogKind::Free, 0, &(), &sled::pin())?;
        Ok(move |is_whole| {
            if is_whole {
                return place.abort().map(drop);
            }
            std::mem::forget(place);
            Ok(())
        })
    }

    fn write(&self, changes: Changes) -> Result<()> {
        let operation = Operation::Apply;
        let failed = |cause| error::engine(cause, operation);
        let batches = match changes {
            Changes::One(tree, key, value) => {
                let Some(tree) = self.tree(&tree) else { return Ok(()) };
                return catch_panic(operation, || {
                    let changed = match value {
                        Some(value) => tree.insert(key, value),
                        None => tree.remove(key),
                    };
                    changed.map(drop).map_err(failed)
                });
            }
            Changes::Many(batches) => batches,
        };
        // A tree that is missing here has no entries that could be deleted.
        let (trees, mut batches): (Vec<_>, Vec<_>) = batches
            .into_iter()
            .filter_map(|(tree, batch)| Some((self.tree(&tree)?, batch)))
            .unzip();
        catch_panic(operation, || match trees.as_slice() {
            [] => Ok(()),
            [tree] => tree.apply_batch(batches.pop().unwrap_or_default()).map_err(failed),
            trees => {
                let changed = trees.transaction(|views| {
                    for (view, batch) in views.iter().zip(&batches) {
                        view.apply_batch(batch)?;
                    }
                    Ok::<_, ConflictableTransactionError<Error>>(())
                });
                changed.map_err(|failure| match failure {
                    TransactionError::Abort(error) => error,
                    TransactionError::Storage(cause) => failed(cause),
                })
            }
        })
    }

    /// Makes all changes so far durable at the requested level.
    pub(crate) fn flush(&self, durability: Durability, operation: Operation) -> Result<()> {
        if durability == Durability::None {
            return Ok(());
        }
        // No other thread waits for the log while `change` holds it.
        let durable = &mut *self.durable.lock();
        self.check(operation)?;
        let settled = self.settle(operation);
        let flushed = settled.and_then(|()| match durability {
            Durability::PowerLoss => self.make_durable(durable, operation).and_then(|log_end| {
                // Not durable, which would cost as much as the flush: an earlier end is a valid
                // lower bound too.
                let noted = self.folder.seal().note(State::Open(log_end));
                noted.map_err(|cause| not_durable(cause, operation))
            }),
            _ => self.flush_sled(operation),
        });
        flushed.inspect_err(|cause| self.stop(cause))
    }

    /// Syncs all changes so far and returns how far the log reaches on the device.
    fn make_durable(&self, durable: &mut Durable, operation: Operation) -> Result<u64> {
        let refused = |cause| not_durable(cause, operation);
        self.flush_sled(operation)?;
        // Ask before syncing: what sled writes meanwhile may miss the sync.
        let end = log_end::find(&self.sled);
        let written = self.sled.context.pagecache.log.stable_offset();
        durable.blobs.sync_all(written).map_err(refused)?;
        self.log.sync_data().map_err(refused)?;
        durable.log_end = end.unwrap_or(durable.log_end);
        durable.synced = u64::try_from(written + 1).unwrap_or(durable.synced);
        Ok(durable.log_end)
    }

    /// Waits for the log after a failed call, on a thread that can be abandoned.
    fn settle(&self, operation: Operation) -> Result<()> {
        let Some(doubt) = self.doubt.lock().take() else { return Ok(()) };
        let failed = |cause| error::engine(cause, operation);
        let pages = self.sled.context.pagecache.clone();
        let place = pages.log.reserve(LogKind::Free, 0, &(), &sled::pin()).map_err(failed)?;
        let (position, _) = place.abort().map_err(failed)?;
        let (sender, settled) = mpsc::sync_channel(1);
        let thread = thread::Builder::new().name("arbour-sled-settle".to_owned());
        let spawned = thread.spawn(move || {
            // Do not call sled's flush: while it waits, no database of the process can apply a
            // batch.
            let _ = sender.send(pages.log.make_stable(position));
        });
        let waiting = spawned.map_err(|cause| {
            Error::from_io(cause, operation, "cannot start a thread to wait for sled")
        })?;
        match settled.recv_timeout(SETTLING_MAX) {
            Ok(stable) => {
                // The thread drops its reference to the database.
                let _ = waiting.join();
                stable.map(drop).map_err(failed)
            }
            Err(_) => {
                self.is_stuck.store(true, Ordering::Release);
                Err(error::stuck(doubt, operation))
            }
        }
    }

    /// Passes all changes so far to the operating system.
    fn flush_sled(&self, operation: Operation) -> Result<()> {
        catch_panic(operation, || {
            self.sled.flush().map(drop).map_err(|cause| error::engine(cause, operation))
        })
    }

    /// Counts the entries of trees and measures the files.
    pub(crate) fn stats(sled: sled::Db, trees: Vec<Option<sled::Tree>>) -> Result<Stats> {
        let operation = Operation::Stats;
        let failed = |cause| error::engine(cause, operation);
        // Drop the handles within `catch_panic` too: they are the last ones if the store is closed
        // meanwhile.
        catch_panic(operation, move || {
            let entries = count(&trees).map_err(failed)?;
            Ok(Stats::new(entries, sled.size_on_disk().map_err(failed)?))
        })
    }

    /// Reads every entry, so that sled verifies the checksums of everything it has.
    fn read_all(&self) -> Result<()> {
        let operation = Operation::Open;
        catch_panic(operation, || {
            count(&self.trees).map(drop).map_err(|cause| error::engine(cause, operation))
        })
    }

    /// Returns sled's own handle.
    pub(crate) fn sled(&self) -> &sled::Db {
        &self.sled
    }

    /// Closes everything. The folder is sealed if everything written is on the device.
    pub(crate) fn close(self) -> Result<()> {
        if !self.is_stuck() {
            let _ = self.settle(Operation::Close);
        }
        let (is_whole, is_stuck) = (self.failure.get().is_none(), self.is_stuck());
        let Self { trees, sled, log, durable, folder, .. } = self;
        if is_stuck {
            std::mem::forget((trees, sled));
            return Ok(());
        }
        drop(log);
        recovery::end(sled, trees)?;
        if !is_whole {
            return Ok(());
        }
        let Durable { mut blobs, synced, .. } = durable.into_inner();
        // While it stops, sled may move pages with large values.
        blobs.sync_all(i64::MAX).map_err(|cause| not_durable(cause, Operation::Close))?;
        folder.close(synced)
    }
}

/// Checks that sled found what it must, and returns how far the log is known to reach.
fn check(sled: &sled::Db, state: State) -> Result<u64> {
    let failed = |cause| error::engine(cause, Operation::Open);
    catch_panic(Operation::Open, || {
        if state == State::New {
            sled.insert(MARK.0, MARK.1).map_err(failed)?;
            return Ok(0);
        }
        if sled.get(MARK.0).map_err(failed)?.is_none() {
            return Err(error::damaged("sled found nothing in the database's files"));
        }
        match state {
            State::Open(noted) => log_end::check(sled, noted).map(|()| noted),
            // The index that sled has just written covers the whole log of a store that was closed.
            State::New | State::Closed(_) => Ok(0),
        }
    })
}

fn count(trees: &[Option<sled::Tree>]) -> sled::Result<u64> {
    let mut entries = 0;
    for tree in trees.iter().flatten() {
        for entry in tree.iter() {
            entry?;
            entries += 1;
        }
    }
    Ok(entries)
}

fn not_durable(cause: io::Error, operation: Operation) -> Error {
    Error::from_io(cause, operation, "cannot make the database durable")
}
