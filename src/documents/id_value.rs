//! Types that the id of a document can have.

use serde_json::Value;
use uuid::Uuid;

use super::{DocId, Ids, IndexValue};

/// A type that the id of a document can have: a text, a UUID, an integer of up to 64 bits, or a
/// newtype of one that derives [`IndexValue`](trait@IndexValue).
///
/// ```
/// use arbour::documents::{DocId, IdValue};
/// assert_eq!(7_u64.doc_id(), DocId::Integer(7));
/// ```
///
/// Integer ids are stored as `i64`. A `u64` above [`i64::MAX`] is refused when a document is written,
/// and a lookup by it fails: no id is ever converted to another.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be the id of a document",
    label = "not an `IdValue`",
    note = "an id is a `String`, a `Uuid`, an integer of up to 64 bits, or a newtype of one of them \
            with `#[derive(IndexValue)]`"
)]
pub trait IdValue: IndexValue {
    /// The type of the ids of a collection whose program chooses them.
    const CHOSEN: Ids;

    /// Returns the id.
    fn doc_id(&self) -> DocId<'_>;
}

/// A type of ids that a collection can make: 32 and 64-bit integers, UUIDs, and newtypes of them.
///
/// ```
/// use arbour::documents::{Ids, MadeId};
/// assert_eq!((u64::MADE, u64::placeholder()), (Ids::Integer, 0.into()));
/// ```
#[diagnostic::on_unimplemented(
    message = "a collection cannot make ids of type `{Self}`",
    label = "not a `MadeId`",
    note = "a collection makes integers of 32 or 64 bits, a `Uuid`, or a newtype of one; a text is \
            made from another field: `#[document(id, slug = \"title\")]`"
)]
pub trait MadeId: IdValue {
    /// The type of the ids.
    const MADE: Ids;

    /// Returns the value that stands for an id that is not made yet; see
    /// [`Declaration::placeholder`](super::Declaration::placeholder).
    fn placeholder() -> Value;
}

macro_rules! integers {
    ($($type:ty),*) => {$(
        impl IdValue for $type {
            const CHOSEN: Ids = Ids::ChosenInteger;

            fn doc_id(&self) -> DocId<'_> {
                // An integer beyond the range becomes a text, which no collection of integer ids
                // accepts. Wrapping it would find another document.
                i64::try_from(*self).map_or_else(|_| self.to_string().into(), DocId::Integer)
            }
        }

        impl<'a> From<&'a $type> for DocId<'a> {
            fn from(id: &'a $type) -> Self {
                id.doc_id()
            }
        }
    )*};
}

integers! { i8, i16, i32, i64, u8, u16, u32, u64 }

macro_rules! converted {
    ($($type:ty),*) => {$(
        impl From<$type> for DocId<'_> {
            fn from(id: $type) -> Self {
                id.doc_id().into_owned()
            }
        }
    )*};
}

// `id.rs` has the conversion of an `i64`.
converted! { i8, i16, i32, u8, u16, u32, u64 }

macro_rules! made_integers {
    ($($type:ty),*) => {$(
        impl MadeId for $type {
            const MADE: Ids = Ids::Integer;

            fn placeholder() -> Value {
                0.into()
            }
        }
    )*};
}

made_integers! { i32, i64, u32, u64 }

impl IdValue for Uuid {
    const CHOSEN: Ids = Ids::Uuid;

    fn doc_id(&self) -> DocId<'_> {
        DocId::Uuid(*self)
    }
}

impl MadeId for Uuid {
    const MADE: Ids = Ids::Uuid;

    fn placeholder() -> Value {
        Self::nil().field_value()
    }
}

impl<'a> From<&'a Uuid> for DocId<'a> {
    fn from(id: &'a Uuid) -> Self {
        id.doc_id()
    }
}

impl IdValue for String {
    const CHOSEN: Ids = Ids::Chosen;

    fn doc_id(&self) -> DocId<'_> {
        self.as_str().into()
    }
}
