//! The id of a document.

use proc_macro2::{Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::spanned::Spanned as _;
use syn::{GenericArgument, Ident, PathArguments, Type};

use crate::diagnostics::Diagnostics;
use crate::field_attributes::FieldAttributes;

/// The id of a document.
pub(crate) struct Id {
    pub(crate) ident: Ident,
    /// The path of the id in stored documents.
    pub(crate) name: String,
    /// The type, without the option that it may be in.
    pub(crate) kind: Type,
    pub(crate) origin: Origin,
    is_option: bool,
}

/// Where ids come from.
pub(crate) enum Origin {
    /// The program chooses them.
    Chosen,
    /// The collection makes them.
    Made,
    /// They are slugs of this field.
    Slug(Ident),
}

impl Id {
    /// Makes the id of the field with the attribute `id`.
    pub(crate) fn new(
        ident: Ident,
        name: String,
        kind: &Type,
        attributes: &FieldAttributes,
        diagnostics: &mut Diagnostics,
    ) -> Self {
        if let Some(span) = attributes.options.first().or(attributes.field) {
            diagnostics.add(
                span,
                "the id is unique and found without an index: remove this, or name the id in an \
                 index on the struct",
            );
        }
        let origin = match (&attributes.slug, attributes.made) {
            (Some(field), _) => Origin::Slug(field.clone()),
            (None, Some(_)) => Origin::Made,
            (None, None) => Origin::Chosen,
        };
        let content = content_of_option(kind);
        if content.is_some() && matches!(origin, Origin::Chosen) {
            diagnostics.add(
                kind.span(),
                "an id that the program chooses is always there: remove the `Option`, or let the \
                 collection make ids by `#[document(id, made)]`",
            );
        }
        let is_option = content.is_some();
        Self { ident, name, kind: content.unwrap_or(kind).clone(), origin, is_option }
    }

    /// Returns the call that declares the id, given the stored name of the field of its slug.
    pub(crate) fn call(&self, slug_field: Option<&str>) -> TokenStream {
        let Self { name, kind, .. } = self;
        let span: Span = kind.span();
        let (ids, placeholder) = match self.origin {
            Origin::Chosen => {
                (quote_spanned!(span=> <#kind as ::arbour::documents::IdValue>::CHOSEN), None)
            }
            Origin::Made => (
                quote_spanned!(span=> <#kind as ::arbour::documents::MadeId>::MADE),
                Some(quote!(<#kind as ::arbour::documents::MadeId>::placeholder())),
            ),
            Origin::Slug(_) => {
                let field = slug_field.unwrap_or_default();
                let ids = quote! {
                    ::arbour::documents::Ids::Slug { field: ::std::string::String::from(#field) }
                };
                (ids, Some(quote!("")))
            }
        };
        // `None` stands for an id to be made; then every value is an id.
        let placeholder = placeholder.filter(|_| !self.is_option);
        let placeholder = placeholder.map(|value| quote!(.placeholder(#value)));
        quote!(.id(#name, #ids) #placeholder)
    }

    /// Returns items that compile only if the type of the id fits its origin.
    pub(crate) fn checks(&self) -> TokenStream {
        let kind = &self.kind;
        match self.origin {
            Origin::Slug(_) => quote_spanned! {kind.span()=>
                const _: () = {
                    const fn is_slug<T: ::arbour::documents::TextValue>() {}
                    is_slug::<#kind>();
                };
            },
            Origin::Chosen | Origin::Made => TokenStream::new(),
        }
    }
}

/// Returns the type that an `Option` contains, if the type is written as one.
fn content_of_option(kind: &Type) -> Option<&Type> {
    let path = match kind {
        Type::Path(path) => path,
        // A macro that writes the struct puts a type into an invisible group.
        Type::Group(group) => return content_of_option(&group.elem),
        _ => return None,
    };
    let last = path.path.segments.last().filter(|segment| segment.ident == "Option")?;
    let PathArguments::AngleBracketed(arguments) = &last.arguments else { return None };
    match arguments.args.first() {
        Some(GenericArgument::Type(content)) => Some(content),
        _ => None,
    }
}
