//! The blocks of a dump, which frame its records.

use arbour_core::{Error, Result};

use super::{Digest, TransferError};

pub(super) const MAGIC: [u8; 8] = *b"\x89ARB\r\n\x1a\n";
pub(super) const VERSION: u16 = 1;

pub(super) const COMPRESSED: u8 = b'B';
pub(super) const PLAIN: u8 = b'R';
pub(super) const END: u8 = b'E';

/// The size in bytes at which a block is full.
pub(super) const FULL: usize = 1 << 20;

/// The maximum bytes of records in a block: a block that is almost full, plus the largest entry.
pub(super) const RECORDS_MAX: usize = 256 << 20;

/// The maximum ratio by which LZ4 expands data.
const LZ4_RATIO_MAX: usize = 255;

/// The header of a block, without its kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Header {
    pub(super) records: u32,
    pub(super) stored: u32,
    pub(super) checksum: u32,
}

impl Header {
    pub(super) const BYTES: usize = 12;

    fn of(records: usize, stored: &[u8]) -> Self {
        let records = u32::try_from(records).unwrap_or(u32::MAX);
        let stored_len = u32::try_from(stored.len()).unwrap_or(u32::MAX);
        Self { records, stored: stored_len, checksum: checksum(records, stored_len, stored) }
    }

    pub(super) fn decode(bytes: [u8; Self::BYTES]) -> Self {
        let [a, b, c, d, e, f, g, h, i, j, k, l] = bytes;
        Self {
            records: u32::from_be_bytes([a, b, c, d]),
            stored: u32::from_be_bytes([e, f, g, h]),
            checksum: u32::from_be_bytes([i, j, k, l]),
        }
    }

    /// Refuses lengths that no dump has, before memory is allocated for them.
    pub(super) fn check(self, kind: u8) -> Result<(), &'static str> {
        let (records, stored) = (self.records as usize, self.stored as usize);
        let fits = match kind {
            PLAIN => records == stored,
            _ => stored < records && records / LZ4_RATIO_MAX <= stored,
        };
        if records > RECORDS_MAX || !fits {
            return Err("it is longer than a block can be");
        }
        Ok(())
    }

    /// Decodes the records of a block.
    pub(super) fn records(self, kind: u8, stored: Vec<u8>) -> Result<Vec<u8>, String> {
        if checksum(self.records, self.stored, &stored) != self.checksum {
            return Err("its checksum differs".to_owned());
        }
        if kind == PLAIN {
            return Ok(stored);
        }
        let records = lz4_flex::block::decompress(&stored, self.records as usize)
            .map_err(|error| format!("it does not decompress: {error}"))?;
        if records.len() != self.records as usize {
            return Err("its length differs once it is decompressed".to_owned());
        }
        Ok(records)
    }
}

fn checksum(records: u32, stored_len: u32, stored: &[u8]) -> u32 {
    let mut crc = crc32fast::Hasher::new();
    crc.update(&records.to_be_bytes());
    crc.update(&stored_len.to_be_bytes());
    crc.update(stored);
    crc.finalize()
}

/// Appends a block of records.
pub(super) fn append(out: &mut Vec<u8>, records: &[u8]) {
    let compressed = lz4_flex::block::compress(records);
    let is_shorter = compressed.len() < records.len();
    let (kind, stored) =
        if is_shorter { (COMPRESSED, compressed.as_slice()) } else { (PLAIN, records) };
    let header = Header::of(records.len(), stored);
    out.push(kind);
    for number in [header.records, header.stored, header.checksum] {
        out.extend_from_slice(&number.to_be_bytes());
    }
    out.extend_from_slice(stored);
}

/// The end of a dump.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct End {
    pub(super) trees: u64,
    pub(super) entries: u64,
    pub(super) digest: Digest,
}

impl End {
    pub(super) const BYTES: usize = 4 + Self::BODY_BYTES;
    const BODY_BYTES: usize = 8 + 8 + 32;

