//! Where the log is: in the store of the views, or in its own.

use std::sync::Arc;

use arbour_core::{GroupCommit, KvStore};

use super::chunk::Chunk;
use super::event::EventBuf;
use super::head::Head;
use super::log::Log;
use super::model::Group;
use super::reading::EventQuery;
use super::state::State;
use super::{EventError, EventResult};

/// Where the log is.
pub(super) enum Place<S: KvStore, L: KvStore> {
    /// In the store of the views.
    Together(Log<S::Tree>),
    /// In a store of its own.
    Apart { store: Arc<GroupCommit<Arc<L>>>, log: Log<L::Tree> },
}

impl<S: KvStore, L: KvStore> Place<S, L> {
    pub(super) fn apart(store: Arc<L>, log: &str) -> EventResult<Self> {
        let log = Log::open(&*store, log)?;
        Ok(Self::Apart { store: Arc::new(GroupCommit::new(store)), log })
    }

    pub(super) fn name(&self) -> &str {
        match self {
            Self::Together(log) => log.name(),
            Self::Apart { log, .. } => log.name(),
        }
    }

    /// Tells whether other processes may write to the log.
    pub(super) fn is_shared(&self) -> bool {
        match self {
            Self::Together(_) => false,
            Self::Apart { store, .. } => store.capabilities().multi_process,
        }
    }

    pub(super) fn head(&self, views: &S) -> EventResult<Head> {
        match self {
            Self::Together(log) => log.head(&views.snapshot()?),
            Self::Apart { store, log } => log.head(&store.snapshot()?),
        }
    }

    /// Returns the head that events which a group applies are read up to.
    pub(super) fn head_for(&self, group: &Group<'_, '_, S>) -> EventResult<Head> {
        match self {
            Self::Together(log) => log.head(group),
            Self::Apart { store, log } => log.head(&store.snapshot()?),
        }
    }

    pub(super) fn read(&self, views: &S, query: &EventQuery) -> EventResult<Vec<EventBuf>> {
        match self {
            Self::Together(log) => log.read(&views.snapshot()?, query),
            Self::Apart { store, log } => log.read(&store.snapshot()?, query),
        }
    }

    /// Returns events and the head of one moment.
    pub(super) fn page(&self, views: &S, query: &EventQuery) -> EventResult<(Vec<EventBuf>, Head)> {
        match self {
            Self::Together(log) => {
                let snapshot = views.snapshot()?;
                Ok((log.read(&snapshot, query)?, log.head(&snapshot)?))
            }
            Self::Apart { store, log } => {
                let snapshot = store.snapshot()?;
                Ok((log.read(&snapshot, query)?, log.head(&snapshot)?))
            }
        }
    }

    pub(super) fn get(&self, views: &S, position: u64) -> EventResult<Option<EventBuf>> {
        match self {
            Self::Together(log) => log.get(&views.snapshot()?, position),
            Self::Apart { store, log } => log.get(&store.snapshot()?, position),
        }
    }

    /// Reads events that a group is to apply.
    pub(super) fn chunk(
        &self,
        group: &Group<'_, '_, S>,
        after: u64,
        until: u64,
    ) -> EventResult<Chunk> {
        match self {
            Self::Together(log) => log.chunk(group, after, until),
            Self::Apart { store, log } => log.chunk(&store.snapshot()?, after, until),
        }
    }

    /// Asserts that the log is the one that a view was made of, and has all that was applied.
    pub(super) fn check_head(&self, head: &Head, reader: &str, state: &State) -> EventResult<()> {
        if state.applied == 0 {
            return Ok(());
        }
        if head.position > 0 && head.log_id != state.log_id {
            return Err(EventError::Foreign {
                log: self.name().to_owned(),
                reader: reader.to_owned(),
                position: state.applied,
            });
        }
        if head.position < state.applied {
            return Err(EventError::Truncated {
                log: self.name().to_owned(),
                reader: reader.to_owned(),
                applied: state.applied,
                newest: head.position,
            });
        }
        if head.position == state.applied && head.hash != state.hash {
            return Err(EventError::Foreign {
                log: self.name().to_owned(),
                reader: reader.to_owned(),
                position: state.applied,
            });
        }
        Ok(())
    }

    /// Does the same when a view is opened, and looks at the event behind as well.
    pub(super) fn check(&self, views: &S, reader: &str, state: &State) -> EventResult<()> {
        let head = self.head(views)?;
        self.check_head(&head, reader, state)?;
        let next = if state.applied < head.position && state.applied + 1 >= head.first {
            self.get(views, state.applied + 1)?
        } else {
            None
        };
        let fits = next.is_none_or(|next| *next.as_event().hash_before == state.hash);
        if fits {
            return Ok(());
        }
        Err(EventError::Foreign {
            log: self.name().to_owned(),
            reader: reader.to_owned(),
            position: state.applied,
        })
    }
}
