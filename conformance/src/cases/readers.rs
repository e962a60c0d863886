//! Readers beside writers: neither waits for the other, and a reader sees whole commits.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::mpsc;
use std::thread;

use arbour_core::{
    Cursor, Direction, Durability, Error, ErrorKind, KeyRange, KvRead, KvStore, KvWrite, Result,
    StoreOptions, Tree,
};

use super::claims::{commit, everything, joined, make, patient};
use crate::harness::Undisturbed;
use crate::{Bed, Factory, entries};

/// A cursor reads what its snapshot saw, in both directions, while other threads delete, overwrite
/// and insert keys. Case 61.
pub(super) fn cursor_outlives_commits<F: Factory>(bed: &mut Bed<F>) -> Result<()> {
    let keys: Vec<String> = (0..600).map(|number| format!("{number:04}")).collect();
    let t = bed.tree("t")?;
    bed.store().write(|transaction| {
        keys.iter().try_for_each(|key| transaction.put(&t, key.as_bytes(), b"before"))
    })?;
    bed.settle()?;
    let (store, t) = (bed.store(), bed.tree("t")?);
    let snapshot = store.snapshot()?;
    let mut forward = snapshot.scan(&t, KeyRange::all(), Direction::Forward)?;
    let mut reverse = snapshot.scan(&t, KeyRange::all(), Direction::Reverse)?;
    let mut read = [Vec::new(), Vec::new()];
    for round in 0..6 {
        for (cursor, read) in [&mut forward, &mut reverse].into_iter().zip(&mut read) {
            for _ in 0..100 {
                let (key, value) = cursor.next()?.expect("there are 600 entries");
                assert_eq!(value, b"before", "of {key:?}");
                read.push(String::from_utf8_lossy(key).into_owned());
            }
        }
        store.write(|transaction| {
            for (number, key) in keys.iter().enumerate().skip(round).step_by(7) {
                match number % 3 {
                    0 => transaction.delete(&t, key.as_bytes())?,
                    1 => transaction.put(&t, key.as_bytes(), b"after")?,
                    _ => transaction.put(&t, format!("{key}+").as_bytes(), b"after")?,
                }
            }
            Ok::<_, arbour_core::Error>(())
        })?;
    }
    assert!(forward.next()?.is_none() && reverse.next()?.is_none(), "there are 600 entries");
    let [ascending, mut descending] = read;
    descending.reverse();
    assert_eq!(ascending, keys, "of the forward cursor");
    assert_eq!(descending, keys, "of the reverse cursor");
    Ok(())
}

/// A snapshot and its cursor stay readable when the store is closed; dropping the last of them
/// releases the files. Case 63.
pub(super) fn outlive_close<F: Factory>(bed: &mut Bed<F>) -> Result<()> {
    commit(bed.store(), &bed.tree("t")?, "a=1 b=1 c=1")?;
    commit(bed.store(), &bed.tree("u")?, "a=1")?;
    bed.settle()?;
    let (store, t, u) = (bed.store(), bed.tree("t")?, bed.tree("u")?);
    let snapshot = store.snapshot()?;
    let mut cursor = snapshot.scan(&t, KeyRange::all(), Direction::Forward)?;
    assert_eq!(cursor.next()?, Some((&b"a"[..], &b"1"[..])));
    store.close()?;
    assert_eq!(cursor.next()?, Some((&b"b"[..], &b"1"[..])), "the cursor after the close");
    assert_eq!(everything(&snapshot, &t)?, "a=1 b=1 c=1");
    assert_eq!(everything(&snapshot, &u)?, "a=1", "a tree first read after the close");
    assert_eq!(cursor.next()?, Some((&b"c"[..], &b"1"[..])));
    if bed.capabilities().persistent {
        // The snapshot may still hold the files. Engines differ in this, but none fails silently.
        match bed.factory().open(bed.path(), &StoreOptions::new()) {
            Ok(again) => {
                assert_eq!(everything(&again.snapshot()?, &again.tree("t")?)?, "a=1 b=1 c=1");
                again.close()?;
            }
            Err(error) => assert_eq!(error.kind(), ErrorKind::Locked, "{error:?}"),
        }
    }
    assert!(cursor.next()?.is_none());
    drop(cursor);
    drop(snapshot);
    bed.reopen()?;
    let expected = if bed.capabilities().persistent { "a=1 b=1 c=1" } else { "" };
    assert_eq!(everything(&bed.store().snapshot()?, &bed.tree("t")?)?, expected);
    Ok(())
}

/// Case 64. A store that locks out writers while it reads hangs here.
pub(super) fn long_reader_does_not_block_writer<F: Factory>(bed: &mut Bed<F>) -> Result<()> {
    bed.reopen_with(&patient())?;
    commit(bed.store(), &bed.tree("t")?, "a=1 b=1 c=1")?;
    bed.settle()?;
    let (store, t) = (bed.store(), &bed.tree("t")?);
    let snapshot = store.snapshot()?;
    let mut cursor = snapshot.scan(t, KeyRange::all(), Direction::Forward)?;
    assert_eq!(cursor.next()?, Some((&b"a"[..], &b"1"[..])));
    commit(store, t, "b=2")?;
    thread::scope(|scope| {
        joined(scope.spawn(|| {
            for number in 0..20 {
                store.put(t, b"c", format!("{number}").as_bytes())?;
            }
            commit(store, t, "-a")
        }))
    })?;
    assert_eq!(cursor.next()?, Some((&b"b"[..], &b"1"[..])));
    assert_eq!(everything(&snapshot, t)?, "a=1 b=1 c=1");
    assert_eq!(everything(&store.snapshot()?, t)?, "b=2 c=19");
    Ok(())
}

