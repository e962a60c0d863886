//! Reading control files: the contents of a record, and the position and kind of a fault.

use crate::control::Records;
use crate::package::Package;

/// A line over the maximum length.
const LINE_BYTES: usize = 300_000;

/// Reads all records: the line and the package of a good one, or the message about a bad one.
fn read(text: impl AsRef<[u8]>) -> Vec<Result<(u64, Package), String>> {
    let records = Records::new(text.as_ref());
    records
        .map(|record| match record.unwrap() {
            Ok(record) => Ok((record.line, record.package)),
            Err(record) => Err(record.to_string()),
        })
        .collect()
}

/// Reads the only record.
#[track_caller]
fn package(text: impl AsRef<[u8]>) -> Package {
    let mut records = read(text);
    assert_eq!(records.len(), 1, "{records:?}");
    records.remove(0).unwrap().1
}

#[track_caller]
fn depends(text: &str, names: &[&str]) {
    assert_eq!(package(format!("Package: a\n{text}\n")).depends, names);
}

/// Reads a bad record between two good ones.
#[track_caller]
fn is_bad(record: &[u8], says: &str) {
    let text = [b"Package: before\nVersion: 1\n\n", record, b"\n\nPackage: behind\n"].concat();
    let records = read(&text);
    let names: Vec<_> = records
        .iter()
        .map(|record| record.as_ref().map(|(_, package)| package.name.as_str()))
        .collect();
    assert_eq!(names, [Ok("before"), Err(&says.to_owned()), Ok("behind")]);
    let lines = text.iter().filter(|byte| **byte == b'\n').count() as u64;
    assert_eq!(records[2].as_ref().unwrap().0, lines, "the lines are still counted");
}

#[test]
fn a_record_becomes_a_package() {
    let text = "Package: curl\n\
                Version: 7.88.1-10\n\
                Architecture: amd64\n\
                Section: web\n\
                Maintainer: Alessandro Ghedini <ghedo@debian.org>\n\
                Homepage: https://curl.se/\n\
                Installed-Size: 489\n\
                Size: 315764\n\
                Pre-Depends: dpkg\n\
                Depends: libc6\n\
                Description: a tool\n\x20It\n";
    let expected = Package {
        name: "curl".into(),
        version: Some("7.88.1-10".into()),
        architecture: Some("amd64".into()),
        section: Some("web".into()),
        maintainer: Some("Alessandro Ghedini <ghedo@debian.org>".into()),
        homepage: Some("https://curl.se/".into()),
        installed_size: Some(489),
        size: Some(315_764),
        depends: vec!["dpkg".into(), "libc6".into()],
        description: Some("a tool\nIt".into()),
    };
    assert_eq!(read(text), [Ok((1, expected))]);
}

#[test]
fn only_the_name_is_needed() {
    let expected = Package { name: "a".into(), ..Package::default() };
    assert_eq!(package("Package: a"), expected);
    assert_eq!(
        package("Package: a\nSection:\nDepends:\nInstalled-Size: \nDescription:\n"),
        expected
    );
}

#[test]
fn blank_lines_split_records_however_many() {
    let lines: Vec<u64> =
        read("\n\n \nPackage: a\n\t \nPackage: b\nVersion: 1\n\n\n\nPackage: c\n\n")
            .into_iter()
            .map(|record| record.unwrap().0)
            .collect();
    assert_eq!(lines, [4, 6, 11]);
    assert!(read("").is_empty());
    assert!(read("\n \r\n").is_empty());
}

#[test]
fn lines_may_end_as_those_of_windows() {
    let text = "Package: a\nDescription: one\n two\n .\n three\nDepends: b,\n c\n\nPackage: d\n";
    assert_eq!(read(text.replace('\n', "\r\n")), read(text));
}

#[test]
fn names_of_fields_have_no_case_and_values_need_no_blank() {
    let package = package("PACKAGE:a\nsection:\tnet\nInstalled-size:7 \n");
    assert_eq!((package.name.as_str(), package.installed_size), ("a", Some(7)));
    assert_eq!(package.section.as_deref(), Some("net"));
}

#[test]
fn a_description_keeps_its_lines() {
    let text =
        "Package: a\nDescription: first: line\n long text\n .\n  - a list\n\ttab \nSize: 1\n";
    let package = package(text);
    assert_eq!(package.summary(), "first: line");
    let description = package.description.unwrap();
    assert_eq!(description, "first: line\nlong text\n\n - a list\ntab");
    assert_eq!(package.size, Some(1));
}

#[test]
fn what_is_folded_is_one_line() {
    let package = package("Package: a\nMaintainer: Ada\n Lovelace\n\t<ada@x>\nSize:\n 7\n");
    assert_eq!(package.maintainer.as_deref(), Some("Ada Lovelace <ada@x>"));
    assert_eq!(package.size, Some(7));
}

