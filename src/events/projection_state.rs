//! The position and state of a projection.

use arbour_core::DecodeError;
use uuid::Uuid;

use super::event::Hash;
use super::layout::FORMAT;

const BYTES: usize = 1 + 8 + 32 + 16 + 2;

/// Flags in the last byte.
const QUARANTINE: u8 = 1;
const BUILDING: u8 = 2;
const INDEXES_DEAD: u8 = 4;
const FORGOTTEN: u8 = 8;

/// The position of a version of a projection. It is written in the same commit as the changes of
/// the view.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct ProjectionState {
    /// The position of the last event that was applied or dead-lettered.
    pub(super) applied: u64,
    /// Its hash.
    pub(super) hash: Hash,
    /// The id of the log it was read from; nil before the first event.
    pub(super) log_id: Uuid,
    /// Whether it is halted before an event that failed.
    pub(super) is_halted: bool,
    /// Whether there are streams in quarantine.
    pub(super) has_quarantine: bool,
    /// Whether a rebuild was started and has not completed.
    pub(super) is_building: bool,
    /// Whether all dead letters are in the index by stream. Older programs that do not maintain
    /// that index write the state without this flag.
    pub(super) indexes_dead: bool,
    /// Whether the version is being forgotten: what is left of its view belongs to no position.
    pub(super) is_forgotten: bool,
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
        is_forgotten: false,
    };

    pub(super) const FORGOTTEN: Self = Self { is_forgotten: true, ..Self::NEW };

    pub(super) fn encode(&self) -> [u8; BYTES] {
        let mut value = [FORMAT; BYTES];
        let has_quarantine = if self.has_quarantine { QUARANTINE } else { 0 };
        let is_building = if self.is_building { BUILDING } else { 0 };
        let indexes_dead = if self.indexes_dead { INDEXES_DEAD } else { 0 };
        let is_forgotten = if self.is_forgotten { FORGOTTEN } else { 0 };
        let flags = has_quarantine | is_building | indexes_dead | is_forgotten;
        let bytes = (self.applied.to_be_bytes().into_iter())
            .chain(self.hash)
            .chain(self.log_id.into_bytes())
            .chain([u8::from(self.is_halted), flags]);
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
            is_forgotten: flags & FORGOTTEN != 0,
        })
    }
}
