//! `#[derive(Document)]`.

use std::collections::HashSet;

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::ext::IdentExt as _;
use syn::spanned::Spanned as _;
use syn::{Data, DeriveInput, Fields, FieldsNamed, Ident, LitStr, parse_quote_spanned};

use crate::collection_attributes::{CollectionAttributes, StructField, WideIndex};
use crate::declared_field::{DeclaredField, DeclaredIndex, Source, constant};
use crate::diagnostics::Diagnostics;
use crate::field_attributes::FieldAttributes;
use crate::id::{Id, Origin};
use crate::nearest::suggestion;
use crate::options::unique_call;
use crate::serde_names::SerdeAttributes;
use crate::stored_form::{THE_ID, check_form, reads_null};

/// The longest name of a collection or an index, in bytes.
const NAME_BYTES_MAX: usize = 100;

/// What the derive macro knows of a struct.
struct Document {
    collection: String,
    version: u32,
    attributes: CollectionAttributes,
    id: Option<Id>,
    /// All fields except the id, in the order of the struct, then the computed ones.
    fields: Vec<Candidate>,
}

/// A field that the collection declares if an attribute, an index or a slug asks for it.
struct Candidate {
    field: DeclaredField,
    is_declared: bool,
    serde: SerdeAttributes,
}

/// Expands the macro.
pub(crate) fn expand(input: &DeriveInput) -> syn::Result<TokenStream> {
    let fields = named_fields(input)?;
    let mut diagnostics = Diagnostics::default();
    let mut document = Document::read(input, fields, &mut diagnostics);
    document.declare_used(&mut diagnostics);
    document.fields.retain(|candidate| candidate.is_declared);
    document.check_fields(&mut diagnostics);
    let indexes = document.indexes(&mut diagnostics);
    let (document, indexes) = diagnostics.finish((document, indexes))?;
    Ok(document.implementation(input, &indexes))
}

fn named_fields(input: &DeriveInput) -> syn::Result<&FieldsNamed> {
    let name = input.ident.span();
    if !input.generics.params.is_empty() {
        let message = "a generic type cannot be a `Document`, because a collection has one type: \
                       derive it on a struct without parameters";
        return Err(syn::Error::new(input.generics.span(), message));
    }
    match &input.data {
        Data::Struct(data) => match &data.fields {
            Fields::Named(fields) => Ok(fields),
            Fields::Unnamed(_) | Fields::Unit => Err(syn::Error::new(
                name,
                "a `Document` is a struct with named fields: an id and fields need names",
            )),
        },
        Data::Enum(_) | Data::Union(_) => Err(syn::Error::new(
            name,
            "a `Document` is a struct with named fields: put the enum into a field, or open the \
             collection with a `Declaration`",
        )),
    }
}

impl Document {
    fn read(input: &DeriveInput, fields: &FieldsNamed, diagnostics: &mut Diagnostics) -> Self {
        let attributes = CollectionAttributes::read(&input.attrs);
        // Attributes that cannot be read are one error, and not also a missing collection.
        let is_read = attributes.is_ok();
        let attributes = diagnostics.value_or_default(attributes);
        let serde = diagnostics.value_or_default(SerdeAttributes::read(&input.attrs));
        if let Some((name, span)) = serde.first_of(&["into", "transparent"]) {
            let message = format!(
                "`serde({name})` stores another form than the fields of this struct: open the \
                 collection with a `Declaration`"
            );
            diagnostics.add(*span, message);
        }
        let collection =
            if is_read { collection_name(input, &attributes, diagnostics) } else { String::new() };
        let version = diagnostics.value_or_default(attributes.version());
        let mut document = Self { collection, version, attributes, id: None, fields: Vec::new() };
        for field in &fields.named {
            document.read_field(field, &serde, diagnostics);
        }
        if document.id.is_none() {
            let message = "a document needs an id: mark a field by `#[document(id)]`, or by \
                           `#[document(id, made)]` if the collection makes the ids";
            diagnostics.add(input.ident.span(), message);
        }
        for computed in std::mem::take(&mut document.attributes.computed) {
            document.check_path(&computed, diagnostics);
            document.fields.push(Candidate::of_struct(computed, diagnostics));
        }
        document
    }

