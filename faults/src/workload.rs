//! The program under test: it commits, and records what was acknowledged.

use std::any::Any;
use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use arbour_core::Durability;
use arbour_core::engine::panic_message;

use crate::engine::{Attempt, Engine, Opening, Refusal, Store};
use crate::model::{changes_of, contents_after, durability_of, number_in};
use crate::recording::{Failing, Note};
use crate::{Error, Result};

/// The line that the process prints when it is ready to be killed.
pub const KILL_ME: &str = "kill me";

/// The name of the store, and of its backup, under the root.
pub const STORE: &str = "store";

/// The name of the backup beside the store.
pub const BACKUP: &str = "backup";

/// The number of commits after a failure.
const COMMITS_AFTER_FAILURE: u64 = 3;

/// The work of one process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Life {
    /// Creates the store, holds a snapshot, backs up, syncs, closes, opens again, and is killed.
    Create,
    /// Opens the store of a killed process, commits, closes; opens and closes once more.
    Resume,
}

impl Life {
    /// Returns its name on the command line.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Resume => "resume",
        }
    }
}

/// Runs a life in this process, under `root`, and writes to the file `notes`.
///
/// A failed call is recorded; the store is opened again, as errors advise, and accepts more
/// commits. Then the process is ready to be killed.
///
/// # Errors
/// [`Error::File`] if a note cannot be written.
pub fn run(engine: Engine, life: Life, root: &Path, notes: &Path) -> Result<()> {
    let notes =
        OpenOptions::new().append(true).create(true).open(notes).map_err(Error::at(notes))?;
    let mut workload = Workload { engine, root: root.to_owned(), notes, during: "open" };
    let lived = catch_unwind(AssertUnwindSafe(|| match life {
        Life::Create => workload.create(),
        Life::Resume => workload.resume(),
    }));
    let is_over = match lived {
        Ok(Ok(())) => life == Life::Resume,
        Ok(Err(refusal)) => workload.recover(&refusal),
        Err(panic) => workload.note_panic(&*panic),
    };
    workload.note(&Note::Ended);
    if !is_over {
        println!("{KILL_ME}");
        loop {
            std::thread::park();
        }
    }
    Ok(())
}

struct Workload {
    engine: Engine,
    root: PathBuf,
    notes: File,
    /// The current activity, for the note if it fails.
    during: &'static str,
}

impl Workload {
    fn create(&mut self) -> Attempt<()> {
        let store = self.open()?;
        self.commit_all(&*store, 1..=8)?;
        self.during = "snapshot";
        let held = store.held(&mut || self.commit_all(&*store, 9..=10))?;
        if held.is_some_and(|held| held != contents_after(8)) {
            self.note(&Note::Wrong("a snapshot changed while it was held".to_owned()));
        }
        self.commit_all(&*store, 11..=12)?;
        self.during = "backup";
        if store.backup(&self.root.join(BACKUP))? {
            self.note(&Note::BackedUp(12));
        }
        self.commit_at(&*store, 13, Durability::None)?;
        self.during = "sync";
        store.sync()?;
        self.note(&Note::Acknowledged(13, Durability::PowerLoss));
        self.commit_at(&*store, 14, Durability::None)?;
        self.close(store, 14)?;
        let store = self.open()?;
        self.commit_all(&*store, 15..=20)?;
        self.commit_at(&*store, 21, Durability::None)?;
        // The process is killed while the store is open, because dropping it would close it.
        std::mem::forget(store);
        Ok(())
    }

    fn resume(&mut self) -> Attempt<()> {
        let store = self.open()?;
        self.during = "read";
        let number = number_in_store(&*store)?;
        self.commit_all(&*store, number + 1..=number + 7)?;
        self.commit_at(&*store, number + 8, Durability::None)?;
        self.close(store, number + 8)?;
        self.open().and_then(|store| self.close(store, number + 8))
    }

    fn open(&mut self) -> Attempt<Box<dyn Store>> {
        self.during = "open";
        (self.engine.open)(&self.root.join(STORE), Opening::Create)
    }

    fn close(&mut self, store: Box<dyn Store>, number: u64) -> Attempt<()> {
        self.during = "close";
        store.close()?;
        self.note(&Note::Acknowledged(number, Durability::PowerLoss));
        Ok(())
    }

    fn commit_all(
        &mut self,
        store: &dyn Store,
        mut numbers: impl Iterator<Item = u64>,
    ) -> Attempt<()> {
        numbers.try_for_each(|number| self.commit_at(store, number, durability_of(number)))
    }

    fn commit_at(&mut self, store: &dyn Store, number: u64, level: Durability) -> Attempt<()> {
        self.during = "commit";
        self.note(&Note::Begun(number));
        let committed = store.commit(&changes_of(number), level);
        if committed.is_ok() {
            self.note(&Note::Acknowledged(number, level));
        } else if let Ok(number) = number_in_store(store).map(|number| number + 1) {
            // Whether a handle accepts commits after a failed one, and keeps what it acknowledges.
            self.note(&Note::Begun(number));
            if store.commit(&changes_of(number), Durability::PowerLoss).is_ok() {
                self.note(&Note::WentOn(number));
                self.note(&Note::Acknowledged(number, Durability::PowerLoss));
            }
        }
        committed
    }

    /// Follows the advice of a failed call's error. Returns whether the life is over.
    fn recover(&mut self, refusal: &Refusal) -> bool {
        self.note_refusal(refusal);
        let recovered = catch_unwind(AssertUnwindSafe(|| {
            let store = self.open()?;
            self.during = "read";
            let number = number_in_store(&*store)?;
            for number in number + 1..=number + COMMITS_AFTER_FAILURE {
                self.commit_at(&*store, number, Durability::PowerLoss)?;
            }
            std::mem::forget(store);
            Ok(())
        }));
        match recovered {
            Ok(Ok(())) => {}
            Ok(Err(refusal)) => {
                let during = format!("{} after the failure", self.during);
                self.note_failing(during, &refusal);
            }
            Err(panic) => return self.note_panic(&*panic),
        }
        false
    }

    fn note_refusal(&mut self, refusal: &Refusal) {
        self.note_failing(self.during.to_owned(), refusal);
    }

    fn note_failing(&mut self, during: String, refusal: &Refusal) {
        let kind = refusal.kind.map_or("-".to_owned(), |kind| kind.to_string());
        let no_source = if refusal.has_source { "" } else { " (without a source)" };
        let text = format!("{}{no_source}", refusal.text);
        self.note(&Note::Failed(Failing { during, kind, text }));
    }

    fn note_panic(&mut self, panic: &(dyn Any + Send)) -> bool {
        let text = panic_message(panic).unwrap_or("no message").to_owned();
        let failing = Failing { during: self.during.to_owned(), kind: "panic".to_owned(), text };
        self.note(&Note::Failed(failing));
        false
    }

    /// Writes a note with one call, so that it is one record.
    fn note(&mut self, note: &Note) {
        let line = format!("{}\n", note.to_line());
        if let Err(cause) = self.notes.write_all(line.as_bytes()) {
            eprintln!("a note cannot be written: {cause}");
            std::process::exit(120);
        }
    }
}

fn number_in_store(store: &dyn Store) -> Attempt<u64> {
    match store.reads(0, &[]).into_iter().next() {
        Some((_, entries)) => Ok(number_in(&entries?.into_iter().collect())),
        None => Ok(0),
    }
}
