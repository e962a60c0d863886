//! Modules of a crate do not import each other in a cycle: each can be read after its imports.

use std::path::Path;

use arbour_tidy::{Source, circles, sources};

/// The crates without cycles. In backends and the suite, a store, its snapshots and its
/// transactions refer to each other, as the contract does.
const CRATES: [&str; 3] = ["core/src", "src", "tidy/src"];

#[test]
fn modules_do_not_import_each_other() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("it is in the repository");
    for folder in CRATES {
        let sources = sources(&root.join(folder)).expect("the sources can be read");
        assert!(sources.len() > 3, "{folder} has modules");
        let circles: Vec<String> =
            circles(&sources).iter().map(|circle| circle.join(", ")).collect();
        assert!(circles.is_empty(), "circles of imports in {folder}:\n{}", circles.join("\n"));
    }
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
