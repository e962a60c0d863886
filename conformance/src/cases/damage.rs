//! Damaged files: refused with the right kind, never taken for data, and never a panic.
//!
//! The damaged file is the one that [`Factory::data_file`] names, of a store that was closed.

use std::fmt::Debug;
use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::path::{Path, PathBuf};

use arbour_core::engine::panic_message;
use arbour_core::{
    DamageDetection, Direction, Error, ErrorKind, KeyRange, KvRead, KvStore, KvWrite, Operation,
    Result, StoreOptions,
};

use super::claims::{commit, refused};
use super::files::{assert_named, attempt, copy_files, data_bytes, set_data_bytes};
use crate::random::Random;
use crate::{Bed, Factory, entries};

/// The unit in which parts of a file are overwritten: no engine has smaller pages.
const BLOCK: usize = 4096;

/// Checks that an engine without files is not affected by any: that is all these cases ask of it.
fn files_do_not_matter<F: Factory>(bed: &mut Bed<F>) -> Result<()> {
    let path = bed.other_path("no store");
    attempt(fs::write(&path, b"this is no store"), "cannot write a file")?;
    let store = bed.factory().open(&path, &StoreOptions::new())?;
    assert!(store.snapshot()?.trees()?.is_empty(), "what does not persist was found");
    commit(&store, &store.tree("t")?, "a=1")?;
    store.close()?;
    assert_eq!(attempt(fs::read(&path), "cannot read a file")?, b"this is no store");
    bed.negative();
    Ok(())
}

/// Asserts that a store cannot be opened, that the error names it, and that its file is unchanged.
/// It tries twice, because the first attempt must not enable the second.
fn stays_refused<F: Factory>(bed: &Bed<F>, path: &Path, kind: ErrorKind, what: &str) -> Result<()> {
    let bytes = || match bed.capabilities().in_files() {
        true => data_bytes(bed.factory(), path),
        false => Ok(Vec::new()),
    };
    let before = bytes()?;
    let (writable, read_only) = (StoreOptions::new(), StoreOptions::new().read_only(true));
    let mut attempts = vec![writable.clone(), writable];
    if bed.capabilities().read_only {
        attempts.push(read_only);
    }
    for options in attempts {
        let opened = placed(what, || bed.factory().open(path, &options));
        let error = refused(opened, kind, what);
        assert_named(bed, &error, path);
        assert_eq!(error.operation(), Operation::Open, "{what}");
        assert!(bytes()? == before, "{what}: the file was changed");
    }
    Ok(())
}

/// Runs a closure. If it panics, perhaps in the engine, the message says during what.
fn placed<T>(what: &str, run: impl FnOnce() -> Result<T>) -> Result<T> {
    catch_unwind(AssertUnwindSafe(run)).unwrap_or_else(|panic| {
        let message = panic_message(panic.as_ref()).unwrap_or("a panic");
        resume_unwind(Box::new(format!("a panic over {what}: {message}")))
    })
}

/// A store written by a later version is refused with `TooNew` and left unchanged. Case 103.
pub(super) fn newer_format_refused<F: Factory>(bed: &mut Bed<F>) -> Result<()> {
    if !bed.capabilities().persistent {
        return files_do_not_matter(bed);
    }
    let path = bed.other_path("newer");
    let store = bed.factory().open(&path, &StoreOptions::new())?;
    commit(&store, &store.tree("t")?, "a=1")?;
    store.close()?;
    drop(store);
    attempt(bed.factory().make_newer(&path), "cannot make a store newer")?;
    stays_refused(bed, &path, ErrorKind::TooNew, "a newer store")
}

/// A file that is not a store is refused with `Corrupted` and left unchanged: text, noise, zeros,
/// one byte.
pub(super) fn not_a_store_refused<F: Factory>(bed: &mut Bed<F>) -> Result<()> {
    if !bed.capabilities().in_files() {
        return files_do_not_matter(bed);
    }
    let intact = written_in_steps(bed)?;
    let length = data_bytes(bed.factory(), &intact)?.len();
    let text = b"this is no store, but a note that somebody left here\n".to_vec();
    let long_text = text.repeat(length / text.len() + 1);
    for (name, bytes) in [
        ("text", text),
        ("long text", long_text),
        ("noise", noise(length)),
        ("zeros", vec![0; length.max(1)]),
        ("a byte", vec![b'x']),
    ] {
        let path = bed.other_path(name);
        copy_files(&intact, &path)?;
        set_data_bytes(bed.factory(), &path, &bytes)?;
        stays_refused(bed, &path, ErrorKind::Corrupted, name)?;
    }
    Ok(())
}

