//! Changing a key depending on its value: no other write comes between the read and the write.

use std::thread;

use arbour_core::{CompareAndSwap, KvRead, KvStore, Result, Update};

use super::claims::joined;
use super::ways::read;
use crate::{Bed, Factory};

/// How many threads change one key at once, and how often each of them does.
const THREADS: usize = 4;
const ROUNDS: u64 = 20;

/// Case 92. A key that is absent, as expected, is put; a second time it is not.
pub(super) fn swap_absent_to_new<F: Factory>(bed: &mut Bed<F>) -> Result<()> {
    let t = bed.tree("t")?;
    bed.store().put(&t, b"b", b"beside")?;
    assert_eq!(bed.store().compare_and_swap(&t, b"a", None, Some(b"1"))?, CompareAndSwap::Swapped);
    bed.settle()?;
    let t = bed.tree("t")?;
    assert_eq!(read(bed.store(), &t, b"a")?, Some(b"1".to_vec()));
    let again = bed.store().compare_and_swap(&t, b"a", None, Some(b"2"))?;
    assert_eq!(again, CompareAndSwap::Differs { actual: Some(b"1".to_vec()) });
    let swapped = bed.store().compare_and_swap(&t, b"a", Some(b"1"), Some(b"2"))?;
    assert_eq!(swapped, CompareAndSwap::Swapped);
    assert_eq!(read(bed.store(), &t, b"a")?, Some(b"2".to_vec()));
    assert_eq!(read(bed.store(), &t, b"b")?, Some(b"beside".to_vec()));
    Ok(())
}

/// Case 92. If the key holds another value than expected, that value is reported, and the key keeps
/// it.
pub(super) fn swap_mismatch_reports_actual<F: Factory>(bed: &mut Bed<F>) -> Result<()> {
    let t = bed.tree("t")?;
    bed.store().put(&t, b"a", b"actual")?;
    bed.settle()?;
    let t = bed.tree("t")?;
    let expectations: [Option<&[u8]>; 6] =
        [None, Some(b""), Some(b"actua"), Some(b"actual\0"), Some(b"ACTUAL"), Some(b"new")];
    for expected in expectations {
        for new in [Some(&b"new"[..]), None] {
            let refused = bed.store().compare_and_swap(&t, b"a", expected, new)?;
            assert!(!refused.swapped(), "{expected:?}");
            assert_eq!(refused, CompareAndSwap::Differs { actual: Some(b"actual".to_vec()) });
            let refused = bed.store().compare_and_swap(&t, b"absent", Some(b"actual"), new)?;
            assert_eq!(refused, CompareAndSwap::Differs { actual: None });
        }
    }
    bed.settle()?;
    let t = bed.tree("t")?;
    assert_eq!(read(bed.store(), &t, b"a")?, Some(b"actual".to_vec()));
    assert_eq!(read(bed.store(), &t, b"absent")?, None);
    Ok(())
}

/// Case 92. A swap can remove a key, and can confirm that a key is absent.
pub(super) fn swap_to_absent<F: Factory>(bed: &mut Bed<F>) -> Result<()> {
    let t = bed.tree("t")?;
    bed.store().put(&t, b"a", b"1")?;
    assert!(bed.store().compare_and_swap(&t, b"a", Some(b"1"), None)?.swapped());
    assert!(bed.store().compare_and_swap(&t, b"never", None, None)?.swapped());
    bed.settle()?;
    let t = bed.tree("t")?;
    assert_eq!(read(bed.store(), &t, b"a")?, None);
    assert!(bed.trees_of(&bed.store().snapshot()?)?.is_empty());
    let refused = bed.store().compare_and_swap(&t, b"a", Some(b"1"), None)?;
    assert_eq!(refused, CompareAndSwap::Differs { actual: None });
    Ok(())
}

/// An empty value is neither expected nor reported as an absent key, and vice versa.
pub(super) fn swap_tells_empty_from_absent<F: Factory>(bed: &mut Bed<F>) -> Result<()> {
    let t = bed.tree("t")?;
    let absent = bed.store().compare_and_swap(&t, b"a", Some(b""), Some(b"1"))?;
    assert_eq!(absent, CompareAndSwap::Differs { actual: None });
    assert!(bed.store().compare_and_swap(&t, b"a", None, Some(b""))?.swapped());
    bed.settle()?;
    let t = bed.tree("t")?;
    let empty = bed.store().compare_and_swap(&t, b"a", None, Some(b"1"))?;
    assert_eq!(empty, CompareAndSwap::Differs { actual: Some(Vec::new()) });
    let seen = bed.store().fetch_and_update(&t, b"a", |value| {
        assert_eq!(value, Some(&b""[..]));
        Update::Keep
    })?;
    assert_eq!(seen, Some(Vec::new()));
    assert!(bed.store().compare_and_swap(&t, b"a", Some(b""), Some(b"1"))?.swapped());
    assert_eq!(read(bed.store(), &t, b"a")?, Some(b"1".to_vec()));
    Ok(())
}

