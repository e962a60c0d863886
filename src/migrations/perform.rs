//! One chunk of one step, in the caller's transaction.

use std::panic::{AssertUnwindSafe, catch_unwind};

use arbour_core::engine::{TreeName, Write, panic_message, successor};
use arbour_core::{Cause, Direction, Error, ErrorKind, Operation};

use super::MigrationError;
#[cfg(feature = "documents")]
use super::documents::documents_of;
use super::error::{Halt, StepPlace};
use super::layout::JOURNAL_TREE;
use super::progress::Beat;
use super::raw_trees::RawTrees;
use super::record::Counts;
use super::source::Source;
use super::step::{Body, Step, Undo};
use super::step_id::StepKey;
use super::step_trees::{StepTrees, Stop};
use super::visit::{Budget, Visited, Walk};
use crate::AnyResult;

/// What remains of a step.
pub(super) enum Left {
    Nothing,
    /// The entries after a cursor.
    Behind(Vec<u8>),
}

impl Left {
    fn after(visited: Visited) -> Self {
        match visited {
            Visited { last: Some(last), is_end: false } => Self::Behind(last),
            _ => Self::Nothing,
        }
    }
}

/// Performs the next chunk of a step, and its check if that was the last chunk. The caller commits.
pub(super) fn perform(
    key: &StepKey,
    step: &Step,
    raw: &mut dyn RawTrees,
    beat: &mut dyn Beat,
    cursor: Option<&[u8]>,
    budget: &Budget,
) -> Result<(Left, Counts), Halt> {
    let mut trees = StepTrees::new(raw, beat);
    let direction = Direction::Forward;
    let left = guarded(key, &mut trees, |trees| match &step.body {
        Body::Nothing => Ok(Left::Nothing),
        Body::Atomic(run) => run(trees).map(|()| Left::Nothing),
        Body::Each(source, run) => {
            let walk = Walk { source, direction, after: cursor, budget };
            Ok(Left::after(trees.visit(&walk, &mut |t, k, v| run(t, k, v))?))
        }
        #[cfg(feature = "documents")]
        Body::EachDocument(name, run) => {
            let walk = Walk { source: &documents_of(name), direction, after: cursor, budget };
            Ok(Left::after(trees.visit_documents(name, &walk, &mut |t, c, d| run(t, c, d))?))
        }
        Body::Chunked(run) => Ok(run(trees, cursor)?.map_or(Left::Nothing, Left::Behind)),
    })?;
    let counts = Counts { chunks: 1, ..trees.counts };
    match &left {
        Left::Behind(next) if Some(next.as_slice()) == cursor => {
            Err(MigrationError::Standing { at: place(key, &trees) }.into())
        }
        Left::Behind(_) => Ok((left, counts)),
        Left::Nothing => {
            check(key, step, &mut trees)?;
            Ok((left, counts))
        }
    }
}

/// Checks, before anything runs, whether a step can do its work in a store, and its key fits there.
pub(super) fn check_possible(
    key: &StepKey,
    step: &Step,
    raw: &mut dyn RawTrees,
) -> Result<(), Error> {
    #[cfg(feature = "documents")]
    if let Body::EachDocument(name, _) = &step.body {
        super::documents::open(raw, name).map_err(|cause| {
            let mut at = place_of(key);
            at.tree = Some(documents_of(name).tree);
            Error::from(MigrationError::StoreInStep { at, cause })
        })?;
    }
    let _ = step;
    check_key(key, raw)
}

/// Checks whether the key of the journal entry of a step fits into a store.
pub(super) fn check_key(key: &StepKey, raw: &dyn RawTrees) -> Result<(), Error> {
    let journal = raw.open(TreeName::layer(JOURNAL_TREE)?)?;
    raw.check(&Write { tree: &journal, key: &key.encode(), value: Some(&[]) })
}

/// Runs the check of a step.
pub(super) fn check(key: &StepKey, step: &Step, trees: &mut StepTrees<'_>) -> Result<(), Halt> {
    let Some(check) = &step.check else { return Ok(()) };
    trees.make_read_only();
    guarded(key, trees, |trees| check(trees)).map_err(|halt| {
        if let Halt::Failed(error) = &halt
            && let Some(MigrationError::Step { at, cause }) = error.downcast_ref()
        {
            return MigrationError::CheckFailed { at: at.clone(), cause: cause.clone() }.into();
        }
        halt
    })
}

