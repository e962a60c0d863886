//! The bytes of an event in the log.
//!
//! ```text
//! format 1 | hash before 32 | time 8 | version 8 | schema 4 | codec 1 | batch 4
//!   | length 2, stream | length 2, type | length 2, key | length 4, metadata | payload
//! ```
//!
//! The hash of an event is that of its position and of all these bytes, so of every event before it.

use arbour_core::DecodeError;
use sha2::{Digest as _, Sha256};

use super::event::{Event, Hash};
use super::layout::FORMAT;

/// Everything before the texts.
const FIXED_BYTES: usize = 1 + 32 + 8 + 8 + 4 + 1 + 4;

/// Writes an event as it is stored. The texts were checked to have the lengths they may.
pub(super) fn encode(event: &Event<'_>, value: &mut Vec<u8>) {
    let key = event.key.unwrap_or_default();
    value.reserve(
        FIXED_BYTES
            + 10
            + event.stream.len()
            + event.event_type.len()
            + key.len()
            + event.metadata.len()
            + event.payload.len(),
    );
    value.push(FORMAT);
    value.extend_from_slice(event.hash_before);
    value.extend_from_slice(&event.time.to_be_bytes());
    value.extend_from_slice(&event.version.to_be_bytes());
    value.extend_from_slice(&event.schema.to_be_bytes());
    value.push(event.codec);
    value.extend_from_slice(&event.batch.to_be_bytes());
    for text in [event.stream, event.event_type, key] {
        value.extend_from_slice(&(text.len() as u16).to_be_bytes());
        value.extend_from_slice(text.as_bytes());
    }
    value.extend_from_slice(&(event.metadata.len() as u32).to_be_bytes());
    value.extend_from_slice(event.metadata);
    value.extend_from_slice(event.payload);
}

/// Returns the hash of an event as it is stored.
pub(super) fn hash(position: u64, value: &[u8]) -> Hash {
    let mut hash = Sha256::new();
    hash.update(position.to_be_bytes());
    hash.update(value);
    hash.finalize().into()
}

/// Takes bytes off the front.
struct Front<'a>(&'a [u8]);

impl<'a> Front<'a> {
    fn take(&mut self, count: usize) -> Result<&'a [u8], DecodeError> {
        let (front, rest) = self.0.split_at_checked(count).ok_or_else(too_short)?;
        self.0 = rest;
        Ok(front)
    }

    fn array<const N: usize>(&mut self) -> Result<&'a [u8; N], DecodeError> {
        let (front, rest) = self.0.split_first_chunk::<N>().ok_or_else(too_short)?;
        self.0 = rest;
        Ok(front)
    }

    fn text(&mut self) -> Result<&'a str, DecodeError> {
        let count = u16::from_be_bytes(*self.array()?);
        std::str::from_utf8(self.take(usize::from(count))?)
            .map_err(|error| DecodeError::new("UTF-8", "something else").with_source(error))
    }
}

#[cold]
fn too_short() -> DecodeError {
    DecodeError::new("an event", "too few bytes")
}

/// Reads an event as it is stored.
pub(super) fn decode(position: u64, value: &[u8]) -> Result<Event<'_>, DecodeError> {
    let mut front = Front(value);
    let [format] = *front.array()?;
    if format != FORMAT {
        return Err(DecodeError::new("format 1", format!("format {format}")));
    }
    let hash_before = front.array()?;
    let time = i64::from_be_bytes(*front.array()?);
    let version = u64::from_be_bytes(*front.array()?);
    let schema = u32::from_be_bytes(*front.array()?);
    let [codec] = *front.array()?;
    let batch = u32::from_be_bytes(*front.array()?);
    let stream = front.text()?;
    let event_type = front.text()?;
    let key = front.text()?;
    let metadata = u32::from_be_bytes(*front.array()?);
    let metadata = front.take(metadata as usize)?;
    Ok(Event {
        position,
        part: 0,
        stream,
        version,
        event_type,
        schema,
        codec,
        time,
        payload: front.0,
        key: (!key.is_empty()).then_some(key),
        batch,
        hash_before,
        metadata,
    })
}
