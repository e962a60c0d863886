//! Imports, good and bad.

use std::fs;

use arbour::KvStore as _;

use super::program::{run, run_with};
use crate::bed::Bed;
use crate::database::Scope;
use crate::engines::on_every_persistent_engine;

on_every_persistent_engine!(a_file_and_the_standard_input_are_imported_alike);

const ADA: Scope<'static> = Scope { user: "ada", room: "lobby" };

/// Lines that each set a variable of their own.
fn lines(count: usize) -> Vec<u8> {
    let line = |n: usize| format!("u{}\tlobby\tv{n}\t-{n}\n", n % 100);
    (1..=count).flat_map(|n| line(n).into_bytes()).collect()
}

/// Returns the number of stored variables; the counts have to be right too.
fn stored(bed: &Bed) -> u64 {
    let database = bed.open();
    let report = database.variables.verify().unwrap();
    assert!(report.findings.is_empty(), "{:?}", report.findings);
    database.store().close().unwrap();
    report.variables
}

fn a_file_and_the_standard_input_are_imported_alike(bed: &Bed) {
    let text = lines(2_500);
    fs::write(bed.folder.path().join("in.tsv"), &text).unwrap();
    let first = run(bed, &["import", "in.tsv"]);
    assert_eq!((first.code, first.err.as_str()), (Some(0), ""));
    assert!(first.out.starts_with("imported 2,500 lines in "), "{}", first.out);
    assert!(first.out.ends_with(": 2,500 new, 0 updated\n"), "{}", first.out);
    let again = run_with(bed, &["import", "-"], &text);
    assert_eq!((again.code, again.err.as_str()), (Some(0), ""));
    assert!(again.out.ends_with(": 0 new, 2,500 updated\n"), "{}", again.out);
    assert_eq!(stored(bed), 2_500);
}

#[test]
fn what_debian_has_is_imported() {
    let bed = Bed::redb();
    let text = "Jörg \"J\" <j@x>, Team <t@x>\tnon-free/libs\tlibx\t12\r\n\
                \n\
                ada\t\tno-section\t3\n\
                ada\tutils\tno-size\t\n\
                ada\tutils\tlast\t2147483647";
    let imported = run_with(&bed, &["import", "-"], text.as_bytes());
    assert_eq!((imported.code, imported.err.as_str()), (Some(0), ""));
    assert!(
        imported.out.ends_with(": 3 new, 0 updated, 1 without a value skipped\n"),
        "{}",
        imported.out
    );
    let database = bed.open();
    let user = "Jörg \"J\" <j@x>, Team <t@x>";
    for (user, room, name, value) in [
        (user, "non-free/libs", "libx", 12),
        ("ada", "", "no-section", 3),
        ("ada", "utils", "last", i32::MAX),
    ] {
        let scope = Scope { user, room };
        assert_eq!(database.variables.list(scope).unwrap(), [(name.to_owned(), value)]);
    }
}

#[test]
fn an_empty_input_is_no_mistake() {
    let bed = Bed::redb();
    let imported = run_with(&bed, &["import", "-"], b"");
    assert_eq!(imported.code, Some(0), "{}", imported.err);
    assert!(imported.out.starts_with("imported 0 lines in "), "{}", imported.out);
}

/// Imports 1,000 good lines, then 300 with a bad one among them.
#[track_caller]
fn refuses(bad: &[u8], says: &str) {
    for from_file in [true, false] {
        let bed = Bed::redb();
        let mut text = lines(1_200);
        text.extend_from_slice(bad);
        text.extend_from_slice(b"\nada\tlobby\tbehind\t1\n");
        let refused = if from_file {
            fs::write(bed.folder.path().join("in.tsv"), &text).unwrap();
            run(&bed, &["import", "in.tsv"])
        } else {
            run_with(&bed, &["import", "-"], &text)
        };
        assert_eq!((refused.code, refused.out.as_str()), (Some(1), ""));
        let err = &refused.err;
        assert!(err.starts_with("variables: line 1201 (\""), "{err}");
        assert!(err.contains(says), "{err}");
        assert!(err.contains("lines 1 to 1000 are stored"), "{err}");
        assert_eq!(err.lines().count(), 2, "{err}");
        assert_eq!(stored(&bed), 1_000, "of the second batch nothing is stored");
    }
}

#[test]
fn a_field_too_few_is_refused() {
    refuses(b"ada\tlobby\tstr", r#"("ada\tlobby\tstr"): it has 3 of the 4 fields"#);
}

#[test]
fn a_field_too_many_is_refused() {
    refuses(b"ada\tlobby\tstr\t1\t2", "it has 5 of the 4 fields");
}

#[test]
fn a_value_that_is_no_number_is_refused() {
    refuses(b"ada\tlobby\tstr\tx", "the value \"x\" is not a whole number");
}

#[test]
fn a_value_over_32_bits_is_refused() {
    refuses(b"ada\tlobby\tstr\t2147483648", "the value 2147483648 does not fit");
}

#[test]
fn a_name_that_is_empty_is_refused() {
    refuses(b"ada\tlobby\t\t1", "the name of the variable is empty");
}

#[test]
fn what_is_not_utf_8_is_refused() {
    refuses(b"ada\tlobby\t\xff\t1", "byte 11 is not UTF-8");
}

#[test]
fn a_line_that_never_ends_is_refused() {
    refuses(&b"a".repeat(1 << 20), "it is longer than 131072 bytes");
}

#[test]
fn a_key_over_the_limit_of_the_store_is_refused() {
    let line = format!("{}\tlobby\tstr\t1", "a".repeat(65_526));
    refuses(line.as_bytes(), "the limit is 65535");
}

#[test]
fn a_variable_over_the_limit_is_refused() {
    let bed = Bed::redb();
    let text: String = (1..=1_101).map(|n| format!("ada\tlobby\tv{n}\t{n}\n")).collect();
    let refused = run_with(&bed, &["--limit", "1100", "import", "-"], text.as_bytes());
    assert_eq!(refused.code, Some(1));
    let err = refused.err;
    assert!(err.starts_with(r#"variables: line 1101 ("ada\tlobby\tv1101\t1101"): "#), "{err}");
    assert!(err.contains("all 1100 variables allowed"), "{err}");
    assert!(err.contains("lines 1 to 1000 are stored"), "{err}");
    assert_eq!(stored(&bed), 1_000);

    let mended = run_with(&bed, &["--limit", "1101", "import", "-"], text.as_bytes());
    assert!(mended.out.ends_with(": 101 new, 1,000 updated\n"), "{}", mended.out);
    assert_eq!(bed.open().variables.count(ADA).unwrap(), 1_101);
}

#[test]
fn a_file_that_is_not_there_makes_no_store() {
    let bed = Bed::redb();
    for (file, says) in [("in.tsv", "cannot read in.tsv: "), (".", "cannot read .: ")] {
        let refused = run(&bed, &["import", file]);
        assert_eq!(refused.code, Some(1));
        assert!(refused.err.contains(says), "{}", refused.err);
        assert!(bed.folder.path().read_dir().unwrap().next().is_none());
    }
}
