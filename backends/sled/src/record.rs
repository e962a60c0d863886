//! One record of sled's log.
//!
//! ```text
//! checksum 4   kind 1   length 1..9   segment 1..9   page 1..9   then that many bytes
//! ```

/// The maximum size of the part before the bytes; a segment with less space left contains no
/// further record.
pub(crate) const HEADER_MAX: usize = 32;

/// The effect of a record on a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Effect {
    /// Contains the whole page: what was written of it before is obsolete.
    Replaces,
    /// Changes part of the page.
    Changes,
    /// The page is no longer used: what was written of it before is obsolete.
    Frees,
    /// Concerns no page.
    Nothing,
    /// Concerns no page, and pads the segment.
    Fills,
}

/// What a record refers to besides its page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reference {
    /// The file with data that is too large for the log, by its number.
    File(u64),
    /// The position of the last byte of a batch that begins here.
    BatchEnd(u64),
}

/// A complete record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Record {
    pub(crate) effect: Effect,
    pub(crate) page: u64,
    pub(crate) reference: Option<Reference>,
    /// Its size in the log, in bytes.
    pub(crate) length: usize,
}

impl Record {
    /// Reads the record at the start of `bytes`; returns `None` if there is no complete record of
    /// this segment.
    pub(crate) fn read(bytes: &[u8], segment: u64) -> Option<Self> {
        let (checksum, summed) = bytes.split_first_chunk()?;
        let (&kind, mut rest) = summed.split_first()?;
        let length = usize::try_from(read_number(&mut rest)?).ok()?;
        let found_segment = read_number(&mut rest)?;
        let page = read_number(&mut rest)?;
        let header = summed.get(..summed.len() - rest.len())?;
        let body = rest.get(..length)?;
        let mut hasher = crc32fast::Hasher::new();
        hasher.update(body);
        hasher.update(header);
        // sled inverts the checksum once more.
        let is_whole = u32::from_le_bytes(*checksum) == !hasher.finalize();
        let effect = effect(kind)?;
        let reference = refer(kind, body);
        let length = checksum.len() + header.len() + body.len();
        (is_whole && found_segment == segment).then_some(Self { effect, page, reference, length })
    }
}

fn effect(kind: u8) -> Option<Effect> {
    match kind {
        1 | 3 => Some(Effect::Nothing),
        2 => Some(Effect::Fills),
        4 => Some(Effect::Frees),
        5..=9 => Some(Effect::Replaces),
        10 | 11 => Some(Effect::Changes),
        _ => None,
    }
}

fn refer(kind: u8, body: &[u8]) -> Option<Reference> {
    let number = u64::from_le_bytes(*body.first_chunk()?);
    match kind {
        3 => Some(Reference::BatchEnd(number)),
        7 | 9 | 11 => Some(Reference::File(number)),
        _ => None,
    }
}

/// Reads a number of one to nine bytes and advances past it.
fn read_number(bytes: &mut &[u8]) -> Option<u64> {
    let (&first, rest) = bytes.split_first()?;
    let count = match first {
        0..=240 => 0,
        241..=248 => 1,
        249 => 2,
        _ => usize::from(first) - 247,
    };
    let (digits, rest) = rest.split_at_checked(count)?;
    let mut little = [0; 8];
    for (to, from) in little.iter_mut().zip(digits) {
        *to = *from;
    }
    *bytes = rest;
    let number = u64::from_le_bytes(little);
    Some(match first {
        0..=240 => u64::from(first),
        241..=248 => 240 + 256 * (u64::from(first) - 241) + number,
        249 => 2288 + 256 * (number & 0xff) + (number >> 8),
        _ => number,
    })
}

#[cfg(test)]
mod tests {
    use super::read_number;

    #[test]
    fn numbers_of_all_lengths_are_read() {
        for (bytes, number) in [
            (&[0][..], 0),
            (&[240], 240),
            (&[241, 1], 241),
            (&[248, 255], 2287),
            (&[249, 0, 0], 2288),
            (&[249, 255, 255], 67823),
            (&[250, 0xf0, 0x08, 0x01], 67824),
            (&[251, 1, 2, 3, 4], 0x0403_0201),
            (&[255, 255, 255, 255, 255, 255, 255, 255, 255], u64::MAX),
        ] {
            let mut rest = bytes;
            assert_eq!(read_number(&mut rest), Some(number));
            assert!(rest.is_empty());
            assert_eq!(read_number(&mut &bytes[..bytes.len() - 1]), None);
        }
    }
}
