//! The contents of a store, as text that is the same on every engine.

use std::collections::BTreeMap;
use std::fmt::{self, Write as _};

use arbour_core::engine::TreeName;
use arbour_core::{
    Batch, Cursor as _, Direction, Durability, Error, ErrorKind, KeyRange, KvRead, KvStore,
    KvWrite, Operation, Result,
};

use crate::{apply_in_parts, entries};

/// The entries of all trees of a store.
///
/// The text has one line for each entry: tree, key and value, separated by tabs. Bytes that are not
/// printable ASCII are escaped as in a Rust byte string (`\xff`, `\t`, `\n`, `\\`, `\"`, `\'`).
/// Empty lines and lines that begin with `#` are ignored.
///
/// ```
/// use arbour_conformance::migration_fixture::Pinned;
/// let pinned = Pinned::new().entry("variables", b"@ada:x\xff!room\xffluck", &7_u32.to_le_bytes());
/// let text = pinned.to_string();
/// assert_eq!(text, "variables\t@ada:x\\xff!room\\xffluck\t\\x07\\x00\\x00\\x00\n");
/// assert_eq!(Pinned::parse(&text)?, pinned);
/// # Ok::<(), arbour_core::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pinned {
    trees: BTreeMap<String, BTreeMap<Vec<u8>, Vec<u8>>>,
}

impl Pinned {
    /// Creates empty contents.
    ///
    /// ```
    /// # use arbour_conformance::migration_fixture::Pinned;
    /// assert_eq!(Pinned::new(), Pinned::default());
    /// ```
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds an entry, or replaces it.
    ///
    /// ```
    /// # use arbour_conformance::migration_fixture::Pinned;
    /// let pinned = Pinned::new().entry("rooms", b"study", b"books");
    /// assert_ne!(pinned, Pinned::new());
    /// ```
    #[must_use]
    pub fn entry(mut self, tree: &str, key: &[u8], value: &[u8]) -> Self {
        self.trees.entry(tree.to_owned()).or_default().insert(key.to_vec(), value.to_vec());
        self
    }

    /// Parses the text.
    ///
    /// # Errors
    /// [`Decode`](ErrorKind::Decode), naming the line, if a line is malformed.
    ///
    /// ```
    /// # use arbour_conformance::migration_fixture::Pinned;
    /// let error = Pinned::parse("# rooms\nrooms\tstudy\n").unwrap_err();
    /// assert!(error.to_string().contains("line 2"));
    /// ```
    pub fn parse(text: &str) -> Result<Self> {
        let mut pinned = Self::new();
        for (number, line) in text.lines().enumerate() {
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let wrong = || {
                let message = format!("line {} is no tree, key and value", number + 1);
                Error::new(ErrorKind::Decode, Operation::Decode, message)
            };
            let parts: Option<Vec<Vec<u8>>> = line.split('\t').map(unescape).collect();
            let parts = parts.ok_or_else(wrong)?;
            let [tree, key, value] = <[Vec<u8>; 3]>::try_from(parts).map_err(|_| wrong())?;
            let tree = String::from_utf8(tree).map_err(|_| wrong())?;
            pinned = pinned.entry(&tree, &key, &value);
        }
        Ok(pinned)
    }

    /// Reads the contents of a store, except the trees of Arbour's own layers.
    ///
    /// # Errors
    /// The errors of the engine.
    ///
    /// ```
    /// # use arbour_conformance::migration_fixture::Pinned;
    /// use arbour_core::{KvStore, MemoryStore};
    /// let store = MemoryStore::new();
    /// store.put(&store.tree("rooms")?, b"study", b"books")?;
    /// println!("{}", Pinned::of(&store)?); // to be put into a file
    /// # Ok::<(), arbour_core::Error>(())
    /// ```
    pub fn of<S: KvStore>(store: &S) -> Result<Self> {
        let snapshot = store.snapshot()?;
        let mut pinned = Self::new();
        for name in snapshot.trees()?.into_iter().filter(|name| !name.starts_with("arbour/")) {
            let tree = store.open_tree(TreeName::stored(&name)?)?;
            let mut cursor = snapshot.scan(&tree, KeyRange::all(), Direction::Forward)?;
            while let Some((key, value)) = cursor.next()? {
                pinned = pinned.entry(&name, key, value);
            }
        }
        Ok(pinned)
    }

