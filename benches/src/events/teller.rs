//! Dispatching, as many callers do it at once.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use arbour::events::{Dispatch, Events, NewEvent, Outcome};
use arbour_core::{Durability, Error, ErrorKind, KvStore, Operation, Result, StoreOptions};

use super::account::Document;
use super::bank::{BANK, open, open_apart};
use super::deposit::{event, stream};
use crate::Slowed;
use crate::scratch::Scratch;
use crate::subject::Subject;
use crate::threads::at_once;

/// Where a log and its views are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// In one store, so that an event and its effects are one commit.
    Together,
    /// In two of the same engine. The views are committed with a durability of their own, because
    /// they can be rebuilt.
    Apart(Durability),
}

/// Opens a new store.
type Open<S> = dyn Fn(&Path) -> Result<S>;

/// How the stores of tellers are opened.
pub(super) struct Stores<'s, S> {
    scratch: &'s Scratch,
    open: Box<Open<S>>,
    settle: fn(&S, &Path) -> Result<()>,
}

impl<'s, S: KvStore> Stores<'s, S> {
    /// Stores of an engine as it is.
    pub(super) fn of<E: Subject<Store = S>>(scratch: &'s Scratch) -> Self {
        let open = |path: &Path| E::open(path, &StoreOptions::new());
        Self { scratch, open: Box::new(open), settle: E::settle }
    }

    /// Opens events; the stores of an earlier teller of this name are removed.
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
            Place::Together => open(views, Document::OfStream)?,
            Place::Apart(durability) => open_apart(views, store("log")?, durability)?,
        };
        Ok(Teller { events, stores, settle: self.settle, numbers: AtomicU64::new(0) })
    }
}

impl<'s, S: KvStore> Stores<'s, Slowed<S>> {
    /// Stores of an engine on a device on which each commit takes longer.
    pub(super) fn slowed<E: Subject<Store = S>>(scratch: &'s Scratch, flush: Duration) -> Self {
        let open = move |path: &Path| Ok(Slowed::new(E::open(path, &StoreOptions::new())?, flush));
        Self { scratch, open: Box::new(open), settle: |store, _| store.sync() }
    }
}

/// Dispatches deposits; each is the next one of its caller's own account.
pub(super) struct Teller<S: KvStore> {
    pub(super) events: Events,
    stores: Vec<(Arc<S>, PathBuf)>,
    settle: fn(&S, &Path) -> Result<()>,
    /// The number of deposits so far.
    numbers: AtomicU64,
}

impl<S: KvStore> Teller<S> {
    /// Lets each caller dispatch this many events, waiting for each to be applied before the next,
    /// and returns the time for each caller's share. It begins when no background work is left.
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

    /// A teller whose events were not applied would look fast.
    fn dispatch_one(&self, event: NewEvent) -> Result<()> {
        let dispatch = Dispatch::default().durability(Durability::PowerLoss);
        let dispatched = self.events.dispatch_with(event, dispatch)?;
        match dispatched.outcomes(BANK) {
            [Outcome::Applied { .. }] => Ok(()),
            other => {
                let message = format!("an event was not applied: {other:?}");
                Err(Error::new(ErrorKind::Engine, Operation::Commit, message))
            }
        }
    }
}
