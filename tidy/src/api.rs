//! The public API of a crate, one line for each item.

use std::collections::{BTreeMap, BTreeSet};

use quote::ToTokens;
use syn::{Fields, ImplItem, Item, TraitItem, UseTree, Visibility};

use crate::source::{Source, is_hidden};

/// Lists the public items of a crate with their signatures, sorted, each under the module that exports
/// it.
///
/// An item counts as public if its module is public, or if a public module re-exports it. A type that
/// no module exports is left out, even if it appears in a signature.
///
/// ```
/// let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
/// let lines = arbour_tidy::api(&arbour_tidy::sources(&root).unwrap());
/// assert!(lines.iter().any(|line| line.starts_with("fn sources(")), "{lines:#?}");
/// ```
#[must_use]
pub fn api(sources: &[Source]) -> Vec<String> {
    let exports = exports(sources);
    let mut lines = Vec::new();
    for source in sources {
        for item in &source.file.items {
            let Some(name) = name_of(item) else { continue };
            if let Some(module) = home_of(&source.path, &name, &exports) {
                add(item, &module, &mut lines);
            }
        }
    }
    lines.sort();
    lines.dedup();
    lines
}

/// The names that each public module declares or re-exports, by the path of the module.
type Exports = BTreeMap<Vec<String>, BTreeSet<String>>;

fn exports(sources: &[Source]) -> Exports {
    let mut exports = Exports::new();
    // Sources are sorted, so a parent comes before its modules.
    for source in sources {
        let is_exported = source.path.split_last().is_none_or(|(name, parent)| {
            exports.get(parent).is_some_and(|names| names.contains(&format!("mod {name}")))
        });
        if !is_exported {
            continue;
        }
        let mut names = BTreeSet::new();
        for item in &source.file.items {
            match item {
                Item::Mod(module) if is_public(&module.vis) => {
                    names.insert(format!("mod {}", module.ident));
                }
                Item::Use(found) if is_public(&found.vis) => add_names(&found.tree, &mut names),
                _ => names.extend(name_of(item)),
            }
        }
        exports.insert(source.path.clone(), names);
    }
    exports
}

/// Adds the names that a `pub use` exports.
fn add_names(tree: &UseTree, names: &mut BTreeSet<String>) {
    match tree {
        UseTree::Path(path) => add_names(&path.tree, names),
        UseTree::Name(name) => drop(names.insert(name.ident.to_string())),
        UseTree::Rename(rename) => drop(names.insert(rename.rename.to_string())),
        UseTree::Group(group) => group.items.iter().for_each(|tree| add_names(tree, names)),
        UseTree::Glob(_) => {}
    }
}

/// Finds the public module that exports a name: the nearest one above its file, or any other.
fn home_of(path: &[String], name: &str, exports: &Exports) -> Option<String> {
    let mut above = (0..=path.len()).rev().filter_map(|length| path.get(..length));
    let is_home = |module: &[String]| exports.get(module).is_some_and(|names| names.contains(name));
    let any = || exports.iter().find(|(_, names)| names.contains(name));
    let home = above
        .find(|module| is_home(module))
        .or_else(|| any().map(|(module, _)| module.as_slice()))?;
    Some(home.iter().map(|name| format!("{name}::")).collect())
}

/// The name of what an item declares, or of the type that it implements methods of.
fn name_of(item: &Item) -> Option<String> {
    match item {
        Item::Struct(found) => Some(found.ident.to_string()),
        Item::Enum(found) => Some(found.ident.to_string()),
        Item::Trait(found) => Some(found.ident.to_string()),
        Item::Fn(found) => Some(found.sig.ident.to_string()),
        Item::Type(found) => Some(found.ident.to_string()),
        Item::Const(found) => Some(found.ident.to_string()),
        Item::Impl(found) => {
            let name = text(&found.self_ty);
            Some(head_of(&name).rsplit("::").next().unwrap_or_default().to_owned())
        }
        _ => None,
    }
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
