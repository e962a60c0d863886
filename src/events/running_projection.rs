//! A version of a projection in use on a store: its trees, its state and the code that applies
//! events.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, AtomicUsize, Ordering};
use std::time::Instant;

use arbour_core::{DecodeError, DynStore, DynTransaction, Error, KvRead, KvWrite, Result, Tree};
use parking_lot::Mutex;

use super::apply::{Effect, apply};
use super::dead_letter::{DeadKind, DeadLetter, reason};
use super::event::Event;
use super::event_batch::{CHUNK_EVENTS, EventBatch};
use super::layout::{
    FORMAT, PROJECTION_TREE, dead_stream_tree, dead_tree, log_tree, quarantine_tree, result_tree,
    state_key,
};
use super::log::{decode_number, number_value, open_tree, other_format, position_key};
use super::phase::ApplyError;
use super::policy::FailureAction;
use super::projection::Projection;
use super::projection_state::ProjectionState;
use super::turn::Turn;
use super::view::View;
use super::{EventError, envelope};
use crate::key::Key as _;

/// A version of a projection in use on a store.
pub(super) struct RunningProjection {
    pub(super) declared: Projection,
    pub(super) trees: Trees,
    /// The name of the log it reads.
    log: Arc<str>,
    /// The key of the entry that names the log its view was made from.
    version_key: Vec<u8>,
    /// The key of its position.
    pub(super) state_key: Vec<u8>,
    /// Held by the thread that applies events. Other threads of this process wait for its commits.
    pub(super) turn: Turn,
    /// The position that this process knows to be committed. It may lag behind, and is never ahead.
    pub(super) applied: AtomicU64,
    /// The most events that one transaction applies: fewer than usual if the engine refused more.
    pub(super) chunk_events: AtomicUsize,
    /// How many times the next event has failed.
    pub(super) tries: AtomicU32,
    /// The earliest time of the next attempt.
    next_try: Mutex<Option<Instant>>,
}

pub(super) struct Trees {
    pub(super) projections: Tree,
    /// The positions of projections. The keys follow the head of the log, so that a commit of both
    /// writes one page.
    pub(super) states: Tree,
    pub(super) results: Tree,
    pub(super) dead: Tree,
    /// The dead letters by stream.
    pub(super) dead_streams: Tree,
    pub(super) quarantine: Tree,
}

/// How applying a batch ended.
pub(super) enum Advanced {
    /// All events were applied or dead-lettered.
    All,
    /// The next event failed and is to be tried again.
    Failed(String),
    /// The next event failed, and the projection is halted.
    Halted(String),
}

/// What became of an event.
pub(super) enum Fate {
    Applied(Effect),
    Dead(String),
}

impl RunningProjection {
    pub(super) fn open(store: &DynStore, projection: Projection, log: &str) -> Result<Self> {
        projection.check()?;
        let (name, version) = (projection.name(), projection.version());
        let trees = Trees {
            projections: open_tree(store, PROJECTION_TREE)?,
            states: open_tree(store, &log_tree(log))?,
            results: open_tree(store, &result_tree(name, version))?,
            dead: open_tree(store, &dead_tree(name, version))?,
            dead_streams: open_tree(store, &dead_stream_tree(name, version))?,
            quarantine: open_tree(store, &quarantine_tree(name, version))?,
        };
        let (version_key, state_key) = ((name, version).to_key_bytes(), state_key(name, version));
        Ok(Self {
            declared: projection,
            trees,
            log: log.into(),
            version_key,
            state_key,
            turn: Turn::default(),
            applied: AtomicU64::new(0),
            chunk_events: AtomicUsize::new(CHUNK_EVENTS),
            tries: AtomicU32::new(0),
            next_try: Mutex::new(None),
        })
    }

    pub(super) fn name(&self) -> &str {
        self.declared.name()
    }

    fn undecodable(&self, tree: &Tree, key: &[u8], cause: DecodeError) -> Error {
        EventError::undecodable(self.name(), tree.name(), key, cause)
    }

    pub(super) fn state<R: KvRead>(&self, reader: &R) -> Result<ProjectionState> {
        let tree = &self.trees.states;
        let state = reader.get_with(tree, &self.state_key, ProjectionState::decode)?;
        let state = state.unwrap_or(Ok(ProjectionState::NEW));
        state.map_err(|cause| self.undecodable(tree, &self.state_key, cause))
    }

    pub(super) fn save<W: KvWrite>(
        &self,
        transaction: &mut W,
        state: &ProjectionState,
    ) -> Result<()> {
        if self.applied.load(Ordering::Acquire) == 0 {
            let log = [&[FORMAT], self.log.as_bytes()].concat();
            transaction.put(&self.trees.projections, &self.version_key, &log)?;
        }
        transaction.put(&self.trees.states, &self.state_key, &state.encode())
    }

