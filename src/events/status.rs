//! The positions and roles of the versions of projections.

use arbour_core::{Cursor as _, KvRead, KvStore, Result};

use super::EventError;
use super::events::{Events, active_version};
use super::layout::{log_tree, state_prefix};
use super::log::open_tree;
use super::projection_state::ProjectionState;
use crate::key::KeyPart as _;

/// The role of a version of a projection.
///
/// ```
/// assert_ne!(arbour::events::VersionState::Building, arbour::events::VersionState::Kept);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum VersionState {
    /// Declared, but nothing of it is stored.
    New,
    /// A [rebuild](Events::rebuild) is running or was interrupted. The next one resumes it.
    Building,
    /// The active version, which is the one that is read.
    Active,
    /// Read earlier, and kept until it is [forgotten](Events::forget): up to date by a program that
    /// declares it and not the active version, otherwise as it was.
    Kept,
}

/// The status of a version of a projection; see [`Events::status`].
///
/// ```
/// # use arbour::events::ProjectionStatus;
/// fn is_current(status: &ProjectionStatus) -> bool {
///     status.lag == 0 && !status.is_halted
/// }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ProjectionStatus {
    /// The projection.
    pub name: String,
    /// The version.
    pub version: u32,
    /// Its role.
    pub state: VersionState,
    /// The position of the last event that was applied or dead-lettered.
    pub applied: u64,
    /// How many events it lags behind.
    pub lag: u64,
    /// Whether it is halted before an event that failed.
    pub is_halted: bool,
}

impl ProjectionStatus {
    fn new(
        (name, version): (&str, u32),
        state: &ProjectionState,
        active: Option<u32>,
        newest: u64,
    ) -> Self {
        Self {
            name: name.to_owned(),
            version,
            state: if active == Some(version) {
                VersionState::Active
            } else if *state == ProjectionState::NEW || state.is_forgotten {
                VersionState::New
            } else if state.is_building {
                VersionState::Building
            } else {
                VersionState::Kept
            },
            applied: state.applied,
            lag: newest.saturating_sub(state.applied),
            is_halted: state.is_halted,
        }
    }

    /// Tells whether it is the active version.
    ///
    /// ```
    /// # use arbour::events::{Events, Projection};
    /// let events = Events::builder(arbour::MemoryStore::new(), "main")
    ///     .projection(Projection::new("bank", 1))
    ///     .build()?;
    /// assert!(events.status()?[0].is_active());
    /// # Ok::<(), arbour::Error>(())
    /// ```
    #[must_use]
    pub fn is_active(&self) -> bool {
        self.state == VersionState::Active
    }
}

impl Events {
    /// Returns the status of every version of every declared projection, in the order of the
    /// declarations.
    ///
    /// # Errors
    /// Errors of the store.
    ///
    /// ```
    /// # use arbour::events::{Events, Projection};
    /// let events = Events::builder(arbour::MemoryStore::new(), "main")
    ///     .projection(Projection::new("bank", 1))
    ///     .build()?;
    /// assert_eq!(events.status()?[0].lag, 0);
    /// # Ok::<(), arbour::Error>(())
    /// ```
    pub fn status(&self) -> Result<Vec<ProjectionStatus>> {
        // Read the views before the log. An event appended in between then counts as lag, and the
        // lag is never negative.
        let snapshot = self.store().snapshot()?;
        let newest = self.head()?.position;
        let projections = self.inner.projections.iter().map(|running| {
            let (state, active) = (running.state(&snapshot)?, running.active_version(&snapshot)?);
            let version = (running.name(), running.declared.version());
            Ok(ProjectionStatus::new(version, &state, active, newest))
        });
        projections.collect()
    }

    /// Returns the status of every version of a projection, declared here or not, in the order of
    /// their numbers: active, building and kept ones. Empty if there has never been one.
    ///
    /// # Errors
    /// [`Invalid`](EventError::Invalid) for an invalid name; errors of the store.
    ///
    /// ```
    /// # use std::ops::ControlFlow;
    /// # use arbour::events::{Events, NewEvent, Projection, VersionState};
    /// let store = arbour::open("memory:")?;
    /// let events = Events::builder(store.clone(), "main")
    ///     .projection(Projection::new("bank", 1))
    ///     .projection(Projection::new("bank", 2))
    ///     .build()?;
    /// events.dispatch_all(NewEvent::raw("diary", "noted", 1, Vec::new()))?;
    /// events.rebuild("bank", 1, &mut |_| ControlFlow::Continue(()))?;
    /// let none = Events::builder(store, "main").build()?;
    /// let states: Vec<_> = none.versions("bank")?.iter().map(|bank| bank.state).collect();
    /// assert_eq!(states, [VersionState::Active, VersionState::Kept]);
    /// # Ok::<(), arbour::Error>(())
    /// ```
    pub fn versions(&self, projection: &str) -> Result<Vec<ProjectionStatus>> {
        let store = self.store();
        let snapshot = store.snapshot()?;
        let newest = self.head()?.position;
        let active = active_version(store, &snapshot, projection)?;
        let tree = open_tree(store, &log_tree(self.inner.location.name()))?;
        let prefix = state_prefix(projection);
        let mut cursor = snapshot.prefix(&tree, &prefix)?;
        let mut versions = Vec::new();
        while let Some((key, value)) = cursor.next()? {
            let version = u32::decode_part(key.get(prefix.len()..).unwrap_or_default());
            let found = version.and_then(|version| Ok((version, ProjectionState::decode(value)?)));
            let (version, state) = found
                .map_err(|cause| EventError::undecodable(projection, tree.name(), key, cause))?;
            versions.push(ProjectionStatus::new((projection, version), &state, active, newest));
        }
        // The active version may have no position yet, because nothing was applied to it.
        let unmoved = active.filter(|_| !versions.iter().any(ProjectionStatus::is_active));
        let unmoved = unmoved.map(|version| {
            ProjectionStatus::new((projection, version), &ProjectionState::NEW, active, newest)
        });
        versions.extend(unmoved);
        versions.sort_by_key(|status| status.version);
        Ok(versions)
    }
}
