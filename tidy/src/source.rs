//! The source files of a crate.

use std::fs;
use std::io;
use std::path::Path;

/// A module: a file of a crate, parsed.
///
/// ```
/// let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
/// assert!(arbour_tidy::sources(&root).unwrap().iter().any(|source| source.path == ["api"]));
/// ```
pub struct Source {
    /// The path of the module in its crate, without the crate's name.
    pub path: Vec<String>,
    /// Whether the file represents a folder of modules: `mod.rs` or `lib.rs`.
    pub is_parent: bool,
    /// The contents of the file.
    pub file: syn::File,
}

/// Parses all modules below the folder `src` of a crate, sorted by their paths.
///
/// # Errors
/// If a file cannot be read, or is not Rust.
///
/// ```
/// let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
/// assert!(arbour_tidy::sources(&root).unwrap().len() > 2);
/// ```
pub fn sources(src: &Path) -> io::Result<Vec<Source>> {
    let mut sources = Vec::new();
    read(src, &mut Vec::new(), &mut sources)?;
    sources.sort_by(|one, other| one.path.cmp(&other.path));
    Ok(sources)
}

fn read(folder: &Path, path: &mut Vec<String>, sources: &mut Vec<Source>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let file = entry?.path();
        let name = file.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let is_program = path.is_empty() && (name == "main" || name == "bin");
        if is_program {
            continue;
        }
        if file.is_dir() {
            path.push(name);
            read(&file, path, sources)?;
            path.pop();
        } else if file.extension().is_some_and(|ending| ending == "rs") {
            let parsed = syn::parse_file(&fs::read_to_string(&file)?)
                .map_err(|cause| io::Error::other(format!("{}: {cause}", file.display())))?;
            let is_parent = name == "mod" || (path.is_empty() && name == "lib");
            let mut path = path.clone();
            if !is_parent {
                path.push(name);
            }
            sources.push(Source { path, is_parent, file: parsed });
        }
    }
    Ok(())
}

/// Tells whether an item is compiled only for tests, or hidden from the documentation.
pub(crate) fn is_hidden(attributes: &[syn::Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        let text = quote::quote!(#attribute).to_string().replace(' ', "");
        text == "#[cfg(test)]" || text == "#[doc(hidden)]"
    })
}