/// If many threads put an absent key, one succeeds, and the others get its value.
pub(super) fn one_of_many_swaps_wins<F: Factory>(bed: &mut Bed<F>) -> Result<()> {
    let t = bed.tree("t")?;
    let store = bed.store();
    for round in 0..10_u8 {
        let outcomes: Vec<(u8, CompareAndSwap)> = thread::scope(|scope| {
            let threads: Vec<_> = (0..THREADS as u8)
                .map(|me| {
                    let t = &t;
                    scope.spawn(move || {
                        Ok((me, store.compare_and_swap(t, &[round], None, Some(&[me]))?))
                    })
                })
                .collect();
            threads.into_iter().map(joined).collect::<Result<_>>()
        })?;
        let winners: Vec<u8> =
            outcomes.iter().filter(|(_, outcome)| outcome.swapped()).map(|(me, _)| *me).collect();
        assert_eq!(winners.len(), 1, "round {round}: {outcomes:?}");
        assert_eq!(store.get(&t, &[round])?, Some(winners.clone()), "round {round}");
        for (_, outcome) in outcomes.iter().filter(|(_, outcome)| !outcome.swapped()) {
            assert_eq!(*outcome, CompareAndSwap::Differs { actual: Some(winners.clone()) });
        }
    }
    Ok(())
}

/// Case 93. Increments of many threads add up, and each thread sees numbers that no other thread
/// sees.
pub(super) fn concurrent_updates_are_exact<F: Factory>(bed: &mut Bed<F>) -> Result<()> {
    let t = bed.tree("t")?;
    let store = bed.store();
    let mut seen: Vec<u64> = thread::scope(|scope| {
        let threads: Vec<_> = (0..THREADS)
            .map(|_| {
                let t = &t;
                scope.spawn(move || {
                    let mut seen = Vec::new();
                    for _ in 0..ROUNDS {
                        let previous = store.fetch_and_update(t, b"count", |value| {
                            Update::Put((number(value) + 1).to_be_bytes().to_vec())
                        })?;
                        seen.push(number(previous.as_deref()));
                    }
                    Ok(seen)
                })
            })
            .collect();
        threads.into_iter().map(joined).collect::<Result<Vec<_>>>()
    })?
    .concat();
    seen.sort_unstable();
    let total = THREADS as u64 * ROUNDS;
    assert!(seen.iter().copied().eq(0..total), "each number once: {seen:?}");
    bed.settle()?;
    let t = bed.tree("t")?;
    assert_eq!(number(read(bed.store(), &t, b"count")?.as_deref()), total);
    Ok(())
}

fn number(value: Option<&[u8]>) -> u64 {
    let bytes = value.and_then(|value| <[u8; 8]>::try_from(value).ok());
    bytes.map_or(0, u64::from_be_bytes)
}

/// An update puts what the closure returns, and returns the previous value.
pub(super) fn update_returns_previous<F: Factory>(bed: &mut Bed<F>) -> Result<()> {
    for (before, now) in
        [(None, "1"), (Some("1"), ""), (Some(""), "a longer one"), (Some("a longer one"), "2")]
    {
        let t = bed.tree("t")?;
        let before = before.map(|value| value.as_bytes().to_vec());
        let previous = bed.store().fetch_and_update(&t, b"a", |value| {
            assert_eq!(value, before.as_deref(), "what the closure is given");
            Update::Put(now.as_bytes().to_vec())
        })?;
        assert_eq!(previous, before);
        bed.settle()?;
        let t = bed.tree("t")?;
        assert_eq!(read(bed.store(), &t, b"a")?.as_deref(), Some(now.as_bytes()));
    }
    assert_eq!(bed.store().snapshot()?.len(&bed.tree("t")?)?, 1);
    Ok(())
}

/// Case 94. A closure can leave the key as it is, even if it is absent.
pub(super) fn update_declined<F: Factory>(bed: &mut Bed<F>) -> Result<()> {
    let (t, u) = (bed.tree("t")?, bed.tree("u")?);
    bed.store().put(&t, b"a", b"1")?;
    let kept = bed.store().fetch_and_update(&t, b"a", |_| Update::Keep)?;
    assert_eq!(kept, Some(b"1".to_vec()));
    assert_eq!(bed.store().fetch_and_update(&t, b"absent", |_| Update::Keep)?, None);
    assert_eq!(bed.store().fetch_and_update(&u, b"absent", |_| Update::Keep)?, None);
    bed.settle()?;
    let t = bed.tree("t")?;
    assert_eq!(read(bed.store(), &t, b"a")?, Some(b"1".to_vec()));
    assert_eq!(read(bed.store(), &t, b"absent")?, None);
    assert_eq!(bed.trees_of(&bed.store().snapshot()?)?, ["t"]);
    Ok(())
}

/// A closure can delete the key, and the update returns the previous value; deleting an absent key
/// does nothing.
pub(super) fn update_deletes<F: Factory>(bed: &mut Bed<F>) -> Result<()> {
    let t = bed.tree("t")?;
    bed.store().put(&t, b"a", b"1")?;
    bed.store().put(&t, b"b", b"2")?;
    let removed = bed.store().fetch_and_update(&t, b"a", |_| Update::Delete)?;
    assert_eq!(removed, Some(b"1".to_vec()));
    assert_eq!(bed.store().fetch_and_update(&t, b"absent", |_| Update::Delete)?, None);
    bed.settle()?;
    let t = bed.tree("t")?;
    assert_eq!(read(bed.store(), &t, b"a")?, None);
    assert_eq!(read(bed.store(), &t, b"b")?, Some(b"2".to_vec()));
    assert_eq!(bed.store().fetch_and_update(&t, b"a", |_| Update::Delete)?, None);
    Ok(())
}
