//! Unique values that no index contains yet.
//!
//! A unique index is enforced from the moment it is declared. Until it is built, the values of the
//! documents that the build has not reached are read from the documents themselves: once for each
//! call, and only when it is about to write a value of such an index.

use std::ops::ControlFlow;

use arbour_core::{Direction, Result};

use super::condition::Span;
use super::entries::{Entries, Entry};
use super::fields::Decode as _;
use super::find::Find;
use super::writer::{Unbuilt, Writer};
use super::{Body, IndexState};
use crate::key::successor;

impl<D: Body> Writer<'_, D> {
    /// Tells whether an index is unique and may lack entries.
    fn is_unbuilt(&self, index: usize) -> bool {
        let is_unique = self.known.index(index).is_some_and(|index| index.unique);
        is_unique && self.known.state(index) == IndexState::WriteOnly
    }

    /// Reads the documents that unique indexes lack, if one of these entries belongs to such an
    /// index.
    pub(super) fn read_unbuilt(&mut self, new: &Entries) -> Result<()> {
        let is_needed = self.unbuilt.is_none()
            && new.iter().any(|entry| !entry.has_null && self.is_unbuilt(entry.index));
        if !is_needed {
            return Ok(());
        }
        let unbuilt: Vec<usize> =
            (0..self.known.len()).filter(|number| self.is_unbuilt(*number)).collect();
        let after = unbuilt.iter().map(|number| self.known.built_up_to(*number)).min();
        let start = match after.flatten() {
            Some(last) => successor(&last),
            None => Vec::new(),
        };
        let rest =
            Find::Documents { span: Span { start, end: None }, direction: Direction::Forward };
        let mut read = Unbuilt::default();
        let mut entries = Entries::default();
        let visited = self.docs.read().find(&rest, &mut |found| {
            // A document that cannot be decoded has no values. The build reports it.
            let value = found.value.unwrap_or_default();
            let _ = self.collection.with_fields(found.id_key, value, &mut |fields| {
                let seen = self.known.see(value, fields);
                for &number in &unbuilt {
                    entries.clear();
                    // A value that its field does not allow is no unique value.
                    let _ = self.known.add(&mut entries, number, found.id_key, fields, &seen);
                    entries.iter().for_each(|entry| read.add(entry, found.id_key));
                }
                Ok(())
            });
            Ok(ControlFlow::Continue(()))
        });
        visited.map(drop)?;
        self.unbuilt = Some(read);
        Ok(())
    }

    /// Notes the values of a document that was written: an index that still has to be cleared
    /// cannot be asked for them.
    pub(super) fn note_unbuilt(&mut self, new: &Entries) {
        if let Some(unbuilt) = &mut self.unbuilt {
            new.iter().for_each(|entry| unbuilt.add(entry, &self.buffers.key));
        }
    }

    /// Finds another document that has the values of an entry but is not in its index yet.
    pub(super) fn unbuilt_holder(&self, entry: Entry<'_>, own: &[u8]) -> Result<Option<Vec<u8>>> {
        let (Some(unbuilt), true) = (&self.unbuilt, self.is_unbuilt(entry.index)) else {
            return Ok(None);
        };
        let key = (entry.index, entry.values.to_vec());
        for holder in unbuilt.holders.get(&key).into_iter().flatten() {
            if holder == own {
                continue;
            }
            // The document may have been changed or removed since it was read.
            let mut entries = Entries::default();
            let mut decoded = Ok(());
            self.docs.read().get(holder, &mut |value| {
                decoded = self.collection.with_fields(holder, value, &mut |fields| {
                    let seen = self.known.see(value, fields);
                    let _ = self.known.add(&mut entries, entry.index, holder, fields, &seen);
                    Ok(())
                });
            })?;
            decoded?;
            if entries.iter().any(|held| held.values == entry.values) {
                return Ok(Some(holder.clone()));
            }
        }
        Ok(None)
    }
}
