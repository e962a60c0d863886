//! Why an order is refused.

use indicatif::HumanCount;

/// Why an order is refused: nothing was appended.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Refusal {
    /// There is no such account.
    #[error("there is no account {0:?}: `open` makes one")]
    Unknown(String),
    /// The account already exists.
    #[error("the account {0:?} is there already")]
    Exists(String),
    /// The balance is too low.
    #[error("the account {account:?} has {} cents, and not {}", HumanCount(*.cents), HumanCount(*.asked))]
    Overdraft { account: String, cents: u64, asked: u64 },
    /// The balance would be too high.
    #[error("the account {0:?} cannot hold so much")]
    Overflow(String),
    /// The key belongs to another order.
    #[error("the key {key:?} is that of something else, at position {position}: choose another")]
    KeyReused { key: String, position: u64 },
    /// Both accounts are the same.
    #[error("a transfer is between two accounts, and not from {0:?} to itself")]
    Same(String),
}
