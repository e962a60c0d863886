//! From engine to engine.

use std::ops::ControlFlow;

use arbour::transfer::{Transfer, TransferError, copy, digest, is_unfinished};
use arbour::{ErrorKind, KvStore as _, Limits, StoreOptions};
use arbour_core::engine::TreeName;

use super::bed::{Bed, count, entries, local_engines};

#[test]
fn every_engine_takes_what_every_other_has() {
    for scheme in local_engines() {
        let from = Bed::filled(&scheme);
        for to in Bed::all() {
            let moved = copy(&from.store, &to.store).unwrap();
            let pair = format!("{scheme} to {}", to.scheme);
            assert_eq!(moved.entries, count(), "{pair}");
            assert_eq!(moved.digest, digest(&to.store).unwrap(), "{pair}");
            assert!(!is_unfinished(&to.store).unwrap(), "{pair}");
            for (name, key, value) in entries() {
                let tree = to.store.open_tree(TreeName::stored(&name).unwrap()).unwrap();
                assert!(
                    to.store.get(&tree, &key).unwrap() == Some(value),
                    "{pair}: {name} {key:?}"
                );
            }
            assert_eq!(to.store.stats().unwrap().entries, count(), "{pair}: nothing else is left");
        }
    }
}

#[test]
fn all_engines_have_the_same_digest() {
    let expected = digest(&Bed::filled("memory").store).unwrap();
    for scheme in local_engines() {
        assert_eq!(digest(&Bed::filled(&scheme).store).unwrap(), expected, "{scheme}");
    }
}

#[test]
fn the_digest_tells_any_two_stores_apart() {
    let of = |entries: &[(&str, &[u8], &[u8])]| {
        let bed = Bed::new("memory");
        for (name, key, value) in entries {
            bed.store.put(&bed.store.tree(name).unwrap(), key, value).unwrap();
        }
        digest(&bed.store).unwrap()
    };
    let digests = [
        of(&[]),
        of(&[("a", b"b", b"c")]),
        of(&[("a", b"bc", b"")]),
        of(&[("ab", b"", b"c")]),
        of(&[("a", b"b", b"c"), ("a", b"d", b"")]),
        of(&[("a", b"b", b"c"), ("b", b"d", b"")]),
    ];
    for (number, digest) in digests.iter().enumerate() {
        assert!(!digests[number + 1..].contains(digest), "{number}");
    }
}

#[test]
fn a_destination_that_holds_something_is_left_alone() {
    let from = Bed::filled("memory");
    for to in Bed::all() {
        let tree = to.store.tree("mine").unwrap();
        to.store.put(&tree, b"key", b"value").unwrap();
        let before = digest(&to.store).unwrap();
        let refused = copy(&from.store, &to.store).unwrap_err();
        assert!(
            matches!(refused.downcast_ref(), Some(TransferError::NotEmpty { tree }) if tree == "mine"),
            "{}: {refused:?}",
            to.scheme
        );
        assert_eq!(digest(&to.store).unwrap(), before, "{}", to.scheme);
        assert!(!is_unfinished(&to.store).unwrap(), "{}", to.scheme);
    }
}

#[test]
fn what_is_replaced_is_gone() {
    let from = Bed::filled("memory");
    let expected = digest(&from.store).unwrap();
    for to in Bed::all() {
        for (tree, key) in
            [("mine", &b"key"[..]), ("people", b"aa"), ("people", b"a"), ("zz", b"last")]
        {
            to.store.put(&to.store.tree(tree).unwrap(), key, b"of old").unwrap();
        }
        let moved = Transfer::new().replace().copy(&from.store, &to.store).unwrap();
        assert_eq!(digest(&to.store).unwrap(), expected, "{}", to.scheme);
        assert_eq!(moved.digest, expected, "{}", to.scheme);
        assert_eq!(to.store.stats().unwrap().entries, count(), "{}", to.scheme);
    }
}

