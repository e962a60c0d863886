//! The derive macros of Arbour. Import them from `arbour::documents`, or by `arbour::prelude::*`,
//! together with the traits of the same names.
//!
//! What cannot be right does not compile, and the error points at the field.

mod attributes;
mod collection_attributes;
mod declared_field;
mod diagnostics;
mod document;
mod field_attributes;
mod id;
mod index_value;
mod nearest;
mod options;
mod serde_names;
mod stored_form;

use proc_macro::TokenStream;
use syn::{DeriveInput, parse_macro_input};

/// Declares the collection of a struct, and a constant for each declared field. The trait of the same
/// name has an example.
///
/// # On the struct: `#[document(...)]`
///
/// | attribute | means |
/// |---|---|
/// | `collection = "tickets"` | the name of the collection; required |
/// | `index(status, created desc)` | an index over fields, which need no attribute of their own. Options: `unique`, `sparse`, `name = "..."`. A field that is called like an option is written with a direction: `unique asc` |
/// | `computed(name = "initial", type = char, with = initial)` | a field that a function computes from `&Self`, with the options of a field; `revision = 1` after the function changed |
/// | `path("lines[].sku", type = String, index)` | a field within other fields, with the options of a field. `[]` leads to each element of an array, and `type` is that of an element. The names are those that serde writes. The constant is `LINES_SKU`; `name = "skus"` gives the field another name |
/// | `codec = "bincode"` | the encoding of bodies: `"json"` or `"bincode"` |
/// | `feed` | records changes for subscribers |
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
/// | `sparse` | leaves documents without a value out of the index |
/// | `many` | the field is a `Vec`, and its elements are indexed and compared individually |
/// | `words` | an index over the words of a text |
/// | `default = "nobody"` | the value where the document has none, in the form that filters take |
/// | `required` | refuses documents without a value |
/// | `false_is_null` | treats `false` as null, so that a sparse index contains only `true` |
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
