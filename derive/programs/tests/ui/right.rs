// What the other programs get wrong, right.

use arbour::prelude::*;

#[derive(Clone, Copy, Serialize, Deserialize, IndexValue)]
pub enum Status {
    Open,
    Closed,
}

#[derive(Clone, Debug, Serialize, Deserialize, IndexValue)]
pub struct TicketId(u64);

#[derive(Serialize, Deserialize, Document)]
#[document(collection = "tickets", index(status, size desc))]
pub struct Ticket {
    #[document(id, made)]
    id: TicketId,
    #[document(index)]
    status: Status,
    #[document(index, many)]
    tags: Vec<String>,
    #[document(words)]
    title: String,
    size: u64,
}

#[derive(Serialize, Deserialize, Event)]
#[serde(rename_all = "kebab-case")]
pub enum Desk {
    Opened { title: String },
    #[event(version = 2, upgrade = to_cents)]
    Paid(i64),
    Closed,
}

fn to_cents(_version: u32, euros: serde_json::Value) -> arbour::AnyResult<serde_json::Value> {
    Ok((euros.as_i64().ok_or("no euros")? * 100).into())
}

#[derive(Serialize, Deserialize, Event)]
pub struct Noted(String);

fn main() {
    assert_eq!(Desk::TYPES, ["opened", "paid", "closed"]);
    assert_eq!(Noted::TYPES, ["Noted"]);
    let store = arbour::MemoryStore::new();
    let tickets = store.collection::<Ticket>().unwrap();
    let filter = Ticket::STATUS
        .eq(Status::Open)
        .and(Ticket::TAGS.contains("printer"))
        .and(Ticket::TITLE.eq("no paper"))
        .and(Ticket::SIZE.eq(5))
        .and(Ticket::SIZE.range(5..));
    let snapshot = store.snapshot().unwrap();
    let found = tickets.find(filter).sort(Ticket::SIZE.ascending());
    let page = found.page(&snapshot).unwrap();
    assert!(page.items.is_empty());
    assert!(tickets.get(&snapshot, &TicketId(1)).unwrap().is_none());
}
