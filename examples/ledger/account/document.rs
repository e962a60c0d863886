//! What is known of an account.

use arbour::documents::{Declaration, Ids};
use serde::{Deserialize, Serialize};

/// An account: a document.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Account {
    /// What it is called.
    pub(crate) account: String,
    /// How much is in it.
    pub(crate) cents: u64,
    /// How many events it had: the version of its stream that this was folded from.
    pub(crate) events: u64,
    /// When the last one was, in milliseconds since 1970.
    pub(crate) changed: i64,
}

/// Declares the collection.
pub(crate) fn declaration(name: &str) -> Declaration<Account> {
    Declaration::new(name).id("account", Ids::Chosen)
}
