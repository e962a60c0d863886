//! Mismatches between a journal and a program.

use std::fmt;

use super::StepId;

/// A mismatch between the steps that have run in a store and those a program declares.
///
/// ```
/// use arbour::migrations::{Group, Migrations, ProblemKind, Step};
/// let store = arbour::MemoryStore::new();
/// let rooms = |revision| {
///     let step = Step::numbered(1).revision(revision).atomic(|trees| Ok(trees.put("rooms", b"a", b"")?));
///     Migrations::new("app", "1.2").group(Group::new("rooms").step(step))
/// };
/// rooms("adds a room").run(&store)?;
/// let plan = rooms("adds another room").plan(&store)?;
/// assert!(matches!(plan.problems[0].kind, ProblemKind::Edited { .. }));
/// assert!(plan.problems[0].is_refused);
/// # Ok::<(), arbour::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Problem {
    /// The group.
    pub group: String,
    /// The step.
    pub step: StepId,
    /// The kind of mismatch.
    pub kind: ProblemKind,
    /// Whether it prevents every step from running.
    pub is_refused: bool,
}

/// The kind of a mismatch; see [`Problem`].
///
/// ```
/// use arbour::migrations::ProblemKind;
/// assert_ne!(ProblemKind::Missing, ProblemKind::NotFound);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ProblemKind {
    /// The step has run with different content than the program declares: restore the old content,
    /// and put the change into a new step.
    Edited {
        /// The SHA-256 of the content that ran.
        recorded: [u8; 32],
        /// The SHA-256 of the content that is declared.
        declared: [u8; 32],
    },
    /// The step is unfinished, and its content or kind differs from the declared one: let the
    /// program that started it finish it. This cannot be allowed.
    EditedUnfinished,
    /// The step has run, but the program does not declare it: restore it.
    Missing,
    /// The step is unfinished, and the program does not declare it: let the program that started it
    /// finish it. This cannot be allowed.
    MissingUnfinished,
    /// The step precedes one of its own group that has run: give it a higher number.
    OutOfOrder {
        /// The newest step of the group that has run.
        newest: StepId,
    },
    /// The step precedes one of another group that has run, and none of its own.
    Late {
        /// The group of the newest step that has run.
        group: String,
        /// That step.
        newest: StepId,
    },
    /// A number of a [contiguous](super::Group::contiguous) group is not declared: declare it. This
    /// cannot be allowed.
    NotFound,
    /// A newer program has run the step, and this one does not know the data format it requires:
    /// upgrade this program.
    Newer {
        /// The program that ran the step, and its version.
        program: String,
        /// The data format required to read what the step made.
        min_reader: Option<u32>,
        /// The data format required to write to the store after the step.
        min_writer: Option<u32>,
    },
}

impl ProblemKind {
    /// Returns what to do about a refused problem.
    pub(super) fn remedy(&self) -> &'static str {
        match self {
            Self::Edited { .. } => {
                "restore the content that ran, and put what is new into a new step"
            }
            Self::EditedUnfinished | Self::MissingUnfinished => {
                "finish it with the program that began it"
            }
            Self::Missing => "declare it again, or call allow_missing",
            Self::OutOfOrder { .. } => "number it after that step, or call allow_out_of_order",
            Self::Late { .. } => "number it after that step, or do without refuse_late",
            Self::NotFound => "declare it",
            Self::Newer { .. } => "upgrade the program",
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "step {} of {:?} ", self.step, self.group)?;
        match &self.kind {
            ProblemKind::Edited { .. } => f.write_str("was edited after it ran"),
            ProblemKind::EditedUnfinished => f.write_str("was edited while it is under way"),
            ProblemKind::Missing => f.write_str("has run, and the program does not have it"),
            ProblemKind::MissingUnfinished => {
                f.write_str("is under way, and the program does not have it")
            }
            ProblemKind::OutOfOrder { newest } => {
                write!(f, "comes before step {newest}, which has run")
            }
            ProblemKind::Late { group, newest } => {
                write!(f, "comes before step {newest} of {group:?}, which has run")
            }
            ProblemKind::NotFound => f.write_str("is not declared"),
            ProblemKind::Newer { program, min_reader, min_writer } => {
                write!(f, "was run by {program:?}, a newer program")?;
                let mut show = |what, format: &Option<u32>| match format {
                    Some(format) => write!(f, "; {what} takes data format {format}"),
                    None => Ok(()),
                };
                show("reading", min_reader)?;
                show("writing", min_writer)
            }
        }
    }
}
