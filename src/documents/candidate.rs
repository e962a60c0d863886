//! The ways in which an index can answer a query.

use arbour_core::Direction;
use serde_json::Value;

use super::condition::{Condition, Span};
use super::encode_scalar;
use super::entries::append_directed;
use super::find::{Find, IndexRead};
use super::goal::Goal;
use super::order::{Order, turned};
use super::schema::{FieldRef, IndexDefinition, Schema};
use super::words::AskedWord;
use crate::key::{GROUP_DELIMITER, PART_DELIMITER, prefix_end};

/// The maximum number of ranges read for one query. If more would be needed, the remaining parts
/// are checked on the documents instead.
const RANGES_MAX: usize = 1000;

/// The maximum number of words, or values of a list, among which the rarest is searched for.
const CHOICES_MAX: usize = 8;

/// A way to find the documents of a query.
#[derive(Clone, Debug)]
pub(super) struct Candidate {
    pub(super) find: Find,
    /// Whether documents are found in the requested order.
    pub(super) is_ordered: bool,
    /// Whether every document found matches, so that it need not be checked.
    pub(super) is_exact: bool,
    /// Whether each range finds at most one document.
    pub(super) is_unique: bool,
}

/// Lists the ways in which an index can answer a conjunction of conditions.
pub(super) fn of_index(goal: &Goal<'_>, number: usize, index: &IndexDefinition) -> Vec<Candidate> {
    if index.words {
        return of_words(goal, number, index);
    }
    let conjuncts = &goal.conjuncts;
    // A sparse index lacks the documents in which a field is null, so it answers only queries that
    // exclude null.
    let is_complete = |field: FieldRef| {
        !index.sparse || conjuncts.iter().any(|condition| condition.excludes_null(field))
    };
    if !index.parts.iter().all(|part| is_complete(part.field)) {
        return Vec::new();
    }
    // Any one of the values that a field must contain finds the documents; the others are checked on
    // them. So there is a way for each value, and the planner counts which is the rarest.
    let choices = conjuncts.iter().map(|condition| match condition {
        Condition::Each(field, values) if index.parts.iter().any(|part| part.field == *field) => {
            values.len().clamp(1, CHOICES_MAX)
        }
        _ => 1,
    });
    let choices = choices.max().unwrap_or(1);
    let candidate =
        |choice| Ranges::of(index, conjuncts, choice).into_candidate(goal, number, index);
    (0..choices).filter_map(candidate).collect()
}

/// Lists one way for each requested word. The rarest word is the best.
fn of_words(goal: &Goal<'_>, number: usize, index: &IndexDefinition) -> Vec<Candidate> {
    let conjuncts = &goal.conjuncts;
    let Some(part) = index.parts.first() else { return Vec::new() };
    let asked = conjuncts.iter().filter_map(|condition| match condition {
        Condition::Words(field, words) if *field == part.field => Some(words),
        _ => None,
    });
    let mut candidates = Vec::new();
    for words in asked {
        for word in words.iter().take(CHOICES_MAX) {
            let mut ranges = Ranges::of_word(part.direction, word, conjuncts.len());
            // Further words and conditions are checked on the documents.
            ranges.is_exact = conjuncts.len() == 1 && words.len() == 1;
            ranges.used = 1;
            candidates.extend(ranges.into_candidate(goal, number, index));
        }
    }
    candidates
}

/// Finds the documents that have a word by an index of words, each document once.
pub(super) fn find_word(
    schema: &Schema,
    number: usize,
    index: &IndexDefinition,
    word: &AskedWord,
) -> Find {
    let direction = index.parts.first().map_or(Direction::Forward, |part| part.direction);
    let ranges = Ranges::of_word(direction, word, 1);
    let repeats = ranges.repeat(schema, index);
    ranges.into_find(number, index, Direction::Forward, repeats)
}

/// The ranges of an index that satisfy the conditions.
struct Ranges {
    /// The encoded leading parts that are compared with single values, one prefix for each
    /// combination.
    prefixes: Vec<Vec<u8>>,
    /// How many leading parts are compared with single values.
    points: usize,
    /// The range of the next part.
    within: Option<(Span, Direction)>,
    /// How many conditions were used, fully or partly.
    used: usize,
    is_exact: bool,
    /// The numbers of the parts that are compared with several values.
    several: Vec<usize>,
    conditions: usize,
}

