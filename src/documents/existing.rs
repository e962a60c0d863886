//! Reading the existing document before a write.

use arbour_core::engine::document_layout::Header;
use arbour_core::{Error, ErrorKind, Result};
use serde_json::Value;

use super::entries::Entries;
use super::highest_key::HighestKey;
use super::writer::{Buffers, Writer};
use super::{Body, DocError, DocId, Precondition, Stored, to_json};

/// The existing document, before it is overwritten or removed.
pub(super) struct Existing<D> {
    pub(super) header: Option<Header>,
    /// The document, if it exists and was decoded.
    pub(super) stored: Option<Stored<D>>,
    /// Whether it exists but cannot be decoded.
    pub(super) is_damaged: bool,
}

impl<D> Existing<D> {
    pub(super) fn nothing() -> Self {
        Self { header: None, stored: None, is_damaged: false }
    }

    /// Tells whether a document exists, damaged or not.
    pub(super) fn is_there(&self) -> bool {
        self.header.is_some() || self.is_damaged
    }
}

impl<D: Body> Writer<'_, D> {
    /// Tells whether the document to write is known to be absent.
    fn is_beyond(&mut self) -> Result<bool> {
        match &self.highest_key {
            HighestKey::Unknown => {
                self.highest_key = HighestKey::Wanted;
                return Ok(false);
            }
            HighestKey::Wanted => {
                self.highest_key =
                    HighestKey::Known(self.docs.read().last_key()?.unwrap_or_default());
            }
            HighestKey::Known(_) => {}
        }
        Ok(matches!(&self.highest_key, HighestKey::Known(highest) if self.buffers.key > *highest))
    }

    /// Reads the existing document and checks it against the precondition.
    pub(super) fn existing(
        &mut self,
        id: &DocId<'static>,
        precondition: Precondition,
    ) -> Result<Existing<D>> {
        if !self.read_before()? {
            return match precondition {
                Precondition::Present => {
                    Err(DocError::Missing { collection: self.name(), id: id.clone() }.into())
                }
                Precondition::Revision(expected) if expected > 0 => {
                    Err(self.conflict(id, expected, 0, Value::Null))
                }
                _ => Ok(Existing::nothing()),
            };
        }
        if precondition == Precondition::Absent {
            return Err(DocError::Exists { collection: self.name(), id: id.clone() }.into());
        }
        let Buffers { key, before, .. } = &self.buffers;
        let header = Header::split(before).map(|(header, _)| header).ok();
        let is_conflict = |expected| header.is_some_and(|header| header.revision != expected);
        let is_conflict =
            matches!(precondition, Precondition::Revision(expected) if is_conflict(expected));
        let is_indexed = self.known.len() > 0;
        let decoded = if is_indexed || is_conflict || !self.is_current(header) {
            Some(self.collection.decode(key, before))
        } else {
            None
        };
        let stored = match decoded {
            // A document of a newer program is not overwritten.
            Some(Err(error)) if error.kind() == ErrorKind::TooNew => return Err(error),
            Some(Err(_)) => {
                return Ok(Existing { header, stored: None, is_damaged: true });
            }
            Some(Ok(stored)) => Some(stored),
            None => None,
        };
        if let (Precondition::Revision(expected), true, Some(stored)) =
            (precondition, is_conflict, &stored)
        {
            let current = to_json(self.collection.definition.name(), &stored.body)?;
            return Err(self.conflict(id, expected, stored.revision, current));
        }
        Ok(Existing { header, stored, is_damaged: false })
    }

    /// Reads the bytes of the existing document; tells whether there are any.
    fn read_before(&mut self) -> Result<bool> {
        let is_beyond = self.is_beyond()?;
        let Buffers { key, before, .. } = &mut self.buffers;
        before.clear();
        let mut copy = |value: &[u8]| before.extend_from_slice(value);
        Ok(!is_beyond && self.docs.read().get(key, &mut copy)?)
    }

    fn conflict(&self, id: &DocId<'static>, expected: u64, actual: u64, current: Value) -> Error {
        let (collection, id, current) = (self.name(), id.clone(), Box::new(current));
        DocError::Revision { collection, id, expected, actual, current }.into()
    }

    /// Tells whether a stored body has the declared schema version.
    fn is_current(&self, header: Option<Header>) -> bool {
        let schema = self.collection.definition.declaration.format.schema;
        header.is_some_and(|header| header.schema == schema)
    }

    /// Collects the index entries of the existing document. If it cannot be decoded, the indexes
    /// are searched for its entries.
    pub(super) fn collect_old(
        &self,
        before: &Existing<D>,
        old: &mut Entries,
        refused: &mut Vec<usize>,
    ) -> Result<()> {
        old.clear();
        let Buffers { key, before: bytes, .. } = &self.buffers;
        if let Some(stored) = &before.stored {
            if self.collect(old, key, &stored.body, bytes, refused).is_ok() {
                old.sort();
                return Ok(());
            }
            // It was stored before its fields were declared with these types.
            old.clear();
        } else if !before.is_damaged {
            return Ok(());
        }
        self.docs.read().entries_of(key, old)?;
        old.sort();
        Ok(())
    }
}
