//! Setup and claims that cases about migrations share.

use std::fmt::Debug;

use arbour::migrations::{
    Group, MigrationError, Migrations, Problem, Report, Step, StepPlace, StepTrees,
};
use arbour::{Error, Operation};
use arbour_core::{Batch, Durability, ErrorKind, KvStore, Result};

use crate::migrations::MigrationBed;
use crate::{Factory, apply_in_parts};

/// Declares a program with one group, `rooms`.
pub(in crate::migrations) fn app(steps: impl IntoIterator<Item = Step>) -> Migrations {
    grouped([("rooms", steps.into_iter().collect())])
}

/// Declares a program with groups.
pub(super) fn grouped(groups: impl IntoIterator<Item = (&'static str, Vec<Step>)>) -> Migrations {
    groups.into_iter().fold(Migrations::new("app", "1.2"), |migrations, (name, steps)| {
        migrations.group(steps.into_iter().fold(Group::new(name), Group::step))
    })
}

/// Appends a line to the trace of what ran, in order.
pub(super) fn trace(trees: &mut StepTrees<'_>, line: &str) -> Result<()> {
    let last = trees.last("trace")?;
    let number = last.map_or(0, |(key, _)| key.first().copied().unwrap_or(0) + 1);
    trees.put("trace", &[number], line.as_bytes())
}

/// A step that writes its number into the trace.
pub(super) fn traced(number: u64) -> Step {
    Step::numbered(number)
        .revision(&format!("traces {number}"))
        .atomic(move |trees| Ok(trace(trees, &number.to_string())?))
}

/// Returns the trace of a bed: what ran, in order.
pub(super) fn traces<F: Factory>(bed: &MigrationBed<F>) -> Result<String> {
    let mut lines = Vec::new();
    for number in 0..=u8::MAX {
        let Some(line) = bed.get("trace", &[number])? else { break };
        lines.push(String::from_utf8_lossy(&line).into_owned());
    }
    Ok(lines.join(" "))
}

/// Puts this many rooms, whose keys and topics have numbers.
pub(super) fn fill_rooms<S: KvStore>(store: &S, count: usize) -> Result<()> {
    let rooms = store.tree("rooms")?;
    let mut batch = Batch::new();
    for number in 0..count {
        batch.put(&rooms, &room(number), format!("topic {number}").as_bytes());
    }
    apply_in_parts(store, batch, Durability::None)
}

pub(super) fn room(number: usize) -> Vec<u8> {
    format!("room {number:06}").into_bytes()
}

/// A step that counts each room in an entry of its own: a room that is handed out twice is counted
/// twice.
pub(in crate::migrations) fn counts_rooms(number: u64) -> Step {
    Step::numbered(number).revision("counts each room").each("rooms", |trees, room, _| {
        let count =
            trees.get("counts", room)?.map_or(0, |count| count.first().copied().unwrap_or(0));
        Ok(trees.put("counts", room, &[count + 1])?)
    })
}

/// Asserts that each of this many rooms was counted once.
pub(in crate::migrations) fn assert_counted<S: KvStore>(store: &S, count: usize) -> Result<()> {
    use arbour_core::{Direction, KeyRange, KvRead as _};
    let counts = store.tree("counts")?;
    let found =
        crate::entries(store.snapshot()?.scan(&counts, KeyRange::all(), Direction::Forward)?)?;
    assert_eq!(found.len(), count, "each room is counted");
    for (room, count) in found {
        assert_eq!(count, [1], "{} is counted once", room.escape_ascii());
    }
    Ok(())
}

/// Returns the steps that ran, as a line like `rooms 1, users 1`.
pub(super) fn ran(report: &Report) -> String {
    let shown = report.steps.iter().map(|step| format!("{} {}", step.group, step.step));
    shown.collect::<Vec<_>>().join(", ")
}

/// Asserts that a call was refused, and returns the reason.
pub(super) fn refused<T: Debug>(result: Result<T>, what: &str) -> MigrationError {
    assert!(result.is_err(), "{what} was not refused: {result:?}");
    let error = result.expect_err("it was asked just now");
    assert!(!error.to_string().contains('\n'), "an error is one line: {error}");
    error.downcast_ref::<MigrationError>().expect("an error of migrations").clone()
}

/// Returns where a step failed.
pub(super) fn place(error: &Error) -> Option<&StepPlace> {
    error.downcast_ref().and_then(MigrationError::place)
}

/// Returns the mismatches of an error that reports them.
pub(super) fn problems(error: &MigrationError) -> &[Problem] {
    let found = match error {
        MigrationError::Refused { problems } => problems.as_slice(),
        _ => &[],
    };
    assert!(!found.is_empty(), "it is refused for what does not fit: {error:?}");
    found
}

/// Returns the element at an index, if there is one.
pub(super) fn at<T>(all: &[T], place: usize) -> &T {
    all.get(place).expect("there are as many")
}

/// Asserts that the store refused a call with this kind.
pub(super) fn refused_by_store<T: Debug>(result: Result<T>, kind: ErrorKind, what: &str) -> Error {
    assert!(result.is_err(), "{what} was not refused: {result:?}");
    let error = result.expect_err("it was asked just now");
    let in_step = matches!(error.downcast_ref(), Some(MigrationError::StoreInStep { .. }));
    assert!(in_step || error.operation() != Operation::Layer, "{what}: {error:?}");
    assert_eq!(error.kind(), kind, "{what}: {error:?}");
    error
}
