//! Reading a collection through a snapshot or a transaction.

use std::collections::HashSet;
use std::ops::ControlFlow;
use std::sync::Arc;

use arbour_core::{Direction, Result};
use serde_json::Value;

use super::any_reader::{AnyReader, Visited};
use super::collection::Collection;
use super::condition::{Condition, Span};
use super::docs::{Docs, Found, OwnedFound, Visit};
use super::entries::part_value;
use super::find::{Find, IndexRead};
use super::goal::Goal;
use super::known::Known;
use super::plan::Plan;
use super::scalar::decode_scalar;
use super::schema::{FieldRef, IndexDefinition};
use super::{Body, Filter, Query, Stored};

/// A part of an index.
#[derive(Clone, Copy)]
pub(super) struct IndexedPart {
    pub(super) index: usize,
    part: usize,
    direction: Direction,
}

/// The key of a document that was found, and the number of the index that led to it.
pub(super) struct FoundKey {
    pub(super) id_key: Vec<u8>,
    pub(super) index: Option<usize>,
}

/// Documents that were found and are about to be read.
struct Ahead<'r> {
    docs: Docs<'r>,
    found: Vec<OwnedFound>,
    wanted: usize,
}

/// How many documents are read at once.
const AHEAD_MAX: usize = 256;

impl Ahead<'_> {
    fn is_full(&self) -> bool {
        self.found.len() >= self.wanted.min(AHEAD_MAX)
    }

    fn visit(&mut self, visit: Visit<'_>) -> Visited {
        let found = std::mem::take(&mut self.found);
        self.docs.prefetch(&|| found.iter().map(|found| found.id_key.clone()).collect())?;
        for found in &found {
            if visit(&found.lend())?.is_break() {
                return Ok(ControlFlow::Break(()));
            }
        }
        Ok(ControlFlow::Continue(()))
    }
}

/// Reads the documents of a [`Collection`] in one snapshot or transaction.
pub(super) struct Reader<'r, D> {
    pub(super) collection: &'r Collection<D>,
    pub(super) docs: Docs<'r>,
    /// The state of the indexes, if there are any. It is fixed for this reader.
    known: Option<Arc<Known>>,
}

impl<D: Body> Collection<D> {
    /// Runs a closure with a reader of the documents in a snapshot or a transaction.
    pub(super) fn with_reader<T>(
        &self,
        reader: &dyn AnyReader,
        run: impl FnOnce(&Reader<'_, D>) -> Result<T>,
    ) -> Result<T> {
        if self.definition.indexes.is_empty() {
            return run(&Reader { collection: self, docs: self.opened.docs(reader), known: None });
        }
        let known = self.opened.known(reader)?;
        let docs = known.docs(reader);
        run(&Reader { collection: self, docs, known: Some(Arc::clone(&known)) })
    }
}

impl<D: Body> Reader<'_, D> {
    /// Returns the goal of finding all documents that match a condition, in any order.
    pub(super) fn goal<'g>(&'g self, condition: &'g Condition) -> Goal<'g> {
        Goal::any(&self.collection.definition, self.known.as_deref(), condition)
    }

    pub(super) fn plan(&self, goal: &Goal<'_>) -> Result<Plan> {
        Plan::choose(goal, self.docs)
    }

    /// Reads a document that was found.
    ///
    /// # Errors
    /// [`Dangling`](super::DocError::Dangling) if an index points to a document that does not exist.
    pub(super) fn read(&self, found: &Found<'_>) -> Result<Stored<D>> {
        let collection = self.collection;
        if let Some(value) = found.value {
            return collection.decode(found.id_key, value);
        }
        if let Some(stored) = collection.get_at(self.docs, found.id_key)? {
            return Ok(stored);
        }
        Err(collection.opened.dangling(found.entry.map(|(index, _)| index), found.id_key)?)
    }

    /// Visits what an access path finds, in its order, where each document is to be
    /// [read](Self::read). At most about as many are read in vain as are wanted.
    pub(super) fn find(&self, find: &Find, wanted: usize, visit: Visit<'_>) -> Visited {
        let is_index = matches!(find, Find::Index(_) | Find::Union(_));
        if !is_index || !self.docs.prefetch(&Vec::new)? {
            return self.docs.find(find, visit);
        }
        // Each read asks the server, so some are found first, and then all of them are read at once.
        let mut ahead = Ahead { docs: self.docs, found: Vec::new(), wanted };
        let flow = self.docs.find(find, &mut |found| {
            ahead.found.push(found.to_owned());
            if ahead.is_full() { ahead.visit(visit) } else { Ok(ControlFlow::Continue(())) }
        })?;
        if flow.is_break() { Ok(flow) } else { ahead.visit(visit) }
    }

