//! The options of a field, computed or not.

use proc_macro2::{Span, TokenStream};
use quote::quote;
use syn::meta::ParseNestedMeta;
use syn::spanned::Spanned as _;
use syn::{Expr, Ident, LitInt, token};

/// The names of the options, for suggestions.
pub(crate) const OPTIONS: [&str; 9] = [
    "index",
    "unique",
    "sparse",
    "many",
    "words",
    "default",
    "required",
    "false_is_null",
    "unchanged_since",
];

/// What is said of a wrong word in the parentheses of `unique`.
pub(crate) const UNIQUE_FORMS: &str = "a unique index is `unique`, which is checked by each write, or `unique(deferred)`, which is \
     checked by the commit";

/// How a field is declared and indexed. An option that is set has the place where it was set.
#[derive(Default)]
pub(crate) struct Options {
    pub(crate) index: Option<Span>,
    /// Whether the index sorts the greatest value first.
    pub(crate) is_descending: bool,
    pub(crate) unique: Option<Span>,
    /// Whether unique values are checked by the commit only.
    pub(crate) is_deferred: bool,
    pub(crate) sparse: Option<Span>,
    pub(crate) many: Option<Span>,
    pub(crate) words: Option<Span>,
    pub(crate) required: Option<Span>,
    pub(crate) false_is_null: Option<Span>,
    pub(crate) default: Option<Expr>,
    /// The version since which upgrades leave the value as it is.
    pub(crate) unchanged_since: Option<LitInt>,
}

impl Options {
    /// Reads an option, and tells whether it is one.
    pub(crate) fn read(&mut self, meta: &ParseNestedMeta<'_>) -> syn::Result<bool> {
        let name = meta.path.get_ident().map(Ident::to_string).unwrap_or_default();
        let flag = match name.as_str() {
            "index" => &mut self.index,
            "unique" => &mut self.unique,
            "sparse" => &mut self.sparse,
            "many" => &mut self.many,
            "words" => &mut self.words,
            "required" => &mut self.required,
            "false_is_null" => &mut self.false_is_null,
            "default" => {
                set_once(&mut self.default, meta.value()?.parse()?, meta)?;
                return Ok(true);
            }
            "unchanged_since" => {
                set_once(&mut self.unchanged_since, meta.value()?.parse()?, meta)?;
                return Ok(true);
            }
            _ => return Ok(false),
        };
        set_once(flag, meta.path.span(), meta)?;
        let has_parentheses = meta.input.peek(token::Paren);
        if name == "unique" && has_parentheses {
            meta.parse_nested_meta(|check| {
                self.is_deferred = check.path.is_ident("deferred");
                if self.is_deferred { Ok(()) } else { Err(check.error(UNIQUE_FORMS)) }
            })?;
        }
        if name == "index" && has_parentheses {
            meta.parse_nested_meta(|direction| {
                self.is_descending = direction.path.is_ident("desc");
                if self.is_descending || direction.path.is_ident("asc") {
                    return Ok(());
                }
                Err(direction.error(
                    "an index of one field is `index` or `index(desc)`; declare one over several \
                     fields on the struct: `#[document(index(one, other desc))]`",
                ))
            })?;
        }
        Ok(true)
    }

    /// Returns the call that makes the index over the value unique.
    pub(crate) fn unique_call(&self) -> Option<TokenStream> {
        self.unique.map(|_| unique_call(self.is_deferred))
    }

    /// Whether the field has an index over its value.
    pub(crate) fn has_index(&self) -> bool {
        self.index.is_some()
            || self.unique.is_some()
            || (self.sparse.is_some() && self.words.is_none())
    }

    /// Finds the first option that is set.
    pub(crate) fn first(&self) -> Option<Span> {
        let flags = [
            self.index,
            self.unique,
            self.sparse,
            self.many,
            self.words,
            self.required,
            self.false_is_null,
        ];
        let default = || self.default.as_ref().map(|default| default.span());
        let since = || self.unchanged_since.as_ref().map(LitInt::span);
        flags.into_iter().flatten().next().or_else(default).or_else(since)
    }
}

/// Returns the call that makes an index unique.
pub(crate) fn unique_call(is_deferred: bool) -> TokenStream {
    if is_deferred { quote!(.unique_deferred()) } else { quote!(.unique()) }
}

/// Sets an option that may be set only once.
pub(crate) fn set_once<T>(
    option: &mut Option<T>,
    value: T,
    meta: &ParseNestedMeta<'_>,
) -> syn::Result<()> {
    if option.replace(value).is_some() {
        return Err(meta.error("this is given twice: remove one"));
    }
    Ok(())
}
