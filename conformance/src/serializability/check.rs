//! Whether a history is serializable.

use std::collections::{BTreeMap, BTreeSet};

use super::graph::{Cycle, Dependency, Graph};
use super::{Element, History, Key, List, Observation, Outcome, Recorded};

/// What is wrong with a history.
///
/// ```
/// use arbour_conformance::serializability::AnomalyKind;
/// assert_ne!(AnomalyKind::WriteSkew, AnomalyKind::Phantom);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum AnomalyKind {
    /// A transaction read what another one wrote that was rolled back (G1a).
    DirtyRead,
    /// What was committed was overwritten by a transaction that had not seen it (P4).
    LostUpdate,
    /// What was rolled back is there in the end.
    RolledBackWrite,
    /// Two transactions saw versions of a list of which neither contains the other.
    Fork,
    /// A transaction did not see its own write.
    OwnWriteMissed,
    /// Transactions overwrote each other in a circle (G0).
    DirtyWrite,
    /// Transactions saw each other's writes in a circle (G1c).
    CircularFlow,
    /// A transaction saw part of what another one did (G-single).
    ReadSkew,
    /// Transactions each overwrote what the other one had read (G2).
    WriteSkew,
    /// The same, and one of them created what the other had found missing in a scan.
    Phantom,
    /// Two readers saw the writes of two others in opposite orders (G-nonadjacent).
    LongFork,
}

/// One anomaly of a history.
///
/// ```
/// use arbour_conformance::serializability::{Anomaly, History, check};
/// let found: Vec<Anomaly> = check(&History::default());
/// assert!(found.is_empty());
/// ```
#[derive(Clone, Debug)]
pub struct Anomaly {
    /// What is wrong.
    pub kind: AnomalyKind,
    /// The transactions of the history that are part of it, by their position.
    pub transactions: Vec<usize>,
    /// A description of what happened.
    pub text: String,
}

/// Looks for anomalies, and returns one example of each kind. A serializable history has none.
///
/// ```
/// use arbour_conformance::serializability::{AnomalyKind, Flaw, PlantedDatabase, check, interleaved};
/// let database = PlantedDatabase::new(Some(Flaw::LostUpdate));
/// let history = interleaved(7, || Ok(database.begin()))?;
/// assert!(check(&history).iter().any(|anomaly| anomaly.kind == AnomalyKind::LostUpdate));
/// # Ok::<(), arbour_core::Error>(())
/// ```
#[must_use]
pub fn check(history: &History) -> Vec<Anomaly> {
    let mut checker = Checker::new(history);
    checker.check_writes();
    checker.check_reads();
    checker.check_order();
    checker.found.into_values().collect()
}

struct Checker<'h> {
    history: &'h History,
    /// Which transaction appended an element.
    writers: BTreeMap<Element, usize>,
    /// Whether a transaction took effect.
    took_effect: Vec<bool>,
    found: BTreeMap<AnomalyKind, Anomaly>,
}

impl<'h> Checker<'h> {
    fn new(history: &'h History) -> Self {
        let transactions = || history.transactions.iter().enumerate();
        let writers = transactions()
            .flat_map(|(at, one)| one.appended.values().map(move |element| (*element, at)));
        let left: BTreeSet<Element> = history.left.values().flatten().copied().collect();
        let took_effect = transactions().map(|(_, one)| match one.outcome {
            Outcome::Committed => true,
            Outcome::RolledBack | Outcome::Conflict => false,
            Outcome::Unknown => one.appended.values().any(|element| left.contains(element)),
        });
        let (writers, took_effect) = (writers.collect(), took_effect.collect());
        Self { history, writers, took_effect, found: BTreeMap::new() }
    }

    fn report(&mut self, kind: AnomalyKind, transactions: Vec<usize>, text: String) {
        self.found.entry(kind).or_insert(Anomaly { kind, transactions, text });
    }

    fn committed(&self) -> impl Iterator<Item = (usize, &'h Recorded)> {
        let all = self.history.transactions.iter().enumerate().zip(&self.took_effect);
        all.filter(|(_, took_effect)| **took_effect).map(|(one, _)| one)
    }

