//! Where the complete batches of a journal end.
//!
//! After a loss of power the last batches may lack sectors that nothing had synced, and these are
//! read as zeros. fjall ends a journal where its bytes are no batch, but refuses to open a database if
//! they look like a batch and have another checksum, and panics or allocates gigabytes over some
//! lengths. So the journal is read before, and cut after its last complete batch. The rest is written
//! over itself, because a sync may have failed and the device may lack a part of it.
//!
//! ```text
//! 1, number of items: u32, commit: u64                                     the start of a batch
//! 2, type: u8, compression: u8, keyspace: u64, length of the key: u16,     an item
//!    length of the value: u32, its length here: u32, key, value
//! 4, keyspace: u64                                                         an item: all is removed
//! 3, XXH3 of the items: u64, "FJL" 3                                       the end of a batch
//! ```
//!
//! Numbers are little-endian. After the last batch a journal is filled with zeros.

use std::fs::{File, OpenOptions};
use std::io::{self, BufRead as _, BufReader, Read as _, Seek as _};
use std::path::Path;

use arbour_core::engine::write_over;
use xxhash_rust::xxh3::Xxh3;

const START: u8 = 1;
const ITEM: u8 = 2;
const END: u8 = 3;
const CLEAR: u8 = 4;
const TRAILER: [u8; 4] = *b"FJL\x03";

/// What a loss of power takes or leaves as a whole.
const SECTOR: u64 = 512;

/// Cuts the journal that fjall appends to after its last complete batch, makes the rest durable, and
/// tells whether what was cut off can be what a loss of power left. If not, the file is damaged and
/// stays as it is.
pub(crate) fn cut_torn_end(path: &Path) -> io::Result<bool> {
    let file = OpenOptions::new().read(true).write(true).open(path)?;
    let Some(end) = Journal::new(&file).end()? else { return Ok(false) };
    let length = file.metadata()?.len();
    if end < length {
        file.set_len(end)?;
    }
    if length > 0 {
        write_over(path)?;
    }
    Ok(true)
}

/// Tells whether a journal that fjall no longer appends to has nothing after its complete batches:
/// it was synced before the next one was created.
pub(crate) fn is_whole(path: &Path) -> io::Result<bool> {
    let file = File::open(path)?;
    let mut journal = Journal::new(&file);
    let Some(end) = journal.end()? else { return Ok(false) };
    journal.go_to(end)?;
    journal.is_blank(u64::MAX)
}

/// A journal that is read batch by batch.
struct Journal<'f> {
    file: BufReader<&'f File>,
    at: u64,
    checksum: Xxh3,
}

/// What the bytes at a position are.
enum Found {
    Batch,
    /// All of a batch, with another checksum.
    WrongBatch,
    /// The end of the journal, or a part of a batch.
    Rest,
}

impl<'f> Journal<'f> {
    fn new(file: &'f File) -> Self {
        Self { file: BufReader::new(file), at: 0, checksum: Xxh3::new() }
    }

    /// Returns where the last complete batch ends; `None` if a batch follows that has all its
    /// sectors and another checksum.
    fn end(&mut self) -> io::Result<Option<u64>> {
        loop {
            let start = self.at;
            match self.batch() {
                Ok(Found::Batch) => {}
                Ok(Found::WrongBatch) => {
                    return Ok(self.lacks_a_sector(start, self.at)?.then_some(start));
                }
                Ok(Found::Rest) => return Ok(Some(start)),
                Err(cause) if cause.kind() == io::ErrorKind::UnexpectedEof => {
                    return Ok(Some(start));
                }
                Err(cause) => return Err(cause),
            }
        }
    }

    fn batch(&mut self) -> io::Result<Found> {
        if self.bytes()? != [START] {
            return Ok(Found::Rest);
        }
        let items = u32::from_le_bytes(self.bytes()?);
        let _commit: [u8; 8] = self.bytes()?;
        self.checksum.reset();
        for _ in 0..items {
            if !self.item()? {
                return Ok(Found::Rest);
            }
        }
        let checksum = self.checksum.digest();
        let (tag, expected) = (self.bytes()?, u64::from_le_bytes(self.bytes()?));
        if tag != [END] || self.bytes()? != TRAILER {
            return Ok(Found::Rest);
        }
        Ok(if checksum == expected { Found::Batch } else { Found::WrongBatch })
    }

    /// Tells whether a batch has a sector of zeros. Its first and its last sector have others.
    fn lacks_a_sector(&mut self, start: u64, end: u64) -> io::Result<bool> {
        let mut sector = start.next_multiple_of(SECTOR);
        while sector + SECTOR <= end {
            self.go_to(sector)?;
            if self.is_blank(SECTOR)? {
                return Ok(true);
            }
            sector += SECTOR;
        }
        Ok(false)
    }

    fn item(&mut self) -> io::Result<bool> {
        let [what] = self.bytes()?;
        if what == CLEAR {
            let _keyspace: [u8; 8] = self.bytes()?;
            return Ok(true);
        }
        let _type_and_compression: [u8; 2] = self.bytes()?;
        let _keyspace: [u8; 8] = self.bytes()?;
        let key = u16::from_le_bytes(self.bytes()?);
        let _value: [u8; 4] = self.bytes()?;
        let value_here = u32::from_le_bytes(self.bytes()?);
        self.pass(u64::from(key) + u64::from(value_here))?;
        Ok(what == ITEM)
    }

    fn bytes<const N: usize>(&mut self) -> io::Result<[u8; N]> {
        let mut bytes = [0; N];
        self.file.read_exact(&mut bytes)?;
        self.checksum.update(&bytes);
        self.at += N as u64;
        Ok(bytes)
    }

    /// Reads bytes without keeping them: a damaged length may be any.
    fn pass(&mut self, mut left: u64) -> io::Result<()> {
        while left > 0 {
            let buffer = self.file.fill_buf()?;
            let count = buffer.len().min(usize::try_from(left).unwrap_or(usize::MAX));
            if count == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            self.checksum.update(buffer.get(..count).unwrap_or_default());
            self.file.consume(count);
            self.at += count as u64;
            left -= count as u64;
        }
        Ok(())
    }

    fn go_to(&mut self, position: u64) -> io::Result<()> {
        self.at = position;
        self.file.seek(io::SeekFrom::Start(position)).map(drop)
    }

    /// Tells whether the next bytes, up to the end of the file, are zeros.
    fn is_blank(&mut self, mut left: u64) -> io::Result<bool> {
        while left > 0 {
            let buffer = self.file.fill_buf()?;
            let count = buffer.len().min(usize::try_from(left).unwrap_or(usize::MAX));
            if buffer.iter().take(count).any(|byte| *byte != 0) {
                return Ok(false);
            }
            if count == 0 {
                break;
            }
            self.file.consume(count);
            left -= count as u64;
        }
        Ok(true)
    }
}
