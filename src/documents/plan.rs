//! The query planner.

use std::fmt::Debug;

use arbour_core::{Direction, Result};
use serde_json::Value;

use super::candidate::{self, Candidate, common};
use super::condition::{Condition, Span};
use super::docs::Docs;
use super::entries::append_directed;
use super::find::{Find, IndexRead};
use super::goal::Goal;
use super::order::Order;
use super::scalar::decode_scalar;
use super::schema::{FieldRef, Part, Schema};
use super::{Access, Considered, DocId, Explain};
use crate::key::PART_DELIMITER;

/// The maximum number of entries counted to compare two ways.
const COUNTED_MAX: u64 = 512;

/// Stands for the number of all documents, which is not counted.
const ALL: u64 = u64::MAX;

/// The assumed number of documents checked for each match, if an index provides the order but not
/// the condition.
const GUESSED_PER_MATCH: u64 = 100;

/// The plan of a query.
#[derive(Debug)]
pub(super) struct Plan {
    pub(super) chosen: Candidate,
    /// The indexes that could be read, if requested.
    pub(super) considered: Vec<Considered>,
    /// The expected number of documents to check, if it was counted.
    pub(super) estimate: Option<u64>,
}

impl Plan {
    /// Chooses among the complete indexes. `count` returns how many entries a way reads, up to a
    /// limit.
    ///
    /// # Errors
    /// Errors of counting.
    pub(super) fn choose(goal: &Goal<'_>, docs: Docs<'_>) -> Result<Self> {
        let mut candidates = candidates(goal);
        // Last, because the first of several equally cheap ways is chosen.
        candidates.push(all_documents(goal));
        if let Some(nothing) =
            candidates.iter().position(|candidate| candidate.find == Find::Nothing)
        {
            let chosen = candidates.swap_remove(nothing);
            return Ok(Self { chosen, considered: Vec::new(), estimate: Some(0) });
        }
        if goal.index_required && candidates.iter().any(|candidate| !reads_all(candidate, goal)) {
            candidates.retain(|candidate| !reads_all(candidate, goal));
        }
        let number = match only_alternative(&candidates) {
            Some(number) => number,
            None => cheapest(&candidates, goal, docs)?,
        };
        let (considered, estimate) = if goal.counts {
            explained(&candidates, number, goal, docs)?
        } else {
            (Vec::new(), None)
        };
        Ok(Self { chosen: candidates.swap_remove(number), considered, estimate })
    }
}

/// Finds the way to take if there is at most one alternative to reading all documents: nothing needs
/// to be counted then.
fn only_alternative(candidates: &[Candidate]) -> Option<usize> {
    let narrows = candidates.iter().filter(|candidate| !candidate.find.is_all()).count();
    let others = candidates.iter().filter(|candidate| !is_document_scan(&candidate.find)).count();
    let number = candidates.iter().position(|candidate| !candidate.find.is_all());
    (narrows <= 1 && others == narrows).then(|| number.unwrap_or_default())
}

/// Counts what each way reads, and the documents to check by the chosen one.
fn explained(
    candidates: &[Candidate],
    chosen: usize,
    goal: &Goal<'_>,
    docs: Docs<'_>,
) -> Result<(Vec<Considered>, Option<u64>)> {
    let (mut considered, mut estimate) = (Vec::new(), None);
    for (number, candidate) in candidates.iter().enumerate() {
        let entries = entries(candidate, docs)?;
        if !is_document_scan(&candidate.find) {
            considered.push(describe(goal.schema, candidate, entries));
        }
        if number == chosen {
            estimate = Some(cost(candidate, entries, goal));
        }
    }
    Ok((considered, estimate))
}

/// Finds the way that is expected to check the fewest documents; the first one if several are
/// equal. Ways that read everything are not counted: any other way is better, unless only the
/// former provide the order.
fn cheapest(candidates: &[Candidate], goal: &Goal<'_>, docs: Docs<'_>) -> Result<usize> {
    let mut best: Option<(u64, usize)> = None;
    for (number, candidate) in candidates.iter().enumerate() {
        let entries = if candidate.find.is_all() { ALL } else { entries(candidate, docs)? };
        let cost = cost(candidate, entries, goal);
        if best.is_none_or(|(least, _)| cost < least) {
            best = Some((cost, number));
        }
    }
    Ok(best.map_or(0, |(_, number)| number))
}

/// Tells whether all documents or a whole index are read. A page cut from an ordered, exact scan
/// does not count.
fn reads_all(candidate: &Candidate, goal: &Goal<'_>) -> bool {
    let is_cut = candidate.is_exact && candidate.is_ordered && goal.wanted.is_some();
    candidate.find.is_all() && !is_cut
}

impl Plan {
    /// Tells whether the plan reads all documents or a whole index.
    pub(super) fn reads_all(&self, goal: &Goal<'_>) -> bool {
        reads_all(&self.chosen, goal)
    }

    pub(super) fn explain(&self, filter: &dyn Debug, goal: &Goal<'_>) -> Explain {
        let reads_all = self.reads_all(goal);
        let mut explain = Explain::new(match &self.chosen.find {
            Find::Documents { .. } if reads_all => Access::AllDocuments,
            find => find.describe(goal.schema),
        });
        explain.reads_all = reads_all;
        explain.sorts = !self.chosen.is_ordered;
        explain.residual = (!self.chosen.is_exact).then(|| format!("{filter:?}"));
        explain.considered.clone_from(&self.considered);
        explain.estimated_rows = self.estimate.unwrap_or_default();
        explain
    }
}

