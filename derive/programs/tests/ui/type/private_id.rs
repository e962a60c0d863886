// An id is as visible as its document.

use arbour::prelude::*;

#[derive(Serialize, Deserialize, IndexValue)]
struct Reference(String);

#[derive(Serialize, Deserialize, Document)]
#[document(collection = "notes")]
pub struct Note {
    #[document(id)]
    reference: Reference,
}

fn main() {}
