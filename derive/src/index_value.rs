//! `#[derive(IndexValue)]`.

use proc_macro2::TokenStream;
use quote::quote;
use syn::spanned::Spanned as _;
use syn::{Data, DataEnum, DeriveInput, Fields, FieldsNamed, FieldsUnnamed, Ident, Member, Type};

use crate::diagnostics::Diagnostics;
use crate::serde_names::SerdeAttributes;

/// Attributes of serde that give an enum another form than the names of its variants.
const OTHER_FORMS_OF_ENUM: [&str; 5] = ["tag", "content", "untagged", "into", "transparent"];

/// Expands the macro.
pub(crate) fn expand(input: &DeriveInput) -> syn::Result<TokenStream> {
    if !input.generics.params.is_empty() {
        let message = "`IndexValue` cannot be derived for a generic type: implement it by hand";
        return Err(syn::Error::new(input.generics.span(), message));
    }
    match &input.data {
        Data::Enum(data) => unit_enum(input, data),
        Data::Struct(data) => match &data.fields {
            Fields::Unnamed(fields) => tuple(input, fields),
            Fields::Named(fields) => transparent(input, fields),
            Fields::Unit => Err(no_value(input)),
        },
        Data::Union(_) => Err(no_value(input)),
    }
}

fn no_value(input: &DeriveInput) -> syn::Error {
    let message = "a field can have the value of an enum without contents, or of a newtype: a struct \
                   with one field, as in `struct Cents(i64);`";
    syn::Error::new(input.ident.span(), message)
}

