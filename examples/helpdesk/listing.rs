//! Which tickets a client wants to see, and a page of them.

use arbour::documents::Selection;
use arbour::prelude::*;

use crate::error::AppError;
use crate::ticket::{Status, Ticket};

/// How many tickets a page has at most, and how many if the client does not say.
const LIMIT_MAX: usize = 100;
const LIMIT: usize = 20;

/// The parameters of a list. Those that are given have to hold all.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Listing {
    status: Option<Status>,
    reporter: Option<String>,
    assignee: Option<String>,
    tag: Option<String>,
    /// Words that the title or the text has, all of them.
    words: Option<String>,
    #[serde(default)]
    sort: Order,
    limit: Option<usize>,
    /// Where the page begins: `next` or `previous` of another one.
    page: Option<String>,
}

#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Order {
    #[default]
    Newest,
    Oldest,
    Urgency,
}

/// A page of tickets, as clients see it.
#[derive(Debug, Serialize)]
pub(crate) struct TicketPage {
    tickets: Vec<Ticket>,
    next: Option<String>,
    previous: Option<String>,
}

impl Listing {
    /// Selects the tickets that these parameters ask for.
    pub(crate) fn select(
        self,
        tickets: &Collection<Ticket>,
    ) -> Result<Selection<Ticket>, AppError> {
        let limit = self.limit.unwrap_or(LIMIT);
        if !(1..=LIMIT_MAX).contains(&limit) {
            return Err(AppError::Invalid(format!("limit is {limit}: use 1 to {LIMIT_MAX}")));
        }
        let mut filter = Filter::All;
        if let Some(status) = self.status {
            filter = filter.and(Ticket::STATUS.eq(status));
        }
        if let Some(reporter) = &self.reporter {
            filter = filter.and(Ticket::REPORTER.eq(reporter));
        }
        if let Some(assignee) = &self.assignee {
            filter = filter.and(Ticket::ASSIGNEE.eq(assignee));
        }
        if let Some(tag) = &self.tag {
            filter = filter.and(Ticket::TAGS.contains(tag));
        }
        if let Some(words) = &self.words {
            filter = filter.and(Ticket::TITLE.words(words).or(Ticket::TEXT.words(words)));
        }
        let sort = match self.sort {
            Order::Newest => Ticket::ID.descending(),
            Order::Oldest => Ticket::ID.ascending(),
            Order::Urgency => Ticket::URGENCY.descending(),
        };
        let selection = tickets.find(filter).sort(sort).limit(limit);
        Ok(match self.page {
            Some(page) => selection.at(page),
            None => selection,
        })
    }
}

impl From<Page<Ticket>> for TicketPage {
    fn from(page: Page<Ticket>) -> Self {
        Self { tickets: page.items, next: page.next, previous: page.previous }
    }
}