const STEPS: usize = 12;

/// Writes a store in commits that each touch two trees, and closes it.
fn written_in_steps<F: Factory>(bed: &Bed<F>) -> Result<PathBuf> {
    let path = bed.other_path("intact");
    let store = bed.factory().open(&path, &StoreOptions::new())?;
    let (t, u) = (store.tree("t")?, store.tree("u")?);
    for step in 0..STEPS {
        store.write(|transaction| {
            let (key, value) = step_entry(step);
            transaction.put(&t, &key, &value)?;
            transaction.put(&t, b"head", &value)?;
            transaction.put(&u, &key, &value)
        })?;
    }
    store.close()?;
    Ok(path)
}

fn step_entry(step: usize) -> (Vec<u8>, Vec<u8>) {
    (format!("{step:04}").into_bytes(), format!("value of {step:04}").repeat(100).into_bytes())
}

/// A file that ends too early is refused with `Corrupted`, or holds the state after some commit, in
/// all trees: never a part of a commit.
pub(super) fn truncated_refused<F: Factory>(bed: &mut Bed<F>) -> Result<()> {
    if !bed.capabilities().in_files() {
        return files_do_not_matter(bed);
    }
    let intact = written_in_steps(bed)?;
    let bytes = data_bytes(bed.factory(), &intact)?;
    let mut lengths: Vec<usize> = (0..8).map(|eighth| bytes.len() * eighth / 8).collect();
    lengths.extend([1, 100, 512, BLOCK, BLOCK + 1]);
    lengths.extend([1, 2, 100, BLOCK].map(|short| bytes.len().saturating_sub(short)));
    lengths.retain(|length| *length < bytes.len());
    // In a small file some lengths are equal, and a folder cannot be copied onto another.
    lengths.sort_unstable();
    lengths.dedup();
    for length in lengths {
        let path = bed.other_path(&format!("cut at {length}"));
        copy_files(&intact, &path)?;
        set_data_bytes(bed.factory(), &path, bytes.get(..length).unwrap_or_default())?;
        let outcome = placed(&format!("cut at {length}"), || {
            let store = bed.factory().open(&path, &StoreOptions::new())?;
            let snapshot = store.snapshot()?;
            let read = |name| {
                let tree = store.tree(name)?;
                entries(snapshot.scan(&tree, KeyRange::all(), Direction::Forward)?)
            };
            Ok::<_, Error>((read("t")?, read("u")?))
        });
        match outcome {
            Err(error) => assert_eq!(error.kind(), ErrorKind::Corrupted, "{length}: {error:?}"),
            Ok((in_t, in_u)) => {
                let steps = in_u.len();
                let expected: Vec<_> = (0..steps).map(step_entry).collect();
                assert!(steps <= STEPS && in_u == expected, "cut at {length}: u is wrong");
                let head = expected.last().map(|(_, value)| (b"head".to_vec(), value.clone()));
                let expected: Vec<_> = expected.iter().cloned().chain(head).collect();
                assert!(in_t == expected, "cut at {length}: t and u are of different commits");
            }
        }
    }
    Ok(())
}

