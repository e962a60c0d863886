use arbour::prelude::*;

#[derive(Serialize, Deserialize, Event)]
enum Generic<T> {
    Moved(T),
}

#[derive(Clone, Copy, Event)]
union Both {
    cents: i64,
    euros: i64,
}

#[derive(Event)]
enum Nothing {}

#[derive(Serialize, Deserialize, Event)]
#[serde(tag = "type")]
enum Tagged {
    Moved { cents: i64 },
}

#[derive(Serialize, Deserialize, Event)]
#[serde(untagged)]
enum Untagged {
    Moved { cents: i64 },
}

#[derive(Serialize, Deserialize, Event)]
enum Variants {
    #[serde(skip)]
    Skipped,
    #[serde(other)]
    Other,
    #[serde(rename(serialize = "in", deserialize = "out"))]
    Renamed,
}

fn main() {}
