//! Giving up an unfinished migration.

use std::ops::ControlFlow;

use arbour_core::{KvStore, Result};

#[cfg(doc)]
use super::MigrationError;
use super::journal::Journal;
use super::migrations::Migrations;
use super::report::Report;
use super::run::Run;
use super::step_id::StepKey;
use crate::Progress;

impl Migrations {
    /// Takes back a migration that has begun and is not complete, for example because one of its
    /// steps fails: undoes the steps that its runs have done, newest first, of the last one the chunks
    /// that are done. Then the store is as it was before the first of these runs, and the program
    /// before this one can use it. Does nothing if no migration is unfinished;
    /// [`downgrade`](Self::downgrade) undoes a complete one.
    ///
    /// A step that declares [`undo_each`](super::Step::undo_each) is undone in chunks, each a commit
    /// together with the journal: if that is killed or fails, `abandon` resumes it, and
    /// [`run`](Self::run) goes forward again from there. A step that declares
    /// [`down`](super::Step::down) is undone in one commit, if it is done completely.
    /// [`status`](Self::status) tells which of them can be undone.
    ///
    /// A step that an earlier version of this library left unfinished is taken back alone, because
    /// it was not recorded which steps were run with it.
    ///
    /// # Errors
    /// As [`downgrade`](Self::downgrade): every step is checked before anything is undone.
    ///
    /// ```
    /// use arbour::migrations::{Group, Migrations, Step};
    /// use arbour::{KvStore, MemoryStore};
    /// let store = MemoryStore::new();
    /// let rooms = store.tree("rooms")?;
    /// store.put(&rooms, b"study", b"books")?;
    /// let first = Step::numbered(1)
    ///     .each("rooms", |trees, room, topic| Ok(trees.put("rooms", room, &[b"#", topic].concat())?))
    ///     .undo_each(|trees, room, topic| Ok(trees.put("rooms", room, &topic[1..])?));
    /// let second = Step::numbered(2).atomic(|_| Err("the disk of the archive is missing".into()));
    /// let migrations = Migrations::new("app", "2.0").group(Group::new("rooms").step(first).step(second));
    ///
    /// assert!(migrations.run(&store).is_err());
    /// assert!(migrations.status(&store)?.is_unfinished);
    /// migrations.abandon(&store)?;
    /// assert_eq!(store.get(&rooms, b"study")?.as_deref(), Some(&b"books"[..]));
    /// # Ok::<(), arbour::Error>(())
    /// ```
    pub fn abandon<S: KvStore>(&self, store: &S) -> Result<Report> {
        self.abandon_with(store, &Run::default(), &mut |_| ControlFlow::Continue(()))
    }

    /// Does the same as [`abandon`](Self::abandon) with options, whose target has no effect, and
    /// reports progress as [`run_with`](Self::run_with) does: the number of entries that a step has
    /// undone. [`ControlFlow::Break`] cancels it after the last commit.
    ///
    /// # Errors
    /// As [`abandon`](Self::abandon); [`NoBackup`](MigrationError::NoBackup), and errors of the
    /// store from the requested backup.
    ///
    /// ```
    /// # use arbour::migrations::{Migrations, Run};
    /// # use std::ops::ControlFlow;
    /// let nothing = Migrations::new("app", "2.0").abandon_with(
    ///     &arbour::MemoryStore::new(),
    ///     &Run::default(),
    ///     &mut |_| ControlFlow::Continue(()),
    /// )?;
    /// assert!(nothing.steps.is_empty());
    /// # Ok::<(), arbour::Error>(())
    /// ```
    pub fn abandon_with<S: KvStore>(
        &self,
        store: &S,
        options: &Run,
        progress: &mut dyn FnMut(Progress) -> ControlFlow<()>,
    ) -> Result<Report> {
        self.take_back(store, options, &unfinished, Some(progress))
    }
}

/// Returns the steps of an unfinished migration that have run, newest first.
fn unfinished(journal: &Journal) -> Vec<StepKey> {
    journal.unfinished().into_iter().rev().collect()
}
