//! `#[derive(Event)]`.

use std::collections::HashMap;

use proc_macro2::{Span, TokenStream};
use quote::quote;
use syn::ext::IdentExt as _;
use syn::{Attribute, Data, DataEnum, DeriveInput, Ident};

use crate::diagnostics::Diagnostics;
use crate::event_attributes::EventAttributes;
use crate::serde_names::SerdeAttributes;

/// The longest name of an event type, in bytes.
const NAME_BYTES_MAX: usize = 1000;

/// Attributes of serde that give an enum another form than the name of a variant with its content.
const OTHER_FORMS_OF_ENUM: [&str; 9] = [
    "tag",
    "content",
    "untagged",
    "into",
    "from",
    "try_from",
    "transparent",
    "remote",
    "rename_all(deserialize)",
];

/// Attributes of serde that give a variant another form, or none.
const OTHER_FORMS_OF_VARIANT: [&str; 9] = [
    "skip",
    "skip_serializing",
    "skip_deserializing",
    "with",
    "serialize_with",
    "deserialize_with",
    "other",
    "untagged",
    "rename(deserialize)",
];

/// An event type: a variant, or a struct.
struct EventForm {
    ident: Ident,
    name: String,
    span: Span,
    /// What serde writes before the content; empty for a struct.
    prefix: String,
    version: u32,
    upgrade: TokenStream,
}

/// Expands the macro.
pub(crate) fn expand(input: &DeriveInput) -> syn::Result<TokenStream> {
    if !input.generics.params.is_empty() {
        let message = "a generic type cannot be an `Event`, because the names of its event types would \
                       be the same for every parameter: derive it on a type without parameters";
        return Err(syn::Error::new_spanned(&input.generics, message));
    }
    let ident = &input.ident;
    let mut diagnostics = Diagnostics::default();
    let (forms, index) = match &input.data {
        Data::Enum(data) => {
            let forms = variants(input, data, &mut diagnostics);
            let numbers = forms.iter().enumerate().map(|(number, form)| {
                let variant = &form.ident;
                quote!(Self::#variant { .. } => #number,)
            });
            let index = quote!(match self { #(#numbers)* });
            (forms, index)
        }
        Data::Struct(_) => {
            let serde = diagnostics.value_or_default(SerdeAttributes::read(&input.attrs));
            let name = serde.rename.unwrap_or_else(|| ident.unraw().to_string());
            let form = EventForm::read(ident, name, String::new(), &input.attrs, &mut diagnostics);
            (vec![form], quote!(0))
        }
        Data::Union(_) => {
            let message =
                "an `Event` is an enum, each variant of which is an event type, or a struct";
            return Err(syn::Error::new(ident.span(), message));
        }
    };
    let forms = diagnostics.finish(forms)?;
    Ok(implementation(ident, &forms, &index))
}

fn variants(input: &DeriveInput, data: &DataEnum, diagnostics: &mut Diagnostics) -> Vec<EventForm> {
    let serde = diagnostics.value_or_default(SerdeAttributes::read(&input.attrs));
    if let Some((name, span)) = serde.first_of(&OTHER_FORMS_OF_ENUM) {
        let message = format!(
            "`serde({name})` stores another form than the content of a variant: remove it, or declare \
             each event type by an `EventType`"
        );
        diagnostics.add(*span, message);
    }
    let own = diagnostics.value_or_default(EventAttributes::read(&input.attrs));
    if let Some(span) = own.first() {
        diagnostics.add(span, "each variant is an event type: put this on the variant");
    }
    if data.variants.is_empty() {
        diagnostics.add(input.ident.span(), "an enum without variants has no event type");
    }
    let mut forms = Vec::new();
    let mut names = HashMap::new();
    for variant in &data.variants {
        let renamed = diagnostics.value_or_default(SerdeAttributes::read(&variant.attrs));
        if let Some((name, span)) = renamed.first_of(&OTHER_FORMS_OF_VARIANT) {
            let message = format!(
                "`serde({name})` makes the variant another than what is stored: remove it, or declare \
                 this event type by an `EventType`"
            );
            diagnostics.add(*span, message);
        }
        let name = renamed.variant_name(&variant.ident, serde.rename_all);
        let prefix = format!("{{{}:", json_text(&name));
        let form = EventForm::read(&variant.ident, name, prefix, &variant.attrs, diagnostics);
        if let Some(first) = names.insert(form.name.clone(), variant.ident.clone()) {
            let message = format!(
                "`{first}` has the name `{}` already, and an event is read by its name: rename one",
                form.name
            );
            diagnostics.add(form.span, message);
        }
        forms.push(form);
    }
    forms
}

/// Returns a text in JSON, as serde_json writes it.
fn json_text(text: &str) -> String {
    let escaped = text.replace('\\', "\\\\").replace('"', "\\\"");
    format!("\"{escaped}\"")
}

impl EventForm {
    fn read(
        ident: &Ident,
        name: String,
        prefix: String,
        attributes: &[Attribute],
        diagnostics: &mut Diagnostics,
    ) -> Self {
        let attributes = diagnostics.value_or_default(EventAttributes::read(attributes));
        let (name, span) = match &attributes.rename {
            Some(rename) => (rename.value(), rename.span()),
            None => (name, ident.span()),
        };
        let is_fit = (1..=NAME_BYTES_MAX).contains(&name.len());
        if !is_fit || name.chars().chain(prefix.chars()).any(char::is_control) {
            let message = format!(
                "the name of an event type has 1 to {NAME_BYTES_MAX} bytes, without control \
                 characters: {name:?}"
            );
            diagnostics.add(span, message);
        }
        let version = diagnostics.value_or_default(attributes.version());
        let upgrade = match &attributes.versions.upgrade {
            Some(function) => quote!(::core::option::Option::Some(#function)),
            None => quote!(::core::option::Option::None),
        };
        Self { ident: ident.clone(), name, span, prefix, version, upgrade }
    }
}

fn implementation(ident: &Ident, forms: &[EventForm], index: &TokenStream) -> TokenStream {
    let names = forms.iter().map(|form| &form.name);
    let stored = forms.iter().map(|EventForm { name, prefix, version, upgrade, .. }| {
        quote! {
            ::arbour::__private::Form {
                name: #name,
                prefix: #prefix,
                schema: #version,
                upgrade: #upgrade,
            }
        }
    });
    quote! {
        #[automatically_derived]
        impl ::arbour::events::TypedEvent for #ident {
            const TYPES: &'static [&'static str] = &[#(#names),*];
            const FORMS: &'static [::arbour::__private::Form] = &[#(#stored),*];

            fn form(&self) -> usize {
                #index
            }
        }
    }
}
