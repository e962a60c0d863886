//! An engine with short keys: a step whose name does not fit is refused before anything runs.

use arbour::Result;
use arbour::migrations::{Step, Target};
use arbour_core::{Limits, StoreOptions};

use super::claims::{app, ran, trace, traced, traces};
use crate::Factory;
use crate::harness::refused_as_too_large;
use crate::migrations::MigrationBed;

/// The longest key of the store.
const KEY_BYTES_MAX: usize = 64;

/// Asserts that a call was refused because a key of 65 bytes is too long.
#[track_caller]
fn too_long<T>(result: Result<T>, what: &str) {
    let text = refused_as_too_large(result, what);
    assert!(text.contains("65 bytes") && text.contains("the limit is 64"), "{what}: {text}");
}

/// A step whose entry in the journal has a key that is too long is refused by every call, with the limit
/// and the length, before any of the steps before it runs. One with the longest name runs.
pub(super) fn long_names_refused<F: Factory>(bed: &mut MigrationBed<F>) -> Result<()> {
    let limits = Limits { key_bytes_max: KEY_BYTES_MAX, ..bed.capabilities().limits };
    bed.reopen_with(&StoreOptions::new().limits(limits))?;
    bed.put("rooms", b"study", b"books")?;
    let before = bed.everything()?;
    let named = |length: usize| {
        // In its key, the name follows the group, a delimiter and the kind of name.
        let name = "x".repeat(length - "rooms".len() - 2);
        Step::named(&name).revision("1").atomic(|trees| Ok(trace(trees, "named")?))
    };
    let store = &**bed.store();
    let long = || app([traced(1), named(KEY_BYTES_MAX + 1)]);
    too_long(long().run(store), "a run");
    too_long(long().dry_run(store), "a dry run");
    too_long(long().adopt(store, Target::Newest), "adopting");
    assert_eq!(bed.everything()?, before, "nothing is written");
    let report = app([traced(1), named(KEY_BYTES_MAX)]).run(store)?;
    assert_eq!(ran(&report), format!("rooms 1, rooms {}", "x".repeat(KEY_BYTES_MAX - 7)));
    bed.settle()?;
    assert_eq!(traces(bed)?, "1 named");
    Ok(())
}
