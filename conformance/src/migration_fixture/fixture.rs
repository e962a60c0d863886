//! Migrating the pinned stores.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::Duration;

use arbour::Result;
use arbour::migrations::layout::JOURNAL_TREE;
use arbour::migrations::{Migrations, Report, Run, StepId, Target};
use arbour_core::{Durability, KvStore, StoreOptions};
use tempfile::TempDir;

use super::{Pinned, clear};
use crate::Factory;
use crate::breaking::{Break, Breaking};
use crate::harness::io;

/// The number of entries of a chunk, so that small stores have several.
const CHUNK_ENTRIES: u64 = 2;

/// The pinned stores of every version of a program; see the [module](super).
///
/// Keep the stores small, a few entries of each kind: the migrations run over each store once for
/// every step they take.
///
/// ```
/// use arbour::migrations::{Migrations, Target};
/// use arbour_conformance::migration_fixture::{MigrationFixture, Pinned};
/// MigrationFixture::new(|| Migrations::new("app", "2.0"))
///     .version("1.0", Target::Nothing, Pinned::new().entry("rooms", b"study", b"books"))
///     .check(&arbour_conformance::MemoryFactory)?;
/// # Ok::<(), arbour::Error>(())
/// ```
pub struct MigrationFixture {
    migrations: Box<dyn Fn() -> Migrations>,
    versions: BTreeMap<String, Version>,
}

struct Version {
    at: Target,
    store: Pinned,
    reaches: Option<Pinned>,
}

impl MigrationFixture {
    /// Creates a fixture for the migrations of a program.
    ///
    /// ```
    /// use arbour::migrations::Migrations;
    /// use arbour_conformance::migration_fixture::MigrationFixture;
    /// let fixture = MigrationFixture::new(|| Migrations::new("app", "2.0"));
    /// # let _ = fixture;
    /// ```
    #[must_use]
    pub fn new(migrations: impl Fn() -> Migrations + 'static) -> Self {
        Self { migrations: Box::new(migrations), versions: BTreeMap::new() }
    }

    /// Adds the store of a version in which the steps up to a target had run. They are
    /// [adopted](Migrations::adopt), unless the store has a journal of its own.
    ///
    /// ```
    /// # use arbour::migrations::{Migrations, Target};
    /// # use arbour_conformance::migration_fixture::{MigrationFixture, Pinned};
    /// let fixture = MigrationFixture::new(|| Migrations::new("app", "2.0"))
    ///     .version("1.0", Target::Nothing, Pinned::new().entry("rooms", b"study", b"books"));
    /// # let _ = fixture;
    /// ```
    #[must_use]
    pub fn version(mut self, name: &str, at: Target, store: Pinned) -> Self {
        self.versions.insert(name.to_owned(), Version { at, store, reaches: None });
        self
    }

    /// Sets the expected final contents of a version's store. Without this, the check only requires
    /// that the end is the same whatever happens on the way.
    ///
    /// # Panics
    /// If there is no such version.
    ///
    /// ```
    /// # use arbour::migrations::{Migrations, Target};
    /// # use arbour_conformance::migration_fixture::{MigrationFixture, Pinned};
    /// let store = Pinned::new().entry("rooms", b"study", b"books");
    /// let fixture = MigrationFixture::new(|| Migrations::new("app", "2.0"))
    ///     .version("1.0", Target::Nothing, store.clone())
    ///     .reaches("1.0", store);
    /// # let _ = fixture;
    /// ```
    #[must_use]
    pub fn reaches(mut self, version: &str, end: Pinned) -> Self {
        let found =
            self.versions.get_mut(version).expect("a version has a store before it has an end");
        found.reaches = Some(end);
        self
    }

    /// Runs the migrations over a copy of each store: at once, step by step, chunk by chunk, and
    /// interrupted at every single operation of the store, before and after a commit takes effect,
    /// and then resumed.
    ///
    /// # Errors
    /// The errors of the migrations or the engine where nothing was interrupted.
    ///
    /// # Panics
    /// If the final contents are not the expected ones, or depend on how they were reached, or if a
    /// step that has run runs again.
    ///
    /// ```
    /// # use arbour::migrations::{Migrations, Target};
    /// # use arbour_conformance::migration_fixture::{MigrationFixture, Pinned};
    /// MigrationFixture::new(|| Migrations::new("app", "2.0"))
    ///     .version("1.0", Target::Nothing, Pinned::new().entry("rooms", b"study", b"books"))
    ///     .check(&arbour_conformance::MemoryFactory)?;
    /// # Ok::<(), arbour::Error>(())
    /// ```
    pub fn check<F: Factory>(&self, factory: &F) -> Result<()> {
        for (name, version) in &self.versions {
            let folder = TempDir::with_prefix("arbour-pinned-").map_err(io)?;
            // A log-structured engine reads over what was overwritten and removed lately, which each run
            // adds to: a store for all runs would become slower with each.
            let open = |name: &str| {
                let store = factory.open(&folder.path().join(name), &StoreOptions::new());
                store.map(Arc::new)
            };
            let store = open("unbroken")?;
            let end = self.check_end(&store, name, version)?;
            self.check_by_steps(&store, name, version, &end)?;
            store.close()?;
            for (file, breaks) in [("before", Break::Before), ("after", Break::After)] {
                let store = open(file)?;
                self.check_broken(&store, name, version, &end, breaks)?;
                store.close()?;
            }
        }
        Ok(())
    }

