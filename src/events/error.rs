//! Errors of the event layer.

use std::error::Error as StdError;

use arbour_core::{Cause, Error, ErrorKind};

use super::Expected;

/// Why the event layer refused a call. [`Error::downcast_ref`] returns it.
///
/// A refused append has written nothing, and the caller can continue its transaction.
///
/// ```
/// use arbour::events::{EventError, Expected};
/// let error = EventError::Expected {
///     log: "main".into(), stream: "account-1".into(), expected: Expected::Exact(3), actual: 4,
/// };
/// assert_eq!(
///     error.to_string(),
///     "main: stream \"account-1\" is at version 4, and version 3 was expected: \
///      read what happened since, and decide again",
/// );
/// ```
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EventError {
    /// A declaration or a call is invalid and would fail again: correct it.
    #[error("{log}: {reason}")]
    Invalid {
        /// The log.
        log: String,
        /// What is wrong.
        reason: String,
    },

    /// The stream is at another version: read the events since the expected one, and decide again.
    #[error(
        "{log}: stream {stream:?} is at version {actual}, and {expected} was expected: read what \
         happened since, and decide again"
    )]
    Expected {
        /// The log.
        log: String,
        /// The stream.
        stream: String,
        /// The version the caller expected.
        expected: Expected,
        /// The version it is at; 0 if it has no events.
        actual: u64,
    },

    /// The idempotency key was used for other content: choose another.
    #[error(
        "{log}: the idempotency key {key:?} was used at position {position} for something else: \
         choose another key"
    )]
    KeyReused {
        /// The log.
        log: String,
        /// The key.
        key: String,
        /// The position of the first event appended with it.
        position: u64,
    },

    /// A payload cannot be encoded.
    #[error(
        "the payload of the new event {event_type:?} cannot be encoded: {cause}: correct it, or choose \
         another codec"
    )]
    Unfit {
        /// The type of the event.
        event_type: String,
        /// The cause.
        #[source]
        cause: Cause,
    },

    /// A stored value cannot be decoded.
    #[error(
        "{log}: the value at key \"{key}\" of tree {tree:?} cannot be decoded: {cause}: restore \
         the entry from a backup"
    )]
    Undecodable {
        /// The log or the projection.
        log: String,
        /// The tree.
        tree: String,
        /// The key, escaped.
        key: String,
        /// The cause.
        #[source]
        cause: Cause,
    },

    /// The payload of an event cannot be decoded. Other events are not affected.
    #[error(
        "the payload of the event {event_type:?} at position {position} cannot be read: {cause}: \
         declare how to read it (`upcast`, `also_reads`), or skip the event"
    )]
    Payload {
        /// The position.
        position: u64,
        /// The type of the event.
        event_type: String,
        /// The cause.
        #[source]
        cause: Cause,
    },

    /// An event was written by a newer program: upgrade this one.
    #[error(
        "the event {event_type:?} at position {position} has schema version {stored}, and this \
         program knows versions up to {known}: upgrade the program"
    )]
    TooNew {
        /// The position.
        position: u64,
        /// The type of the event.
        event_type: String,
        /// The version it was written with.
        stored: u32,
        /// The newest version this program declares.
        known: u32,
    },

    /// The requested events were [trimmed](super::Events::trim): continue at the first that is left
    /// ([`Subscription::skip_trimmed`](super::Subscription::skip_trimmed)), or read the archive.
    #[error(
        "{log}: position {asked} was trimmed, and the first event left is {first}: read the \
         archive, or continue there (`skip_trimmed`)"
    )]
    Archived {
        /// The log.
        log: String,
        /// The requested position.
        asked: u64,
        /// The first that is left.
        first: u64,
    },

    /// A position after the newest event cannot be acknowledged. Nothing was written.
    #[error(
        "{log}: the subscription {subscription:?} cannot acknowledge position {asked}, because the \
         newest event is {newest}: acknowledge only what was read from this log"
    )]
    Beyond {
        /// The log.
        log: String,
        /// The subscription.
        subscription: String,
        /// The position to acknowledge.
        asked: u64,
        /// The newest position of the log.
        newest: u64,
    },

    /// Another runner has taken over the subscription. Events handed out to this one will be handed
    /// out to the other too.
    #[error(
        "{log}: another runner of the subscription {subscription:?} has taken over, or it was \
         forgotten: stop this one, or subscribe again to take over"
    )]
    Fenced {
        /// The log.
        log: String,
        /// The subscription.
        subscription: String,
    },

    /// The log ends before a position that was already applied or copied from it: its newest events
    /// are lost. Restore it, or rebuild.
    #[error(
        "{log}: its newest event is {newest}, and {reader} has had {applied}: it has lost its end: \
         restore it from a backup, or start {reader} over"
    )]
    Truncated {
        /// The log.
        log: String,
        /// What has read further: a projection, a subscription or a copy.
        reader: String,
        /// The position that was applied.
        applied: u64,
        /// The newest position of the log.
        newest: u64,
    },

    /// The log is not the one that was applied or copied until now: open the right one, or rebuild.
    #[error(
        "{log}: it is another log than {reader} was made from, as position {position} shows: open \
         the right one, or rebuild {reader}"
    )]
    Foreign {
        /// The log.
        log: String,
        /// What was made from the other log: a projection or a copy.
        reader: String,
        /// The position at which they differ.
        position: u64,
    },

    /// An event is missing or was changed: the hash in the next one does not match.
    #[error(
        "{log}: the event at position {position} is missing, or was changed: restore the log from \
         a backup or a copy"
    )]
    Broken {
        /// The log.
        log: String,
        /// The first position that does not match.
        position: u64,
    },

    /// A projection is halted at an event that failed: correct the cause and
    /// [resume](super::Events::resume) it.
    #[error(
        "the projection {projection:?} is halted before position {position}: {reason}: correct the \
         cause, then call `resume`, or `skip` to continue without the event"
    )]
    Halted {
        /// The projection.
        projection: String,
        /// The position of the event that failed.
        position: u64,
        /// Why it failed.
        reason: String,
    },

    /// A projection fails at an event that was to be appended in the caller's transaction. Nothing
    /// was appended.
    #[error(
        "the projection {projection:?} fails at an event of this transaction: {reason}: correct the \
         event, or let the projection dead-letter such events (`on_failure`)"
    )]
    Refused {
        /// The projection.
        projection: String,
        /// Why it failed.
        reason: String,
    },

    /// The wait reached its deadline. What was committed until then stays; call again to continue.
    #[error("timed out: {what}: try again, or wait longer")]
    TimedOut {
        /// What did not happen in time.
        what: String,
    },

    /// [`ReaderControl::stop`](super::ReaderControl::stop) was called.
    #[error("{log}: this reader was stopped: subscribe again to continue")]
    Stopped {
        /// The log.
        log: String,
    },

    /// [`shut_down`](super::Events::shut_down) was called.
    #[error("{log}: these events were shut down: build them again to continue")]
    ShutDown {
        /// The log.
        log: String,
    },
}

