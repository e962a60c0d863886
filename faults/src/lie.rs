//! Stores with a planted lie, each of which the harness has to catch: only then does a run without
//! findings mean something.

use std::cell::RefCell;
use std::fs;
use std::path::Path;

use arbour_core::Durability;

use crate::engine::{Attempt, Engine, Opening, Refusal, Store};
use crate::engines;
use crate::model::{Change, Contents, Entry};

/// What a store does wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Lie {
    /// Commits are less durable than requested.
    LowerDurability,
    /// `sync` and `close` do not sync what was committed without durability.
    IdleSync,
    /// The changes of a commit to each tree are separate commits.
    SplitCommit,
    /// A failed commit is acknowledged.
    SwallowedError,
}

/// redb with each lie.
pub(crate) fn engines() -> Vec<Engine> {
    let Some(redb) = redb() else { return Vec::new() };
    let lying = |name, open| Engine { name, open, ..redb };
    vec![
        lying("redb-lower-durability", |path, opening| wrap(path, opening, Lie::LowerDurability)),
        lying("redb-idle-sync", |path, opening| wrap(path, opening, Lie::IdleSync)),
        lying("redb-split-commit", |path, opening| wrap(path, opening, Lie::SplitCommit)),
        lying("redb-swallowed-error", |path, opening| wrap(path, opening, Lie::SwallowedError)),
        // A file that these cannot open ends in an empty store, a panic or an abort.
        lying("redb-starts-anew", |path, opening| {
            open(path, opening).or_else(|_| {
                // A store of redb is one file. If it stays, opening fails again.
                let _ = fs::remove_file(path);
                open(path, Opening::Create)
            })
        }),
        lying("redb-panics", |path, opening| {
            open(path, opening).map_err(|refusal| std::panic::resume_unwind(Box::new(refusal.text)))
        }),
        lying("redb-aborts", |path, opening| {
            open(path, opening).map_err(|_| std::process::abort())
        }),
    ]
}

fn redb() -> Option<Engine> {
    engines::all().into_iter().find(|engine| engine.name == "redb")
}

fn open(path: &Path, opening: Opening) -> Attempt<Box<dyn Store>> {
    match redb() {
        Some(redb) => (redb.open)(path, opening),
        None => Err(Refusal::raw("redb is not built in")),
    }
}

fn wrap(path: &Path, opening: Opening, lie: Lie) -> Attempt<Box<dyn Store>> {
    Ok(Box::new(Lying { store: open(path, opening)?, lie, left_behind: RefCell::default() }))
}

struct Lying {
    store: Box<dyn Store>,
    lie: Lie,
    /// What [`Lie::IdleSync`] does not sync, unless a later durable commit does.
    left_behind: RefCell<Vec<Change>>,
}

impl Store for Lying {
    fn commit(&self, changes: &[Change], durability: Durability) -> Attempt<()> {
        match self.lie {
            Lie::LowerDurability => self.store.commit(changes, Durability::None),
            Lie::SwallowedError => self.store.commit(changes, durability).or(Ok(())),
            Lie::SplitCommit => {
                let of_left = |change: &&Change| change.tree == 0;
                let (left, right): (Vec<_>, Vec<_>) = changes.iter().partition(of_left);
                [left, right].into_iter().try_for_each(|part| {
                    let part: Vec<Change> = part.into_iter().cloned().collect();
                    self.store.commit(&part, durability)
                })
            }
            Lie::IdleSync => {
                let mut left_behind = self.left_behind.borrow_mut();
                left_behind.extend_from_slice(changes);
                if durability == Durability::None {
                    return Ok(());
                }
                self.store.commit(&std::mem::take(&mut *left_behind), durability)
            }
        }
    }

    fn reads(&self, tree: usize, keys: &[&[u8]]) -> Vec<(&'static str, Attempt<Vec<Entry>>)> {
        self.store.reads(tree, keys)
    }

    fn sync(&self) -> Attempt<()> {
        if self.lie == Lie::IdleSync { Ok(()) } else { self.store.sync() }
    }

    fn held(&self, meanwhile: &mut dyn FnMut() -> Attempt<()>) -> Attempt<Option<Contents>> {
        self.store.held(meanwhile)
    }

    fn backup(&self, to: &Path) -> Attempt<bool> {
        self.store.backup(to)
    }

    fn close(self: Box<Self>) -> Attempt<()> {
        self.store.close()
    }
}
