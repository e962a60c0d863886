//! The plan of a run: what would run, and which mismatches there are.

use std::collections::BTreeMap;

use arbour_core::{KvStore, Result};

use super::journal::{Head, Journal};
use super::migrations::{Declared, Migrations};
use super::perform::check_possible;
use super::problem::{Problem, ProblemKind};
use super::raw_trees::{RawTrees, reading};
use super::record::Record;
use super::status::StepStatus;
use super::step::Step;
use super::step_id::{StepId, StepKey};
use super::{MigrationError, Target};

/// What would run in a store, and how the journal and the program differ.
///
/// ```
/// use arbour::migrations::{Group, Migrations, Step};
/// let step = Step::named("tidy").each("rooms", |trees, room, _| Ok(trees.delete("rooms", room)?));
/// let migrations = Migrations::new("app", "1.2").group(Group::new("rooms").step(step));
/// let plan = migrations.plan(&arbour::MemoryStore::new())?;
/// assert_eq!(plan.steps[0].step.to_string(), "tidy");
/// assert!(plan.steps[0].is_chunked && plan.problems.is_empty());
/// # Ok::<(), arbour::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Plan {
    /// The steps that would run, in order; empty if anything is refused.
    pub steps: Vec<StepStatus>,
    /// The mismatches, refused or not.
    pub problems: Vec<Problem>,
    /// Whether the program may only read the store, because a newer program has migrated it.
    pub is_read_only: bool,
}

/// The result of comparing a declaration with a journal.
#[derive(Debug, Default)]
pub(super) struct Resolution {
    pub(super) pending: Vec<StepKey>,
    pub(super) problems: Vec<Problem>,
    pub(super) is_read_only: bool,
    is_readable: bool,
}

impl Migrations {
    /// Returns what [`run`](Self::run) would do, in order, and all mismatches. Nothing is written.
    ///
    /// # Errors
    /// [`Invalid`](MigrationError::Invalid) for an invalid declaration,
    /// [`Damaged`](MigrationError::Damaged) for a journal that was changed, and errors of the
    /// store. A mismatch is not an error, but part of the plan.
    ///
    /// ```
    /// # use arbour::migrations::Migrations;
    /// let plan = Migrations::new("app", "1.2").plan(&arbour::MemoryStore::new())?;
    /// assert!(plan.steps.is_empty());
    /// # Ok::<(), arbour::Error>(())
    /// ```
    pub fn plan<S: KvStore>(&self, store: &S) -> Result<Plan> {
        self.plan_to(store, Target::Newest)
    }

    /// Returns what [`run_to`](Self::run_to) would do.
    ///
    /// # Errors
    /// As [`plan`](Self::plan); [`NotFound`](MigrationError::NotFound) if the target is not a
    /// declared step, and [`Beyond`](MigrationError::Beyond) if the store is beyond it.
    ///
    /// ```
    /// # use arbour::migrations::{Migrations, Target};
    /// let plan = Migrations::new("app", "1.2").plan_to(&arbour::MemoryStore::new(), Target::number(3))?;
    /// assert!(plan.steps.is_empty());
    /// # Ok::<(), arbour::Error>(())
    /// ```
    pub fn plan_to<S: KvStore>(&self, store: &S, target: Target) -> Result<Plan> {
        let declared = self.declared()?;
        reading(store, |raw| {
            let journal = Journal::load(raw)?;
            let found = self.resolve(&declared, &journal, &target)?;
            if !found.is_read_only {
                Self::refuse_beyond(&journal, &target)?;
            }
            let is_refused = found.problems.iter().any(|problem| problem.is_refused);
            let pending = if is_refused { Vec::new() } else { found.pending };
            Ok(Plan {
                steps: StepStatus::of_each(pending.iter(), &declared, &journal),
                is_read_only: found.is_read_only,
                problems: found.problems,
            })
        })
    }

