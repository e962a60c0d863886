//! Types that declare the collection of their documents.

use super::{Body, Declaration, IdValue};

/// A type whose values are the documents of one collection.
///
/// `#[derive(Document)]` implements it. The derived type also gets a [`TypedField`](super::TypedField)
/// for the id and for each declared field: a constant with the name of the field in capitals. A
/// filter that names a missing field or compares it with another type does not compile.
///
#[cfg_attr(feature = "derive", doc = "```")]
#[cfg_attr(not(feature = "derive"), doc = "```text")]
/// use arbour::prelude::*;
///
/// #[derive(Clone, Copy, PartialEq, Serialize, Deserialize, IndexValue)]
/// enum Status { Open, Closed }
///
/// #[derive(Serialize, Deserialize, Document)]
/// #[document(collection = "tickets", index(status, size desc))]
/// struct Ticket {
///     #[document(id, made)]
///     id: u64,
///     #[document(index)]
///     status: Status,
///     #[document(words)]
///     title: String,
///     size: u32,
/// }
///
/// let store = arbour::MemoryStore::new();
/// let tickets = store.collection::<Ticket>()?;
/// store.write(|transaction| {
///     let title = "printer on fire".to_owned();
///     tickets.insert(transaction, Ticket { id: 0, status: Status::Open, title, size: 3 })
/// })?;
/// let open = Ticket::STATUS.eq(Status::Open).and(Ticket::TITLE.words("printer"));
/// let largest = tickets.find(open).sort(Ticket::SIZE.descending()).first(&store.snapshot()?)?;
/// assert_eq!(largest.unwrap().id, 1);
/// # Ok::<(), arbour::Error>(())
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not declare a collection",
    label = "not a `Document`",
    note = "derive it: `#[derive(Document)]` and `#[document(collection = \"...\")]` on the struct, \
            `#[document(id)]` on its id; for schemaless documents open a `Declaration` by \
            `Collection::open`"
)]
pub trait Document: Body {
    /// The type of the id.
    type Id: IdValue;

    /// Returns the declaration of the collection.
    fn declaration() -> Declaration<Self>;
}
