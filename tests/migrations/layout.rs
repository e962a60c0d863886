//! The bytes of the journal. They must not change, because stores contain them.

use std::ops::ControlFlow;

use arbour::migrations::layout::{BEGUN_TREE, JOURNAL_TREE, LEASE_TREE, seal};
use arbour::migrations::{Group, MigrationError, Migrations, Run, Step};
use arbour::{Cursor as _, Direction, KeyRange, KvRead as _, KvStore as _, MemoryStore, Tree};
use arbour_core::engine::TreeName;
use sha2::{Digest as _, Sha256};

fn entries(store: &MemoryStore, name: &str) -> Vec<(Vec<u8>, Vec<u8>)> {
    let tree = store.open_tree(TreeName::layer(name).unwrap()).unwrap();
    let snapshot = store.snapshot().unwrap();
    let mut cursor = snapshot.scan(&tree, KeyRange::all(), Direction::Forward).unwrap();
    let mut entries = Vec::new();
    while let Some((key, value)) = cursor.next().unwrap() {
        entries.push((key.to_vec(), value.to_vec()));
    }
    entries
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// SHA-256 of the two lines of the content.
const REVISION: &str = "c3f9c8c283a2b1f2f1896f27a01cbe3cddc0c9d93f752e4639035a0f5b36f6e8";

fn migrations() -> Migrations {
    let rooms = Group::new("rooms")
        .step(Step::numbered(258).revision("one\r\ntwo\r\n").atomic(|trees| {
            trees.get("rooms", b"a")?;
            Ok(trees.put("copies", b"a", b"")?)
        }))
        .step(
            Step::named("b\u{e9}")
                .min_reader(2)
                .each("rooms", |trees, key, _| Ok(trees.delete("rooms", key)?)),
        );
    Migrations::new("app", "1.2").format(3).chunk_entries(1).group(rooms)
}

/// A store whose second step is in progress.
fn store() -> MemoryStore {
    let store = MemoryStore::new();
    let rooms = store.tree("rooms").unwrap();
    for key in [b"a", b"b", b"c"] {
        store.put(&rooms, key, b"v").unwrap();
    }
    let report = migrations().run_with(&store, &Run::default(), &mut |progress| {
        if progress.number == 2 && progress.done == 2 {
            return ControlFlow::Break(());
        }
        ControlFlow::Continue(())
    });
    assert!(report.unwrap().is_cancelled);
    store
}

#[test]
fn entries_are_those_of_old() {
    let journal = entries(&store(), JOURNAL_TREE);
    let keys: Vec<String> = journal.iter().map(|(key, _)| hex(key)).collect();
    let rooms = hex(b"rooms");
    assert_eq!(
        keys,
        [format!("{rooms}ff000000000000000102"), format!("{rooms}ff0162c3a9"), "ff".to_owned()]
    );
    let number = |number: u64| format!("{number:016x}");
    // State and kind; entries, puts, deletes, chunks.
    let value = hex(&journal[0].1);
    let counts = [1, 1, 0, 1].map(number).concat();
    assert!(value.starts_with(&format!("01{REVISION}0100{counts}")), "{value}");
    // Epoch, after the duration; time, format, requirements for readers and writers, program, no
    // cursor.
    assert_eq!(value[150..166], number(1));
    let fixed = "00000003 0000000000 0000000000 00000007".replace(' ', "");
    let rest = format!("{fixed}{}00", hex(b"app 1.2"));
    assert_eq!(value[182..value.len() - 16], rest);

    let value = hex(&journal[1].1);
    let counts = [2, 0, 2, 2].map(number).concat();
    assert_eq!(value[66..70], *"0001");
    assert_eq!(value[70..134], counts);
    let rest = format!("00000003010000000200000000000000000{}01{}", 7, hex(b"b"));
    let rest = rest.replacen("7", &format!("7{}", hex(b"app 1.2")), 1);
    assert_eq!(value[182..value.len() - 16], rest);
}

#[test]
fn checksums_are_those_of_old() {
    let store = store();
    for name in [JOURNAL_TREE, LEASE_TREE] {
        for (key, value) in entries(&store, name) {
            let body = value[..value.len() - 8].to_vec();
            assert_eq!(seal(&key, body), value, "{name} {}", key.escape_ascii());
        }
    }
    assert_eq!(hex(&seal(b"key", b"\x01value".to_vec())), format!("01{}{}", hex(b"value"), SEAL));
}

/// The first eight bytes of the SHA-256 of the length of the key in eight bytes, the key and the body.
const SEAL: &str = "1387d1d86677f5d7";

#[test]
fn the_head_has_the_xor_of_the_hashes_of_the_entries() {
    let journal = entries(&store(), JOURNAL_TREE);
    let (head, entries) = journal.split_last().unwrap();
    let mut expected = [0; 32];
    for (key, value) in entries {
        let of = |bytes: &[u8]| [&(bytes.len() as u64).to_be_bytes(), bytes].concat();
        let hash = Sha256::digest([of(value), of(key)].concat());
        expected.iter_mut().zip(hash).for_each(|(byte, other)| *byte ^= other);
    }
    assert_eq!((head.1[0], &head.1[33..65]), (2, &expected[..]));
}

#[test]
fn the_steps_under_way_are_noted_until_all_are_done() {
    let store = store();
    let begun = entries(&store, BEGUN_TREE);
    let rooms = hex(b"rooms");
    let expected = format!("010000000f{rooms}ff0000000000000001020000000a{rooms}ff0162c3a9");
    let value = hex(&begun[0].1);
    assert_eq!((begun[0].0.as_slice(), &value[..value.len() - 16]), (&[0xff][..], &*expected));
    migrations().run(&store).unwrap();
    assert_eq!(entries(&store, BEGUN_TREE), []);
}

/// An earlier version of this library did not note which steps it set out to run.
#[test]
fn what_an_earlier_version_left_unfinished_is_taken_back_alone() {
    let step = |number, tree: &'static str| {
        Step::numbered(number)
            .each(tree, move |trees, key, _| Ok(trees.put(tree, key, b"new")?))
            .undo_each(move |trees, key, _| Ok(trees.put(tree, key, b"old")?))
    };
    let group = Group::new("rooms").step(step(1, "first")).step(step(2, "second"));
    let migrations = Migrations::new("app", "1").chunk_entries(1).group(group);
    let store = MemoryStore::new();
    let [first, second] = ["first", "second"].map(|name| store.tree(name).unwrap());
    for key in [b"a", b"b"] {
        store.put(&first, key, b"old").unwrap();
        store.put(&second, key, b"old").unwrap();
    }
    let stop = &mut |progress: arbour::Progress| match (progress.number, progress.done) {
        (2, 1) => ControlFlow::Break(()),
        _ => ControlFlow::Continue(()),
    };
    assert!(migrations.run_with(&store, &Run::default(), stop).unwrap().is_cancelled);
    store.delete(&store.open_tree(TreeName::layer(BEGUN_TREE).unwrap()).unwrap(), &[0xff]).unwrap();
    let status = migrations.status(&store).unwrap();
    assert!(status.is_unfinished && !status.steps[0].is_unfinished);
    assert_eq!(migrations.abandon(&store).unwrap().steps.len(), 1);
    assert_eq!(store.get(&second, b"a").unwrap().as_deref(), Some(&b"old"[..]));
    assert_eq!(store.get(&first, b"a").unwrap().as_deref(), Some(&b"new"[..]));
    assert!(!migrations.status(&store).unwrap().is_unfinished);
}

