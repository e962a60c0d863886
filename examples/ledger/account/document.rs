//! What is known about an account.

use arbour::documents::{Declaration, Ids};
use serde::{Deserialize, Serialize};

/// An account: a document.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Account {
    /// Its name.
    pub(crate) account: String,
    /// Its balance.
    pub(crate) cents: u64,
    /// The number of its events: the version of its stream from which it was folded.
    pub(crate) events: u64,
    /// The time of the last one, in milliseconds since 1970.
    pub(crate) changed: i64,
}

/// Declares the collection.
pub(crate) fn declaration(name: &str) -> Declaration<Account> {
    Declaration::new(name).id("account", Ids::Chosen)
}
