//! The order of a query.

use std::fmt;
use std::marker::PhantomData;

use arbour_core::Direction;

/// A field to sort documents of type `D` by, and the direction.
///
/// [`TypedField::ascending`](super::TypedField::ascending) and
/// [`descending`](super::TypedField::descending) return it, and [`Query::sort`](super::Query::sort)
/// takes it.
///
/// ```
/// use arbour::documents::{Filter, Query, TypedField};
/// use serde_json::Value;
/// const BORN: TypedField<Value, i32> = TypedField::new("born");
/// let youngest_first = Query::new(Filter::All).sort(BORN.descending());
/// assert_eq!(format!("{youngest_first:?}"), r#"all -"born""#);
/// ```
pub struct Sort<D> {
    pub(super) field: &'static str,
    pub(super) direction: Direction,
    documents: PhantomData<fn(&D)>,
}

impl<D> Sort<D> {
    pub(super) fn new(field: &'static str, direction: Direction) -> Self {
        Self { field, direction, documents: PhantomData }
    }
}

impl<D> Clone for Sort<D> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<D> Copy for Sort<D> {}

impl<D> fmt::Debug for Sort<D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.direction == Direction::Reverse { "-" } else { "+" };
        write!(f, "{sign}{:?}", self.field)
    }
}
