//! Interrupted transfers.

use std::io::Cursor;
use std::ops::ControlFlow;

use arbour::transfer::{Transfer, TransferError, copy, digest, dump, is_unfinished, load};
use arbour::{DynStore, KvStore as _, Result};

use super::bed::{Bed, local_engines};

/// Interrupts a transfer at each of its reports, until one completes, and checks the destination
/// each time; then asserts that the next call makes it whole.
fn broken_off_at_every_report(
    run: &dyn Fn(Transfer<'_>, &DynStore) -> Result<()>,
    expected: arbour::transfer::Digest,
) {
    for scheme in local_engines() {
        let mut breaks = 0;
        for at in 0.. {
            let to = Bed::new(&scheme);
            let mut reports = 0;
            let transfer = Transfer::new().chunk_bytes(20_000).progress(|_| {
                reports += 1;
                if reports > at { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
            });
            match run(transfer, &to.store) {
                Ok(()) => break,
                Err(error) => match error.downcast_ref() {
                    Some(TransferError::Cancelled) => breaks += 1,
                    _ => panic!("{scheme}: {error}"),
                },
            }
            let is_begun = to.store.stats().unwrap().entries > 0;
            assert_eq!(is_unfinished(&to.store).unwrap(), is_begun, "{scheme} at {at}");
            run(Transfer::new().chunk_bytes(20_000), &to.store).unwrap();
            assert_eq!(digest(&to.store).unwrap(), expected, "{scheme} at {at}");
            assert!(!is_unfinished(&to.store).unwrap(), "{scheme} at {at}");
        }
        assert!(breaks > 3, "{scheme}: it was broken off {breaks} times");
    }
}

#[test]
fn a_copy_goes_on_where_it_was_broken_off() {
    let from = Bed::filled("memory");
    let expected = digest(&from.store).unwrap();
    broken_off_at_every_report(&|transfer, to| transfer.copy(&from.store, to).map(drop), expected);
}

#[test]
fn a_load_goes_on_where_it_was_broken_off() {
    let from = Bed::filled("memory");
    let mut bytes = Vec::new();
    let expected = dump(&from.store, &mut bytes).unwrap().digest;
    broken_off_at_every_report(
        &|transfer, to| transfer.load(Cursor::new(&bytes), to).map(drop),
        expected,
    );
}

#[test]
fn what_changed_since_it_was_broken_off_is_brought_along() {
    for scheme in local_engines() {
        let (from, to) = (Bed::filled("memory"), Bed::new(&scheme));
        let mut reports = 0;
        let ended = Transfer::new()
            .chunk_bytes(20_000)
            .progress(|_| {
                reports += 1;
                if reports > 3 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
            })
            .copy(&from.store, &to.store);
        assert!(
            matches!(ended.as_ref().unwrap_err().downcast_ref(), Some(TransferError::Cancelled)),
            "{scheme}: {ended:?}"
        );
        let numbers = from.store.tree("numbers").unwrap();
        from.store.put(&numbers, &7u32.to_be_bytes(), b"another").unwrap();
        from.store.delete(&numbers, &8u32.to_be_bytes()).unwrap();
        from.store.put(&from.store.tree("a").unwrap(), b"new", b"").unwrap();
        copy(&from.store, &to.store).unwrap();
        assert_eq!(digest(&to.store).unwrap(), digest(&from.store).unwrap(), "{scheme}");
    }
}

#[test]
fn an_unfinished_store_is_no_source() {
    let (from, half, to) = (Bed::filled("memory"), Bed::new("memory"), Bed::new("memory"));
    let ended = Transfer::new()
        .chunk_bytes(20_000)
        .progress(|_| ControlFlow::Break(()))
        .copy(&from.store, &half.store);
    assert!(matches!(ended.as_ref().unwrap_err().downcast_ref(), Some(TransferError::Cancelled)));
    let tried = [
        copy(&half.store, &to.store).map(drop).unwrap_err(),
        dump(&half.store, Vec::new()).map(drop).unwrap_err(),
    ];
    for error in tried {
        assert!(matches!(error.downcast_ref(), Some(TransferError::Unfinished)), "{error}");
    }
    assert_eq!(to.store.stats().unwrap().entries, 0);
}

#[test]
fn another_kind_of_transfer_may_finish_it() {
    let (from, to) = (Bed::filled("memory"), Bed::new("memory"));
    let mut bytes = Vec::new();
    dump(&from.store, &mut bytes).unwrap();
    let mut reports = 0;
    let ended = Transfer::new()
        .chunk_bytes(20_000)
        .progress(|_| {
            reports += 1;
            if reports > 2 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        })
        .copy(&from.store, &to.store);
    assert!(matches!(ended.as_ref().unwrap_err().downcast_ref(), Some(TransferError::Cancelled)));
    load(Cursor::new(&bytes), &to.store).unwrap();
    assert_eq!(digest(&to.store).unwrap(), digest(&from.store).unwrap());
}
