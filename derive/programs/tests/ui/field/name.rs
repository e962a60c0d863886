use arbour::prelude::*;

#[derive(Serialize, Deserialize, Document)]
#[document(collection = "renamed")]
struct Renamed {
    #[document(id)]
    id: u64,
    #[document(index)]
    owner: String,
    #[serde(rename = "owner")]
    #[document(index)]
    opened_by: String,
}

#[derive(Serialize, Deserialize, Document)]
#[document(collection = "id")]
struct Id {
    #[document(id)]
    id: u64,
    #[serde(rename = "id")]
    #[document(field)]
    number: u64,
}

#[derive(Serialize, Deserialize, Document)]
#[document(
    collection = "computed",
    computed(name = "owner", type = u64, with = |_: &Self| 1),
)]
struct Computed {
    #[document(id)]
    id: u64,
    #[document(index)]
    owner: String,
}

#[derive(Serialize, Deserialize, Document)]
#[document(collection = "capitals")]
struct Capitals {
    #[document(id)]
    id: u64,
    #[document(index)]
    owner: String,
    #[document(index)]
    Owner: String,
}

#[derive(Serialize, Deserialize, Document)]
#[document(collection = "dots")]
struct Dots {
    #[document(id)]
    id: u64,
    #[serde(rename = "owner.name")]
    #[document(index)]
    owner: String,
}

fn main() {}
