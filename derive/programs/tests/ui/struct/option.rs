use arbour::prelude::*;

#[derive(Serialize, Deserialize, Document)]
#[document(colection = "unknown")]
struct Unknown {
    #[document(id)]
    id: u64,
}

#[derive(Serialize, Deserialize, Document)]
#[document(collection = "twice", collection = "again")]
struct Twice {
    #[document(id)]
    id: u64,
}

#[derive(Serialize, Deserialize, Document)]
#[document(collection = "codec", codec = "protobuf")]
struct Codec {
    #[document(id)]
    id: u64,
}

#[derive(Serialize, Deserialize, Document)]
#[document(collection = "computed", computed(name = "initial"))]
struct Computed {
    #[document(id)]
    id: u64,
}

#[derive(Serialize, Deserialize, Document)]
#[document(
    collection = "computed",
    computed(name = "initial", type = u64, with = |_: &Self| 1, indx),
)]
struct ComputedOption {
    #[document(id)]
    id: u64,
}

#[derive(Serialize, Deserialize, Document)]
#[document(
    collection = "computed",
    computed(name = "1st", type = u64, with = |_: &Self| 1),
)]
struct ComputedName {
    #[document(id)]
    id: u64,
}

#[derive(Serialize, Deserialize, Document)]
#[document(
    collection = "computed",
    computed(name = "first", type = u64, with = |_: &Self| 1, required),
)]
struct ComputedRequired {
    #[document(id)]
    id: u64,
}

#[derive(Serialize, Deserialize, Document)]
#[document(collection = "versions", version = 2)]
struct NoUpgrade {
    #[document(id)]
    id: u64,
}

#[derive(Serialize, Deserialize, Document)]
#[document(collection = "versions", upgrade = convert)]
struct NoVersion {
    #[document(id)]
    id: u64,
}

#[derive(Serialize, Deserialize, Document)]
#[document(collection = "versions", downgrade = convert)]
struct OnlyDowngrade {
    #[document(id)]
    id: u64,
}

#[derive(Serialize, Deserialize, Document)]
#[document(collection = "versions", codec = "bincode", version = 2, upgrade = convert)]
struct NotJson {
    #[document(id)]
    id: u64,
}

fn convert(_from: u32, document: serde_json::Value) -> arbour::events::Handled<serde_json::Value> {
    Ok(document)
}

fn main() {}
