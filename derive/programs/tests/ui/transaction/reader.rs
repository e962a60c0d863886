// A call that needs a snapshot or a transaction, and gets something else.

use arbour::prelude::*;

#[derive(Serialize, Deserialize, Document)]
#[document(collection = "notes")]
pub struct Note {
    #[document(id, made)]
    id: u64,
    text: String,
}

#[derive(Debug)]
pub enum AppError {
    Empty,
}

fn main() -> arbour::Result<()> {
    let store = arbour::open("memory:")?;
    let notes = store.collection::<Note>()?;
    let note = || Note { id: 0, text: "a".to_owned() };
    let _ = notes.all().list(&store)?;
    let _ = notes.insert(&mut store, note())?;
    let mut snapshot = store.snapshot()?;
    let _ = notes.insert(&mut snapshot, note())?;
    // An error of the program's own: `try_write` is for that.
    store.write(|transaction| {
        let note = note();
        checked(&note)?;
        notes.insert(transaction, note)
    })?;
    Ok(())
}

fn checked(note: &Note) -> Result<(), AppError> {
    if note.text.is_empty() { Err(AppError::Empty) } else { Ok(()) }
}
