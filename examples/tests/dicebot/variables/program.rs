//! The program: its output and its exit codes.

use std::process::{Child, Stdio};

use arbour::KvStore as _;

use crate::bed::{ADA, Bed, COUNTS, VALUES, put_raw};
use crate::engines::on_every_persistent_engine;
use crate::running::{Program, Run};

on_every_persistent_engine!(
    variables_are_set_read_and_deleted,
    verify_tells_what_is_wrong_and_repair_mends_it,
    a_reader_may_stop_reading,
);

const VARIABLES: Program = Program(env!("CARGO_BIN_EXE_variables"));

/// Starts the program on the bed's store.
pub(crate) fn start(bed: &Bed, arguments: &[&str]) -> Child {
    VARIABLES.start(bed, arguments)
}

/// Runs the program with an input.
pub(crate) fn run_with(bed: &Bed, arguments: &[&str], input: &[u8]) -> Run {
    VARIABLES.run_with(bed, arguments, input)
}

/// Runs the program.
pub(crate) fn run(bed: &Bed, arguments: &[&str]) -> Run {
    run_with(bed, arguments, b"")
}

#[track_caller]
fn prints(bed: &Bed, arguments: &[&str], out: &str) {
    let run = run(bed, arguments);
    assert_eq!((run.code, run.out.as_str()), (Some(0), out), "{}", run.err);
}

#[track_caller]
fn fails(bed: &Bed, arguments: &[&str], code: i32, says: &str) {
    let run = run(bed, arguments);
    assert_eq!((run.code, run.out.as_str()), (Some(code), ""));
    assert!(run.err.contains(says), "{}", run.err);
    if code == 1 {
        assert_eq!(run.err.lines().count(), 1, "{}", run.err);
        assert!(run.err.starts_with("variables: "), "{}", run.err);
    }
}

fn variables_are_set_read_and_deleted(bed: &Bed) {
    prints(bed, &["set", "ada", "lobby", "str", "-2"], "");
    prints(bed, &["set", "ada", "lobby", "dex", "7"], "");
    prints(bed, &["get", "ada", "lobby", "str"], "-2\n");
    prints(bed, &["list", "ada", "lobby"], "dex\t7\nstr\t-2\n");
    prints(bed, &["count", "ada", "lobby"], "2\n");
    prints(bed, &["delete", "ada", "lobby", "str"], "");
    prints(bed, &["list", "ada", "lobby"], "dex\t7\n");
    prints(bed, &["list", "ada", "elsewhere"], "");
    prints(bed, &["verify"], "");
    prints(bed, &["repair"], "");
    fails(bed, &["get", "ada", "lobby", "str"], 1, "no variable \"str\"");
    fails(bed, &["delete", "ada", "lobby", "str"], 1, "no variable \"str\"");
    fails(bed, &["--limit", "1", "set", "ada", "lobby", "int", "1"], 1, "all 1 variables");
    prints(bed, &["--limit", "1", "set", "ada", "lobby", "dex", "8"], "");
}

#[test]
fn wrong_calls_exit_with_2() {
    let bed = Bed::redb();
    for arguments in [
        &[][..],
        &["frobnicate"],
        &["list", "ada"],
        &["set", "ada", "lobby", "str", "2147483648"],
        &["set", "ada", "lobby", "str", "x"],
        &["set", "ada", "lobby", "", "1"],
        &["set", "ada", "lobby", "a\tb", "1"],
        &["set", "ada", "lobby", "a\nb", "1"],
        &["--limit", "-1", "count", "ada", "lobby"],
    ] {
        fails(&bed, arguments, 2, "");
    }
    assert!(bed.folder.path().read_dir().unwrap().next().is_none());
}

#[test]
fn a_store_that_cannot_be_opened_is_one_clear_line() {
    let bed = Bed::redb();
    fails(&bed, &["list", "ada", "lobby"], 1, "(NotFound; store");
    assert!(bed.folder.path().read_dir().unwrap().next().is_none());

    let file = bed.folder.path().join("bot.redb");
    std::fs::write(&file, "no database at all, but long enough to be looked at".repeat(99))
        .unwrap();
    fails(&bed, &["list", "ada", "lobby"], 1, "(Corrupted; store");
    std::fs::remove_file(&file).unwrap();

    let database = bed.open();
    fails(&bed, &["list", "ada", "lobby"], 1, "(Locked; store");
    fails(&bed, &["import", "-"], 1, "(Locked; store");
    database.store().close().unwrap();

    let missing = format!("redb:{}", bed.folder.path().join("missing/x.redb").display());
    for command in [&["--store", &missing, "import", "-"][..], &["--store", "x:y", "verify"]] {
        let output = VARIABLES.command().args(command).stdin(Stdio::null()).output().unwrap();
        assert_eq!(output.status.code(), Some(1));
        let err = String::from_utf8(output.stderr).unwrap();
        assert_eq!(err.lines().count(), 1, "{err}");
    }
}

fn verify_tells_what_is_wrong_and_repair_mends_it(bed: &Bed) {
    let database = bed.open();
    database.variables.set(ADA, "str", 5).unwrap();
    put_raw(&database, COUNTS, b"@a:x\xfe!r:x", &7_i32.to_le_bytes());
    put_raw(&database, COUNTS, b"@b:x\xfe!r:x", &1_i32.to_le_bytes());
    put_raw(&database, VALUES, b"@c:x\xfe!r:x\xffstr", b"abc");
    database.store().close().unwrap();
    drop(database);

    let verified = run(bed, &["verify"]);
    assert_eq!(verified.code, Some(1));
    let lines: Vec<&str> = verified.out.lines().collect();
    assert_eq!(
        lines[..3],
        ["wrong\t@a:x\t!r:x\t7\t1", "missing\t@c:x\t!r:x\t1", "surplus\t@b:x\t!r:x\t1"]
    );
    assert!(lines[3].starts_with("undecodable\t"), "{}", verified.out);
    assert!(lines[3].contains(r#"key "@c:x\xfe!r:x\xffstr""#), "{}", verified.out);

    let repaired = run(bed, &["repair"]);
    assert_eq!(repaired.code, Some(1), "a damaged variable is left");
    assert!(repaired.err.contains("3 counts corrected; 1 variable is left"), "{}", repaired.err);
    prints(bed, &["set", "@c:x", "!r:x", "str", "1"], "");
    prints(bed, &["verify"], "");
    prints(bed, &["count", "@a:x", "!r:x"], "1\n");
    prints(bed, &["repair"], "");
}

fn a_reader_may_stop_reading(bed: &Bed) {
    let lines: String = (0..20_000).map(|n| format!("ada\tlobby\tv{n}\t{n}\n")).collect();
    let imported = run_with(bed, &["--limit", "20000", "import", "-"], lines.as_bytes());
    assert_eq!(imported.code, Some(0), "{}", imported.err);
    let mut child = start(bed, &["list", "ada", "lobby"]);
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0));
    assert!(output.stderr.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
}
