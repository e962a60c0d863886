//! The names that serde gives to fields and variants.

use proc_macro2::{Span, TokenStream};
use syn::ext::IdentExt as _;
use syn::meta::ParseNestedMeta;
use syn::spanned::Spanned as _;
use syn::{Attribute, Expr, Ident, LitStr, Token, parenthesized, token};

use crate::attributes::read_attributes;
use crate::nearest::suggestion;

/// Modules for `with` that give a value another form which the kind of its field understands too.
const FORMS_OF_KINDS: [&str; 6] = [
    "rust_decimal::serde::str",
    "rust_decimal::serde::str_option",
    "time::serde::iso8601",
    "time::serde::iso8601::option",
    "time::serde::rfc3339",
    "time::serde::rfc3339::option",
];

/// What serde's attributes say about the serialized form of a type, a field or a variant.
#[derive(Default)]
pub(crate) struct SerdeAttributes {
    /// The name when it is serialized.
    pub(crate) rename: Option<String>,
    /// The rule for the names of the fields or variants.
    pub(crate) rename_all: Option<Case>,
    /// The attributes that change the form of the value, by name.
    pub(crate) others: Vec<(String, Span)>,
}

impl SerdeAttributes {
    pub(crate) fn read(attributes: &[Attribute]) -> syn::Result<Self> {
        let mut read = Self::default();
        read_attributes(attributes, "serde", |meta| read.add(meta))?;
        Ok(read)
    }

    fn add(&mut self, meta: &ParseNestedMeta<'_>) -> syn::Result<()> {
        let name = meta.path.get_ident().map(Ident::to_string).unwrap_or_default();
        match name.as_str() {
            "rename" => {
                if let Some(text) = self.serialized(&name, meta)? {
                    self.rename = Some(text.value());
                }
            }
            "rename_all" => {
                if let Some(text) = self.serialized(&name, meta)? {
                    self.rename_all = Some(Case::of(&text)?);
                }
            }
            "with" => {
                let module: LitStr = meta.value()?.parse()?;
                if !FORMS_OF_KINDS.contains(&module.value().trim_start_matches("::")) {
                    self.others.push((name, meta.path.span()));
                }
            }
            // The default of the type is known, that of a function is not.
            "default" if meta.input.peek(Token![=]) => {
                self.others.push(("default =".to_owned(), meta.path.span()));
                skip_value(meta)?;
            }
            _ => {
                self.others.push((name, meta.path.span()));
                skip_value(meta)?;
            }
        }
        Ok(())
    }

    /// Reads `= "..."` or the part for serializing of `(serialize = "...", deserialize = "...")`. If
    /// the part for deserializing differs, it is one of the attributes that change the form.
    fn serialized(
        &mut self,
        attribute: &str,
        meta: &ParseNestedMeta<'_>,
    ) -> syn::Result<Option<LitStr>> {
        if !meta.input.peek(token::Paren) {
            return meta.value()?.parse().map(Some);
        }
        let (mut serialized, mut deserialized) = (None, None);
        meta.parse_nested_meta(|part| {
            let text: LitStr = part.value()?.parse()?;
            if part.path.is_ident("serialize") {
                serialized = Some(text);
            } else {
                deserialized = Some(text);
            }
            Ok(())
        })?;
        let names = [&serialized, &deserialized].map(|text| text.as_ref().map(LitStr::value));
        if names[0] != names[1] {
            self.others.push((format!("{attribute}(deserialize)"), meta.path.span()));
        }
        Ok(serialized)
    }

    /// Finds the first of these attributes.
    pub(crate) fn first_of(&self, names: &[&str]) -> Option<&(String, Span)> {
        self.others.iter().find(|(name, _)| names.contains(&name.as_str()))
    }

    /// Returns the name of a field when it is serialized, given the rule of its type.
    pub(crate) fn field_name(&self, ident: &Ident, rule: Option<Case>) -> String {
        let own = ident.unraw().to_string();
        let ruled = || rule.map_or_else(|| own.clone(), |case| case.of_field(&own));
        self.rename.clone().unwrap_or_else(ruled)
    }