    fn read_field(
        &mut self,
        field: &syn::Field,
        of_struct: &SerdeAttributes,
        diagnostics: &mut Diagnostics,
    ) {
        let Some(ident) = field.ident.clone() else { return };
        let attributes = diagnostics.value_or_default(FieldAttributes::read(&field.attrs));
        let serde = diagnostics.value_or_default(SerdeAttributes::read(&field.attrs));
        let name = serde.field_name(&ident, of_struct.rename_all);
        if attributes.id.is_some() {
            if let Some(first) = &self.id {
                let message =
                    format!("a document has one id, and `{}` is it: remove one", first.ident);
                diagnostics.add(ident.span(), message);
                return;
            }
            check_form(THE_ID, ident.span(), &name, &serde, diagnostics);
            self.id = Some(Id::new(ident, name, &field.ty, &attributes, diagnostics));
            return;
        }
        if let Some(span) = attributes.made.or(attributes.slug.as_ref().map(Ident::span)) {
            diagnostics.add(span, "only an id is made: add `id`");
        }
        let is_declared = attributes.is_declared();
        let kind = field.ty.clone();
        let options = attributes.options;
        let absent_is_null = reads_null(&kind, &serde, of_struct);
        let source = Source::Member;
        let field = DeclaredField { ident, name, kind, source, options, absent_is_null };
        self.fields.push(Candidate { field, is_declared, serde });
    }

    /// Refuses a path that does not begin at a field of the struct.
    fn check_path(&self, field: &StructField, diagnostics: &mut Diagnostics) {
        let Source::Path(path) = &field.source else { return };
        let text = path.value();
        let first = text.split(['.', '[']).next().unwrap_or_default();
        let ids = self.id.iter().map(|id| id.name.as_str());
        let names: Vec<&str> =
            ids.chain(self.fields.iter().map(|other| other.field.name.as_str())).collect();
        if !names.contains(&first) {
            let suggestion = suggestion(first, &names);
            let message = format!("the path begins at no field `{first}`: {suggestion}");
            diagnostics.add(path.span(), message);
        }
        if text.split('.').any(|step| step.trim_end_matches("[]").is_empty() || is_numbered(step)) {
            let message = "a path has names separated by dots, and `[]` after an array: \
                           `lines[].sku`";
            diagnostics.add(path.span(), message);
        }
    }

    /// Finds a field by its name in the program; `None` for the id.
    fn find(&mut self, ident: &Ident) -> syn::Result<Option<&mut Candidate>> {
        if self.id.as_ref().is_some_and(|id| id.ident.unraw() == ident.unraw()) {
            return Ok(None);
        }
        let is_it = |candidate: &Candidate| candidate.field.ident.unraw() == ident.unraw();
        let Some(found) = self.fields.iter().position(is_it) else {
            let ids = self.id.iter().map(|id| id.ident.unraw().to_string());
            let fields = self.fields.iter().map(|other| other.field.ident.unraw().to_string());
            let names: Vec<String> = ids.chain(fields).collect();
            let names: Vec<&str> = names.iter().map(String::as_str).collect();
            let unknown = ident.unraw().to_string();
            let message =
                format!("there is no field `{unknown}`: {}", suggestion(&unknown, &names));
            return Err(syn::Error::new(ident.span(), message));
        };
        Ok(self.fields.get_mut(found))
    }

    /// Declares the fields that indexes and slugs use.
    fn declare_used(&mut self, diagnostics: &mut Diagnostics) {
        let parts = self.attributes.indexes.iter().flat_map(|index| &index.parts);
        let mut used: Vec<Ident> = parts.map(|part| part.field.clone()).collect();
        if let Some(Id { origin: Origin::Slug(field), .. }) = &self.id {
            used.push(field.clone());
        }
        for ident in used {
            match self.find(&ident) {
                Ok(Some(candidate)) => candidate.is_declared = true,
                Ok(None) => {}
                Err(error) => diagnostics.add_error(error),
            }
        }
    }

