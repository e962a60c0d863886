// A document without serde's derives.

use arbour::prelude::*;

#[derive(Document)]
#[document(collection = "notes")]
pub struct Note {
    #[document(id, made)]
    id: u64,
}

fn main() {}
