// One transaction, borrowed twice.

use arbour::prelude::*;
use arbour::{Cursor, Direction, KeyRange};

#[derive(Serialize, Deserialize, Document)]
#[document(collection = "notes")]
pub struct Note {
    #[document(id, made)]
    id: u64,
    text: String,
}

fn main() -> arbour::Result<()> {
    let store = arbour::open("memory:")?;
    let notes = store.collection::<Note>()?;
    let tree = store.tree("tree")?;
    let note = || Note { id: 0, text: "a".to_owned() };

    // The savepoint is written through its own argument.
    store.write(|transaction| {
        transaction.savepoint(|_part| notes.insert(transaction, note()).map(drop))
    })?;

    // A cursor reads the transaction: collect first, then write.
    store.write(|transaction| {
        let mut cursor = transaction.scan(&tree, KeyRange::all(), Direction::Forward)?;
        while let Some((key, _)) = cursor.next()? {
            transaction.delete(&tree, key)?;
        }
        Ok(())
    })?;

    // A closure may run again after a conflict: it clones what the transaction takes.
    let first = note();
    store.write(|transaction| notes.insert(transaction, first))?;

    // A transaction does not outlive its closure.
    let mut kept = None;
    store.write(|transaction| {
        kept = Some(transaction);
        Ok(())
    })
}
