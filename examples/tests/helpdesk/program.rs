//! The program at the command line: its address, its errors, its end.

use std::process::{Command, Output};

use serde_json::json;

use crate::bed::Bed;
use crate::engines::on_every_persistent_engine;

on_every_persistent_engine!(a_kill_loses_nothing_that_was_answered);

fn run(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_helpdesk")).args(arguments).output().unwrap()
}

#[track_caller]
fn fails(arguments: &[&str], parts: &[&str]) {
    let output = run(arguments);
    let err = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{err}");
    assert!(err.starts_with("helpdesk: ") && err.lines().count() == 1, "{err}");
    assert!(parts.iter().all(|part| err.contains(part)), "{err}");
}

#[test]
fn what_prevents_a_start_is_one_clear_line() {
    fails(&["--store", "oracle:scott", "--listen", "127.0.0.1:0"], &["oracle", "redb"]);
    let desk = Bed::of("memory").serve();
    let taken = desk.address.to_string();
    fails(&["--store", "memory:", "--listen", &taken], &[&taken, "--listen"]);
}

#[test]
fn wrong_arguments_are_refused() {
    assert_eq!(run(&[]).status.code(), Some(2));
    assert_eq!(run(&["--store", "memory:", "--listen", "here"]).status.code(), Some(2));
}

fn a_kill_loses_nothing_that_was_answered(bed: &Bed) {
    const TICKETS: u64 = 5;
    let mut desk = bed.serve();
    for _ in 0..TICKETS {
        let ticket = json!({"title": "printer on fire", "reporter": "ada"});
        assert_eq!(desk.post("/tickets", ticket).0, 201);
    }
    // Dropping it kills it.
    drop(desk);
    let mut desk = bed.serve();
    for number in 1..=TICKETS {
        assert_eq!(desk.get(&format!("/tickets/{number}")).0, 200);
    }
}
