//! Running a program on the store of a bed.

use std::io::Write as _;
use std::process::{Child, Command, Stdio};

use crate::bed::Bed;

/// The result of a run of a program.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

/// The path of a program, which Cargo builds before the tests: `env!("CARGO_BIN_EXE_dicebot")`.
#[derive(Clone, Copy)]
pub(crate) struct Program(pub(crate) &'static str);

impl Program {
    /// Prepares a call of it.
    pub(crate) fn command(self) -> Command {
        Command::new(self.0)
    }

    /// Starts it on the bed's store.
    pub(crate) fn start(self, bed: &Bed, arguments: &[&str]) -> Child {
        self.command()
            .args(["--store", bed.url()])
            .args(arguments)
            .current_dir(bed.folder.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap()
    }

    /// Runs it with an input.
    pub(crate) fn run_with(self, bed: &Bed, arguments: &[&str], input: &[u8]) -> Run {
        let mut child = self.start(bed, arguments);
        let mut stdin = child.stdin.take().unwrap();
        // A program that ends early leaves its input unread, which is not a failure of the test.
        let _ = stdin.write_all(input);
        drop(stdin);
        let output = child.wait_with_output().unwrap();
        Run {
            code: output.status.code(),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        }
    }
}
