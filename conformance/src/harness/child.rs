//! Starting this executable again in another role, and reading what it prints.
//!
//! A test runs its own executable again, naming itself as the only test to run, with environment
//! variables that tell the child its role. The child reports through its standard output:
//!
//! ```text
//! parent                                child
//! spawn, with path and seed        -->  open the store, work on it
//! listen                           <--  a line for each result
//! kill at a random moment          -->  X
//! open the store, compare it with what the child reported
//! ```

use std::ffi::OsString;
use std::fmt;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::{Duration, Instant};

use arbour_core::{ErrorKind, Result, StoreOptions};

use super::factory::Factory;
use super::folder::io;

const PATH: &str = "ARBOUR_CHILD_PATH";
const SEED: &str = "ARBOUR_CHILD_SEED";

/// Marks the lines of a child among those of the test harness around it.
const SAYS: &str = "arbour child: ";

/// How long a child may be silent before it counts as hung.
const SILENCE_MAX: Duration = Duration::from_secs(60);

/// How long a child retries opening a store that another process has just released.
const LOCKED_MAX: Duration = Duration::from_secs(2);

/// The parameters of a child, if this process is one.
pub(crate) struct Part {
    pub(crate) path: PathBuf,
    pub(crate) seed: u64,
}

impl Part {
    /// Returns the role of this process in a test, or `None` if it is the parent.
    pub(crate) fn of_this_process() -> Option<Self> {
        let path = std::env::var_os(PATH)?;
        let seed = std::env::var(SEED).ok()?.parse().ok()?;
        Some(Self { path: PathBuf::from(path), seed })
    }

    /// Opens the store. It retries, because a process that the parent forks elsewhere holds all its
    /// files for a moment, and with them a lock that the parent has released.
    pub(crate) fn open<F: Factory>(&self, factory: &F) -> Result<F::Store> {
        let began = Instant::now();
        loop {
            match factory.open(&self.path, &StoreOptions::new()) {
                Err(error) if error.kind() == ErrorKind::Locked && began.elapsed() < LOCKED_MAX => {
                    thread::sleep(Duration::from_millis(5));
                }
                opened => return opened,
            }
        }
    }
}

/// Sends the parent a line.
pub(crate) fn say(what: impl fmt::Display) -> Result<()> {
    // On a line of its own, because the harness has already begun one.
    writeln!(std::io::stdout(), "\n{SAYS}{what}").map_err(io)
}

/// A child that does not outlive this value.
pub(crate) struct Running {
    child: Child,
    lines: Receiver<String>,
}

impl Running {
    /// Runs a test of this executable again; `test` is its full path, with the crate.
    pub(crate) fn start(test: &str, path: &Path, seed: u64) -> Result<Self> {
        let command = Command::new(std::env::current_exe().map_err(io)?);
        Self::spawn(command, test, path, seed)
    }

    /// Does the same, but makes the system refuse to extend any file beyond this many bytes.
    /// Without unsafe code only a shell can set that limit; its unit is 512 bytes.
    pub(crate) fn start_with_room(test: &str, path: &Path, bytes: u64) -> Result<Self> {
        let limit = format!("trap '' XFSZ; ulimit -f {}; exec \"$0\" \"$@\"", bytes / 512);
        let mut command = Command::new("sh");
        command.args(["-c", &limit]).arg(std::env::current_exe().map_err(io)?);
        Self::spawn(command, test, path, 0)
    }

    fn spawn(mut command: Command, test: &str, path: &Path, seed: u64) -> Result<Self> {
        let (_, name) = test.split_once("::").expect("a test's path begins with its crate");
        let mut child = command
            .args(["--exact", name, "--nocapture", "--test-threads=1"])
            .env(PATH, OsString::from(path))
            .env(SEED, seed.to_string())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(io)?;
        let stdout = child.stdout.take().expect("its output was piped");
        let (sender, lines) = channel();
        thread::spawn(move || {
            for said in Said(BufReader::new(stdout)) {
                if sender.send(said).is_err() {
                    break;
                }
            }
        });
        Ok(Self { child, lines })
    }

    /// Waits for the child's next line; `None` once it has ended.
    pub(crate) fn listen(&self) -> Option<String> {
        use std::sync::mpsc::RecvTimeoutError::Timeout;

        let heard = self.lines.recv_timeout(SILENCE_MAX);
        assert_ne!(heard, Err(Timeout), "the child said nothing for {SILENCE_MAX:?}");
        heard.ok()
    }

    /// Kills the child at once. Returns how it ended; [`listen`](Self::listen) then returns the
    /// remaining lines that it printed before.
    pub(crate) fn kill(&mut self) -> Result<ExitStatus> {
        self.child.kill().map_err(io)?;
        self.child.wait().map_err(io)
    }

    /// Waits for the child to end by itself and returns all its lines.
    pub(crate) fn finish(mut self) -> Result<Vec<String>> {
        let said = std::iter::from_fn(|| self.listen()).collect();
        let status = self.child.wait().map_err(io)?;
        assert!(status.success(), "the child failed ({status}) having said {said:?}");
        Ok(said)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended already; in any case no child is left running.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The complete lines of a child. A line that was cut off by a kill does not count.
struct Said(BufReader<ChildStdout>);

impl Iterator for Said {
    type Item = String;

    fn next(&mut self) -> Option<String> {
        loop {
            let mut line = String::new();
            if self.0.read_line(&mut line).ok()? == 0 {
                return None;
            }
            if let Some(said) = line.strip_prefix(SAYS).and_then(|line| line.strip_suffix('\n')) {
                return Some(said.to_owned());
            }
        }
    }
}