/// A snapshot taken while a transaction is open neither waits for it nor fails, and sees nothing of
/// it, then or after its commit.
pub(super) fn taken_beside_open_transaction<F: Factory>(bed: &mut Bed<F>) -> Result<()> {
    let _undisturbed = Undisturbed::new();
    bed.reopen_with(&patient())?;
    commit(bed.store(), &bed.tree("t")?, "a=1 b=1")?;
    bed.settle()?;
    let (store, t) = (bed.store(), &bed.tree("t")?);
    let mut transaction = store.begin()?;
    make(&mut transaction, t, "a=2 -b c=2")?;
    let beside = store.snapshot()?;
    thread::scope(|scope| {
        joined(scope.spawn(|| {
            assert_eq!(everything(&store.snapshot()?, t)?, "a=1 b=1", "on another thread");
            Ok(())
        }))
    })?;
    assert_eq!(everything(&beside, t)?, "a=1 b=1", "before the commit");
    transaction.commit()?;
    assert_eq!(everything(&beside, t)?, "a=1 b=1", "after the commit");
    assert_eq!(everything(&store.snapshot()?, t)?, "a=2 c=2");
    Ok(())
}

/// Whenever a snapshot is taken while another thread writes, it sees each commit in all of its
/// trees, or not at all. Case 65.
pub(super) fn no_torn_commit<F: Factory>(bed: &mut Bed<F>) -> Result<()> {
    const COMMITS: u32 = 200;
    let (store, t, u) = (bed.store(), &bed.tree("t")?, &bed.tree("u")?);
    let (sender, receiver) = mpsc::channel::<()>();
    thread::scope(|scope| {
        let writer = scope.spawn(move || {
            // The reader stops when this is dropped, even by a panic.
            let _sender = sender;
            for number in 0..COMMITS {
                let value = number.to_be_bytes();
                store.write_with(Durability::None, |transaction| {
                    // The number is in both trees, the token in one of them.
                    let (from, to) = if number % 2 == 0 { (t, u) } else { (u, t) };
                    transaction.put(t, b"number", &value)?;
                    transaction.delete(from, b"token")?;
                    transaction.put(to, b"token", b"")?;
                    transaction.put(u, b"number", &value)
                })?;
            }
            Ok(())
        });
        let mut seen = Vec::new();
        while receiver.try_recv() != Err(mpsc::TryRecvError::Disconnected) {
            let snapshot = store.snapshot()?;
            let number = |tree| snapshot.get_with(tree, b"number", <[u8]>::to_vec);
            let in_t = number(t)?;
            thread::yield_now();
            assert_eq!(number(u)?, in_t, "the trees are of different commits");
            if in_t.is_some() {
                let tokens = [t, u].map(|tree| snapshot.contains(tree, b"token"));
                let tokens = tokens.into_iter().collect::<Result<Vec<_>>>()?;
                assert_eq!(tokens.iter().filter(|found| **found).count(), 1, "of the token");
                let scanned = [t, u].map(|tree| entries(snapshot.prefix(tree, b"number")?));
                for found in scanned {
                    let value = found?.into_iter().next().map(|(_, value)| value);
                    assert_eq!(value, in_t, "a scan is of another commit than a get");
                }
            }
            assert!(seen.last() <= Some(&in_t), "a later snapshot saw an earlier commit");
            seen.push(in_t);
        }
        joined(writer)
    })?;
    bed.settle()?;
    let expected = Some((COMMITS - 1).to_be_bytes().to_vec());
    for name in ["t", "u"] {
        assert_eq!(bed.store().get(&bed.tree(name)?, b"number")?, expected);
    }
    Ok(())
}

/// A closure over a value can read, and its panic is the caller's own: nothing is held while it
/// runs. One layer caught the engine's panics around the caller's closure and reported the
/// closure's panic as damage.
pub(super) fn closures_run_freely<F: Factory>(bed: &mut Bed<F>) -> Result<()> {
    let (t, u) = (bed.tree("t")?, bed.tree("u")?);
    bed.store().put(&t, b"a", b"1")?;
    bed.store().put(&u, b"b", b"2")?;
    bed.settle()?;
    let (t, u) = (bed.tree("t")?, bed.tree("u")?);
    let snapshot = bed.store().snapshot()?;
    closure_runs_freely(&snapshot, &t, &u)?;
    closure_runs_freely(&bed.store().begin()?, &t, &u)
}

fn closure_runs_freely<R: KvRead>(reader: &R, t: &Tree, u: &Tree) -> Result<()> {
    let beside = reader.get_with(t, b"a", |_| {
        let same = reader.get_with(t, b"a", <[u8]>::to_vec)?;
        Ok::<_, Error>((same, reader.get_with(u, b"b", <[u8]>::to_vec)?))
    })?;
    let beside = beside.expect("the key is there")?;
    assert_eq!(beside, (Some(b"1".to_vec()), Some(b"2".to_vec())), "read within a read");
    let panicked = catch_unwind(AssertUnwindSafe(|| {
        reader.get_with(t, b"a", |_| resume_unwind(Box::new("the caller's own")))
    }));
    let payload = panicked.map(drop).expect_err("the panic reaches the caller");
    assert_eq!(payload.downcast_ref::<&str>(), Some(&"the caller's own"));
    assert_eq!(reader.get_with(t, b"a", <[u8]>::len)?, Some(1), "the reader goes on");
    Ok(())
}
