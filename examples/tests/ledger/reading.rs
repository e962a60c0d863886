//! Reading the output of git: the contents of a commit, and the position and kind of a fault.

use crate::commit::{Change, Commit, Lines};
use crate::git_log::{Records, is_day};

const HASH: &str = "0123456789abcdef0123456789abcdef01234567";

/// A line over the maximum length.
const LINE_BYTES: usize = 300_000;

/// Reads all commits: a good one with its line and its time, or the message about a bad one.
fn read(text: impl AsRef<[u8]>) -> Vec<Result<(u64, i64, Commit), String>> {
    Records::new(text.as_ref())
        .map(|record| match record.unwrap() {
            Ok(record) => Ok((record.line, record.time, record.commit)),
            Err(record) => Err(record.to_string()),
        })
        .collect()
}

fn header(hash: &str) -> String {
    format!("commit {hash}\t1767261600\t2026-01-01\tAda\tBegin")
}

/// Reads the files of a commit.
#[track_caller]
fn changes(lines: &str) -> Vec<Change> {
    let mut records = read(format!("{}\n{lines}\n", header(HASH)));
    assert_eq!(records.len(), 1, "{records:?}");
    records.remove(0).unwrap().2.files
}

#[track_caller]
fn path(text: &str, from: Option<&str>, path: &str) {
    let lines = Some(Lines { added: 1, removed: 2 });
    let expected = Change { path: path.to_owned(), from: from.map(str::to_owned), lines };
    assert_eq!(changes(&format!("1\t2\t{text}")), [expected]);
}

/// Reads a bad commit between two good ones.
#[track_caller]
fn is_bad(record: impl AsRef<[u8]>, says: &str) {
    let (before, behind) = (header(&"a".repeat(40)), header(&"b".repeat(40)));
    let text =
        [before.as_bytes(), b"\n1\t1\tx\n\n", record.as_ref(), b"\n\n", behind.as_bytes()].concat();
    let records = read(&text);
    let hashes: Vec<_> = records
        .iter()
        .map(|record| record.as_ref().map(|(_, _, commit)| &commit.hash[..1]))
        .collect();
    assert_eq!(hashes, [Ok("a"), Err(&says.to_owned()), Ok("b")]);
    let lines = text.iter().filter(|byte| **byte == b'\n').count() as u64 + 1;
    assert_eq!(records[2].as_ref().unwrap().0, lines, "the lines are still counted");
}

#[test]
fn a_commit_is_read() {
    let expected = Commit {
        hash: HASH.to_owned(),
        author: "Ada".to_owned(),
        day: "2026-01-01".to_owned(),
        subject: "Begin".to_owned(),
        files: vec![
            Change {
                path: "a".to_owned(),
                from: None,
                lines: Some(Lines { added: 3, removed: 0 }),
            },
            Change { path: "b".to_owned(), from: None, lines: None },
        ],
    };
    let text = format!("{}\n3\t0\ta\n-\t-\tb\n", header(HASH));
    let expected = [Ok((1, 1_767_261_600_000, expected))];
    assert_eq!(read(&text), expected);
    assert_eq!(read(text.trim_end()), expected);
    assert_eq!(read(text.replace('\n', "\r\n")), expected);
    assert_eq!(read(format!("\n\n{text}"))[0].as_ref().unwrap().0, 3);
    assert!(read("").is_empty() && read("\n \r\n").is_empty());
}

#[test]
fn commits_follow_each_other_with_blank_lines_or_without() {
    let [a, b, c] = ["a", "b", "c"].map(|fill| header(&fill.repeat(40)));
    let lines: Vec<u64> = read(format!("{a}\n{b}\n\n\n1\t1\tx\n\n{c}"))
        .into_iter()
        .map(|record| record.unwrap().0)
        .collect();
    assert_eq!(lines, [1, 2, 7]);
}

#[test]
fn what_a_header_may_have() {
    let sha256 = "c".repeat(64);
    for (text, hash, time, author, subject) in [
        (format!("commit {sha256}\t0\t1970-01-01\tA B\t"), &*sha256, 0, "A B", ""),
        (format!("commit {HASH}\t-5\t1969-12-31\t \ta\tb"), HASH, -5000, "(nobody)", "a\tb"),
    ] {
        let record = read(text).remove(0).unwrap();
        assert_eq!((record.1, &*record.2.hash), (time, hash));
        assert_eq!((&*record.2.author, &*record.2.subject), (author, subject));
    }
}

