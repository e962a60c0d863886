//! One chunk of one step, in the caller's transaction.

use std::panic::{AssertUnwindSafe, catch_unwind};

use arbour_core::engine::panic_message;
use arbour_core::{Cause, Error, ErrorKind, Operation};

use super::MigrationError;
use super::error::{Halt, StepPlace};
use super::layout::DOCUMENTS_PREFIX;
use super::progress::Beat;
use super::raw_trees::RawTrees;
use super::record::Counts;
use super::source::Source;
use super::step::{Body, Step};
use super::step_id::StepKey;
use super::step_trees::{Budget, StepResult, StepTrees, Stop, Visited};

/// What remains of a step.
pub(super) enum Left {
    Nothing,
    /// The entries after a cursor.
    Behind(Vec<u8>),
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
    if let Body::Each(source, _) = &step.body
        && cursor.is_none()
    {
        refuse_collection(key, source, raw)?;
    }
    let mut trees = StepTrees::new(raw, beat);
    let left = guarded(key, &mut trees, |trees| match &step.body {
        Body::Nothing => Ok(Left::Nothing),
        Body::Atomic(run) => run(trees).map(|()| Left::Nothing),
        Body::Each(source, run) => {
            match trees.visit(source, cursor, budget, &mut |t, k, v| run(t, k, v))? {
                Visited { last: Some(last), is_end: false } => Ok(Left::Behind(last)),
                _ => Ok(Left::Nothing),
            }
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

/// Refuses to visit a tree that does not exist if a document collection has that name. Otherwise
/// the step would visit nothing and be recorded as done.
fn refuse_collection(key: &StepKey, source: &Source, raw: &dyn RawTrees) -> Result<(), Halt> {
    let names = raw.names()?;
    let documents = format!("{DOCUMENTS_PREFIX}{}", source.tree);
    if names.contains(&source.tree) || !names.contains(&documents) {
        return Ok(());
    }
    let (at, collection) = (place_of(key), source.tree.clone());
    Err(MigrationError::IsCollection { at, collection }.into())
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

/// Undoes a step. The caller commits.
pub(super) fn undo(
    key: &StepKey,
    step: &Step,
    raw: &mut dyn RawTrees,
    beat: &mut dyn Beat,
) -> Result<Counts, Halt> {
    let Some(down) = &step.down else {
        let (group, step) = (key.group.clone(), key.id.clone());
        return Err(MigrationError::NoDown { group, step }.into());
    };
    let mut trees = StepTrees::new(raw, beat);
    guarded(key, &mut trees, |trees| down(trees))?;
    Ok(Counts { chunks: 1, ..trees.counts })
}

/// Runs a closure of the program, and converts every kind of failure to one error.
fn guarded<R>(
    key: &StepKey,
    trees: &mut StepTrees<'_>,
    run: impl FnOnce(&mut StepTrees<'_>) -> StepResult<R>,
) -> Result<R, Halt> {
    // Safe to assert: after a panic the transaction is rolled back and nothing of the step is used
    // again.
    let ended = catch_unwind(AssertUnwindSafe(|| run(trees)));
    let at = place(key, trees);
    // If the step was stopped, that counts, even if the step ignored it.
    match trees.stop() {
        Some(Stop::Cancelled) => return Err(Halt::Cancelled),
        Some(Stop::Store(cause)) => {
            return Err(MigrationError::StoreInStep { at, cause }.into());
        }
        Some(Stop::Ahead(put)) => {
            let put = put.escape_ascii().to_string();
            return Err(MigrationError::Ahead { at, put }.into());
        }
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
    place
}

/// Returns the place of a step without an entry.
pub(super) fn place_of(key: &StepKey) -> Box<StepPlace> {
    let (group, step) = (key.group.clone(), key.id.clone());
    Box::new(StepPlace { group, step, tree: None, key: None })
}
