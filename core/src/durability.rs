//! What a commit survives.

use std::fmt;

/// What a commit is guaranteed to survive, chosen when the transaction begins.
///
/// An engine that lacks a level rounds *up* to the next one it has, never down;
/// [`Capabilities::effective_durability`](crate::Capabilities::effective_durability) tells which
/// one that is. The default is [`PowerLoss`](Self::PowerLoss): a program must ask for speed, not
/// for safety.
///
/// ```
/// use arbour_core::Durability;
/// assert_eq!(Durability::default(), Durability::PowerLoss);
/// assert!(Durability::None < Durability::ProcessCrash);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Durability {
    /// The commit is visible to this process at once and becomes durable with a later commit or
    /// [`sync`](crate::KvStore::sync). If the process dies before that, it is lost completely,
    /// never partly.
    None,
    /// The commit survives a crash of the process, but not of the machine.
    ProcessCrash,
    /// The commit survives a power loss: it is on the device when the call returns.
    #[default]
    PowerLoss,
}

impl Durability {
    /// Every level, weakest first.
    ///
    /// ```
    /// assert!(arbour_core::Durability::ALL.is_sorted());
    /// ```
    pub const ALL: [Self; 3] = [Self::None, Self::ProcessCrash, Self::PowerLoss];
}

impl fmt::Display for Durability {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::None => "none",
            Self::ProcessCrash => "process-crash",
            Self::PowerLoss => "power-loss",
        })
    }
}
