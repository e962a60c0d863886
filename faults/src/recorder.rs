//! Runs a process so that everything it does to its files is recorded.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::recording::CallKind;
use crate::{Error, Result};

const SOURCE: &str = include_str!("recorder.c");

/// The compiled recorder: a library that is loaded before the C library.
#[derive(Debug)]
pub struct Recorder {
    library: PathBuf,
}

/// A call that has to fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Injection {
    /// The kind of call.
    pub kind: CallKind,
    /// The index of the call among those of the kind, from 0.
    pub number: u64,
    /// How it fails.
    pub failure: Failure,
}

/// How a call fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failure {
    /// The device failed.
    Io,
    /// The device failed after a delay, in which other threads made their calls.
    Late,
    /// The device is full.
    Full,
    /// The file system is mounted read-only. Only tests that request it by name use it.
    ReadOnly,
    /// A signal came first.
    Interrupted,
    /// Half of the bytes are read or written, and that is what the call returns.
    Short,
}

impl Failure {
    /// Returns the ways in which a kind of call can fail.
    #[must_use]
    pub fn of(kind: CallKind) -> &'static [Self] {
        match kind {
            CallKind::Read => &[Self::Io, Self::Interrupted, Self::Short],
            CallKind::Write => &[Self::Io, Self::Late, Self::Full, Self::Interrupted, Self::Short],
            CallKind::Sync => &[Self::Io, Self::Late, Self::Full, Self::Interrupted],
            CallKind::Open | CallKind::Resize => &[Self::Io, Self::Full, Self::Interrupted],
            CallKind::Rename | CallKind::Mkdir => &[Self::Io, Self::Full],
            CallKind::Remove => &[Self::Io],
        }
    }

    /// Returns Linux's number for it; 0 stands for a short call.
    #[must_use]
    pub fn errno(self) -> i32 {
        match self {
            Self::Short => 0,
            Self::Interrupted => 4,
            Self::Io | Self::Late => 5,
            Self::Full => 28,
            Self::ReadOnly => 30,
        }
    }

    /// Returns how many milliseconds pass until the call fails.
    #[must_use]
    pub fn delay(self) -> u64 {
        if self == Self::Late { 100 } else { 0 }
    }

    /// Returns its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Short => "short",
            Self::Interrupted => "EINTR",
            Self::Io => "EIO",
            Self::Late => "late EIO",
            Self::Full => "ENOSPC",
            Self::ReadOnly => "EROFS",
        }
    }
}

/// What the recorder does besides recording.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Meddling {
    /// Nothing.
    #[default]
    None,
    /// One call fails.
    Fail(Injection),
    /// Syncing does nothing and succeeds.
    IgnoreSyncs,
    /// Syncing a folder does nothing and succeeds.
    IgnoreFolderSyncs,
}

impl Recorder {
    /// Compiles the recorder into a folder, with the system's C compiler.
    ///
    /// # Errors
    /// [`Error::Compile`] if there is none, or it fails.
    pub fn compile(folder: &Path) -> Result<Self> {
        let (source, library) = (folder.join("recorder.c"), folder.join("recorder.so"));
        let failed = |reason: String| Error::Compile { reason };
        if !cfg!(target_os = "linux") {
            return Err(failed("this is not Linux".to_owned()));
        }
        std::fs::write(&source, SOURCE).map_err(Error::at(&source))?;
        let compiled = Command::new("cc")
            .args(["-O2", "-Wall", "-shared", "-fPIC", "-pthread", "-o"])
            .args([&library, &source])
            .output()
            .map_err(|cause| failed(cause.to_string()))?;
        if !compiled.status.success() {
            return Err(failed(String::from_utf8_lossy(&compiled.stderr).into_owned()));
        }
        Ok(Self { library })
    }

    /// Sets up a process to be recorded: calls under `root` go to the log, and what the process
    /// writes to the file `notes` is a note.
    pub fn record(
        &self,
        command: &mut Command,
        root: &Path,
        log: &Path,
        notes: &Path,
        meddling: Meddling,
    ) {
        command
            .env("LD_PRELOAD", &self.library)
            .env("ARBOUR_FAULTS_ROOT", root)
            .env("ARBOUR_FAULTS_LOG", log)
            .env("ARBOUR_FAULTS_NOTES", notes);
        match meddling {
            Meddling::None => command,
            Meddling::Fail(Injection { kind, number, failure }) => {
                let (errno, delay) = (failure.errno(), failure.delay());
                let fail = format!("{} {number} {errno} {delay}", kind.name());
                command.env("ARBOUR_FAULTS_FAIL", fail)
            }
            Meddling::IgnoreSyncs => command.env("ARBOUR_FAULTS_IGNORE", "all"),
            Meddling::IgnoreFolderSyncs => command.env("ARBOUR_FAULTS_IGNORE", "folders"),
        };
    }
}
