//! House rules that a machine can check, so that no reviewer has to.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use arbour::Registry;
use arbour_tidy::{api, sources};

/// The maximum length of a file, in lines that are not documentation.
const FILE_LINES_MAX: usize = 400;

/// The maximum length of a function, in lines.
const FUNCTION_LINES_MAX: usize = 70;

/// Names that say nothing about the contents of a file.
const BANNED_NAMES: [&str; 5] = ["util", "utils", "common", "misc", "helpers"];

/// The files that every backend has, so that a reader of one backend knows the next.
const BACKEND_FILES: [&str; 7] =
    ["contract.rs", "cursor.rs", "error.rs", "lib.rs", "snapshot.rs", "store.rs", "transaction.rs"];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the crate is in the repository")
}

/// The files that git knows with this ending, and their text.
fn files(ending: &str) -> Vec<(PathBuf, String)> {
    let names = arbour_tidy::files(root()).expect("git lists the files").into_iter();
    let files: Vec<_> = names
        .filter(|name| name.to_string_lossy().ends_with(ending))
        .filter_map(|name| Some((name.clone(), fs::read_to_string(root().join(name)).ok()?)))
        .collect();
    assert!(!files.is_empty(), "there are {ending} files to check");
    files
}

/// Fails with every finding, not only the first one.
fn expect_none(rule: &str, findings: &[String]) {
    assert!(findings.is_empty(), "{rule}:\n{}", findings.join("\n"));
}

#[test]
fn files_hold_one_concept() {
    let mut findings = Vec::new();
    for (path, text) in files(".rs") {
        let is_code = |line: &&str| !line.trim_start().starts_with("//");
        let lines = text.lines().filter(is_code).count();
        if lines > FILE_LINES_MAX {
            findings.push(format!("{}: {lines} lines", path.display()));
        }
        let stem = path.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
        if BANNED_NAMES.contains(&stem) {
            findings.push(format!("{}: the name says nothing", path.display()));
        }
    }
    expect_none("a long file holds two concepts", &findings);
}

#[test]
fn functions_fit_on_a_page() {
    let mut findings = Vec::new();
    for (path, text) in files(".rs") {
        let mut begun: Option<(usize, usize)> = None;
        for (number, line) in text.lines().enumerate() {
            let indent = line.len() - line.trim_start().len();
            let is_function = ["fn ", "pub fn ", "pub(crate) fn ", "pub(super) fn ", "const fn "]
                .iter()
                .any(|start| line.trim_start().starts_with(start));
            if is_function {
                begun = Some((number, indent));
            }
            let Some((first, depth)) = begun else { continue };
            let ends = indent == depth && line.trim_start().starts_with('}');
            if ends || (is_function && line.ends_with(['}', ';'])) {
                let lines = number - first + 1;
                if lines > FUNCTION_LINES_MAX {
                    findings.push(format!("{}:{}: {lines} lines", path.display(), first + 1));
                }
                begun = None;
            }
        }
    }
    expect_none("a long function does two things", &findings);
}

#[test]
fn nothing_is_unfinished() {
    // Written in two parts so that this file does not find itself.
    let marks = ["FIX|ME", "XX|X", "TO|DO", "#[ign|ore", "```ign|ore", "db|g!(", "unimpl|emented!"];
    let marks = marks.map(|mark| mark.replace('|', ""));
    let mut findings = Vec::new();
    for (path, text) in files(".rs").into_iter().chain(files(".md")) {
        for (number, line) in text.lines().enumerate() {
            if marks.iter().any(|mark| line.contains(mark.as_str())) {
                findings.push(format!("{}:{}: {}", path.display(), number + 1, line.trim()));
            }
        }
    }
    expect_none("what is not finished is not committed", &findings);
}

/// The folders of the crates that others use.
fn libraries() -> Vec<PathBuf> {
    let backends = fs::read_dir(root().join("backends")).expect("there are backends");
    let backends = backends
        .map(|entry| Path::new("backends").join(entry.expect("it can be read").file_name()));
    let crates = ["core", "conformance", ""].map(PathBuf::from);
    crates.into_iter().chain(backends).map(|folder| folder.join("src")).collect()
}

/// The names of the items that a crate exports.
fn exported(src: &Path) -> BTreeSet<String> {
    let lines = api(&sources(&root().join(src)).expect("the sources can be read"));
    let name_of = |line: &String| {
        let after = ["fn", "struct", "enum", "trait", "type"].iter().find_map(|kind| {
            line.strip_prefix("const ").unwrap_or(line).strip_prefix(&format!("{kind} "))
        })?;
        let path = after.split(['<', '(', ' ']).next().unwrap_or(after);
        Some(path.rsplit("::").next().unwrap_or(path).to_owned())
    };
    let names: BTreeSet<String> = lines.iter().filter_map(name_of).collect();
    assert!(!names.is_empty(), "{} exports something", src.display());
    names
}

