//! What was read before it was asked for.

use std::collections::HashMap;

use tokio_postgres::Row;

use crate::statements::Scan;
use crate::value::PostgresValue;

/// How many bytes are kept. Beyond them, what was kept so far is forgotten.
const BYTES_MAX: usize = 16 << 20;

/// Answers to reads that are about to be made. What they are read from does not change, so they stay
/// true.
#[derive(Default)]
pub(crate) struct Prefetched {
    /// The values of keys, by the number of the tree.
    values: HashMap<(i32, Vec<u8>), Option<PostgresValue>>,
    /// The first entries of spans. Each is given once.
    firsts: Vec<(Scan, Vec<Row>)>,
    bytes: usize,
}

impl Prefetched {
    pub(crate) fn add_value(&mut self, tree: i32, key: &[u8], value: Option<PostgresValue>) {
        self.make_room(key.len() + value.as_ref().map_or(0, |value| value.as_ref().len()));
        self.values.insert((tree, key.to_vec()), value);
    }

    pub(crate) fn add_first(&mut self, scan: Scan, rows: Vec<Row>) {
        self.make_room(rows.iter().map(Row::raw_size_bytes).sum());
        self.firsts.push((scan, rows));
    }

    fn make_room(&mut self, bytes: usize) {
        /// What an answer takes besides its bytes, about.
        const ANSWER_BYTES: usize = 200;
        self.bytes += bytes + ANSWER_BYTES;
        if self.bytes > BYTES_MAX {
            *self = Self::default();
        }
    }

    /// Returns the value of a key, if it was read.
    pub(crate) fn value(&self, tree: i32, key: &[u8]) -> Option<Option<PostgresValue>> {
        if self.values.is_empty() {
            return None;
        }
        self.values.get(&(tree, key.to_vec())).cloned()
    }

    /// Returns the first entries of a span, if they were read.
    pub(crate) fn take_first(&mut self, scan: &Scan) -> Option<Vec<Row>> {
        let place = self.firsts.iter().position(|(read, _)| read == scan)?;
        Some(self.firsts.swap_remove(place).1)
    }
}
