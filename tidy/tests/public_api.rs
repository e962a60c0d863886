//! The public API is recorded in a file, so that it grows by decision and not by accident.

use std::fs;
use std::path::Path;

use arbour_tidy::{api, sources};

/// The maximum number of public types in core and root together, without the engine kit.
const TYPES_MAX: usize = 168;

const PAGE: &str = "docs/api.txt";

/// The crates whose API an application or the author of an engine uses.
const CRATES: [(&str, &str); 2] = [("arbour", "src"), ("arbour_core", "core/src")];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the crate is in the repository")
}

fn listed() -> String {
    let mut page = String::new();
    for (name, folder) in CRATES {
        let sources = sources(&root().join(folder)).expect("the sources can be read");
        let lines = api(&sources);
        page.push_str(&format!("{name}\n\n{}\n\n", lines.join("\n")));
    }
    page
}

#[test]
fn the_public_api_is_as_it_was_decided() {
    let (path, now) = (root().join(PAGE), listed());
    if std::env::var_os("ARBOUR_WRITE_API").is_some() {
        fs::write(&path, &now).expect("the page can be written");
    }
    let decided = fs::read_to_string(&path).expect("there is a page");
    let is_in = |page: &str, line: &str| page.lines().any(|other| other == line);
    let gone = decided.lines().filter(|line| !is_in(&now, line)).map(|line| format!("- {line}"));
    let new = now.lines().filter(|line| !is_in(&decided, line)).map(|line| format!("+ {line}"));
    let changes: Vec<String> = gone.chain(new).collect();
    assert!(
        changes.is_empty() && now == decided,
        "the public API changed; if that is meant, run the test with ARBOUR_WRITE_API=1 and commit \
         {PAGE}:\n{}",
        changes.join("\n")
    );
}

#[test]
fn there_are_no_more_types_than_decided() {
    let page = listed();
    let kinds = ["struct ", "enum ", "trait ", "type "];
    let types = page.lines().filter(|line| {
        let name = kinds.iter().find_map(|kind| line.strip_prefix(kind));
        // An item below a type is a part of it.
        name.is_some_and(|name| {
            let own = name.split('<').next().unwrap_or(name);
            let last = own.rsplit("::").nth(1).unwrap_or_default();
            let is_part = last.starts_with(|first: char| first.is_uppercase());
            !is_part && !own.starts_with("engine::")
        })
    });
    let count = types.count();
    assert!(count <= TYPES_MAX, "{count} public types; {TYPES_MAX} were decided");
}