#[test]
fn public_items_show_an_example() {
    // Methods show an example if it teaches something; the type shows how they are used together.
    let kinds = ["fn", "struct", "enum", "trait", "type", "const fn"];
    let libraries: Vec<_> = libraries().into_iter().map(|src| (exported(&src), src)).collect();
    let mut findings = Vec::new();
    for (path, text) in files(".rs") {
        let Some((exported, _)) = libraries.iter().find(|(_, src)| path.starts_with(src)) else {
            continue;
        };
        let (mut docs, mut in_attribute) = (String::new(), false);
        for (number, line) in text.lines().enumerate() {
            in_attribute = (in_attribute || line.starts_with("#[")) && !line.ends_with(")]");
            let name = kinds.iter().find_map(|kind| line.strip_prefix(&format!("pub {kind} ")));
            let is_item = name.is_some_and(|name| {
                let is_end = |letter: char| !letter.is_alphanumeric() && letter != '_';
                exported.contains(name.split(is_end).next().unwrap_or(name))
            });
            if line.starts_with("///") || line == "#[doc(hidden)]" {
                docs.push_str(line);
            } else if is_item {
                if !docs.contains("```") && !docs.contains("#[doc(hidden)]") {
                    findings.push(format!("{}:{}: {line}", path.display(), number + 1));
                }
                docs.clear();
            } else if !in_attribute && !line.starts_with(['#', ')']) && !line.starts_with("//") {
                docs.clear();
            }
        }
    }
    expect_none("every public type, trait and function shows how it is used", &findings);
}

/// Returns the anchors of a page: its headings as GitHub spells them. A repeated heading gets a number.
fn anchors(page: &str) -> BTreeSet<String> {
    let mut anchors = BTreeSet::new();
    let mut is_code = false;
    for line in page.lines() {
        is_code ^= line.trim_start().starts_with("```");
        let heading = line.trim_start_matches('#').strip_prefix(' ');
        let Some(heading) = heading.filter(|_| line.starts_with('#') && !is_code) else { continue };
        // Only the text of a link counts.
        let shown = heading.split("](").map(|part| part.split_once(')').map_or(part, |end| end.1));
        let letters = shown.collect::<String>().to_lowercase();
        let keeps = |letter: &char| letter.is_alphanumeric() || " -_".contains(*letter);
        let anchor: String = letters.chars().filter(keeps).collect::<String>().replace(' ', "-");
        let further = (1..).map(|number| format!("{anchor}-{number}"));
        let mut names = std::iter::once(anchor.clone()).chain(further);
        anchors.extend(names.find(|name| !anchors.contains(name)));
    }
    anchors
}

/// Returns the targets of the links of a page, outside of code: `](TARGET)`.
fn links(page: &str) -> Vec<&str> {
    let mut links = Vec::new();
    let mut is_code = false;
    for line in page.lines() {
        is_code ^= line.trim_start().starts_with("```");
        if !is_code {
            let targets = line.split("](").skip(1);
            links.extend(targets.map(|rest| rest.split(')').next().unwrap_or_default()));
        }
    }
    links
}

#[test]
fn links_of_documents_lead_somewhere() {
    let mut findings = Vec::new();
    let mut count = 0;
    for (path, text) in files(".md") {
        for link in links(&text).into_iter().filter(|link| !link.contains("://")) {
            count += 1;
            let (target, anchor) = link.split_once('#').unwrap_or((link, ""));
            let folder = path.parent().unwrap_or(Path::new(""));
            let target = if target.is_empty() { path.clone() } else { folder.join(target) };
            let target = root().join(target);
            if !target.exists() {
                findings.push(format!("{}: {link}", path.display()));
            } else if !anchor.is_empty() {
                let page = fs::read_to_string(&target).unwrap_or_default();
                if !anchors(&page).contains(anchor) {
                    findings.push(format!("{}: {link}: there is no such heading", path.display()));
                }
            }
        }
    }
    assert!(count > 100, "{count} links were found");
    expect_none("a link leads nowhere", &findings);
}

#[test]
fn the_anchors_are_those_of_github() {
    let page =
        "# One, two\n## `Code` & more\n```sh\n# none\n```\n## [A](b.md) link\n## Twice\n## Twice\n";
    let expected = ["a-link", "code--more", "one-two", "twice", "twice-1"];
    assert_eq!(anchors(page), expected.map(str::to_owned).into());
}

/// A newcomer reads the README in one sitting.
#[test]
fn the_readme_is_short() {
    let readme = fs::read_to_string(root().join("README.md")).expect("there is a README");
    let lines = readme.lines().count();
    assert!(lines <= 200, "README.md has {lines} lines: longer walks are in docs/");
}

