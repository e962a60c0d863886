//! The attributes of a struct: `#[document(collection = "...", ...)]`.

use proc_macro2::{Span, TokenStream};
use quote::quote;
use syn::ext::IdentExt as _;
use syn::meta::ParseNestedMeta;
use syn::parse::{Parse, ParseStream};
use syn::punctuated::Punctuated;
use syn::spanned::Spanned as _;
use syn::{Attribute, Ident, LitStr, Token, Type, parenthesized, token};

use crate::attributes::read_attributes;
use crate::declared_field::Source;
use crate::nearest::suggestion;
use crate::options::{OPTIONS, Options, UNIQUE_FORMS, set_once};
use crate::versions::Versions;

/// The attributes of a struct.
#[derive(Default)]
pub(crate) struct CollectionAttributes {
    pub(crate) collection: Option<LitStr>,
    pub(crate) codec: Option<Codec>,
    pub(crate) feed: Option<Span>,
    pub(crate) versions: Versions,
    pub(crate) indexes: Vec<WideIndex>,
    pub(crate) computed: Vec<StructField>,
}

/// How bodies are encoded.
pub(crate) enum Codec {
    Json,
    Bincode,
}

/// An index that is declared on the struct.
pub(crate) struct WideIndex {
    pub(crate) span: Span,
    pub(crate) parts: Vec<Part>,
    /// Whether it is unique, and if so, whether that is checked by the commit only.
    pub(crate) unique: Option<bool>,
    pub(crate) is_sparse: bool,
    pub(crate) name: Option<LitStr>,
}

/// A field in an index.
pub(crate) struct Part {
    pub(crate) field: Ident,
    pub(crate) is_descending: bool,
}

/// A field that is declared on the struct: a function computes it, or it lies within other fields.
pub(crate) struct StructField {
    pub(crate) name: LitStr,
    pub(crate) kind: Type,
    pub(crate) source: Source,
    pub(crate) options: Options,
}

impl CollectionAttributes {
    pub(crate) fn read(attributes: &[Attribute]) -> syn::Result<Self> {
        let mut read = Self::default();
        read_attributes(attributes, "document", |meta| read.add(meta))?;
        Ok(read)
    }

    /// Returns the schema version, after checking that documents of earlier ones can be read.
    pub(crate) fn version(&self) -> syn::Result<u32> {
        if let (Some(Codec::Bincode), Some(upgrade)) = (&self.codec, &self.versions.upgrade) {
            let message = "the function takes JSON, and these documents are stored by bincode: call \
                           `upgrade` on their `Declaration`";
            return Err(syn::Error::new(upgrade.span(), message));
        }
        self.versions.number("documents", "AnyResult<Value>")
    }

    fn add(&mut self, meta: &ParseNestedMeta<'_>) -> syn::Result<()> {
        let name = meta.path.get_ident().map(Ident::to_string).unwrap_or_default();
        match name.as_str() {
            "collection" => set_once(&mut self.collection, meta.value()?.parse()?, meta),
            "codec" => {
                let text: LitStr = meta.value()?.parse()?;
                let codec = match text.value().as_str() {
                    "json" => Codec::Json,
                    "bincode" => Codec::Bincode,
                    _ => {
                        let message = "a codec is \"json\" or \"bincode\"; set one of your own on \
                                       the `Declaration`";
                        return Err(syn::Error::new_spanned(text, message));
                    }
                };
                set_once(&mut self.codec, codec, meta)
            }
            "feed" => set_once(&mut self.feed, meta.path.span(), meta),
            "index" => {
                let content;
                parenthesized!(content in meta.input);
                self.indexes.push(WideIndex::read(meta.path.span(), &content)?);
                Ok(())
            }
            "computed" => {
                self.computed.push(StructField::computed(meta)?);
                Ok(())
            }
            "path" => {
                let content;
                parenthesized!(content in meta.input);
                self.computed.push(StructField::path(&content)?);
                Ok(())
            }
            "id" => Err(meta.error("`id` belongs on the field that is the id")),
            _ if self.versions.read(&name, meta)? => Ok(()),
            _ => {
                let known = [
                    "collection",
                    "codec",
                    "feed",
                    "index",
                    "computed",
                    "path",
                    "version",
                    "upgrade",
                    "downgrade",
                ];
                let suggestion = suggestion(&name, &known);
                Err(meta.error(format!("a collection has no option `{name}`: {suggestion}")))
            }
        }
    }
}

impl WideIndex {
    fn read(span: Span, content: ParseStream<'_>) -> syn::Result<Self> {
        let mut index =
            Self { span, parts: Vec::new(), unique: None, is_sparse: false, name: None };
        for item in Punctuated::<Item, Token![,]>::parse_terminated(content)? {
            match item {
                Item::Name(name) => index.name = Some(name),
                Item::Part(Part { field, .. }) if field == "unique" => {
                    index.unique = Some(false);
                }
                Item::UniqueDeferred => index.unique = Some(true),
                Item::Part(Part { field, .. }) if field == "sparse" => index.is_sparse = true,
                Item::Part(part) | Item::Directed(part) => index.parts.push(part),
            }
        }
        if index.parts.is_empty() {
            let message = "an index needs a field: `index(one, other desc)`";
            return Err(syn::Error::new(span, message));
        }
        Ok(index)
    }
}

