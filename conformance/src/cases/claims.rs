//! Claims that many cases make: the contents of a tree as one line of text, and how a call is
//! refused.

use std::any::Any;
use std::fmt::Write as _;
use std::panic::resume_unwind;
use std::sync::Arc;
use std::thread::ScopedJoinHandle;
use std::time::Duration;

use arbour_core::{
    Cursor, Direction, DynStore, Error, ErrorKind, KeyRange, KvRead, KvStore, KvWrite, Result,
    StoreOptions, Tree,
};

use crate::{Bed, Factory, entries};

/// The keys that most cases use.
const LETTERS: [&str; 8] = ["a", "b", "c", "d", "e", "f", "g", "h"];

/// Makes the writes of a line in a transaction: `a=1` puts, `-a` deletes.
pub(super) fn make<W: KvWrite>(transaction: &mut W, tree: &Tree, writes: &str) -> Result<()> {
    for write in writes.split_whitespace() {
        match (write.strip_prefix('-'), write.split_once('=')) {
            (Some(key), _) => transaction.delete(tree, key.as_bytes())?,
            (None, Some((key, value))) => {
                transaction.put(tree, key.as_bytes(), value.as_bytes())?;
            }
            (None, None) => transaction.put(tree, write.as_bytes(), b"")?,
        }
    }
    Ok(())
}

/// Commits the writes of a line: `a=1` puts, `-a` deletes.
pub(super) fn commit<S: KvStore>(store: &S, tree: &Tree, writes: &str) -> Result<()> {
    store.write(|transaction| make(transaction, tree, writes))
}

/// Returns the remaining entries of a cursor as a line like `a=1 b=2`.
pub(super) fn text(mut cursor: impl Cursor) -> Result<String> {
    let mut text = String::new();
    while let Some((key, value)) = cursor.next()? {
        let space = if text.is_empty() { "" } else { " " };
        // Writing to a string does not fail.
        let _ = write!(text, "{space}{}={}", key.escape_ascii(), value.escape_ascii());
    }
    assert!(cursor.next()?.is_none(), "the cursor goes on after its end, {text}");
    Ok(text)
}

/// Returns the entries of a range, ascending, as a line like `a=1 b=2`.
pub(super) fn ascending<'k, R: KvRead>(
    reader: &R,
    tree: &Tree,
    range: impl Into<KeyRange<'k>>,
) -> Result<String> {
    text(reader.scan(tree, range.into(), Direction::Forward)?)
}

/// Returns the entries of a range, descending, as a line like `b=2 a=1`.
pub(super) fn descending<'k, R: KvRead>(
    reader: &R,
    tree: &Tree,
    range: impl Into<KeyRange<'k>>,
) -> Result<String> {
    text(reader.scan(tree, range.into(), Direction::Reverse)?)
}

/// Reads a tree in every possible way, asserts that all agree, and returns its entries as a line
/// like `a=1 b=2`.
pub(super) fn everything<R: KvRead>(reader: &R, tree: &Tree) -> Result<String> {
    let found = entries(reader.scan(tree, KeyRange::all(), Direction::Forward)?)?;
    let ascending = found.is_sorted_by(|(one, _), (next, _)| one < next);
    assert!(ascending, "a scan is not strictly ascending: {found:?}");
    let mut mirrored = entries(reader.scan(tree, KeyRange::all(), Direction::Reverse)?)?;
    mirrored.reverse();
    assert_eq!(mirrored, found, "a reverse scan does not mirror a forward scan");
    assert_eq!(reader.len(tree)?, found.len() as u64, "len disagrees with a scan");
    let first = reader.first(tree, KeyRange::all())?;
    assert_eq!(first.as_ref(), found.first(), "first disagrees with a scan");
    let last = reader.last(tree, KeyRange::all())?;
    assert_eq!(last.as_ref(), found.last(), "last disagrees with a scan");
    for letter in LETTERS {
        let key = letter.as_bytes();
        let scanned = found.iter().find(|(found, _)| found == key).map(|(_, value)| value);
        let got = reader.get_with(tree, key, <[u8]>::to_vec)?;
        assert_eq!(got.as_ref(), scanned, "get of {letter} disagrees with a scan");
        assert_eq!(reader.contains(tree, key)?, scanned.is_some(), "contains of {letter}");
        let under: Vec<_> = found.iter().filter(|(found, _)| found.starts_with(key)).collect();
        let prefixed = entries(reader.prefix(tree, key)?)?;
        assert!(prefixed.iter().eq(under), "prefix {letter} disagrees with a scan: {prefixed:?}");
    }
    text(reader.scan(tree, KeyRange::all(), Direction::Forward)?)
}

/// Returns the store of a bed in the form that has detached transactions.
pub(super) fn dynamic<F: Factory>(bed: &Bed<F>) -> DynStore {
    DynStore::new(Arc::clone(bed.shared_store()))
}

/// Words that make an error text ambiguous or hard to read.
const UNCLEAR: [&str; 8] =
    ["whoever", "nobody", "somebody", " he ", " his ", "is told", "taken back", " ere "];

/// Asserts that a tired person can read a text: one line that says what happened, without unclear
/// words.
#[track_caller]
fn assert_readable(error: &Error) {
    let (message, whole) = (error.message(), error.to_string());
    assert!(!whole.contains('\n'), "an error is one line: {error}");
    assert!(message.len() >= 10 && !message.ends_with('.'), "the text says too little: {error}");
    assert!(!error.kind().next_move().is_empty(), "the kind names no next step: {error}");
    let unclear = UNCLEAR.iter().find(|word| whole.contains(**word));
    assert_eq!(unclear, None, "an unclear word in the text: {error}");
}

/// Asserts that a call failed with a readable error of this kind, and returns it.
#[track_caller]
pub(super) fn refused<T>(result: Result<T>, kind: ErrorKind, what: &str) -> Error {
    let error = result.err();
    assert_eq!(error.as_ref().map(Error::kind), Some(kind), "{what}: {error:?}");
    let error = error.expect("it was compared just now");
    assert_readable(&error);
    error
}

/// Options for a store whose writers wait longer than any run lasts: if a thread waits for itself,
/// the run hangs instead of passing after a while.
pub(super) fn patient() -> StoreOptions {
    StoreOptions::new().busy_timeout(Duration::from_secs(3600))
}

/// Options for a store whose writers never wait.
pub(super) fn impatient() -> StoreOptions {
    StoreOptions::new().busy_timeout(Duration::ZERO)
}

/// Joins a thread and propagates its panic, if it had one.
pub(super) fn joined<T>(thread: ScopedJoinHandle<'_, Result<T>>) -> Result<T> {
    thread.join().unwrap_or_else(|panic: Box<dyn Any + Send>| resume_unwind(panic))
}

/// Reads a number, which is zero if nothing was written.
pub(super) fn number<R: KvRead>(reader: &R, tree: &Tree, key: &str) -> Result<i64> {
    let read = |value: &[u8]| value.try_into().map_or(i64::MIN, i64::from_be_bytes);
    Ok(reader.get_with(tree, key.as_bytes(), read)?.unwrap_or(0))
}

/// Writes a number.
pub(super) fn set<W: KvWrite>(
    transaction: &mut W,
    tree: &Tree,
    key: &str,
    number: i64,
) -> Result<()> {
    transaction.put(tree, key.as_bytes(), &number.to_be_bytes())
}
