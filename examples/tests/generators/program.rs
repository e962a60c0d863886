//! The program: its output and its exit codes.

use std::fs;

use serde_json::json;

use crate::bed::{Bed, put_raw};
use crate::database::Op;
use crate::engines::on_every_persistent_engine;
use crate::running::{Program, Run};

on_every_persistent_engine!(
    values_are_put_read_listed_and_deleted,
    a_batch_is_performed_as_a_whole,
    an_event_is_deleted_with_its_modifiers,
    values_are_brought_up_once,
    a_damaged_value_is_one_clear_line,
    what_get_all_prints_batch_takes,
    a_reader_may_stop_reading,
);

pub(crate) const GENERATORS: Program = Program(env!("CARGO_BIN_EXE_generators"));

fn run_with(bed: &Bed, arguments: &[&str], input: &[u8]) -> Run {
    GENERATORS.run_with(bed, arguments, input)
}

#[track_caller]
fn prints(bed: &Bed, arguments: &[&str], out: &str) {
    let run = run_with(bed, arguments, b"");
    assert_eq!((run.code, run.out.as_str()), (Some(0), out), "{}", run.err);
    assert!(run.err.is_empty(), "{}", run.err);
}

#[track_caller]
fn fails_with(bed: &Bed, arguments: &[&str], input: &[u8], code: i32, says: &str) {
    let run = run_with(bed, arguments, input);
    assert_eq!((run.code, run.out.as_str()), (Some(code), ""));
    assert!(run.err.contains(says), "{}", run.err);
    if code == 1 {
        assert_eq!(run.err.lines().count(), 1, "{}", run.err);
        assert!(run.err.starts_with("generators: "), "{}", run.err);
    }
}

#[track_caller]
fn fails(bed: &Bed, arguments: &[&str], code: i32, says: &str) {
    fails_with(bed, arguments, b"", code, says);
}

fn is_empty(bed: &Bed) -> bool {
    fs::read_dir(bed.folder.path()).unwrap().next().is_none()
}