/// What `index(...)` lists.
enum Item {
    Name(LitStr),
    UniqueDeferred,
    /// A field, or the option `unique` or `sparse`.
    Part(Part),
    /// A field followed by its direction, whatever its name.
    Directed(Part),
}

impl Parse for Item {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let field = input.call(Ident::parse_any)?;
        if field == "name" && input.peek(Token![=]) {
            input.parse::<Token![=]>()?;
            return input.parse().map(Self::Name);
        }
        if field == "unique" && input.peek(token::Paren) {
            let content;
            parenthesized!(content in input);
            let check = content.call(Ident::parse_any)?;
            if check != "deferred" || !content.is_empty() {
                return Err(syn::Error::new(check.span(), UNIQUE_FORMS));
            }
            return Ok(Self::UniqueDeferred);
        }
        if !input.peek(Ident::peek_any) {
            return Ok(Self::Part(Part { field, is_descending: false }));
        }
        let direction = input.call(Ident::parse_any)?;
        let is_descending = direction == "desc";
        if !is_descending && direction != "asc" {
            let message = format!("a direction is `asc` or `desc`, not `{direction}`");
            return Err(syn::Error::new(direction.span(), message));
        }
        Ok(Self::Directed(Part { field, is_descending }))
    }
}

impl StructField {
    fn computed(computed: &ParseNestedMeta<'_>) -> syn::Result<Self> {
        let (mut name, mut kind, mut with, mut revision) = (None, None, None, None);
        let mut options = Options::default();
        computed.parse_nested_meta(|meta| {
            if options.read(&meta)? {
                return Ok(());
            }
            let option = meta.path.get_ident().map(Ident::to_string).unwrap_or_default();
            match option.as_str() {
                "name" => set_once(&mut name, meta.value()?.parse()?, &meta),
                "type" => set_once(&mut kind, meta.value()?.parse()?, &meta),
                "with" => set_once(&mut with, meta.value()?.parse()?, &meta),
                "revision" => set_once(&mut revision, meta.value()?.parse()?, &meta),
                _ => {
                    let known = [&["name", "type", "with", "revision"][..], &OPTIONS].concat();
                    let suggestion = suggestion(&option, &known);
                    Err(meta
                        .error(format!("a computed field has no option `{option}`: {suggestion}")))
                }
            }
        })?;
        let (Some(name), Some(kind), Some(with)) = (name, kind, with) else {
            let message = "a computed field needs a name, the type of its value, and a function \
                           from the document to the value: `computed(name = \"initial\", type = \
                           String, with = initial)`";
            return Err(syn::Error::new(computed.path.span(), message));
        };
        Ok(Self {
            name,
            kind,
            source: Source::Computed { with: Box::new(with), revision },
            options,
        })
    }

    /// Reads what is in the parentheses of `path("lines[].sku", type = String, index)`.
    fn path(content: ParseStream<'_>) -> syn::Result<Self> {
        let path: LitStr = content.parse()?;
        let (mut name, mut kind) = (None, None);
        let mut options = Options::default();
        if content.parse::<Option<Token![,]>>()?.is_some() {
            let options = syn::meta::parser(|meta| {
                if options.read(&meta)? {
                    return Ok(());
                }
                let option = meta.path.get_ident().map(Ident::to_string).unwrap_or_default();
                match option.as_str() {
                    "name" => set_once(&mut name, meta.value()?.parse()?, &meta),
                    "type" => set_once(&mut kind, meta.value()?.parse()?, &meta),
                    _ => {
                        let known = [&["name", "type"][..], &OPTIONS].concat();
                        let suggestion = suggestion(&option, &known);
                        Err(meta.error(format!("a path has no option `{option}`: {suggestion}")))
                    }
                }
            });
            syn::parse::Parser::parse2(options, content.parse()?)?;
        }
        let Some(kind) = kind else {
            let message = "a path needs the type of the value it leads to: \
                           `path(\"lines[].sku\", type = String, index)`";
            return Err(syn::Error::new(path.span(), message));
        };
        let name = name.unwrap_or_else(|| path.clone());
        Ok(Self { name, kind, source: Source::Path(path), options })
    }
}

impl Codec {
    /// Returns the call that sets the codec of a declaration.
    pub(crate) fn call(&self) -> TokenStream {
        match self {
            Self::Json => quote!(.codec(::arbour::documents::BodyCodec::json())),
            Self::Bincode => quote!(.codec(::arbour::documents::BodyCodec::bincode())),
        }
    }
}
