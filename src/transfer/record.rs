//! The records of a dump: the encoding of trees and entries.

use arbour_core::{Error, Result};

use super::TransferError;

/// Takes an entry, with the name of its tree.
pub(super) type Visit<'v> = dyn FnMut(&str, &[u8], &[u8]) -> Result<()> + 'v;

const TREE: u8 = 1;
const ENTRY: u8 = 2;

/// The size of a record without the key and the value.
pub(super) const OVERHEAD: usize = 9;

/// Encodes a length. Longer entries than four bytes can express were refused earlier.
fn length(bytes: &[u8]) -> [u8; 4] {
    u32::try_from(bytes.len()).unwrap_or(u32::MAX).to_be_bytes()
}

/// Encodes records, in the order of the entries.
#[derive(Default)]
pub(super) struct RecordWriter {
    /// The records encoded since the last block.
    pub(super) records: Vec<u8>,
    tree: Option<String>,
    pub(super) trees: u64,
    pub(super) entries: u64,
}

impl RecordWriter {
    pub(super) fn entry(&mut self, tree: &str, key: &[u8], value: &[u8]) {
        if self.tree.as_deref() != Some(tree) {
            self.records.push(TREE);
            self.records.extend_from_slice(&length(tree.as_bytes()));
            self.records.extend_from_slice(tree.as_bytes());
            self.tree = Some(tree.to_owned());
            self.trees += 1;
        }
        self.records.push(ENTRY);
        self.records.extend_from_slice(&length(key));
        self.records.extend_from_slice(&length(value));
        self.records.extend_from_slice(key);
        self.records.extend_from_slice(value);
        self.entries += 1;
    }
}

/// Decodes records, and checks their order.
#[derive(Default)]
pub(super) struct Records {
    tree: Option<String>,
    last_key: Option<Vec<u8>>,
    pub(super) trees: u64,
    pub(super) entries: u64,
}

impl Records {
    /// Visits the entries of a block. `at` is the offset of the block in the dump.
    pub(super) fn each(
        &mut self,
        at: u64,
        mut records: &[u8],
        visit: &mut Visit<'_>,
    ) -> Result<()> {
        let altered =
            |reason: &str| Error::from(TransferError::Altered { at, reason: reason.to_owned() });
        let cut = || altered("a record is cut off");
        while let Some((&kind, rest)) = records.split_first() {
            match kind {
                TREE => {
                    let (length, rest) = take_length(rest).ok_or_else(cut)?;
                    let (name, rest) = rest.split_at_checked(length).ok_or_else(cut)?;
                    let name = str::from_utf8(name).map_err(|_| altered("a name is no text"))?;
                    self.begin(name).map_err(|reason| altered(&reason))?;
                    records = rest;
                }
                ENTRY => {
                    let (key_length, rest) = take_length(rest).ok_or_else(cut)?;
                    let (value_length, rest) = take_length(rest).ok_or_else(cut)?;
                    let (key, rest) = rest.split_at_checked(key_length).ok_or_else(cut)?;
                    let (value, rest) = rest.split_at_checked(value_length).ok_or_else(cut)?;
                    self.note(key).map_err(altered)?;
                    let tree = self.tree.as_deref().ok_or_else(|| altered("it names no tree"))?;
                    visit(tree, key, value)?;
                    records = rest;
                }
                _ => return Err(altered("there is no such kind of record")),
            }
        }
        Ok(())
    }

    fn begin(&mut self, name: &str) -> Result<(), String> {
        arbour_core::engine::TreeName::stored(name).map_err(|error| error.to_string())?;
        if self.tree.as_deref().is_some_and(|before| before >= name) {
            return Err("trees are out of order".to_owned());
        }
        self.tree = Some(name.to_owned());
        self.last_key = None;
        self.trees += 1;
        Ok(())
    }

    fn note(&mut self, key: &[u8]) -> Result<(), &'static str> {
        match &mut self.last_key {
            Some(last) if last.as_slice() >= key => return Err("keys are out of order"),
            Some(last) => {
                last.clear();
                last.extend_from_slice(key);
            }
            none => *none = Some(key.to_vec()),
        }
        self.entries += 1;
        Ok(())
    }
}

fn take_length(bytes: &[u8]) -> Option<(usize, &[u8])> {
    let (length, rest) = bytes.split_first_chunk()?;
    Some((u32::from_be_bytes(*length) as usize, rest))
}