    fn left(&self, key: Key) -> &'h [Element] {
        self.history.left.get(&key).map_or(&[], List::as_slice)
    }

    fn is_committed(&self, element: Element) -> bool {
        let writer = self.writers.get(&element);
        writer.is_some_and(|writer| self.took_effect.get(*writer) == Some(&true))
    }

    /// What was committed is there in the end, and nothing else.
    fn check_writes(&mut self) {
        let committed: Vec<_> = self.committed().collect();
        for (at, one) in committed {
            for (key, element) in &one.appended {
                if !self.left(*key).contains(element) {
                    let text = format!("{element} was appended to list {key}, and is not there");
                    self.report(AnomalyKind::LostUpdate, vec![at], text);
                }
            }
        }
        for (key, list) in &self.history.left {
            for element in list {
                if !self.is_committed(*element) {
                    let writers = self.writers.get(element).copied().into_iter().collect();
                    let text = format!("{element} is in list {key}, and was not committed");
                    self.report(AnomalyKind::RolledBackWrite, writers, text);
                }
            }
        }
    }

    /// Every list that was read is a beginning of the one that is left.
    fn check_reads(&mut self) {
        let committed: Vec<_> = self.committed().collect();
        for (at, one) in committed {
            let mut own = BTreeSet::new();
            for observation in &one.observed {
                let Observation { key, list, .. } = observation;
                let seen = without_own(one, observation);
                // A transaction sees its own element in every read after the first that shows it.
                if own.contains(key) && seen.len() == list.len() {
                    let text = format!("list {key} was read as {list:?} after its own append");
                    self.report(AnomalyKind::OwnWriteMissed, vec![at], text);
                }
                if seen.len() < list.len() {
                    own.insert(*key);
                }
                if let Some(element) = seen.iter().find(|element| !self.is_committed(**element)) {
                    let writers = self.writers.get(element).copied();
                    let text = format!("{element} was read in list {key}, and was rolled back");
                    self.report(
                        AnomalyKind::DirtyRead,
                        writers.into_iter().chain([at]).collect(),
                        text,
                    );
                } else if !self.left(*key).starts_with(seen) {
                    let text = format!(
                        "list {key} was read as {seen:?}, and ends as {:?}",
                        self.left(*key)
                    );
                    self.report(AnomalyKind::Fork, vec![at], text);
                }
            }
        }
    }

    /// The transactions can be put in an order.
    fn check_order(&mut self) {
        let mut graph = Graph::new(self.history.transactions.len());
        for list in self.history.left.values() {
            for two in list.windows(2) {
                if let [Some(before), Some(after)] = [two.first(), two.last()]
                    .map(|element| element.and_then(|element| self.writers.get(element)))
                {
                    graph.add(*before, *after, Dependency::WriteWrite);
                }
            }
        }
        for (at, one) in self.committed() {
            for observation in &one.observed {
                let (left, seen) = (self.left(observation.key), without_own(one, observation));
                if let Some(writer) = seen.last().and_then(|last| self.writers.get(last)) {
                    graph.add(*writer, at, Dependency::WriteRead);
                }
                if let Some(writer) = left.get(seen.len()).and_then(|next| self.writers.get(next)) {
                    let is_phantom = observation.by_scan && seen.is_empty();
                    let dependency =
                        if is_phantom { Dependency::ScanWrite } else { Dependency::ReadWrite };
                    graph.add(at, *writer, dependency);
                }
            }
        }
        let cycles: Vec<Cycle> = graph.cycles().collect();
        for cycle in cycles {
            let shown: Vec<String> =
                cycle.iter().map(|(at, dependency)| format!("{at} {dependency:?}")).collect();
            let transactions = cycle.iter().map(|(at, _)| *at).collect();
            self.report(kind_of(&cycle), transactions, format!("a cycle: {}", shown.join(", ")));
        }
    }
}

/// Returns the list as others had left it when a transaction read it.
fn without_own<'o>(one: &Recorded, observation: &'o Observation) -> &'o [Element] {
    match observation.list.split_last() {
        Some((last, others)) if one.appended.get(&observation.key) == Some(last) => others,
        _ => &observation.list,
    }
}

fn kind_of(cycle: &Cycle) -> AnomalyKind {
    let anti: Vec<bool> = cycle.iter().map(|(_, dependency)| dependency.is_anti()).collect();
    let next = anti.iter().cycle().skip(1);
    let are_adjacent = anti.iter().zip(next).any(|(one, next)| *one && *next);
    let has = |wanted| cycle.iter().any(|(_, dependency)| *dependency == wanted);
    match anti.iter().filter(|is_anti| **is_anti).count() {
        0 if has(Dependency::WriteRead) => AnomalyKind::CircularFlow,
        0 => AnomalyKind::DirtyWrite,
        1 => AnomalyKind::ReadSkew,
        _ if !are_adjacent => AnomalyKind::LongFork,
        _ if has(Dependency::ScanWrite) => AnomalyKind::Phantom,
        _ => AnomalyKind::WriteSkew,
    }
}
