use arbour::prelude::*;

#[derive(Serialize, Deserialize, Document)]
#[document(collection = "choices")]
enum Choice {
    One,
}

#[derive(Serialize, Deserialize, Document)]
#[document(collection = "pairs")]
struct Pair(u64, u64);

#[derive(Serialize, Deserialize, Document)]
#[document(collection = "units")]
struct Unit;

#[derive(Serialize, Deserialize, Document)]
#[document(collection = "boxes")]
struct Generic<T> {
    #[document(id)]
    id: T,
}

#[derive(Serialize, Deserialize, Document)]
struct Nameless {
    #[document(id)]
    id: u64,
}

#[derive(Serialize, Deserialize, Document)]
#[document(collection = "a/b")]
struct Slash {
    #[document(id)]
    id: u64,
}

#[derive(Serialize, Deserialize, Document)]
#[document(collection = "")]
struct Empty {
    #[document(id)]
    id: u64,
}

#[derive(Clone, Serialize, Deserialize, Document)]
#[serde(into = "u64", from = "u64")]
#[document(collection = "numbers")]
struct Converted {
    #[document(id)]
    id: u64,
}

impl From<u64> for Converted {
    fn from(_: u64) -> Self {
        unreachable!()
    }
}

impl From<Converted> for u64 {
    fn from(_: Converted) -> Self {
        unreachable!()
    }
}

fn main() {}
