//! Errors of a failing device: system calls that are made to fail in a process of their own.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use arbour_core::{
    Durability, ErrorKind, KvRead as _, KvStore as _, KvWrite as _, Result, StoreOptions,
};
use arbour_faults::recorder::{Failure, Injection, Meddling, Recorder};
use arbour_faults::recording::{CallKind, Event, Recording};
use tempfile::TempDir;

use crate::bed::{Bed, Engine, Seen};

const ENGINE: &str = "ARBOUR_KINDS_ENGINE";
const STORE: &str = "ARBOUR_KINDS_STORE";
const SAID: &str = "ARBOUR_KINDS_SAID";

/// More calls of one kind than the child makes.
const CALLS_MAX: u64 = 400;

/// What exists at the path when the child begins.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Before {
    Nothing,
    Store,
}

/// The engines of this build that keep files.
fn engines() -> Vec<Engine> {
    vec![
        #[cfg(feature = "fjall")]
        crate::fjall::ENGINE,
        #[cfg(feature = "lmdb")]
        crate::lmdb::ENGINE,
        #[cfg(feature = "redb")]
        crate::redb::ENGINE,
        #[cfg(feature = "rocksdb")]
        crate::rocksdb::ENGINE,
        #[cfg(feature = "sled")]
        crate::sled::ENGINE,
        #[cfg(feature = "sqlite")]
        crate::sqlite::ENGINE,
    ]
}

/// Makes one call after the other fail, until the error has the kind that the test looks for.
pub(crate) fn failing(
    bed: &Bed,
    before: Before,
    (kinds, failure): (&[CallKind], Failure),
    wanted: ErrorKind,
) -> Seen {
    let tools = tempfile::tempdir().expect("a folder can be made");
    let recorder = Recorder::compile(tools.path()).expect("there is a C compiler");
    let mut others = Vec::new();
    for &kind in kinds {
        for number in 0..CALLS_MAX {
            remove(&bed.folder());
            if before == Before::Store {
                bed.closed_store();
            }
            let child = Child { bed, tools: &tools };
            let meddling = Meddling::Fail(Injection { kind, number, failure });
            let Some(seen) = child.run(&recorder, meddling) else { break };
            match seen {
                Some(seen) if seen.kind == wanted => return seen,
                seen => others.extend(seen),
            }
        }
    }
    panic!("{}: no call that fails is {wanted}, but {others:#?}", bed.engine.name)
}

fn remove(folder: &Path) {
    for entry in fs::read_dir(folder).expect("the folder is there") {
        let path = entry.expect("the folder can be read").path();
        let removed =
            if path.is_dir() { fs::remove_dir_all(&path) } else { fs::remove_file(&path) };
        removed.expect("it is the test's own");
    }
}

struct Child<'b> {
    bed: &'b Bed,
    tools: &'b TempDir,
}

impl Child<'_> {
    /// Returns what the child reports of its error, if it has one; or `None` if it made no such
    /// call.
    fn run(&self, recorder: &Recorder, meddling: Meddling) -> Option<Option<Seen>> {
        let [log, notes, said] = ["log", "notes", "said"].map(|name| self.tools.path().join(name));
        for file in [&log, &notes, &said] {
            let _ = fs::remove_file(file);
        }
        let mut command = Command::new(env::current_exe().expect("this is a program"));
        command.args(["--exact", "device::child", "--nocapture"]);
        command.env(ENGINE, self.bed.engine.name).env(STORE, self.bed.path()).env(SAID, &said);
        command.stdout(Stdio::null()).stderr(Stdio::null());
        recorder.record(&mut command, &self.bed.folder(), &log, &notes, meddling);
        let status = command.status().expect("the child starts");
        assert!(status.success(), "{}: {status} with {meddling:?}", self.bed.engine.name);
        let recording = Recording::read(&log).expect("the recorder's log can be read");
        recording.events.contains(&Event::Injected).then(|| read(&said))
    }
}

/// The child's role: opens the store, commits, reads, syncs and closes until a call fails.
#[test]
fn child() {
    let Some(name) = env::var_os(ENGINE) else { return };
    let path = |name: &str| PathBuf::from(env::var_os(name).expect("the parent says it"));
    let engine = engines().into_iter().find(|engine| *engine.name == *name);
    let engine = engine.expect("the parent has the same engines");
    if let Err(error) = live(engine, &path(STORE)) {
        write(&path(SAID), &error.into());
    }
    // A failed engine may not be able to shut down properly.
    std::process::exit(0);
}

fn live(engine: Engine, path: &Path) -> Result<()> {
    let store = (engine.open)(path, &StoreOptions::new())?;
    let tree = store.tree("t")?;
    for key in [b"b", b"c"] {
        let mut transaction = store.begin_with(Durability::PowerLoss)?;
        transaction.put(&tree, key, &[7; 1000])?;
        transaction.commit()?;
    }
    store.snapshot()?.len(&tree)?;
    store.sync()?;
    store.close()
}

/// Writes the visible parts, one field on each line.
fn write(path: &Path, seen: &Seen) {
    let Seen { kind, line, path: store, tree, causes, .. } = seen;
    let store = store.as_ref().map_or(String::new(), |path| path.display().to_string());
    let mut text = format!("{kind}\n{line}\n{store}\n{}\n", tree.clone().unwrap_or_default());
    causes.iter().for_each(|cause| text.push_str(&format!("{}\n", cause.replace('\n', " "))));
    fs::write(path, text).expect("the file is the test's own");
}

fn read(path: &Path) -> Option<Seen> {
    let text = fs::read_to_string(path).ok()?;
    let mut lines = text.lines().map(str::to_owned);
    let mut field = || lines.next().expect("the child wrote it");
    let (kind, line, store, tree) = (field(), field(), field(), field());
    Some(Seen {
        kind: kind_named(&kind),
        line,
        path: (!store.is_empty()).then(|| PathBuf::from(OsString::from(store))),
        tree: (!tree.is_empty()).then_some(tree),
        causes: lines.collect(),
        is_of_layer: false,
    })
}

fn kind_named(name: &str) -> ErrorKind {
    use ErrorKind::{
        Busy, Closed, CommitUnknown, Corrupted, DiskFull, Engine, Io, Locked, Moved, NotFound,
        ReadOnly,
    };
    let kinds = [
        Busy,
        Closed,
        CommitUnknown,
        Corrupted,
        DiskFull,
        Engine,
        Io,
        Locked,
        Moved,
        NotFound,
        ReadOnly,
    ];
    let found = kinds.into_iter().find(|kind| kind.to_string() == name);
    found.expect("a failing call is of one of these kinds")
}

pub(crate) fn io(bed: &Bed) -> Seen {
    let reads = (&[CallKind::Read][..], Failure::Io);
    failing(bed, Before::Store, reads, ErrorKind::Io)
}

pub(crate) fn full(bed: &Bed) -> Seen {
    let writes = (&[CallKind::Write, CallKind::Resize, CallKind::Open][..], Failure::Full);
    failing(bed, Before::Nothing, writes, ErrorKind::DiskFull)
}

pub(crate) fn commit_unknown(bed: &Bed) -> Seen {
    let syncs = (&[CallKind::Sync, CallKind::Write][..], Failure::Io);
    failing(bed, Before::Store, syncs, ErrorKind::CommitUnknown)
}

#[allow(dead_code, reason = "SQLite keeps the system's reason to itself")]
pub(crate) fn read_only_medium(bed: &Bed) -> Seen {
    let opens = (&[CallKind::Open][..], Failure::ReadOnly);
    failing(bed, Before::Store, opens, ErrorKind::ReadOnly)
}
