use arbour::prelude::*;

#[derive(Serialize, Deserialize, Event)]
#[event(rename = "banking")]
enum OnTheEnum {
    Opened,
}

#[derive(Serialize, Deserialize, Event)]
enum Banking {
    #[event(renam = "opened")]
    Misspelt,
    #[event(version = 0)]
    Zero,
    #[event(version = 2)]
    NoUpgrade { cents: i64 },
    #[event(upgrade = upgrade)]
    NoVersion { cents: i64 },
    #[event(version = 2, version = 3)]
    Twice { cents: i64 },
}

fn upgrade(_version: u32, payload: serde_json::Value) -> arbour::AnyResult<u32> {
    drop(payload);
    Ok(1)
}

fn main() {}
