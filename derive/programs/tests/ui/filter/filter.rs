// Filters that name a missing field, or ask of a field what it does not have.

use arbour::prelude::*;

#[derive(Clone, Copy, Serialize, Deserialize, IndexValue)]
pub enum Status {
    Open,
}

#[derive(Serialize, Deserialize, Document)]
#[document(collection = "tickets")]
pub struct Ticket {
    #[document(id)]
    id: u64,
    #[document(index)]
    status: Status,
    #[document(index, many)]
    tags: Vec<String>,
    #[document(index)]
    title: String,
    note: String,
}

#[derive(Serialize, Deserialize, Document)]
#[document(collection = "people")]
pub struct Person {
    #[document(id)]
    name: String,
}

fn main() {
    let _ = Ticket::STATSU.eq(Status::Open);
    let _ = Ticket::NOTE.eq("not declared");
    let _ = Ticket::STATUS.eq("Open");
    let _ = Ticket::TITLE.eq(5);
    let _ = Ticket::ID.eq("5");
    let _ = Ticket::TAGS.eq("printer");
    let _ = Ticket::TITLE.contains("printer");
    let _ = Ticket::STATUS.prefix("O");
    let _ = Ticket::STATUS.is_null();
    let _ = Ticket::STATUS.eq(Status::Open).and(Person::NAME.eq("ada"));
    let store = arbour::MemoryStore::new();
    let tickets = store.collection::<Ticket>().unwrap();
    let _ = tickets.find(Ticket::STATUS.eq(Status::Open)).sort(Person::NAME.ascending());
}
