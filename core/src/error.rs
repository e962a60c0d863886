//! What went wrong, where, and what the caller can do next.
//!
//! One error type serves every engine. Its [`ErrorKind`] names the caller's next move, so that code
//! written against one engine handles the failures of all; the engine's own error stays reachable
//! through [`source`](std::error::Error::source). The structure (kind, operation, context, source)
//! follows Apache OpenDAL's.

use std::borrow::Cow;
use std::error::Error as StdError;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The result of a storage operation.
///
/// ```
/// fn length(store: &impl arbour_core::KvStore) -> arbour_core::Result<u64> {
///     let tree = store.tree("users")?;
///     store.read(|r| arbour_core::KvRead::len(r, &tree))
/// }
/// # assert_eq!(length(&arbour_core::MemoryStore::new()).unwrap(), 0);
/// ```
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// The caller's next move after a failure.
///
/// The same mistake has the same kind on every engine; the conformance suite checks this.
///
/// ```
/// use arbour_core::ErrorKind;
/// assert!(ErrorKind::Conflict.is_retryable());
/// assert!(ErrorKind::Corrupted.next_move().contains("restore"));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The call is invalid and would fail again: a bad name, an empty key, a foreign handle.
    InvalidArgument,
    /// A key, a value or a transaction exceeds the limits in [`Capabilities`](crate::Capabilities).
    TooLarge,
    /// Another transaction committed first; run the transaction again.
    Conflict,
    /// The writer slot was not free in time, or this thread itself holds it.
    Busy,
    /// Another process, or another handle in this one, holds the store.
    Locked,
    /// The store was closed.
    Closed,
    /// The store was opened read-only, or its files or medium are read-only.
    ReadOnly,
    /// The stored bytes are not what the engine wrote, or are not a store at all.
    Corrupted,
    /// A key or value is not of the type it was read as.
    Decode,
    /// The store was written by a newer version.
    TooNew,
    /// The engine lacks this ability, as its capabilities say.
    Unsupported,
    /// There is no store at the path, and the options do not allow creating one.
    NotFound,
    /// The file or folder of an open store was renamed, replaced or deleted.
    Moved,
    /// The device, or the caller's quota on it, is full.
    DiskFull,
    /// The operating system refused: permissions, a missing folder, a failing device.
    Io,
    /// The server of the store cannot be reached, or did not answer in time. Nothing was written.
    Unreachable,
    /// The commit failed in a way that leaves open whether it took effect.
    CommitUnknown,
    /// What is to be created exists already, or a value that has to be unique is taken.
    Exists,
    /// What is to be changed does not exist.
    Missing,
    /// What the call builds on has changed since the caller read it.
    Stale,
    /// Code of the program failed: a step of a migration, a handler of events, a callback.
    Failed,
    /// The engine failed in a way that fits no other kind.
    Engine,
}

impl ErrorKind {
    /// Tells whether the same transaction can be expected to succeed when it is run again.
    ///
    /// ```
    /// assert!(!arbour_core::ErrorKind::TooLarge.is_retryable());
    /// ```
    #[must_use]
    pub fn is_retryable(self) -> bool {
        matches!(self, Self::Conflict | Self::Busy | Self::Unreachable)
    }

    /// Says in a few words what the caller can do next.
    ///
    /// ```
    /// assert_eq!(arbour_core::ErrorKind::Closed.next_move(), "open the store again");
    /// ```
    #[must_use]
    pub fn next_move(self) -> &'static str {
        match self {
            Self::InvalidArgument => "correct the call",
            Self::TooLarge => {
                "store a smaller key or value, write less in one transaction, or raise the limits of the store"
            }
            Self::Conflict => "run the transaction again",
            Self::Busy => "end the other transaction, or try again later",
            Self::Locked => "close the other handle or process, then open again",
            Self::Closed => "open the store again",
            Self::ReadOnly => {
                "open the store for writing, or a copy of it if its files or medium are read-only"
            }
            Self::Corrupted => "check the path, stop writing and restore from a backup",
            Self::Decode => "read with the type it was written with, or repair the entry",
            Self::TooNew => "upgrade the program",
            Self::Unsupported => "choose an engine whose capabilities include it",
            Self::NotFound => "correct the path, or open with `create(true)`",
            Self::Moved => "close the store and open it where its files are now",
            Self::DiskFull => "free space on the device, then open the store again",
            Self::Io => "correct the cause, then open the store again",
            Self::Unreachable => "run it again once the server answers",
            Self::CommitUnknown => "open the store again and check whether the change is there",
            Self::Exists => "use another name or value, or change what is there",
            Self::Missing => "create it first, or correct its name",
            Self::Stale => "read it again, and decide anew",
            Self::Failed => "correct the cause, then call it again",
            Self::Engine => "see the source",
        }
    }
}

