//! Starts this executable again in another role, and kills it.

use std::env;
use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child as Process, ChildStdout, Command, Stdio};
use std::thread;
use std::time::Duration;

use crate::bed::Bed;

const URL: &str = "GENERATORS_CHILD_URL";
const PART: &str = "GENERATORS_CHILD_PART";

/// Marks the lines of a child among those of the test harness around it.
const SAYS: &str = "generators child: ";

/// Returns the role of this process and its store, if it is a child.
pub(crate) fn part() -> Option<(String, usize)> {
    let url = env::var(URL).ok()?;
    Some((url, env::var(PART).ok()?.parse().ok()?))
}

/// Sends the parent a line.
pub(crate) fn say(what: usize) {
    let mut out = std::io::stdout().lock();
    // On a line of its own, because the harness has already begun one.
    writeln!(out, "\n{SAYS}{what}").unwrap();
    out.flush().unwrap();
}

/// Waits to be killed.
pub(crate) fn wait_to_be_killed() -> ! {
    loop {
        thread::sleep(Duration::from_secs(60));
    }
}

/// A child that does not outlive this value.
pub(crate) struct Child {
    process: Process,
    lines: BufReader<ChildStdout>,
}

impl Child {
    /// Runs a test of this executable again, on the bed's store. Its files are in the bed's folder,
    /// because it has no chance to remove them.
    pub(crate) fn start(test: &str, bed: &Bed, part: usize) -> Self {
        let mut process = Command::new(env::current_exe().unwrap())
            .args(["--exact", &format!("{test}::{}", bed.scheme()), "--nocapture"])
            .env(URL, bed.url())
            .env(PART, part.to_string())
            .env("TMPDIR", bed.folder.path())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(process.stdout.take().unwrap());
        Self { process, lines }
    }

    /// Waits for the child's next line; `None` once it has ended.
    pub(crate) fn listen(&mut self) -> Option<usize> {
        loop {
            let mut line = String::new();
            if self.lines.read_line(&mut line).unwrap() == 0 {
                return None;
            }
            // A line that was cut off by a kill does not count.
            if let Some(said) = line.strip_prefix(SAYS).and_then(|line| line.strip_suffix('\n')) {
                return Some(said.parse().unwrap());
            }
        }
    }

    /// Kills the child, and returns its last line, if that was not read yet.
    pub(crate) fn kill(mut self) -> Option<usize> {
        // On Unix this is SIGKILL, which no program can handle.
        self.process.kill().unwrap();
        let status = self.process.wait().unwrap();
        assert_eq!(status.code(), None, "it ended before it was killed: {status}");
        std::iter::from_fn(|| self.listen()).last()
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        // It may have ended already; in any case no child is left running.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
