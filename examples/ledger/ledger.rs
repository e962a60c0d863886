//! The ledger: the log of events, and the documents that are folded from it.

use std::ops::ControlFlow;
use std::sync::Arc;

use arbour::documents::Collection;
use arbour::events::{Events, EventsBuilder, FailurePolicy, Log, Projection};
use arbour::{DynStore, KvStore as _, Result, StoreOptions};

use crate::account::{self, Account};
use crate::arguments::Arguments;
use crate::failure::Failure;
use crate::progress::Progress;
use crate::tally::{self, Author, Day, File, Tally};

/// The name of the log in its store.
const LOG: &str = "main";

/// The projection of accounts.
pub(crate) const ACCOUNTS: &str = "accounts";

/// The projection of authors, files and days.
pub(crate) const COMMITS: &str = "commits";

/// All projections.
pub(crate) const PROJECTIONS: [&str; 2] = [ACCOUNTS, COMMITS];

/// The log of events, and the documents that are folded from it.
pub(crate) struct Ledger {
    pub(crate) events: Events,
    pub(crate) accounts: Collection<Account>,
    pub(crate) authors: Collection<Author>,
    pub(crate) files: Collection<File>,
    pub(crate) days: Collection<Day>,
    stores: Stores,
    versions: Versions,
}

/// The store of the documents, and the store of the log.
struct Stores {
    documents: Arc<DynStore>,
    /// `None` if it is the store of the documents.
    log: Option<Arc<DynStore>>,
}

/// Which version of each projection is read. There are only two, used in turn: a rebuild uses the
/// other one.
#[derive(Clone, Copy)]
struct Versions {
    accounts: u32,
    commits: u32,
}

impl Versions {
    fn of(self, projection: &str) -> u32 {
        if projection == ACCOUNTS { self.accounts } else { self.commits }
    }
}

impl Ledger {
    /// Opens the stores. Unless creating is requested, it fails if nothing exists there, because
    /// that may be a mistyped path.
    pub(crate) fn open(arguments: &Arguments, create: bool) -> Result<Self, Failure> {
        let options = StoreOptions::new().create(create);
        let open = |url: &str| arbour::open_with(url, &options).map(Arc::new);
        let documents = open(&arguments.store)?;
        let log = arguments.log.as_deref().map(open).transpose()?;
        let stores = Stores { documents, log };
        let versions = stores.versions()?;
        let builder = stores.builder(versions)?;
        let store = &stores.documents;
        Ok(Self {
            events: builder.build()?,
            accounts: accounts(store, versions.accounts)?,
            authors: tallies(store, versions.commits)?,
            files: tallies(store, versions.commits)?,
            days: tallies(store, versions.commits)?,
            stores,
            versions,
        })
    }

    /// Returns the store of the documents.
    pub(crate) fn store(&self) -> &DynStore {
        &self.stores.documents
    }

    /// Returns the store of the log.
    pub(crate) fn log_store(&self) -> &DynStore {
        self.stores.log.as_ref().unwrap_or(&self.stores.documents)
    }

    /// Opens the log itself, to append many events in one transaction.
    pub(crate) fn log(&self) -> Result<Log, Failure> {
        Ok(Log::open(self.log_store(), LOG)?)
    }

    /// Returns which version of a projection is read, and which is not.
    pub(crate) fn versions(&self, projection: &str) -> (u32, u32) {
        let version = self.versions.of(projection);
        (version, other(version))
    }

    /// Opens both versions of a projection, the one that is read and the other.
    pub(crate) fn both(&self, projection: &str) -> Result<Events, Failure> {
        let store = &self.stores.documents;
        let mut builder = self.stores.bare();
        let read = self.versions.of(projection);
        for version in [read, other(read)] {
            builder = builder.projection(match projection {
                ACCOUNTS => accounts_projection(store, version)?,
                _ => commits_projection(store, version)?,
            });
        }
        Ok(builder.build()?)
    }

    /// Folds outstanding events of the log into the documents, and shows the progress.
    pub(crate) fn catch_up(&self, projection: &str) -> Result<(), Failure> {
        let progress = Progress::of_events(format!("folding {projection}"));
        self.events.catch_up_with(projection, &mut |done| {
            progress.at(done);
            ControlFlow::Continue(())
        })?;
        Ok(())
    }

    /// Closes the stores.
    pub(crate) fn close(&self) -> arbour::Result<()> {
        self.stores.documents.close()?;
        self.stores.log.as_ref().map_or(Ok(()), |log| log.close())
    }
}

impl Stores {
    fn bare(&self) -> EventsBuilder {
        let builder = Events::builder(Arc::clone(&self.documents), LOG);
        match &self.log {
            Some(log) => builder.log_in(Arc::clone(log)),
            None => builder,
        }
    }

    fn builder(&self, versions: Versions) -> Result<EventsBuilder> {
        Ok(self
            .bare()
            .projection(accounts_projection(&self.documents, versions.accounts)?)
            .projection(commits_projection(&self.documents, versions.commits)?))
    }

    /// Determines which versions are read. In a new store this will be the first.
    fn versions(&self) -> Result<Versions, Failure> {
        let events = self.bare().build()?;
        let version =
            |projection| -> Result<u32> { Ok(events.active_version(projection)?.unwrap_or(1)) };
        Ok(Versions { accounts: version(ACCOUNTS)?, commits: version(COMMITS)? })
    }
}

fn other(version: u32) -> u32 {
    3 - version
}

/// A caller that changes an account waits for its document. An account with an event that cannot be
/// applied is unknown from then on: later events are dead-lettered too.
fn accounts_projection(store: &DynStore, version: u32) -> Result<Projection> {
    let accounts = accounts(store, version)?;
    Ok(Projection::new(ACCOUNTS, version)
        .on(move |event: &_, view| account::fold(&accounts, event, view))
        .on_failure(FailurePolicy::quarantine()))
}

/// Only readers of the counts wait for them. A commit that cannot be counted is dead-lettered
/// alone.
fn commits_projection(store: &DynStore, version: u32) -> Result<Projection> {
    let authors = tallies::<Author>(store, version)?;
    let files = tallies::<File>(store, version)?;
    let days = tallies::<Day>(store, version)?;
    Ok(Projection::new(COMMITS, version)
        .on(move |event: &_, view| tally::fold(&authors, event, view))
        .on(move |event: &_, view| tally::fold(&files, event, view))
        .on(move |event: &_, view| tally::fold(&days, event, view))
        .on_failure(FailurePolicy::dead_letter())
        .behind())
}

fn accounts(store: &DynStore, version: u32) -> Result<Collection<Account>> {
    let name = Projection::new(ACCOUNTS, version).view(account::VIEW);
    Collection::open(store, account::declaration(&name))
}

fn tallies<D: Tally>(store: &DynStore, version: u32) -> Result<Collection<D>> {
    let name = Projection::new(COMMITS, version).view(D::VIEW);
    Collection::open(store, tally::declaration(&name))
}
