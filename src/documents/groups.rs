//! Grouping documents by the values of a field.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use arbour_core::{Direction, Result};
use serde_json::{Number, Value};

use super::condition::Condition;
use super::definition::{FieldRef, IndexDefinition};
use super::find::Find;
use super::reader::{IndexedPart, Reader, plain};
use super::sum::Sum;
use super::{Body, Filter, encode_scalar};

/// Groups in the order of indexes: under the ordered bytes of a value, the value and what was found.
type Groups<T> = BTreeMap<Vec<u8>, (Value, T)>;

fn into_groups<T>(groups: Groups<T>) -> Vec<(Value, T)> {
    groups.into_values().collect()
}

impl<D: Body> Reader<'_, D> {
    /// Counts the documents of each value of a field, null included.
    pub(super) fn count_by(&self, filter: &Filter<D>, group: &str) -> Result<Vec<(Value, u64)>> {
        let mut groups = Groups::new();
        let mut bytes = Vec::new();
        self.values_and_nulls(filter, group, |value| {
            bytes.clear();
            if !encode_scalar(value, &mut bytes) {
                return;
            }
            match groups.get_mut(&bytes) {
                Some((_, count)) => *count += 1,
                None => {
                    groups.insert(bytes.clone(), (value.clone(), 1));
                }
            }
        })?;
        Ok(into_groups(groups))
    }

    /// Adds up one field for each value of another.
    pub(super) fn sum_by(
        &self,
        filter: &Filter<D>,
        group: &str,
        summed: &str,
    ) -> Result<Vec<(Value, Number)>> {
        let declaration = &self.collection.definition.declaration;
        // Refuses a field that is not declared to hold numbers, even if no document matches.
        Sum::of(declaration, summed)?;
        let mut groups: Groups<Sum> = Groups::new();
        self.pairs(filter, group, summed, |key, group, value| {
            if !groups.contains_key(key) {
                let sum = Sum::of(declaration, summed)?;
                groups.insert(key.to_vec(), (group.clone(), sum));
            }
            if let (Some((_, sum)), false) = (groups.get_mut(key), value.is_null()) {
                sum.add(value);
            }
            Ok(())
        })?;
        let sums = groups.into_values();
        sums.map(|(value, sum)| Ok((value, sum.total(declaration, summed)?))).collect()
    }

    /// Finds the first value of one field in a direction, for each value of another.
    pub(super) fn edge_by(
        &self,
        filter: &Filter<D>,
        group: &str,
        field: &str,
        direction: Direction,
    ) -> Result<Vec<(Value, Value)>> {
        let mut groups: Groups<(Vec<u8>, Value)> = Groups::new();
        self.pairs(filter, group, field, |key, group, value| {
            let mut bytes = Vec::new();
            if value.is_null() || !encode_scalar(value, &mut bytes) {
                return Ok(());
            }
            match groups.get_mut(key) {
                Some((_, edge)) => {
                    let is_before = match direction {
                        Direction::Forward => bytes < edge.0,
                        Direction::Reverse => bytes > edge.0,
                    };
                    if is_before {
                        *edge = (bytes, value.clone());
                    }
                }
                None => {
                    groups.insert(key.to_vec(), (group.clone(), (bytes, value.clone())));
                }
            }
            Ok(())
        })?;
        let edges = groups.into_values();
        Ok(edges.map(|(value, (_, edge))| (value, edge)).collect())
    }

    /// Visits each pair of values of two fields in the documents that match, nulls included, with the
    /// ordered bytes of the first. An index that has both fields answers alone.
    fn pairs(
        &self,
        filter: &Filter<D>,
        first: &str,
        second: &str,
        mut visit: impl FnMut(&[u8], &Value, &Value) -> Result<()>,
    ) -> Result<()> {
        let definition = &self.collection.definition;
        let (first, second) = (definition.field(first)?, definition.field(second)?);
        let condition = Condition::of(definition, filter)?;
        let plan = self.plan(&self.goal(&condition))?;
        let of_all = match &condition {
            Condition::All => self.index_of_pairs(first, second),
            _ => None,
        };
        let find = of_all.as_ref().or(plan.chosen.is_exact.then_some(&plan.chosen.find));
        if let Some(find) = find
            && let Some(parts) = self.parts_of(find, first, second)
        {
            return self.pairs_of_entries(find, parts, visit);
        }
        let mut failed = Ok(());
        self.visit_meant(&condition, &plan, &mut |_, stored| {
            let values = self.values_in(first, &stored.body);
            let others = self.values_in(second, &stored.body);
            for (key, value) in &values {
                for other in others.values() {
                    if failed.is_ok() {
                        failed = visit(key, value, other);
                    }
                }
            }
        })?;
        failed
    }

    /// Finds an index that contains both fields of all documents, once each.
    fn index_of_pairs(&self, first: FieldRef, second: FieldRef) -> Option<Find> {
        self.index_of_all(|index| {
            let has = |field| index.parts.iter().any(|part| part.field == field);
            has(first) && has(second) && !index.sparse && self.is_once(index)
        })
    }

    /// Returns the parts of the index that hold two fields, if the index alone tells the values of
    /// everything the plan finds, once for each document.
    fn parts_of(
        &self,
        find: &Find,
        first: FieldRef,
        second: FieldRef,
    ) -> Option<(IndexedPart, IndexedPart)> {
        let (first, second) = (self.part_of(find, first)?, self.part_of(find, second)?);
        let index = self.collection.definition.indexes.get(first.index)?;
        self.is_once(index).then_some((first, second))
    }

    /// Tells whether an index has one entry for each document.
    fn is_once(&self, index: &IndexDefinition) -> bool {
        index.parts.iter().all(|part| !self.collection.definition.has_many(part.field))
    }

    /// Visits the pairs of values in index entries.
    fn pairs_of_entries(
        &self,
        find: &Find,
        (first, second): (IndexedPart, IndexedPart),
        mut visit: impl FnMut(&[u8], &Value, &Value) -> Result<()>,
    ) -> Result<()> {
        let flow = self.docs.entries(find, &mut |found| {
            if let Some((_, entry)) = found.entry {
                let (key, value) = self.value_in(entry, first)?;
                let (_, other) = self.value_in(entry, second)?;
                visit(&key, &value, &other)?;
            }
            Ok(ControlFlow::Continue(()))
        });
        flow.map(drop)
    }

    /// Returns the different values of a field in one document, null if it has none. A value that the
    /// field does not allow counts as null.
    pub(super) fn values_in(&self, field: FieldRef, body: &D) -> BTreeMap<Vec<u8>, Value> {
        let mut values = BTreeMap::new();
        let mut add = |value: &Value| {
            let mut bytes = Vec::new();
            if encode_scalar(value, &mut bytes) {
                values.insert(bytes, plain(value.clone()));
            }
        };
        if self.collection.definition.scalars(field, body, &mut add).is_err() {
            add(&Value::Null);
        }
        values
    }
}
