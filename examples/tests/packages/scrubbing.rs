//! Damage: missing or dangling index entries, and unreadable packages.

use arbour::documents::layout::{documents_tree, index_tree};
use arbour::{Cursor as _, DynStore, KvRead as _, KvStore as _, Tree};
use arbour_core::engine::TreeName;

use crate::bed::{Bed, on_every_persistent_engine};
use crate::program::{fails, import_index, run};

on_every_persistent_engine!(
    what_is_sound_is_left_alone,
    wrong_entries_are_found_and_mended,
    a_package_that_cannot_be_read_leaves_the_others_readable,
);

/// Changes the store without the collection.
fn damage(bed: &Bed, change: impl FnOnce(&DynStore)) {
    let store = arbour::open(&bed.url()).unwrap();
    change(&store);
    store.close().unwrap();
}

/// Opens a tree that belongs to the collection.
fn open(store: &DynStore, tree: &str) -> Tree {
    store.open_tree(TreeName::layer(tree).unwrap()).unwrap()
}

fn what_is_sound_is_left_alone(bed: &Bed) {
    import_index(bed);
    for arguments in [&["scrub"][..], &["scrub", "--mend"]] {
        let scrubbed = run(bed, arguments);
        assert_eq!((scrubbed.code, scrubbed.out.as_str()), (Some(0), ""));
        assert!(scrubbed.err.starts_with("12 packages, "), "{}", scrubbed.err);
        assert!(scrubbed.err.ends_with(" entries of indexes: all is right\n"), "{}", scrubbed.err);
    }
}

fn wrong_entries_are_found_and_mended(bed: &Bed) {
    import_index(bed);
    damage(bed, |store| {
        let tree = open(store, &index_tree("packages", "depends"));
        // For the packages with dependencies, the entries of the first ten.
        let snapshot = store.snapshot().unwrap();
        let mut cursor = snapshot.prefix(&tree, b"").unwrap();
        let mut keys = Vec::new();
        while let Some((key, _)) = cursor.next().unwrap() {
            keys.push(key.to_vec());
        }
        drop(cursor);
        drop(snapshot);
        for key in &keys[..10] {
            store.delete(&tree, key).unwrap();
        }
        // An entry of an absent package: the id comes after the last FF.
        let mut dangling = keys[10].clone();
        dangling.extend_from_slice(b"-gone");
        store.put(&tree, &dangling, b"").unwrap();
    });
    let found = run(bed, &["scrub"]);
    assert_eq!(found.code, Some(1), "{}", found.err);
    let missing = found.out.lines().filter(|line| line.starts_with("missing\tdepends\t")).count();
    let dangling = found.out.lines().filter(|line| line.starts_with("dangling\tdepends\t")).count();
    assert_eq!((missing, dangling, found.out.lines().count()), (10, 1, 11), "{}", found.out);
    let says = ": 10 missing, 1 dangling; scrub --mend mends them\n";
    assert!(found.err.ends_with(says), "{}", found.err);

    let mended = run(bed, &["scrub", "--mend"]);
    assert_eq!((mended.code, &mended.out), (Some(0), &found.out));
    assert!(mended.err.ends_with(": 10 missing, 1 dangling, mended\n"), "{}", mended.err);
    let sound = run(bed, &["scrub"]);
    assert_eq!((sound.code, sound.out.as_str()), (Some(0), ""));
}

fn a_package_that_cannot_be_read_leaves_the_others_readable(bed: &Bed) {
    import_index(bed);
    damage(bed, |store| {
        let tree = open(store, &documents_tree("packages"));
        store.put(&tree, b"apt", b"no document").unwrap();
    });
    let found = run(bed, &["search", "--section", "admin"]);
    assert_eq!((found.code, found.names()), (Some(1), vec!["adduser", "passwd"]));
    assert!(found.err.contains("at key \"apt\" of tree \"arbour/doc/packages\""), "{}", found.err);
    fails(bed, &["show", "apt"], 1, "at key \"apt\"");
    assert_eq!(run(bed, &["show", "passwd"]).code, Some(0));
    let scrubbed = run(bed, &["scrub", "--mend"]);
    assert_eq!(scrubbed.code, Some(1));
    assert!(scrubbed.out.starts_with("unreadable\t"), "{}", scrubbed.out);
    assert!(scrubbed.err.contains("; 1 package cannot be read: "), "{}", scrubbed.err);

    // Importing it again repairs it.
    let again = crate::program::import(bed, crate::program::INDEX.as_bytes());
    assert_eq!(again.code, Some(0), "{}", again.err);
    assert_eq!(run(bed, &["show", "apt"]).code, Some(0));
}
