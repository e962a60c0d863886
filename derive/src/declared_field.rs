//! A field that the collection declares.

use proc_macro2::{Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::ext::IdentExt as _;
use syn::spanned::Spanned as _;
use syn::{Expr, Ident, LitInt, LitStr, Type, Visibility};

use crate::options::Options;

/// A field of the collection.
pub(crate) struct DeclaredField {
    /// Its name in the program.
    pub(crate) ident: Ident,
    /// Its name in stored documents.
    pub(crate) name: String,
    pub(crate) kind: Type,
    pub(crate) source: Source,
    pub(crate) options: Options,
    /// Whether serde reads null where a stored document has no value, if it reads such a document.
    pub(crate) absent_is_null: bool,
}

/// Where the value of a field comes from.
pub(crate) enum Source {
    Member,
    Computed {
        with: Box<Expr>,
        revision: Option<LitInt>,
    },
    /// A path that begins at a member.
    Path(LitStr),
}

/// An index, with the name that the library gives it.
pub(crate) struct DeclaredIndex {
    pub(crate) name: String,
    pub(crate) span: Span,
    /// The expression that makes it.
    pub(crate) tokens: TokenStream,
}

impl DeclaredField {
    /// Returns the call that declares the field.
    pub(crate) fn call(&self) -> TokenStream {
        let Self { name, kind, options, .. } = self;
        let span = kind.span();
        let value_kind = if options.many.is_some() {
            quote_spanned!(span=>
                <<#kind as ::arbour::documents::ManyValues>::Item
                    as ::arbour::documents::IndexValue>::KIND
            )
        } else {
            quote_spanned!(span=> <#kind as ::arbour::documents::IndexValue>::KIND)
        };
        let mut field = self.source();
        field.extend(quote!(.of(#value_kind)));
        if options.many.is_some() {
            field.extend(quote!(.many()));
        }
        if self.absent_is_null {
            field.extend(quote!(.absent_is_null()));
        }
        if options.required.is_some() {
            field.extend(quote!(.required()));
        }
        if options.false_is_null.is_some() {
            field.extend(quote!(.false_is_null()));
        }
        if let Some(version) = &options.unchanged_since {
            field.extend(quote!(.unchanged_since(#version)));
        }
        if let Some(default) = &options.default {
            field.extend(if options.many.is_some() {
                quote!(.default(
                    ::arbour::documents::TypedField::<Self, #kind>::new(#name).elements(#default)
                ))
            } else {
                quote!(.default(
                    <#kind as ::arbour::documents::IndexValue>::arg_value(&{ #default })
                ))
            });
        }
        quote!(.field(#field))
    }

    fn source(&self) -> TokenStream {
        let Self { name, kind, .. } = self;
        let (with, revision) = match &self.source {
            Source::Member => return quote!(::arbour::documents::Field::path(#name)),
            Source::Path(path) => {
                let named = (path.value() != *name).then(|| quote!(.named(#name)));
                return quote!(::arbour::documents::Field::path(#path) #named);
            }
            Source::Computed { with, revision } => (with, revision),
        };
        let value = if self.options.many.is_some() {
            quote!(<#kind as ::arbour::documents::ManyValues>::field_values)
        } else {
            quote!(<#kind as ::arbour::documents::IndexValue>::field_value)
        };
        let revised = revision.as_ref().map(|revision| quote!(.revised(#revision)));
        quote! {
            ::arbour::documents::Field::computed(#name, |document: &Self| {
                ::core::convert::Into::into(#value(&(#with)(document)))
            })
            #revised
        }
    }

    /// Returns the indexes that the options of the field declare.
    pub(crate) fn indexes(&self) -> Vec<DeclaredIndex> {
        let Self { name, options, .. } = self;
        let path = quote!(::arbour::documents::Index);
        let sparse = options.sparse.map(|_| quote!(.sparse()));
        let mut indexes = Vec::new();
        if options.has_index() {
            let (sign, make) = if options.is_descending {
                ("-", quote!(#path::descending(#name)))
            } else {
                ("", quote!(#path::on(#name)))
            };
            let unique = options.unique_call();
            let span = options.first().unwrap_or_else(|| self.ident.span());
            let tokens = quote!(#make #unique #sparse);
            indexes.push(DeclaredIndex { name: format!("{sign}{name}"), span, tokens });
        }
        if let Some(span) = options.words {
            let tokens = quote!(#path::words(#name) #sparse);
            indexes.push(DeclaredIndex { name: format!("{name}:words"), span, tokens });
        }
        indexes
    }

    /// Returns the constant that names the field in filters.
    pub(crate) fn constant(&self, visibility: &Visibility) -> TokenStream {
        constant(visibility, &self.ident, &self.name, &self.kind)
    }

    /// Returns items that compile only if the options fit the type.
    pub(crate) fn checks(&self) -> TokenStream {
        let kind = &self.kind;
        match self.options.words {
            Some(_) => quote_spanned! {kind.span()=>
                const _: () = {
                    const fn has_words<T: ::arbour::documents::TextValue>() {}
                    has_words::<#kind>();
                };
            },
            None => TokenStream::new(),
        }
    }
}

/// Returns the constant that names a field in filters.
pub(crate) fn constant(
    visibility: &Visibility,
    ident: &Ident,
    name: &str,
    kind: &Type,
) -> TokenStream {
    let own = ident.unraw().to_string();
    let constant = Ident::new(&own.to_uppercase(), ident.span());
    let doc = format!("The field `{name}`, for filters and sorts.");
    quote! {
        #[doc = #doc]
        #visibility const #constant: ::arbour::documents::TypedField<Self, #kind> =
            ::arbour::documents::TypedField::new(#name);
    }
}
