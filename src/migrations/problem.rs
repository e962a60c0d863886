//! What does not fit between a journal and a program.

use std::fmt;

use super::StepId;

/// Something that does not fit between what has run in a store and what a program declares.
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
/// # Ok::<(), arbour::migrations::MigrationError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Problem {
    /// The group.
    pub group: String,
    /// The step.
    pub step: StepId,
    /// What does not fit.
    pub kind: ProblemKind,
    /// Whether nothing runs as long as it is so.
    pub is_refused: bool,
}

/// What does not fit; see [`Problem`].
///
/// ```
/// use arbour::migrations::ProblemKind;
/// assert_ne!(ProblemKind::Missing, ProblemKind::NotFound);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ProblemKind {
    /// The step has run with another content than the program declares: put the old one back, and what is
    /// new into a new step.
    Edited {
        /// The SHA-256 of the content that ran.
        recorded: [u8; 32],
        /// The SHA-256 of the content that is declared.
        declared: [u8; 32],
    },
    /// The step is under way, with another content or of another kind than the program declares: let the
    /// program that began it go on with it. No policy allows it.
    EditedUnfinished,
    /// The step has run and the program does not have it: put it back.
    Missing,
    /// The step is under way and the program does not have it: let the program that began it go on with it.
    /// No policy allows it.
    MissingUnfinished,
    /// The step comes before one of its own group that has run: number it behind.
    OutOfOrder {
        /// The newest step of the group that has run.
        behind: StepId,
    },
    /// The step comes before one of another group that has run, and before none of its own that has.
    Late {
        /// The group of the newest step that has run.
        group: String,
        /// That step.
        behind: StepId,
    },
    /// A number of a group that is [contiguous](super::Group::contiguous) is not declared: declare it. No
    /// policy allows it.
    NotFound,
    /// A newer program has run the step, and this one does not know enough to write beside it: upgrade.
    Newer {
        /// The data format a program has to know to read what the step made.
        min_reader: Option<u32>,
        /// The data format a program has to know to write beside it.
        min_writer: Option<u32>,
    },
}

impl ProblemKind {
    /// Says what to do about a problem that is refused.
    pub(super) fn remedy(&self) -> &'static str {
        match self {
            Self::Edited { .. } => {
                "restore the content that ran, and put what is new into a new step"
            }
            Self::EditedUnfinished | Self::MissingUnfinished => {
                "finish it with the program that began it"
            }
            Self::Missing => "declare it again",
            Self::OutOfOrder { .. } | Self::Late { .. } => {
                "number it after that step, or allow the order by a policy"
            }
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
            ProblemKind::OutOfOrder { behind } => {
                write!(f, "comes before step {behind}, which has run")
            }
            ProblemKind::Late { group, behind } => {
                write!(f, "comes before step {behind} of {group:?}, which has run")
            }
            ProblemKind::NotFound => f.write_str("is not declared"),
            ProblemKind::Newer { min_reader, min_writer } => {
                f.write_str("was run by a newer program")?;
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
