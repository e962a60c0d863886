//! Documents of the program's own type: stored, changed, searched and counted.
//!
//! ```text
//! tickets
//! tickets redb:desk.redb
//! ```
//!
//! Without an argument the tickets are kept in memory.

mod ticket;

use arbour::prelude::*;

use ticket::{Status, Ticket};

fn main() -> arbour::Result<()> {
    let url = std::env::args().nth(1);
    let store = arbour::open(url.as_deref().unwrap_or("memory:"))?;
    let tickets = store.collection::<Ticket>()?;
    let stored = store.write(|tx| tickets.insert(tx, Ticket::new("printer on fire")))?;
    store.write(|tx| tickets.insert(tx, Ticket::new("printer is cold")))?;
    store.write(|tx| tickets.modify(tx, stored.id, |ticket| ticket.status = Status::Waiting))?;

    let snapshot = store.snapshot()?;
    let page = tickets
        .find(Ticket::STATUS.eq(Status::Open).and(Ticket::TAGS.contains("printer")))
        .sort(Ticket::CREATED.descending())
        .limit(20)
        .page(&snapshot)?;
    for ticket in page.items {
        println!("{:?} {}: {}", ticket.status, ticket.fee, ticket.title);
    }
    for (status, count) in tickets.all().count_by(&snapshot, Ticket::STATUS)? {
        println!("{status:?}: {count}");
    }
    println!("all fees: {}", tickets.all().sum(&snapshot, Ticket::FEE)?);
    Ok(())
}
