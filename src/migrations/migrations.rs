//! The declaration of a program: its steps, and its policies for stores that do not match them.

use std::collections::BTreeMap;
use std::time::Duration;

use arbour_core::{Error, Result};

use super::MigrationError;
use super::allowed::Allowed;
use super::group::Group;
use super::layout::NAME_BYTES_MAX;
use super::step::{Body, Step, Undo};
use super::step_id::{StepId, StepKey};
use super::visit::Budget;

/// The steps that bring the stores of a program to its newest format.
///
/// The declaration is independent of any store or engine. Run it when a store is opened, before the
/// program uses it; if nothing is pending, that costs one read.
///
/// ```
/// use arbour::migrations::{Group, Migrations, Step};
/// use arbour::{KvStore, MemoryStore};
///
/// /// The steps of this program, oldest first. Steps that were released never change.
/// fn migrations() -> Migrations {
///     Migrations::new("chat", env!("CARGO_PKG_VERSION")).format(2).group(
///         Group::new("rooms")
///             .contiguous()
///             .step(Step::numbered(1).revision("a count beside each room").each(
///                 "rooms",
///                 |trees, room, _| Ok(trees.put("room counts", room, &0_u32.to_be_bytes())?),
///             ))
///             .step(Step::numbered(2).revision("no trailing blanks").min_writer(2).each(
///                 "rooms",
///                 |trees, room, topic| Ok(trees.put("rooms", room, topic.trim_ascii_end())?),
///             )),
///     )
/// }
///
/// let store = MemoryStore::new();
/// store.put(&store.tree("rooms")?, b"study", b"books  ")?;
/// let report = migrations().run(&store)?;
/// assert_eq!(report.steps.len(), 2);
/// assert_eq!(store.get(&store.tree("rooms")?, b"study")?.as_deref(), Some(&b"books"[..]));
/// assert!(migrations().run(&store)?.steps.is_empty());
/// # Ok::<(), arbour::Error>(())
/// ```
#[derive(Clone)]
pub struct Migrations {
    pub(super) program: String,
    pub(super) version: String,
    pub(super) format: u32,
    pub(super) allowed: Allowed,
    pub(super) budget: Budget,
    groups: Vec<Group>,
}

/// The steps of a validated declaration, in the order in which they run.
pub(super) struct Declared<'m> {
    pub(super) steps: BTreeMap<StepKey, &'m Step>,
    pub(super) groups: &'m [Group],
}

impl Migrations {
    /// Starts the declaration of a program with its name and version, which the journal records
    /// with each step. The version is informational and never compared.
    ///
    /// ```
    /// # use arbour::migrations::Migrations;
    /// let none = Migrations::new("chat", env!("CARGO_PKG_VERSION"));
    /// # let _ = none;
    /// ```
    #[must_use]
    pub fn new(program: impl Into<String>, version: impl Into<String>) -> Self {
        Self {
            program: program.into(),
            version: version.into(),
            format: 0,
            allowed: Allowed::default(),
            budget: Budget { entries: 5_000, bytes: 4 << 20, time: Duration::from_millis(200) },
            groups: Vec::new(),
        }
    }

    /// Sets the data format the program knows. Raise it when older programs may no longer read or
    /// write what this one stores. Steps declare which format is required
    /// ([`min_reader`](Step::min_reader), [`min_writer`](Step::min_writer)). The default is 0.
    ///
    /// ```
    /// # use arbour::migrations::Migrations;
    /// let second = Migrations::new("chat", "2.0").format(2);
    /// # let _ = second;
    /// ```
    #[must_use]
    pub fn format(mut self, format: u32) -> Self {
        self.format = format;
        self
    }

    /// Adds the steps of a model.
    ///
    /// ```
    /// # use arbour::migrations::{Group, Migrations};
    /// let two = Migrations::new("chat", "2.0").group(Group::new("rooms")).group(Group::new("users"));
    /// # let _ = two;
    /// ```
    #[must_use]
    pub fn group(mut self, group: Group) -> Self {
        self.groups.push(group);
        self
    }

    /// Allows a step that has run with different [content](Step::revision). It does not run again.
    /// Without this, the run is refused.
    ///
    /// ```
    /// # use arbour::migrations::Migrations;
    /// let lenient = Migrations::new("chat", "2.0").allow_edited();
    /// # let _ = lenient;
    /// ```
    #[must_use]
    pub fn allow_edited(mut self) -> Self {
        self.allowed.edited = true;
        self
    }

    /// Allows that a step has run but is not declared, although later ones of its group are, for
    /// example after the program dropped its oldest steps. Without this, the run is refused.
    #[must_use]
    pub fn allow_missing(mut self) -> Self {
        self.allowed.missing = true;
        self
    }

    /// Runs a step that precedes one of its own group that has run, for example after two branches
    /// of a program were merged. Without this, the run is refused.
    #[must_use]
    pub fn allow_out_of_order(mut self) -> Self {
        self.allowed.out_of_order = true;
        self
    }

    /// Refuses to run a step that precedes only steps of other groups that have run, as the steps
    /// of a new model do. Without this, it runs.
    #[must_use]
    pub fn refuse_late(mut self) -> Self {
        self.allowed.late = false;
        self
    }

