//! The attributes of a field: `#[document(...)]`.

use proc_macro2::Span;
use syn::ext::IdentExt as _;
use syn::meta::ParseNestedMeta;
use syn::spanned::Spanned as _;
use syn::{Attribute, Ident, LitStr};

use crate::attributes::read_attributes;
use crate::nearest::suggestion;
use crate::options::{OPTIONS, Options, set_once};

/// The attributes of a field.
#[derive(Default)]
pub(crate) struct FieldAttributes {
    pub(crate) id: Option<Span>,
    /// Whether the collection makes the ids.
    pub(crate) made: Option<Span>,
    /// The field whose slug is the id.
    pub(crate) slug: Option<Ident>,
    /// Whether the field is declared without an index.
    pub(crate) field: Option<Span>,
    pub(crate) options: Options,
}

impl FieldAttributes {
    pub(crate) fn read(attributes: &[Attribute]) -> syn::Result<Self> {
        let mut read = Self::default();
        read_attributes(attributes, "document", |meta| read.add(meta))?;
        Ok(read)
    }

    fn add(&mut self, meta: &ParseNestedMeta<'_>) -> syn::Result<()> {
        if self.options.read(meta)? {
            return Ok(());
        }
        let name = meta.path.get_ident().map(Ident::to_string).unwrap_or_default();
        match name.as_str() {
            "id" => set_once(&mut self.id, meta.path.span(), meta),
            "made" => set_once(&mut self.made, meta.path.span(), meta),
            "field" => set_once(&mut self.field, meta.path.span(), meta),
            "slug" => {
                let text: LitStr = meta.value()?.parse()?;
                set_once(&mut self.slug, text.parse_with(Ident::parse_any)?, meta)
            }
            "collection" | "codec" | "feed" | "computed" | "version" | "upgrade" | "downgrade" => {
                Err(meta.error(format!("`{name}` belongs on the struct, not on a field")))
            }
            _ => {
                let known = [&["id", "made", "slug", "field"][..], &OPTIONS].concat();
                let suggestion = suggestion(&name, &known);
                Err(meta.error(format!("a field has no option `{name}`: {suggestion}")))
            }
        }
    }

    /// Tells whether the field is declared in the collection, apart from the id.
    pub(crate) fn is_declared(&self) -> bool {
        self.field.is_some() || self.options.first().is_some()
    }
}
