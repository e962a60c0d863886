//! Running the program, and the result of a run.

use std::io::Write as _;
use std::process::{Child, Command, Stdio};

use crate::bed::Bed;

/// The commits of most tests.
pub(crate) const LOG: &str = include_str!("log.txt");

/// The result of a run of the program.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

/// Starts the program with only these arguments.
pub(crate) fn start_with(bed: &Bed, arguments: &[&str]) -> Child {
    Command::new(env!("CARGO_BIN_EXE_ledger"))
        .args(arguments)
        .current_dir(bed.folder.path())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

/// Starts the program on the bed's store and log.
pub(crate) fn start(bed: &Bed, arguments: &[&str]) -> Child {
    let (url, log) = (bed.url(), bed.log_url());
    let mut all = vec!["--store", &url];
    if let Some(log) = &log {
        all.extend(["--log", log]);
    }
    all.extend(arguments);
    start_with(bed, &all)
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

/// Runs the program on the bed's store and log.
pub(crate) fn run(bed: &Bed, arguments: &[&str]) -> Run {
    finish(start(bed, arguments), b"")
}

/// Imports a log from the standard input.
pub(crate) fn import(bed: &Bed, log: &[u8]) -> Run {
    finish(start(bed, &["import", "-"]), log)
}

/// Imports the commits of most tests.
pub(crate) fn import_log(bed: &Bed) {
    let imported = import(bed, LOG.as_bytes());
    assert_eq!((imported.code, imported.err.as_str()), (Some(0), ""));
    assert!(imported.out.ends_with(": 5 new, 0 there already\n"), "{}", imported.out);
}

/// Opens two accounts, with 500 cents in the first.
pub(crate) fn open_two(bed: &Bed) {
    prints(bed, &["open", "ada"], "ada\t0\n");
    prints(bed, &["open", "bob"], "bob\t0\n");
    prints(bed, &["deposit", "ada", "500"], "ada\t500\n");
}

/// Runs the program, which prints exactly this.
#[track_caller]
pub(crate) fn prints(bed: &Bed, arguments: &[&str], out: &str) {
    let run = run(bed, arguments);
    assert_eq!((run.code, run.out.as_str(), run.err.as_str()), (Some(0), out, ""));
}

/// Runs the program, which fails with this code and, except for wrong arguments, one line.
#[track_caller]
pub(crate) fn fails(bed: &Bed, arguments: &[&str], code: i32, says: &str) {
    is_failure(&run(bed, arguments), code, says);
}

/// Asserts that a run failed in this way.
#[track_caller]
pub(crate) fn is_failure(run: &Run, code: i32, says: &str) {
    assert_eq!((run.code, run.out.as_str()), (Some(code), ""), "{}", run.err);
    assert!(run.err.contains(says), "{}", run.err);
    if code == 1 {
        assert_eq!(run.err.lines().count(), 1, "{}", run.err);
        assert!(run.err.starts_with("ledger: "), "{}", run.err);
    }
}

/// Returns the columns of the output, by their numbers.
pub(crate) fn columns(run: &Run, numbers: &[usize]) -> Vec<Vec<String>> {
    assert_eq!((run.code, run.err.as_str()), (Some(0), ""));
    let row = |line: &str| {
        let cells: Vec<&str> = line.split('\t').collect();
        numbers.iter().map(|number| cells[*number].to_owned()).collect()
    };
    run.out.lines().map(row).collect()
}

/// Returns the position of the newest event.
pub(crate) fn head(bed: &Bed) -> u64 {
    let status = run(bed, &["status"]);
    let log = status.out.lines().next().unwrap();
    log.strip_prefix("log\t\t\t").unwrap().trim().parse().unwrap()
}