    /// Checks whether there is anything to do; `None` if a single read shows that there is not.
    pub(super) fn look(
        &self,
        declared: &Declared<'_>,
        raw: &mut dyn RawTrees,
        target: &Target,
    ) -> Result<Option<(Journal, Resolution)>> {
        let head = Head::load(raw)?;
        let knows = |asked: Option<u32>| asked.is_none_or(|asked| asked <= self.format);
        let is_done =
            head.is_of(&declared.steps) && knows(head.min_reader) && knows(head.min_writer);
        if is_done && *target == Target::Newest {
            return Ok(None);
        }
        let journal = Journal::load(raw)?;
        let found = self.resolve(declared, &journal, target)?;
        self.refuse(&found)?;
        for (key, step) in &declared.steps {
            if found.pending.contains(key) {
                check_possible(key, step, raw)?;
            }
        }
        Ok(Some((journal, found)))
    }

    /// Compares the declaration with a journal.
    pub(super) fn resolve(
        &self,
        declared: &Declared<'_>,
        journal: &Journal,
        target: &Target,
    ) -> Result<Resolution> {
        if let Target::Step { group, step } = target
            && !declared.steps.contains_key(&StepKey::new(group, step))
        {
            return Err(
                MigrationError::NotFound { group: group.clone(), step: step.clone() }.into()
            );
        }
        let mut found = Resolution { is_readable: true, ..Resolution::default() };
        let newest_declared = newest_of_groups(declared.steps.keys());
        for (key, record) in &journal.records {
            match declared.steps.get(key) {
                Some(step) => self.compare(key, step, record, &mut found),
                None => self.place_unknown(&newest_declared, key, record, &mut found),
            }
        }
        let newest_run = newest_of_groups(journal.records.keys());
        for key in declared.steps.keys().filter(|key| target.covers(key)) {
            let record = journal.records.get(key);
            if record.is_none() {
                self.place_pending(&newest_run, key, &mut found);
            }
            if record.is_none_or(Record::is_running) {
                found.pending.push(key.clone());
            }
        }
        find_gaps(declared, journal, target, &mut found);
        let is_newer = |problem: &Problem| matches!(problem.kind, ProblemKind::Newer { .. });
        if found.problems.iter().any(is_newer) && found.is_readable && self.allowed.newer {
            found.is_read_only = true;
            found.pending.clear();
            found.problems.iter_mut().for_each(|problem| problem.is_refused = false);
        }
        Ok(found)
    }

    /// Compares a step that has run with its declaration.
    fn compare(&self, key: &StepKey, step: &Step, record: &Record, found: &mut Resolution) {
        self.ask_format(key, record, found);
        let is_edited = record.revision != step.revision;
        if record.is_running() && (is_edited || record.kind != step.kind()) {
            found.note(key, ProblemKind::EditedUnfinished, false);
        } else if is_edited {
            let (recorded, declared) = (record.revision, step.revision);
            found.note(key, ProblemKind::Edited { recorded, declared }, self.allowed.edited);
        }
    }

    /// Checks whether the program knows the data format that a step required when it ran.
    fn ask_format(&self, key: &StepKey, record: &Record, found: &mut Resolution) {
        let (min_reader, min_writer) = (record.min_reader, record.min_writer);
        let is_known = |asked: Option<u32>| asked.is_none_or(|asked| asked <= self.format);
        if !is_known(min_reader) || !is_known(min_writer) {
            found.is_readable &= is_known(min_reader);
            let program = record.program.clone();
            found.note(key, ProblemKind::Newer { program, min_reader, min_writer }, false);
        }
    }

    /// Classifies a step that has run but is not declared: it belongs to a newer program, or it is
    /// missing. One that is compatible with every program is neither.
    fn place_unknown(
        &self,
        newest_declared: &NewestOfGroups<'_>,
        key: &StepKey,
        record: &Record,
        found: &mut Resolution,
    ) {
        if record.is_compatible() {
            return;
        }
        let is_superseded = newest_declared.get(&*key.group).is_some_and(|newest| *newest < key);
        if record.format <= self.format && !is_superseded {
            let (kind, is_allowed) = if record.is_running() {
                (ProblemKind::MissingUnfinished, false)
            } else {
                (ProblemKind::Missing, self.allowed.missing)
            };
            return found.note(key, kind, is_allowed);
        }
        let (min_reader, min_writer) = (record.min_reader, record.min_writer);
        let is_known = |asked: Option<u32>| asked.is_some_and(|asked| asked <= self.format);
        // No other program may write while a step is unfinished, because the step would miss
        // entries written before its cursor.
        if record.is_running() || !is_known(min_writer) || !is_known(min_reader) {
            found.is_readable &= is_known(min_reader);
            let program = record.program.clone();
            found.note(key, ProblemKind::Newer { program, min_reader, min_writer }, false);
        }
    }