fn unit_enum(input: &DeriveInput, data: &DataEnum) -> syn::Result<TokenStream> {
    let mut diagnostics = Diagnostics::default();
    let serde = diagnostics.value_or_default(SerdeAttributes::read(&input.attrs));
    if let Some((name, span)) = serde.first_of(&OTHER_FORMS_OF_ENUM) {
        let message = format!(
            "`serde({name})` stores another form than the name of the variant: remove it, or \
             implement `IndexValue` by hand"
        );
        diagnostics.add(*span, message);
    }
    if data.variants.is_empty() {
        diagnostics.add(input.ident.span(), "an enum without variants has no value");
    }
    let mut arms = Vec::new();
    for variant in &data.variants {
        if !matches!(variant.fields, Fields::Unit) {
            let message = format!(
                "`{}` has contents, and a field can have only a single value: derive `IndexValue` \
                 for an enum without contents, and index the rest as a computed field",
                variant.ident
            );
            diagnostics.add(variant.ident.span(), message);
        }
        let renamed = diagnostics.value_or_default(SerdeAttributes::read(&variant.attrs));
        if let Some((name, span)) = renamed.first_of(&["untagged", "with", "serialize_with"]) {
            let message = format!(
                "`serde({name})` stores another form than the name of the variant: remove it, or \
                 implement `IndexValue` by hand"
            );
            diagnostics.add(*span, message);
        }
        let name = renamed.variant_name(&variant.ident, serde.rename_all);
        let ident = &variant.ident;
        arms.push(quote!(Self::#ident => #name,));
    }
    let ident = &input.ident;
    diagnostics.finish(quote! {
        #[automatically_derived]
        impl ::arbour::documents::IndexValue for #ident {
            const KIND: ::arbour::documents::FieldKind = ::arbour::documents::FieldKind::Text;
            type Arg<'a> = Self;

            fn field_value(&self) -> ::arbour::__private::Value {
                ::arbour::__private::Value::from(match self { #(#arms)* })
            }

            fn arg_value(arg: &Self) -> ::arbour::__private::Value {
                ::arbour::documents::IndexValue::field_value(arg)
            }
        }
    })
}

fn tuple(input: &DeriveInput, fields: &FieldsUnnamed) -> syn::Result<TokenStream> {
    let mut fields = fields.unnamed.iter();
    match (fields.next(), fields.next()) {
        (Some(field), None) => newtype(input, field, &Member::from(0)),
        _ => Err(no_value(input)),
    }
}

/// A struct with one named field is stored as that only if serde is told so.
fn transparent(input: &DeriveInput, fields: &FieldsNamed) -> syn::Result<TokenStream> {
    let mut fields = fields.named.iter();
    let (Some(field), None) = (fields.next(), fields.next()) else { return Err(no_value(input)) };
    let Some(ident) = field.ident.clone() else { return Err(no_value(input)) };
    let serde = SerdeAttributes::read(&input.attrs)?;
    if serde.first_of(&["transparent"]).is_none() {
        let message = "this is stored as an object with a member: add `#[serde(transparent)]`, or \
                       make it a tuple struct";
        return Err(syn::Error::new(input.ident.span(), message));
    }
    newtype(input, field, &Member::Named(ident))
}

fn newtype(input: &DeriveInput, field: &syn::Field, member: &Member) -> syn::Result<TokenStream> {
    let own = SerdeAttributes::read(&input.attrs)?;
    let inner = SerdeAttributes::read(&field.attrs)?;
    let others = ["skip", "skip_serializing", "with", "serialize_with"];
    if let Some((name, span)) = own.first_of(&["into"]).or_else(|| inner.first_of(&others)) {
        let message = format!(
            "`serde({name})` stores another form than the content has: implement `IndexValue` by \
             hand"
        );
        return Err(syn::Error::new(*span, message));
    }
    Ok(delegation(input, &field.ty, member))
}

/// Implements the traits of the content for a newtype. A bound that names a lifetime is allowed to
/// be false: then the newtype lacks the trait too.
fn delegation(input: &DeriveInput, content: &Type, member: &Member) -> TokenStream {
    let ident = &input.ident;
    let ids = id_delegation(ident, content, member);
    quote! {
        #[automatically_derived]
        impl ::arbour::documents::IndexValue for #ident {
            const KIND: ::arbour::documents::FieldKind =
                <#content as ::arbour::documents::IndexValue>::KIND;
            type Arg<'a> = Self;

            fn field_value(&self) -> ::arbour::__private::Value {
                <#content as ::arbour::documents::IndexValue>::field_value(&self.#member)
            }

            fn arg_value(arg: &Self) -> ::arbour::__private::Value {
                ::arbour::documents::IndexValue::field_value(arg)
            }

            fn from_plain(
                value: &::arbour::__private::Value,
            ) -> ::core::option::Option<Self> {
                let content = <#content as ::arbour::documents::IndexValue>::from_plain(value)?;
                ::core::option::Option::Some(Self { #member: content })
            }
        }

        #[automatically_derived]
        impl ::arbour::documents::TextValue for #ident
        where
            for<'trivial> #content: ::arbour::documents::TextValue,
        {
        }

        #[automatically_derived]
        impl ::arbour::documents::SumValue for #ident
        where
            for<'trivial> #content: ::arbour::documents::SumValue,
        {
            type Sum = <#content as ::arbour::documents::SumValue>::Sum;
        }

        #ids
    }
}

/// Implements the traits of ids for a newtype whose content is one.
fn id_delegation(ident: &Ident, content: &Type, member: &Member) -> TokenStream {
    quote! {
        #[automatically_derived]
        impl ::arbour::documents::IdValue for #ident
        where
            for<'trivial> #content: ::arbour::documents::IdValue,
        {
            const CHOSEN: ::arbour::documents::Ids =
                <#content as ::arbour::documents::IdValue>::CHOSEN;

            fn doc_id(&self) -> ::arbour::documents::DocId<'_> {
                <#content as ::arbour::documents::IdValue>::doc_id(&self.#member)
            }
        }

        #[automatically_derived]
        impl ::arbour::documents::MadeId for #ident
        where
            for<'trivial> #content: ::arbour::documents::MadeId,
        {
            const MADE: ::arbour::documents::Ids = <#content as ::arbour::documents::MadeId>::MADE;

            fn placeholder() -> ::arbour::__private::Value {
                <#content as ::arbour::documents::MadeId>::placeholder()
            }
        }

        #[automatically_derived]
        impl<'a> ::core::convert::From<&'a #ident> for ::arbour::documents::DocId<'a>
        where
            for<'trivial> #content: ::arbour::documents::IdValue,
        {
            fn from(id: &'a #ident) -> Self {
                ::arbour::documents::IdValue::doc_id(id)
            }
        }

        #[automatically_derived]
        impl ::core::convert::From<#ident> for ::arbour::documents::DocId<'_>
        where
            for<'trivial> #content: ::arbour::documents::IdValue,
        {
            fn from(id: #ident) -> Self {
                ::arbour::documents::IdValue::doc_id(&id).into_owned()
            }
        }
    }
}
