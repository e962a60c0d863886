//! A full device.

use std::env;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use arbour_core::{
    Durability, Error, ErrorKind, KvRead as _, KvStore as _, KvWrite as _, Operation, Result,
    StoreOptions,
};
use arbour_rocksdb::RocksdbStore;
use tempfile::tempdir;

const PATH: &str = "ARBOUR_ROCKSDB_FULL_DEVICE";

/// The writer's role: commits until the system refuses, and prints its progress.
fn write_until_refused(path: &Path) -> Result<()> {
    let store = RocksdbStore::open(path, &StoreOptions::new())?;
    let t = store.tree("t")?;
    let commit = |number: u32| {
        let mut transaction = store.begin_with(Durability::ProcessCrash)?;
        transaction.put(&t, &number.to_be_bytes(), &[7; 1000])?;
        transaction.commit()
    };
    let (count, error) = (0..1_000_000)
        .find_map(|number| commit(number).err().map(|error| (number, error)))
        .expect("a limit was set");
    assert_eq!(error.kind(), ErrorKind::CommitUnknown, "{error:?}");
    assert_eq!((error.operation(), error.path()), (Operation::Commit, Some(path)));
    let cause = std::error::Error::source(&error).and_then(|cause| cause.downcast_ref::<Error>());
    assert_eq!(cause.map(Error::kind), Some(ErrorKind::Io), "{error:?}");
    // Committed data can still be read, and nothing later counts as committed.
    assert_eq!(store.snapshot()?.len(&t)?, u64::from(count));
    assert!(commit(count + 1).is_err(), "a commit after one that failed");
    let mut said = std::io::stdout().lock();
    writeln!(said, "committed {count}").and_then(|()| said.flush()).expect("the parent listens");
    drop(store);
    Ok(())
}

/// The system limits the length of the files that a process may write, like a full device.
/// Everything that was acknowledged is there once the store is opened again.
#[cfg(unix)]
#[test]
fn full_loses_nothing_acknowledged() -> Result<()> {
    if let Some(path) = env::var_os(PATH) {
        return write_until_refused(path.as_ref());
    }
    let folder = tempdir().unwrap();
    let path = folder.path().join("store");
    let output = Command::new("sh")
        .args(["-c", r#"trap '' XFSZ; ulimit -f 512; exec "$0" "$@""#])
        .arg(env::current_exe().unwrap())
        .args(["--exact", "--nocapture", "device::full_loses_nothing_acknowledged"])
        .env(PATH, &path)
        .stderr(Stdio::inherit())
        .output()
        .unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{said}");
    let count = said.lines().find_map(|line| line.split_once("committed ")?.1.parse::<u64>().ok());
    let count = count.expect("the writer says how far it came");
    assert!(count > 100, "only {count} commits found room");

    let store = RocksdbStore::open(&path, &StoreOptions::new())?;
    let (snapshot, t) = (store.snapshot()?, store.tree("t")?);
    let found = snapshot.len(&t)?;
    assert!((count..=count + 1).contains(&found), "{count} were acknowledged, {found} are there");
    for number in 0..count as u32 {
        assert!(snapshot.contains(&t, &number.to_be_bytes())?, "{number} is missing");
    }
    drop(snapshot);
    store.put(&t, b"and on", b"")
}
