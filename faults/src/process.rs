//! A process that exchanges lines with the harness, and may die or hang.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::Duration;

use crate::{Error, Result};

/// A process that does not outlive this value.
#[derive(Debug)]
pub(crate) struct Process {
    child: Child,
    input: Option<ChildStdin>,
    lines: Receiver<String>,
}

/// What was received from a process.
#[derive(Debug)]
pub(crate) enum Heard {
    /// It printed a line.
    Line(String),
    /// It printed nothing for too long.
    Silence,
    /// It has ended.
    Gone(Option<ExitStatus>),
}

impl Process {
    pub(crate) fn start(command: &mut Command) -> Result<Self> {
        let program = command.get_program().to_owned();
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .map_err(Error::at(program))?;
        let (sender, lines) = channel();
        if let Some(output) = child.stdout.take() {
            thread::spawn(move || {
                for line in BufReader::new(output).lines().map_while(Result::ok) {
                    if sender.send(line).is_err() {
                        break;
                    }
                }
            });
        }
        Ok(Self { input: child.stdin.take(), child, lines })
    }

    /// Sends a line. If the process has ended, the next receive reports it.
    pub(crate) fn tell(&mut self, line: &str) {
        if let Some(input) = &mut self.input {
            let _ = writeln!(input, "{line}");
        }
    }

    pub(crate) fn hear(&mut self, patience: Duration) -> Heard {
        match self.lines.recv_timeout(patience) {
            Ok(line) => Heard::Line(line),
            Err(RecvTimeoutError::Timeout) => Heard::Silence,
            Err(RecvTimeoutError::Disconnected) => Heard::Gone(self.child.wait().ok()),
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended already; in any case no process is left running.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
