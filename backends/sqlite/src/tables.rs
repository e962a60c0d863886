//! The tables of trees: their names, and their creation.

use std::collections::BTreeSet;

use arbour_core::{Error, ErrorKind, Operation, Result};
use rusqlite::Connection;

use crate::error;

/// The prefix of the names of tree tables.
const PREFIX: &str = "tree_";

/// Returns the name of the table of a tree.
pub(crate) fn table_name(tree: &str) -> String {
    spelled(PREFIX, tree)
}

/// Adds a prefix to a name. SQLite compares names ignoring the case of ASCII letters, so capital
/// letters are marked.
pub(crate) fn spelled(prefix: &str, name: &str) -> String {
    let mut spelled = String::with_capacity(prefix.len() + name.len());
    spelled.push_str(prefix);
    for letter in name.chars() {
        if letter == '^' || letter.is_ascii_uppercase() {
            spelled.push('^');
        }
        spelled.push(letter.to_ascii_lowercase());
    }
    spelled
}

/// Returns the name of the tree of a table, or `None` if the table is not a tree's.
pub(crate) fn tree_name(table: &str) -> Option<String> {
    let mut letters = table.strip_prefix(PREFIX)?.chars();
    let mut tree = String::with_capacity(table.len());
    while let Some(letter) = letters.next() {
        tree.push(match letter {
            '^' => match letters.next()? {
                '^' => '^',
                small if small.is_ascii_lowercase() => small.to_ascii_uppercase(),
                _ => return None,
            },
            capital if capital.is_ascii_uppercase() => return None,
            other => other,
        });
    }
    (!tree.is_empty()).then_some(tree)
}

/// Returns the trees that have a table, each with the name of that table.
///
/// The schema contains the name of each table twice: in the statement that created it, by which
/// SQLite finds the table, and in a column of its own. If the two differ, one is damaged, and a
/// list of either would lack a tree.
///
/// # Errors
/// [`Corrupted`](ErrorKind::Corrupted) in that case.
pub(crate) fn of_trees(
    connection: &Connection,
    operation: Operation,
) -> Result<Vec<(String, String)>> {
    let names = |sql: &str| -> rusqlite::Result<BTreeSet<String>> {
        let mut names = connection.prepare(sql)?;
        names.query_map([], |row| row.get(0))?.collect()
    };
    let written = names("SELECT name FROM main.sqlite_schema WHERE type = 'table'");
    let parsed = names(
        "SELECT name FROM pragma_table_list
         WHERE schema = 'main' AND type <> 'view' AND name <> 'sqlite_schema'",
    );
    let failed = |cause| error::own(cause, operation);
    let (written, parsed) = (written.map_err(failed)?, parsed.map_err(failed)?);
    if let Some(name) = written.symmetric_difference(&parsed).next() {
        let message = format!("the schema of the database is damaged where it names {name:?}");
        return Err(Error::new(ErrorKind::Corrupted, operation, message));
    }
    Ok(written.into_iter().filter_map(|table| Some((tree_name(&table)?, table))).collect())
}

/// Quotes the name of a table for use in SQL, qualified so that it never refers to a temporary
/// table of the same name.
pub(crate) fn quoted(table: &str) -> String {
    format!("main.{}", identifier(table))
}

/// Quotes the name of a table or a view, without its database: a view reads from its own.
pub(crate) fn identifier(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// Returns the statement that creates a table. `STRICT` restricts what SQL writes to blobs: keys of
/// another type have another order, and reads would not find them.
pub(crate) fn creation(quoted: &str) -> String {
    format!(
        "CREATE TABLE IF NOT EXISTS {quoted} \
         (k BLOB PRIMARY KEY NOT NULL, v BLOB NOT NULL) STRICT, WITHOUT ROWID"
    )
}

#[cfg(test)]
mod tests {
    use super::{quoted, table_name, tree_name};

    #[test]
    fn names_come_back() {
        for (tree, table) in [
            ("users", "tree_users"),
            ("userNames", "tree_user^names"),
            ("^", "tree_^^"),
            ("^A^^a", "tree_^^^a^^^^a"),
            ("arbour/meta", "tree_arbour/meta"),
            ("\u{c4}\u{df}", "tree_\u{c4}\u{df}"),
            ("sqlite_master", "tree_sqlite_master"),
            ("a\"b", "tree_a\"b"),
        ] {
            assert_eq!(table_name(tree), table);
            assert_eq!(tree_name(table).as_deref(), Some(tree));
        }
        assert_eq!(quoted("tree_a\"b"), "main.\"tree_a\"\"b\"");
    }

    #[test]
    fn other_tables_are_no_trees() {
        for table in ["users", "tree_", "tree_Users", "tree_^", "tree_^1", "TREE_users"] {
            assert_eq!(tree_name(table), None, "{table}");
        }
    }
}
