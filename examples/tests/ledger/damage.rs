//! Logs of other stores, and events that cannot be applied.

use std::fs;

use arbour::KvStore as _;
use arbour::events::{Append, Log, NewEvent};

use crate::bed::{Bed, on_every_persistent_engine};
use crate::program::{columns, fails, finish, is_failure, open_two, prints, run, start_with};

on_every_persistent_engine!(another_log_is_refused, what_cannot_be_applied_is_dead_lettered,);

/// If a store is opened with the log of another, the one must not be folded into the other.
fn another_log_is_refused(bed: &Bed) {
    open_two(bed);
    // The other log is shorter, as long, and longer.
    for deposits in 1..=3 {
        let other = Bed::redb();
        prints(&other, &["open", "eve"], "eve\t0\n");
        for _ in 0..deposits {
            assert_eq!(run(&other, &["deposit", "eve", "1"]).code, Some(0));
        }
        let (url, log) = (bed.url(), other.url());
        for command in [&["accounts"][..], &["deposit", "ada", "1"], &["rebuild"], &["open", "x"]] {
            let arguments = [&["--store", &url, "--log", &log], command].concat();
            let run = finish(start_with(bed, &arguments), b"");
            is_failure(&run, 1, "it is another log than accounts was made from");
        }
        assert_eq!(columns(&run(&other, &["accounts"]), &[0]), [["eve"]]);
    }
    assert_eq!(columns(&run(bed, &["accounts"]), &[0, 1]), [["ada", "500"], ["bob", "0"]]);
}

/// A call without the log looks for it in the store itself.
#[test]
fn a_log_that_is_left_out_is_missed() {
    let bed = Bed::apart("redb", "redb");
    open_two(&bed);
    let url = bed.url();
    for command in [&["accounts"][..], &["deposit", "ada", "1"], &["open", "x"], &["status"]] {
        let run = finish(start_with(&bed, &[&["--store", &url], command].concat()), b"");
        let says = "the log is empty, and the accounts of the store were folded from 3 events";
        is_failure(&run, 1, says);
    }
    assert_eq!(columns(&run(&bed, &["accounts"]), &[0, 1]), [["ada", "500"], ["bob", "0"]]);
}

/// The log was restored from an old backup, but not the store: the store has more than the log, and
/// must not get other events at the same positions.
#[test]
fn a_log_that_lost_its_end_is_refused() {
    let bed = Bed::apart("redb", "redb");
    open_two(&bed);
    let (log, backup) = (bed.folder.path().join("log.redb"), bed.folder.path().join("backup"));
    fs::copy(&log, &backup).unwrap();
    prints(&bed, &["deposit", "bob", "1"], "bob\t1\n");
    fs::copy(&log, bed.folder.path().join("newest")).unwrap();
    fs::copy(&backup, &log).unwrap();
    for command in [&["accounts"][..], &["deposit", "ada", "1"], &["rebuild"]] {
        let says = "its newest event is 3, and accounts has had 4: it has lost its end: restore it";
        fails(&bed, command, 1, says);
    }
    fs::copy(bed.folder.path().join("newest"), &log).unwrap();
    assert_eq!(columns(&run(&bed, &["accounts"]), &[0, 1]), [["ada", "500"], ["bob", "1"]]);
}

/// An event that the program does not understand was appended.
fn what_cannot_be_applied_is_dead_lettered(bed: &Bed) {
    open_two(bed);
    let store = bed.open_log();
    let log = Log::open(&store, "main").unwrap();
    let junk = NewEvent::raw("account/ada", "deposited", 1, b"junk".to_vec());
    store.write(|transaction| log.append(transaction, &Append::from(junk.clone()))).unwrap();
    store.close().unwrap();
    drop((log, store));

    // The balance of ada is unknown from now on; bob is not affected.
    fails(bed, &["deposit", "ada", "1"], 1, "its event at position 4 could not be applied");
    fails(bed, &["transfer", "ada", "bob", "1"], 1, "\"account/ada\" has is not known");
    prints(bed, &["deposit", "bob", "7"], "bob\t7\n");
    let status = run(bed, &["status"]);
    assert_eq!(status.code, Some(1));
    assert!(status.out.contains("accounts\t1\tread\t5\t0\t1\n"), "{}", status.out);
    assert!(status.err.starts_with("accounts: position 4, account/ada: "), "{}", status.err);
    assert_eq!(status.err.lines().count(), 1);
    // A rebuild gives the same result.
    assert_eq!(run(bed, &["rebuild", "accounts"]).code, Some(0));
    assert_eq!(run(bed, &["status"]).err, status.err);
}
