//! The graph of dependencies between transactions, and its cycles.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, VecDeque};

/// Why one transaction comes before another. If several apply, the first is kept, so that a cycle is
/// explained by as few reads as possible.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Dependency {
    /// The other overwrote its write.
    WriteWrite,
    /// The other read its write.
    WriteRead,
    /// The other overwrote what it read.
    ReadWrite,
    /// The other created what it found missing in a scan.
    ScanWrite,
}

impl Dependency {
    pub(super) fn is_anti(self) -> bool {
        matches!(self, Self::ReadWrite | Self::ScanWrite)
    }
}

/// Transactions by number, and which come after which.
pub(super) struct Graph {
    after: Vec<BTreeMap<usize, Dependency>>,
}

/// The transactions of a cycle, each with its dependency to the next; the last one's leads to the first.
pub(super) type Cycle = Vec<(usize, Dependency)>;

impl Graph {
    pub(super) fn new(transactions: usize) -> Self {
        Self { after: vec![BTreeMap::new(); transactions] }
    }

    pub(super) fn add(&mut self, before: usize, after: usize, dependency: Dependency) {
        if before == after {
            return;
        }
        if let Some(edges) = self.after.get_mut(before) {
            let kept = edges.entry(after).or_insert(dependency);
            *kept = dependency.min(*kept);
        }
    }

    fn edges(&self, from: usize) -> impl Iterator<Item = (usize, Dependency)> {
        let edges = self.after.get(from).into_iter().flatten();
        edges.map(|(after, dependency)| (*after, *dependency))
    }

    /// Returns a shortest cycle through each transaction that is in one.
    pub(super) fn cycles(&self) -> impl Iterator<Item = Cycle> {
        (0..self.after.len()).filter_map(|start| self.cycle_through(start))
    }

    /// Searches breadth first for the way back.
    fn cycle_through(&self, start: usize) -> Option<Cycle> {
        let mut reached_from: BTreeMap<usize, (usize, Dependency)> = BTreeMap::new();
        let mut queue = VecDeque::from([start]);
        while let Some(from) = queue.pop_front() {
            for (to, dependency) in self.edges(from) {
                if to == start {
                    let mut cycle = vec![(from, dependency)];
                    let mut at = from;
                    while at != start {
                        let (before, dependency) = *reached_from.get(&at)?;
                        cycle.push((before, dependency));
                        at = before;
                    }
                    cycle.reverse();
                    return Some(cycle);
                }
                if let Entry::Vacant(place) = reached_from.entry(to) {
                    place.insert((from, dependency));
                    queue.push_back(to);
                }
            }
        }
        None
    }
}