    /// Writes the contents to a store, in one transaction.
    ///
    /// # Errors
    /// The errors of the engine; then nothing was written.
    ///
    /// ```
    /// # use arbour_conformance::migration_fixture::Pinned;
    /// use arbour_core::MemoryStore;
    /// let store = MemoryStore::new();
    /// let pinned = Pinned::new().entry("rooms", b"study", b"books");
    /// pinned.fill(&store)?;
    /// assert_eq!(Pinned::of(&store)?, pinned);
    /// # Ok::<(), arbour_core::Error>(())
    /// ```
    pub fn fill<S: KvStore>(&self, store: &S) -> Result<()> {
        store.write_with(Durability::None, |transaction| {
            for (name, entries) in &self.trees {
                let tree = store.open_tree(TreeName::stored(name)?)?;
                for (key, value) in entries {
                    transaction.put(&tree, key, value)?;
                }
            }
            Ok(())
        })
    }

    /// Tells whether it has a tree of this name.
    pub(super) fn has_tree(&self, name: &str) -> bool {
        self.trees.contains_key(name)
    }

    /// Returns the first difference to other contents, if there is one.
    pub(crate) fn difference(&self, other: &Self) -> Option<String> {
        let names = || self.trees.keys().chain(other.trees.keys());
        let empty = BTreeMap::new();
        for name in names() {
            let of = |pinned: &'_ Self| pinned.trees.get(name).cloned().unwrap_or(empty.clone());
            let (mine, theirs) = (of(self), of(other));
            for key in mine.keys().chain(theirs.keys()) {
                let show = |value: Option<&Vec<u8>>| {
                    value.map_or("absent".to_owned(), |value| value.escape_ascii().to_string())
                };
                let (one, two) = (mine.get(key), theirs.get(key));
                if one != two {
                    let key = key.escape_ascii();
                    return Some(format!("{name}: key {key} is {}, and {}", show(one), show(two)));
                }
            }
        }
        None
    }
}

impl fmt::Display for Pinned {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (tree, entries) in &self.trees {
            for (key, value) in entries {
                let tree = tree.as_bytes().escape_ascii();
                let (key, value) = (key.escape_ascii(), value.escape_ascii());
                f.write_fmt(format_args!("{tree}\t{key}\t{value}"))?;
                f.write_char('\n')?;
            }
        }
        Ok(())
    }
}

/// Decodes what `escape_ascii` wrote.
fn unescape(text: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'\\' {
            bytes.push(byte);
            continue;
        }
        bytes.push(match rest.next()? {
            b't' => b'\t',
            b'n' => b'\n',
            b'r' => b'\r',
            b'x' => {
                let digits = [rest.next()?, rest.next()?];
                u8::from_str_radix(std::str::from_utf8(&digits).ok()?, 16).ok()?
            }
            quoted @ (b'\\' | b'"' | b'\'') => quoted,
            _ => return None,
        });
    }
    Some(bytes)
}

/// Empties a store for the next run. Making new trees would take most of the time.
pub(crate) fn clear<S: KvStore>(store: &S) -> Result<()> {
    let snapshot = store.snapshot()?;
    let mut batch = Batch::new();
    for name in snapshot.trees()? {
        let tree = store.open_tree(TreeName::stored(&name)?)?;
        for (key, _) in entries(snapshot.scan(&tree, KeyRange::all(), Direction::Forward)?)? {
            batch.delete(&tree, &key);
        }
    }
    drop(snapshot);
    apply_in_parts(store, batch, Durability::None)
}

#[cfg(test)]
mod tests {
    use super::Pinned;

    #[test]
    fn every_byte_comes_back() {
        let all: Vec<u8> = (0..=255).collect();
        let pinned = Pinned::new().entry("a\tb # \u{e4}", &all, &all).entry("t", b"", b"");
        assert_eq!(Pinned::parse(&pinned.to_string()).unwrap(), pinned);
        for wrong in ["t\tk", "t\tk\tv\tw", "t\tk\t\\y", "t\tk\t\\x0", "\\xff\tk\tv"] {
            assert!(Pinned::parse(wrong).is_err(), "{wrong}");
        }
    }
}
