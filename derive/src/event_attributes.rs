//! The attributes of an event type: `#[event(rename = "...", version = 2, upgrade = function)]`.

use proc_macro2::Span;
use syn::meta::ParseNestedMeta;
use syn::{Attribute, Ident, LitInt, LitStr, Path};

use crate::attributes::read_attributes;
use crate::nearest::suggestion;
use crate::options::set_once;

const NAMES: [&str; 3] = ["rename", "version", "upgrade"];

/// The attributes of a variant, or of a struct.
#[derive(Default)]
pub(crate) struct EventAttributes {
    /// The name of the event type, if it is not that of the variant.
    pub(crate) rename: Option<LitStr>,
    version: Option<LitInt>,
    /// The function that upgrades payloads of older versions.
    pub(crate) upgrade: Option<Path>,
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
            "version" => set_once(&mut self.version, meta.value()?.parse()?, meta),
            "upgrade" => set_once(&mut self.upgrade, meta.value()?.parse()?, meta),
            _ => Err(meta.error(format!("unknown attribute: {}", suggestion(&name, &NAMES)))),
        }
    }

    /// Returns the place of the first attribute.
    pub(crate) fn first(&self) -> Option<Span> {
        let version = || self.version.as_ref().map(LitInt::span);
        let upgrade = || self.upgrade.as_ref().map(syn::spanned::Spanned::span);
        self.rename.as_ref().map(LitStr::span).or_else(version).or_else(upgrade)
    }

    /// Returns the schema version, after checking that older ones can be read.
    pub(crate) fn version(&self) -> syn::Result<u32> {
        let version = match &self.version {
            Some(version) => version.base10_parse()?,
            None => 1,
        };
        let span = |fallback: Option<Span>| fallback.unwrap_or_else(Span::call_site);
        match (&self.version, &self.upgrade) {
            (Some(literal), _) if version == 0 => {
                Err(syn::Error::new(literal.span(), "schema versions begin at 1"))
            }
            (Some(literal), None) if version > 1 => {
                let message = format!(
                    "payloads of the versions before {version} are read through a function: add \
                     `upgrade = function`, where it is a `fn(u32, Value) -> Handled<Value>` that takes \
                     a version and returns the payload of the next"
                );
                Err(syn::Error::new(literal.span(), message))
            }
            (_, Some(_)) if version == 1 => Err(syn::Error::new(
                span(self.upgrade.as_ref().map(syn::spanned::Spanned::span)),
                "version 1 is the first, so there is nothing to upgrade: add `version = 2`",
            )),
            _ => Ok(version),
        }
    }
}
