//! Reading a dump, and checking that it is complete and unaltered.

use std::io::Read;

use arbour_core::{Error, Result};
use sha2::{Digest as _, Sha256};

use super::TransferError;
use super::block::{COMPRESSED, END, End, Header, MAGIC, PLAIN, VERSION};
use super::digest::Digest;
use super::record::Records;
use super::record::Visit;

/// A dump being read.
struct Undumping<R> {
    input: R,
    /// The number of bytes read.
    at: u64,
}

/// How much of a dump is verified by its digest.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Hashing {
    /// Everything.
    All,
    /// Only the checksum of each block, for a dump that was verified before.
    Blocks,
}

/// Reads a dump to its end, visits its entries, and returns its end record after checking it.
pub(super) fn undump(input: impl Read, hashing: Hashing, visit: &mut Visit<'_>) -> Result<End> {
    let mut dump = Undumping { input, at: 0 };
    dump.check_magic()?;
    let mut records = Records::default();
    let mut sha = Sha256::new();
    loop {
        let at = dump.at;
        let altered = |reason: String| Error::from(TransferError::Altered { at, reason });
        let [kind] = dump.bytes()?;
        match kind {
            COMPRESSED | PLAIN => {
                let header = Header::decode(dump.bytes()?);
                header.check(kind).map_err(|reason| altered(reason.to_owned()))?;
                let stored = dump.bytes_of(u64::from(header.stored))?;
                let block = header.records(kind, stored).map_err(altered)?;
                if hashing == Hashing::All {
                    sha.update(&block);
                }
                records.each(at, &block, visit)?;
            }
            END => {
                let end = End::decode(at, dump.bytes()?)?;
                dump.check_end()?;
                let digest = match hashing {
                    Hashing::All => Digest(sha.finalize().into()),
                    Hashing::Blocks => end.digest,
                };
                let found = End { trees: records.trees, entries: records.entries, digest };
                if end != found {
                    return Err(altered("it is the end of another".to_owned()));
                }
                return Ok(end);
            }
            _ => return Err(altered("there is no such kind of block".to_owned())),
        }
    }
}

impl<R: Read> Undumping<R> {
    fn check_magic(&mut self) -> Result<()> {
        let magic = match self.bytes() {
            Err(TransferError::Truncated { .. }) => return Err(TransferError::NotADump.into()),
            magic => magic?,
        };
        if magic != MAGIC {
            return Err(TransferError::NotADump.into());
        }
        let found = u16::from_be_bytes(self.bytes()?);
        if found != VERSION {
            return Err(TransferError::TooNew { found, known: VERSION }.into());
        }
        Ok(())
    }

    /// Checks that nothing follows the end.
    fn check_end(&mut self) -> Result<()> {
        let at = self.at;
        match self.bytes_of(1) {
            Err(TransferError::Truncated { .. }) => Ok(()),
            Err(error) => Err(error.into()),
            Ok(_) => {
                Err(TransferError::Altered { at, reason: "more bytes follow the end".to_owned() }
                    .into())
            }
        }
    }

    fn bytes<const N: usize>(&mut self) -> Result<[u8; N], TransferError> {
        let at = self.at;
        let bytes = self.bytes_of(N as u64)?;
        bytes.try_into().map_err(|_| TransferError::Truncated { at })
    }

    /// Reads this many bytes. Memory is allocated as they arrive, whatever length the dump claims.
    fn bytes_of(&mut self, count: u64) -> Result<Vec<u8>, TransferError> {
        let mut bytes = Vec::new();
        let read = self.input.by_ref().take(count).read_to_end(&mut bytes);
        read.map_err(TransferError::reading)?;
        self.at += bytes.len() as u64;
        if (bytes.len() as u64) < count {
            return Err(TransferError::Truncated { at: self.at });
        }
        Ok(bytes)
    }
}