/// The journal of an older store, whose one step was done and requires data format 2 of writers.
const OLD: [(&str, &str); 2] = [
    (
        "726f6f6d73ff000000000000000001",
        "01c3f9c8c283a2b1f2f1896f27a01cbe3cddc0c9d93f752e4639035a0f5b36f6e8010000000000000000\
         00000000000000000000000000000000000000000000000001000000000000000a000000000000000100\
         0001a215b6084100000003000000000001000000020000000761707020312e3200e82a8c9bc19ee7fd",
    ),
    (
        "ff",
        "018b95891923a3b4c45f953cbe08b2afba43a2aa36db8ff9bbaf467b5f67b0f333c76808ce85084aebd8\
         8f1373f95f84dfc302b5da4a87be6a6856e8f3d3e386e90000000000010000000284fff2281b784f31",
    ),
];

fn store_of_old() -> MemoryStore {
    let store = MemoryStore::new();
    for (key, value) in OLD {
        store.put(&journal_of(&store), &bytes(key), &bytes(value)).unwrap();
    }
    store
}

fn journal_of(store: &MemoryStore) -> Tree {
    store.open_tree(TreeName::layer(JOURNAL_TREE).unwrap()).unwrap()
}

/// Declares the step of the older store, and this many after it.
fn today(more: u64) -> Migrations {
    let step = Step::numbered(1).revision("one\ntwo\n").min_writer(2).atomic(|_| Ok(()));
    let group = Group::new("rooms").step(step);
    let more = (0..more).map(|number| Step::numbered(2 + number).atomic(|_| Ok(())));
    Migrations::new("app", "2.0").format(3).group(more.fold(group, Group::step))
}

/// An older head holds other hashes than a current one: of the entries in their order.
#[test]
fn a_journal_of_old_is_continued() {
    let store = store_of_old();
    assert_eq!(today(1).run(&store).unwrap().steps.len(), 1);
    assert!(today(1).run(&store).unwrap().steps.is_empty());
    assert_eq!(entries(&store, JOURNAL_TREE).last().unwrap().1[0], 2, "the head is one of today");
    assert_eq!(today(1).status(&store).unwrap().min_writer, Some(2));
}

#[test]
fn a_lost_entry_is_detected_by_a_head_of_old() {
    let store = store_of_old();
    store.delete(&journal_of(&store), &bytes(OLD[0].0)).unwrap();
    let error = today(1).run(&store).unwrap_err();
    assert!(matches!(error.downcast_ref(), Some(MigrationError::Damaged { .. })), "{error:?}");
}

#[test]
fn a_journal_of_old_is_read() {
    let store = store_of_old();
    let today = today(0);
    assert!(today.run(&store).unwrap().steps.is_empty());
    assert_eq!(entries(&store, JOURNAL_TREE).last().unwrap().1[0], 1, "nothing was written");
    let status = today.status(&store).unwrap();
    let record = status.steps[0].record.as_ref().unwrap();
    assert_eq!((record.program.as_str(), record.min_writer), ("app 1.2", Some(2)));
}

fn bytes(digits: &str) -> Vec<u8> {
    let digit = |at: usize| u8::from_str_radix(&digits[at..at + 2], 16).unwrap();
    (0..digits.len()).step_by(2).map(digit).collect()
}