    fn check_fields(&self, diagnostics: &mut Diagnostics) {
        let mut names: HashSet<&str> = self.id.iter().map(|id| id.name.as_str()).collect();
        let id = self.id.iter().map(|id| id.ident.unraw().to_string().to_uppercase());
        let mut constants: HashSet<String> = id.collect();
        for Candidate { field, serde, .. } in &self.fields {
            let span = field.ident.span();
            let own = field.ident.unraw().to_string();
            if !matches!(field.source, Source::Path(_)) {
                check_form(&format!("the field `{own}`"), span, &field.name, serde, diagnostics);
            }
            if !names.insert(&field.name) {
                diagnostics.add(span, format!("two fields are named `{}`: rename one", field.name));
            } else if !constants.insert(own.to_uppercase()) {
                let constant = own.to_uppercase();
                diagnostics.add(span, format!("two fields are named `{constant}`: rename one"));
            }
            if let (Some(span), Source::Computed { .. }) = (field.options.required, &field.source) {
                diagnostics.add(span, "a computed field cannot be given: remove `required`");
            }
        }
    }

    /// Returns all indexes, those of one field first.
    fn indexes(&mut self, diagnostics: &mut Diagnostics) -> Vec<DeclaredIndex> {
        let mut indexes: Vec<DeclaredIndex> =
            self.fields.iter().flat_map(|candidate| candidate.field.indexes()).collect();
        for index in std::mem::take(&mut self.attributes.indexes) {
            indexes.extend(self.wide_index(&index, diagnostics));
        }
        let mut names = HashSet::new();
        for index in &indexes {
            if !names.insert(index.name.clone()) {
                let message = format!(
                    "two indexes are named `{}`: remove one, or give it a name",
                    index.name
                );
                diagnostics.add(index.span, message);
            }
            if let Err(reason) = check_name("an index", &index.name) {
                diagnostics.add(index.span, reason);
            }
        }
        indexes
    }