    fn body(self) -> Vec<u8> {
        let mut body = Vec::with_capacity(Self::BODY_BYTES);
        body.extend_from_slice(&self.trees.to_be_bytes());
        body.extend_from_slice(&self.entries.to_be_bytes());
        body.extend_from_slice(&self.digest.0);
        body
    }

    pub(super) fn append(self, out: &mut Vec<u8>) {
        let body = self.body();
        out.push(END);
        out.extend_from_slice(&crc32fast::hash(&body).to_be_bytes());
        out.extend_from_slice(&body);
    }

    /// Decodes the end, without its kind.
    pub(super) fn decode(at: u64, bytes: [u8; Self::BYTES]) -> Result<Self> {
        let altered =
            |reason: &str| Error::from(TransferError::Altered { at, reason: reason.to_owned() });
        let short = || altered("its end is too short");
        let (checksum, body) = bytes.split_first_chunk().ok_or_else(short)?;
        if crc32fast::hash(body) != u32::from_be_bytes(*checksum) {
            return Err(altered("its checksum differs"));
        }
        let (trees, rest) = body.split_first_chunk().ok_or_else(short)?;
        let (entries, rest) = rest.split_first_chunk().ok_or_else(short)?;
        let digest = rest.try_into().map_err(|_| short())?;
        Ok(Self {
            trees: u64::from_be_bytes(*trees),
            entries: u64::from_be_bytes(*entries),
            digest: Digest(digest),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::{COMPRESSED, END, End, Header, PLAIN, RECORDS_MAX, append};
    use crate::transfer::Digest;

    fn split(block: &[u8]) -> (u8, Header, Vec<u8>) {
        let header = Header::decode(block[1..=Header::BYTES].try_into().unwrap());
        (block[0], header, block[1 + Header::BYTES..].to_vec())
    }

    #[test]
    fn blocks_are_read_as_they_were_written() {
        let noise: Vec<u8> =
            (0..50u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
        for (records, expected) in [(vec![7; 5000], COMPRESSED), (noise, PLAIN)] {
            let mut block = Vec::new();
            append(&mut block, &records);
            let (kind, header, stored) = split(&block);
            assert_eq!(kind, expected);
            header.check(kind).unwrap();
            assert_eq!(header.records(kind, stored).unwrap(), records);
        }
    }

    #[test]
    fn a_block_of_which_any_byte_was_changed_is_refused() {
        let mut block = Vec::new();
        append(&mut block, b"to be or not to be, to be or not to be, to be or not to be");
        for at in 1..block.len() {
            let mut altered = block.clone();
            altered[at] ^= 1;
            let (kind, header, stored) = split(&altered);
            let read = header
                .check(kind)
                .map_err(str::to_owned)
                .and_then(|()| header.records(kind, stored));
            assert!(read.is_err(), "byte {at}");
        }
    }

    #[test]
    fn lengths_are_refused_before_memory_is_taken_for_them() {
        let header =
            |records: usize, stored: u32| Header { records: records as u32, stored, checksum: 0 };
        assert!(header(RECORDS_MAX + 1, u32::MAX).check(COMPRESSED).is_err());
        assert!(header(RECORDS_MAX, 100).check(COMPRESSED).is_err());
        assert!(header(100, 99).check(PLAIN).is_err());
        assert!(header(100, 100).check(COMPRESSED).is_err());
    }

    #[test]
    fn an_end_of_which_any_byte_was_changed_is_refused() {
        let end = End { trees: 2, entries: 3, digest: Digest([7; 32]) };
        let mut bytes = Vec::new();
        end.append(&mut bytes);
        assert_eq!(bytes.remove(0), END);
        let whole: [u8; End::BYTES] = bytes.try_into().unwrap();
        assert_eq!(End::decode(0, whole).unwrap(), end);
        for at in 0..whole.len() {
            let mut altered = whole;
            altered[at] ^= 1;
            assert!(End::decode(0, altered).is_err(), "byte {at}");
        }
    }
}
