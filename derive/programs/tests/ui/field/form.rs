use std::collections::BTreeMap;

use arbour::prelude::*;

#[derive(Serialize, Deserialize, Document)]
#[document(collection = "skipped", index(size))]
struct Skipped {
    #[document(id)]
    id: u64,
    #[serde(skip)]
    #[document(index)]
    owner: String,
    #[serde(skip_serializing, default)]
    size: u64,
    #[serde(flatten)]
    #[document(field)]
    rest: BTreeMap<String, u64>,
    #[serde(with = "text")]
    #[document(index)]
    created: u64,
    // It is not declared.
    #[serde(skip)]
    cache: u64,
}

#[derive(Serialize, Deserialize, Document)]
#[document(collection = "flat")]
struct FlatId {
    #[serde(flatten)]
    #[document(id)]
    id: u64,
}

mod text {
    use serde::{Deserialize as _, Deserializer, Serializer};

    pub fn serialize<S: Serializer>(number: &u64, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(number)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

fn main() {}
