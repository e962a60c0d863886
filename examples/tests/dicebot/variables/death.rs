//! D7, across processes: the program is killed while it imports.
//!
//! This shows that the death of a process leaves whole batches and right counts. It cannot show the
//! same for the machine: what the system was given to write is still written.

use std::hash::{BuildHasher as _, Hasher as _, RandomState};
use std::io::Write as _;
use std::thread;
use std::time::Duration;

use arbour::KvStore as _;

use super::program::{run, start};
use crate::bed::Bed;
use crate::database::Scope;
use crate::engines::on_every_persistent_engine;

const BATCH_LINES: u64 = 1_000;
const ROUNDS: u64 = 8;
const USERS: u64 = 500;

/// How many lines the program has to read before it may be killed. The lines it has not processed
/// fit into a pipe and a buffer, which is less than half, so at least one batch is stored by then.
const LINES_MIN: u64 = 5_000;

/// Returns a number below `end`; it need not be a good one, only a different one every time.
fn random(end: u64) -> u64 {
    RandomState::new().build_hasher().finish() % end
}

fn line(round: u64, number: u64) -> String {
    format!("user{round}.{}\troom\tvariable{number}\t{number}\n", number % 500)
}

on_every_persistent_engine!(killed_imports_leave_whole_batches_and_right_counts);

fn killed_imports_leave_whole_batches_and_right_counts(bed: &Bed) {
    let mut stored_before = 0;
    for round in 0..ROUNDS {
        let (lines, pause) = (LINES_MIN + random(4_000), random(40_000));
        let moment = format!("round {round}, killed {pause} us behind line {lines}");
        kill_after(bed, round, lines, Duration::from_micros(pause));

        let database = bed.open();
        let report = database.variables.verify().unwrap();
        assert!(report.findings.is_empty(), "{moment}: {:?}", report.findings);
        let stored = report.variables - stored_before;
        assert_eq!(stored % BATCH_LINES, 0, "{moment}: not whole batches");
        eprintln!("{moment}: {stored}");
        assert!(stored > 0, "{moment}: nothing was stored");
        for user in 0..USERS {
            let name = &format!("user{round}.{user}");
            let scope = Scope { user: name, room: "room" };
            let mut values: Vec<i32> =
                database.variables.list(scope).unwrap().into_iter().map(|v| v.1).collect();
            values.sort_unstable();
            let expected: Vec<i32> =
                (user..stored).step_by(USERS as usize).map(|n| n as i32).collect();
            assert_eq!(values, expected, "{moment}: {name}");
        }
        stored_before = report.variables;
        database.store().close().unwrap();
    }
    assert_eq!(run(bed, &["verify"]).code, Some(0));
}

/// Feeds the program this many lines and kills it a while later, with its input still open.
fn kill_after(bed: &Bed, round: u64, lines: u64, pause: Duration) {
    let mut child = start(bed, &["import", "-"]);
    let mut input = child.stdin.take().unwrap();
    let text: String = (0..lines).map(|number| line(round, number)).collect();
    input.write_all(text.as_bytes()).unwrap();
    thread::sleep(pause);
    // On Unix this is SIGKILL, which no program can handle.
    child.kill().unwrap();
    let status = child.wait().unwrap();
    assert!(!status.success(), "it ended before it was killed: {status}");
    drop(input);
}
