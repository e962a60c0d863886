//! redb without Arbour.

use arbour_core::Durability;
use redb::{Database, ReadableDatabase as _, ReadableTable as _, TableDefinition, TableError};

use crate::engine::{Attempt, Engine, Opening, Refusal, Store};
use crate::model::{Change, Entry, TREES};

pub(super) const ENGINE: Engine = Engine {
    name: "raw-redb",
    open: |path, opening| {
        let database = match opening {
            Opening::Create => Database::create(path),
            Opening::Existing | Opening::Verified => Database::open(path),
        };
        Ok(Box::new(Open(database.map_err(Refusal::raw)?)))
    },
    raw: None,
    verifies: false,
    names_full_device: false,
};

struct Open(Database);

type Table = TableDefinition<'static, &'static [u8], &'static [u8]>;

fn table(tree: usize) -> Table {
    TableDefinition::new(TREES.get(tree).copied().unwrap_or_default())
}

impl Open {
    fn write(&self, changes: &[Change], durability: Durability) -> Result<(), redb::Error> {
        let mut transaction = self.0.begin_write()?;
        transaction.set_durability(match durability {
            Durability::None => redb::Durability::None,
            _ => redb::Durability::Immediate,
        })?;
        for Change { tree, key, value } in changes {
            let mut table = transaction.open_table(table(*tree))?;
            match value {
                Some(value) => drop(table.insert(key.as_slice(), value.as_slice())?),
                None => drop(table.remove(key.as_slice())?),
            }
        }
        Ok(transaction.commit()?)
    }

    fn scan(&self, tree: usize) -> Result<Vec<Entry>, redb::Error> {
        let table = match self.0.begin_read()?.open_table(table(tree)) {
            Err(TableError::TableDoesNotExist(_)) => return Ok(Vec::new()),
            table => table?,
        };
        let mut entries = Vec::new();
        for entry in table.iter()? {
            let (key, value) = entry?;
            entries.push((key.value().to_vec(), value.value().to_vec()));
        }
        Ok(entries)
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
        self.write(&[], Durability::PowerLoss).map_err(Refusal::raw)
    }

    fn close(self: Box<Self>) -> Attempt<()> {
        self.sync()
    }
}
