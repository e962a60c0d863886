//! The names of trees: which are accepted and which are refused, on any engine.

use arbour_core::engine::TreeName;
use arbour_core::{ErrorKind, KvRead, KvStore, Result};

use super::claims::refused;
use super::ways::read;
use crate::{Bed, Factory};

/// Case 49. Names may contain separators, quotes, spaces and any script, and may be names that
/// engines give to tables of their own.
pub(super) fn names_accepted<F: Factory>(bed: &mut Bed<F>) -> Result<()> {
    let longest = ["n".repeat(255), "\u{20ac}".repeat(85)];
    let mut names = vec![
        "a",
        "a/b",
        "a.b",
        "a b",
        " a",
        "a ",
        "a:b",
        "a\\b",
        "a%00b",
        "a\nb",
        "a\u{7f}",
        "/",
        ".",
        "..",
        "../a",
        "-",
        "_",
        "*",
        "?",
        "%",
        "'",
        "\"",
        "`",
        "[a]",
        "a'; drop table t; --",
        "\"a\"\"b\"",
        "0",
        "1e3",
        "null",
        "nul",
        "con",
        "select",
        "table",
        "rowid",
        "main",
        "temp",
        "sqlite_master",
        "sqlite_sequence",
        "sqlite_t",
        "default",
        "__sled__default",
        "meta",
        "arbour",
        "arbour.meta",
        "arbour\\meta",
        "arbour_meta",
        "Arbour/meta",
        " arbour/meta",
        "\u{e4}\u{f6}\u{fc}",
        "\u{65e5}\u{672c}",
        "\u{5e9}\u{5dc}",
        "\u{1f333}",
        "\u{feff}",
    ];
    names.extend(longest.iter().map(String::as_str));
    assert_names_distinct(bed, names)
}

/// A name that is empty, has more than 255 bytes or contains a NUL is refused, and creates nothing.
pub(super) fn names_refused<F: Factory>(bed: &mut Bed<F>) -> Result<()> {
    let t = bed.tree("t")?;
    bed.store().put(&t, b"a", b"1")?;
    // The last one has 86 characters and 258 bytes.
    let over_long = ["n".repeat(256), "n".repeat(70_000), "\u{20ac}".repeat(86)];
    let mut names = vec!["", "\0", "t\0", "\0t", "a\0b"];
    names.extend(over_long.iter().map(String::as_str));
    for name in names {
        let shown = name.escape_debug().take(20).collect::<String>();
        refused(bed.store().tree(name), ErrorKind::InvalidArgument, &shown);
    }
    bed.settle()?;
    let t = bed.tree("t")?;
    assert_eq!(read(bed.store(), &t, b"a")?, Some(b"1".to_vec()));
    assert_eq!(bed.trees_of(&bed.store().snapshot()?)?, ["t"]);
    Ok(())
}

/// Names that differ only by case, composition or trailing spaces are names of different trees.
/// SQLite's names of tables ignore the case of ASCII letters.
pub(super) fn names_differ_by_case<F: Factory>(bed: &mut Bed<F>) -> Result<()> {
    let names = [
        "x", "X", "x ", "ab", "aB", "Ab", "AB", "\u{e4}", "\u{c4}", "a\u{308}", "ss", "\u{df}",
        "SS", "i", "I", "\u{131}", "\u{130}", "k", "\u{212a}",
    ];
    assert_names_distinct(bed, names.to_vec())
}

/// Names under `arbour/` are refused for users and accepted for Arbour's own layers, whose trees
/// are listed like any other.
pub(super) fn reserved_names_refused<F: Factory>(bed: &mut Bed<F>) -> Result<()> {
    for name in ["arbour/", "arbour/meta", "arbour/doc/users", "arbour//"] {
        refused(bed.store().tree(name), ErrorKind::InvalidArgument, name);
    }
    let (own, users) = (TreeName::layer("arbour/doc/users")?, "arbour-doc-users");
    let (own, users) = (bed.store().open_tree(own)?, bed.tree(users)?);
    assert!(own != users);
    bed.store().put(&own, b"a", b"the layer's")?;
    bed.store().put(&users, b"a", b"the user's")?;
    bed.settle()?;
    let own = bed.store().open_tree(TreeName::layer("arbour/doc/users")?)?;
    let users = bed.tree("arbour-doc-users")?;
    assert_eq!(read(bed.store(), &own, b"a")?, Some(b"the layer's".to_vec()));
    assert_eq!(read(bed.store(), &users, b"a")?, Some(b"the user's".to_vec()));
    let listed = bed.trees_of(&bed.store().snapshot()?)?;
    assert_eq!(listed, ["arbour-doc-users", "arbour/doc/users"]);
    Ok(())
}

/// Asserts that each name makes a tree of its own, listed under exactly that name.
#[track_caller]
fn assert_names_distinct<F: Factory>(bed: &mut Bed<F>, mut names: Vec<&str>) -> Result<()> {
    for name in &names {
        let tree = bed.tree(name)?;
        assert_eq!(tree.name(), *name);
        bed.store().put(&tree, b"name", name.as_bytes())?;
    }
    bed.settle()?;
    for name in &names {
        let tree = bed.tree(name)?;
        assert_eq!(tree.name(), *name);
        let found = read(bed.store(), &tree, b"name")?;
        assert_eq!(found.as_deref(), Some(name.as_bytes()), "{name:?}");
        assert_eq!(bed.store().snapshot()?.len(&tree)?, 1, "{name:?}");
    }
    names.sort_unstable();
    assert_eq!(bed.trees_of(&bed.store().snapshot()?)?, names);
    // Emptying one tree does not change the others.
    let (emptied, others) = names.split_at(names.len() / 2);
    for name in emptied {
        bed.store().delete(&bed.tree(name)?, b"name")?;
    }
    bed.settle()?;
    assert_eq!(bed.trees_of(&bed.store().snapshot()?)?, others);
    Ok(())
}
