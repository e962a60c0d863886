//! The schema version of a type, and how it reads and writes others: `version = 2, upgrade = function`.

use proc_macro2::{Span, TokenStream};
use quote::quote;
use syn::meta::ParseNestedMeta;
use syn::spanned::Spanned as _;
use syn::{LitInt, Path};

use crate::options::set_once;

/// The schema version, and the functions that convert stored values.
#[derive(Default)]
pub(crate) struct Versions {
    version: Option<LitInt>,
    /// The function that upgrades stored values of earlier versions.
    pub(crate) upgrade: Option<Path>,
    /// The function that converts documents to earlier versions.
    downgrade: Option<Path>,
}

impl Versions {
    /// Reads an attribute, and tells whether it is one of these.
    pub(crate) fn read(&mut self, name: &str, meta: &ParseNestedMeta<'_>) -> syn::Result<bool> {
        match name {
            "version" => set_once(&mut self.version, meta.value()?.parse()?, meta)?,
            "upgrade" => set_once(&mut self.upgrade, meta.value()?.parse()?, meta)?,
            "downgrade" => set_once(&mut self.downgrade, meta.value()?.parse()?, meta)?,
            _ => return Ok(false),
        }
        Ok(true)
    }

    /// Returns the place of the first attribute.
    pub(crate) fn first(&self) -> Option<Span> {
        let upgrade = || self.upgrade.as_ref().map(Path::span);
        self.version.as_ref().map(LitInt::span).or_else(upgrade)
    }

    /// Returns the schema version, after checking that stored `values` of earlier ones can be read by a
    /// function that returns this type.
    pub(crate) fn number(&self, values: &str, returned: &str) -> syn::Result<u32> {
        let version = match &self.version {
            Some(version) => version.base10_parse()?,
            None => 1,
        };
        match (&self.version, &self.upgrade, &self.downgrade) {
            (Some(literal), _, _) if version == 0 => {
                Err(syn::Error::new(literal.span(), "schema versions begin at 1"))
            }
            (Some(literal), None, _) if version > 1 => {
                let message = format!(
                    "{values} of the versions before {version} are read through a function: add \
                     `upgrade = function`, where it is a `fn(u32, Value) -> {returned}` that takes a \
                     version and returns the {} of the next",
                    values.trim_end_matches('s')
                );
                Err(syn::Error::new(literal.span(), message))
            }
            (_, Some(path), _) if version == 1 => Err(syn::Error::new(
                path.span(),
                "version 1 is the first, so there is nothing to upgrade: add `version = 2`",
            )),
            (_, _, Some(path)) if version == 1 => Err(syn::Error::new(
                path.span(),
                "version 1 is the first, so there is no earlier one: add `version = 2`",
            )),
            _ => Ok(version),
        }
    }

    /// Returns an expression that adds the conversions to a declaration.
    pub(crate) fn declare(&self, version: u32, declaration: TokenStream) -> TokenStream {
        let Some(upgrade) = &self.upgrade else { return declaration };
        let downgrade = self.downgrade.as_ref().map(|downgrade| {
            quote!(.downgrade_json(version, move |document| #downgrade(version, document)))
        });
        quote! {
            (1..#version).fold(#declaration, |declaration, version| {
                declaration
                    .upgrade_json(version, move |document| #upgrade(version, document))
                    #downgrade
            })
        }
    }
}