/// A program on a page becomes outdated unnoticed unless a test compiles it.
#[test]
fn every_program_of_a_page_is_compiled() {
    let lib = fs::read_to_string(root().join("src/lib.rs")).expect("there is a library");
    let mut findings = Vec::new();
    for (path, text) in files(".md") {
        let is_page = path.starts_with("docs") || path == Path::new("README.md");
        let include = format!("include_str!(\"../{}\")", path.display());
        if is_page && text.contains("```rust") && !lib.contains(&include) {
            findings.push(format!("{}: src/lib.rs does not include it", path.display()));
        }
    }
    expect_none("the programs of a page are not compiled", &findings);
}

#[test]
fn backends_have_the_same_files() {
    let backends = fs::read_dir(root().join("backends")).expect("there are backends");
    let mut findings = Vec::new();
    let mut count = 0;
    for backend in backends {
        let folder = backend.expect("a backend can be read").path();
        count += 1;
        for file in BACKEND_FILES {
            if !folder.join("src").join(file).exists() {
                findings.push(format!("{}: no src/{file}", folder.display()));
            }
        }
    }
    assert!(count > 0, "there are backends to check");
    expect_none("a backend lacks a file the others have", &findings);
}

/// What the author of an engine fills in has to be short enough to be read in one sitting.
#[test]
fn an_engine_of_ones_own_is_three_short_files() {
    let mut lines = 0;
    for name in ["database.rs", "reading.rs", "error.rs"] {
        let path = root().join("examples/own_engine/src").join(name);
        let file = fs::read_to_string(path).expect("the file is there");
        let is_code = |line: &&str| !line.trim().is_empty() && !line.trim().starts_with("//");
        lines += file.lines().filter(is_code).count();
    }
    assert!(lines < 150, "the three files have {lines} lines of code");
    for page in ["CONTRIBUTING.md", "docs/engines.md"] {
        let text = fs::read_to_string(root().join(page)).expect("there is a page");
        let words: Vec<&str> = text.split_whitespace().collect();
        let says = words.join(" ").contains(&format!("{lines} lines of code"));
        assert!(says, "{page} says another number than {lines} lines of code");
    }
}

/// The schemes in the table of engines in README.md, as in `redb:PATH`.
fn schemes_of_the_readme() -> Vec<String> {
    let readme = fs::read_to_string(root().join("README.md")).expect("there is a README");
    let (_, section) = readme.split_once("\n## Engines\n").expect("with a table of engines");
    let table = section.split("\n## ").next().unwrap_or_default();
    let rows = table.lines().filter_map(|line| line.split('|').nth(2));
    rows.filter_map(|cell| Some(cell.trim().strip_prefix('`')?.split_once(':')?.0.to_owned()))
        .collect()
}

#[test]
fn every_engine_of_the_readme_is_one() {
    let schemes = schemes_of_the_readme();
    assert!(schemes.len() > 1, "the README lists engines: {schemes:?}");
    let mut findings = Vec::new();
    for scheme in schemes {
        // A name that can be registered is not one of Arbour's, built in or not.
        let refused = Registry::built_in().register(&scheme, |_, _| arbour::open("memory:"));
        if refused.is_ok() {
            findings.push(format!("{scheme}: no URL has that scheme"));
        }
        if scheme != "memory" && !root().join("backends").join(&scheme).is_dir() {
            findings.push(format!("{scheme}: there is no backends/{scheme}"));
        }
    }
    expect_none("the README lists an engine that is none", &findings);
}

/// Fixtures are useless if they are not committed.
#[test]
fn no_fixture_is_ignored() {
    let ignored = Command::new("git")
        .args(["ls-files", "--others", "--ignored", "--exclude-standard", "--", "backends"])
        .current_dir(root())
        .output()
        .expect("git lists the files");
    let ignored = String::from_utf8(ignored.stdout).expect("names are UTF-8");
    let findings: Vec<String> =
        ignored.lines().filter(|name| name.contains("/fixtures/")).map(str::to_owned).collect();
    expect_none("git ignores a fixture", &findings);
}

#[test]
fn every_backend_has_files_of_old() {
    let mut findings = Vec::new();
    for backend in fs::read_dir(root().join("backends")).expect("there are backends") {
        let folder = backend.expect("a backend can be read").path();
        let engine = folder.file_name().expect("it has a name");
        if !folder.join("tests/fixtures").join(engine).join("v1").is_dir() {
            findings.push(format!("{}: no tests/fixtures/*/v1", folder.display()));
        }
    }
    expect_none("a backend has no file that it must open forever", &findings);
}
