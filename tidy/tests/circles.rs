//! Modules of a crate do not import each other in a cycle: each can be read after its imports.

use std::path::Path;

use arbour_tidy::{Source, circles, sources};

/// All crates of the workspace except the examples.
const CRATES: [&str; 14] = [
    "core/src",
    "src",
    "backends/fjall/src",
    "backends/lmdb/src",
    "backends/postgres/src",
    "backends/redb/src",
    "backends/rocksdb/src",
    "backends/sled/src",
    "backends/sqlite/src",
    "conformance/src",
    "derive/src",
    "benches/src",
    "faults/src",
    "tidy/src",
];

#[test]
fn modules_do_not_import_each_other() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("it is in the repository");
    let mut findings = Vec::new();
    for folder in CRATES {
        let sources = sources(&root.join(folder)).expect("the sources can be read");
        assert!(sources.len() > 3, "{folder} has modules");
        findings.extend(circles(&sources).iter().map(|circle| {
            let modules = circle.join(", ");
            format!("{folder}: {modules}")
        }));
    }
    assert!(findings.is_empty(), "modules import each other:\n{}", findings.join("\n"));
}

fn module(path: &[&str], is_parent: bool, text: &str) -> Source {
    let path = path.iter().map(|name| (*name).to_owned()).collect();
    Source { path, is_parent, file: syn::parse_file(text).expect("it is Rust") }
}

/// This includes imports by a name that the parent re-exports, and by a path in a signature.
#[test]
fn a_circle_is_found_however_it_is_written() {
    for second in
        ["use super::One;", "fn two(_: super::one::One) {}", "use crate::one::{One as It};"]
    {
        let modules = [
            module(&[], true, "mod one; mod two; pub use one::One; pub use two::Two;"),
            module(&["one"], false, "use super::two::Two; pub struct One(Two);"),
            module(&["two"], false, &format!("{second} pub struct Two;")),
        ];
        assert_eq!(circles(&modules), [["one", "two"]], "{second}");
    }
    let modules = [
        module(&[], true, "mod one; mod two; pub use one::One; pub use two::Two;"),
        module(&["one"], false, "use super::Two; pub struct One(Two);"),
        module(
            &["two"],
            false,
            "pub struct Two; #[cfg(test)] mod tests { use super::super::One; }",
        ),
    ];
    assert!(circles(&modules).is_empty());
}

#[test]
fn a_visibility_is_no_import() {
    let modules = [
        module(&[], true, "mod one; mod two;"),
        module(&["one"], true, "mod part; use part::Part; struct One(Part);"),
        module(&["one", "part"], false, "pub(super) struct Part(pub(in crate::two) u8);"),
        module(&["two"], false, "use crate::one::part::Part;"),
    ];
    assert!(circles(&modules).is_empty());
}
