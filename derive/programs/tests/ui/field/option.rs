use arbour::prelude::*;

#[derive(Serialize, Deserialize, Document)]
#[document(collection = "unknown")]
struct Unknown {
    #[document(id)]
    id: u64,
    #[document(uniqe)]
    reference: String,
    #[document(fulltext)]
    title: String,
}

#[derive(Serialize, Deserialize, Document)]
#[document(collection = "twice")]
struct Twice {
    #[document(id)]
    id: u64,
    #[document(index, unique, index)]
    reference: String,
}

#[derive(Serialize, Deserialize, Document)]
#[document(collection = "arguments")]
struct Arguments {
    #[document(id)]
    id: u64,
    #[document(index(unique))]
    reference: String,
}

#[derive(Serialize, Deserialize, Document)]
#[document(collection = "misplaced")]
struct Misplaced {
    #[document(id)]
    id: u64,
    #[document(feed)]
    reference: String,
}

#[derive(Serialize, Deserialize, Document)]
#[document(collection = "checked")]
struct Checked {
    #[document(id)]
    id: u64,
    #[document(unique(late))]
    reference: String,
}

fn main() {}
