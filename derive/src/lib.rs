//! The macros of Arbour. Import the derive macros from `arbour::documents` and `arbour::events`, or by
//! `arbour::prelude::*`, together with the traits that they implement.
//!
//! What cannot be right does not compile, and the error points at the field.

mod attributes;
mod collection_attributes;
mod declared_field;
mod diagnostics;
mod document;
mod event;
mod event_attributes;
mod field_attributes;
mod id;
mod index_value;
mod nearest;
mod options;
mod serde_names;
mod stored_form;
mod test;
mod versions;

use proc_macro::TokenStream;
use syn::{DeriveInput, ItemFn, parse_macro_input};

/// Declares the collection of a struct, and a constant for each declared field. The trait of the same
/// name has an example.
///
/// # On the struct: `#[document(...)]`
///
/// | attribute | means |
/// |---|---|
/// | `collection = "tickets"` | the name of the collection; required |
/// | `index(status, created desc)` | an index over fields, which need no attribute of their own. Options: `unique`, `unique(deferred)`, `sparse`, `name = "..."`. A field that is called like an option is written with a direction: `unique asc` |
/// | `computed(name = "initial", type = char, with = initial)` | a field that a function computes from `&Self`, with the options of a field; `revision = 1` after the function changed |
/// | `path("lines[].sku", type = String, index)` | a field within other fields, with the options of a field. `[]` leads to each element of an array, and `type` is that of an element. The names are those that serde writes. The constant is `LINES_SKU`; `name = "skus"` gives the field another name |
/// | `codec = "bincode"` | the encoding of bodies: `"json"` or `"bincode"` |
/// | `feed` | records changes for subscribers |
/// | `version = 2, upgrade = function` | the schema version, and how documents of earlier versions are read: `fn(u32, Value) -> AnyResult<Value>` takes a version and a document of it in JSON, and returns that of the next version |
/// | `downgrade = function` | how documents are written to a store that is at an earlier version: a function of the same type takes a version and a document of the next one, and returns that of the version |
///
/// # On fields: `#[document(...)]`
///
/// | attribute | means |
/// |---|---|
/// | `id` | the id, chosen by the program |
/// | `id, made` | the id, made by the collection: an integer of 32 or 64 bits, a `Uuid`, or a newtype of one |
/// | `id, slug = "title"` | the id, made of the text of another field |
/// | `field` | declared without an index |
/// | `index`, `index(desc)` | an index over the field |
/// | `unique` | an index that refuses a second document with the value |
/// | `unique(deferred)` | the same, but the commit refuses it and not the write, so that documents can exchange their values in one transaction |
/// | `sparse` | leaves documents without a value out of the index |
/// | `many` | the field is a `Vec`, and its elements are indexed and compared individually |
/// | `words` | an index over the words of a text |
/// | `default = "nobody"` | the value where the document has none, in the form that filters take |
/// | `required` | refuses documents without a value |
/// | `false_is_null` | treats `false` as null, so that a sparse index contains only `true` |
/// | `unchanged_since = 1` | promises that no upgrade since that version changes the value, so that programs of these versions share the indexes over the field |
///
/// A value of a field has a type that implements `IndexValue`. The names in stored documents are those
/// of serde: `rename` and `rename_all` are read from its attributes. A field with an attribute of serde
/// that changes its form, such as `flatten` or `with`, cannot be declared. The modules `rfc3339` and
/// `iso8601` of `time` and `str` of `rust_decimal` are allowed for `with`, because a field understands
/// these forms of a moment or a decimal number as well.
///
/// # Ids that are made
///
/// A new document has no id yet, and its type has no option for that: `0`, the nil UUID or an empty
/// text, the `Default` of these types, stands for an id to be made. They are never made, so no stored
/// document has them as its id. If such a value is an id of yours, make the field an
/// `Option<TicketId>`: then only `None` stands for an id to be made.
#[proc_macro_derive(Document, attributes(document))]
pub fn derive_document(input: TokenStream) -> TokenStream {
    let input = parse_macro_input!(input as DeriveInput);
    document::expand(&input).unwrap_or_else(syn::Error::into_compile_error).into()
}

/// Makes a type the possible value of a field. The trait of the same name has an example.
///
/// It is derived for enums whose variants have no content, which are stored as their names, and for
/// newtypes, which are stored as their content. Serde's `rename`, `rename_all` and `transparent` are
/// respected.
///
/// A newtype of an integer of up to 64 bits, a `Uuid` or a text can be the id of a document. It
/// converts to a `DocId`, by value or by reference, so that `tickets.get(&snapshot, &ticket.id)`
/// compiles.
#[proc_macro_derive(IndexValue)]
pub fn derive_index_value(input: TokenStream) -> TokenStream {
    let input = parse_macro_input!(input as DeriveInput);
    index_value::expand(&input).unwrap_or_else(syn::Error::into_compile_error).into()
}

/// Makes an enum or a struct an event, which can be dispatched, and read by projections. The trait
/// `TypedEvent`, which it implements, has an example.
///
/// Each variant of an enum is an event type. Its name is that of the variant as serde stores it:
/// `rename` and `rename_all` are read from serde's attributes. The payload is the JSON of the variant's
/// content: `{"cents":400}` for `Moved { cents: i64 }`, `400` for `Moved(i64)`, `null` for `Closed`. A
/// struct is one event type, whose payload is its JSON. The type also derives `Serialize` and
/// `Deserialize`.
///
/// # On a variant or a struct: `#[event(...)]`
///
/// | attribute | means |
/// |---|---|
/// | `rename = "account-moved"` | the name of the event type, if it is not that of the variant |
/// | `version = 2, upgrade = function` | the schema version of the payload. Older payloads are read through the function, a `fn(u32, Value) -> AnyResult<Value>`, which takes a version with its payload and returns the payload of the next version |
///
/// The name is what an event is read by, as long as there is a log that holds it. To rename a variant,
/// keep the name: `#[event(rename = "Moved")]`.
#[proc_macro_derive(Event, attributes(event))]
pub fn derive_event(input: TokenStream) -> TokenStream {
    let input = parse_macro_input!(input as DeriveInput);
    event::expand(&input).unwrap_or_else(syn::Error::into_compile_error).into()
}

/// Makes tests of a function, one for each engine, in a module with the name of the function. Each has
/// the name of its engine: `cargo test closing_a_ticket::redb` runs one.
///
/// ```text
/// #[arbour::test(engines = "memory, redb, sqlite")]
/// fn closing_a_ticket_keeps_its_history(store: DynStore) -> arbour::Result<()> { .. }
/// ```
///
/// The function takes the opened store, in a temporary folder of its own: `DynStore` or a type that it
/// converts into, `&DynStore`, or `&mut TestStore`, which can be reopened and crashed. It returns
/// nothing, or a `Result` whose error is `Debug`. A test that fails prints what the store holds. After
/// one that passes, the store is opened again and has to hold as much as before.
///
/// Without `engines` the tests are of all engines that are built into `arbour`. An engine that is listed
/// and not built in does not compile; the error names the feature. `should_panic` and `ignore` hold for each of
/// the tests.
#[proc_macro_attribute]
pub fn test(arguments: TokenStream, function: TokenStream) -> TokenStream {
    let function = parse_macro_input!(function as ItemFn);
    test::expand(arguments.into(), function).unwrap_or_else(syn::Error::into_compile_error).into()
}
