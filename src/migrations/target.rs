//! The target of a run.

use std::fmt;

use super::step_id::{StepId, StepKey};

/// The step up to which migrations run, or down to which they are undone.
///
/// ```
/// use arbour::migrations::{StepId, Target};
/// assert!(Target::number(3).includes("rooms", &StepId::from(3)));
/// assert!(!Target::number(3).includes("rooms", &StepId::from("a name")));
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Target {
    /// All declared steps.
    #[default]
    Newest,
    /// The steps of every group with a number up to this one; no named step.
    Number(u64),
    /// One step, and all steps before it in the order of all groups.
    Step {
        /// The group.
        group: String,
        /// The step.
        step: StepId,
    },
    /// No step.
    Nothing,
}

impl Target {
    /// Returns the target of all steps with a number up to this one.
    ///
    /// ```
    /// # use arbour::migrations::Target;
    /// assert_eq!(Target::number(3), Target::Number(3));
    /// ```
    #[must_use]
    pub fn number(number: u64) -> Self {
        Self::Number(number)
    }

    /// Returns the target of one step and all steps before it.
    ///
    /// ```
    /// # use arbour::migrations::{StepId, Target};
    /// let target = Target::step("rooms", 2);
    /// assert!(target.includes("a group before", &StepId::from(2)));
    /// assert!(!target.includes("some later group", &StepId::from(2)));
    /// ```
    #[must_use]
    pub fn step(group: impl Into<String>, step: impl Into<StepId>) -> Self {
        Self::Step { group: group.into(), step: step.into() }
    }

    /// Tells whether the target includes a step.
    ///
    /// ```
    /// # use arbour::migrations::{StepId, Target};
    /// assert!(Target::Newest.includes("rooms", &StepId::from("last")));
    /// assert!(!Target::Nothing.includes("rooms", &StepId::from(0)));
    /// ```
    #[must_use]
    pub fn includes(&self, group: &str, step: &StepId) -> bool {
        match self {
            Self::Newest => true,
            Self::Number(number) => *step <= StepId::Number(*number),
            Self::Step { group: last_group, step: last } => {
                (step, group) <= (last, last_group.as_str())
            }
            Self::Nothing => false,
        }
    }

    pub(super) fn covers(&self, key: &StepKey) -> bool {
        self.includes(&key.group, &key.id)
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Newest => f.write_str("the newest step"),
            Self::Number(number) => write!(f, "number {number}"),
            Self::Step { group, step } => write!(f, "step {step} of {group:?}"),
            Self::Nothing => f.write_str("no step"),
        }
    }
}
