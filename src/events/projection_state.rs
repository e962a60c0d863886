//! How far a projection is.

use arbour_core::DecodeError;
use uuid::Uuid;

use super::event::Hash;
use super::layout::FORMAT;

const BYTES: usize = 1 + 8 + 32 + 16 + 2;

/// The bits of the last byte.
const QUARANTINE: u8 = 1;
const BUILDING: u8 = 2;
const INDEXES_DEAD: u8 = 4;

/// How far a version of a projection is. It is written together with what it is the state of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct ProjectionState {
    /// The position of the last event that was applied or put aside.
    pub(super) applied: u64,
    /// Its hash.
    pub(super) hash: Hash,
    /// The log it was read from; nil before the first.
    pub(super) log_id: Uuid,
    /// Whether it stands before an event that failed.
    pub(super) is_halted: bool,
    /// Whether there are streams in quarantine.
    pub(super) has_quarantine: bool,
    /// Whether a rebuild was begun and has not come to its end.
    pub(super) is_building: bool,
    /// Whether all that was put aside is in the index by stream. A program that keeps no such index writes
    /// the state without it.
    pub(super) indexes_dead: bool,
}

impl ProjectionState {
    pub(super) const NEW: Self = Self {
        applied: 0,
        hash: [0; 32],
        log_id: Uuid::nil(),
        is_halted: false,
        has_quarantine: false,
        is_building: false,
        indexes_dead: false,
    };

    pub(super) fn encode(&self) -> [u8; BYTES] {
        let mut value = [FORMAT; BYTES];
        let has_quarantine = if self.has_quarantine { QUARANTINE } else { 0 };
        let is_building = if self.is_building { BUILDING } else { 0 };
        let indexes_dead = if self.indexes_dead { INDEXES_DEAD } else { 0 };
        let bytes = (self.applied.to_be_bytes().into_iter())
            .chain(self.hash)
            .chain(self.log_id.into_bytes())
            .chain([u8::from(self.is_halted), has_quarantine | is_building | indexes_dead]);
        value.iter_mut().skip(1).zip(bytes).for_each(|(to, from)| *to = from);
        value
    }

    pub(super) fn decode(value: &[u8]) -> Result<Self, DecodeError> {
        let wrong =
            || DecodeError::new("the state of a projection", format!("{} bytes", value.len()));
        let (&[format], rest) = value.split_first_chunk().ok_or_else(wrong)?;
        if format != FORMAT {
            return Err(DecodeError::new("format 1", format!("format {format}")));
        }
        let (applied, rest) = rest.split_first_chunk().ok_or_else(wrong)?;
        let (hash, rest) = rest.split_first_chunk().ok_or_else(wrong)?;
        let (log_id, rest) = rest.split_first_chunk().ok_or_else(wrong)?;
        let [is_halted, flags]: [u8; 2] = rest.try_into().map_err(|_| wrong())?;
        Ok(Self {
            applied: u64::from_be_bytes(*applied),
            hash: *hash,
            log_id: Uuid::from_bytes(*log_id),
            is_halted: is_halted != 0,
            has_quarantine: flags & QUARANTINE != 0,
            is_building: flags & BUILDING != 0,
            indexes_dead: flags & INDEXES_DEAD != 0,
        })
    }
}