fn entries(candidate: &Candidate, docs: Docs<'_>) -> Result<u64> {
    match &candidate.find {
        Find::Keys(keys) => Ok(keys.len() as u64),
        Find::Index(read) if candidate.is_unique => Ok(read.spans.len() as u64),
        find => docs.count(find, COUNTED_MAX),
    }
}

/// Returns the expected number of documents to check. A way that provides the order may stop early.
fn cost(candidate: &Candidate, entries: u64, goal: &Goal<'_>) -> u64 {
    match goal.wanted {
        Some(wanted) if candidate.is_ordered && candidate.is_exact => entries.min(wanted),
        Some(wanted) if candidate.is_ordered => {
            entries.min(wanted.saturating_mul(GUESSED_PER_MATCH))
        }
        _ => entries,
    }
}

fn is_document_scan(find: &Find) -> bool {
    matches!(find, Find::Documents { span, .. } if span.is_all())
}

/// Names an index, and the values at which it is read.
fn describe(schema: &Schema, candidate: &Candidate, entries: u64) -> Considered {
    let index = match candidate.find.describe(schema) {
        Access::Index { name, .. } => name,
        Access::Union(_) => "several".to_owned(),
        _ => schema.id_name.clone(),
    };
    let values = match &candidate.find {
        Find::Index(read) => values_at(schema, read),
        _ => Vec::new(),
    };
    Considered { index, values, entries }
}

fn values_at(schema: &Schema, read: &IndexRead) -> Vec<Value> {
    let parts = schema.indexes.get(read.index).map(|index| index.parts.iter());
    let parts = parts.into_iter().flatten().take(read.fixed);
    let values = parts.zip(read.prefix.split(|byte| *byte == PART_DELIMITER));
    let value = |(part, value): (&Part, &[u8])| {
        let mut ascending = Vec::new();
        append_directed(value, part.direction, &mut ascending);
        decode_scalar(&ascending).ok()
    };
    values.filter_map(value).collect()
}

/// Lists all ways except reading all documents.
fn candidates(goal: &Goal<'_>) -> Vec<Candidate> {
    let mut candidates = Vec::new();
    candidates.extend(by_key(goal));
    for (number, index) in goal.schema.indexes.iter().enumerate() {
        if goal.known.is_some_and(|known| known.state(number).is_complete()) {
            candidates.extend(candidate::of_index(goal, number, index));
        }
    }
    for condition in &goal.conjuncts {
        if let Condition::Or(branches) = condition {
            candidates.extend(union(goal, branches));
        }
    }
    candidates
}

/// Finds documents by their ids, or by a range of ids.
fn by_key(goal: &Goal<'_>) -> Option<Candidate> {
    let conjuncts = &goal.conjuncts;
    let is_ordered = goal.order.is_none_or(Order::is_by_id);
    let direction = goal.order.map_or(Direction::Forward, |order| order.ties);
    let mut span: Option<(Span, usize)> = None;
    for condition in conjuncts {
        match condition {
            Condition::Points(FieldRef::Id, points) => {
                let ids = &goal.schema.ids;
                let key = |point: &Vec<u8>| {
                    let id: DocId<'static> = ids.read(&decode_scalar(point).ok()?).ok()??;
                    let mut key = Vec::new();
                    id.encode(&mut key);
                    Some(key)
                };
                let mut keys: Vec<_> = points.iter().filter_map(key).collect();
                keys.sort_unstable();
                if direction == Direction::Reverse {
                    keys.reverse();
                }
                let find = if keys.is_empty() { Find::Nothing } else { Find::Keys(keys) };
                let is_exact = conjuncts.len() == 1;
                return Some(Candidate { find, is_ordered, is_exact, is_unique: true });
            }
            Condition::KeyWithin(within) => {
                span = Some(match span {
                    Some((span, used)) => (common(span, within), used + 1),
                    None => (within.clone(), 1),
                });
            }
            _ => {}
        }
    }
    let (span, used) = span?;
    let is_exact = used == conjuncts.len();
    let find = if span.is_empty() { Find::Nothing } else { Find::Documents { span, direction } };
    Some(Candidate { find, is_ordered, is_exact, is_unique: false })
}

/// Finds the documents that satisfy at least one of several conditions, if there is a way for each
/// condition.
fn union(goal: &Goal<'_>, branches: &[Condition]) -> Option<Candidate> {
    let mut parts = Vec::new();
    for branch in branches {
        let ways = candidates(&Goal::any(goal.schema, goal.known, branch));
        // Branches are not counted. Prefer the way that uses the most conditions.
        let way = ways.into_iter().max_by_key(|way| (way.is_unique, way.is_exact))?;
        match way.find {
            Find::Nothing => {}
            find => parts.push(find),
        }
    }
    let find = if parts.is_empty() { Find::Nothing } else { Find::Union(parts) };
    Some(Candidate { find, is_ordered: goal.order.is_none(), is_exact: false, is_unique: false })
}

fn all_documents(goal: &Goal<'_>) -> Candidate {
    Candidate {
        find: Find::Documents {
            span: Span::all(),
            direction: goal.order.map_or(Direction::Forward, |order| order.ties),
        },
        is_ordered: goal.order.is_none_or(Order::is_by_id),
        is_exact: goal.conjuncts.is_empty(),
        is_unique: false,
    }
}
