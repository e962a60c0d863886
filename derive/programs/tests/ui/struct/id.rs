use arbour::prelude::*;

#[derive(Serialize, Deserialize, Document)]
#[document(collection = "none")]
struct Nothing {
    name: String,
}

#[derive(Serialize, Deserialize, Document)]
#[document(collection = "two")]
struct Two {
    #[document(id)]
    one: u64,
    #[document(id)]
    other: u64,
}

#[derive(Serialize, Deserialize, Document)]
#[document(collection = "optional")]
struct Optional {
    #[document(id)]
    id: Option<u64>,
}

#[derive(Serialize, Deserialize, Document)]
#[document(collection = "indexed")]
struct Indexed {
    #[document(id, unique)]
    id: u64,
}

#[derive(Serialize, Deserialize, Document)]
#[document(collection = "made")]
struct Made {
    #[document(id)]
    id: u64,
    #[document(made)]
    name: String,
}

#[derive(Serialize, Deserialize, Document)]
#[document(collection = "slug")]
struct Slug {
    #[document(id, slug = "titel")]
    id: String,
    title: String,
}

#[derive(Serialize, Deserialize, Document)]
#[document(collection = "misplaced", id)]
struct Misplaced {
    id: u64,
}

fn main() {}
