//! What cleans up after a process that may be killed.

use std::io;
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};

/// A process that waits for the end of this one, then kills a server and removes its folder.
///
/// It reads from a pipe that nobody writes to. The pipe ends with this process, even if that is killed.
#[derive(Debug)]
pub(crate) struct Watchdog {
    _process: Child,
    _pipe: Option<ChildStdin>,
}

impl Watchdog {
    /// Guards the server whose process number is kept in a file, and what is to be removed after it.
    pub(crate) fn start(pid_file: &Path, removed: [&Path; 2]) -> io::Result<Self> {
        // An interrupt from the terminal reaches all processes of the test; this one is still needed.
        let script = r#"trap '' INT TERM HUP
            read -r _
            pid=$(head -n 1 "$1" 2>/dev/null) && [ -n "$pid" ] && kill -KILL "$pid" 2>/dev/null
            shift
            sleep 0.2
            rm -rf "$@"
            # The processes of the server notice its end within a moment, and write until then.
            sleep 2
            rm -rf "$@""#;
        let mut process = Command::new("sh")
            .args(["-c", script, "watchdog"])
            .arg(pid_file)
            .args(removed)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()?;
        let pipe = process.stdin.take();
        Ok(Self { _process: process, _pipe: pipe })
    }
}
