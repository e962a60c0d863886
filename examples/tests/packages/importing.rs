//! Imports, good and bad.

use std::fs;

use crate::bed::{Bed, on_every_persistent_engine};
use crate::program::{
    INDEX, fails, finds_nothing, finish, import, import_index, prints, run, start_at,
};

on_every_persistent_engine!(
    a_file_and_the_standard_input_are_imported_alike,
    a_package_takes_the_place_of_the_one_before,
    bad_records_are_reported_and_left_out,
    a_package_the_store_refuses_is_reported_and_left_out,
    many_batches_are_one_import,
);

/// Returns the number of stored packages; the indexes have to be right too.
fn stored(bed: &Bed) -> String {
    let scrubbed = run(bed, &["scrub"]);
    assert_eq!((scrubbed.code, scrubbed.out.as_str()), (Some(0), ""), "{}", scrubbed.err);
    let stats = run(bed, &["stats"]);
    stats.out.lines().next().unwrap().to_owned()
}

fn a_file_and_the_standard_input_are_imported_alike(bed: &Bed) {
    fs::write(bed.folder.path().join("available"), INDEX).unwrap();
    let first = run(bed, &["import", "available"]);
    assert_eq!((first.code, first.err.as_str()), (Some(0), ""));
    assert!(first.out.starts_with("imported 12 packages in "), "{}", first.out);
    assert!(first.out.ends_with(": 12 new, 0 updated\n"), "{}", first.out);
    let before = run(bed, &["search"]).out;
    let again = import(bed, INDEX.replace('\n', "\r\n").as_bytes());
    assert_eq!((again.code, again.err.as_str()), (Some(0), ""));
    assert!(again.out.ends_with(": 0 new, 12 updated\n"), "{}", again.out);
    assert_eq!(stored(bed), "packages\t12");
    assert_eq!(run(bed, &["search"]).out, before);
}

fn a_package_takes_the_place_of_the_one_before(bed: &Bed) {
    import_index(bed);
    let newer = "Package: nano\nVersion: 8.1\nSection: text\nInstalled-Size: 1\nDepends: musl\n\n\
                 Package: nano\nVersion: 8.2\nSection: text\nInstalled-Size: 2\nDepends: musl\n";
    let imported = import(bed, newer.as_bytes());
    assert!(imported.out.ends_with(": 0 new, 2 updated\n"), "{}", imported.out);
    // Every index has the new values, and none of the old ones.
    let nano = "nano\t8.2\ttext\t2\t\n";
    prints(bed, &["search", "--section", "text"], nano);
    prints(bed, &["search", "--max-size", "100"], nano);
    prints(bed, &["search", "--depends", "musl"], nano);
    for gone in [
        ["--section", "editors"],
        ["--maintainer", "Jordi"],
        ["--words", "Pico"],
        ["--min-size", "2804"],
        ["--depends", "libncursesw6"],
    ] {
        let names = run(bed, &["search", gone[0], gone[1]]).out;
        assert!(!names.contains("nano"), "{gone:?}: {names}");
    }
    assert_eq!(stored(bed), "packages\t12");
}

