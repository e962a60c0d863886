//! Checking the structure of a data file, page by page.
//!
//! LMDB has no checksums and trusts its pages: over damaged ones it may read or write outside of
//! the file. So they are read here as a file and not as memory, and everything is checked that LMDB
//! takes for granted: that each page is used once and has its place, that nodes lie within their
//! pages, that keys ascend, and that the counts are right.

use std::collections::HashSet;
use std::fs::File;
use std::io::{self, Read as _, Seek as _, SeekFrom};

use arbour_core::{Error, Operation, Result};

use crate::environment::Environment;
use crate::error::{corrupted, unreachable};
use crate::meta::{self, HEADER_BYTES, Meta, Root, u16_at, u32_at, u64_at};

const BRANCH: u16 = 1;
const LEAF: u16 = 2;
const OVERFLOW: u16 = 4;
/// What LMDB may leave of its bookkeeping in the flags of a page.
const TRANSIENT: u16 = 0x10 | 0x4000 | 0x8000;

/// The flag of a node whose value is on pages of its own.
const BIG: u16 = 1;

const NODE_BYTES: usize = 8;

/// No tree of LMDB is deeper.
const DEPTH_MAX: u16 = 32;

/// Checks the state of the last commit, which stays as it is while it is read.
pub(crate) fn verify(environment: &Environment, file: File) -> Result<()> {
    loop {
        let reader = environment.read(Operation::Open)?;
        let metas = meta::read(&file)?;
        let is_read = |meta: &&Meta| meta.transaction == reader.id() as u64;
        // If neither is, others have committed twice since the reader began.
        if let Some(meta) = metas.iter().find(is_read) {
            return Pages { file, meta: *meta, used: HashSet::new() }.check();
        }
    }
}

struct Pages {
    file: File,
    meta: Meta,
    /// The pages that were found to be in use, or free.
    used: HashSet<u64>,
}

/// How far the walk through a tree has come.
struct Walk {
    is_of_free_pages: bool,
    depth: u16,
    entries: u64,
    last: Option<Vec<u8>>,
    /// What the next key must reach, by the branch above it.
    least: Vec<u8>,
}

struct Node<'p> {
    low: u32,
    flags: u16,
    key: &'p [u8],
    rest: &'p [u8],
}

impl Pages {
    fn check(mut self) -> Result<()> {
        let Meta { free, main, last_page, .. } = self.meta;
        if main.flags != 0 {
            return Err(damaged(1, "its entries are not those of a store"));
        }
        self.check_tree(free, true)?;
        self.check_tree(main, false)?;
        match self.used.len() as u64 + 1 {
            found if found == last_page => Ok(()),
            found => Err(damaged(last_page, &format!("only {found} pages are in use or free"))),
        }
    }

    fn check_tree(&mut self, root: Root, is_of_free_pages: bool) -> Result<()> {
        let depth = root.depth;
        let mut walk = Walk { is_of_free_pages, depth, entries: 0, last: None, least: Vec::new() };
        if root.page != u64::MAX {
            if depth == 0 || depth > DEPTH_MAX {
                return Err(damaged(root.page, "the depth of its tree is wrong"));
            }
            self.walk(root.page, 1, &mut walk)?;
        }
        if walk.entries == root.entries {
            return Ok(());
        }
        let message = format!("its tree has {} entries, not {}", walk.entries, root.entries);
        Err(damaged(root.page, &message))
    }

    fn walk(&mut self, number: u64, level: u16, walk: &mut Walk) -> Result<()> {
        self.take(number, 1)?;
        let page = self.read(number)?;
        let (flags, count) = self.header(number, &page)?;
        let is_leaf = match flags {
            LEAF => true,
            BRANCH => false,
            _ => return Err(damaged(number, "it is of no known kind")),
        };
        if is_leaf != (level == walk.depth) {
            return Err(damaged(number, "it is at another depth than the other leaves"));
        }
        let mut node_bytes = 0;
        for index in 0..count {
            let node = node(&page, index).ok_or_else(|| damaged(number, "a node is outside"))?;
            let inside = if is_leaf {
                self.check_entry(number, &node, walk)?
            } else {
                // The first key of a branch is not used: it may be empty.
                if index > 0 {
                    walk.least = walk.reach(number, node.key)?;
                }
                self.walk(u64::from(node.low) | u64::from(node.flags) << 32, level + 1, walk)?;
                0
            };
            node_bytes += (NODE_BYTES + node.key.len() + inside).next_multiple_of(2);
        }
        let upper = u16_at(&page, 14).map_or(0, usize::from);
        if upper + node_bytes == page.len() {
            return Ok(());
        }
        Err(damaged(number, "its nodes do not fill its used part"))
    }

