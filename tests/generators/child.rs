//! Starting this executable again with another part to play, and killing it.

use std::env;
use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child as Process, ChildStdout, Command, Stdio};
use std::thread;
use std::time::Duration;

use crate::bed::Bed;

const URL: &str = "GENERATORS_CHILD_URL";
const PART: &str = "GENERATORS_CHILD_PART";

/// Tells what a child says from what the test harness around it prints.
const SAYS: &str = "generators child: ";

/// Returns what this process has to do and on which store, if it is a child.
pub(crate) fn part() -> Option<(String, usize)> {
    let url = env::var(URL).ok()?;
    Some((url, env::var(PART).ok()?.parse().ok()?))
}

/// Tells the parent something.
pub(crate) fn say(what: usize) {
    let mut out = std::io::stdout().lock();
    // A line of its own, for the harness has begun one already.
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
    /// Runs a test of this executable again, on the bed's store. What it makes of files lies in the
    /// bed's folder, for it has no chance to remove them.
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

    /// Waits for what the child says next; `None` once it is gone.
    pub(crate) fn listen(&mut self) -> Option<usize> {
        loop {
            let mut line = String::new();
            if self.lines.read_line(&mut line).unwrap() == 0 {
                return None;
            }
            // What it was killed in the midst of, it never said.
            if let Some(said) = line.strip_prefix(SAYS).and_then(|line| line.strip_suffix('\n')) {
                return Some(said.parse().unwrap());
            }
        }
    }

    /// Kills the child, and returns the last that it said, if that was not heard yet.
    pub(crate) fn kill(mut self) -> Option<usize> {
        // On Unix this is SIGKILL, which no program can answer.
        self.process.kill().unwrap();
        let status = self.process.wait().unwrap();
        assert_eq!(status.code(), None, "it ended before it was killed: {status}");
        std::iter::from_fn(|| self.listen()).last()
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        // It may have ended already; whatever happens, none is left behind.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
