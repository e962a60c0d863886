//! Errors of migrations.

use std::error::Error as StdError;
use std::fmt;
use std::time::Duration;

use arbour_core::engine::document_layout::documents_tree;
use arbour_core::{Cause, Error, ErrorKind};

use super::problem::Problem;
use super::{StepId, Target};

/// Where a step failed.
///
/// ```
/// use arbour::migrations::{Group, MigrationError, Migrations, Step};
/// let step = Step::numbered(1).atomic(|trees| {
///     trees.put("rooms", b"study", b"")?;
///     Err("no more rooms".into())
/// });
/// let migrations = Migrations::new("app", "1.2").group(Group::new("rooms").step(step));
/// let error = migrations.run(&arbour::MemoryStore::new()).unwrap_err();
/// let place = error.downcast_ref().and_then(MigrationError::place);
/// assert_eq!(
///     place.unwrap().to_string(),
///     r#"step 1 of "rooms", at key "study" of tree "rooms""#
/// );
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct StepPlace {
    /// The group.
    pub group: String,
    /// The step.
    pub step: StepId,
    /// The tree of the entry at which it failed: the one the step was handed, otherwise the one it
    /// touched last.
    pub tree: Option<String>,
    /// The key of that entry, escaped and cut to 48 bytes.
    pub key: Option<String>,
    /// The id of the document, if it failed at one. The tree is then the one of its collection.
    pub document: Option<String>,
}

impl fmt::Display for StepPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "step {} of {:?}", self.step, self.group)?;
        if let (Some(tree), Some(id)) = (&self.tree, &self.document) {
            let collection = tree.strip_prefix(&documents_tree("")).unwrap_or(tree);
            return write!(f, ", at document \"{id}\" of collection {collection:?}");
        }
        match (&self.tree, &self.key) {
            (Some(tree), Some(key)) => write!(f, ", at key \"{key}\" of tree {tree:?}"),
            (Some(tree), None) => write!(f, ", at tree {tree:?}"),
            _ => Ok(()),
        }
    }
}

/// Why a migration failed. [`Error::downcast_ref`] returns it.
///
/// If a step fails, only what was committed together with its progress in the journal is kept: of
/// an atomic step nothing, of a step in chunks the chunks before. The next run continues there.
///
/// ```
/// use arbour::migrations::{Group, MigrationError, Migrations, Step};
/// let twice = Group::new("rooms")
///     .step(Step::numbered(1).atomic(|_| Ok(())))
///     .step(Step::numbered(1).atomic(|_| Ok(())));
/// let run = Migrations::new("app", "1.2").group(twice).run(&arbour::MemoryStore::new());
/// let error = run.unwrap_err();
/// assert!(matches!(error.downcast_ref(), Some(MigrationError::Invalid { .. })));
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum MigrationError {
    /// A declaration or a call is invalid and would fail again: correct it.
    Invalid {
        /// The program.
        program: String,
        /// What is wrong.
        reason: String,
    },

    /// A requested step is not declared: declare it. Nothing ran.
    NotFound {
        /// The group.
        group: String,
        /// The step.
        step: StepId,
    },

    /// The journal and the program do not match, and the policies of the program refuse that.
    /// Nothing ran.
    Refused {
        /// The mismatches that are refused.
        problems: Vec<Problem>,
    },

    /// The store was migrated by a newer program: upgrade this one. Nothing ran.
    TooNew {
        /// This program, and its version.
        program: String,
        /// The data format the program knows.
        format: u32,
        /// Whether the program may read the store: see [`allow_reading_newer`](super::Migrations::allow_reading_newer).
        is_readable: bool,
        /// The steps that need a newer program.
        problems: Vec<Problem>,
    },

    /// The journal was changed or is incomplete: restore it from a backup. Nothing ran.
    Damaged {
        /// The tree.
        tree: String,
        /// The key, escaped.
        key: String,
        /// What is wrong.
        cause: Cause,
    },

    /// A step returned an error: fix the cause, and run again.
    Step {
        /// The step and the entry.
        at: Box<StepPlace>,
        /// The error it returned.
        cause: Cause,
    },

    /// A step panicked: fix the cause, and run again.
    Panicked {
        /// The step and the entry.
        at: Box<StepPlace>,
        /// The panic message.
        message: String,
    },

    /// The store reported an error in a step, even if the step ignored it; see [`Error::kind`].
    StoreInStep {
        /// The step and the entry.
        at: Box<StepPlace>,
        /// The error of the store.
        cause: Error,
    },

    /// A step put an entry after the one it was handed into the range it visits, and would visit
    /// its own write. Write to another tree or outside the range, and move the entries in a later
    /// step; or read everything first, in an atomic step.
    Ahead {
        /// The step and the entry it was handed.
        at: Box<StepPlace>,
        /// The key it put, escaped.
        put: String,
    },

    /// A chunk returned the same cursor it was given and would repeat forever. Return the new
    /// position instead.
    Standing {
        /// The step.
        at: Box<StepPlace>,
    },

    /// A step visits a tree that does not exist, but a document collection has that name, so the
    /// step would visit nothing. Visit its documents with `each_document`.
    IsCollection {
        /// The step.
        at: Box<StepPlace>,
        /// The collection.
        collection: String,
    },

    /// A step visits the documents of a collection that does not exist, but a tree has that name.
    /// Visit its entries with `each`.
    IsTree {
        /// The step.
        at: Box<StepPlace>,
        /// The tree.
        tree: String,
    },

    /// The check of a step failed: see [`Step::check`](super::Step::check).
    CheckFailed {
        /// The step.
        at: Box<StepPlace>,
        /// The error the check returned.
        cause: Cause,
    },

    /// A step to undo declares neither [`down`](super::Step::down) nor
    /// [`undo_each`](super::Step::undo_each), or is not declared. Nothing was undone.
    NoDown {
        /// The group.
        group: String,
        /// The step.
        step: StepId,
    },

    /// The store is beyond the requested target: [downgrade](super::Migrations::downgrade) it.
    /// Nothing ran.
    Beyond {
        /// The requested target.
        target: Target,
        /// The group of the newest step that has run.
        group: String,
        /// The newest step that has run.
        step: StepId,
    },

    /// A step to undo is unfinished, and does not declare how a part of it is undone
    /// ([`undo_each`](super::Step::undo_each)): finish it first. Nothing was undone.
    Unfinished {
        /// The group.
        group: String,
        /// The step.
        step: StepId,
    },

    /// A step has already run, but the journal must be empty.
    Journaled {
        /// The group.
        group: String,
        /// The step.
        step: StepId,
    },

    /// Another runner is active and did not finish in time: wait, or try again later.
    Busy {
        /// The runner that holds the lease.
        holder: String,
        /// How long this runner waited.
        waited: Duration,
    },

    /// Another runner took over, because this one committed nothing for longer than its lease. Its
    /// earlier commits stay; its current chunk was rolled back. Let the other runner finish.
    Fenced {
        /// The runner that took over.
        holder: String,
    },

    /// A backup was requested, but the engine cannot back up an open store. Nothing ran.
    NoBackup {
        /// The engine.
        engine: &'static str,
    },
}

