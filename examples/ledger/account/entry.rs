//! What can happen to an account.

use arbour::events::Event;
use serde::{Deserialize, Serialize};

/// The beginning of the streams of accounts.
const STREAM: &str = "account/";

/// Returns the stream of an account.
pub(crate) fn stream_of(account: &str) -> String {
    format!("{STREAM}{account}")
}

/// Returns the account of a stream, if it is the stream of an account.
pub(crate) fn account_of(stream: &str) -> Option<&str> {
    stream.strip_prefix(STREAM)
}

/// What happened to an account.
#[derive(Serialize, Deserialize, Event)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Entry {
    /// It was opened.
    #[event(rename = "account-opened")]
    Opened,
    /// Money was deposited.
    Deposited(Money),
    /// Money was withdrawn.
    Withdrawn(Money),
    /// Money went to another account.
    Sent(Moved),
    /// Money came from another account.
    Received(Moved),
}

/// An amount of money.
#[derive(Serialize, Deserialize)]
pub(crate) struct Money {
    pub(crate) cents: u64,
}

/// An amount of money, and the account at the other end.
#[derive(Serialize, Deserialize)]
pub(crate) struct Moved {
    pub(crate) cents: u64,
    pub(crate) other: String,
}

impl Entry {
    /// Describes what happened, in one word.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Opened => "opened",
            Self::Deposited(_) => "deposited",
            Self::Withdrawn(_) => "withdrawn",
            Self::Sent(_) => "sent",
            Self::Received(_) => "received",
        }
    }

    /// Returns the amount, if there is one.
    pub(crate) fn cents(&self) -> Option<u64> {
        match self {
            Self::Opened => None,
            Self::Deposited(money) | Self::Withdrawn(money) => Some(money.cents),
            Self::Sent(moved) | Self::Received(moved) => Some(moved.cents),
        }
    }

    /// Returns the account at the other end, if there is one.
    pub(crate) fn other(&self) -> Option<&str> {
        match self {
            Self::Sent(moved) | Self::Received(moved) => Some(&moved.other),
            Self::Opened | Self::Deposited(_) | Self::Withdrawn(_) => None,
        }
    }

    /// Returns the balance after the entry, given the balance before; `None` if that is impossible.
    pub(crate) fn balance(&self, before: u64) -> Option<u64> {
        match self {
            Self::Opened => Some(before),
            Self::Deposited(Money { cents }) | Self::Received(Moved { cents, .. }) => {
                before.checked_add(*cents)
            }
            Self::Withdrawn(Money { cents }) | Self::Sent(Moved { cents, .. }) => {
                before.checked_sub(*cents)
            }
        }
    }
}
