//! Checking what is left of a store, in a process that may die of it.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::BufRead as _;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use arbour_core::{Durability, ErrorKind};

use crate::Result;
use crate::engine::{Engine, Opening, Refusal, Store};
use crate::model::{Contents, Entry, TREES, changes_of, contents_after, number_in};
use crate::outcome::{Finding, Outcome};
use crate::roster::engine;

/// A store to check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Task {
    /// What was done to it.
    pub purpose: Purpose,
    /// The engine to open it with.
    pub engine: String,
    /// Where it is.
    pub path: PathBuf,
    /// The number of commits that have to be there.
    pub least: u64,
    /// The number of commits that can be there.
    pub most: u64,
}

/// What a store is checked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// Its process was killed, or power was lost.
    Image,
    /// Whether an engine opens it.
    Opening,
    /// It was damaged: every call is tried.
    Damage,
    /// It was damaged, and is to be checked when it is opened.
    VerifiedDamage,
}

impl Purpose {
    const ALL: [(Self, &'static str); 4] = [
        (Self::Image, "image"),
        (Self::Opening, "opening"),
        (Self::Damage, "damage"),
        (Self::VerifiedDamage, "verified-damage"),
    ];

    fn is_damage(self) -> bool {
        matches!(self, Self::Damage | Self::VerifiedDamage)
    }
}

impl Task {
    /// Formats the task on one line.
    #[must_use]
    pub fn to_line(&self) -> String {
        let Self { purpose, engine, path, least, most } = self;
        let purpose = Purpose::ALL.iter().find(|(known, _)| known == purpose);
        let purpose = purpose.map_or("", |(_, name)| name);
        format!("{purpose}\t{engine}\t{least}\t{most}\t{}", path.display())
    }

    /// Parses what [`to_line`](Self::to_line) formatted.
    #[must_use]
    pub fn parse(line: &str) -> Option<Self> {
        let mut words = line.splitn(5, '\t');
        let purpose = words.next()?;
        Some(Self {
            purpose: Purpose::ALL.iter().find(|(_, name)| *name == purpose)?.0,
            engine: words.next()?.to_owned(),
            least: words.next()?.parse().ok()?,
            most: words.next()?.parse().ok()?,
            path: PathBuf::from(words.next()?),
        })
    }
}

/// Where the last panic of this process happened.
static PANICKED_AT: Mutex<String> = Mutex::new(String::new());

/// Reads tasks from standard input and prints a finding for each, until there are no more.
///
/// # Errors
/// [`UnknownEngine`](crate::Error::UnknownEngine) if a task names one.
pub fn serve() -> Result<()> {
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        *PANICKED_AT.lock().unwrap_or_else(PoisonError::into_inner) = place;
    }));
    for line in std::io::stdin().lock().lines() {
        let Some(task) = line.ok().as_deref().and_then(Task::parse) else { break };
        let finding = examine(engine(&task.engine)?, &task);
        println!("{}", finding.to_line());
    }
    Ok(())
}

fn examine(engine: Engine, task: &Task) -> Finding {
    let mut examination = Examination { engine, task, finding: Finding::RIGHT };
    let examined = catch_unwind(AssertUnwindSafe(|| examination.run()));
    let finding = examination.finding;
    match examined {
        Ok(()) => finding,
        Err(panic) => {
            let place = PANICKED_AT.lock().unwrap_or_else(PoisonError::into_inner);
            let text = arbour_core::engine::panic_message(&*panic).unwrap_or("no message");
            let text = format!("{text} at {place}");
            finding.worse(Finding::new(Outcome::Panicked, text))
        }
    }
}

/// A store that is being checked, and the worst finding so far.
struct Examination<'t> {
    engine: Engine,
    task: &'t Task,
    finding: Finding,
}