#[test]
fn paths_are_read_as_git_writes_them() {
    path("src/a b.rs", None, "src/a b.rs");
    path("a\tb", None, "a\tb");
    path("a => b", Some("a"), "b");
    path("{a => b}/c", Some("a/c"), "b/c");
    path("x/{a => b}/c", Some("x/a/c"), "x/b/c");
    path("x/{a => b/d}", Some("x/a"), "x/b/d");
    path("x/{ => b}/c", Some("x/c"), "x/b/c");
    path("x/{a => }/c", Some("x/a/c"), "x/c");
    path("{ => b}/c", Some("c"), "b/c");
    path("{a}/x => {b}/y", Some("{a}/x"), "{b}/y");
    path("{a}/{x => y}", Some("{a}/x"), "{a}/y");
    path(r#""t\303\244st""#, None, "täst");
    path(r#""a\tb\"c\\d""#, None, "a\tb\"c\\d");
    path(r#""a => b""#, None, "a => b");
    path(r#""\303\244" => b"#, Some("ä"), "b");
    path(r#"b => "\303\244""#, Some("b"), "ä");
    path(r#""\303\244" => "\303\266""#, Some("ä"), "ö");
}

#[test]
fn paths_that_are_none_are_told() {
    for text in ["", " => b", "a => ", "\"a", "\"\\377\"", "\"\\q\"", "\"a\"b", "a => \"b\"c\""] {
        let record = format!("{}\n1\t1\t{text}", header(HASH));
        is_bad(record, &format!("line 5 (0123456789): {text:?} is no path"));
    }
}

#[test]
fn numbers_that_are_none_are_told() {
    for counts in ["1", "x\t1", "1\t-", "-\t1", "+1\t1", "1\t-1", "\t1", "1.5\t1"] {
        let line = format!("{counts}\tx");
        let says = format!(
            "line 5 (0123456789): {line:?} is no change of a file: it needs two numbers and a path, \
             split by tabs"
        );
        is_bad(format!("{}\n{line}\n1\t1\ty", header(HASH)), &says);
    }
    let over = "18446744073709551616\t0\tx";
    is_bad(
        format!("{}\n1\t1\ty\n{over}", header(HASH)),
        &format!(
            "line 6 (0123456789): {over:?} is no change of a file: it needs two numbers and a path, \
             split by tabs"
        ),
    );
}

#[test]
fn a_header_that_is_none_is_told() {
    let needs = "line 4: a commit has a hash, a time, a day, an author and a subject, split by tabs: \
                 `ledger import --help` says how git prints them";
    is_bad(format!("commit {HASH}"), needs);
    is_bad(format!("commit {HASH}\nAuthor: Ada"), needs);
    is_bad(format!("commit {HASH}\t1\t2026-01-01\tAda"), needs);
    for (from, to, says) in [
        (
            "0123456",
            "012345g",
            "\"012345g789abcdef0123456789abcdef01234567\" is no hash of a commit",
        ),
        ("0123456789", "", "\"abcdef0123456789abcdef01234567\" is no hash of a commit"),
        ("1767261600", "now", "\"now\" is no number of seconds since 1970"),
        (
            "1767261600",
            "9223372036854775807",
            "\"9223372036854775807\" is no number of seconds since 1970",
        ),
        ("2026-01-01", "1.1.2026", "\"1.1.2026\" is no day, as 2026-01-31 is"),
    ] {
        is_bad(header(HASH).replacen(from, to, 1), &format!("line 4: {says}"));
    }
}

#[test]
fn what_is_too_long_is_told() {
    let long = "n".repeat(1001);
    let shown = "n".repeat(60);
    let says = format!("{shown:?} and so on is longer than 1000 bytes");
    is_bad(format!("{}\n1\t1\t{long}", header(HASH)), &format!("line 5 (0123456789): {says}"));
    is_bad(header(HASH).replace("Ada", &long), &format!("line 4: {says}"));
    assert_eq!(changes(&format!("1\t1\t{}", &long[1..])).len(), 1);

    let longer = "n".repeat(LINE_BYTES);
    let says = "it is longer than 262144 bytes";
    is_bad(format!("{}\n{longer}\n1\t1\tx", header(HASH)), &format!("line 5 (0123456789): {says}"));
    is_bad(header(HASH) + &longer, &format!("line 4: {says}"));
    let line = format!("1\t1\t{}\n", "n".repeat(900));
    let record = format!("{}\n{}", header(HASH), line.repeat(18_600));
    let records = read(record);
    let says = records[0].as_ref().unwrap_err();
    assert!(says.ends_with("(0123456789): the commit is longer than 16777216 bytes"), "{says}");
}

#[test]
fn what_is_not_utf_8_is_told() {
    let text = [header(HASH).as_bytes(), b"\n1\t1\t\xff"].concat();
    is_bad(text, "line 5 (0123456789): byte 5 is not UTF-8");
    is_bad(b"commit \xff", "line 4: byte 8 is not UTF-8");
}

#[test]
fn what_stands_before_the_first_commit_is_told_once() {
    let text = format!("warning: x\n1\t1\tx\n\n{}", header(HASH));
    let records = read(text);
    let says = "line 1: \"warning: x\" is of no commit: the first line begins with \"commit\"";
    assert_eq!(records[0], Err(says.to_owned()));
    assert_eq!(records[1].as_ref().unwrap().0, 4);
    assert_eq!(records.len(), 2);
}

#[test]
fn days_are_days() {
    for day in ["2026-01-31", "0001-12-01", "9999-10-30"] {
        assert!(is_day(day), "{day}");
    }
    for text in [
        "",
        "2026-1-31",
        "2026-00-01",
        "2026-13-01",
        "2026-01-00",
        "2026-01-32",
        "2026/01/01",
        "2026-01-3ä",
    ] {
        assert!(!is_day(text), "{text}");
    }
}