#[test]
fn what_is_written_meanwhile_is_not_copied() {
    for scheme in local_engines() {
        let from = Bed::filled(&scheme);
        let expected = digest(&from.store).unwrap();
        let to = Bed::new("memory");
        let tree = from.store.tree("people").unwrap();
        let mut written = 0u8;
        Transfer::new()
            .chunk_bytes(1 << 20)
            .progress(|_| {
                written += 1;
                from.store.put(&tree, b"late", &[written]).unwrap();
                ControlFlow::Continue(())
            })
            .copy(&from.store, &to.store)
            .unwrap();
        assert!(written > 2, "{scheme}: it was reported {written} times");
        assert_eq!(digest(&to.store).unwrap(), expected, "{scheme}");
    }
}

#[test]
fn a_destination_that_reads_otherwise_stays_marked() {
    let from = Bed::filled("memory");
    for to in Bed::all() {
        let tree = to.store.tree("people").unwrap();
        let ended = Transfer::new()
            .progress(|progress| {
                if progress.step == "copy" {
                    to.store.put(&tree, b"planted", b"").unwrap();
                }
                ControlFlow::Continue(())
            })
            .copy(&from.store, &to.store);
        assert!(
            matches!(
                ended.as_ref().unwrap_err().downcast_ref(),
                Some(TransferError::Differs { .. })
            ),
            "{}: {ended:?}",
            to.scheme
        );
        assert!(is_unfinished(&to.store).unwrap(), "{}", to.scheme);
        copy(&from.store, &to.store).unwrap();
        assert_eq!(digest(&from.store).unwrap(), digest(&to.store).unwrap(), "{}", to.scheme);
    }
}

#[test]
fn a_destination_that_takes_less_says_which_entry_it_refuses() {
    let from = Bed::filled("memory");
    let limits = Limits { value_bytes_max: 1 << 20, ..Limits::default() };
    let options = StoreOptions::new().limits(limits);
    let to = arbour::open_with("memory:", &options).unwrap();
    let error = copy(&from.store, &to).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::TooLarge);
    assert_eq!(error.tree(), Some("people"));
    assert!(is_unfinished(&to).unwrap());
}

#[test]
fn batches_fit_the_transactions_of_the_destination() {
    let from = Bed::filled("memory");
    let limits = Limits { transaction_writes_max: 7, ..Limits::default() };
    let to = arbour::open_with("memory:", &StoreOptions::new().limits(limits)).unwrap();
    let moved = copy(&from.store, &to).unwrap();
    assert_eq!(moved.digest, digest(&to).unwrap());
    // The second copy removes what the source lacks.
    let others = Bed::new("memory");
    others.store.put(&others.store.tree("other").unwrap(), b"k", b"v").unwrap();
    Transfer::new().replace().copy(&others.store, &to).unwrap();
    assert_eq!(digest(&others.store).unwrap(), digest(&to).unwrap());
}

#[test]
fn progress_tells_how_far_each_step_is() {
    let (from, to) = (Bed::filled("memory"), Bed::new("memory"));
    let mut seen = Vec::new();
    Transfer::new()
        .chunk_bytes(10_000)
        .progress(|progress| {
            assert_eq!(progress.total, Some(count()));
            assert!(progress.done <= count());
            let number = if progress.step == "copy" { 1 } else { 2 };
            assert_eq!((progress.number, progress.of), (number, 2), "{progress:?}");
            seen.push((progress.step, progress.done));
            ControlFlow::Continue(())
        })
        .copy(&from.store, &to.store)
        .unwrap();
    let of = |step: &str| -> Vec<u64> {
        seen.iter().filter(|(of, _)| *of == step).map(|(_, entries)| *entries).collect()
    };
    assert!(of("copy").len() > 3, "{seen:?}");
    assert!(of("copy").is_sorted());
    assert_eq!(of("copy").last(), Some(&count()));
    assert_eq!(of("verify").last(), Some(&count()));
}