#[test]
fn dependencies_are_names_each_once() {
    depends("Depends: libc6 (>= 2.34), zlib1g", &["libc6", "zlib1g"]);
    depends("Depends: vim | nano|ed (>= 1)", &["vim", "nano", "ed"]);
    depends("Depends: python3 (<< 3.12), python3 (>= 3.11~), python3:any", &["python3"]);
    depends("Depends: a(>=1), b [amd64], c <!nocheck>, d:any (= 1)", &["a", "b", "c", "d"]);
    depends(
        "Depends: libstdc++6,\n libapt-pkg6.0 (>=\n 2),\n b\n",
        &["libstdc++6", "libapt-pkg6.0", "b"],
    );
    depends("Depends: b, c\nPre-Depends: a, b", &["a", "b", "c"]);
    depends("Depends: , a,, | ", &["a"]);
}

#[test]
fn a_record_without_a_package_is_told_by_its_first_line() {
    is_bad(b"Version: 1\nSize: 1", "line 4: the record that begins here has no field \"Package\"");
    is_bad(b"Package:\nSize: 1", "line 4: the record that begins here has no field \"Package\"");
}

#[test]
fn a_line_that_is_no_field_is_told() {
    let no_field = "is no field: it needs a name and a colon, or a blank before it";
    is_bad(b"Package: a\nSize: 1\nnothing\nSize 2", &format!("line 6 (a): \"nothing\" {no_field}"));
    is_bad(b"# a: comment\nPackage: a", &format!("line 4: \"# a: comment\" {no_field}"));
    is_bad(b"two words: x\nPackage: a", &format!("line 4: \"two words: x\" {no_field}"));
    is_bad(b": x", &format!("line 4: \": x\" {no_field}"));
    let shown = "a".repeat(60);
    is_bad("a".repeat(99).as_bytes(), &format!("line 4: \"{shown}\" {no_field}"));
}

#[test]
fn of_what_is_long_only_the_beginning_is_shown() {
    let (name, shown) = ("n".repeat(99), "n".repeat(60));
    let record = format!("Package: {name}\nSize: {name}");
    let says = format!("line 5 ({shown}): Size is {shown:?}, and not a whole number");
    is_bad(record.as_bytes(), &says);
    let says = format!("line 5: the field {shown:?} is there already");
    is_bad(format!("{name}: 1\n{name}: 2").as_bytes(), &says);
    is_bad(
        b"Package: a\x1b[2J\nSize: b",
        "line 5 (a\\u{1b}[2J): Size is \"b\", and not a whole number",
    );
}

#[test]
fn a_continuation_of_nothing_is_told() {
    let says = "it begins with a blank, but there is no field before it to continue";
    is_bad(b" more\nPackage: a", &format!("line 4: {says}"));
}

#[test]
fn a_field_that_is_there_already_is_told() {
    let says = "line 6 (a): the field \"VERSION\" is there already";
    is_bad(b"Package: a\nVersion: 1\nVERSION: 2\nPackage: b", says);
}

#[test]
fn what_is_not_utf_8_is_told() {
    is_bad(b"Package: a\nSection: \xff", "line 5 (a): byte 10 is not UTF-8");
    is_bad(b"Package: a\nX: 1\n \xc3(", "line 6 (a): byte 2 is not UTF-8");
}

#[test]
fn a_size_that_is_no_number_is_told_by_its_line() {
    for (text, shown) in [("x", "x"), ("-1", "-1"), ("1.5", "1.5"), ("1\n 2", "1 2"), ("1k", "1k")]
    {
        let record = format!("Package: a\nVersion: 1\nInstalled-Size: {text}\nSection: x");
        let says = format!("line 6 (a): Installed-Size is {shown:?}, and not a whole number");
        is_bad(record.as_bytes(), &says);
    }
    let over = "18446744073709551616";
    let says = format!("line 4 (a): Size is {over:?}, and not a whole number");
    is_bad(format!("Size: {over}\nPackage: a").as_bytes(), &says);
}

#[test]
fn a_line_that_never_ends_is_read_over() {
    let long = "a".repeat(LINE_BYTES);
    let says = "it is longer than 262144 bytes";
    is_bad(format!("Package: a\nX: {long}\nY: 1").as_bytes(), &format!("line 5 (a): {says}"));
    is_bad(long.as_bytes(), &format!("line 4: {says}"));
    is_bad(format!("{long}\nPackage: a").as_bytes(), &format!("line 4: {says}"));
}

#[test]
fn the_longest_line_is_read() {
    let name = "a".repeat(262_144 - "Package: ".len());
    for end in ["", "\n", "\r\n"] {
        assert_eq!(package(format!("Package: {name}{end}")).name, name);
        let over = read(format!("Package: {name}a{end}"));
        assert_eq!(over, [Err("line 1: it is longer than 262144 bytes".to_owned())]);
    }
}

#[test]
fn a_record_that_never_ends_is_read_over() {
    let line = format!(" {}\n", "a".repeat(99_999));
    let record = format!("Package: a\nX:\n{}Y: 1", line.repeat(11));
    is_bad(record.as_bytes(), "line 16 (a): the record is longer than 1048576 bytes");
}
