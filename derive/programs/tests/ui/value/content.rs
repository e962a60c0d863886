// A newtype of something that a field cannot have, and one that cannot be an id.

use arbour::prelude::*;

#[derive(Serialize, Deserialize, IndexValue)]
struct Words(Vec<String>);

#[derive(Serialize, Deserialize, IndexValue)]
struct Weight(f64);

#[derive(Serialize, Deserialize, Document)]
#[document(collection = "notes")]
pub struct Note {
    #[document(id)]
    id: u64,
}

fn main() {
    let store = arbour::MemoryStore::new();
    let notes = store.collection::<Note>().unwrap();
    let _ = notes.get(&store.snapshot().unwrap(), Weight(1.0));
}
