//! Calls that are refused or fail: one clear line, and the right code.

use std::fs;

use crate::bed::{Bed, on_every_persistent_engine};
use crate::program::{fails, finish, import, import_index, run, start_at};

on_every_persistent_engine!(
    what_is_not_there_is_told,
    a_store_that_is_not_there_is_not_made,
    reading_all_packages_can_be_forbidden,
    a_reader_may_stop_reading,
);

fn what_is_not_there_is_told(bed: &Bed) {
    import_index(bed);
    fails(bed, &["show", "emacs"], 1, "there is no package \"emacs\"");
    fails(bed, &["show", ""], 1, "");
}

fn a_store_that_is_not_there_is_not_made(bed: &Bed) {
    for command in ["search", "sections", "stats", "scrub"] {
        fails(bed, &[command], 1, "(NotFound; store");
        assert!(bed.is_empty(), "{command}");
    }
}

fn reading_all_packages_can_be_forbidden(bed: &Bed) {
    import_index(bed);
    let found = run(bed, &["search", "--containing", "librar", "--explain"]);
    assert_eq!(found.names(), ["libc6", "libc6-arm64-cross", "zlib1g"]);
    let way = found.said("explain").unwrap();
    assert!(way.starts_with("reads ALL documents, keeps those where "), "{way}");
    let forbidden = ["search", "--containing", "librar", "--no-scan"];
    fails(bed, &forbidden, 1, "reading all documents is forbidden");
    // An index finds the candidates for the remaining conditions.
    let section = ["search", "--containing", "librar", "--section", "libs", "--no-scan"];
    assert_eq!(run(bed, &section).out, found.out);
    // The first of all packages are found without reading the others.
    assert_eq!(run(bed, &["search", "--no-scan"]).code, Some(0));
}

fn a_reader_may_stop_reading(bed: &Bed) {
    let text: String = (0..5_000).map(|n| format!("Package: p{n}\nDescription: {n}\n\n")).collect();
    let imported = import(bed, text.as_bytes());
    assert_eq!(imported.code, Some(0), "{}", imported.err);
    let mut child = start_at(&bed.url(), bed, &["search", "--limit", "5000"]);
    drop(child.stdout.take());
    let run = finish(child, b"");
    assert_eq!((run.code, run.err.as_str()), (Some(0), ""));
}

#[test]
fn wrong_calls_exit_with_2() {
    let bed = Bed::redb();
    for arguments in [
        &[][..],
        &["frobnicate"],
        &["show"],
        &["import"],
        &["search", "--limit", "0"],
        &["search", "--limit", "x"],
        &["search", "--min-size", "-1"],
        &["search", "--sort", "colour"],
        &["search", "net"],
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
    fails(&bed, &["stats"], 1, "(Corrupted; store");
    fs::remove_file(&file).unwrap();

    let store = arbour::open(&bed.url()).unwrap();
    fails(&bed, &["stats"], 1, "(Locked; store");
    fails(&bed, &["import", "-"], 1, "(Locked; store");
    drop(store);

    for url in ["redb:missing/x.redb", "x:y", ""] {
        let run = finish(start_at(url, &bed, &["import", "-"]), b"Package: a\n");
        assert_eq!((run.code, run.out.as_str()), (Some(1), ""));
        assert_eq!(run.err.lines().count(), 1, "{}", run.err);
    }
}