    /// Runs each step over each store, then once more over its result, and returns the steps that
    /// change anything the second time, or fail: those that are not idempotent.
    ///
    /// Migrations need not be idempotent, because the journal is committed with the changes of a
    /// step. Use this if the same functions are called by other means too.
    ///
    /// # Errors
    /// The errors of the migrations or the engine in the first run.
    ///
    /// ```
    /// use arbour::migrations::{Group, Migrations, Step, StepId, Target};
    /// use arbour_conformance::MemoryFactory;
    /// use arbour_conformance::migration_fixture::{MigrationFixture, Pinned};
    /// let lengthens = || Step::numbered(1).each("rooms", |trees, room, topic| {
    ///     Ok(trees.put("rooms", room, &[topic, b"!"].concat())?)
    /// });
    /// let found = MigrationFixture::new(move || {
    ///     Migrations::new("app", "2.0").group(Group::new("rooms").step(lengthens()))
    /// })
    /// .version("1.0", Target::Nothing, Pinned::new().entry("rooms", b"study", b"books"))
    /// .not_idempotent(&MemoryFactory)?;
    /// assert_eq!(found, [("rooms".to_owned(), StepId::Number(1))]);
    /// # Ok::<(), arbour::Error>(())
    /// ```
    pub fn not_idempotent<F: Factory>(&self, factory: &F) -> Result<Vec<(String, StepId)>> {
        let folder = TempDir::with_prefix("arbour-pinned-").map_err(io)?;
        let store = factory.open(&folder.path().join("store"), &StoreOptions::new())?;
        let mut found = Vec::new();
        for version in self.versions.values() {
            self.prepare(&store, version)?;
            let migrations = self.migrations();
            for planned in migrations.plan(&store)?.steps {
                let (group, step) = (planned.group, planned.step);
                migrations.run_with(
                    &store,
                    &quick().to(Target::step(&group, step.clone())),
                    &mut |_| ControlFlow::Continue(()),
                )?;
                let once = Pinned::of(&store)?;
                let again = migrations.run_once_more(&store, &group, &step);
                if again.is_err() || Pinned::of(&store)? != once {
                    found.push((group, step));
                    // The result of the second run is not the input of the next step.
                    restore(&store, &once)?;
                }
            }
        }
        found.sort();
        found.dedup();
        Ok(found)
    }

    fn migrations(&self) -> Migrations {
        (self.migrations)().chunk_entries(CHUNK_ENTRIES)
    }

    /// Turns a store into that of a version.
    fn prepare<S: KvStore>(&self, store: &S, version: &Version) -> Result<()> {
        clear(store)?;
        version.store.fill(store)?;
        if !version.store.has_tree(JOURNAL_TREE) && version.at != Target::Nothing {
            self.migrations().adopt(store, version.at.clone())?;
        }
        Ok(())
    }

    fn check_end<S: KvStore>(&self, store: &S, name: &str, version: &Version) -> Result<Pinned> {
        self.prepare(store, version)?;
        run(&self.migrations(), store)?;
        let end = Pinned::of(store)?;
        if let Some(reaches) = &version.reaches {
            let differs = end.difference(reaches);
            assert!(differs.is_none(), "the store of {name} ends otherwise: {differs:?}");
        }
        let again = run(&self.migrations(), store)?;
        assert!(
            again.steps.is_empty(),
            "what has run over the store of {name} runs again: {again:?}"
        );
        let found = self.migrations().verify(store)?;
        assert!(found.is_empty(), "the store of {name} ends wrong: {found:?}");
        Ok(end)
    }

    fn check_by_steps<S: KvStore>(
        &self,
        store: &S,
        name: &str,
        version: &Version,
        end: &Pinned,
    ) -> Result<()> {
        self.prepare(store, version)?;
        let migrations = (self.migrations)().chunk_entries(1);
        for step in migrations.plan(store)?.steps {
            let target = Target::step(&step.group, step.step.clone());
            migrations.run_with(store, &quick().to(target), &mut |_| ControlFlow::Continue(()))?;
        }
        assert_same(end, store, name, "step by step")
    }

    fn check_broken<S: KvStore>(
        &self,
        store: &Arc<S>,
        name: &str,
        version: &Version,
        end: &Pinned,
        breaks: Break,
    ) -> Result<()> {
        let mut steps = 1;
        loop {
            self.prepare(store, version)?;
            let breaking = Breaking::new(Arc::clone(store), breaks, steps);
            let ended = run(&self.migrations(), &breaking);
            let how = format!("broken off {breaks:?} step {steps}");
            if !breaking.is_broken() {
                ended?;
                return assert_same(end, store, name, &how);
            }
            run(&self.migrations(), store)?;
            assert_same(end, store, name, &how)?;
            steps += 1;
        }
    }
}

/// Returns options for a store that only the test uses: a lease runs out at once, nothing is synced.
pub(crate) fn quick() -> Run {
    Run::default().lease(Duration::ZERO).durability(Durability::None)
}

fn run<S: KvStore>(migrations: &Migrations, store: &S) -> Result<Report> {
    migrations.run_with(store, &quick(), &mut |_| ControlFlow::Continue(()))
}

/// Restores the entries of a store, and leaves the journal as it is.
fn restore<S: KvStore>(store: &S, pinned: &Pinned) -> Result<()> {
    use arbour_core::engine::TreeName;
    use arbour_core::{KeyRange, KvRead as _, KvWrite as _};

    let names = store.snapshot()?.trees()?;
    store.write_with(Durability::None, |transaction| {
        names.iter().filter(|name| !name.starts_with("arbour/")).try_for_each(|name| {
            let tree = store.open_tree(TreeName::stored(name)?)?;
            transaction.delete_range(&tree, KeyRange::all())
        })
    })?;
    pinned.fill(store)
}

fn assert_same<S: KvStore>(end: &Pinned, store: &S, name: &str, how: &str) -> Result<()> {
    let differs = end.difference(&Pinned::of(store)?);
    assert!(differs.is_none(), "the store of {name} ends otherwise, {how}: {differs:?}");
    Ok(())
}
