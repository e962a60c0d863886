//! The encoding of an event in the log.
//!
//! ```text
//! format 1 | hash before 32 | time 8 | version 8 | schema 4 | codec 1 | batch 4
//!   | lengths of stream 2, type 2, key 2, metadata 4 | stream | type | key | metadata | payload
//! ```
//!
//! The lengths come first. Decoding splits off a head of fixed length and validates the UTF-8 of
//! all texts after it in one pass.
//!
//! The hash of an event covers its position and all these bytes, including the hash of the event
//! before. It therefore covers all earlier events too.

use arbour_core::DecodeError;
use sha2::{Digest as _, Sha256};

use super::event::{Event, EventBuf, Hash};
use super::layout::FORMAT;

/// The number of bytes before the texts.
const FIXED_BYTES: usize = 1 + 32 + 8 + 8 + 4 + 1 + 4 + 2 + 2 + 2 + 4;

/// Encodes an event. The caller has checked the lengths of its texts.
pub(super) fn encode(event: &Event<'_>, value: &mut Vec<u8>) {
    let key = event.key.unwrap_or_default();
    value.reserve(
        FIXED_BYTES
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
    }
    value.extend_from_slice(&(event.metadata.len() as u32).to_be_bytes());
    for text in [event.stream, event.event_type, key] {
        value.extend_from_slice(text.as_bytes());
    }
    value.extend_from_slice(event.metadata);
    value.extend_from_slice(event.payload);
}

/// Returns the hash of an encoded event.
pub(super) fn hash(position: u64, value: &[u8]) -> Hash {
    let mut hash = Sha256::new();
    hash.update(position.to_be_bytes());
    hash.update(value);
    hash.finalize().into()
}

/// Splits bytes off the front of the head, which is long enough.
struct Front<'a>(&'a [u8]);

impl<'a> Front<'a> {
    #[inline]
    fn array<const N: usize>(&mut self) -> Result<&'a [u8; N], DecodeError> {
        let (front, rest) = self.0.split_first_chunk::<N>().ok_or_else(too_short)?;
        self.0 = rest;
        Ok(front)
    }
}

#[cold]
fn too_short() -> DecodeError {
    DecodeError::new("an event", "too few bytes")
}

#[cold]
fn no_text() -> DecodeError {
    DecodeError::new("texts in UTF-8", "something else")
}

/// Decodes an event.
#[inline]
pub(super) fn decode(position: u64, value: &[u8]) -> Result<Event<'_>, DecodeError> {
    let (head, rest) = value.split_first_chunk::<FIXED_BYTES>().ok_or_else(too_short)?;
    let mut head = Front(head);
    let [format] = *head.array()?;
    if format != FORMAT {
        return Err(DecodeError::new("format 1", format!("format {format}")));
    }
    let hash_before = head.array()?;
    let time = i64::from_be_bytes(*head.array()?);
    let version = u64::from_be_bytes(*head.array()?);
    let schema = u32::from_be_bytes(*head.array()?);
    let [codec] = *head.array()?;
    let batch = u32::from_be_bytes(*head.array()?);
    let stream = usize::from(u16::from_be_bytes(*head.array()?));
    let event_type = usize::from(u16::from_be_bytes(*head.array()?));
    let key = usize::from(u16::from_be_bytes(*head.array()?));
    let metadata = u32::from_be_bytes(*head.array()?) as usize;
    let texts = stream + event_type + key;
    let (texts, rest) = rest.split_at_checked(texts).ok_or_else(too_short)?;
    let texts = std::str::from_utf8(texts)
        .map_err(|error| DecodeError::new("UTF-8", "something else").with_source(error))?;
    let (stream, texts) = texts.split_at_checked(stream).ok_or_else(no_text)?;
    let (event_type, key) = texts.split_at_checked(event_type).ok_or_else(no_text)?;
    let (metadata, payload) = rest.split_at_checked(metadata).ok_or_else(too_short)?;
    Ok(Event {
        position,
        part: 0,
        stream,
        version,
        event_type,
        schema,
        codec,
        time,
        payload,
        key: (!key.is_empty()).then_some(key),
        batch,
        hash_before,
        metadata,
    })
}

impl EventBuf {
    /// Returns the hash of the event and of all events before it.
    pub(super) fn hash(&self) -> Hash {
        let mut value = Vec::new();
        encode(&self.as_event(), &mut value);
        hash(self.as_event().position, &value)
    }
}
