//! The bytes of a batch in the log.
//!
//! ```text
//! write  =  kind (0 delete, 1 put)  |  field: tree's name  |  field: key  |  field: value if put
//! field  =  length (u32, little-endian)  |  bytes
//! ```

use arbour_core::Batch;

const DELETE: u8 = 0;
const PUT: u8 = 1;

/// Encodes a batch.
pub(super) fn encode(batch: &Batch) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(batch.byte_len() + 32 * batch.len());
    for write in batch.iter() {
        bytes.push(if write.value.is_some() { PUT } else { DELETE });
        push_field(&mut bytes, write.tree.name().as_bytes());
        push_field(&mut bytes, write.key);
        if let Some(value) = write.value {
            push_field(&mut bytes, value);
        }
    }
    bytes
}

/// The limits keep each field far below 4 GiB.
fn push_field(bytes: &mut Vec<u8>, field: &[u8]) {
    bytes.extend_from_slice(&(field.len() as u32).to_le_bytes());
    bytes.extend_from_slice(field);
}

/// One write as recorded in the log, with the name of its tree.
pub(super) struct Record<'a> {
    pub(super) tree: &'a str,
    pub(super) key: &'a [u8],
    pub(super) value: Option<&'a [u8]>,
}

/// Reads a batch, one write at a time. Returns `None` if the bytes are not a batch.
pub(super) fn decode(
    mut bytes: &[u8],
    mut each: impl FnMut(Record<'_>) -> Option<()>,
) -> Option<()> {
    while let Some((kind, rest)) = bytes.split_first() {
        bytes = rest;
        let tree = std::str::from_utf8(take_field(&mut bytes)?).ok()?;
        let key = take_field(&mut bytes)?;
        let value = match *kind {
            PUT => Some(take_field(&mut bytes)?),
            DELETE => None,
            _ => return None,
        };
        each(Record { tree, key, value })?;
    }
    Some(())
}

fn take_field<'a>(bytes: &mut &'a [u8]) -> Option<&'a [u8]> {
    let (length, rest) = bytes.split_first_chunk()?;
    let (field, rest) = rest.split_at_checked(u32::from_le_bytes(*length) as usize)?;
    *bytes = rest;
    Some(field)
}