    /// Refuses a version that was made from another log, or whose position was lost together with
    /// the log, so that no event is applied twice.
    pub(super) fn check_log<R: KvRead>(&self, reader: &R) -> Result<()> {
        let (tree, key) = (&self.trees.projections, &self.version_key);
        let is_own = reader.get_with(tree, key, |log| match log {
            [FORMAT, log @ ..] => Ok(log == self.log.as_bytes()),
            other => Err(other_format(other)),
        })?;
        let Some(is_own) = is_own else { return Ok(()) };
        if is_own.map_err(|cause| self.undecodable(tree, key, cause))?
            && reader.contains(&self.trees.states, &self.state_key)?
        {
            return Ok(());
        }
        let (log, reader) = (self.log.to_string(), self.name().to_owned());
        Err(EventError::Foreign { log, reader, position: 0 }.into())
    }

    /// Returns the active version of this projection.
    pub(super) fn active_version<R: KvRead>(&self, reader: &R) -> Result<Option<u32>> {
        read_active_version(reader, &self.trees.projections, self.name())
    }

    /// Tells whether this is the active version.
    pub(super) fn is_active_at<R: KvRead>(&self, reader: &R) -> Result<bool> {
        Ok(self.active_version(reader)? == Some(self.declared.version()))
    }

    /// Makes this version the active one.
    pub(super) fn activate<W: KvWrite>(&self, transaction: &mut W) -> Result<()> {
        let version = number_value(u64::from(self.declared.version()));
        transaction.put(&self.trees.projections, self.name().as_bytes(), &version)
    }

    /// Publishes a committed position to the other threads of this process.
    pub(super) fn committed(&self, state: &ProjectionState) {
        let before = self.applied.fetch_max(state.applied, Ordering::AcqRel);
        if before < state.applied && self.tries.swap(0, Ordering::Relaxed) > 0 {
            *self.next_try.lock() = None;
        }
    }

    /// Returns how many times the next event has failed.
    pub(super) fn tries(&self) -> u32 {
        self.tries.load(Ordering::Relaxed)
    }

    /// Counts a failure of the next event, and starts its backoff.
    pub(super) fn count_try(&self) {
        let tries = self.tries.fetch_add(1, Ordering::Relaxed);
        *self.next_try.lock() = Instant::now().checked_add(self.declared.policy.delay(tries));
    }

    /// Returns when the backoff of the next event ends; `None` if it may be tried now.
    pub(super) fn backs_off_until(&self) -> Option<Instant> {
        self.next_try.lock().filter(|next| Instant::now() < *next)
    }

    /// Applies events in a savepoint, each in a nested one, and reports the fate of each. If an
    /// event fails, those before it stay applied.
    pub(super) fn advance(
        &self,
        group: &mut DynTransaction<'_>,
        state: &mut ProjectionState,
        chunk: &EventBatch,
        told: &mut dyn FnMut(u64, Fate),
    ) -> Result<Advanced> {
        let before = *state;
        let mut advanced = Advanced::All;
        if state.is_forgotten {
            View::of(group, self.name(), self.declared.version())?.remove_entries(group)?;
            state.is_forgotten = false;
        }
        for (position, value) in chunk.iter() {
            let event = envelope::decode(position, value).map_err(|cause| {
                let (tree, key) = (log_tree(&self.log), position_key(position));
                EventError::undecodable(&self.log, &tree, &key, cause)
            })?;
            self.check_place(state, &event)?;
            let fate = self.handle(group, &event, &mut state.has_quarantine)?;
            match fate {
                Ok(fate) => told(position, fate),
                Err(ended) => {
                    state.is_halted = matches!(ended, Advanced::Halted(_));
                    advanced = ended;
                    break;
                }
            }
            state.applied = position;
            state.hash = envelope::hash(position, value);
        }
        if *state != before {
            self.save(group, state)?;
        }
        Ok(advanced)
    }

    /// Checks that an event directly follows those that were applied.
    fn check_place(&self, state: &ProjectionState, event: &Event<'_>) -> Result<()> {
        let expected = state.applied.saturating_add(1);
        if event.position > expected {
            return Err(EventError::Archived {
                log: self.log.to_string(),
                asked: expected,
                first: event.position,
            }
            .into());
        }
        if *event.hash_before != state.hash {
            return Err(EventError::Foreign {
                log: self.log.to_string(),
                reader: self.name().to_owned(),
                position: state.applied,
            }
            .into());
        }
        Ok(())
    }

