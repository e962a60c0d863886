//! The program of the example, and several instances of it at once (`E14`).

use std::fs;
use std::io::Read as _;
use std::process::{Child, Command, Stdio};

use crate::bed::{Bed, with_every_persistent_queue};
use crate::engines::on_every_persistent_engine;

on_every_persistent_engine!(things_are_kept);

with_every_persistent_queue!(
    events_are_kept,
    the_queue_of_another_store_is_found_out,
    a_reader_may_stop_reading,
);

/// The result of a run of the program.
#[derive(Debug)]
struct Run {
    code: Option<i32>,
    out: String,
    err: String,
}

const THING: &str = "{\"count\":3,\"id\":5,\"name\":\"hi\"}\n";

fn start_with(bed: &Bed, arguments: &[&str]) -> Child {
    Command::new(env!("CARGO_BIN_EXE_strato"))
        .args(arguments)
        .current_dir(bed.folder.path())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

/// Starts the program on the bed's store and queue.
fn start(bed: &Bed, command: &str) -> Child {
    let (store, queue) = (bed.url(), bed.queue_url());
    let mut arguments = vec!["--store", &store];
    if let Some(queue) = &queue {
        arguments.extend(["--queue", queue]);
    }
    arguments.push(command);
    start_with(bed, &arguments)
}

fn finish(child: Child) -> Run {
    let output = child.wait_with_output().unwrap();
    Run {
        code: output.status.code(),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    }
}

/// Runs the program, which prints exactly this.
#[track_caller]
fn prints(bed: &Bed, command: &str, out: &str) {
    let run = finish(start(bed, command));
    assert_eq!((run.code, run.out.as_str(), run.err.as_str()), (Some(0), out, ""));
}

/// Asserts that a run failed with one line.
#[track_caller]
fn failed(run: &Run, says: &str) {
    assert_eq!((run.code, run.out.as_str()), (Some(1), ""), "{}", run.err);
    assert!(run.err.starts_with("strato: ") && run.err.contains(says), "{}", run.err);
    assert_eq!(run.err.lines().count(), 1, "{}", run.err);
}

/// Returns the lines of this many events.
fn history(count: usize) -> String {
    (1..=count).map(|position| format!("{position}\tthings/set\t{THING}")).collect()
}

fn things_are_kept(bed: &Bed) {
    for _ in 0..2 {
        prints(bed, "crud", THING);
    }
}

fn events_are_kept(bed: &Bed) {
    failed(&finish(start(bed, "history")), "(NotFound; store");
    assert!(bed.is_empty(), "no store is made to be read");
    for count in 1..=2 {
        prints(bed, "events", &format!("{THING}{}", history(count)));
    }
    prints(bed, "history", &history(2));
}

fn the_queue_of_another_store_is_found_out(bed: &Bed) {
    prints(bed, "events", &format!("{THING}{}", history(1)));
    let (store, other) = (bed.url(), format!("redb:{}", bed.folder.path().join("other").display()));
    let run = finish(start_with(bed, &["--store", &store, "--queue", &other, "events"]));
    failed(&run, "name the queue that belongs to the store");
}

fn a_reader_may_stop_reading(bed: &Bed) {
    let mut child = start(bed, "events");
    drop(child.stdout.take());
    let mut said = String::new();
    child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
    assert_eq!((child.wait().unwrap().code(), said.as_str()), (Some(0), ""));
}

#[test]
fn what_is_in_memory_is_gone_behind_a_run() {
    for bed in [Bed::of("memory"), Bed::apart("memory", "memory")] {
        prints(&bed, "events", &format!("{THING}{}", history(1)));
        failed(&finish(start(&bed, "history")), "(NotFound)");
    }
    prints(&Bed::of("memory"), "crud", THING);
}

#[test]
fn wrong_calls_exit_with_2() {
    let bed = Bed::of("redb");
    for arguments in [
        &[][..],
        &["crud"],
        &["--store", "memory:"],
        &["--store", "memory:", "frobnicate"],
        &["--store", "memory:", "--queue", "memory:", "crud"],
    ] {
        let run = finish(start_with(&bed, arguments));
        assert_eq!((run.code, run.out.as_str()), (Some(2), ""), "{arguments:?}: {}", run.err);
    }
    assert!(bed.is_empty());
}

#[test]
fn a_store_that_cannot_be_opened_is_one_clear_line() {
    let bed = Bed::of("redb");
    let url = bed.url();
    let path = url.strip_prefix("redb:").unwrap();
    fs::write(path, "no database at all, but long enough to be looked at".repeat(99)).unwrap();
    failed(&finish(start(&bed, "crud")), "(Corrupted; store");
    fs::remove_file(path).unwrap();
    let store = bed.open();
    failed(&finish(start(&bed, "events")), "close the other handle or process");
    drop(store);
    failed(&finish(start_with(&bed, &["--store", "x:y", "crud"])), "there is no engine \"x\"");
}

/// E14, and a mistake of strato-db: a process that waited for an event that another one applied
/// waited for ever, or exited as if it had succeeded.
#[cfg(feature = "sqlite")]
#[test]
fn processes_that_share_a_queue_never_hang_each_other() {
    for bed in [Bed::of("sqlite"), Bed::apart("sqlite", "sqlite")] {
        let running: Vec<Child> = (0..8).map(|_| start(&bed, "events")).collect();
        for run in running.into_iter().map(finish) {
            assert_eq!((run.code, run.err.as_str()), (Some(0), ""));
            assert!(run.out.starts_with(&format!("{THING}{}", history(1))), "{}", run.out);
        }
        prints(&bed, "history", &history(8));
    }
}
