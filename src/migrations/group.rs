//! The steps of one model.

use super::step::Step;

/// The steps of one model of a program, such as all that concerns rooms.
///
/// Groups are independent of each other but for the order in which steps run, which is one for all: by the
/// step first (numbers, then names), by the group's name where two groups have the same.
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
    /// Begins a group. Its name is stored in the journal, and stays.
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

    /// Asks that no number be left out: of those behind the highest that has run (or 1), up to the highest
    /// that is declared or asked for. Where one is, nothing runs.
    ///
    /// ```
    /// use arbour::migrations::{Group, MigrationError, Migrations, Step, StepId};
    /// let nothing = |number| Step::numbered(number).atomic(|_| Ok(()));
    /// let gap = Group::new("rooms").contiguous().step(nothing(1)).step(nothing(3));
    /// let error = Migrations::new("app", "1.2").group(gap).run(&arbour::MemoryStore::new());
    /// assert!(matches!(error, Err(MigrationError::NotFound { step: StepId::Number(2), .. })));
    /// ```
    #[must_use]
    pub fn contiguous(mut self) -> Self {
        self.is_contiguous = true;
        self
    }
}
