//! Running a program on the store of a bed.

use std::env;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use crate::bed::Bed;

/// The result of a run of a program.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

/// An example, by name.
#[derive(Clone, Copy)]
pub(crate) struct Program(pub(crate) &'static str);

impl Program {
    /// Finds the program beside this test, where Cargo builds the examples of a package.
    pub(crate) fn path(self) -> PathBuf {
        let test = env::current_exe().unwrap();
        let built = test.parent().unwrap().parent().unwrap();
        let name = format!("{}{}", self.0, env::consts::EXE_SUFFIX);
        let program = built.join("examples").join(name);
        assert!(
            program.is_file(),
            "{} is not there: build it with `cargo build --example {}`",
            program.display(),
            self.0
        );
        program
    }

    /// Prepares a call of it.
    pub(crate) fn command(self) -> Command {
        Command::new(self.path())
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
