//! Imports, good and bad, and the resulting counts.

use std::fs;

use crate::bed::{Bed, on_every_persistent_engine};
use crate::program::{
    LOG, columns, fails, finish, head, import, import_log, open_two, prints, run, start,
};

on_every_persistent_engine!(
    commits_are_counted_by_author_file_and_day,
    a_part_of_what_is_counted_is_asked_for,
    what_is_there_already_is_not_appended_again,
    bad_commits_are_reported_and_left_out,
    a_commit_that_reads_otherwise_is_reported,
    many_batches_are_one_import,
    accounts_and_commits_are_in_one_log,
);

const AUTHORS: &str = "Ada\t3\t114\t1\t2026-01-01\t2026-01-05\n\
                       Grace\t2\t5\t2\t2026-01-02\t2026-01-05\n";
const FILES: &str = "README.md\t2\t15\t2\tGrace\t2026-01-02\n\
                     docs/new name\t1\t0\t0\tAda\t2026-01-02\n\
                     logo.png\t1\t0\t0\tGrace\t2026-01-02\n\
                     src/lib.rs\t1\t1\t1\tAda\t2026-01-02\n\
                     src/main.rs\t1\t100\t0\tAda\t2026-01-01\n\
                     täst \"x\".md\t1\t3\t0\tAda\t2026-01-05\n";
const DAYS: &str = "2026-01-02\t2\t6\t3\n2026-01-05\t2\t3\t0\n2026-01-01\t1\t110\t0\n";

#[track_caller]
fn all_is_counted(bed: &Bed) {
    prints(bed, &["authors"], AUTHORS);
    prints(bed, &["files"], FILES);
    prints(bed, &["days"], DAYS);
}

fn commits_are_counted_by_author_file_and_day(bed: &Bed) {
    fs::write(bed.folder.path().join("log.txt"), LOG).unwrap();
    let imported = run(bed, &["import", "log.txt"]);
    assert_eq!((imported.code, imported.err.as_str()), (Some(0), ""));
    assert!(imported.out.starts_with("imported 5 commits in "), "{}", imported.out);
    assert!(imported.out.ends_with(": 5 new, 0 there already\n"), "{}", imported.out);
    all_is_counted(bed);
    prints(
        bed,
        &["status"],
        "log\t\t\t5\t\t\naccounts\t1\tread\t5\t0\t0\ncommits\t1\tread\t5\t0\t0\n",
    );
}

fn a_part_of_what_is_counted_is_asked_for(bed: &Bed) {
    import_log(bed);
    let first = |run| columns(&run, &[0]).concat();
    let asked = |arguments: &[&str]| first(run(bed, arguments));
    assert_eq!(asked(&["authors", "--limit", "1"]), ["Ada"]);
    assert_eq!(asked(&["files", "--prefix", "src/"]), ["src/lib.rs", "src/main.rs"]);
    assert_eq!(asked(&["files", "--prefix", "src/", "--limit", "1"]), ["src/lib.rs"]);
    assert_eq!(asked(&["days", "--sort", "name", "--limit", "2"]), ["2026-01-01", "2026-01-02"]);
    assert_eq!(asked(&["days", "--from", "2026-01-02"]), ["2026-01-02", "2026-01-05"]);
    assert_eq!(asked(&["days", "--to", "2026-01-02"]), ["2026-01-02", "2026-01-01"]);
    assert_eq!(asked(&["days", "--from", "2026-01-02", "--to", "2026-01-04"]), ["2026-01-02"]);
    let none = run(bed, &["days", "--from", "2026-01-06"]);
    assert_eq!((none.code, none.out.as_str(), none.err.as_str()), (Some(0), "", "there is none\n"));
}

fn what_is_there_already_is_not_appended_again(bed: &Bed) {
    import_log(bed);
    for log in [LOG.to_owned(), LOG.replace('\n', "\r\n")] {
        let again = import(bed, log.as_bytes());
        assert_eq!((again.code, again.err.as_str()), (Some(0), ""));
        assert!(again.out.ends_with(": 0 new, 5 there already\n"), "{}", again.out);
        assert_eq!(head(bed), 5);
    }
    let newer = format!("commit {}\t1767700000\t2026-01-06\tEve\tNew\n\n{LOG}", "6".repeat(40));
    let grown = import(bed, newer.as_bytes());
    assert!(grown.out.ends_with(": 1 new, 5 there already\n"), "{}", grown.out);
    assert_eq!(head(bed), 6);
    prints(bed, &["authors"], &format!("{AUTHORS}Eve\t1\t0\t0\t2026-01-06\t2026-01-06\n"));
}