    /// Checks whether a pending step precedes one that has run.
    fn place_pending(&self, newest: &NewestOfGroups<'_>, key: &StepKey, found: &mut Resolution) {
        if let Some(own) = newest.get(&*key.group).filter(|own| **own > key) {
            let newest = own.id.clone();
            found.note(key, ProblemKind::OutOfOrder { newest }, self.allowed.out_of_order);
        } else if let Some(other) = newest.values().max().filter(|other| **other > key) {
            let (group, newest) = (other.group.clone(), other.id.clone());
            found.note(key, ProblemKind::Late { group, newest }, self.allowed.late);
        }
    }

    /// Fails if any mismatch is refused.
    pub(super) fn refuse(&self, found: &Resolution) -> Result<()> {
        let refused = || found.problems.iter().filter(|problem| problem.is_refused);
        let is_newer = |problem: &&Problem| matches!(problem.kind, ProblemKind::Newer { .. });
        if refused().any(|problem| is_newer(&problem)) {
            return Err(MigrationError::TooNew {
                program: self.signature(),
                format: self.format,
                is_readable: found.is_readable,
                problems: refused().filter(is_newer).cloned().collect(),
            }
            .into());
        }
        match refused().next() {
            None => Ok(()),
            Some(Problem { group, step, kind: ProblemKind::NotFound, .. }) => {
                Err(MigrationError::NotFound { group: group.clone(), step: step.clone() }.into())
            }
            Some(_) => {
                Err(MigrationError::Refused { problems: refused().cloned().collect() }.into())
            }
        }
    }

    /// Fails if a step beyond the target has run.
    pub(super) fn refuse_beyond(journal: &Journal, target: &Target) -> Result<()> {
        let beyond = journal.records.keys().rev().find(|key| !target.covers(key));
        beyond.map_or(Ok(()), |key| {
            Err(MigrationError::Beyond {
                target: target.clone(),
                group: key.group.clone(),
                step: key.id.clone(),
            }
            .into())
        })
    }
}

impl Resolution {
    fn note(&mut self, key: &StepKey, kind: ProblemKind, is_allowed: bool) {
        self.problems.push(Problem {
            group: key.group.clone(),
            step: key.id.clone(),
            kind,
            is_refused: !is_allowed,
        });
    }
}

/// The last step of each group.
type NewestOfGroups<'k> = BTreeMap<&'k str, &'k StepKey>;

/// Finds the last step of each group among steps in order.
fn newest_of_groups<'k>(keys: impl Iterator<Item = &'k StepKey>) -> NewestOfGroups<'k> {
    keys.map(|key| (&*key.group, key)).collect()
}

/// Finds the first missing number of each contiguous group.
fn find_gaps(declared: &Declared<'_>, journal: &Journal, target: &Target, found: &mut Resolution) {
    for group in declared.groups.iter().filter(|group| group.is_contiguous) {
        let numbers = |key: &StepKey| match key.id {
            StepId::Number(number) if key.group == group.name => Some(number),
            _ => None,
        };
        let done = journal.records.keys().filter_map(numbers).max().unwrap_or(0);
        let covered = declared.steps.keys().filter(|key| target.covers(key));
        let asked = match target {
            Target::Number(number) => Some(*number),
            _ => covered.filter_map(numbers).max(),
        };
        let is_declared =
            |number: u64| declared.steps.contains_key(&StepKey::new(&group.name, &number.into()));
        let gap =
            (done.saturating_add(1)..=asked.unwrap_or(0)).find(|number| !is_declared(*number));
        if let Some(gap) = gap {
            found.note(&StepKey::new(&group.name, &gap.into()), ProblemKind::NotFound, false);
        }
    }
}
