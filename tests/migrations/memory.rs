//! How much memory a step over a million entries takes, and how often it reports progress.

use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use arbour::migrations::{Group, Migrations, Run, Step};
use arbour::{Batch, Durability, KvRead as _, KvStore, StoreOptions};

const ROWS: u64 = 1_000_000;

const MEMORY_BYTES_MAX: u64 = 256 << 20;

/// The maximum memory of this process so far.
fn peak_bytes() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    Some(line.trim().strip_suffix(" kB")?.trim().parse::<u64>().ok()? << 10)
}

/// A hundred bytes for each of a million rows, rewritten: 232 MB that are read and written.
#[test]
fn a_million_rows_are_bounded_and_heard_of() {
    let folder = tempfile::tempdir().unwrap();
    let options = StoreOptions::new().cache_bytes(32 << 20);
    let url = format!("redb:{}", folder.path().join("store").display());
    let store = arbour::open_with(&url, &options).unwrap();
    let rows = store.tree("rows").unwrap();
    for start in (0..ROWS).step_by(10_000) {
        let mut batch = Batch::new();
        for number in start..start + 10_000 {
            batch.put(&rows, &number.to_be_bytes(), &[b'v'; 100]);
        }
        store.apply(batch, Durability::None).unwrap();
    }
    let step = Step::numbered(1)
        .each("rows", |trees, key, value| Ok(trees.put("rows", key, &[value, b"!"].concat())?));
    let migrations = Migrations::new("app", "1.2").group(Group::new("rows").step(step));
    let (mut told, mut silence) = (Instant::now(), Duration::ZERO);
    let run = Run::default().durability(Durability::None);
    let report = migrations.run_with(&store, &run, &mut |progress| {
        silence = silence.max(told.elapsed());
        told = Instant::now();
        assert!(progress.done <= ROWS);
        ControlFlow::Continue(())
    });
    let counts = report.unwrap().steps[0].counts;
    println!("{counts:?}, silent for {silence:?}, peak {:?}", peak_bytes());
    assert_eq!((counts.entries, counts.puts), (ROWS, ROWS));
    assert!(counts.chunks > 100, "{} chunks", counts.chunks);
    assert!(silence < Duration::from_secs(1), "nothing was heard for {silence:?}");
    assert_eq!(store.snapshot().unwrap().len(&rows).unwrap(), ROWS);
    if let Some(peak) = peak_bytes() {
        assert!(peak < MEMORY_BYTES_MAX, "{} MiB", peak >> 20);
    }
}