    /// Returns an index that is declared on the struct; `None` if a field of it is unknown, which was
    /// reported when the used fields were declared.
    fn wide_index(
        &mut self,
        index: &WideIndex,
        diagnostics: &mut Diagnostics,
    ) -> Option<DeclaredIndex> {
        let (mut names, mut tokens) = (Vec::new(), TokenStream::new());
        let mut seen = HashSet::new();
        let mut many = 0;
        for part in &index.parts {
            if !seen.insert(part.field.unraw().to_string()) {
                let message = format!("`{}` is in the index twice: remove one", part.field);
                diagnostics.add(part.field.span(), message);
            }
            let name = match self.find(&part.field).ok()? {
                Some(Candidate { field, .. }) => {
                    many += usize::from(field.options.many.is_some());
                    if many > 1 {
                        let message = "an index has at most one field of many values: declare an \
                                       index for each";
                        diagnostics.add(part.field.span(), message);
                    }
                    field.name.clone()
                }
                None => self.id.as_ref().map(|id| id.name.clone()).unwrap_or_default(),
            };
            tokens.extend(match (names.is_empty(), part.is_descending) {
                (true, false) => quote!(::arbour::documents::Index::on(#name)),
                (true, true) => quote!(::arbour::documents::Index::descending(#name)),
                (false, false) => quote!(.then(#name)),
                (false, true) => quote!(.then_descending(#name)),
            });
            names.push(format!("{}{name}", if part.is_descending { "-" } else { "" }));
        }
        let unique = index.unique.map(unique_call);
        let sparse = index.is_sparse.then(|| quote!(.sparse()));
        let named = index.name.as_ref().map(|name| quote!(.named(#name)));
        let name = index.name.as_ref().map_or_else(|| names.join(","), LitStr::value);
        let tokens = quote!(#tokens #unique #sparse #named);
        Some(DeclaredIndex { name, span: index.span, tokens })
    }

    fn implementation(&self, input: &DeriveInput, indexes: &[DeclaredIndex]) -> TokenStream {
        let Some(id) = &self.id else { return TokenStream::new() };
        let (ident, visibility, collection) = (&input.ident, &input.vis, &self.collection);
        let fields: Vec<&DeclaredField> = self.fields.iter().map(|found| &found.field).collect();
        let id_type = &id.kind;
        // The compiler reports a private type at these tokens.
        let type_of_id = quote_spanned!(id_type.span()=> type Id = #id_type;);
        let id_constant = constant(visibility, &id.ident, &id.name, id_type);
        let constants = fields.iter().map(|field| field.constant(visibility));
        let id_call = id.call(self.slug_field());
        let field_calls = fields.iter().map(|field| field.call());
        let index_tokens = indexes.iter().map(|index| &index.tokens);
        let codec = self.attributes.codec.as_ref().map(|codec| codec.call());
        let feed = self.attributes.feed.map(|_| quote!(.with_feed()));
        let declaration = quote! {
            ::arbour::documents::Declaration::new(#collection)
                #id_call
                #(#field_calls)*
                #(.index(#index_tokens))*
                #codec
                #feed
        };
        let declaration = self.attributes.versions.declare(self.version, declaration);
        let id_checks = id.checks();
        let checks = fields.iter().map(|field| field.checks());
        quote! {
            // A program uses only some of the constants. A field may have a type that fewer modules
            // see than the document.
            #[automatically_derived]
            #[allow(dead_code, private_interfaces)]
            impl #ident {
                #id_constant
                #(#constants)*
            }

            #[automatically_derived]
            impl ::arbour::documents::Document for #ident {
                #type_of_id

                fn declaration() -> ::arbour::documents::Declaration<Self> {
                    #declaration
                }
            }

            #id_checks
            #(#checks)*
        }
    }

    /// Returns the stored name of the field whose slug is the id.
    fn slug_field(&self) -> Option<&str> {
        let Origin::Slug(slug) = &self.id.as_ref()?.origin else { return None };
        let mut fields = self.fields.iter().map(|candidate| &candidate.field);
        let field = fields.find(|field| field.ident.unraw() == slug.unraw());
        field.map(|field| field.name.as_str())
    }
}

impl Candidate {
    fn of_struct(field: StructField, diagnostics: &mut Diagnostics) -> Self {
        let StructField { name, kind, source, mut options } = field;
        let text = name.value();
        let words = text.split(|letter: char| !letter.is_alphanumeric() && letter != '_');
        let word: Vec<&str> = words.filter(|word| !word.is_empty()).collect();
        let ident = syn::parse_str::<Ident>(&word.join("_")).map_or_else(
            |_| {
                let message = "this name cannot be the name of a constant: begin with a letter";
                diagnostics.add(name.span(), message);
                Ident::new("computed", name.span())
            },
            |mut ident| {
                ident.set_span(name.span());
                ident
            },
        );
        let kind = match &source {
            Source::Path(path) if path.value().contains("[]") => {
                if let Some(span) = options.default.as_ref().map(|default| default.span()) {
                    let message = "there is a value for each element of the array, and no place for \
                                   a default: remove it";
                    diagnostics.add(span, message);
                }
                // The type is that of an element.
                options.many = options.many.or(Some(path.span()));
                parse_quote_spanned!(kind.span()=> ::std::vec::Vec<#kind>)
            }
            _ => kind,
        };
        // What is absent within another type is up to that type.
        let absent_is_null = false;
        let field = DeclaredField { ident, name: text, kind, source, options, absent_is_null };
        Self { field, is_declared: true, serde: SerdeAttributes::default() }
    }
}

fn collection_name(
    input: &DeriveInput,
    attributes: &CollectionAttributes,
    diagnostics: &mut Diagnostics,
) -> String {
    let Some(name) = &attributes.collection else {
        let message = "a document belongs to a collection: add `#[document(collection = \"...\")]` \
                       to the struct";
        diagnostics.add(input.ident.span(), message);
        return String::new();
    };
    if let Err(reason) = check_name("a collection", &name.value()) {
        diagnostics.add(name.span(), reason);
    }
    name.value()
}

/// Checks a name that becomes part of the name of a tree.
fn check_name(what: &str, name: &str) -> Result<(), String> {
    if name.is_empty() || name.len() > NAME_BYTES_MAX {
        return Err(format!("the name {name:?} of {what} must have 1 to {NAME_BYTES_MAX} bytes"));
    }
    if name.contains(['/', '\0']) {
        return Err(format!("the name {name:?} of {what} must have no slash and no NUL in it"));
    }
    Ok(())
}

/// Tells whether a step of a path names one element of an array, which no path does.
fn is_numbered(step: &str) -> bool {
    step.trim_end_matches("[]").contains(['[', ']'])
}