impl Ranges {
    fn new(conditions: usize) -> Self {
        Self {
            prefixes: vec![Vec::new()],
            points: 0,
            within: None,
            used: 0,
            is_exact: true,
            several: Vec::new(),
            conditions,
        }
    }

    /// The range of the entries of a word, in an index of words.
    fn of_word(direction: Direction, word: &AskedWord, conditions: usize) -> Self {
        let mut ranges = Self::new(conditions);
        if word.is_beginning {
            ranges.within = Some((Span::of_beginning(&word.text), direction));
        } else {
            let mut point = Vec::new();
            // A text can be encoded.
            let _ = encode_scalar(&Value::from(word.text.as_str()), &mut point);
            ranges.add_points(direction, &[point]);
        }
        ranges
    }

    /// Uses the conditions on the parts of an index, starting with the first part.
    fn of(index: &IndexDefinition, conjuncts: &[&Condition], choice: usize) -> Self {
        let mut ranges = Self::new(conjuncts.len());
        for part in &index.parts {
            // Entries sort by the parts after this one only where this one has a single value. So
            // the first part with a range, or without a condition, is the last one of use.
            if !ranges.use_points(part.field, part.direction, conjuncts, choice) {
                ranges.use_spans(part.field, part.direction, conjuncts);
                break;
            }
        }
        ranges
    }

    fn use_points(
        &mut self,
        field: FieldRef,
        direction: Direction,
        conjuncts: &[&Condition],
        choice: usize,
    ) -> bool {
        for condition in conjuncts {
            match condition {
                // The values of several parts multiply.
                Condition::Points(of, points)
                    if *of == field && points.len() * self.prefixes.len() <= RANGES_MAX =>
                {
                    self.used += 1;
                    self.add_points(direction, points);
                    return true;
                }
                Condition::Each(of, values) if *of == field => {
                    let Some(value) = values.get(choice.min(values.len().saturating_sub(1))) else {
                        continue;
                    };
                    self.used += 1;
                    self.is_exact &= values.len() == 1;
                    self.add_points(direction, std::slice::from_ref(value));
                    return true;
                }
                _ => {}
            }
        }
        false
    }

    fn add_points(&mut self, direction: Direction, points: &[Vec<u8>]) {
        if points.len() > 1 {
            self.several.push(self.points);
        }
        let mut prefixes = Vec::with_capacity(self.prefixes.len() * points.len());
        for prefix in &self.prefixes {
            for point in points {
                let mut longer = prefix.clone();
                if self.points > 0 {
                    longer.push(PART_DELIMITER);
                }
                append_directed(point, direction, &mut longer);
                prefixes.push(longer);
            }
        }
        self.prefixes = prefixes;
        self.points += 1;
    }

    fn use_spans(&mut self, field: FieldRef, direction: Direction, conjuncts: &[&Condition]) {
        let mut within: Option<Span> = None;
        for condition in conjuncts {
            if let Condition::Within(of, span) = condition
                && *of == field
            {
                self.used += 1;
                within = Some(match within {
                    Some(other) => common(other, span),
                    None => span.clone(),
                });
            }
        }
        self.within = within.map(|span| (span, direction));
    }

    fn spans(&self, index: &IndexDefinition) -> Vec<Span> {
        let is_whole = self.points == index.parts.len();
        let spans = self.prefixes.iter().map(|prefix| {
            let mut start = prefix.clone();
            // The delimiter belongs to the prefix: without it, the value "ab" would find "abc" too.
            if is_whole {
                start.push(GROUP_DELIMITER);
            } else if self.points > 0 {
                start.push(PART_DELIMITER);
            }
            match &self.within {
                Some((span, direction)) => within(&start, span, *direction),
                None => Span { end: prefix_end(&start), start },
            }
        });
        spans.filter(|span| !span.is_empty()).collect()
    }

