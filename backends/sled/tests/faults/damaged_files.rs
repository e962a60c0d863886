//! Damage of any kind in any file, and every call.
//!
//! `ARBOUR_SEED` repeats a run, `ARBOUR_SLED_DAMAGES` makes it longer.

use std::any::Any;
use std::env;
use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use arbour_conformance::seed;
use arbour_core::engine::panic_message;
use arbour_core::{
    Cursor as _, Direction, Durability, Error, ErrorKind, KeyRange, KvRead as _, KvStore,
    KvWrite as _, Result, StoreOptions,
};
use arbour_sled::SledStore;

use crate::bed::{Bed, copy_folder};

const KEYS: u32 = 300;
const VERSIONS: u32 = 2;

/// SplitMix64.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ self.0 >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((mixed ^ mixed >> 31) % limit.max(1) as u64) as usize
    }
}

fn value(key: u32, version: u32) -> Vec<u8> {
    let length = if key % 100 == 7 { 200_000 } else { 20 + key as usize * 13 % 3000 };
    let mut value = vec![(key + version) as u8; length];
    value[..4].copy_from_slice(&key.to_be_bytes());
    value[4..8].copy_from_slice(&version.to_be_bytes());
    value
}

/// Makes a store, and returns what it leaves when it is closed and when it is killed.
fn make(bed: &Bed) -> Result<[(PathBuf, bool); 2]> {
    for version in 0..VERSIONS {
        // Closed and opened in between, so that there is an index.
        let store = bed.open("store")?;
        let tree = store.tree("t")?;
        for first in (0..KEYS).step_by(20) {
            store.write_with(Durability::PowerLoss, |transaction| {
                (first..first + 20).try_for_each(|key| {
                    transaction.put(&tree, &key.to_be_bytes(), &value(key, version))
                })
            })?;
        }
        if version + 1 == VERSIONS {
            bed.kill("store", "killed");
        }
        store.close()?;
    }
    Ok([(bed.path("store"), true), (bed.path("killed"), false)])
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { files.extend(self::files(&path)) } else { files.push(path) }
    }
    files.sort();
    files
}

/// Damages one file and returns a description.
fn damage(folder: &Path, random: &mut Random) -> String {
    let files = files(folder);
    let logs = files.iter().filter(|file| file.ends_with("db"));
    // The log is one file of many, but most of the store.
    let chosen: Vec<_> = files.iter().chain(logs.cycle().take(files.len())).collect();
    let file = chosen[random.below(chosen.len())];
    let mut bytes = fs::read(file).unwrap();
    let used = bytes.iter().rposition(|&byte| byte != 0).map_or(0, |last| last + 1);
    let place = random.below(used);
    let what = match random.below(4) {
        0 if used > 0 => {
            bytes[place] ^= 1 << random.below(8);
            format!("flip at {place}")
        }
        1 => {
            let end = bytes.len().min((place / 512 + 1 + random.below(9)) * 512);
            bytes[place / 512 * 512..end].fill(0);
            format!("zeros from {place}")
        }
        2 => {
            let end = bytes.len().min(place + 1 + random.below(64));
            bytes[place..end].iter_mut().for_each(|byte| *byte = random.below(256) as u8);
            format!("noise at {place}")
        }
        _ => {
            bytes.truncate(place);
            format!("cut at {place}")
        }
    };
    fs::write(file, bytes).unwrap();
    format!("{}: {what}", file.strip_prefix(folder).unwrap().display())
}