impl MigrationError {
    /// Returns where a step failed, if the error came from a step.
    ///
    /// ```
    /// use arbour::migrations::{MigrationError, Migrations};
    /// let nameless = Migrations::new("", "1.2").run(&arbour::MemoryStore::new()).unwrap_err();
    /// assert_eq!(nameless.downcast_ref().and_then(MigrationError::place), None);
    /// ```
    #[must_use]
    pub fn place(&self) -> Option<&StepPlace> {
        match self {
            Self::Step { at, .. }
            | Self::Panicked { at, .. }
            | Self::StoreInStep { at, .. }
            | Self::Ahead { at, .. }
            | Self::Standing { at }
            | Self::IsCollection { at, .. }
            | Self::IsTree { at, .. }
            | Self::CheckFailed { at, .. } => Some(at),
            _ => None,
        }
    }

    fn kind(&self) -> ErrorKind {
        match self {
            Self::Invalid { .. }
            | Self::Refused { .. }
            | Self::Ahead { .. }
            | Self::Standing { .. }
            | Self::IsCollection { .. }
            | Self::IsTree { .. }
            | Self::Beyond { .. }
            | Self::Unfinished { .. }
            | Self::Journaled { .. } => ErrorKind::InvalidArgument,
            Self::NotFound { .. } => ErrorKind::Missing,
            Self::TooNew { .. } => ErrorKind::TooNew,
            Self::Damaged { .. } => ErrorKind::Corrupted,
            Self::Step { .. } | Self::Panicked { .. } | Self::CheckFailed { .. } => {
                ErrorKind::Failed
            }
            Self::StoreInStep { cause, .. } => cause.kind(),
            Self::NoDown { .. } | Self::NoBackup { .. } => ErrorKind::Unsupported,
            Self::Busy { .. } => ErrorKind::Busy,
            Self::Fenced { .. } => ErrorKind::Locked,
        }
    }

    pub(super) fn damaged(
        tree: &str,
        key: &[u8],
        cause: impl StdError + Send + Sync + 'static,
    ) -> Error {
        Self::Damaged {
            tree: tree.to_owned(),
            key: key.escape_ascii().to_string(),
            cause: Cause::new(cause),
        }
        .into()
    }
}

