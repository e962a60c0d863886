//! The changes of a collection as a stream.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use arbour_core::{DynSnapshot, ErrorKind, KvStore as _, Result};
use futures_core::Stream;
use tokio::sync::watch;
use tokio::time::timeout;

use super::Store;
use super::following::{Following, Source, Step};
use crate::documents::{Body, Change, Collection, DocError};

/// Reads a batch of the changes after a position.
type ReadChanges = dyn Fn(&DynSnapshot<'_>, u64) -> Result<Vec<Change>> + Send + Sync;

/// How many changes a stream reads at once, and so how many it holds at most.
const BATCH: usize = 128;

/// The default poll interval for a store that other processes write to as well.
const OTHERS_POLL: Duration = Duration::from_millis(20);

/// The default poll interval for a store that only this process writes.
const OWN_POLL: Duration = Duration::from_millis(200);

/// The changes of a collection, as they are committed; made by [`Store::changes`].
///
/// Changes come after their commit, in the order they were made, without gaps or repeats. The stream
/// waits for new ones, and ends when the store is shut down. An item is an error in two cases:
///
/// - [`Trimmed`](DocError::Trimmed): changes that the stream had yet to read were
///   [trimmed](Collection::trim_changes). The error names the positions. The stream goes on with the
///   first change that is left.
/// - Any other error is the last item.
///
/// It reads when it is polled, at most 128 changes ahead, and holds no snapshot in between: a reader
/// that stops reading delays no writer and keeps nothing from being trimmed. To be sure of each
/// change, [acknowledge](Collection::acknowledge) positions under a name.
///
/// Each waiting stream costs a short read after each commit of the store. To show changes to thousands
/// of clients, read one stream and hand its items on by `tokio::sync::broadcast`.
///
/// ```
/// use arbour::documents::DocError;
/// use arbour::tokio::Changes;
/// use futures_util::StreamExt;
///
/// async fn follow(mut changes: Changes) -> arbour::Result<()> {
///     while let Some(change) = changes.next().await {
///         match change {
///             Ok(change) => println!("{} at {}", change.id, change.position),
///             Err(error) => match error.downcast_ref() {
///                 Some(DocError::Trimmed { oldest, .. }) => println!("missed all up to {oldest}"),
///                 _ => return Err(error),
///             },
///         }
///     }
///     Ok(())
/// }
/// ```
pub struct Changes {
    following: Following<Feed>,
}

impl Store {
    /// Follows the changes of a collection from now on: what is committed after this call has returned
    /// is in the stream. The collection has to be declared [with a
    /// feed](crate::documents::Declaration::with_feed).
    ///
    /// Commits of this store wake the stream at once; it notices others by
    /// [polling](super::Options::poll), for which the runtime needs its timer (`enable_time`).
    ///
    /// # Errors
    /// [`Invalid`](DocError::Invalid) if the collection has no feed; those of [`read`](Self::read).
    ///
    #[cfg_attr(feature = "derive", doc = "```")]
    #[cfg_attr(not(feature = "derive"), doc = "```text")]
    /// use arbour::prelude::*;
    /// use futures_util::StreamExt;
    ///
    /// # #[derive(Serialize, Deserialize, Document)]
    /// # #[document(collection = "notes", feed)]
    /// # struct Note {
    /// #     #[document(id)]
    /// #     name: String,
    /// # }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> arbour::Result<()> {
    /// # let store = arbour::open("memory:")?;
    /// let notes = store.collection::<Note>()?;
    /// let store = arbour::tokio::Store::new(store);
    /// let mut changes = store.changes(&notes).await?;
    /// store.write(move |tx| notes.insert(tx, Note { name: "a".to_owned() })).await?;
    /// let change = changes.next().await.expect("the store is open")?;
    /// assert_eq!((change.position, change.id), (1, "a".into()));
    /// # Ok(())
    /// # }
    /// ```
    pub async fn changes<D: Body>(&self, collection: &Collection<D>) -> Result<Changes> {
        let (commits, feed) = (self.commits(), collection.clone());
        let after = self.read(move |snapshot| feed.newest_change(snapshot)).await?;
        let feed = collection.clone();
        let read =
            Arc::new(move |snapshot: &DynSnapshot<'_>, after| feed.changes(snapshot, after, BATCH));
        let is_shared = self.blocking().capabilities().multi_process;
        let poll = self.options().poll.unwrap_or(if is_shared { OTHERS_POLL } else { OWN_POLL });
        let source = Feed { store: self.clone(), read, commits, poll, after };
        Ok(Changes { following: Following::new(source) })
    }
}

impl Changes {
    /// Begins after a position instead of with what is committed from now on: at 0, or at the [position
    /// of the last change](Change::position) that an earlier stream returned. Changes nothing once
    /// the stream was polled.
    ///
    #[cfg_attr(feature = "derive", doc = "```")]
    #[cfg_attr(not(feature = "derive"), doc = "```text")]
    /// # use arbour::prelude::*;
    /// # use futures_util::StreamExt;
    /// # #[derive(Serialize, Deserialize, Document)]
    /// # #[document(collection = "notes", feed)]
    /// # struct Note {
    /// #     #[document(id)]
    /// #     name: String,
    /// # }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> arbour::Result<()> {
    /// # let store = arbour::open("memory:")?;
    /// # let notes = store.collection::<Note>()?;
    /// # store.write(|tx| notes.insert(tx, Note { name: "a".to_owned() }))?;
    /// # let store = arbour::tokio::Store::new(store);
    /// let mut changes = store.changes(&notes).await?.after(0);
    /// assert_eq!(changes.next().await.expect("the store is open")?.position, 1);
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn after(self, position: u64) -> Self {
        Self { following: self.following.with_source(|source| source.after = position) }
    }
}

impl Stream for Changes {
    type Item = Result<Change>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        Pin::new(&mut self.following).poll_next(context)
    }
}

impl fmt::Debug for Changes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.following.fmt(f)
    }
}

/// The feed of a collection, read from a position on.
struct Feed {
    store: Store,
    read: Arc<ReadChanges>,
    commits: watch::Receiver<()>,
    /// How often it reads if no commit wakes it.
    poll: Duration,
    after: u64,
}

impl Source for Feed {
    type Item = Change;

    async fn next(mut self) -> Step<Self> {
        loop {
            // Before the read: a commit in between then ends the wait at once.
            self.commits.mark_unchanged();
            let (read, after) = (Arc::clone(&self.read), self.after);
            let read = self.store.read(move |snapshot| read(snapshot, after));
            match read.await {
                Ok(changes) => {
                    if let Some(last) = changes.last() {
                        self.after = last.position;
                        return Step::Items(self, changes);
                    }
                }
                Err(error) if error.kind() == ErrorKind::Closed => return Step::Ended(None),
                Err(error) => {
                    let Some(DocError::Trimmed { oldest, .. }) = error.downcast_ref() else {
                        return Step::Ended(Some(error));
                    };
                    self.after = *oldest;
                    return Step::Told(self, error);
                }
            }
            // The sender lives as long as the store.
            let _ = timeout(self.poll, self.commits.changed()).await;
        }
    }
}
