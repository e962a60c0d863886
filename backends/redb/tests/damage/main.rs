//! Damaged files: no panic reaches a caller, in any call or drop, and the kinds are right.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test panics")]

mod calls;
mod files;
mod verifying;

use std::fmt::Debug;
use std::fs;

use arbour_core::{KvStore, StoreOptions};
use arbour_redb::RedbStore;

use crate::calls::{Outcomes, exercise, silence};
use crate::files::{PAGE, Random, TREES, damage, folder, images};

/// Damages files at random and returns the outcomes of each.
fn run(count: usize, seed: u64, options: &StoreOptions) -> Outcomes {
    silence();
    let folder = folder().expect("a folder");
    let images = images(folder.path()).expect("a store");
    let mut random = Random(seed);
    let mut all = Outcomes::default();
    for number in 0..count {
        // If opened read-only, a store that was not closed is refused in any case.
        let is_closed = options.is_read_only() || number % 2 == 1;
        let intact = &images[usize::from(is_closed)];
        let (what, bytes) = damage(intact, &mut random);
        let path = folder.path().join("damaged");
        fs::write(&path, bytes).expect("a file");
        let mut outcomes = Outcomes::default();
        exercise(&path, folder.path(), options, &mut outcomes);
        let state = if is_closed { "closed" } else { "unclosed" };
        let placed = |found: Vec<String>| {
            found.into_iter().map(|call| format!("{number}, {state}, {what}: {call}")).collect()
        };
        let (panics, wrong): (Vec<_>, Vec<_>) = (placed(outcomes.panics), placed(outcomes.wrong));
        all.panics.extend(panics);
        all.wrong.extend(wrong);
        all.refused += outcomes.refused;
        all.answered += outcomes.answered;
    }
    all
}

fn nothing<T: Debug>(what: &str, found: &[T]) {
    assert!(
        found.is_empty(),
        "{} {what}, such as {:#?}",
        found.len(),
        &found[..found.len().min(5)]
    );
}

/// If redb's list of freed pages is damaged, redb ends the process when it next commits or closes;
/// the seed is one that does not damage it. `verify` detects that damage like any other.
#[test]
fn no_panic_reaches_a_caller_and_damage_is_corrupted() {
    let outcomes = run(280, 3, &StoreOptions::new());
    nothing("panics", &outcomes.panics);
    nothing("wrong kinds", &outcomes.wrong);
    assert!(outcomes.refused > 100 && outcomes.answered > 5000, "both happen");
}

/// The first bytes of a page say where its keys and values end. redb does not check whether that is
/// within the page.
#[test]
fn an_entry_that_ends_outside_its_page_is_damage() {
    silence();
    let folder = folder().expect("a folder");
    let path = folder.path().join("intact");
    let store = RedbStore::open(&path, &StoreOptions::new()).expect("a store");
    let tree = store.tree(TREES[0]).expect("a tree");
    store.put(&tree, &0_u32.to_be_bytes(), b"the only value").expect("an entry");
    store.close().expect("closed");
    let intact = fs::read(&path).expect("the file is there");
    let value = intact.windows(14).rposition(|bytes| bytes == b"the only value");
    let page = value.expect("the value") / PAGE * PAGE;
    let mut all = Outcomes::default();
    for bit in 0..16 * 8 {
        let mut bytes = intact.clone();
        bytes[page + bit / 8] ^= 1 << (bit % 8);
        let path = folder.path().join("damaged");
        fs::write(&path, &bytes).expect("a file");
        let mut outcomes = Outcomes::default();
        let options = StoreOptions::new().read_only(true);
        exercise(&path, folder.path(), &options, &mut outcomes);
        all.panics.extend(outcomes.panics.iter().map(|call| format!("bit {bit}: {call}")));
        all.wrong.extend(outcomes.wrong.iter().map(|call| format!("bit {bit}: {call}")));
        all.refused += outcomes.refused;
    }
    nothing("panics", &all.panics);
    nothing("wrong kinds", &all.wrong);
    assert!(all.refused > 50, "{}", all.refused);
}

/// The first byte of a page says what kind of page it is. redb panics over a wrong one while it
/// holds locks, and so also in the drops of objects that were open then.
#[test]
fn a_page_of_the_wrong_kind_is_damage() {
    silence();
    let folder = folder().expect("a folder");
    let [_, intact] = images(folder.path()).expect("a store");
    let mut all = Outcomes::default();
    let places = (PAGE..intact.len()).step_by(PAGE);
    for (place, change) in places.zip([1, 3].into_iter().cycle()) {
        let mut bytes = intact.clone();
        bytes[place] ^= change;
        let path = folder.path().join("damaged");
        fs::write(&path, &bytes).expect("a file");
        let mut outcomes = Outcomes::default();
        exercise(&path, folder.path(), &StoreOptions::new(), &mut outcomes);
        all.panics.extend(outcomes.panics.iter().map(|call| format!("{place}, {change}: {call}")));
        all.wrong.extend(outcomes.wrong.iter().map(|call| format!("{place}, {change}: {call}")));
        all.refused += outcomes.refused;
    }
    nothing("panics", &all.panics);
    nothing("wrong kinds", &all.wrong);
    assert!(all.refused > 50, "{}", all.refused);
}

#[test]
fn neither_does_one_from_a_store_that_is_opened_read_only() {
    let outcomes = run(100, 2, &StoreOptions::new().read_only(true));
    nothing("panics", &outcomes.panics);
    nothing("wrong kinds", &outcomes.wrong);
    assert!(outcomes.refused > 20 && outcomes.answered > 1000, "both happen");
}
