//! The public API of a crate, one line for each item.

use quote::ToTokens;
use syn::{Fields, ImplItem, Item, TraitItem, Visibility};

use crate::source::{Source, is_hidden};

/// Lists the public items of a crate with their signatures, sorted.
///
/// Every `pub` item counts: the lint `unreachable_pub` refuses those that are not exported.
///
/// ```
/// let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
/// let lines = arbour_tidy::api(&arbour_tidy::sources(&root).unwrap());
/// assert!(lines.iter().any(|line| line.starts_with("fn sources(")), "{lines:#?}");
/// ```
#[must_use]
pub fn api(sources: &[Source]) -> Vec<String> {
    let root = sources.iter().find(|source| source.path.is_empty());
    let items = root.map(|root| root.file.items.as_slice()).unwrap_or_default();
    let public: Vec<String> = items
        .iter()
        .filter_map(|item| match item {
            Item::Mod(module) if is_public(&module.vis) => Some(module.ident.to_string()),
            _ => None,
        })
        .collect();
    let mut lines = Vec::new();
    for source in sources {
        let module = source.path.first().filter(|name| public.contains(name));
        let prefix = module.map_or_else(String::new, |name| format!("{name}::"));
        for item in &source.file.items {
            add(item, &prefix, &mut lines);
        }
    }
    lines.sort();
    lines.dedup();
    lines
}

fn is_public(visibility: &Visibility) -> bool {
    matches!(visibility, Visibility::Public(_))
}

fn add(item: &Item, prefix: &str, lines: &mut Vec<String>) {
    match item {
        Item::Struct(found) if is_public(&found.vis) && !is_hidden(&found.attrs) => {
            let name = format!("{prefix}{}", found.ident);
            lines.push(format!("struct {name}{}", text(&found.generics)));
            add_fields(&name, &found.fields, true, lines);
        }
        Item::Enum(found) if is_public(&found.vis) && !is_hidden(&found.attrs) => {
            let name = format!("{prefix}{}", found.ident);
            lines.push(format!("enum {name}{}", text(&found.generics)));
            for variant in &found.variants {
                let variant_name = format!("{name}::{}", variant.ident);
                lines.push(format!("variant {variant_name}"));
                add_fields(&variant_name, &variant.fields, false, lines);
            }
        }
        Item::Trait(found) if is_public(&found.vis) && !is_hidden(&found.attrs) => {
            let name = format!("{prefix}{}", found.ident);
            lines.push(format!("trait {name}{}", text(&found.generics)));
            for item in &found.items {
                match item {
                    TraitItem::Fn(function) => {
                        lines.push(function_line(&name, &function.sig));
                    }
                    TraitItem::Type(kind) => lines.push(format!("type {name}::{}", kind.ident)),
                    TraitItem::Const(constant) => {
                        lines.push(format!("const {name}::{}", constant.ident));
                    }
                    _ => {}
                }
            }
        }
        Item::Impl(found) if found.trait_.is_none() => {
            let name = format!("{prefix}{}", head_of(&text(&found.self_ty)));
            for item in &found.items {
                match item {
                    ImplItem::Fn(method) if is_public(&method.vis) && !is_hidden(&method.attrs) => {
                        lines.push(function_line(&name, &method.sig));
                    }
                    ImplItem::Const(constant) if is_public(&constant.vis) => {
                        lines.push(format!("const {name}::{}", constant.ident));
                    }
                    _ => {}
                }
            }
        }
        Item::Fn(found) if is_public(&found.vis) && !is_hidden(&found.attrs) => {
            let signature = text(&found.sig);
            let signature = signature.strip_prefix("fn ").unwrap_or(&signature);
            lines.push(format!("fn {prefix}{signature}"));
        }
        Item::Type(found) if is_public(&found.vis) && !is_hidden(&found.attrs) => {
            lines.push(format!("type {prefix}{}{}", found.ident, text(&found.generics)));
        }
        Item::Const(found) if is_public(&found.vis) && !is_hidden(&found.attrs) => {
            lines.push(format!("const {prefix}{}: {}", found.ident, text(&found.ty)));
        }
        _ => {}
    }
}

fn add_fields(name: &str, fields: &Fields, must_be_public: bool, lines: &mut Vec<String>) {
    for (number, field) in fields.iter().enumerate() {
        if must_be_public && !is_public(&field.vis) {
            continue;
        }
        let field_name = field.ident.as_ref().map_or_else(|| number.to_string(), text);
        lines.push(format!("field {name}::{field_name}: {}", text(&field.ty)));
    }
}

fn function_line(name: &str, signature: &syn::Signature) -> String {
    let signature = text(signature);
    let (before, after) = signature.split_once("fn ").unwrap_or(("", &signature));
    format!("{before}fn {name}::{after}")
}

/// The name of a type without its arguments: inherent methods are sorted below it.
fn head_of(name: &str) -> &str {
    name.split('<').next().unwrap_or(name)
}

/// The tokens of an item as a person writes them.
fn text(item: &impl ToTokens) -> String {
    let mut text = item.to_token_stream().to_string();
    for (from, to) in [
        (" :: ", "::"),
        (":: ", "::"),
        (" ::", "::"),
        (" < ", "<"),
        ("< ", "<"),
        (" <", "<"),
        (" >", ">"),
        ("& ", "&"),
        (" ,", ","),
        ("( ", "("),
        (" (", "("),
        (" )", ")"),
        (",)", ")"),
        ("[ ", "["),
        (" ]", "]"),
        (" ;", ";"),
        (" : ", ": "),
        ("->", " -> "),
        ("  ", " "),
    ] {
        text = text.replace(from, to);
    }
    text
}
