use arbour::prelude::*;

#[derive(Serialize, Deserialize, IndexValue)]
enum Shape {
    Point,
    Circle { radius: u64 },
    Square(u64),
}

#[derive(Serialize, Deserialize, IndexValue)]
#[serde(tag = "kind")]
enum Tagged {
    One,
}

#[derive(Serialize, Deserialize, IndexValue)]
#[serde(untagged)]
enum Untagged {
    One,
}

#[derive(Serialize, IndexValue)]
enum Never {}

#[derive(Serialize, Deserialize, IndexValue)]
struct Pair(u64, u64);

#[derive(Serialize, Deserialize, IndexValue)]
struct Unit;

#[derive(Serialize, Deserialize, IndexValue)]
struct Named {
    cents: u64,
}

#[derive(Serialize, Deserialize, IndexValue)]
struct Generic<T>(T);

#[derive(Clone, Serialize, Deserialize, IndexValue)]
#[serde(into = "u64", from = "u64")]
struct Other(String);

impl From<u64> for Other {
    fn from(_: u64) -> Self {
        unreachable!()
    }
}

impl From<Other> for u64 {
    fn from(_: Other) -> Self {
        unreachable!()
    }
}

fn main() {}
