//! The ways to find documents before they are checked.

use arbour_core::Direction;

use super::Access;
use super::condition::Span;
use super::entries::{append_directed, append_id};
use super::order::Place;
use super::schema::Schema;
use crate::key::{GROUP_DELIMITER, PART_DELIMITER, successor};

/// A way to find documents.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Find {
    Nothing,
    /// By their keys, in this order.
    Keys(Vec<Vec<u8>>),
    /// By a range of the tree of documents.
    Documents {
        span: Span,
        direction: Direction,
    },
    /// By ranges of an index.
    Index(IndexRead),
    /// In several ways, each document once.
    Union(Vec<Self>),
}

/// What to read of an index.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct IndexRead {
    /// The number of the index.
    pub(super) index: usize,
    pub(super) spans: Vec<Span>,
    pub(super) direction: Direction,
    /// Whether a document may have several entries in the ranges.
    pub(super) repeats: bool,
    /// How many leading parts have the same value in everything that is read.
    pub(super) fixed: usize,
    /// The encoded values of these parts.
    pub(super) prefix: Vec<u8>,
}

impl Span {
    pub(super) fn all() -> Self {
        Self { start: Vec::new(), end: None }
    }

    pub(super) fn is_all(&self) -> bool {
        self.start.is_empty() && self.end.is_none()
    }

    /// Cuts off what comes before a key in a direction, and the key itself unless it is included.
    fn resume(&mut self, key: &[u8], direction: Direction, is_included: bool) {
        match (direction, is_included) {
            (Direction::Forward, true) => self.start = key.to_vec(),
            (Direction::Forward, false) => self.start = successor(key),
            (Direction::Reverse, true) => self.end = Some(successor(key)),
            (Direction::Reverse, false) => self.end = Some(key.to_vec()),
        }
    }
}

impl Find {
    /// Tells whether it reads a whole tree.
    pub(super) fn is_all(&self) -> bool {
        match self {
            Self::Nothing | Self::Keys(_) => false,
            Self::Documents { span, .. } => span.is_all(),
            Self::Index(read) => read.spans.iter().any(Span::is_all),
            Self::Union(parts) => parts.iter().any(Self::is_all),
        }
    }

    /// Skips everything before a place, in the order in which documents are found.
    pub(super) fn resume(
        &mut self,
        schema: &Schema,
        order: &super::order::Order,
        place: &Place,
        is_included: bool,
    ) {
        match self {
            // A union is not ordered, so it cannot resume at a place. Its documents are ranked
            // instead.
            Self::Nothing | Self::Union(_) => {}
            Self::Keys(keys) => {
                if let Some(at) = keys.iter().position(|key| *key == place.id_key) {
                    keys.drain(..if is_included { at } else { at + 1 });
                } else {
                    let is_after = |key: &Vec<u8>| match order.ties {
                        Direction::Forward => *key > place.id_key,
                        Direction::Reverse => *key < place.id_key,
                    };
                    keys.retain(is_after);
                }
            }
            Self::Documents { span, direction } => {
                span.resume(&place.id_key, *direction, is_included);
            }
            Self::Index(read) => {
                if let Some(key) = read.key_of(schema, order, place) {
                    let direction = read.direction;
                    for span in &mut read.spans {
                        span.resume(&key, direction, is_included);
                    }
                }
            }
        }
    }

    pub(super) fn describe(&self, schema: &Schema) -> Access {
        match self {
            Self::Nothing => Access::Nothing,
            Self::Keys(keys) => Access::Ids(keys.len()),
            Self::Documents { direction, .. } => Access::Index {
                name: schema.id_name.clone(),
                ranges: 1,
                reverse: *direction == Direction::Reverse,
            },
            Self::Index(read) => Access::Index {
                name: schema
                    .indexes
                    .get(read.index)
                    .map_or_else(String::new, |index| index.name.clone()),
                ranges: read.spans.len(),
                reverse: read.direction == Direction::Reverse,
            },
            Self::Union(parts) => {
                Access::Union(parts.iter().map(|part| part.describe(schema)).collect())
            }
        }
    }
}

impl IndexRead {
    /// Returns the key of the index entry of the document at a place.
    fn key_of(
        &self,
        schema: &Schema,
        order: &super::order::Order,
        place: &Place,
    ) -> Option<Vec<u8>> {
        let index = schema.indexes.get(self.index)?;
        let mut key = self.prefix.clone();
        for part in index.parts.iter().skip(self.fixed) {
            let at = order.fields.iter().position(|(field, _)| *field == part.field)?;
            if !key.is_empty() {
                key.push(PART_DELIMITER);
            }
            append_directed(place.values.get(at)?, part.direction, &mut key);
        }
        key.push(GROUP_DELIMITER);
        append_id(&place.id_key, index.id_direction(), &mut key);
        Some(key)
    }
}
