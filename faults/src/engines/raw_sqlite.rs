//! SQLite without Arbour, but with the settings that the durability requires.

use std::path::Path;

use arbour_core::Durability;
use rusqlite::{Connection, OpenFlags, OptionalExtension as _, Result, params};

use crate::engine::{Attempt, Engine, Opening, Refusal, Store};
use crate::model::{Change, Entry, TREES};

pub(super) const ENGINE: Engine = Engine {
    name: "raw-sqlite",
    open: |path, opening| Ok(Box::new(Open(open(path, opening).map_err(Refusal::raw)?))),
    raw: None,
    verifies: false,
    names_full_device: false,
};

struct Open(Connection);

fn open(path: &Path, opening: Opening) -> Result<Connection> {
    let mut flags = OpenFlags::default();
    flags.set(OpenFlags::SQLITE_OPEN_CREATE, opening == Opening::Create);
    let connection = Connection::open_with_flags(path, flags)?;
    connection.query_row("PRAGMA journal_mode = WAL", [], |_| Ok(()))?;
    connection.query_row("SELECT count(*) FROM sqlite_schema", [], |_| Ok(()))?;
    Ok(connection)
}

fn table(tree: usize) -> String {
    format!("tree_{}", TREES.get(tree).copied().unwrap_or_default())
}

impl Open {
    fn write(&self, changes: &[Change], durability: Durability) -> Result<()> {
        let level = if durability == Durability::PowerLoss { "FULL" } else { "NORMAL" };
        self.0.execute_batch(&format!("PRAGMA synchronous = {level}"))?;
        let transaction = self.0.unchecked_transaction()?;
        for Change { tree, key, value } in changes {
            let table = table(*tree);
            transaction.execute_batch(&format!(
                "CREATE TABLE IF NOT EXISTS {table} \
                 (k BLOB NOT NULL PRIMARY KEY, v BLOB NOT NULL) STRICT, WITHOUT ROWID"
            ))?;
            match value {
                Some(value) => transaction
                    .execute(&format!("REPLACE INTO {table} VALUES (?, ?)"), params![key, value])?,
                None => transaction.execute(&format!("DELETE FROM {table} WHERE k = ?"), [key])?,
            };
        }
        transaction.commit()
    }

    fn scan(&self, tree: usize) -> Result<Vec<Entry>> {
        let table = table(tree);
        let exists = "SELECT 1 FROM sqlite_schema WHERE name = ?";
        if self.0.query_row(exists, [&table], |_| Ok(())).optional()?.is_none() {
            return Ok(Vec::new());
        }
        let mut statement = self.0.prepare(&format!("SELECT k, v FROM {table} ORDER BY k"))?;
        let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
        rows.collect()
    }
}

impl Store for Open {
    fn commit(&self, changes: &[Change], durability: Durability) -> Attempt<()> {
        self.write(changes, durability).map_err(Refusal::raw)
    }

    fn reads(&self, tree: usize, _: &[&[u8]]) -> Vec<(&'static str, Attempt<Vec<Entry>>)> {
        vec![("scan", self.scan(tree).map_err(Refusal::raw))]
    }

    fn sync(&self) -> Attempt<()> {
        let checkpoint = "PRAGMA synchronous = FULL; PRAGMA wal_checkpoint(FULL)";
        self.0.execute_batch(checkpoint).map_err(Refusal::raw)
    }

    fn close(self: Box<Self>) -> Attempt<()> {
        self.0.close().map_err(|(_, error)| Refusal::raw(error))
    }
}