impl fmt::Display for MigrationError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Invalid { program, reason } => {
                write!(f, "the migrations of {program:?}: {reason}")
            }
            Self::NotFound { group, step } => {
                write!(
                    f,
                    "step {step} of {group:?} is not declared: declare it, or name another target"
                )
            }
            Self::Refused { problems } => {
                show_first(f, problems)?;
                let remedy = problems.first().map(|problem| problem.kind.remedy());
                remedy.map_or(Ok(()), |remedy| write!(f, ": {remedy}"))
            }
            Self::TooNew { program, format, problems, .. } => {
                write!(
                    f,
                    "the store is too new for {program:?}, which knows data format {format}: "
                )?;
                show_first(f, problems)?;
                write!(
                    f,
                    ": upgrade this program, or take the step back with the newer one (`abandon` what \
                     is unfinished, `downgrade` what is done)"
                )
            }
            Self::Damaged { tree, key, cause } => write!(
                f,
                "key \"{key}\" of tree {tree:?} is damaged: {cause}: restore the store from a backup"
            ),
            Self::NoDown { group, step } => {
                write!(
                    f,
                    "step {step} of {group:?} cannot be undone: declare its `undo_each` or `down`, or \
                     restore a backup"
                )
            }
            Self::Beyond { target, group, step } => write!(
                f,
                "the store is beyond {target}: step {step} of {group:?} has run: `downgrade` the store"
            ),
            Self::Unfinished { group, step } => {
                write!(
                    f,
                    "step {step} of {group:?} has run in part, and does not declare how a part is \
                     undone: declare its `undo_each`, or run it to its end first"
                )
            }
            Self::Journaled { group, step } => {
                write!(
                    f,
                    "step {step} of {group:?} is in the journal already, and `adopt` is only for stores \
                     without one: `run` the migrations instead"
                )
            }
            _ => self.show_runner(f),
        }
    }
}

impl MigrationError {
    /// Formats why a runner cannot begin or go on.
    fn show_runner(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Busy { holder, waited } => write!(
                f,
                "another runner is migrating the store, {holder}: waited {waited:?}: try again when \
                 it has ended"
            ),
            Self::Fenced { holder } => write!(
                f,
                "another runner took over, {holder}, because this one committed nothing for longer \
                 than its lease: wait for the other to end, then run again"
            ),
            Self::NoBackup { engine } => write!(
                f,
                "the engine {engine:?} cannot back up a store in use: close the store, copy its files, \
                 and run without `backup_first`"
            ),
            _ => self.show_step(f),
        }
    }

    /// Formats the failure of a step.
    fn show_step(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Step { at, cause } => write!(f, "{at}: {cause}"),
            Self::Panicked { at, message } => write!(f, "{at}: the step panicked: {message}"),
            Self::StoreInStep { at, cause } => write!(f, "{at}: {cause}"),
            Self::Ahead { at, put } => write!(
                f,
                "{at}: the step put key \"{put}\" ahead of its place, and would be handed that entry too: write to \
                 another tree, or use an atomic step"
            ),
            Self::Standing { at } => write!(
                f,
                "{at}: the step returned the cursor it was given, and would never end: return the key \
                 it has reached"
            ),
            Self::IsCollection { at, collection } => write!(
                f,
                "{at}: there is no tree {collection:?}, but a collection of documents of that name: \
                 visit its documents with `each_document`"
            ),
            Self::IsTree { at, tree } => write!(
                f,
                "{at}: there is no collection {tree:?}, but a tree of that name: visit its entries \
                 with `each`"
            ),
            Self::CheckFailed { at, cause } => write!(f, "{at}: the step's check failed: {cause}"),
            _ => Ok(()),
        }
    }
}

fn show_first(f: &mut fmt::Formatter<'_>, problems: &[Problem]) -> fmt::Result {
    if let Some(first) = problems.first() {
        write!(f, "{first}")?;
    }
    match problems.len() {
        0 | 1 => Ok(()),
        count => write!(f, " (and {} more)", count - 1),
    }
}

// Manual: the derive would return the `Arc` as the source, and a step could not downcast the error
// it returned.
impl StdError for MigrationError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        match self {
            Self::StoreInStep { cause, .. } => Some(cause),
            Self::Damaged { cause, .. }
            | Self::Step { cause, .. }
            | Self::CheckFailed { cause, .. } => Some(&**cause),
            _ => None,
        }
    }
}

impl From<MigrationError> for Error {
    fn from(error: MigrationError) -> Self {
        Self::layered(error.kind(), error)
    }
}

/// Why a run stops.
#[derive(Debug)]
pub(super) enum Halt {
    /// The progress callback cancelled it.
    Cancelled,
    Failed(Error),
}

impl From<MigrationError> for Halt {
    fn from(error: MigrationError) -> Self {
        Self::Failed(error.into())
    }
}

impl From<Error> for Halt {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}