    /// Checks a node of a leaf, and returns how many bytes of its value are on the page.
    fn check_entry(&mut self, number: u64, node: &Node<'_>, walk: &mut Walk) -> Result<usize> {
        walk.last = Some(walk.reach(number, node.key)?);
        walk.entries += 1;
        let length = node.low as usize;
        let inside = match node.flags {
            0 => length,
            BIG => 8,
            _ => return Err(damaged(number, "a node is of no known kind")),
        };
        let bytes = node.rest.get(..inside);
        let bytes = bytes.ok_or_else(|| damaged(number, "a value is outside"))?;
        let long = match u64_at(bytes, 0).filter(|_| node.flags == BIG) {
            Some(first) => Some(self.check_overflow(first, length)?),
            None => None,
        };
        if walk.is_of_free_pages {
            self.check_free(number, long.as_deref().unwrap_or(bytes))?;
        }
        Ok(inside)
    }

    /// Checks the pages of a long value. Returns the value if it may be a list of free pages: only
    /// its length is of interest otherwise.
    fn check_overflow(&mut self, first: u64, length: usize) -> Result<Vec<u8>> {
        let count = ((HEADER_BYTES - 1 + length) as u64 / self.meta.page_bytes) + 1;
        self.take(first, count)?;
        let page = self.read(first)?;
        let has = u32_at(&page, 12).map_or(0, u64::from);
        if u64_at(&page, 0) != Some(first) || kind(&page) != Some(OVERFLOW) || has != count {
            return Err(damaged(first, "it does not begin a long value"));
        }
        let mut value = vec![0; length];
        self.read_at(first * self.meta.page_bytes + HEADER_BYTES as u64, &mut value, first)?;
        Ok(value)
    }

    /// Checks a list of free pages: how many, and their numbers.
    fn check_free(&mut self, number: u64, list: &[u8]) -> Result<()> {
        let count = u64_at(list, 0).unwrap_or(u64::MAX);
        if count.checked_add(1).and_then(|count| count.checked_mul(8)) != Some(list.len() as u64) {
            return Err(damaged(number, "a list of free pages has a wrong length"));
        }
        let pages = list.chunks_exact(8).skip(1).filter_map(|page| u64_at(page, 0));
        pages.into_iter().try_for_each(|page| self.take(page, 1))
    }

    /// Notes that pages are in use or free, which is to be said of each once.
    fn take(&mut self, first: u64, count: u64) -> Result<()> {
        let end = first.saturating_add(count);
        if first < 2 || end > self.meta.last_page.saturating_add(1) {
            return Err(damaged(first, "it is outside of the file"));
        }
        match (first..end).find(|page| !self.used.insert(*page)) {
            Some(page) => Err(damaged(page, "it is in use twice")),
            None => Ok(()),
        }
    }

    /// Returns the kind of a page of nodes, and how many there are.
    fn header(&self, number: u64, page: &[u8]) -> Result<(u16, usize)> {
        let lower = u16_at(page, 12).map_or(0, usize::from);
        let upper = u16_at(page, 14).map_or(0, usize::from);
        let is_sane = (HEADER_BYTES..=upper).contains(&lower) && upper <= page.len();
        if u64_at(page, 0) != Some(number) || !is_sane || !lower.is_multiple_of(2) {
            return Err(damaged(number, "its head is wrong"));
        }
        Ok((kind(page).unwrap_or(0), (lower - HEADER_BYTES) / 2))
    }

    fn read(&mut self, number: u64) -> Result<Vec<u8>> {
        let mut page = vec![0; self.meta.page_bytes as usize];
        self.read_at(number * self.meta.page_bytes, &mut page, number)?;
        Ok(page)
    }

    fn read_at(&mut self, place: u64, bytes: &mut [u8], number: u64) -> Result<()> {
        let read = self.file.seek(SeekFrom::Start(place));
        match read.and_then(|_| self.file.read_exact(bytes)) {
            Err(cause) if cause.kind() == io::ErrorKind::UnexpectedEof => {
                Err(damaged(number, "the file ends before it"))
            }
            read => read.map_err(unreachable),
        }
    }
}

impl Walk {
    /// Checks that a key is after the last one, and where the branches lead to it. Returns it in a
    /// form that sorts as bytes: the keys of the free pages are numbers.
    fn reach(&self, page: u64, key: &[u8]) -> Result<Vec<u8>> {
        let key = match u64_at(key, 0).filter(|_| key.len() == 8) {
            Some(number) if self.is_of_free_pages => number.to_be_bytes().to_vec(),
            _ if self.is_of_free_pages => return Err(damaged(page, "a key is no number")),
            _ => key.to_vec(),
        };
        if self.least <= key && self.last.as_ref().is_none_or(|last| *last < key) {
            return Ok(key);
        }
        Err(damaged(page, "its keys do not ascend"))
    }
}

fn node(page: &[u8], index: usize) -> Option<Node<'_>> {
    let node = page.get(usize::from(u16_at(page, HEADER_BYTES + 2 * index)?)..)?;
    let (key, rest) = node.get(NODE_BYTES..)?.split_at_checked(u16_at(node, 6)?.into())?;
    Some(Node { low: u32_at(node, 0)?, flags: u16_at(node, 4)?, key, rest })
}

fn kind(page: &[u8]) -> Option<u16> {
    u16_at(page, 10).map(|flags| flags & !TRANSIENT)
}

fn damaged(page: u64, what: &str) -> Error {
    corrupted(Operation::Open, format!("page {page} of the data file is damaged: {what}"))
}
