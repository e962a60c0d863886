// The attributes are right, and the types do not fit them.

use std::collections::BTreeMap;

use arbour::prelude::*;

#[derive(Serialize, Deserialize)]
enum Status {
    Open,
}

#[derive(Serialize, Deserialize, IndexValue)]
struct Reference(String);

#[derive(Serialize, Deserialize, IndexValue)]
struct Serial(u128);

#[derive(Serialize, Deserialize, Document)]
#[document(collection = "tickets", index(size, labels))]
struct Ticket {
    #[document(id, made)]
    id: Reference,
    #[document(index)]
    status: Status,
    #[document(index, many)]
    owner: String,
    #[document(words)]
    size: u64,
    labels: Vec<String>,
    #[document(many)]
    members: Vec<BTreeMap<String, u64>>,
    #[document(field, default = "none")]
    count: u64,
    // Without the feature `time` of `arbour`.
    #[document(index)]
    due: time::Date,
}

#[derive(Serialize, Deserialize, Document)]
#[document(collection = "serials")]
struct WithSerial {
    #[document(id)]
    id: Serial,
}

#[derive(Serialize, Deserialize, Document)]
#[document(collection = "slugs")]
struct WithSlug {
    #[document(id, slug = "title")]
    id: u64,
    title: String,
}

#[derive(Serialize, Deserialize)]
struct Plain {
    id: u64,
}

fn main() {
    let store = arbour::MemoryStore::new();
    let plain = store.collection::<Plain>();
}
