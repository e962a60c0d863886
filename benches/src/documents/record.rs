//! What is stored for a document.

use std::collections::HashMap;

use arbour::documents::layout::{documents_tree, index_tree};
use arbour_core::{Error, ErrorKind, KvStore, MemoryStore, Operation, Result};

use super::article::Article;
use super::collection::{INDEXED, NAME, open};
use crate::tables::{Record, entries};

/// The delimiter between the values and the id in the key of an index entry.
const DELIMITER: u8 = 0xFF;

/// Returns what the documents layer stores for articles, in their order. The entries are read from
/// the layer, not imitated.
pub(super) fn records(articles: &[Article], indexes: usize) -> Result<Vec<Record>> {
    let store = MemoryStore::new();
    open(&store, indexes)?.set(articles)?;
    stored(&store, indexes)
}

/// Reads what the documents layer has stored.
pub(super) fn stored<S: KvStore>(store: &S, indexes: usize) -> Result<Vec<Record>> {
    let mut records: Vec<Record> =
        entries(store, &documents_tree(NAME))?.into_iter().map(|entry| vec![Some(entry)]).collect();
    let keys = records.iter().flatten().flatten().map(|(key, _)| key.clone());
    let places: HashMap<Vec<u8>, usize> = keys.zip(0..).collect();
    for (index, name) in (1..).zip(INDEXED.into_iter().take(indexes)) {
        records.iter_mut().for_each(|record| record.push(None));
        for (key, value) in entries(store, &index_tree(NAME, name))? {
            let id = key.rsplit(|byte| *byte == DELIMITER).next();
            let record = id.and_then(|id| records.get_mut(*places.get(id)?));
            let place = record.and_then(|record| record.get_mut(index)).ok_or_else(|| {
                let message = "an entry of an index does not end with the id of a document";
                Error::new(ErrorKind::Decode, Operation::Scan, message).with_key(&key)
            })?;
            *place = Some((key, value));
        }
    }
    Ok(records)
}
