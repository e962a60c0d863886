//! Runs workloads and checks what is left of their stores.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use arbour_core::Durability;
use tempfile::TempDir;

use crate::check::{Purpose, Task, remove};
use crate::disk::{Disk, Names};
use crate::engine::Engine;
use crate::outcome::{Finding, Outcome};
use crate::process::{Heard, Process};
use crate::recorder::{Meddling, Recorder};
use crate::recording::{Event, Note, Recording};
use crate::share::Share;
use crate::workload::{BACKUP, KILL_ME, Life, STORE};
use crate::{Error, Result};

/// How long a workload or a check may be silent before it counts as hung. The work takes
/// milliseconds, but the machine may be busy.
const PATIENCE: Duration = Duration::from_secs(15);

/// How much work is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Extent {
    /// The number of images after a loss of power; a fifth as many are of killed processes.
    pub images: u64,
    /// The number of damaged stores.
    pub damage: u64,
    /// The number of calls to make fail, of each kind in each way; `None` for every call.
    pub calls: Option<u64>,
    /// Which of those calls to fail.
    pub share: Share,
    /// Chooses moments, sectors, bits.
    pub seed: u64,
}

/// Injects faults and checks the results.
#[derive(Debug)]
pub struct Harness {
    /// The program whose subcommands are the processes: `arbour-faults`.
    executable: PathBuf,
    recorder: Recorder,
    folder: TempDir,
    extent: Extent,
    checker: Option<Process>,
    folders_made: u64,
}

/// What a workload left behind.
#[derive(Debug)]
pub(crate) struct Run {
    /// The folder with the root, the log and the notes.
    folder: PathBuf,
    /// The root, as the processes left it.
    pub(crate) root: PathBuf,
    pub(crate) recording: Recording,
    /// What was there before the run.
    before: Disk,
    /// How the last process ended, if not as expected.
    pub(crate) ending: Option<Finding>,
}

impl Run {
    /// Returns the disk as it was before the first event.
    pub(crate) fn disk(&self, names: Names) -> Disk {
        self.before.clone().with_names(names)
    }
}

/// What has to be there at some moment of a recording.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Promise {
    /// The commits that survive a kill.
    pub(crate) process_crash: u64,
    /// The commits that survive a loss of power.
    pub(crate) power_loss: u64,
    /// The commits that were begun.
    pub(crate) begun: u64,
    /// The commits that the backup holds, if it was made.
    pub(crate) backup: Option<u64>,
}

impl Promise {
    pub(crate) fn note(&mut self, event: &Event) {
        let Event::Noted(note) = event else { return };
        match note {
            Note::Begun(number) => self.begun = self.begun.max(*number),
            Note::Acknowledged(number, level) => {
                if *level >= Durability::ProcessCrash {
                    self.process_crash = self.process_crash.max(*number);
                }
                if *level == Durability::PowerLoss {
                    self.power_loss = self.power_loss.max(*number);
                }
            }
            Note::BackedUp(number) => self.backup = Some(*number),
            Note::WentOn(_) | Note::Failed(_) | Note::Wrong(_) | Note::Ended => {}
        }
    }

    /// Returns what the events of a recording promise together.
    pub(crate) fn of(recording: &Recording) -> Self {
        let mut promise = Self::default();
        recording.events.iter().for_each(|event| promise.note(event));
        promise
    }
}

impl Harness {
    /// Compiles the recorder. `executable` is the program of this crate.
    ///
    /// # Errors
    /// [`Error::Compile`] if that is impossible here.
    pub fn new(executable: impl Into<PathBuf>, extent: Extent) -> Result<Self> {
        // A file system in memory is sufficient for the harness, and syncs at once.
        let memory = Path::new("/dev/shm");
        let folder = TempDir::with_prefix_in("arbour-faults-", memory)
            .or_else(|_| TempDir::with_prefix("arbour-faults-"))
            .map_err(Error::at(memory))?;
        let recorder = Recorder::compile(folder.path())?;
        let executable = executable.into();
        Ok(Self { executable, recorder, folder, extent, checker: None, folders_made: 0 })
    }

    /// Returns how much is to be done.
    #[must_use]
    pub fn extent(&self) -> Extent {
        self.extent
    }

    /// Returns the path of a folder that does not exist yet.
    pub(crate) fn new_path(&mut self) -> PathBuf {
        self.folders_made += 1;
        self.folder.path().join(self.folders_made.to_string())
    }

    /// Runs several lives, one after the other, each in a process of its own, over a copy of
    /// `before`.
    pub(crate) fn live(
        &mut self,
        engine: &Engine,
        lives: &[Life],
        before: Option<&Path>,
        meddling: Meddling,
    ) -> Result<Run> {
        let folder = self.new_path();
        fs::create_dir(&folder).map_err(Error::at(&folder))?;
        let root = folder.join("root");
        match before {
            Some(before) => copy(before, &root)?,
            None => fs::create_dir(&root).map_err(Error::at(&root))?,
        }
        let before = Disk::of(&root)?;
        let mut run = Run { folder, root, recording: Recording::default(), before, ending: None };
        for life in lives {
            self.live_on(&mut run, engine, *life, meddling)?;
        }
        Ok(run)
    }