impl fmt::Display for ErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}

/// The operation that failed.
///
/// ```
/// assert_eq!(arbour_core::Operation::DeleteRange.to_string(), "delete range");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Operation {
    /// Opening a store.
    Open,
    /// Resolving a tree's name to a handle.
    Tree,
    /// Pinning a snapshot.
    Snapshot,
    /// Beginning a transaction.
    Begin,
    /// Reading the value of a key.
    Get,
    /// Reading entries in order.
    Scan,
    /// Listing the trees.
    Trees,
    /// Storing a value.
    Put,
    /// Removing a key.
    Delete,
    /// Removing a range of keys.
    DeleteRange,
    /// Committing a transaction.
    Commit,
    /// Rolling a transaction back.
    Rollback,
    /// Applying a batch.
    Apply,
    /// Making everything committed durable.
    Sync,
    /// Closing a store.
    Close,
    /// Measuring a store.
    Stats,
    /// Compacting a store.
    Compact,
    /// Copying a store while it is in use.
    Backup,
    /// Turning a typed key or value into bytes.
    Encode,
    /// Turning bytes into a typed key or value.
    Decode,
    /// A call of a layer above the store, such as documents or events.
    Layer,
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Open => "open",
            Self::Tree => "tree",
            Self::Snapshot => "snapshot",
            Self::Begin => "begin",
            Self::Get => "get",
            Self::Scan => "scan",
            Self::Trees => "trees",
            Self::Put => "put",
            Self::Delete => "delete",
            Self::DeleteRange => "delete range",
            Self::Commit => "commit",
            Self::Rollback => "rollback",
            Self::Apply => "apply",
            Self::Sync => "sync",
            Self::Close => "close",
            Self::Stats => "stats",
            Self::Compact => "compact",
            Self::Backup => "backup",
            Self::Encode => "encode",
            Self::Decode => "decode",
            Self::Layer => "layer",
        })
    }
}

/// A failed storage operation: its kind, the operation, the place, and the cause.
///
/// It is cheap to pass around (one pointer) and can be cloned, because one failed commit may have
/// to be reported to every caller that took part in it.
///
/// ```
/// use arbour_core::{Error, ErrorKind, Operation};
/// let error = Error::new(ErrorKind::Decode, Operation::Get, "expected 4 bytes, found 3")
///     .with_tree("scores")
///     .with_key(b"a\xffb")
///     .with_path("app.redb");
/// assert_eq!(
///     error.to_string(),
///     r#"get: expected 4 bytes, found 3 (Decode; tree "scores"; key "a\xffb"; store app.redb)"#
/// );
/// ```
#[derive(Clone)]
pub struct Error {
    inner: Box<Inner>,
}

#[derive(Clone)]
struct Inner {
    kind: ErrorKind,
    operation: Operation,
    message: Cow<'static, str>,
    tree: Option<String>,
    key: Option<String>,
    path: Option<PathBuf>,
    source: Option<Arc<dyn StdError + Send + Sync>>,
    /// Whether the source is the error itself, in the words of a layer above the store.
    is_layered: bool,
}

/// How many bytes of a key an error shows.
const KEY_BYTES_SHOWN: usize = 48;

impl Error {
    /// Creates an error from its kind, the operation that failed and a message.
    ///
    /// ```
    /// use arbour_core::{Error, ErrorKind, Operation};
    /// let error = Error::new(ErrorKind::Closed, Operation::Get, "the store was closed");
    /// assert_eq!(error.kind(), ErrorKind::Closed);
    /// ```
    #[must_use]
    pub fn new(
        kind: ErrorKind,
        operation: Operation,
        message: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self {
            inner: Box::new(Inner {
                kind,
                operation,
                message: message.into(),
                tree: None,
                key: None,
                path: None,
                source: None,
                is_layered: false,
            }),
        }
    }