fn bad_records_are_reported_and_left_out(bed: &Bed) {
    let text = b"Package: first\nInstalled-Size: 1\n\n\
                 Version: 1\nSection: bad\n\n\
                 Package: broken\nSection: bad\nthis is no field\nDepends: bad\n\n\
                 Package: latin\nSection: bad\nMaintainer: J\xf6rg\n\n\
                 Package: sized\nSection: bad\nInstalled-Size: big\n\n\
                 Package: last\nInstalled-Size: 2\n";
    let says = "packages: line 4: the record that begins here has no field \"Package\"\n\
                packages: line 9 (broken): \"this is no field\" is no field: \
                it needs a name and a colon, or a blank before it\n\
                packages: line 14 (latin): byte 14 is not UTF-8\n\
                packages: line 18 (sized): Installed-Size is \"big\", and not a whole number\n";
    let imported = import(bed, text);
    assert_eq!((imported.code, imported.err.as_str()), (Some(0), says));
    let ends = ": 2 new, 0 updated, 4 bad records left out\n";
    assert!(imported.out.ends_with(ends), "{}", imported.out);
    assert_eq!(run(bed, &["search"]).names(), ["first", "last"]);
    finds_nothing(bed, &["--section", "bad"]);
    finds_nothing(bed, &["--depends", "bad"]);
    assert_eq!(stored(bed), "packages\t2");

    let strict = finish(start_at(&bed.url(), bed, &["import", "--strict", "-"]), text);
    assert_eq!((strict.code, strict.err.as_str()), (Some(1), says));
    assert!(strict.out.ends_with(": 0 new, 2 updated, 4 bad records left out\n"));
    let strict = finish(start_at(&bed.url(), bed, &["import", "--strict", "-"]), INDEX.as_bytes());
    assert_eq!((strict.code, strict.err.as_str()), (Some(0), ""));
}

/// It is refused within a transaction, which continues: nothing of it may be left there.
fn a_package_the_store_refuses_is_reported_and_left_out(bed: &Bed) {
    let long = "a".repeat(70_000);
    let text = format!(
        "Package: before\n\nPackage: {long}\nSection: bad\n\nPackage: long-section\nSection: {long}\n\
         Depends: bad\n\nnothing\n\nPackage: behind\n"
    );
    let imported = import(bed, text.as_bytes());
    assert_eq!(imported.code, Some(0), "{}", imported.err);
    let ends = ": 3 new, 0 updated, 2 bad records left out\n";
    assert!(imported.out.ends_with(ends), "{}", imported.out);
    let lines: Vec<&str> = imported.err.lines().collect();
    assert_eq!(lines.len(), 2, "{}", imported.err);
    for (line, begins) in lines.iter().zip(["line 3 (aaa", "line 10: \"nothing\""]) {
        assert!(line.starts_with(&format!("packages: {begins}")), "{line}");
        assert!(line.len() < 500, "{line}");
    }
    assert_eq!(run(bed, &["search"]).names(), ["before", "behind", "long-section"]);
    finds_nothing(bed, &["--section", "bad"]);
    // An id has a limit; a value that is indexed has none.
    assert_eq!(run(bed, &["search", "--section", &long]).names(), ["long-section"]);
    assert_eq!(run(bed, &["search", "--depends", "bad"]).names(), ["long-section"]);
    assert_eq!(stored(bed), "packages\t3");
}

fn many_batches_are_one_import(bed: &Bed) {
    let record = |n: usize| match n % 10 {
        0 => format!("Version: {n}\n\n"),
        _ => format!("Package: p{n}\nSection: s{}\nInstalled-Size: {n}\n\n", n % 7),
    };
    let text: String = (1..=2_500).map(record).collect();
    let imported = import(bed, text.as_bytes());
    assert_eq!(imported.code, Some(0));
    assert_eq!(imported.err.lines().count(), 250);
    let ends = ": 2,250 new, 0 updated, 250 bad records left out\n";
    assert!(imported.out.ends_with(ends), "{}", imported.out);
    assert_eq!(stored(bed), "packages\t2250");
}

#[test]
fn an_empty_input_is_no_mistake() {
    let bed = Bed::redb();
    let imported = import(&bed, b"\n\n");
    assert_eq!((imported.code, imported.err.as_str()), (Some(0), ""));
    assert!(imported.out.starts_with("imported 0 packages in "), "{}", imported.out);
    assert_eq!(stored(&bed), "packages\t0");
}

#[test]
fn a_file_that_is_not_there_makes_no_store() {
    let bed = Bed::redb();
    for (file, says) in [("available", "cannot read available: "), (".", "cannot read .: ")] {
        fails(&bed, &["import", file], 1, says);
        assert!(bed.is_empty());
    }
}
