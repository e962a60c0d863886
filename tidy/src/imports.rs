//! Cyclic imports between the modules of a crate.

use std::collections::{BTreeMap, BTreeSet};

use syn::visit::{self, Visit};
use syn::{ItemMod, ItemUse, UseTree, Visibility};

use crate::source::{Source, is_hidden};

/// A path within a crate, without the crate's name.
type Path = Vec<String>;

/// What a module uses of its crate.
#[derive(Default)]
struct Named {
    module: Path,
    /// What it imports or names in place.
    imports: Vec<Path>,
    /// What it exports under a name of its own.
    exports: BTreeMap<String, Path>,
}

/// Lists the cycles of modules that import each other, each as the paths of its modules.
///
/// An import of a name that a parent re-exports counts as an import of the module that defines it.
/// A re-export does not count as an import of the parent. Test modules are left out.
///
/// ```
/// let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
/// assert!(arbour_tidy::circles(&arbour_tidy::sources(&root).unwrap()).is_empty());
/// ```
#[must_use]
pub fn circles(sources: &[Source]) -> Vec<Vec<String>> {
    let modules: BTreeSet<Path> = sources.iter().map(|source| source.path.clone()).collect();
    let named: Vec<Named> = sources.iter().map(|source| names_of(source, &modules)).collect();
    let exports: BTreeMap<&Path, &BTreeMap<String, Path>> =
        named.iter().map(|named| (&named.module, &named.exports)).collect();
    let mut reached: BTreeMap<&Path, BTreeSet<Path>> = BTreeMap::new();
    for named in &named {
        let imports = named.imports.iter();
        let imported = imports.filter_map(|path| home_of(path.clone(), &modules, &exports, 0));
        let others = imported.filter(|module| *module != named.module);
        reached.insert(&named.module, others.collect());
    }
    close(&mut reached);
    let mut circles = BTreeSet::new();
    for (module, targets) in &reached {
        if targets.contains(*module) {
            let is_back = |other: &&Path| {
                reached.get(*other).is_some_and(|targets| targets.contains(*module))
            };
            let circle: BTreeSet<Path> = targets.iter().filter(is_back).cloned().collect();
            circles.insert(circle);
        }
    }
    let names = |circle: BTreeSet<Path>| circle.iter().map(|path| path.join("::")).collect();
    circles.into_iter().map(names).collect()
}

/// Adds to each module what the modules it imports import.
fn close(reached: &mut BTreeMap<&Path, BTreeSet<Path>>) {
    loop {
        let before: usize = reached.values().map(BTreeSet::len).sum();
        let snapshot = reached.clone();
        for targets in reached.values_mut() {
            let further = targets.iter().filter_map(|target| snapshot.get(target)).flatten();
            let further: Vec<Path> = further.cloned().collect();
            targets.extend(further);
        }
        if reached.values().map(BTreeSet::len).sum::<usize>() == before {
            return;
        }
    }
}

/// The maximum number of re-exports followed from one name, because they can form a cycle of their
/// own.
const RE_EXPORTS_MAX: usize = 8;

/// Returns the module that defines what a path names.
fn home_of(
    path: Path,
    modules: &BTreeSet<Path>,
    exports: &BTreeMap<&Path, &BTreeMap<String, Path>>,
    followed: usize,
) -> Option<Path> {
    let halves = (0..=path.len()).rev().filter_map(|length| path.split_at_checked(length));
    let (module, rest) = halves.clone().find(|(module, _)| modules.contains(*module))?;
    let module = module.to_vec();
    let exported = rest.first().and_then(|name| exports.get(&module)?.get(name));
    match exported {
        Some(target) if followed < RE_EXPORTS_MAX && *target != path => {
            let target = [target.as_slice(), rest.get(1..).unwrap_or_default()].concat();
            home_of(target, modules, exports, followed + 1)
        }
        _ => Some(module),
    }
}

fn names_of(source: &Source, modules: &BTreeSet<Path>) -> Named {
    let mut collector = Collector {
        modules,
        is_parent: source.is_parent,
        named: Named { module: source.path.clone(), ..Named::default() },
    };
    collector.visit_file(&source.file);
    collector.named
}

struct Collector<'m> {
    modules: &'m BTreeSet<Path>,
    is_parent: bool,
    named: Named,
}

impl Collector<'_> {
    /// Returns a path relative to the root of the crate; `None` if it leads to another crate.
    fn absolute(&self, path: &[String]) -> Option<Path> {
        let (first, rest) = path.split_first()?;
        let module = &self.named.module;
        match first.as_str() {
            "crate" => Some(rest.to_vec()),
            "self" => Some([module.as_slice(), rest].concat()),
            "super" => {
                let levels = path.iter().take_while(|name| *name == "super").count();
                let parent = module.get(..module.len().checked_sub(levels)?)?;
                Some([parent, path.get(levels..)?].concat())
            }
            name => {
                let child = [module.as_slice(), &[name.to_owned()]].concat();
                self.modules.contains(&child).then(|| [module.as_slice(), path].concat())
            }
        }
    }

    fn add_use(&mut self, tree: &UseTree, before: &mut Path, is_export: bool) {
        match tree {
            UseTree::Path(path) => {
                before.push(path.ident.to_string());
                self.add_use(&path.tree, before, is_export);
                before.pop();
            }
            UseTree::Group(group) => {
                for tree in &group.items {
                    self.add_use(tree, before, is_export);
                }
            }
            UseTree::Name(name) => self.add_name(name.ident.to_string(), None, before, is_export),
            UseTree::Rename(rename) => {
                let own = rename.rename.to_string();
                self.add_name(rename.ident.to_string(), Some(own), before, is_export);
            }
            UseTree::Glob(_) => {
                if let Some(path) = self.absolute(before) {
                    self.named.imports.push(path);
                }
            }
        }
    }

    fn add_name(&mut self, name: String, own: Option<String>, before: &Path, is_export: bool) {
        let full = if name == "self" {
            before.clone()
        } else {
            [before.as_slice(), std::slice::from_ref(&name)].concat()
        };
        let Some(path) = self.absolute(&full) else { return };
        if is_export {
            self.named.exports.insert(own.unwrap_or(name), path.clone());
        }
        if !(is_export && self.is_parent) {
            self.named.imports.push(path);
        }
    }
}

impl<'ast> Visit<'ast> for Collector<'_> {
    fn visit_item_mod(&mut self, module: &'ast ItemMod) {
        if !is_hidden(&module.attrs) {
            visit::visit_item_mod(self, module);
        }
    }

    fn visit_item_use(&mut self, item: &'ast ItemUse) {
        let is_export = !matches!(item.vis, Visibility::Inherited);
        self.add_use(&item.tree, &mut Vec::new(), is_export);
    }

    /// A visibility such as `pub(super)` says who may import, and imports nothing.
    fn visit_visibility(&mut self, _: &'ast Visibility) {}

    fn visit_path(&mut self, path: &'ast syn::Path) {
        let names: Path = path.segments.iter().map(|segment| segment.ident.to_string()).collect();
        let is_own = matches!(names.first().map(String::as_str), Some("crate" | "super"));
        if is_own && let Some(path) = self.absolute(&names) {
            self.named.imports.push(path);
        }
        visit::visit_path(self, path);
    }
}
