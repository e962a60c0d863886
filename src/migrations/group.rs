//! The steps of one model.

use super::step::Step;

/// The steps of one model of a program, for example everything about rooms.
///
/// Groups are independent, except that all steps of all groups run in one order: by step (numbers,
/// then names), then by the name of the group.
///
/// ```
/// use arbour::migrations::{Group, Step};
/// let rooms = Group::new("rooms")
///     .step(Step::numbered(1).atomic(|trees| Ok(trees.put("rooms", b"study", b"")?)))
///     .step(Step::named("tidy").each("rooms", |trees, key, _| Ok(trees.put("tidy", key, b"")?)));
/// # let _ = rooms;
/// ```
#[derive(Clone)]
pub struct Group {
    pub(super) name: String,
    pub(super) is_contiguous: bool,
    pub(super) steps: Vec<Step>,
}

impl Group {
    /// Creates a group. Its name is stored in the journal and must not change.
    ///
    /// ```
    /// # use arbour::migrations::Group;
    /// let rooms = Group::new("rooms");
    /// # let _ = rooms;
    /// ```
    #[must_use]
    pub fn new(name: impl Into<String>) -> Self {
        Self { name: name.into(), is_contiguous: false, steps: Vec::new() }
    }

    /// Adds a step.
    ///
    /// ```
    /// # use arbour::migrations::{Group, Step};
    /// let rooms = Group::new("rooms").step(Step::numbered(1).atomic(|_| Ok(())));
    /// # let _ = rooms;
    /// ```
    #[must_use]
    pub fn step(mut self, step: Step) -> Self {
        self.steps.push(step);
        self
    }

    /// Requires consecutive numbers: none may be missing between the highest that has run (or 1)
    /// and the highest that is declared or requested. If one is missing, nothing runs.
    ///
    /// ```
    /// use arbour::migrations::{Group, MigrationError, Migrations, Step, StepId};
    /// let nothing = |number| Step::numbered(number).atomic(|_| Ok(()));
    /// let gap = Group::new("rooms").contiguous().step(nothing(1)).step(nothing(3));
    /// let run = Migrations::new("app", "1.2").group(gap).run(&arbour::MemoryStore::new());
    /// let error = run.unwrap_err();
    /// let missing = StepId::Number(2);
    /// assert!(matches!(
    ///     error.downcast_ref(),
    ///     Some(MigrationError::NotFound { step, .. }) if *step == missing
    /// ));
    /// ```
    #[must_use]
    pub fn contiguous(mut self) -> Self {
        self.is_contiguous = true;
        self
    }
}