    /// Returns the name of a variant when it is serialized, given the rule of its type.
    pub(crate) fn variant_name(&self, ident: &Ident, rule: Option<Case>) -> String {
        let own = ident.unraw().to_string();
        let ruled = || rule.map_or_else(|| own.clone(), |case| case.of_variant(&own));
        self.rename.clone().unwrap_or_else(ruled)
    }
}

/// Skips the value of an attribute that does not matter here.
fn skip_value(meta: &ParseNestedMeta<'_>) -> syn::Result<()> {
    if meta.input.peek(Token![=]) {
        meta.value()?.parse::<Expr>()?;
    } else if meta.input.peek(token::Paren) {
        let content;
        parenthesized!(content in meta.input);
        content.parse::<TokenStream>()?;
    }
    Ok(())
}

/// A rule for names, as serde's `rename_all` has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Case {
    Lower,
    Upper,
    Pascal,
    Camel,
    Snake,
    ScreamingSnake,
    Kebab,
    ScreamingKebab,
}

const CASES: [(&str, Case); 8] = [
    ("lowercase", Case::Lower),
    ("UPPERCASE", Case::Upper),
    ("PascalCase", Case::Pascal),
    ("camelCase", Case::Camel),
    ("snake_case", Case::Snake),
    ("SCREAMING_SNAKE_CASE", Case::ScreamingSnake),
    ("kebab-case", Case::Kebab),
    ("SCREAMING-KEBAB-CASE", Case::ScreamingKebab),
];

impl Case {
    fn of(text: &LitStr) -> syn::Result<Self> {
        let found = CASES.iter().find(|(name, _)| *name == text.value());
        found.map(|(_, case)| *case).ok_or_else(|| {
            let names = CASES.map(|(name, _)| name);
            let suggestion = suggestion(&text.value(), &names);
            syn::Error::new_spanned(text, format!("serde has no such rule: {suggestion}"))
        })
    }

    /// Applies the rule to a name in snake case.
    fn of_field(self, field: &str) -> String {
        match self {
            // Serde takes the name of a field as lower case already.
            Self::Lower | Self::Snake => field.to_owned(),
            Self::Upper | Self::ScreamingSnake => field.to_ascii_uppercase(),
            Self::Pascal => {
                let mut pascal = String::new();
                let mut is_first = true;
                for letter in field.chars() {
                    if letter == '_' {
                        is_first = true;
                    } else if is_first {
                        pascal.push(letter.to_ascii_uppercase());
                        is_first = false;
                    } else {
                        pascal.push(letter);
                    }
                }
                pascal
            }
            Self::Camel => first_lowered(&Self::Pascal.of_field(field)),
            Self::Kebab => field.replace('_', "-"),
            Self::ScreamingKebab => field.to_ascii_uppercase().replace('_', "-"),
        }
    }

    /// Applies the rule to a name in Pascal case.
    fn of_variant(self, variant: &str) -> String {
        match self {
            Self::Pascal => variant.to_owned(),
            Self::Lower => variant.to_ascii_lowercase(),
            Self::Upper => variant.to_ascii_uppercase(),
            Self::Camel => first_lowered(variant),
            Self::Snake => {
                let mut snake = String::new();
                for (number, letter) in variant.char_indices() {
                    if number > 0 && letter.is_uppercase() {
                        snake.push('_');
                    }
                    snake.push(letter.to_ascii_lowercase());
                }
                snake
            }
            Self::ScreamingSnake => Self::Snake.of_variant(variant).to_ascii_uppercase(),
            Self::Kebab => Self::Snake.of_variant(variant).replace('_', "-"),
            Self::ScreamingKebab => Self::ScreamingSnake.of_variant(variant).replace('_', "-"),
        }
    }
}

fn first_lowered(name: &str) -> String {
    let mut letters = name.chars();
    let first = letters.next().map(|letter| letter.to_ascii_lowercase());
    first.into_iter().chain(letters).collect()
}
