//! Which packages changed since their tests last passed.

use std::collections::{BTreeMap, BTreeSet};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::path::{Component, Path, PathBuf};
use std::process::Command;
use std::{fs, io};

use serde_json::Value;

/// The contents of the packages of a workspace, as one number for each.
///
/// The number covers all files of the package, the sources of the packages it depends on, also for
/// its tests, what the files include by a path, `Cargo.lock`, and the compiler.
///
/// ```
/// let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
/// let contents = arbour_tidy::contents(root).unwrap();
/// assert!(contents.contains_key("arbour-tidy"));
/// assert_eq!(contents, arbour_tidy::contents(root).unwrap());
/// ```
pub type Contents = BTreeMap<String, u64>;

struct Package {
    name: String,
    folder: PathBuf,
    /// The packages of this workspace that it depends on, also for its tests.
    dependencies: Vec<String>,
}

/// Reads what the packages of a workspace contain now.
///
/// # Errors
/// If Cargo or Git cannot be run, or a file cannot be read.
///
/// ```
/// assert!(arbour_tidy::contents(std::path::Path::new("no workspace")).is_err());
/// ```
pub fn contents(root: &Path) -> io::Result<Contents> {
    // Cargo names absolute paths.
    let root = &fs::canonicalize(root)?;
    let packages = packages(root)?;
    let files: BTreeSet<PathBuf> = files(root)?.into_iter().map(|name| root.join(name)).collect();
    let mut toolchain = DefaultHasher::new();
    output(Command::new("rustc").arg("-vV"))?.hash(&mut toolchain);
    for name in ["Cargo.lock", "Cargo.toml"] {
        fs::read(root.join(name))?.hash(&mut toolchain);
    }
    let mut contents = Contents::new();
    for package in &packages {
        let mut hash = toolchain.clone();
        let is_own = |file: &&PathBuf| owner(file, &packages) == Some(&package.name);
        let own: Vec<&PathBuf> = files.iter().filter(is_own).collect();
        if own.is_empty() {
            return Err(io::Error::other(format!("git knows no file of {}", package.name)));
        }
        for file in own {
            add(file, &mut hash)?;
        }
        for dependency in reached(package, &packages) {
            let sources = dependency.folder.join("src");
            for file in files.iter().filter(|file| file.starts_with(&sources)) {
                add(file, &mut hash)?;
            }
            fs::read(dependency.folder.join("Cargo.toml"))?.hash(&mut hash);
        }
        contents.insert(package.name.clone(), hash.finish());
    }
    Ok(contents)
}

/// Lists the files of a repository that Git knows or would add, by their paths in it.
///
/// # Errors
/// If Git cannot be run there.
///
/// ```
/// let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
/// assert!(arbour_tidy::files(root).unwrap().contains(&"Cargo.toml".into()));
/// ```
pub fn files(root: &Path) -> io::Result<Vec<PathBuf>> {
    let options = ["ls-files", "--cached", "--others", "--exclude-standard"];
    let names = output(Command::new("git").current_dir(root).args(options))?;
    Ok(names.lines().map(PathBuf::from).collect())
}

/// Runs a command and returns what it prints.
fn output(command: &mut Command) -> io::Result<String> {
    let output = command.output()?;
    if !output.status.success() {
        return Err(io::Error::other(String::from_utf8_lossy(&output.stderr).into_owned()));
    }
    String::from_utf8(output.stdout).map_err(io::Error::other)
}

fn packages(root: &Path) -> io::Result<Vec<Package>> {
    let options = ["metadata", "--no-deps", "--offline", "--format-version", "1"];
    let metadata = output(Command::new("cargo").current_dir(root).args(options))?;
    let metadata: Value = serde_json::from_str(&metadata)?;
    let list = |value: &Value, name: &str| {
        value.get(name).and_then(Value::as_array).cloned().unwrap_or_default()
    };
    let text = |value: &Value, name: &str| {
        value.get(name).and_then(Value::as_str).unwrap_or_default().to_owned()
    };
    let packages = list(&metadata, "packages");
    Ok(packages
        .iter()
        .map(|package| Package {
            name: text(package, "name"),
            folder: PathBuf::from(text(package, "manifest_path"))
                .parent()
                .map(Path::to_owned)
                .unwrap_or_default(),
            dependencies: list(package, "dependencies")
                .iter()
                .filter(|dependency| dependency.get("path").is_some())
                .map(|dependency| text(dependency, "name"))
                .collect(),
        })
        .collect())
}

/// The package whose folder a file is in; the innermost one, because the root's contains the others'.
fn owner<'p>(file: &Path, packages: &'p [Package]) -> Option<&'p String> {
    let around = packages.iter().filter(|package| file.starts_with(&package.folder));
    around.max_by_key(|package| package.folder.components().count()).map(|package| &package.name)
}

/// The packages that a package depends on, directly or not.
fn reached<'p>(package: &Package, packages: &'p [Package]) -> Vec<&'p Package> {
    let mut names: BTreeSet<&str> = BTreeSet::new();
    let mut next: Vec<&str> = package.dependencies.iter().map(String::as_str).collect();
    while let Some(name) = next.pop() {
        if names.insert(name) {
            let found = packages.iter().find(|package| package.name == name);
            next.extend(
                found.into_iter().flat_map(|found| &found.dependencies).map(String::as_str),
            );
        }
    }
    packages.iter().filter(|other| names.contains(&*other.name)).collect()
}

/// Adds a file, and those that it includes by a path.
fn add(file: &Path, hash: &mut DefaultHasher) -> io::Result<()> {
    let bytes = match fs::read(file) {
        // It was deleted, and the deletion is not committed yet.
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        bytes => bytes?,
    };
    file.hash(hash);
    bytes.hash(hash);
    if file.extension().is_none_or(|ending| ending != "rs") {
        return Ok(());
    }
    let text = String::from_utf8_lossy(&bytes);
    for (_, rest) in text.match_indices("\"../").map(|(at, _)| text.split_at(at + 1)) {
        let Some((path, _)) = rest.split_once('"') else { continue };
        let folder = file.parent().unwrap_or(Path::new(""));
        let included = normal(&folder.join(path));
        if included.is_file() {
            fs::read(&included)?.hash(hash);
        }
    }
    Ok(())
}

/// Removes `..` from a path without asking the file system.
fn normal(path: &Path) -> PathBuf {
    let mut normal = PathBuf::new();
    for part in path.components() {
        match part {
            Component::ParentDir => drop(normal.pop()),
            part => normal.push(part),
        }
    }
    normal
}