/// Undoes the last chunk of a step that is done up to a cursor, or completely without one. Returns
/// the cursor up to which it is done then. The caller commits.
pub(super) fn undo(
    key: &StepKey,
    step: &Step,
    raw: &mut dyn RawTrees,
    beat: &mut dyn Beat,
    cursor: Option<&[u8]>,
    budget: &Budget,
) -> Result<(Left, Counts), Halt> {
    let mut trees = StepTrees::new(raw, beat);
    let left = guarded(key, &mut trees, |trees| match (&step.undo, &step.down) {
        (Some(undo), _) => undo_entries(step, undo, trees, cursor, budget),
        (None, Some(down)) => down(trees).map(|()| Left::Nothing),
        (None, None) => Ok(Left::Nothing),
    })?;
    Ok((left, Counts { chunks: 1, ..trees.counts }))
}

fn undo_entries(
    step: &Step,
    undo: &Undo,
    trees: &mut StepTrees<'_>,
    cursor: Option<&[u8]>,
    budget: &Budget,
) -> AnyResult<Left> {
    let Some(source) = &step.body.source() else { return Ok(Left::Nothing) };
    // The entry at the cursor was visited too.
    let after = cursor.map(successor);
    let walk = Walk { source, direction: Direction::Reverse, after: after.as_deref(), budget };
    let visited = match (undo, &step.body) {
        #[cfg(feature = "documents")]
        (Undo::EachDocument(run), Body::EachDocument(name, _)) => {
            trees.visit_documents(name, &walk, &mut |t, c, d| run(t, c, d))?
        }
        (Undo::Each(run), _) => trees.visit(&walk, &mut |t, k, v| run(t, k, v))?,
        #[cfg(feature = "documents")]
        (Undo::EachDocument(_), _) => return Ok(Left::Nothing),
    };
    // The step is done up to the entry before the last one that was undone.
    let rest = source.rest(Direction::Reverse, visited.last.as_deref());
    let before = match visited.is_end {
        true => None,
        false => trees.last(Source { range: rest, ..source.clone() })?,
    };
    Ok(before.map_or(Left::Nothing, |(key, _)| Left::Behind(key)))
}

/// Runs a closure of the program, and converts every kind of failure to one error.
fn guarded<R>(
    key: &StepKey,
    trees: &mut StepTrees<'_>,
    run: impl FnOnce(&mut StepTrees<'_>) -> AnyResult<R>,
) -> Result<R, Halt> {
    // Safe to assert: after a panic the transaction is rolled back and nothing of the step is used
    // again.
    let ended = catch_unwind(AssertUnwindSafe(|| run(trees)));
    let at = place(key, trees);
    // If the step was stopped, that counts, even if the step ignored it.
    match trees.why_stopped() {
        Some(Stop::Cancelled) => return Err(Halt::Cancelled),
        Some(Stop::Store(cause)) => {
            return Err(MigrationError::StoreInStep { at, cause }.into());
        }
        Some(Stop::Ahead(put)) => {
            let put = put.escape_ascii().to_string();
            return Err(MigrationError::Ahead { at, put }.into());
        }
        Some(Stop::Collection(collection)) => {
            return Err(MigrationError::IsCollection { at, collection }.into());
        }
        Some(Stop::Tree(tree)) => return Err(MigrationError::IsTree { at, tree }.into()),
        None => {}
    }
    match ended {
        Ok(Ok(result)) => Ok(result),
        Ok(Err(cause)) => Err(match cause.downcast::<Error>() {
            Ok(cause) => MigrationError::StoreInStep { at, cause: *cause },
            Err(cause) => MigrationError::Step { at, cause: Cause::new(cause) },
        }
        .into()),
        Err(panic) => {
            let message = panic_message(&*panic).unwrap_or("what it said is no text").to_owned();
            Err(MigrationError::Panicked { at, message }.into())
        }
    }
}

fn place(key: &StepKey, trees: &StepTrees<'_>) -> Box<StepPlace> {
    let (tree, touched) = trees.place();
    let mut place = place_of(key);
    place.tree = tree.map(str::to_owned);
    // Escaped like the keys in errors of the store.
    let shown = |key: &[u8]| {
        Error::new(ErrorKind::Engine, Operation::Get, "").with_key(key).key().map(str::to_owned)
    };
    place.key = touched.and_then(shown);
    place.document.clone_from(&trees.document);
    place
}

/// Returns the place of a step without an entry.
pub(super) fn place_of(key: &StepKey) -> Box<StepPlace> {
    let (group, step) = (key.group.clone(), key.id.clone());
    Box::new(StepPlace { group, step, tree: None, key: None, document: None })
}
