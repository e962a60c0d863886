//! Tickets, and their collection.

use arbour::prelude::*;
use jiff::Timestamp;
use rust_decimal::Decimal;

/// The number of a ticket, made when it is stored.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, IndexValue)]
pub(crate) struct TicketId(u64);

#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, IndexValue)]
pub(crate) enum Status {
    Open,
    Waiting,
    Closed,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Document)]
#[document(collection = "tickets", index(status, created desc))]
pub(crate) struct Ticket {
    #[document(id, made)]
    pub(crate) id: TicketId,
    #[document(index)]
    pub(crate) status: Status,
    #[document(index, many)]
    pub(crate) tags: Vec<String>,
    #[document(words)]
    pub(crate) title: String,
    #[document(unique)]
    pub(crate) reference: String,
    #[document(index)]
    pub(crate) created: Timestamp,
    #[document(index)]
    pub(crate) fee: Decimal,
}

impl Ticket {
    /// An open ticket that costs ten and a half, tagged with the first word of its title.
    pub(crate) fn new(title: &str) -> Self {
        let created = Timestamp::now();
        Self {
            id: TicketId::default(),
            status: Status::Open,
            tags: title.split(' ').take(1).map(str::to_owned).collect(),
            title: title.to_owned(),
            reference: format!("{title}, {created}"),
            created,
            fee: Decimal::new(1050, 2),
        }
    }
}
