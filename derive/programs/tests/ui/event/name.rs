use arbour::prelude::*;

#[derive(Serialize, Deserialize, Event)]
enum Twice {
    Opened,
    #[serde(rename = "Opened")]
    Again,
    #[event(rename = "Opened")]
    OnceMore,
}

#[derive(Serialize, Deserialize, Event)]
enum Names {
    #[event(rename = "")]
    Empty,
    #[event(rename = "two\nlines")]
    Lines,
}

fn main() {}
