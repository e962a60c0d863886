//! Errors that are made in the same way on all engines.

use std::fs::{self, OpenOptions};
use std::io::{Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use arbour::TypedTree;
use arbour::codec::Raw;
use arbour::documents::{Collection, Declaration, Precondition};
use arbour::migrations::{Group, Migrations, Step};
use arbour_core::{
    Durability, DynStore, KvRead as _, KvStore as _, KvWrite as _, Result, StoreOptions,
};
use serde_json::{Value, json};

use crate::bed::{Bed, Line, Seen, made, never, seen};

/// Adds the lines that are the same on all engines to those of one.
pub(crate) fn table_with(own: Vec<Line>) -> Vec<Line> {
    use arbour_core::ErrorKind::*;

    let mut table = vec![
        made(InvalidArgument, invalid_argument, &[r#"tree "a\0b""#, "NUL"], None),
        made(TooLarge, too_large, &["the limit is", r#"tree "t""#], None),
        made(Conflict, conflict, &["another transaction", r#"tree "t""#, r#"key "a""#], None),
        made(Busy, busy, &["this thread already has a transaction open"], None),
        made(Busy, busy_elsewhere, &["did not end within 20ms"], None),
        made(Closed, closed, &["the store was closed"], None),
        made(Exists, exists, &[r#"people: there is a document "ada""#, "or use another id"], None),
        made(Missing, missing, &[r#"people: there is no document "bob""#, "insert it first"], None),
        made(Stale, stale, &[r#"people: "ada" is at revision 1, not at 7"#, "read it again"], None),
        made(Failed, failed, &[r#"step 1 of "rooms": no more rooms"#], "no more rooms"),
        made(Decode, decode, &[r#"tree "names""#, r#"key "ada""#, "UTF-8", "FF"], "UTF-8"),
        never(Unreachable, "there is no server that could not be reached"),
    ];
    table.extend(own);
    table
}

/// How much of a file is damaged: a page of most engines.
const DAMAGED_BYTES: usize = 4096;

pub(crate) fn invalid_argument(bed: &Bed) -> Seen {
    seen(bed.open().tree("a\0b"))
}

pub(crate) fn too_large(bed: &Bed) -> Seen {
    let store = bed.open();
    let tree = store.tree("t").expect("the name is good");
    let longest = store.capabilities().limits.key_bytes_max;
    let seen = seen(store.put(&tree, &vec![b'k'; longest + 1], b""));
    for number in [format!("{} bytes", longest + 1), format!("limit is {longest}")] {
        assert!(seen.line.contains(&number), "{number:?} is missing: {}", seen.line);
    }
    seen
}

/// What a detached transaction has read is changed before its commit.
pub(crate) fn conflict(bed: &Bed) -> Seen {
    let store = bed.open();
    let tree = store.tree("t").expect("the name is good");
    let mut detached = store.begin_detached().expect("it holds no lock");
    assert!(!detached.contains(&tree, b"a").expect("it is readable"));
    detached.put(&tree, b"b", b"").expect("it is held in memory");
    store.put(&tree, b"a", b"").expect("nothing else writes");
    seen(detached.commit())
}

/// The thread that has the writer requests it again, and so would wait for itself.
pub(crate) fn busy(bed: &Bed) -> Seen {
    let store = bed.open();
    let held = store.begin().expect("nothing else writes");
    let seen = seen(store.begin());
    held.rollback().expect("it wrote nothing");
    seen
}

/// Another thread has the writer for longer than the busy timeout.
pub(crate) fn busy_elsewhere(bed: &Bed) -> Seen {
    let options = StoreOptions::new().busy_timeout(Duration::from_millis(20));
    let store = bed.open_with(&options).expect("the store opens");
    let held = store.begin().expect("nothing else writes");
    let seen = std::thread::scope(|scope| {
        let refused = scope.spawn(|| seen(store.begin()));
        refused.join().expect("the call returns")
    });
    held.rollback().expect("it wrote nothing");
    seen
}

/// Opens a collection of people that contains Ada.
fn people(store: &DynStore) -> Collection<Value> {
    let people = Collection::open(store, Declaration::new("people")).expect("it can be declared");
    store.write(|transaction| people.insert(transaction, ada())).expect("it is stored");
    people
}

fn ada() -> Value {
    json!({"id": "ada"})
}

pub(crate) fn exists(bed: &Bed) -> Seen {
    let store = bed.open();
    let people = people(&store);
    seen(store.write(|transaction| people.insert(transaction, ada())))
}

pub(crate) fn missing(bed: &Bed) -> Seen {
    let store = bed.open();
    let people = people(&store);
    seen(store.write(|transaction| people.update_json(transaction, "bob", &json!({"born": 1815}))))
}

pub(crate) fn stale(bed: &Bed) -> Seen {
    let store = bed.open();
    let people = people(&store);
    seen(store.write(|transaction| people.put_if(transaction, &ada(), Precondition::Revision(7))))
}

pub(crate) fn failed(bed: &Bed) -> Seen {
    let step = Step::numbered(1).atomic(|_| Err("no more rooms".into()));
    seen(Migrations::new("app", "1.2").group(Group::new("rooms").step(step)).run(&bed.open()))
}

pub(crate) fn locked(bed: &Bed) -> Seen {
    let store = bed.open();
    let seen = seen(bed.open_with(&StoreOptions::new()));
    drop(store);
    seen
}

pub(crate) fn closed(bed: &Bed) -> Seen {
    let store = bed.open();
    store.close().expect("it closes");
    seen(store.snapshot())
}

pub(crate) fn read_only(bed: &Bed) -> Seen {
    bed.closed_store();
    let store = bed.open_with(&StoreOptions::new().read_only(true)).expect("the store opens");
    seen(store.begin())
}

pub(crate) fn not_found(bed: &Bed) -> Seen {
    seen(bed.open_with(&StoreOptions::new().create(false)))
}

pub(crate) fn decode(bed: &Bed) -> Seen {
    const NAMES: TypedTree<String, String, Raw> = TypedTree::new("names");
    let store = bed.open();
    let names = NAMES.open(&store).expect("the name is good");
    store.put(names.raw(), b"ada", b"\xff\xfe").expect("it is written");
    seen(names.get(&store.snapshot().expect("it is open"), "ada"))
}

pub(crate) fn moved(bed: &Bed) -> Seen {
    let store = bed.open();
    let tree = store.tree("t").expect("the name is good");
    store.put(&tree, b"a", b"1").expect("it is written");
    fs::rename(bed.path(), bed.folder().join("elsewhere")).expect("it is moved");
    let write = || -> Result<()> {
        let mut transaction = store.begin_with(Durability::PowerLoss)?;
        transaction.put(&tree, b"a", b"2")?;
        transaction.commit()
    };
    seen(write())
}

/// Damages the middle of the file that holds the entries of a closed store: the store itself, or
/// the largest file in it, or in a folder in it, with this extension.
pub(crate) fn damaged(bed: &Bed, ending: &str) -> Seen {
    let store = bed.open();
    let tree = store.tree("t").expect("the name is good");
    let filled = store.write(|transaction| {
        (0..4000_u32).try_for_each(|n| transaction.put(&tree, &n.to_be_bytes(), &[7; 100]))
    });
    filled.expect("it is written");
    if store.capabilities().compaction {
        store.compact().expect("nothing reads");
    }
    store.close().expect("it closes");
    drop(store);
    damage_middle(&largest_file(&bed.path(), ending)).expect("the file can be written");
    seen(bed.open_with(&StoreOptions::new().verify(true)))
}

fn largest_file(path: &Path, ending: &str) -> PathBuf {
    let files = files_of(path).into_iter();
    let files = files.filter(|file| file.display().to_string().ends_with(ending));
    let largest = files.max_by_key(|file| fs::metadata(file).map_or(0, |found| found.len()));
    largest.expect("a store has files")
}

fn files_of(path: &Path) -> Vec<PathBuf> {
    if path.is_file() {
        return vec![path.to_owned()];
    }
    let files = fs::read_dir(path).expect("the store is there");
    files.flat_map(|file| files_of(&file.expect("the folder can be read").path())).collect()
}

fn damage_middle(path: &Path) -> std::io::Result<()> {
    let mut file = OpenOptions::new().read(true).write(true).open(path)?;
    let middle = file.metadata()?.len() / 2;
    let mut bytes = vec![0; DAMAGED_BYTES];
    file.seek(SeekFrom::Start(middle))?;
    let found = file.read(&mut bytes)?;
    bytes.truncate(found);
    bytes.iter_mut().for_each(|byte| *byte ^= 0x5a);
    file.seek(SeekFrom::Start(middle))?;
    file.write_all(&bytes)
}

/// Writes bytes at an offset of a file.
#[allow(dead_code, reason = "not every engine has a file to write to")]
pub(crate) fn overwrite(path: &Path, offset: u64, bytes: &[u8]) {
    let written = OpenOptions::new().write(true).open(path).and_then(|mut file| {
        file.seek(SeekFrom::Start(offset))?;
        file.write_all(bytes)
    });
    written.expect("the file can be written");
}