fn bad_commits_are_reported_and_left_out(bed: &Bed) {
    let bad = |fill: &str, files: &str| {
        format!("commit {}\t1\t1970-01-01\tBad\tBad\n{files}\n", fill.repeat(40))
    };
    let text = [
        "3\t1\tstray\n".as_bytes(),
        bad("a", "1\t1\tbad-1\nx\t1\tbad-2").as_bytes(),
        LOG.as_bytes(),
        b"\n",
        bad("b", "1\t1\tbad-3\n2 files changed").as_bytes(),
        b"commit 12\t1\t1970-01-01\tBad\tBad\n1\t1\tbad-4\n",
        b"commit ",
        "c".repeat(40).as_bytes(),
        b"\t1\t1970-01-01\tB\xe4d\tBad\n",
    ]
    .concat();
    let a_and_b = ("a".repeat(10), "b".repeat(10));
    let says = format!(
        "ledger: line 1: \"3\\t1\\tstray\" is of no commit: the first line begins with \"commit\"\n\
         ledger: line 4 ({}): \"x\\t1\\tbad-2\" is no change of a file: it needs two numbers and a \
         path, split by tabs\n\
         ledger: line 24 ({}): \"2 files changed\" is no change of a file: it needs two numbers and \
         a path, split by tabs\n\
         ledger: line 25: \"12\" is no hash of a commit\n\
         ledger: line 27: byte 63 is not UTF-8\n",
        a_and_b.0, a_and_b.1
    );
    let imported = import(bed, &text);
    assert_eq!((imported.code, imported.err.as_str()), (Some(0), says.as_str()));
    let ends = ": 5 new, 0 there already, 5 bad commits left out\n";
    assert!(imported.out.ends_with(ends), "{}", imported.out);
    assert_eq!(head(bed), 5);
    all_is_counted(bed);

    let strict = finish(start(bed, &["import", "--strict", "-"]), &text);
    assert_eq!((strict.code, strict.err.as_str()), (Some(1), says.as_str()));
    let strict = finish(start(bed, &["import", "--strict", "-"]), LOG.as_bytes());
    assert_eq!((strict.code, strict.err.as_str()), (Some(0), ""));
}

/// The same hash with other contents: git printed it differently, or the input was changed.
fn a_commit_that_reads_otherwise_is_reported(bed: &Bed) {
    import_log(bed);
    let imported = import(bed, LOG.replace("Grace", "grace").as_bytes());
    assert_eq!(imported.code, Some(0));
    assert!(imported.out.ends_with(": 0 new, 3 there already, 2 bad commits left out\n"));
    let lines: Vec<&str> = imported.err.lines().collect();
    assert_eq!(lines.len(), 2, "{lines:?}");
    for (line, begins) in lines.iter().zip(["line 5 (2222222222): ", "line 13 (4444444444): "]) {
        assert!(line.starts_with(&format!("ledger: {begins}")), "{line}");
        assert!(line.contains("for something else"), "{line}");
    }
    all_is_counted(bed);
}

fn many_batches_are_one_import(bed: &Bed) {
    let commit = |n: usize| match n % 10 {
        0 => format!("commit {n}\n\n"),
        _ => format!("commit {n:040x}\t{n}\t1970-01-01\ta{}\ts\n{n}\t1\tf{}\n\n", n % 7, n % 5),
    };
    let text: String = (1..=2_500).map(commit).collect();
    let imported = import(bed, text.as_bytes());
    assert_eq!(imported.code, Some(0));
    assert_eq!(imported.err.lines().count(), 250);
    let ends = ": 2,250 new, 0 there already, 250 bad commits left out\n";
    assert!(imported.out.ends_with(ends), "{}", imported.out);
    let added: u64 = (1..=2_500).filter(|n| n % 10 != 0).sum();
    prints(bed, &["days"], &format!("1970-01-01\t2250\t{added}\t2250\n"));
    assert_eq!(run(bed, &["authors"]).out.lines().count(), 7);
    assert_eq!(head(bed), 2_250);
}

fn accounts_and_commits_are_in_one_log(bed: &Bed) {
    open_two(bed);
    import_log(bed);
    prints(bed, &["deposit", "ada", "1"], "ada\t501\n");
    all_is_counted(bed);
    assert_eq!(columns(&run(bed, &["accounts"]), &[0, 1]), [["ada", "501"], ["bob", "0"]]);
    assert_eq!(head(bed), 9);
}

/// A log that begins with the newest commit, as git prints it by default, is counted correctly too.
#[test]
fn the_order_of_commits_changes_nothing() {
    let bed = Bed::redb();
    let mut commits: Vec<&str> = LOG.split("\n\n").collect();
    commits.reverse();
    let imported = import(&bed, commits.join("\n\n").as_bytes());
    assert_eq!((imported.code, imported.err.as_str()), (Some(0), ""));
    all_is_counted(&bed);
}

#[test]
fn an_empty_input_is_no_mistake() {
    let bed = Bed::redb();
    let imported = import(&bed, b"\n\n");
    assert_eq!((imported.code, imported.err.as_str()), (Some(0), ""));
    assert!(imported.out.starts_with("imported 0 commits in "), "{}", imported.out);
    let none = run(&bed, &["authors"]);
    assert_eq!((none.code, none.out.as_str(), none.err.as_str()), (Some(0), "", "there is none\n"));
}

#[test]
fn a_file_that_is_not_there_makes_no_store() {
    let bed = Bed::redb();
    for (file, says) in [("log.txt", "cannot read log.txt: "), (".", "cannot read .: ")] {
        fails(&bed, &["import", file], 1, says);
        assert!(bed.is_empty());
    }
}