/// The outcome for a damaged store.
#[derive(Default)]
struct Outcome {
    kinds: Vec<(&'static str, ErrorKind, Error)>,
    /// Keys whose value is missing, or an earlier one.
    lost: usize,
}

impl Outcome {
    fn note<T>(&mut self, call: &'static str, result: Result<T>) -> Option<T> {
        result.map_err(|error| self.kinds.push((call, error.kind(), error))).ok()
    }
}

/// Makes every possible call on a store, even after some have failed.
fn use_all(path: &Path, options: &StoreOptions) -> Outcome {
    let mut outcome = Outcome::default();
    let opened = SledStore::open(path, options);
    let Some(store) = outcome.note("open", opened) else { return outcome };
    let tree = store.tree("t").unwrap();
    for key in 0..KEYS {
        let Some(found) = outcome.note("get", store.get(&tree, &key.to_be_bytes())) else {
            continue;
        };
        let version = (0..VERSIONS).find(|&version| found == Some(value(key, version)));
        assert!(found.is_none() || version.is_some(), "garbage at {key}");
        outcome.lost += usize::from(version != Some(VERSIONS - 1));
    }
    for direction in [Direction::Forward, Direction::Reverse] {
        let read = (|| {
            let snapshot = store.snapshot()?;
            let mut cursor = snapshot.scan(&tree, KeyRange::all(), direction)?;
            while let Some((key, found)) = cursor.next()? {
                let key = u32::from_be_bytes(key.try_into().unwrap());
                assert!((0..VERSIONS).any(|version| found == value(key, version)), "garbage");
            }
            cursor.seek(&7_u32.to_be_bytes())?;
            cursor.next().map(drop)
        })();
        outcome.note("scan", read);
    }
    for _ in 0..2 {
        let written = store.write_with(Durability::PowerLoss, |transaction| {
            transaction.delete_range(&tree, KeyRange::prefix(&[0, 0, 0]))?;
            transaction.put(&tree, b"large", &vec![9; 200_000])?;
            transaction.len(&tree).map(drop)
        });
        outcome.note("write", written);
    }
    outcome.note("first", store.begin().and_then(|t| t.first(&tree, KeyRange::all()).map(drop)));
    outcome.note("trees", store.snapshot().and_then(|snapshot| snapshot.trees()));
    outcome.note("stats", store.stats());
    outcome.note("backup", store.backup(&path.with_extension("backup")));
    outcome.note("sync", store.sync());
    outcome.note("close", store.close());
    drop(store);
    outcome
}

#[test]
fn are_right_or_refused_and_never_panic() -> Result<()> {
    let damages = env::var("ARBOUR_SLED_DAMAGES").map_or(80, |text| text.parse().unwrap());
    let seed = seed();
    println!("ARBOUR_SEED={seed}");
    let (bed, mut random) = (Bed::new(), Random(seed));
    let sources = make(&bed)?;
    let mut counts = [0; 3];
    for number in 0..damages {
        let (source, is_closed) = &sources[number % 2];
        let options = StoreOptions::new().verify(random.below(2) == 0);
        let path = bed.path(&format!("damaged {number}"));
        copy_folder(source, &path);
        let what = format!("{number}, closed {is_closed}, {}", damage(&path, &mut random));
        let used = catch_unwind(AssertUnwindSafe(|| use_all(&path, &options)));
        let outcome = used.unwrap_or_else(|panic: Box<dyn Any + Send>| {
            panic!("{what}: panicked: {}", panic_message(panic.as_ref()).unwrap_or_default())
        });
        for (call, kind, error) in &outcome.kinds {
            let is_right = match kind {
                ErrorKind::Corrupted | ErrorKind::CommitUnknown => true,
                // The number of the format is damaged.
                ErrorKind::TooNew => what.contains("seal"),
                _ => false,
            };
            assert!(is_right, "{what}: {call}: {error:?}");
        }
        let is_refused = !outcome.kinds.is_empty();
        if *is_closed {
            assert!(is_refused || outcome.lost == 0, "{what}: {} keys are lost", outcome.lost);
        }
        let place = if is_refused { 0 } else { 1 + usize::from(outcome.lost > 0) };
        counts[place] += 1;
        let _ = fs::remove_dir_all(&path);
        let _ = fs::remove_dir_all(path.with_extension("backup"));
    }
    println!("refused {}, right {}, earlier values {}", counts[0], counts[1], counts[2]);
    Ok(())
}
