//! The head of a log: what the next append continues from.

use arbour_core::DecodeError;
use uuid::Uuid;

use super::event::Hash;
use super::layout::FORMAT;

/// The encoded size, without and with an index by type.
const BYTES: usize = 1 + 16 + 8 + 32 + 8 + 8;
const BYTES_MAX: usize = BYTES + 8;

/// The head of a log.
///
/// ```
/// use arbour::KvStore;
/// use arbour::events::Log;
/// let store = arbour::open("memory:")?;
/// let log = Log::open(&store, "main")?;
/// let head = log.head(&store.snapshot()?)?;
/// assert_eq!((head.position, head.first), (0, 1));
/// # Ok::<(), arbour::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Head {
    /// The id of the log; for a replica, the id of the log it was copied from. Nil before the first
    /// event.
    pub log_id: Uuid,
    /// The newest position; 0 if there are no events yet.
    pub position: u64,
    /// The hash of the newest event and of all events before it.
    pub hash: Hash,
    /// The first position that was not trimmed; one more than [`position`](Self::position) if no
    /// event is left.
    pub first: u64,
    /// The latest time given by the log's clock.
    pub(super) clock: i64,
    /// The first position covered by the index by type, if the log keeps one.
    pub(super) types_from: Option<u64>,
}

impl Head {
    /// The head of a log without events.
    pub(super) const EMPTY: Self = Self {
        log_id: Uuid::nil(),
        position: 0,
        hash: [0; 32],
        first: 1,
        clock: i64::MIN,
        types_from: None,
    };

    /// Appends the encoded head to `value`.
    pub(super) fn encode(&self, value: &mut Vec<u8>) {
        value.reserve(BYTES_MAX);
        value.push(FORMAT);
        value.extend_from_slice(self.log_id.as_bytes());
        value.extend_from_slice(&self.position.to_be_bytes());
        value.extend_from_slice(&self.hash);
        value.extend_from_slice(&self.first.to_be_bytes());
        value.extend_from_slice(&self.clock.to_be_bytes());
        if let Some(from) = self.types_from {
            value.extend_from_slice(&from.to_be_bytes());
        }
    }

    pub(super) fn decode(value: &[u8]) -> Result<Self, DecodeError> {
        let wrong = || DecodeError::new("the head of a log", format!("{} bytes", value.len()));
        let (&[format], rest) = value.split_first_chunk().ok_or_else(wrong)?;
        if format != FORMAT {
            return Err(DecodeError::new("format 1", format!("format {format}")));
        }
        let (log_id, rest) = rest.split_first_chunk().ok_or_else(wrong)?;
        let (position, rest) = rest.split_first_chunk().ok_or_else(wrong)?;
        let (hash, rest) = rest.split_first_chunk().ok_or_else(wrong)?;
        let (first, rest) = rest.split_first_chunk().ok_or_else(wrong)?;
        let (clock, rest) = rest.split_first_chunk().ok_or_else(wrong)?;
        let types_from = match rest {
            [] => None,
            from => Some(u64::from_be_bytes(from.try_into().map_err(|_| wrong())?)),
        };
        Ok(Self {
            log_id: Uuid::from_bytes(*log_id),
            position: u64::from_be_bytes(*position),
            hash: *hash,
            first: u64::from_be_bytes(*first),
            clock: i64::from_be_bytes(*clock),
            types_from,
        })
    }
}
