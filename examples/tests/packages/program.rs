//! Running the program, and the result of a run.

use std::io::Write as _;
use std::process::{Child, Command, Stdio};

use crate::bed::Bed;

/// The packages of most tests.
pub(crate) const INDEX: &str = include_str!("index.txt");

/// The result of a run of the program.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Run {
    /// Returns the names of the packages that were printed.
    pub(crate) fn names(&self) -> Vec<&str> {
        self.out.lines().filter_map(|line| line.split('\t').next()).collect()
    }

    /// Returns the text on the standard error after a word and a colon.
    pub(crate) fn said(&self, word: &str) -> Option<&str> {
        let mut lines = self.err.lines();
        lines.find_map(|line| line.strip_prefix(word)?.strip_prefix(": "))
    }
}

/// Starts the program on a store.
pub(crate) fn start_at(url: &str, bed: &Bed, arguments: &[&str]) -> Child {
    Command::new(env!("CARGO_BIN_EXE_packages"))
        .args(["--store", url])
        .args(arguments)
        .current_dir(bed.folder.path())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

/// Runs what was started, with an input.
pub(crate) fn finish(mut child: Child, input: &[u8]) -> Run {
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

/// Runs the program on the bed's store.
pub(crate) fn run(bed: &Bed, arguments: &[&str]) -> Run {
    finish(start_at(&bed.url(), bed, arguments), b"")
}

/// Imports an index from the standard input.
pub(crate) fn import(bed: &Bed, index: &[u8]) -> Run {
    finish(start_at(&bed.url(), bed, &["import", "-"]), index)
}

/// Imports the packages of most tests.
pub(crate) fn import_index(bed: &Bed) {
    let imported = import(bed, INDEX.as_bytes());
    assert_eq!((imported.code, imported.err.as_str()), (Some(0), ""));
    assert!(imported.out.ends_with(": 12 new, 0 updated\n"), "{}", imported.out);
}

/// Runs the program, which prints exactly this.
#[track_caller]
pub(crate) fn prints(bed: &Bed, arguments: &[&str], out: &str) {
    let run = run(bed, arguments);
    assert_eq!((run.code, run.out.as_str(), run.err.as_str()), (Some(0), out, ""));
}

/// Searches for absent packages.
#[track_caller]
pub(crate) fn finds_nothing(bed: &Bed, criteria: &[&str]) {
    let run = run(bed, &[&["search"], criteria].concat());
    let says = "no package meets all conditions\n";
    assert_eq!((run.code, run.out.as_str(), run.err.as_str()), (Some(0), "", says));
}

/// Runs the program, which fails with this code and, except for wrong arguments, one line.
#[track_caller]
pub(crate) fn fails(bed: &Bed, arguments: &[&str], code: i32, says: &str) {
    let run = run(bed, arguments);
    assert_eq!((run.code, run.out.as_str()), (Some(code), ""));
    assert!(run.err.contains(says), "{}", run.err);
    if code == 1 {
        assert_eq!(run.err.lines().count(), 1, "{}", run.err);
        assert!(run.err.starts_with("packages: "), "{}", run.err);
    }
}