    /// Allows reading a store that a newer program has migrated, if the steps that this program does
    /// not know permit it. Nothing runs then, and the report says so
    /// ([`is_read_only`](super::Report::is_read_only)). Without this, the run fails with [`TooNew`](MigrationError::TooNew).
    ///
    /// ```
    /// # use arbour::migrations::Migrations;
    /// let viewer = Migrations::new("chat viewer", "2.0").allow_reading_newer();
    /// let report = viewer.run(&arbour::MemoryStore::new())?;
    /// assert!(!report.is_read_only); // no newer program was there
    /// # Ok::<(), arbour::Error>(())
    /// ```
    #[must_use]
    pub fn allow_reading_newer(mut self) -> Self {
        self.allowed.newer = true;
        self
    }

    /// Sets after how many entries a chunk of an [`each`](Step::each) step ends: 5,000 by default,
    /// at least one.
    ///
    /// ```
    /// # use arbour::migrations::Migrations;
    /// let small = Migrations::new("chat", "2.0").chunk_entries(100);
    /// # let _ = small;
    /// ```
    #[must_use]
    pub fn chunk_entries(mut self, entries: u64) -> Self {
        self.budget.entries = entries.max(1);
        self
    }

    /// Sets after how many bytes of keys and values, read and written, a chunk ends: 4 MiB by
    /// default. This bounds the memory of a step.
    ///
    /// ```
    /// # use arbour::migrations::Migrations;
    /// let small = Migrations::new("chat", "2.0").chunk_bytes(64 << 10);
    /// # let _ = small;
    /// ```
    #[must_use]
    pub fn chunk_bytes(mut self, bytes: u64) -> Self {
        self.budget.bytes = bytes;
        self
    }

    /// Sets after how much time a chunk ends: 200 ms by default. This is how long other writers may
    /// have to wait.
    ///
    /// ```
    /// # use arbour::migrations::Migrations;
    /// # use std::time::Duration;
    /// let polite = Migrations::new("chat", "2.0").chunk_time(Duration::from_millis(20));
    /// # let _ = polite;
    /// ```
    #[must_use]
    pub fn chunk_time(mut self, time: Duration) -> Self {
        self.budget.time = time;
        self
    }

    /// Returns the program and its version, as the journal records them.
    pub(super) fn signature(&self) -> String {
        format!("{} {}", self.program, self.version)
    }

    pub(super) fn invalid(&self, reason: impl Into<String>) -> Error {
        MigrationError::Invalid { program: self.program.clone(), reason: reason.into() }.into()
    }

    /// Validates the steps and sorts them.
    ///
    /// # Errors
    /// [`Invalid`](MigrationError::Invalid) if the declaration is invalid for every store.
    pub(super) fn declared(&self) -> Result<Declared<'_>> {
        let is_name = |name: &str| (1..=NAME_BYTES_MAX).contains(&name.len());
        let named = |what: &str, name: &str| {
            let reason =
                || format!("{what} has a name of 1 to {NAME_BYTES_MAX} bytes, not {name:?}");
            if is_name(name) { Ok(()) } else { Err(self.invalid(reason())) }
        };
        named("a program", &self.program)?;
        if self.version.len() > NAME_BYTES_MAX {
            return Err(self.invalid(format!(
                "the version has {} bytes, and the limit is {NAME_BYTES_MAX}",
                self.version.len()
            )));
        }
        let mut steps = BTreeMap::new();
        for (number, group) in self.groups.iter().enumerate() {
            named("a group", &group.name)?;
            if self.groups.iter().take(number).any(|before| before.name == group.name) {
                return Err(
                    self.invalid(format!("two groups are named {:?}: rename one", group.name))
                );
            }
            for step in &group.steps {
                if let StepId::Name(name) = &step.id {
                    named("a step", name)?;
                }
                self.check_step(group, step)?;
                if steps.insert(StepKey::new(&group.name, &step.id), step).is_some() {
                    let (id, group) = (&step.id, &group.name);
                    return Err(self.invalid(format!(
                        "{group:?} has two steps {id}: number one of them anew"
                    )));
                }
            }
        }
        Ok(Declared { steps, groups: &self.groups })
    }

    fn check_step(&self, group: &Group, step: &Step) -> Result<()> {
        let wrong = |what: String| {
            Err(self.invalid(format!("step {} of {:?} {what}", step.id, group.name)))
        };
        if matches!(step.body, Body::Nothing) {
            return wrong(
                "does nothing: give it work by `atomic`, `each`, `each_document` or `chunked`"
                    .to_owned(),
            );
        }
        let fits = match (&step.body, &step.undo) {
            (_, None) | (Body::Each(..), Some(Undo::Each(_))) => true,
            #[cfg(feature = "documents")]
            (Body::EachDocument(..), Some(Undo::EachDocument(_))) => true,
            _ => false,
        };
        if !fits {
            return wrong(
                "is undone for each of what it does not visit: declare `undo_each` beside `each`, \
                 and `undo_each_document` beside `each_document`"
                    .to_owned(),
            );
        }
        for asked in [step.min_reader, step.min_writer].into_iter().flatten() {
            if asked > self.format {
                let known = self.format;
                return wrong(format!(
                    "asks for data format {asked}, and its program declares {known}: raise that"
                ));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use crate::migrations::{Group, MigrationError, Migrations, Run, Step};

    #[test]
    fn a_declaration_can_be_shared() {
        fn is_shared<T: Send + Sync + Clone + 'static>() {}
        is_shared::<Migrations>();
        is_shared::<Group>();
        is_shared::<Step>();
        is_shared::<Run>();
        is_shared::<MigrationError>();
    }
}
