//! Comments, and what clients send to make them.

use arbour::prelude::*;
use jiff::Timestamp;

use crate::ticket::TicketId;

/// The number of a comment, made when it is stored. Later comments have higher numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, IndexValue)]
pub(crate) struct CommentId(pub(crate) u64);

/// A comment on a ticket, as it is stored and as clients see it.
#[derive(Clone, Debug, Serialize, Deserialize, Document)]
#[document(collection = "comments")]
pub(crate) struct Comment {
    #[document(id, made)]
    pub(crate) id: CommentId,
    #[document(index)]
    pub(crate) ticket: TicketId,
    pub(crate) author: String,
    pub(crate) text: String,
    pub(crate) created: Timestamp,
}

/// A new comment, as a client sends it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewComment {
    author: String,
    text: String,
}

impl NewComment {
    pub(crate) fn on(&self, ticket: TicketId) -> Comment {
        let (id, created) = (CommentId::default(), Timestamp::now());
        let (author, text) = (self.author.clone(), self.text.clone());
        Comment { id, ticket, author, text, created }
    }
}