fn values_are_put_read_listed_and_deleted(bed: &Bed) {
    prints(bed, &["put", "event:日本", r#"{ "b": 1, "a": null }"#], "");
    prints(bed, &["put", "event:1", "-2"], "");
    prints(bed, &["put", "other", "null"], "");
    prints(bed, &["get", "event:日本"], "{\"a\":null,\"b\":1}\n");
    prints(bed, &["get", "event:1"], "-2\n");
    prints(bed, &["get", "other"], "null\n");
    prints(bed, &["keys"], "event:1\nevent:日本\nother\n");
    prints(bed, &["keys", "event:"], "event:1\nevent:日本\n");
    prints(bed, &["get-all", "event:1"], "{\"type\":\"put\",\"key\":\"event:1\",\"value\":-2}\n");
    prints(bed, &["status"], "replica\tx\nversion\t0\nentries\t3\n");
    prints(bed, &["del", "event:1"], "");
    prints(bed, &["del", "event:1"], "");
    prints(bed, &["keys", "nothing"], "");
    prints(bed, &["get-all", "nothing"], "");
    fails(bed, &["get", "event:1"], 1, "nothing under \"event:1\": keys shows");
}

fn a_batch_is_performed_as_a_whole(bed: &Bed) {
    let put = |key: &str| format!("{{\"type\":\"put\",\"key\":\"{key}\",\"value\":null}}\n");
    let good = put("a") + "\n" + &put("b") + "{\"type\":\"del\",\"key\":\"a\"}\r\n";
    let run = run_with(bed, &["batch", "-"], good.as_bytes());
    assert_eq!((run.code, run.out.as_str()), (Some(0), "3 operations\n"), "{}", run.err);
    prints(bed, &["keys"], "b\n");
    fs::write(bed.folder.path().join("ops.jsonl"), put("c")).unwrap();
    prints(bed, &["batch", "ops.jsonl"], "1 operation\n");
    prints(bed, &["batch"], "0 operations\n");

    let refused = |line: &str, says: &str| {
        let input = put("never") + "\n" + line + "\n" + &put("never either");
        fails_with(bed, &["batch"], input.as_bytes(), 1, "line 3 (");
        fails_with(bed, &["batch"], input.as_bytes(), 1, says);
    };
    // The original treats unknown types as deletions.
    refused(r#"{"type":"delete","key":"b"}"#, "unknown variant `delete`");
    refused(r#"{"type":"put","key":"b"}"#, "missing field `value`");
    refused(r#"{"type":"del","key":"b","value":1}"#, "unknown field `value`");
    refused(r#"{"key":"b","value":1}"#, "missing field `type`");
    refused(r#"{"type":"put","key":1,"value":1}"#, "expected a string");
    refused("put b 1", "expected value");
    let too_long = put("never") + &put(&"k".repeat(70_000));
    fails_with(bed, &["batch"], too_long.as_bytes(), 1, "BATCH 2 ops");
    fails_with(bed, &["batch"], b"\xff\n", 1, "cannot read -");
    fails(bed, &["batch", "missing.jsonl"], 1, "cannot read missing.jsonl");
    prints(bed, &["keys"], "b\nc\n");
}

fn an_event_is_deleted_with_its_modifiers(bed: &Bed) {
    for key in ["event:1", "modifier:1:place", "event:10", "modifier:10:place"] {
        prints(bed, &["put", key, "{}"], "");
    }
    prints(bed, &["delete-event", "1"], "event:1\nmodifier:1:place\n");
    prints(bed, &["keys"], "event:10\nmodifier:10:place\n");
    fails(bed, &["delete-event", "1"], 1, "no event \"1\" and no modifier of it");
}

fn values_are_brought_up_once(bed: &Bed) {
    for (key, value) in [
        ("event:1", r#"{"type":"walk"}"#),
        ("event:2", r#"{"id":"two"}"#),
        ("event:3", "3"),
        ("modifier:1:place", "\"park\""),
        ("modifier:4:orphan", "1"),
        ("modifier:4:x:whose", "1"),
        ("generated:summary:1", "\"old\""),
        ("note", "\"kept\""),
    ] {
        prints(bed, &["put", key, value], "");
    }
    prints(bed, &["migrate"], "1 upgrade: version 1 in replica y\n");
    prints(bed, &["migrate"], "0 upgrades: version 1 in replica y\n");
    prints(bed, &["status"], "replica\ty\nversion\t1\nentries\t8\n");
    prints(bed, &["get", "event:1"], "{\"id\":\"1\",\"type\":\"walk\"}\n");
    prints(bed, &["get", "event:2"], "{\"id\":\"two\"}\n");
    prints(bed, &["get", "event:3"], "3\n");
    prints(bed, &["keys", "modifier:"], "modifier:1:place\nmodifier:4:x:whose\n");
    prints(bed, &["get", "generated:summary:1"], "null\n");
    prints(bed, &["get", "generated:count:events"], "3\n");
    prints(bed, &["get", "note"], "\"kept\"\n");
}

fn a_damaged_value_is_one_clear_line(bed: &Bed) {
    let database = bed.open();
    database.put("a", &json!(1)).unwrap();
    put_raw(&database, "x", b"k", b"{");
    database.close().unwrap();
    drop(database);
    let of = |query: &str| format!("generators: {query} in {}: ", bed.url());
    fails(bed, &["get", "k"], 1, &of("GET k"));
    fails(bed, &["get-all"], 1, &of("GETALL *"));
    fails(bed, &["migrate"], 1, "key \"k\" of tree \"x\"");
    fails(bed, &["get", "k"], 1, "repair the entry");
    prints(bed, &["get", "a"], "1\n");
    prints(bed, &["keys"], "a\nk\n");
}

/// So it is also the way from one engine to another.
fn what_get_all_prints_batch_takes(bed: &Bed) {
    let database = bed.open();
    let keys = ["", "a\nb", "event:😀", "\u{0}"];
    let ops = keys.map(|key| Op::put(key, json!({ "of": key, "list": [0.1, null] })));
    database.batch(&ops).unwrap();
    let expected = database.get_all("").unwrap();
    database.close().unwrap();
    drop(database);
    let printed = run_with(bed, &["get-all"], b"");
    assert_eq!((printed.code, printed.out.lines().count()), (Some(0), 4), "{}", printed.err);
    let copy = Bed::redb();
    let taken = run_with(&copy, &["batch"], printed.out.as_bytes());
    assert_eq!(taken.out, "4 operations\n", "{}", taken.err);
    assert_eq!(copy.open().get_all("").unwrap(), expected);
}

fn a_reader_may_stop_reading(bed: &Bed) {
    let lines: String = (0..20_000)
        .map(|n| format!("{{\"type\":\"put\",\"key\":\"event:{n}\",\"value\":{n}}}\n"))
        .collect();
    let stored = run_with(bed, &["batch"], lines.as_bytes());
    assert_eq!(stored.out, "20000 operations\n", "{}", stored.err);
    for command in ["keys", "get-all"] {
        let mut child = GENERATORS.start(bed, &[command]);
        drop(child.stdout.take());
        let output = child.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(0));
        assert!(output.stderr.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
    }
}

#[test]
fn wrong_calls_exit_with_2() {
    let bed = Bed::redb();
    for arguments in [
        &[][..],
        &["frobnicate"],
        &["put", "k"],
        &["put", "k", "{"],
        &["put", "k", "undefined"],
        &["put", "a\nb", "1"],
        &["get"],
        &["get", "a\rb"],
        &["delete-event"],
        &["migrate", "now"],
    ] {
        fails(&bed, arguments, 2, "");
    }
    assert!(is_empty(&bed));
}

/// Of the guards of the original: the line has what `isDatabaseInitializationError` tells.
#[test]
fn a_store_that_cannot_be_opened_is_one_clear_line() {
    let bed = Bed::redb();
    for command in [&["keys"][..], &["get", "k"], &["del", "k"], &["migrate"], &["status"]] {
        fails(&bed, command, 1, "(NotFound; store");
    }
    fails_with(&bed, &["batch"], b"no operation", 1, "line 1");
    assert!(is_empty(&bed));

    let file = bed.folder.path().join("generators.redb");
    fs::write(&file, "no database at all, but long enough to be looked at".repeat(99)).unwrap();
    fails(&bed, &["keys"], 1, "(Corrupted; store");
    fs::remove_file(&file).unwrap();

    let database = bed.open();
    fails(&bed, &["keys"], 1, "(Locked; store");
    fails(&bed, &["put", "k", "1"], 1, &format!("OPEN {}: ", bed.url()));
    database.close().unwrap();
    drop(database);
    prints(&bed, &["put", "k", "1"], "");
    prints(&bed, &["get", "k"], "1\n");
}