    /// Creates an error from one of the operating system: [`ErrorKind::DiskFull`] if there is no
    /// space, [`ErrorKind::ReadOnly`] if the file system is mounted read-only, otherwise
    /// [`ErrorKind::Io`]. The system's error becomes its source.
    ///
    /// ```
    /// use arbour_core::{Error, ErrorKind, Operation};
    /// let full = std::io::Error::from(std::io::ErrorKind::StorageFull);
    /// let error = Error::from_io(full, Operation::Commit, "cannot append to the log");
    /// assert_eq!(error.kind(), ErrorKind::DiskFull);
    /// ```
    #[must_use]
    pub fn from_io(
        cause: io::Error,
        operation: Operation,
        message: impl Into<Cow<'static, str>>,
    ) -> Self {
        let kind = match cause.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => ErrorKind::DiskFull,
            io::ErrorKind::ReadOnlyFilesystem => ErrorKind::ReadOnly,
            _ => ErrorKind::Io,
        };
        Self::new(kind, operation, message).with_source(cause)
    }

    /// Creates an error of a layer above the store, such as documents, or of the program itself. The
    /// layer's own error gives the text and the source; [`downcast_ref`](Self::downcast_ref) returns
    /// it.
    ///
    /// ```
    /// use arbour_core::{Error, ErrorKind};
    /// #[derive(Debug)]
    /// struct Overdrawn { cents: i64 }
    /// impl std::fmt::Display for Overdrawn {
    ///     fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
    ///         write!(f, "the account lacks {} cents: deposit them first", self.cents)
    ///     }
    /// }
    /// impl std::error::Error for Overdrawn {}
    ///
    /// let error = Error::layered(ErrorKind::InvalidArgument, Overdrawn { cents: 5 });
    /// assert_eq!(error.to_string(), "the account lacks 5 cents: deposit them first");
    /// assert_eq!(error.downcast_ref::<Overdrawn>().unwrap().cents, 5);
    /// ```
    #[must_use]
    pub fn layered(kind: ErrorKind, error: impl StdError + Send + Sync + 'static) -> Self {
        let mut layered = Self::new(kind, Operation::Layer, "").with_source(error);
        layered.inner.is_layered = true;
        layered
    }

    /// Replaces the operation: with the one that the caller requested, if a part of it failed.
    ///
    /// ```
    /// # use arbour_core::{Error, ErrorKind, Operation};
    /// let error = Error::new(ErrorKind::Busy, Operation::Begin, "busy");
    /// assert_eq!(error.with_operation(Operation::Apply).operation(), Operation::Apply);
    /// ```
    #[must_use]
    pub fn with_operation(mut self, operation: Operation) -> Self {
        self.inner.operation = operation;
        self
    }

    /// Replaces the message, for more context.
    #[must_use]
    pub(crate) fn with_message(mut self, message: String) -> Self {
        self.inner.message = message.into();
        self
    }

    /// Adds the name of the tree.
    ///
    /// ```
    /// # use arbour_core::{Error, ErrorKind, Operation};
    /// let error = Error::new(ErrorKind::Engine, Operation::Get, "no page").with_tree("users");
    /// assert_eq!(error.tree(), Some("users"));
    /// ```
    #[must_use]
    pub fn with_tree(mut self, name: impl Into<String>) -> Self {
        self.inner.tree = Some(name.into());
        self
    }

    /// Adds the key, escaped for display and cut to 48 bytes.
    ///
    /// ```
    /// # use arbour_core::{Error, ErrorKind, Operation};
    /// let error = Error::new(ErrorKind::TooLarge, Operation::Put, "too long").with_key(&[b'k'; 99]);
    /// assert!(error.key().unwrap().ends_with("... (99 bytes)"));
    /// ```
    #[must_use]
    pub fn with_key(mut self, key: &[u8]) -> Self {
        let shown = key.get(..KEY_BYTES_SHOWN).unwrap_or(key).escape_ascii();
        self.inner.key = Some(if key.len() > KEY_BYTES_SHOWN {
            format!("{shown}... ({} bytes)", key.len())
        } else {
            shown.to_string()
        });
        self
    }

    /// Adds the path of the store.
    ///
    /// ```
    /// # use arbour_core::{Error, ErrorKind, Operation};
    /// let error = Error::new(ErrorKind::Locked, Operation::Open, "in use").with_path("a.redb");
    /// assert_eq!(error.path().unwrap().to_str(), Some("a.redb"));
    /// ```
    #[must_use]
    pub fn with_path(mut self, path: impl Into<PathBuf>) -> Self {
        self.inner.path = Some(path.into());
        self
    }

    /// Adds the error that caused this one.
    ///
    /// ```
    /// # use arbour_core::{Error, ErrorKind, Operation};
    /// use std::error::Error as _;
    /// let full = std::io::Error::from(std::io::ErrorKind::StorageFull);
    /// let error = Error::new(ErrorKind::Io, Operation::Sync, "cannot flush").with_source(full);
    /// assert!(error.source().unwrap().is::<std::io::Error>());
    /// ```
    #[must_use]
    pub fn with_source(mut self, source: impl StdError + Send + Sync + 'static) -> Self {
        self.inner.source = Some(Arc::new(source));
        self
    }

    /// Returns the caller's next move.
    ///
    /// ```
    /// # use arbour_core::{KvStore, ErrorKind, MemoryStore};
    /// assert_eq!(MemoryStore::new().tree("").unwrap_err().kind(), ErrorKind::InvalidArgument);
    /// ```
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.inner.kind
    }

    /// Returns the operation that failed.
    ///
    /// ```
    /// # use arbour_core::{KvStore, Operation, MemoryStore};
    /// assert_eq!(MemoryStore::new().tree("").unwrap_err().operation(), Operation::Tree);
    /// ```
    #[must_use]
    pub fn operation(&self) -> Operation {
        self.inner.operation
    }

    /// Returns what happened, without the context.
    ///
    /// ```
    /// # use arbour_core::{Error, ErrorKind, Operation};
    /// assert_eq!(Error::new(ErrorKind::Io, Operation::Open, "no disk").message(), "no disk");
    /// ```
    #[must_use]
    pub fn message(&self) -> &str {
        &self.inner.message
    }

    /// Returns the name of the tree, if the error concerns one.
    ///
    /// ```
    /// # use arbour_core::{Error, ErrorKind, Operation};
    /// assert_eq!(Error::new(ErrorKind::Io, Operation::Open, "no disk").tree(), None);
    /// ```
    #[must_use]
    pub fn tree(&self) -> Option<&str> {
        self.inner.tree.as_deref()
    }

    /// Returns the key as displayed, if the error concerns one.
    ///
    /// ```
    /// # use arbour_core::{Error, ErrorKind, Operation};
    /// let error = Error::new(ErrorKind::Decode, Operation::Get, "bad").with_key(b"a\0");
    /// assert_eq!(error.key(), Some(r"a\x00"));
    /// ```
    #[must_use]
    pub fn key(&self) -> Option<&str> {
        self.inner.key.as_deref()
    }

    /// Returns the path of the store, if it has one.
    ///
    /// ```
    /// # use arbour_core::{KvStore, MemoryStore};
    /// assert_eq!(MemoryStore::new().tree("").unwrap_err().path(), None);
    /// ```
    #[must_use]
    pub fn path(&self) -> Option<&Path> {
        self.inner.path.as_deref()
    }

    /// Returns the error of a layer, or the engine's own error behind this one, if it has this type.
    ///
    /// ```
    /// # use arbour_core::{Error, ErrorKind, Operation};
    /// let full = std::io::Error::from(std::io::ErrorKind::StorageFull);
    /// let error = Error::from_io(full, Operation::Commit, "cannot append to the log");
    /// assert!(error.downcast_ref::<std::io::Error>().is_some());
    /// ```
    #[must_use]
    pub fn downcast_ref<E: StdError + 'static>(&self) -> Option<&E> {
        self.inner.source.as_ref()?.downcast_ref()
    }

    /// Formats the error on one line: what happened, what caused it, and what to do next.
    ///
    /// ```
    /// use arbour_core::{KvStore, MemoryStore};
    /// let store = MemoryStore::new();
    /// store.close()?;
    /// let error = store.tree("users").unwrap_err();
    /// assert_eq!(error.in_one_line(), format!("{error}: open the store again"));
    /// # Ok::<(), arbour_core::Error>(())
    /// ```
    #[must_use]
    pub fn in_one_line(&self) -> String {
        let (kind, mut line) = (self.kind(), self.to_string());
        // For these kinds, the engine's message repeats what the text already says.
        if !matches!(kind, ErrorKind::Closed | ErrorKind::Locked | ErrorKind::NotFound) {
            let mut cause = StdError::source(self);
            while let Some(deeper) = cause {
                let text = deeper.to_string();
                if !line.contains(&text) {
                    line = format!("{line}: {text}");
                }
                cause = deeper.source();
            }
        }
        match kind {
            // The text of a layer says what to do.
            _ if self.inner.is_layered => line,
            // The next move would be to read the cause, which is already on the line.
            ErrorKind::Engine => line,
            _ => format!("{line}: {}", kind.next_move()),
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let inner = &self.inner;
        if let (true, Some(error)) = (inner.is_layered, &inner.source) {
            return error.fmt(f);
        }
        write!(f, "{}: {} ({}", inner.operation, inner.message, inner.kind)?;
        if let Some(tree) = &inner.tree {
            write!(f, "; tree \"{}\"", tree.escape_debug())?;
        }
        if let Some(key) = &inner.key {
            write!(f, "; key \"{key}\"")?;
        }
        if let Some(path) = &inner.path {
            write!(f, "; store {}", path.display())?;
        }
        f.write_str(")")
    }
}

impl fmt::Debug for Error {
    /// Formats the full report: the line of [`Display`](fmt::Display), the next move, and each
    /// cause.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")?;
        if !self.inner.is_layered {
            write!(f, "\n  next: {}", self.kind().next_move())?;
        }
        let mut cause = self.source();
        while let Some(error) = cause {
            write!(f, "\n  caused by: {error}")?;
            cause = error.source();
        }
        Ok(())
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        let source = self.inner.source.as_deref()?;
        // The layer's error is this error; what caused it comes next.
        if self.inner.is_layered { source.source() } else { Some(source) }
    }
}
