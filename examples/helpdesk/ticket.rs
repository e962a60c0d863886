//! Tickets, and what clients send to make and change them.

use arbour::prelude::*;
use jiff::Timestamp;

/// The number of a ticket, made when it is stored.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, IndexValue)]
pub(crate) struct TicketId(pub(crate) u64);

#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, IndexValue)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Status {
    #[default]
    Open,
    Waiting,
    Closed,
}

/// A ticket, as it is stored and as clients see it.
#[derive(Clone, Debug, Serialize, Deserialize, Document)]
#[document(collection = "tickets", feed, index(status, urgency desc))]
pub(crate) struct Ticket {
    #[document(id, made)]
    pub(crate) id: TicketId,
    pub(crate) status: Status,
    /// From 0, whenever there is time, to 9, at once.
    #[document(index)]
    pub(crate) urgency: u8,
    #[document(words)]
    pub(crate) title: String,
    #[document(words)]
    pub(crate) text: String,
    #[document(index)]
    pub(crate) reporter: String,
    #[document(index)]
    pub(crate) assignee: Option<String>,
    #[document(index, many)]
    pub(crate) tags: Vec<String>,
    pub(crate) comments: u32,
    /// From the payment service, once the ticket is paid for.
    pub(crate) receipt: Option<String>,
    pub(crate) created: Timestamp,
    pub(crate) changed: Timestamp,
}

/// A new ticket, as a client sends it.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewTicket {
    pub(crate) title: String,
    #[serde(default)]
    text: String,
    reporter: String,
    #[serde(default)]
    urgency: u8,
    #[serde(default)]
    tags: Vec<String>,
}

impl From<NewTicket> for Ticket {
    fn from(new: NewTicket) -> Self {
        let now = Timestamp::now();
        Self {
            id: TicketId::default(),
            status: Status::default(),
            urgency: new.urgency,
            title: new.title,
            text: new.text,
            reporter: new.reporter,
            assignee: None,
            tags: new.tags,
            comments: 0,
            receipt: None,
            created: now,
            changed: now,
        }
    }
}

/// What a client wants to change. What is absent stays as it is.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct TicketChanges {
    status: Option<Status>,
    urgency: Option<u8>,
    assignee: Option<String>,
    tags: Option<Vec<String>>,
}

impl TicketChanges {
    pub(crate) fn apply(&self, ticket: &mut Ticket) {
        ticket.status = self.status.unwrap_or(ticket.status);
        ticket.urgency = self.urgency.unwrap_or(ticket.urgency);
        if self.assignee.is_some() {
            ticket.assignee.clone_from(&self.assignee);
        }
        if let Some(tags) = &self.tags {
            ticket.tags.clone_from(tags);
        }
        ticket.changed = Timestamp::now();
    }
}
