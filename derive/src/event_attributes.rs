//! The attributes of an event type: `#[event(rename = "...", version = 2, upgrade = function)]`.

use proc_macro2::Span;
use syn::meta::ParseNestedMeta;
use syn::{Attribute, Ident, LitStr};

use crate::attributes::read_attributes;
use crate::nearest::suggestion;
use crate::options::set_once;
use crate::versions::Versions;

const NAMES: [&str; 3] = ["rename", "version", "upgrade"];

/// The attributes of a variant, or of a struct.
#[derive(Default)]
pub(crate) struct EventAttributes {
    /// The name of the event type, if it is not that of the variant.
    pub(crate) rename: Option<LitStr>,
    pub(crate) versions: Versions,
}

impl EventAttributes {
    pub(crate) fn read(attributes: &[Attribute]) -> syn::Result<Self> {
        let mut read = Self::default();
        read_attributes(attributes, "event", |meta| read.add(meta))?;
        Ok(read)
    }

    fn add(&mut self, meta: &ParseNestedMeta<'_>) -> syn::Result<()> {
        let name = meta.path.get_ident().map(Ident::to_string).unwrap_or_default();
        match name.as_str() {
            "rename" => set_once(&mut self.rename, meta.value()?.parse()?, meta),
            // Events are written in their own version only.
            name if NAMES.contains(&name) => self.versions.read(name, meta).map(drop),
            _ => Err(meta.error(format!("unknown attribute: {}", suggestion(&name, &NAMES)))),
        }
    }

    /// Returns the place of the first attribute.
    pub(crate) fn first(&self) -> Option<Span> {
        self.rename.as_ref().map(LitStr::span).or_else(|| self.versions.first())
    }

    /// Returns the schema version, after checking that older ones can be read.
    pub(crate) fn version(&self) -> syn::Result<u32> {
        self.versions.number("payloads", "Handled<Value>")
    }
}