    /// Applies an event or dead-letters it; otherwise returns why neither was done.
    fn handle(
        &self,
        group: &mut DynTransaction<'_>,
        event: &Event<'_>,
        has_quarantine: &mut bool,
    ) -> Result<Result<Fate, Advanced>> {
        if *has_quarantine && let Some(since) = self.quarantined_since(group, event.stream)? {
            let dead = DeadLetter::quarantined(event, since);
            self.bury(group, &dead)?;
            return Ok(Ok(Fate::Dead(dead.reason)));
        }
        let error = match self.apply(group, event)? {
            Ok(effect) => return Ok(Ok(Fate::Applied(effect))),
            Err(error) => error,
        };
        let policy = self.declared.policy;
        let tries = self.tries() + 1;
        tracing::warn!(
            projection = self.name(), position = event.position, tries, %error, "an event failed"
        );
        if tries <= policy.retries {
            return Ok(Err(Advanced::Failed(reason(&error))));
        }
        let kind = match policy.on_exhausted {
            FailureAction::Halt => DeadKind::Halting,
            FailureAction::DeadLetter | FailureAction::Quarantine => DeadKind::Failed,
        };
        let dead = DeadLetter::failed(event, kind, &error, tries);
        self.bury(group, &dead)?;
        match policy.on_exhausted {
            FailureAction::Halt => return Ok(Err(Advanced::Halted(dead.reason))),
            FailureAction::DeadLetter => {}
            FailureAction::Quarantine => {
                let since = number_value(event.position);
                group.put(&self.trees.quarantine, event.stream.as_bytes(), &since)?;
                *has_quarantine = true;
            }
        }
        Ok(Ok(Fate::Dead(reason(&error))))
    }

    /// Applies an event in its own savepoint, which is rolled back if it fails.
    pub(super) fn apply(
        &self,
        group: &mut DynTransaction<'_>,
        event: &Event<'_>,
    ) -> Result<Result<Effect, ApplyError>> {
        let mut unit = DynTransaction::within(group);
        let effect = match apply(&self.declared, event, &mut unit)? {
            Ok(effect) => effect,
            Err(error) => return Ok(Err(error)),
        };
        if !effect.is_empty() {
            let value = json_value(&self.log, &effect)?;
            unit.put(&self.trees.results, &position_key(event.position), &value)?;
        }
        unit.commit()?;
        Ok(Ok(effect))
    }

    pub(super) fn bury<W: KvWrite>(&self, transaction: &mut W, dead: &DeadLetter) -> Result<()> {
        if dead.is_dead_lettered() {
            transaction.put(&self.trees.dead_streams, &dead.stream_key(), &[FORMAT])?;
        }
        let value = json_value(&self.log, dead)?;
        transaction.put(&self.trees.dead, &position_key(dead.position), &value)
    }

    pub(super) fn quarantined_since<R: KvRead>(
        &self,
        reader: &R,
        stream: &str,
    ) -> Result<Option<u64>> {
        let (tree, key) = (&self.trees.quarantine, stream.as_bytes());
        let since = reader.get_with(tree, key, decode_number)?.transpose();
        since.map_err(|cause| self.undecodable(tree, key, cause))
    }

    pub(super) fn dead_letter<R: KvRead>(
        &self,
        reader: &R,
        position: u64,
    ) -> Result<Option<DeadLetter>> {
        self.json_at(reader, &self.trees.dead, position)
    }

    /// Returns the fate of an event that this projection has already dealt with.
    pub(super) fn fate<R: KvRead>(&self, reader: &R, position: u64) -> Result<Fate> {
        if let Some(dead) = self.dead_letter(reader, position)? {
            return Ok(Fate::Dead(dead.reason));
        }
        let effect = self.json_at(reader, &self.trees.results, position)?;
        Ok(Fate::Applied(effect.unwrap_or_default()))
    }

    fn json_at<J: serde::de::DeserializeOwned, R: KvRead>(
        &self,
        reader: &R,
        tree: &Tree,
        position: u64,
    ) -> Result<Option<J>> {
        let key = position_key(position);
        let found = reader.get_with(tree, &key, from_json_value)?.transpose();
        found.map_err(|cause| self.undecodable(tree, &key, cause))
    }
}

/// Returns the active version of a projection, which is stored under its name.
pub(super) fn read_active_version<R: KvRead>(
    reader: &R,
    tree: &Tree,
    projection: &str,
) -> Result<Option<u32>> {
    let key = projection.as_bytes();
    let version = reader.get_with(tree, key, decode_number)?.transpose();
    let version =
        version.map_err(|cause| EventError::undecodable(projection, tree.name(), key, cause))?;
    Ok(version.and_then(|version| u32::try_from(version).ok()))
}

/// Encodes a value as JSON after the format byte.
fn json_value(log: &str, value: &impl serde::Serialize) -> Result<Vec<u8>> {
    let mut bytes = vec![FORMAT];
    serde_json::to_writer(&mut bytes, value).map_err(|error| EventError::Invalid {
        log: log.to_owned(),
        reason: format!("a handler returned what is not JSON: {error}"),
    })?;
    Ok(bytes)
}

/// Decodes JSON after the format byte.
pub(super) fn from_json_value<J: serde::de::DeserializeOwned>(
    value: &[u8],
) -> Result<J, DecodeError> {
    match value {
        [FORMAT, json @ ..] => serde_json::from_slice(json)
            .map_err(|error| DecodeError::new("JSON", error.to_string()).with_source(error)),
        _ => Err(other_format(value)),
    }
}
