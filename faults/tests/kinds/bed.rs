//! A table of kinds, and how one of its lines is tested.

use std::error::Error as StdError;
use std::fs;
use std::path::{Path, PathBuf};

use arbour_core::{DynStore, Error, ErrorKind, KvStore as _, Operation, Result, StoreOptions};
use tempfile::TempDir;

/// An engine, and what is known of its errors.
#[derive(Clone, Copy)]
pub(crate) struct Engine {
    pub(crate) name: &'static str,
    pub(crate) open: fn(&Path, &StoreOptions) -> Result<DynStore>,
    /// Whether its errors name the path of its files.
    pub(crate) has_files: bool,
}

/// A line of an engine's table.
pub(crate) struct Line {
    pub(crate) kind: ErrorKind,
    pub(crate) how: How,
}

/// How a kind of error is made on an engine.
pub(crate) enum How {
    Made {
        make: fn(&Bed) -> Seen,
        /// The error's text on one line, without the advice.
        says: &'static [&'static str],
        /// The texts of its sources; `None` if there are none.
        cause: Option<&'static str>,
    },
    /// Another test provokes it, with the means to do so.
    Elsewhere {
        test: &'static str,
    },
    Never {
        reason: &'static str,
    },
}

/// Makes a line: how the error is provoked, its text, and its sources.
pub(crate) fn made(
    kind: ErrorKind,
    make: fn(&Bed) -> Seen,
    says: &'static [&'static str],
    cause: impl Into<Option<&'static str>>,
) -> Line {
    Line { kind, how: How::Made { make, says, cause: cause.into() } }
}

pub(crate) fn elsewhere(kind: ErrorKind, test: &'static str) -> Line {
    Line { kind, how: How::Elsewhere { test } }
}

pub(crate) fn never(kind: ErrorKind, reason: &'static str) -> Line {
    Line { kind, how: How::Never { reason } }
}

/// A folder for the store of one line.
pub(crate) struct Bed {
    pub(crate) engine: Engine,
    folder: TempDir,
}

impl Bed {
    pub(crate) fn new(engine: Engine) -> Self {
        Self { engine, folder: tempfile::tempdir().expect("a folder can be made") }
    }

    /// The folder of the store, without links.
    pub(crate) fn folder(&self) -> PathBuf {
        fs::canonicalize(self.folder.path()).expect("the folder is there")
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.folder().join("store")
    }

    pub(crate) fn open_with(&self, options: &StoreOptions) -> Result<DynStore> {
        (self.engine.open)(&self.path(), options)
    }

    pub(crate) fn open(&self) -> DynStore {
        self.open_with(&StoreOptions::new()).expect("the store opens")
    }

    /// Makes a store with an entry, and closes it.
    pub(crate) fn closed_store(&self) -> PathBuf {
        let store = self.open();
        let tree = store.tree("t").expect("the name is good");
        store.put(&tree, b"a", b"1").expect("it is written");
        store.close().expect("it closes");
        self.path()
    }
}

/// The visible parts of an error.
#[derive(Debug)]
pub(crate) struct Seen {
    pub(crate) kind: ErrorKind,
    /// The error on one line, with its sources and the advice.
    pub(crate) line: String,
    pub(crate) path: Option<PathBuf>,
    pub(crate) tree: Option<String>,
    /// Its sources, from the nearest on.
    pub(crate) causes: Vec<String>,
    /// Whether it comes from a layer above the store, which names the collection or step instead of
    /// the files, and has its own advice.
    pub(crate) is_of_layer: bool,
}

impl From<Error> for Seen {
    fn from(error: Error) -> Self {
        let causes = std::iter::successors(error.source(), |&cause| cause.source());
        Self {
            kind: error.kind(),
            line: error.in_one_line(),
            path: error.path().map(Path::to_owned),
            tree: error.tree().map(str::to_owned),
            causes: causes.map(ToString::to_string).collect(),
            is_of_layer: error.operation() == Operation::Layer,
        }
    }
}

/// Returns the visible parts of the error with which a call has to fail.
pub(crate) fn seen<T>(result: Result<T>) -> Seen {
    result.err().expect("the call fails").into()
}

/// The existing kinds, as the contract lists them: a new one has to get its line.
fn kinds() -> Vec<String> {
    let source = include_str!("../../../core/src/error.rs");
    let body = source.split("pub enum ErrorKind {").nth(1).and_then(|rest| rest.split('}').next());
    let names = body.expect("the contract has kinds").lines().map(str::trim);
    let names = names.filter_map(|line| line.strip_suffix(',')).map(str::to_owned);
    names.filter(|name| name.chars().all(char::is_alphanumeric)).collect()
}

/// Provokes every kind of error in an engine's table, and checks its text.
pub(crate) fn try_table(engine: Engine, table: &[Line]) {
    let kinds = kinds();
    assert!(kinds.len() >= 21, "{kinds:?}");
    for kind in &kinds {
        let has_line = table.iter().any(|line| line.kind.to_string() == *kind);
        assert!(has_line, "{}: the table has no line for {kind}", engine.name);
    }
    for Line { kind, how } in table {
        match how {
            How::Made { make, says, cause } => {
                let bed = Bed::new(engine);
                check(&bed, *kind, &make(&bed), says, *cause);
            }
            How::Elsewhere { test: text } | How::Never { reason: text } => {
                println!("{} {kind}: {text}", engine.name);
            }
        }
    }
}

fn check(bed: &Bed, kind: ErrorKind, seen: &Seen, says: &[&str], cause: Option<&str>) {
    let Seen { line, path, tree, causes, .. } = seen;
    println!("{} {line}", bed.engine.name);
    let name = bed.engine.name;
    assert_eq!(seen.kind, kind, "{name}: {line}");
    assert!(!line.contains('\n'), "{name}: more than one line: {line}");
    for text in says {
        assert!(line.contains(text), "{name}: {text:?} is missing: {line}");
    }
    // Which tree it was, if it is about an entry and would be the same in any store; otherwise the
    // path of the store.
    let is_of_call = matches!(
        kind,
        ErrorKind::InvalidArgument | ErrorKind::TooLarge | ErrorKind::Decode | ErrorKind::Conflict
    );
    if is_of_call {
        assert!(tree.is_some(), "{name}: the tree is not named: {line}");
    } else if bed.engine.has_files && !seen.is_of_layer {
        assert_eq!(path.as_deref(), Some(&*bed.path()), "{name}: {line}");
        assert!(line.contains(&bed.path().display().to_string()), "{name}: {line}");
    }
    match cause {
        Some(text) => {
            let is_kept = causes.iter().any(|cause| cause.contains(text));
            assert!(is_kept, "{name}: the cause {text:?} is lost: {causes:?}");
        }
        None => assert!(causes.is_empty(), "{name}: {causes:?}"),
    }
    // For the engine's own failures, the text or the source says what to do.
    if kind != ErrorKind::Engine && !seen.is_of_layer {
        assert!(line.ends_with(kind.next_move()), "{name}: no advice: {line}");
    }
}
