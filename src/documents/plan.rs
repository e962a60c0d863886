//! The query planner.

use arbour_core::Direction;
use serde_json::Value;

use super::candidate::{self, Candidate, common};
use super::catalog::Known;
use super::condition::{Condition, Span};
use super::definition::{Definition, FieldRef, Part};
use super::entries::append_directed;
use super::find::{Find, IndexRead};
use super::order::Order;
use super::scalar::decode_scalar;
use super::{Access, Considered, DocId, DocResult, Document, Explain, Filter};
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

/// What the planner is asked for.
pub(super) struct Aim<'a> {
    /// The requested order; `None` for any.
    pub(super) order: Option<&'a Order>,
    /// The number of documents wanted.
    pub(super) wanted: Option<u64>,
    /// Whether to avoid reading all documents if possible.
    pub(super) index_required: bool,
    /// Whether to count what each way reads, for `explain`. It does not influence the choice.
    pub(super) counts: bool,
}

impl Aim<'_> {
    /// All matching documents, in any order.
    pub(super) fn any() -> Self {
        Self { order: None, wanted: None, index_required: false, counts: false }
    }
}

impl Plan {
    /// Chooses among the complete indexes. `count` returns how many entries a way reads, up to a
    /// limit.
    ///
    /// # Errors
    /// Errors of counting.
    pub(super) fn choose<D: Document>(
        definition: &Definition<D>,
        known: Option<&Known>,
        condition: &Condition<D>,
        aim: &Aim<'_>,
        mut count: impl FnMut(&Find, u64) -> DocResult<u64>,
    ) -> DocResult<Self> {
        let mut conjuncts = Vec::new();
        condition.conjuncts(&mut conjuncts);
        let mut candidates = candidates(definition, known, &conjuncts, aim.order);
        // Last, because the first of several equally cheap ways is chosen.
        candidates.push(all_documents(&conjuncts, aim.order));
        if let Some(nothing) =
            candidates.iter().position(|candidate| candidate.find == Find::Nothing)
        {
            let chosen = candidates.swap_remove(nothing);
            return Ok(Self { chosen, considered: Vec::new(), estimate: Some(0) });
        }
        if aim.index_required && candidates.iter().any(|candidate| !reads_all(candidate, aim)) {
            candidates.retain(|candidate| !reads_all(candidate, aim));
        }
        let number = match only_alternative(&candidates) {
            Some(number) => number,
            None => cheapest(&candidates, aim, &mut count)?,
        };
        let (considered, estimate) = if aim.counts {
            explained(definition, &candidates, number, aim, &mut count)?
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
fn explained<D: Document>(
    definition: &Definition<D>,
    candidates: &[Candidate],
    chosen: usize,
    aim: &Aim<'_>,
    count: &mut impl FnMut(&Find, u64) -> DocResult<u64>,
) -> DocResult<(Vec<Considered>, Option<u64>)> {
    let (mut considered, mut estimate) = (Vec::new(), None);
    for (number, candidate) in candidates.iter().enumerate() {
        let entries = entries(candidate, &mut *count)?;
        if !is_document_scan(&candidate.find) {
            considered.push(describe(definition, candidate, entries));
        }
        if number == chosen {
            estimate = Some(cost(candidate, entries, aim));
        }
    }
    Ok((considered, estimate))
}

/// Finds the way that is expected to check the fewest documents; the first one if several are
/// equal. Ways that read everything are not counted: any other way is better, unless only the
/// former provide the order.
fn cheapest(
    candidates: &[Candidate],
    aim: &Aim<'_>,
    count: &mut impl FnMut(&Find, u64) -> DocResult<u64>,
) -> DocResult<usize> {
    let mut best: Option<(u64, usize)> = None;
    for (number, candidate) in candidates.iter().enumerate() {
        let entries = if candidate.find.is_all() { ALL } else { entries(candidate, &mut *count)? };
        let cost = cost(candidate, entries, aim);
        if best.is_none_or(|(least, _)| cost < least) {
            best = Some((cost, number));
        }
    }
    Ok(best.map_or(0, |(_, number)| number))
}

/// Tells whether all documents or a whole index are read. A page cut from an ordered, exact scan
/// does not count.
fn reads_all(candidate: &Candidate, aim: &Aim<'_>) -> bool {
    let is_cut = candidate.is_exact && candidate.is_ordered && aim.wanted.is_some();
    candidate.find.is_all() && !is_cut
}

impl Plan {
    /// Tells whether the plan reads all documents or a whole index.
    pub(super) fn reads_all(&self, aim: &Aim<'_>) -> bool {
        reads_all(&self.chosen, aim)
    }

    pub(super) fn explain<D: Document>(
        &self,
        definition: &Definition<D>,
        filter: &Filter<D>,
        aim: &Aim<'_>,
    ) -> Explain {
        let reads_all = self.reads_all(aim);
        let mut explain = Explain::new(match &self.chosen.find {
            Find::Documents { .. } if reads_all => Access::AllDocuments,
            find => find.describe(definition),
        });
        explain.reads_all = reads_all;
        explain.sorts = !self.chosen.is_ordered;
        explain.residual = (!self.chosen.is_exact).then(|| format!("{filter:?}"));
        explain.considered.clone_from(&self.considered);
        explain.estimated_rows = self.estimate.unwrap_or_default();
        explain
    }
}

fn entries(
    candidate: &Candidate,
    count: &mut impl FnMut(&Find, u64) -> DocResult<u64>,
) -> DocResult<u64> {
    match &candidate.find {
        Find::Keys(keys) => Ok(keys.len() as u64),
        Find::Index(read) if candidate.is_unique => Ok(read.spans.len() as u64),
        find => count(find, COUNTED_MAX),
    }
}

/// Returns the expected number of documents to check. A way that provides the order may stop early.
fn cost(candidate: &Candidate, entries: u64, aim: &Aim<'_>) -> u64 {
    match aim.wanted {
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
fn describe<D: Document>(
    definition: &Definition<D>,
    candidate: &Candidate,
    entries: u64,
) -> Considered {
    let index = match candidate.find.describe(definition) {
        Access::Index { name, .. } => name,
        Access::Union(_) => "several".to_owned(),
        _ => definition.id_name.clone(),
    };
    let values = match &candidate.find {
        Find::Index(read) => values_at(definition, read),
        _ => Vec::new(),
    };
    Considered { index, values, entries }
}

fn values_at<D: Document>(definition: &Definition<D>, read: &IndexRead) -> Vec<Value> {
    let parts = definition.indexes.get(read.index).map(|index| index.parts.iter());
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
fn candidates<D: Document>(
    definition: &Definition<D>,
    known: Option<&Known>,
    conjuncts: &[&Condition<D>],
    order: Option<&Order>,
) -> Vec<Candidate> {
    let mut candidates = Vec::new();
    candidates.extend(by_key(definition, conjuncts, order));
    for (number, index) in definition.indexes.iter().enumerate() {
        if known.is_some_and(|known| known.state(number).is_complete()) {
            candidates.extend(candidate::of_index(definition, number, index, conjuncts, order));
        }
    }
    for condition in conjuncts {
        if let Condition::Or(branches) = condition {
            candidates.extend(union(definition, known, branches, order));
        }
    }
    candidates
}

/// Finds documents by their ids, or by a range of ids.
fn by_key<D: Document>(
    definition: &Definition<D>,
    conjuncts: &[&Condition<D>],
    order: Option<&Order>,
) -> Option<Candidate> {
    let is_ordered = order.is_none_or(|order| order.fields.is_empty());
    let direction = order.map_or(Direction::Forward, |order| order.ties);
    let mut span: Option<(Span, usize)> = None;
    for condition in conjuncts {
        match condition {
            Condition::Points(FieldRef::Id, points) => {
                let ids = &definition.declaration.ids;
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
fn union<D: Document>(
    definition: &Definition<D>,
    known: Option<&Known>,
    branches: &[Condition<D>],
    order: Option<&Order>,
) -> Option<Candidate> {
    let mut parts = Vec::new();
    for branch in branches {
        let mut conjuncts = Vec::new();
        branch.conjuncts(&mut conjuncts);
        let ways = candidates(definition, known, &conjuncts, None);
        // Branches are not counted. Prefer the way that uses the most conditions.
        let way = ways.into_iter().max_by_key(|way| (way.is_unique, way.is_exact))?;
        match way.find {
            Find::Nothing => {}
            find => parts.push(find),
        }
    }
    let find = if parts.is_empty() { Find::Nothing } else { Find::Union(parts) };
    Some(Candidate { find, is_ordered: order.is_none(), is_exact: false, is_unique: false })
}

fn all_documents<D: Document>(conjuncts: &[&Condition<D>], order: Option<&Order>) -> Candidate {
    Candidate {
        find: Find::Documents {
            span: Span::all(),
            direction: order.map_or(Direction::Forward, |order| order.ties),
        },
        is_ordered: order.is_none_or(|order| order.fields.is_empty()),
        is_exact: conjuncts.is_empty(),
        is_unique: false,
    }
}
