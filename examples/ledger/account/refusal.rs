//! Why something with accounts is refused.

use indicatif::HumanCount;

/// Why something with accounts is refused: nothing was appended.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Refusal {
    /// There is no such account.
    #[error("there is no account {0:?}: `open` makes one")]
    Unknown(String),
    /// There is such an account.
    #[error("the account {0:?} is there already")]
    Exists(String),
    /// There is not enough in it.
    #[error("the account {account:?} has {} cents, and not {}", HumanCount(*.cents), HumanCount(*.asked))]
    Overdraft { account: String, cents: u64, asked: u64 },
    /// There would be more in it than it holds.
    #[error("the account {0:?} cannot hold so much")]
    Overflow(String),
    /// The key is that of another call.
    #[error("the key {key:?} is that of something else, at position {position}: choose another")]
    KeyReused { key: String, position: u64 },
    /// It would be moved to where it is.
    #[error("a transfer is between two accounts, and not from {0:?} to itself")]
    Same(String),
}