    /// Returns the keys of the documents that match a filter, each with the number of the index that led
    /// to it. A document is read only if what finds it does not tell whether it matches.
    pub(super) fn keys(&self, filter: &Filter<D>) -> Result<Vec<FoundKey>> {
        let condition = Condition::of(&self.collection.definition, filter)?;
        let plan = self.plan(&self.goal(&condition))?;
        let mut keys = Vec::new();
        let mut add = |found: &Found<'_>| {
            let index = found.entry.map(|(index, _)| index);
            keys.push(FoundKey { id_key: found.id_key.to_vec(), index });
        };
        if plan.chosen.is_exact {
            let found = self.docs.find(&plan.chosen.find, &mut |found| {
                add(found);
                Ok(ControlFlow::Continue(()))
            });
            found.map(drop)?;
        } else {
            self.visit_meant(&condition, &plan, &mut |found, _| add(found))?;
        }
        Ok(keys)
    }

    /// Visits the documents that match a condition, in the order of its plan.
    pub(super) fn visit_meant(
        &self,
        condition: &Condition,
        plan: &Plan,
        visit: &mut dyn FnMut(&Found<'_>, &Stored<D>),
    ) -> Result<()> {
        let definition = &self.collection.definition;
        let visited = self.find(&plan.chosen.find, usize::MAX, &mut |found| {
            let stored = self.read(found)?;
            let means =
                || condition.means(definition, found.id_key, &definition.fields_of(&stored.body));
            if plan.chosen.is_exact || means() {
                visit(found, &stored);
            }
            Ok(ControlFlow::Continue(()))
        });
        visited.map(drop)
    }

    /// Returns the part of an index that has the values of a field, if the index alone tells the
    /// values of everything the plan finds.
    pub(super) fn part_of(&self, find: &Find, field: FieldRef) -> Option<IndexedPart> {
        let Find::Index(read) = find else { return None };
        let index = self.collection.definition.indexes.get(read.index)?;
        let part = index.parts.iter().position(|part| part.field == field && !index.words)?;
        let direction = index.parts.get(part)?.direction;
        Some(IndexedPart { index: read.index, part, direction })
    }

    /// Returns a value in an index entry, and its ordered bytes.
    pub(super) fn value_in(&self, entry: &[u8], part: IndexedPart) -> Result<(Vec<u8>, Value)> {
        let bytes = part_value(entry, part.part, part.direction);
        let value = bytes.and_then(|bytes| decode_scalar(&bytes).map(|value| (bytes, value)));
        value.map_err(|cause| self.collection.opened.undecodable(entry, cause))
    }

    /// Visits the values of a field in index entries, nulls included.
    pub(super) fn values_of_entries(
        &self,
        find: &Find,
        part: IndexedPart,
        visit: &mut dyn FnMut(&[u8], &Value),
    ) -> Result<()> {
        let definition = &self.collection.definition;
        let Some(index) = definition.indexes.get(part.index) else { return Ok(()) };
        // If another part of the index is multi-valued, a document has several entries with the
        // same value of this field.
        let own = index.parts.get(part.part).map(|part| part.field);
        let is_of_many = index
            .parts
            .iter()
            .any(|other| Some(other.field) != own && definition.has_many(other.field));
        let mut seen = HashSet::new();
        let flow = self.docs.entries(find, &mut |found| {
            let Some((_, entry)) = found.entry else { return Ok(ControlFlow::Continue(())) };
            if !is_of_many || seen.insert(found.id_key.to_vec()) {
                let (bytes, value) = self.value_in(entry, part)?;
                visit(&bytes, &value);
            }
            Ok(ControlFlow::Continue(()))
        });
        flow.map(drop)
    }

    /// Finds a complete index of a kind, to be read whole.
    pub(super) fn index_of_all(&self, is_meant: impl Fn(&IndexDefinition) -> bool) -> Option<Find> {
        let definition = &self.collection.definition;
        let known = self.known.as_ref()?;
        let is_found = |(number, index): &(usize, &IndexDefinition)| {
            !index.words && known.state(*number).is_complete() && is_meant(index)
        };
        let (index, _) = definition.indexes.iter().enumerate().find(is_found)?;
        Some(Find::Index(IndexRead {
            index,
            spans: vec![Span::all()],
            direction: Direction::Forward,
            repeats: false,
            fixed: 0,
            prefix: Vec::new(),
        }))
    }

    /// Returns the first value of a field in a direction.
    pub(super) fn edge(
        &self,
        filter: &Filter<D>,
        name: &str,
        direction: Direction,
    ) -> Result<Option<Value>> {
        let definition = &self.collection.definition;
        let field = definition.field(name)?;
        if definition.has_many(field) {
            let mut edge: Option<(Vec<u8>, Value)> = None;
            self.values(filter, name, |bytes, value| {
                let is_better = |old: &[u8]| match direction {
                    Direction::Forward => bytes < old,
                    Direction::Reverse => bytes > old,
                };
                if edge.as_ref().is_none_or(|(old, _)| is_better(old)) {
                    edge = Some((bytes.to_vec(), value.clone()));
                }
            })?;
            return Ok(edge.map(|(_, value)| value));
        }
        let filter = filter.clone().and(Filter::is_null(name).not());
        let mut query = Query::new(filter).limit(1);
        query.sort.push((name.to_owned(), direction));
        let first = self.search(&query)?.items.pop();
        Ok(first.map(|stored| match field {
            FieldRef::Id => stored.id.to_json(),
            field => definition.plain(field, &stored.body),
        }))
    }
}