impl Examination<'_> {
    fn run(&mut self) {
        let Some(store) = self.open("open") else { return };
        if self.task.purpose == Purpose::Opening {
            return;
        }
        let number = self.compare(&*store, self.task.least..=self.task.most);
        if self.task.purpose.is_damage() {
            for (call, result) in store.others() {
                self.note(call, result);
            }
            let copy = self.task.path.with_extension("copy");
            self.note("backup", store.backup(&copy));
            remove(&copy);
        }
        let next = number + 1;
        let committed = store.commit(&changes_of(next), Durability::PowerLoss);
        let is_committed = committed.is_ok();
        self.note("commit", committed);
        self.note("close", store.close());
        // If the commit was refused, reads may be refused too; then it only counts that nothing
        // panics.
        let Some(store) = self.open("second open") else { return };
        let is_whole = self.finding.outcome == Outcome::Right && is_committed;
        let numbers = if is_whole { next..=next } else { 0..=next };
        let found = self.finding.clone();
        self.compare(&*store, numbers);
        if !is_whole {
            self.finding = found;
        }
        self.note("second close", store.close());
    }

    fn open(&mut self, call: &str) -> Option<Box<dyn Store>> {
        let opening = match self.task.purpose {
            Purpose::Image | Purpose::Opening => Opening::Create,
            Purpose::Damage => Opening::Existing,
            Purpose::VerifiedDamage => Opening::Verified,
        };
        let opened = (self.engine.open)(&self.task.path, opening);
        self.note(call, opened)
    }

    /// Reads everything in each way and compares it with the expected contents after the commit
    /// number that the store says. Returns that number.
    fn compare(&mut self, store: &dyn Store, numbers: std::ops::RangeInclusive<u64>) -> u64 {
        let changes: Vec<_> = (1..=*numbers.end()).flat_map(changes_of).collect();
        let mut found = Vec::new();
        for tree in 0..TREES.len() {
            // Keys that may be deleted are read too.
            let of_tree = changes.iter().filter(|change| change.tree == tree);
            let keys: BTreeSet<&[u8]> = of_tree.map(|change| change.key.as_slice()).collect();
            let keys: Vec<&[u8]> = keys.into_iter().collect();
            for (way, read) in store.reads(tree, &keys) {
                if let Some(entries) = self.note(way, read) {
                    found.push((tree, way, entries));
                }
            }
        }
        let Some((_, _, first)) = found.first() else { return *numbers.end() };
        let number = number_in(&first.iter().cloned().collect::<BTreeMap<_, _>>());
        if !numbers.contains(&number) {
            self.lost(format!("it holds {number} commits, not {numbers:?}"));
            return number.min(*numbers.end());
        }
        let expected = contents_after(number);
        for (tree, way, entries) in &found {
            if let Some(difference) = difference(&expected, *tree, entries) {
                let name = TREES.get(*tree).copied().unwrap_or_default();
                self.lost(format!("{way} of {name} after commit {number}: {difference}"));
            }
        }
        number
    }

    fn lost(&mut self, text: String) {
        self.find(Finding::new(Outcome::Lost, text));
    }

    /// Records how a call ended.
    fn note<T>(&mut self, call: &str, result: std::result::Result<T, Refusal>) -> Option<T> {
        let refusal = match result {
            Ok(value) => return Some(value),
            Err(refusal) => refusal,
        };
        let is_damage = match refusal.kind {
            None | Some(ErrorKind::Corrupted | ErrorKind::TooNew) => true,
            // A commit that fails midway, and has the damage as its source.
            Some(ErrorKind::CommitUnknown) => true,
            // A store of another program: it cannot be distinguished from ours with a damaged mark.
            Some(ErrorKind::InvalidArgument) => call == "open" && refusal.text.contains("damage"),
            // A file truncated to nothing: it cannot be distinguished from one in which no store
            // was made yet.
            Some(ErrorKind::NotFound) => {
                call == "open" && fs::metadata(&self.task.path).is_ok_and(|file| file.len() == 0)
            }
            Some(_) => false,
        };
        let outcome = if is_damage { Outcome::Refused } else { Outcome::WrongKind };
        self.find(Finding::new(outcome, format!("{call}: {refusal}")));
        None
    }

    fn find(&mut self, finding: Finding) {
        let found = std::mem::replace(&mut self.finding, Finding::RIGHT);
        self.finding = found.worse(finding);
    }
}

/// Returns the difference between the entries of a tree and the expected ones.
fn difference(expected: &Contents, tree: usize, entries: &[Entry]) -> Option<String> {
    let expected = expected.get(tree)?;
    if entries.iter().map(|(key, value)| (key, value)).eq(expected) {
        return None;
    }
    let found: BTreeMap<_, _> = entries.iter().cloned().collect();
    let shown = |key: &[u8]| String::from_utf8_lossy(key).into_owned();
    for (key, value) in expected {
        match found.get(key) {
            None => return Some(format!("`{}` is missing", shown(key))),
            Some(other) if other != value => {
                return Some(format!("`{}` has another value", shown(key)));
            }
            Some(_) => {}
        }
    }
    let extra = found.keys().find(|key| !expected.contains_key(*key));
    Some(extra.map_or_else(
        || "entries are out of order".to_owned(),
        |key| format!("`{}` was never there", shown(key)),
    ))
}

/// Removes a file or a folder, if it is there.
pub(crate) fn remove(path: &Path) {
    // What cannot be removed is removed with the folder of the run.
    let _ = fs::remove_dir_all(path).or_else(|_| fs::remove_file(path));
}