    /// Runs another life over what a run left.
    pub(crate) fn live_on(
        &self,
        run: &mut Run,
        engine: &Engine,
        life: Life,
        meddling: Meddling,
    ) -> Result<()> {
        let [log, notes] = ["log", "notes"].map(|name| run.folder.join(name));
        let mut command = Command::new(&self.executable);
        command.arg("workload").arg(engine.name).arg(life.name()).arg(&run.root).arg(&notes);
        self.recorder.record(&mut command, &run.root, &log, &notes, meddling);
        run.ending = Self::live_one(&mut command)?;
        run.recording = Recording::read(&log)?;
        if let (Some(ending), Some(note)) = (&mut run.ending, run.recording.notes().last()) {
            ending.text = format!("{} after `{}`", ending.text, note.to_line());
        }
        Ok(())
    }

    fn live_one(command: &mut Command) -> Result<Option<Finding>> {
        let mut process = Process::start(command)?;
        let ending = match process.hear(PATIENCE) {
            Heard::Line(line) if line == KILL_ME => None,
            Heard::Line(line) => return Err(Error::Workload(format!("it said `{line}`"))),
            Heard::Silence => Some(Finding::new(Outcome::Hung, "the workload")),
            Heard::Gone(Some(status)) if status.success() => None,
            Heard::Gone(status) => {
                let status = status.map_or("unknown status".to_owned(), |s| s.to_string());
                Some(Finding::new(Outcome::Aborted, format!("the workload: {status}")))
            }
        };
        Ok(ending)
    }

    /// Removes what a run left.
    pub(crate) fn forget(run: &Run) {
        remove(&run.folder);
    }

    /// Checks an image, which `make` writes to a path, and its backup.
    pub(crate) fn check_image(
        &mut self,
        engine: &Engine,
        (least, most): (u64, u64),
        backup: Option<u64>,
        make: &dyn Fn(&Path) -> Result<()>,
    ) -> Result<Finding> {
        let root = self.new_path();
        make(&root)?;
        let mut finding = Finding::RIGHT;
        let stores = [Some((STORE, least, most)), backup.map(|number| (BACKUP, number, number))];
        for (name, least, most) in stores.into_iter().flatten() {
            let task = |engine: &str, purpose, root: &Path| Task {
                purpose,
                engine: engine.to_owned(),
                path: root.join(name),
                least,
                most,
            };
            let mut found = self.check(&task(engine.name, Purpose::Image, &root))?;
            let is_refused = matches!(found.outcome, Outcome::Refused | Outcome::WrongKind);
            if let Some(raw) = engine.raw.filter(|_| is_refused) {
                // The check may have changed the image.
                let fresh = self.new_path();
                make(&fresh)?;
                let purpose = if raw.reads { Purpose::Image } else { Purpose::Opening };
                if self.check(&task(raw.name, purpose, &fresh))?.outcome == Outcome::Right {
                    found.outcome = Outcome::WronglyRefused;
                }
                remove(&fresh);
            }
            finding = finding.worse(found.within(name));
        }
        remove(&root);
        Ok(finding)
    }

    /// Checks a store in the checking process, and starts another process if it dies of it.
    pub(crate) fn check(&mut self, task: &Task) -> Result<Finding> {
        let mut checker = match self.checker.take() {
            Some(checker) => checker,
            None => Process::start(Command::new(&self.executable).arg("check"))?,
        };
        checker.tell(&task.to_line());
        let finding = match checker.hear(PATIENCE) {
            Heard::Line(line) => {
                self.checker = Some(checker);
                let unknown = || Error::Workload(format!("a check said `{line}`"));
                return Finding::parse(&line).ok_or_else(unknown);
            }
            Heard::Silence => Finding::new(Outcome::Hung, format!("no answer in {PATIENCE:?}")),
            Heard::Gone(status) => {
                let status = status.map_or("unknown status".to_owned(), |s| s.to_string());
                Finding::new(Outcome::Aborted, status)
            }
        };
        Ok(finding)
    }
}

/// Copies a folder to an unused path.
pub(crate) fn copy(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir(to).map_err(Error::at(to))?;
    for entry in fs::read_dir(from).map_err(Error::at(from))? {
        let entry = entry.map_err(Error::at(from))?;
        let (from, to) = (entry.path(), to.join(entry.file_name()));
        if from.is_dir() {
            copy(&from, &to)?;
        } else {
            fs::copy(&from, &to).map_err(Error::at(&from))?;
        }
    }
    Ok(())
}