/// Pages of noise or zeros in the middle of a file are detected: what is read is right, or the read
/// fails with `Corrupted`, and nothing is missing silently.
///
/// No engine without checksums can detect a single changed bit within a value, and the suite does
/// not require it.
pub(super) fn garbage_never_passes_for_data<F: Factory>(bed: &mut Bed<F>) -> Result<()> {
    if !bed.capabilities().in_files() {
        return files_do_not_matter(bed);
    }
    let intact = bed.other_path("intact");
    let store = bed.factory().open(&intact, &StoreOptions::new())?;
    let names = ["t", "u"];
    for name in names {
        let tree = store.tree(name)?;
        // Many commits, so that the last one lies in the part that is spared.
        for part in 0..16 {
            store.write(|transaction| {
                let mut written = garbled_entries(name).into_iter().skip(part).step_by(16);
                written.try_for_each(|(key, value)| transaction.put(&tree, &key, &value))
            })?;
        }
    }
    store.close()?;
    drop(store);
    let bytes = data_bytes(bed.factory(), &intact)?;
    let options = StoreOptions::new().verify(needs_verification(bed));
    for block in blocks(&bytes) {
        for (name, garbage) in [("noise", noise(BLOCK)), ("zeros", vec![0; BLOCK])] {
            let what = format!("{name} in block {block}");
            let mut damaged = bytes.clone();
            if let Some(place) = damaged.get_mut(block * BLOCK..(block + 1) * BLOCK) {
                place.copy_from_slice(&garbage);
            }
            let path = bed.other_path(&what);
            copy_files(&intact, &path)?;
            set_data_bytes(bed.factory(), &path, &damaged)?;
            let checked = placed(&what, || {
                let store = bed.factory().open(&path, &options)?;
                names.iter().try_for_each(|name| right_or_refused(&store, name, &what))
            });
            if let Err(error) = checked {
                assert_eq!(error.kind(), ErrorKind::Corrupted, "{what}: {error:?}");
            }
        }
    }
    Ok(())
}

/// Tells whether the engine promises to detect damage only if it is asked to verify.
fn needs_verification<F: Factory>(bed: &Bed<F>) -> bool {
    bed.capabilities().damage == DamageDetection::StructureOnVerify
}

/// The entries of a tree that spans many pages.
fn garbled_entries(name: &str) -> Vec<(Vec<u8>, Vec<u8>)> {
    let entry = |number| {
        let value = format!("value of {number:05} in {name}").repeat(3);
        (format!("key {number:05}").into_bytes(), value.into_bytes())
    };
    (0..800).map(entry).collect()
}

/// Reads a tree in every way and asserts that each read is right, or fails with `Corrupted` and
/// names the store.
fn right_or_refused<S: KvStore>(store: &S, name: &str, what: &str) -> Result<()> {
    let (snapshot, tree, expected) = (store.snapshot()?, store.tree(name)?, garbled_entries(name));
    let scan = |direction| entries(snapshot.scan(&tree, KeyRange::all(), direction)?);
    right(scan(Direction::Forward), &expected, what);
    let reversed = expected.iter().rev().cloned().collect();
    right(scan(Direction::Reverse), &reversed, what);
    right(snapshot.len(&tree), &(expected.len() as u64), what);
    for (key, value) in expected.into_iter().step_by(7) {
        right(snapshot.get_with(&tree, &key, <[u8]>::to_vec), &Some(value), what);
    }
    Ok(())
}

fn right<T: PartialEq + Debug>(result: Result<T>, expected: &T, what: &str) {
    match result {
        Ok(found) => assert!(found == *expected, "{what}: passes for data"),
        Err(error) => {
            assert_eq!(error.kind(), ErrorKind::Corrupted, "{what}: {error:?}");
            assert!(error.path().is_some(), "{what}: the store is not named: {error:?}");
        }
    }
}

/// Chooses blocks to overwrite: the first, some spread over the file, and some that hold values.
/// The last eighth is spared: in a log, damage there looks like a commit that was never completed.
fn blocks(bytes: &[u8]) -> Vec<usize> {
    let count = bytes.len() * 7 / 8 / BLOCK;
    let marked = |block: &usize| {
        let place = bytes.get(block * BLOCK..(block + 1) * BLOCK).unwrap_or_default();
        place.windows(b"value of ".len()).any(|part| part == b"value of ")
    };
    let holding: Vec<usize> = (0..count).filter(marked).collect();
    let mut chosen: Vec<usize> = (0..count).step_by(count / 8 + 1).collect();
    chosen.extend(holding.iter().copied().step_by(holding.len() / 8 + 1));
    chosen.sort_unstable();
    chosen.dedup();
    chosen
}

/// Meaningless bytes, the same in every run.
fn noise(length: usize) -> Vec<u8> {
    let mut random = Random::new(length as u64);
    (0..length).map(|_| random.next() as u8).collect()
}
