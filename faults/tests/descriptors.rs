//! A failed sync is reported to each open file, as Linux does since 4.13: an engine hears of the failure
//! of a sync that another thread made through a file of its own.

use std::env;
use std::fs::{self, File};
use std::io::Write as _;
use std::process::Command;

use arbour_faults::recorder::{Failure, Injection, Meddling, Recorder};
use arbour_faults::recording::CallKind;

const FILE: &str = "ARBOUR_DESCRIPTORS_FILE";
const SAID: &str = "ARBOUR_DESCRIPTORS_SAID";

/// The child's role: syncs a file through three descriptors, the first of which fails.
#[test]
fn child() {
    let (Some(path), Some(said)) = (env::var_os(FILE), env::var_os(SAID)) else { return };
    let mut one = File::create(&path).expect("the file can be made");
    let two = File::open(&path).expect("it is there");
    one.write_all(b"data").expect("it can be written");
    let first = one.sync_all().is_ok();
    let three = File::open(&path).expect("it is there");
    let then = [&two, &two, &one, &three].map(|file| file.sync_all().is_ok());
    fs::write(said, format!("{first} {then:?}")).expect("it can be said");
}

#[test]
fn each_open_file_reports_a_failed_sync_once() {
    let (tools, files) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let root = fs::canonicalize(files.path()).unwrap();
    let [log, notes, said] = ["log", "notes", "said"].map(|name| tools.path().join(name));
    let recorder = Recorder::compile(tools.path()).expect("there is a C compiler");
    let mut command = Command::new(env::current_exe().unwrap());
    command.args(["--exact", "child"]).env(FILE, root.join("file")).env(SAID, &said);
    let injection = Injection { kind: CallKind::Sync, number: 0, failure: Failure::Io };
    recorder.record(&mut command, &root, &log, &notes, Meddling::Fail(injection));
    assert!(command.output().unwrap().status.success());
    // The second descriptor reports it once, the first one has, and the third was opened later.
    assert_eq!(fs::read_to_string(said).unwrap(), "false [false, true, true, true]");
}
