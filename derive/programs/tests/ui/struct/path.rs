use arbour::prelude::*;

#[derive(Serialize, Deserialize)]
struct Line {
    sku: String,
}

#[derive(Serialize, Deserialize, Document)]
#[document(
    collection = "orders",
    path("line[].sku", type = String, index),
    path("lines[0].sku", type = String, index),
    path("lines[].sku", name = "default", type = String, default = "none"),
    path("lines[].sku", name = "words", type = u32, words)
)]
struct Order {
    #[document(id)]
    id: u64,
    lines: Vec<Line>,
}

#[derive(Serialize, Deserialize, Document)]
#[document(collection = "untyped", path("lines[].sku", index))]
struct Untyped {
    #[document(id)]
    id: u64,
    lines: Vec<Line>,
}

#[derive(Serialize, Deserialize, Document)]
#[document(collection = "option", path("lines[].sku", type = String, indexed))]
struct Misspelt {
    #[document(id)]
    id: u64,
    lines: Vec<Line>,
}

// A `Line` is no value of a field.
#[derive(Serialize, Deserialize, Document)]
#[document(collection = "lines", path("lines[]", type = Line, index))]
struct NoValue {
    #[document(id)]
    id: u64,
    lines: Vec<Line>,
}

fn main() {}
