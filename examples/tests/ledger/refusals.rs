//! Calls that are refused or fail before anything is done: one clear line, and the right code.

use std::fs;

use crate::bed::{Bed, on_every_persistent_engine};
use crate::program::{fails, finish, import_log, is_failure, open_two, start_with};

on_every_persistent_engine!(a_store_that_is_not_there_is_not_made);

fn a_store_that_is_not_there_is_not_made(bed: &Bed) {
    for command in [
        &["accounts"][..],
        &["deposit", "ada", "1"],
        &["authors"],
        &["follow", "--for", "0"],
        &["rebuild"],
        &["failed"],
        &["replay", "accounts", "1"],
        &["release", "accounts", "account/ada"],
        &["status"],
    ] {
        fails(bed, command, 1, "(NotFound; store");
        assert!(bed.is_empty(), "{command:?}");
    }
    import_log(bed);
}

#[test]
fn wrong_calls_exit_with_2() {
    let bed = Bed::redb();
    for arguments in [
        &[][..],
        &["frobnicate"],
        &["open"],
        &["deposit", "ada"],
        &["deposit", "ada", "0"],
        &["deposit", "ada", "-1"],
        &["deposit", "ada", "1.5"],
        &["transfer", "ada", "bob"],
        &["withdraw", "ada", "1", "--key", ""],
        &["import"],
        &["authors", "--limit", "0"],
        &["days", "--from", "yesterday"],
        &["days", "--from", "2026-13-01"],
        &["files", "--sort", "colour"],
        &["follow", "--for", "soon"],
        &["rebuild", "everything"],
        &["failed", "everything"],
        &["replay", "accounts"],
        &["replay", "accounts", "first"],
        &["release", "accounts"],
    ] {
        fails(&bed, arguments, 2, "");
    }
    assert!(bed.is_empty());
}

#[test]
fn a_store_that_cannot_be_opened_is_one_clear_line() {
    let bed = Bed::redb();
    let file = bed.path();
    fs::write(&file, "no database at all, but long enough to be looked at".repeat(99)).unwrap();
    fails(&bed, &["status"], 1, "(Corrupted; store");
    fs::remove_file(&file).unwrap();

    let store = arbour::open(&bed.url()).unwrap();
    fails(&bed, &["status"], 1, "(Locked; store");
    fails(&bed, &["import", "-"], 1, "(Locked; store");
    drop(store);

    for url in ["redb:missing/x.redb", "x:y", ""] {
        is_failure(&finish(start_with(&bed, &["--store", url, "open", "ada"]), b""), 1, "");
    }
}

#[test]
fn a_log_that_cannot_be_opened_is_one_clear_line() {
    let bed = Bed::redb();
    open_two(&bed);
    let url = bed.url();
    for log in ["redb:missing.redb", "x:y", "", &url] {
        let run = finish(start_with(&bed, &["--store", &url, "--log", log, "accounts"]), b"");
        is_failure(&run, 1, "");
    }
}
