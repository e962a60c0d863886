//! The order of a query.

use std::fmt;
use std::marker::PhantomData;

use arbour_core::Direction;

/// A field to sort documents of type `D` by, and the direction.
///
/// [`TypedField::ascending`](super::TypedField::ascending) and
/// [`descending`](super::TypedField::descending) return it, and [`Selection::sort`](super::Selection::sort)
/// takes it. It has the same type for fields of all types, so that one variable can hold the order that
/// a client asked for.
///
/// ```
/// use arbour::documents::{Sort, TypedField};
/// use serde_json::Value;
/// const BORN: TypedField<Value, i32> = TypedField::new("born");
/// const NAME: TypedField<Value, String> = TypedField::new("name");
/// fn sort(by_name: bool) -> Sort<Value> {
///     if by_name { NAME.ascending() } else { BORN.descending() }
/// }
/// # let _ = sort;
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
