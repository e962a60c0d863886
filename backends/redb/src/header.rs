//! The header of a redb file, as far as it tells what redb's errors do not.

use std::io;

use redb::StorageBackend;

const MAGIC: &[u8] = b"redb\x1a\x0a\xa9\x0d\x0a";

/// The newest version of redb's file format that this backend reads.
const FORMAT_VERSION: u8 = 3;

/// The offsets of the version: the first byte of each of the two commit slots.
const FORMAT_VERSION_OFFSETS: [usize; 2] = [64, 192];

/// The offset of the flags.
const FLAGS_OFFSET: usize = 9;

/// The flag that is set while a store is open for writing.
const RECOVERY_REQUIRED: u8 = 2;

/// The offsets of the transaction numbers of the two commit slots, eight bytes each.
const TRANSACTION_OFFSETS: [usize; 2] = [168, 296];

/// The length of the header: the flags and two commit slots.
const HEADER_BYTES: usize = 320;

/// The length that redb gives a new file, in one step, before it writes anything to it.
const NEW_FILE_BYTES: u64 = 1_056_768;

/// How much is read at once.
const CHUNK_BYTES: usize = 1 << 16;

/// The header of a redb file.
pub(crate) struct Header([u8; HEADER_BYTES]);

impl Header {
    /// Reads the header; `None` if the file is shorter than one.
    pub(crate) fn read(file: &dyn StorageBackend) -> io::Result<Option<Self>> {
        let mut bytes = [0; HEADER_BYTES];
        if file.len()? < HEADER_BYTES as u64 {
            return Ok(None);
        }
        file.read(0, &mut bytes)?;
        Ok(Some(Self(bytes)))
    }

    fn has_magic(&self) -> bool {
        self.0.starts_with(MAGIC)
    }

    /// Tells whether the file is redb's and was not closed after the last write.
    pub(crate) fn is_unclean(&self) -> bool {
        let flags = self.0.get(FLAGS_OFFSET).copied().unwrap_or_default();
        self.has_magic() && flags & RECOVERY_REQUIRED != 0
    }

    /// Tells whether the file is redb's and nothing was ever committed to it.
    pub(crate) fn is_unused(&self) -> bool {
        let is_zero = |offset: &usize| self.0.get(*offset..offset + 8) == Some(&[0; 8]);
        self.has_magic() && TRANSACTION_OFFSETS.iter().all(is_zero)
    }

    /// Tells whether the file is redb's and has a later format. redb reports that as corruption,
    /// with a message that only a person can interpret.
    pub(crate) fn is_newer(&self) -> bool {
        let is_newer = |offset: &usize| self.0.get(*offset).is_some_and(|v| *v > FORMAT_VERSION);
        self.has_magic() && FORMAT_VERSION_OFFSETS.iter().any(is_newer)
    }
}

/// Tells whether a file does not contain a store yet: it is empty, or redb had only taken the first
/// steps of creating one.
///
/// redb gives a new file its length, writes the header without the magic number, syncs, and writes
/// the magic number. If the magic number is missing and nothing follows the header, nothing was
/// ever committed, yet redb refuses the file as damaged.
pub(crate) fn is_new(file: &dyn StorageBackend) -> io::Result<bool> {
    let length = file.len()?;
    if length != NEW_FILE_BYTES {
        return Ok(length == 0);
    }
    let mut chunk = vec![0; CHUNK_BYTES];
    let mut offset = 0;
    while offset < length {
        let rest = usize::try_from(length - offset).unwrap_or(CHUNK_BYTES);
        let read = chunk.get_mut(..rest.min(CHUNK_BYTES)).unwrap_or_default();
        file.read(offset, read)?;
        // In the header only the magic number counts.
        let ignored = if offset == 0 { MAGIC.len()..HEADER_BYTES } else { 0..0 };
        let is_zero = |(place, byte): (usize, &u8)| *byte == 0 || ignored.contains(&place);
        if !read.iter().enumerate().all(is_zero) {
            return Ok(false);
        }
        offset += read.len() as u64;
    }
    Ok(true)
}
