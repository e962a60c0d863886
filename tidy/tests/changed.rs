//! A package counts as changed when something changed that its tests depend on.

use std::fs;
use std::path::Path;
use std::process::Command;

use arbour_tidy::{Contents, contents};

fn write(root: &Path, name: &str, text: &str) {
    let path = root.join(name);
    fs::create_dir_all(path.parent().expect("it is in a folder")).expect("the folder can be made");
    fs::write(path, text).expect("the file can be written");
}

/// A workspace in which `above` depends on `below`, and `tests/one.rs` of `above` includes a text.
fn workspace(root: &Path) {
    write(root, "Cargo.toml", "[workspace]\nresolver = \"3\"\nmembers = [\"below\", \"above\"]\n");
    write(root, "Cargo.lock", "version = 4\n");
    for (name, dependencies) in
        [("below", ""), ("above", "[dependencies]\nbelow = { path = \"../below\" }\n")]
    {
        let manifest = format!(
            "[package]\nname = \"{name}\"\nversion = \"0.1.0\"\nedition = \"2024\"\n{dependencies}"
        );
        write(root, &format!("{name}/Cargo.toml"), &manifest);
        write(root, &format!("{name}/src/lib.rs"), "");
        write(root, &format!("{name}/tests/one.rs"), "");
    }
    write(root, "above/tests/one.rs", "const PAGE: &str = include_str!(\"../../page.md\");");
    write(root, "page.md", "one");
    let made = Command::new("git").args(["init", "-q"]).current_dir(root).status();
    assert!(made.expect("git runs").success());
}

/// Writes a file and returns the packages that have changed by that.
fn changed_by(root: &Path, name: &str) -> Vec<String> {
    let before: Contents = contents(root).expect("it is a workspace");
    write(root, name, "// changed");
    let now = contents(root).expect("it is a workspace");
    now.into_iter()
        .filter(|(name, now)| before.get(name) != Some(now))
        .map(|(name, _)| name)
        .collect()
}

#[test]
fn what_the_tests_of_a_package_depend_on_is_found() {
    let folder = tempfile::tempdir().expect("there is a temporary folder");
    let root = &fs::canonicalize(folder.path()).expect("it exists");
    workspace(root);
    assert_eq!(changed_by(root, "below/src/lib.rs"), ["above", "below"]);
    assert_eq!(changed_by(root, "below/src/new.rs"), ["above", "below"]);
    assert_eq!(changed_by(root, "below/tests/one.rs"), ["below"]);
    assert_eq!(changed_by(root, "above/src/lib.rs"), ["above"]);
    assert_eq!(changed_by(root, "page.md"), ["above"], "it is included by a path");
    assert_eq!(changed_by(root, "other.md"), [""; 0]);
    assert_eq!(changed_by(root, "above/tests/one.rs"), ["above"]);
}

/// The programs of this folder call it so.
#[test]
fn a_relative_path_leads_to_the_same_packages() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("it is in the repository");
    let relative = contents(Path::new("..")).expect("it is a workspace");
    assert_eq!(relative, contents(root).expect("it is a workspace"));
}

#[test]
fn another_version_of_a_dependency_changes_every_package() {
    let folder = tempfile::tempdir().expect("there is a temporary folder");
    let root = &fs::canonicalize(folder.path()).expect("it exists");
    workspace(root);
    let before = contents(root).expect("it is a workspace");
    write(root, "Cargo.lock", "version = 4\n\n");
    let now = contents(root).expect("it is a workspace");
    assert!(now.iter().all(|(name, now)| before.get(name) != Some(now)), "{now:?}");
}
