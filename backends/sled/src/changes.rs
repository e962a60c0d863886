//! Batches in sled's form.

use std::collections::HashMap;

use arbour_core::{Batch, Tree};

use crate::key;

/// The writes of a batch, in sled's form.
///
/// It is built before sled is called, because sled applies a batch under a lock that all its
/// databases in the process share, so the work under that lock is kept to a minimum.
pub(crate) enum Changes {
    /// A single write is one record of its own, and needs neither that lock nor a batch.
    One(Tree, sled::IVec, Option<sled::IVec>),
    /// A batch for one tree is applied directly; batches for several trees are applied in a
    /// transaction of sled, which reads each key once more.
    Many(Vec<(Tree, sled::Batch)>),
}

impl Changes {
    pub(crate) fn new(batch: &Batch) -> Self {
        if batch.len() == 1
            && let Some(write) = batch.iter().next()
        {
            let key = key::encode(write.key).as_ref().into();
            return Self::One(write.tree.clone(), key, write.value.map(sled::IVec::from));
        }
        let mut batches: Vec<(Tree, sled::Batch)> = Vec::new();
        let mut places = HashMap::new();
        let mut place = 0;
        for write in batch.iter() {
            if batches.get(place).is_none_or(|(tree, _)| tree != write.tree) {
                place = *places.entry(write.tree.number()).or_insert_with(|| {
                    batches.push((write.tree.clone(), sled::Batch::default()));
                    batches.len() - 1
                });
            }
            let key = key::encode(write.key);
            if let Some((_, batch)) = batches.get_mut(place) {
                match write.value {
                    Some(value) => batch.insert(key.as_ref(), value),
                    None => batch.remove(key.as_ref()),
                }
            }
        }
        Self::Many(batches)
    }
}