    /// Makes the way that reads these ranges; `None` if it is not worth reading.
    fn into_candidate(
        self,
        goal: &Goal<'_>,
        number: usize,
        index: &IndexDefinition,
    ) -> Option<Candidate> {
        let repeats = self.repeat(goal.schema, index);
        let direction = match goal.order {
            None => Some(Direction::Forward),
            // Several ranges are each in order, but not one after another.
            Some(order) if self.is_single() && !repeats => {
                read_direction(index, self.points, order)
            }
            Some(_) => None,
        };
        // An index on which no condition depends is worth reading only for its order.
        if self.used == 0 && (direction.is_none() || goal.order.is_none()) {
            return None;
        }
        let is_exact = self.is_exact && self.used == self.conditions;
        let is_unique = index.unique && self.points == index.parts.len();
        let find = self.into_find(number, index, direction.unwrap_or_default(), repeats);
        Some(Candidate { find, is_ordered: direction.is_some(), is_exact, is_unique })
    }

    fn is_single(&self) -> bool {
        self.prefixes.len() == 1
    }

    /// Tells whether a document may have several entries in the ranges: it has one for each value of
    /// a multi-valued part, unless that part is fixed to one value.
    fn repeat(&self, schema: &Schema, index: &IndexDefinition) -> bool {
        let many = index.parts.iter().position(|part| schema.has_many(part.field) || index.words);
        many.is_some_and(|part| part >= self.points || self.several.contains(&part))
    }

    fn into_find(
        self,
        number: usize,
        index: &IndexDefinition,
        direction: Direction,
        repeats: bool,
    ) -> Find {
        let spans = self.spans(index);
        if spans.is_empty() {
            return Find::Nothing;
        }
        // Only a single range has parts with one value in everything that is read.
        let fixed = if self.is_single() { self.points } else { 0 };
        let prefix = self.prefixes.into_iter().next().filter(|_| fixed > 0).unwrap_or_default();
        Find::Index(IndexRead { index: number, spans, direction, repeats, fixed, prefix })
    }
}

/// Returns the direction in which reading an index yields the order; `fixed` leading parts have the
/// same value in all entries. `None` if neither direction does.
fn read_direction(index: &IndexDefinition, fixed: usize, order: &Order) -> Option<Direction> {
    if order.relevance.is_some() {
        return None;
    }
    // Texts that share a word are not equal, so the part does not fix the field.
    let fixed_fields = if index.words { 0 } else { fixed };
    let is_fixed =
        |field: FieldRef| index.parts.iter().take(fixed_fields).any(|part| part.field == field);
    let mut asked = order.fields.iter().filter(|(field, _)| !is_fixed(*field));
    let mut direction = None;
    for part in index.parts.iter().skip(fixed) {
        let (field, asked) = asked.next()?;
        let needed = if *asked == part.direction { Direction::Forward } else { Direction::Reverse };
        if *field != part.field || *direction.get_or_insert(needed) != needed {
            return None;
        }
    }
    if asked.next().is_some() {
        return None;
    }
    // The ids at the end of the entries break ties, and must run in the same direction as the parts.
    let ids = index.id_direction();
    let needed = if order.ties == ids { Direction::Forward } else { Direction::Reverse };
    (*direction.get_or_insert(needed) == needed).then_some(needed)
}

/// Returns the intersection of two ranges.
pub(super) fn common(left: Span, right: &Span) -> Span {
    let end = match (left.end, &right.end) {
        (Some(left), Some(right)) => Some(left.min(right.clone())),
        (left, right) => left.or_else(|| right.clone()),
    };
    Span { start: left.start.max(right.start.clone()), end }
}

/// Returns the keys that begin with `start`, followed by a part within a range. For a descending
/// part the bounds swap, and what was before the end now lies after everything that begins with it.
fn within(start: &[u8], span: &Span, direction: Direction) -> Span {
    let after = |bytes: &[u8]| [start, bytes].concat();
    match direction {
        Direction::Forward => Span {
            start: after(&span.start),
            end: match &span.end {
                Some(end) => Some(after(end)),
                None => prefix_end(start),
            },
        },
        Direction::Reverse => {
            let turned = |bytes: &[u8]| {
                let mut key = start.to_vec();
                append_directed(bytes, turned(Direction::Forward), &mut key);
                key
            };
            Span {
                start: match &span.end {
                    Some(end) => prefix_end(&turned(end)).unwrap_or_default(),
                    None => start.to_vec(),
                },
                end: prefix_end(&turned(&span.start)),
            }
        }
    }
}
