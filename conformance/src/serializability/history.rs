//! What happened: which transactions read what, appended what, and how they ended.

use std::collections::BTreeMap;

use super::{Element, Key, List};

/// A history of transactions, and what they left.
///
/// ```
/// use arbour_conformance::serializability::History;
/// assert_eq!(History::default().conflicts(), 0);
/// ```
#[derive(Clone, Debug, Default)]
pub struct History {
    /// The transactions.
    pub transactions: Vec<Recorded>,
    /// The lists after the last transaction.
    pub left: BTreeMap<Key, List>,
}

impl History {
    /// Counts the transactions that conflicted with others.
    ///
    /// ```
    /// # use arbour_conformance::serializability::History;
    /// # let history = History::default();
    /// assert!(history.conflicts() <= history.transactions.len());
    /// ```
    #[must_use]
    pub fn conflicts(&self) -> usize {
        self.transactions.iter().filter(|one| one.outcome == Outcome::Conflict).count()
    }
}

/// One transaction of a history.
///
/// ```
/// use arbour_conformance::serializability::{Outcome, Recorded};
/// let observed = Vec::new();
/// let appended = [(1, 100)].into();
/// let one = Recorded { observed, appended, outcome: Outcome::Committed };
/// # let _ = one;
/// ```
#[derive(Clone, Debug)]
pub struct Recorded {
    /// What it read, in order. Reads of lists it had appended to itself show its own element.
    pub observed: Vec<Observation>,
    /// What it appended: one element to each of these lists.
    pub appended: BTreeMap<Key, Element>,
    /// How it ended.
    pub outcome: Outcome,
}

/// A list that was read.
///
/// ```
/// use arbour_conformance::serializability::Observation;
/// let empty = Observation { key: 1, list: Vec::new(), by_scan: true };
/// # let _ = empty;
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Observation {
    /// The key of the list.
    pub key: Key,
    /// What the list was.
    pub list: List,
    /// Whether it was found, or found missing, by a scan.
    pub by_scan: bool,
}

/// How a transaction ended.
///
/// ```
/// use arbour_conformance::serializability::Outcome;
/// assert_ne!(Outcome::RolledBack, Outcome::Conflict);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It was committed.
    Committed,
    /// It was rolled back by the test.
    RolledBack,
    /// It was rolled back by what is tested, because of another transaction.
    Conflict,
    /// It is not known whether it was committed.
    Unknown,
}
