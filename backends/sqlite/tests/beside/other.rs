//! The other process: this program again, which runs the same test in another role.

use std::env;
use std::fmt::Display;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use arbour_core::StoreOptions;
use arbour_sqlite::SqliteStore;

const PATH: &str = "ARBOUR_CHILD_PATH";

/// Marks the lines of the other process among those of the test harness around it.
const SAYS: &str = "child: ";

/// Returns the store to work on, if this is the other process.
pub(super) fn path_of_other() -> Option<PathBuf> {
    env::var_os(PATH).map(PathBuf::from)
}

/// Says something to the process that started this one.
pub(super) fn say(what: impl Display) {
    // On a line of its own, because the harness has already begun one.
    println!("\n{SAYS}{what}");
    std::io::stdout().flush().expect("the parent listens");
}

pub(super) fn open(path: &Path) -> SqliteStore {
    SqliteStore::open(path, &StoreOptions::new()).expect("the store opens")
}

/// The other process, as the one that started it sees it. It is killed when this is dropped.
pub(super) struct Other {
    child: Child,
    told: ChildStdin,
    said: BufReader<ChildStdout>,
}

impl Other {
    /// Starts a process that runs the test of this name.
    pub(super) fn start(test: &str, path: &Path) -> Self {
        let mut child = Command::new(env::current_exe().expect("this is a program"))
            .args([test, "--exact", "--nocapture"])
            .env(PATH, path)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the child starts");
        let told = child.stdin.take().expect("it is piped");
        let said = BufReader::new(child.stdout.take().expect("it is piped"));
        Self { child, told, said }
    }

    pub(super) fn tell(&mut self, what: &str) {
        writeln!(self.told, "{what}").expect("the child listens");
    }

    /// Waits until the process says something.
    pub(super) fn hear(&mut self) -> String {
        let mut line = String::new();
        loop {
            line.clear();
            let bytes = self.said.read_line(&mut line).expect("the child says text");
            assert!(bytes > 0, "the other process failed");
            if let Some(said) = line.trim_end().strip_prefix(SAYS) {
                return said.to_owned();
            }
        }
    }
}

impl Drop for Other {
    fn drop(&mut self) {
        // It may have ended already; in any case no process is left running.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
