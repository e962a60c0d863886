//! Dispatching, as many callers do it at once.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use arbour::events::{Dispatch, Events, NewEvent, Outcome, Pace};
use arbour_core::{Durability, Error, ErrorKind, KvStore, Operation, Result, StoreOptions};

use super::account::Document;
use super::bank::{BANK, failed, open, open_apart};
use super::deposit::{event, stream};
use crate::Slowed;
use crate::scratch::Scratch;
use crate::subject::Subject;
use crate::threads::at_once;

/// Where a log is, and its views.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// In one store, so that an event and what comes of it are one commit.
    Together,
    /// In two of the same engine. The views are committed with a durability of their own, for they
    /// can be made again.
    Apart(Durability),
}

/// Opens a store where there is none.
type Open<S> = dyn Fn(&Path) -> Result<S>;

/// How stores are opened that tellers work on.
pub(super) struct Stores<'s, S> {
    scratch: &'s Scratch,
    open: Box<Open<S>>,
    settle: fn(&S, &Path) -> Result<()>,
}

impl<'s, S: KvStore> Stores<'s, S> {
    /// Those of an engine as it is.
    pub(super) fn of<E: Subject<Store = S>>(scratch: &'s Scratch) -> Self {
        let open = |path: &Path| E::open(path, &StoreOptions::new());
        Self { scratch, open: Box::new(open), settle: E::settle }
    }

    /// Opens events; stores that a teller of this name had are removed.
    pub(super) fn teller(&self, name: &str, place: Place) -> Result<Teller<S>> {
        let mut stores = Vec::new();
        let mut store = |suffix: &str| {
            let path = self.scratch.store(&format!("{name}-{suffix}"))?;
            let store = Arc::new((self.open)(&path)?);
            stores.push((Arc::clone(&store), path));
            Ok::<_, Error>(store)
        };
        let views = store("views")?;
        let events = match place {
            Place::Together => open(views, Pace::Inline, Document::OfStream)?,
            Place::Apart(durability) => open_apart(views, store("log")?, durability)?,
        };
        Ok(Teller { events, stores, settle: self.settle, numbers: AtomicU64::new(0) })
    }
}

impl<'s, S: KvStore> Stores<'s, Slowed<S>> {
    /// Those of an engine on a device that takes its time for each commit.
    pub(super) fn slowed<E: Subject<Store = S>>(scratch: &'s Scratch, flush: Duration) -> Self {
        let open = move |path: &Path| Ok(Slowed::new(E::open(path, &StoreOptions::new())?, flush));
        Self { scratch, open: Box::new(open), settle: |store, _| store.sync() }
    }
}

/// Dispatches deposits, each the next of its caller's own account.
pub(super) struct Teller<S: KvStore> {
    pub(super) events: Events<S>,
    stores: Vec<(Arc<S>, PathBuf)>,
    settle: fn(&S, &Path) -> Result<()>,
    /// How many deposits there have been.
    numbers: AtomicU64,
}

impl<S: KvStore> Teller<S> {
    /// Lets callers dispatch so many events each, waiting for each to be applied before the next, and
    /// returns how long that took for each caller's share. It begins with nothing left to do behind
    /// the callers' backs.
    pub(super) fn dispatch(&self, callers: usize, each: usize) -> Result<Duration> {
        let shares = (0..callers).map(|caller| self.share(caller, each)).collect::<Result<_>>()?;
        self.stores.iter().try_for_each(|(store, path)| (self.settle)(store, path))?;
        let taken = at_once(shares, |share: Vec<NewEvent>| {
            share.into_iter().try_for_each(|event| self.dispatch_one(event))
        })?;
        Ok(taken / u32::try_from(callers).unwrap_or(u32::MAX))
    }

    fn share(&self, caller: usize, each: usize) -> Result<Vec<NewEvent>> {
        let first = self.numbers.fetch_add(each as u64, Ordering::Relaxed);
        (first..).take(each).map(|number| event(stream(caller as u64), number)).collect()
    }

    /// An event that was not applied would make a teller look quick.
    fn dispatch_one(&self, event: NewEvent) -> Result<()> {
        let dispatch = Dispatch::default().durability(Durability::PowerLoss);
        let dispatched = self.events.dispatch_with(event, dispatch).map_err(failed)?;
        match dispatched.outcomes(BANK) {
            [Outcome::Applied { .. }] => Ok(()),
            other => {
                let message = format!("an event was not applied: {other:?}");
                Err(Error::new(ErrorKind::Engine, Operation::Commit, message))
            }
        }
    }
}
