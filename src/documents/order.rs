//! The order of the documents of a query.

use arbour_core::{Direction, Result};

use super::encode_scalar;
use super::entries::{append_directed, append_id};
use super::fields::Fields;
use super::schema::{FieldRef, Schema};

/// What to sort by, and the direction in which ids break ties.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Order {
    /// The direction of the relevance, which comes before all fields; `None` if it does not matter.
    pub(super) relevance: Option<Direction>,
    pub(super) fields: Vec<(FieldRef, Direction)>,
    pub(super) ties: Direction,
}

/// The place of a document in an order, independent of directions: its values in ascending
/// encoding, and its key.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) values: Vec<Vec<u8>>,
    pub(super) id_key: Vec<u8>,
}

pub(super) fn turned(direction: Direction) -> Direction {
    match direction {
        Direction::Forward => Direction::Reverse,
        Direction::Reverse => Direction::Forward,
    }
}

impl Order {
    /// Resolves what a query sorts by. Fields after the id are dropped, because no two documents have the
    /// same id.
    ///
    /// # Errors
    /// [`UnknownField`](crate::documents::DocError::UnknownField), and
    /// [`Invalid`](crate::documents::DocError::Invalid) for a multi-valued field.
    pub(super) fn of(
        schema: &Schema,
        sort: &[(String, Direction)],
        by_relevance: bool,
    ) -> Result<Self> {
        let relevance = by_relevance.then_some(Direction::Reverse);
        let mut order = Self { relevance, fields: Vec::new(), ties: Direction::Forward };
        let mut ended = false;
        for (name, direction) in sort {
            let field = schema.field(name)?;
            if schema.has_many(field) {
                let reason = format!("{name:?} has many values: sort by a field that has one");
                return Err(schema.invalid(reason));
            }
            if ended {
                continue;
            }
            order.ties = *direction;
            match field {
                FieldRef::Id => ended = true,
                field => order.fields.push((field, *direction)),
            }
        }
        Ok(order)
    }

    /// Returns the reversed order.
    pub(super) fn turned(&self) -> Self {
        let fields = self.fields.iter().map(|(field, direction)| (*field, turned(*direction)));
        let relevance = self.relevance.map(turned);
        Self { relevance, fields: fields.collect(), ties: turned(self.ties) }
    }

    /// Tells whether documents are only sorted by their ids.
    pub(super) fn is_by_id(&self) -> bool {
        self.relevance.is_none() && self.fields.is_empty()
    }

    /// Returns the place of a document, without its relevance.
    pub(super) fn place(&self, schema: &Schema, id_key: &[u8], fields: &dyn Fields) -> Place {
        let values = self.fields.iter().map(|(field, _)| {
            let mut bytes = Vec::new();
            // A value that the field does not allow counts as null.
            let read = fields.scalars(schema, *field, &mut |value| {
                bytes.clear();
                if !value.encode(&mut bytes) {
                    bytes.clear();
                }
            });
            if read.is_err() || bytes.is_empty() {
                bytes.clear();
                // Null is a scalar, so encoding cannot fail.
                let _ = encode_scalar(&serde_json::Value::Null, &mut bytes);
            }
            bytes
        });
        Place { values: values.collect(), id_key: id_key.to_vec() }
    }

    /// Returns bytes that sort as the documents do.
    pub(super) fn key(&self, place: &Place) -> Vec<u8> {
        let mut key = Vec::new();
        let directions = self.fields.iter().map(|(_, direction)| *direction);
        for (value, direction) in
            place.values.iter().zip(self.relevance.into_iter().chain(directions))
        {
            append_directed(value, direction, &mut key);
        }
        append_id(&place.id_key, self.ties, &mut key);
        key
    }
}
