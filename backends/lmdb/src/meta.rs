//! The head of a data file: two meta pages, of which the newer one is in force.
//!
//! It is read before the file is mapped, because LMDB trusts a file that it has mapped. The layout
//! is that of LMDB 0.9 on 64 bits, in the byte order of the machine (`MDB_meta` in `mdb.c`).

use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom};

use arbour_core::{Error, ErrorKind, Operation, Result};

use crate::error::{corrupted, unreachable};

/// The length of a page's header.
pub(crate) const HEADER_BYTES: usize = 16;

const META_BYTES: usize = 136;
const MAGIC: u32 = 0xbeef_c0de;
const VERSION: u32 = 1;
const IS_META: u16 = 8;

/// The longest file: a quarter of the address space of a process.
const FILE_BYTES_MAX: u64 = 1 << 46;

/// The state after a commit.
#[derive(Clone, Copy)]
pub(crate) struct Meta {
    pub(crate) page_bytes: u64,
    /// The tree of the free pages.
    pub(crate) free: Root,
    /// The tree of the entries.
    pub(crate) main: Root,
    pub(crate) last_page: u64,
    /// The number of the commit.
    pub(crate) transaction: u64,
}

/// A B-tree.
#[derive(Clone, Copy)]
pub(crate) struct Root {
    pub(crate) flags: u16,
    pub(crate) depth: u16,
    pub(crate) entries: u64,
    /// The highest number if the tree is empty.
    pub(crate) page: u64,
}

/// Checks that a file is LMDB's and has both meta pages, or is empty.
pub(crate) fn check(file: &File) -> Result<()> {
    match file.metadata().map_err(unreachable)?.len() {
        0 => Ok(()),
        _ => read(file).map(drop),
    }
}

/// Reads both meta pages.
pub(crate) fn read(file: &File) -> Result<[Meta; 2]> {
    let first = read_at(file, 0)?;
    let second = read_at(file, first.page_bytes)?;
    Ok([first, second])
}

fn read_at(mut file: &File, place: u64) -> Result<Meta> {
    let mut bytes = [0; HEADER_BYTES + META_BYTES];
    file.seek(SeekFrom::Start(place)).map_err(unreachable)?;
    match file.read_exact(&mut bytes) {
        Err(cause) if cause.kind() == std::io::ErrorKind::UnexpectedEof => {
            return Err(corrupted(Operation::Open, "the data file ends within its head"));
        }
        read => read.map_err(unreachable)?,
    }
    parse(&bytes).ok_or_else(|| damaged("the data file is none of LMDB, or its head is damaged"))?
}

fn parse(bytes: &[u8]) -> Option<Result<Meta>> {
    let meta = bytes.get(HEADER_BYTES..)?;
    if u16_at(bytes, 10)? & IS_META == 0 || u32_at(meta, 0)? != MAGIC {
        return None;
    }
    let version = u32_at(meta, 4)?;
    if version > VERSION {
        let message =
            format!("the data file has version {version} of LMDB's format, not {VERSION}");
        return Some(Err(Error::new(ErrorKind::TooNew, Operation::Open, message)));
    }
    let page_bytes = u64::from(u32_at(meta, 24)?);
    let last_page = u64_at(meta, 120)?;
    let is_sane = page_bytes.is_power_of_two()
        && (256..=0x8000).contains(&page_bytes)
        && last_page < FILE_BYTES_MAX / page_bytes;
    (version == VERSION && is_sane).then_some(())?;
    Some(Ok(Meta {
        page_bytes,
        free: root_at(meta, 24)?,
        main: root_at(meta, 72)?,
        last_page,
        transaction: u64_at(meta, 128)?,
    }))
}

fn root_at(bytes: &[u8], place: usize) -> Option<Root> {
    Some(Root {
        flags: u16_at(bytes, place + 4)?,
        depth: u16_at(bytes, place + 6)?,
        entries: u64_at(bytes, place + 32)?,
        page: u64_at(bytes, place + 40)?,
    })
}

pub(crate) fn u16_at(bytes: &[u8], place: usize) -> Option<u16> {
    bytes.get(place..place + 2)?.try_into().ok().map(u16::from_ne_bytes)
}

pub(crate) fn u32_at(bytes: &[u8], place: usize) -> Option<u32> {
    bytes.get(place..place + 4)?.try_into().ok().map(u32::from_ne_bytes)
}

pub(crate) fn u64_at(bytes: &[u8], place: usize) -> Option<u64> {
    bytes.get(place..place + 8)?.try_into().ok().map(u64::from_ne_bytes)
}

fn damaged(message: &str) -> Error {
    corrupted(Operation::Open, message)
}