impl EventError {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::Invalid { .. }
            | Self::Unfit { .. }
            | Self::Beyond { .. }
            | Self::Foreign { .. } => ErrorKind::InvalidArgument,
            Self::Expected { .. } => ErrorKind::Stale,
            Self::KeyReused { .. } => ErrorKind::Exists,
            Self::Archived { .. } => ErrorKind::Missing,
            Self::Undecodable { .. } | Self::Truncated { .. } | Self::Broken { .. } => {
                ErrorKind::Corrupted
            }
            Self::Payload { .. } => ErrorKind::Decode,
            Self::TooNew { .. } => ErrorKind::TooNew,
            Self::Fenced { .. } => ErrorKind::Locked,
            Self::Halted { .. } | Self::Refused { .. } => ErrorKind::Failed,
            Self::TimedOut { .. } => ErrorKind::Busy,
            Self::Stopped { .. } | Self::ShutDown { .. } => ErrorKind::Closed,
        }
    }

    pub(super) fn undecodable(
        log: &str,
        tree: &str,
        key: &[u8],
        cause: impl Into<Box<dyn StdError + Send + Sync>>,
    ) -> Error {
        Self::Undecodable {
            log: log.to_owned(),
            tree: tree.to_owned(),
            key: key.escape_ascii().to_string(),
            cause: Cause::new(cause),
        }
        .into()
    }
}

impl From<EventError> for Error {
    fn from(error: EventError) -> Self {
        Self::layered(error.kind(), error)
    }
}

#[cfg(test)]
mod tests {
    use std::error::Error as _;

    use arbour_core::DecodeError;

    use super::EventError;

    #[test]
    fn the_source_is_what_is_behind_and_can_be_asked_for() {
        let error =
            EventError::undecodable("log", "tree", b"key", DecodeError::new("4 bytes", "3"));
        assert!(error.source().unwrap().is::<DecodeError>());
        assert!(error.clone().source().unwrap().is::<DecodeError>());
    }
}
