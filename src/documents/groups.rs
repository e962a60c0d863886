//! Grouping documents by the values of a field.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use arbour_core::{Direction, Result};
use serde_json::Value;

use super::condition::Condition;
use super::fields::Fields as _;
use super::find::Find;
use super::reader::{IndexedPart, Reader};
use super::scalar::{Scalar, decode_scalar};
use super::schema::{FieldRef, IndexDefinition};
use super::sum::Sum;
use super::{Body, Filter};

/// Groups in the order of indexes: under the ordered bytes of a value, the value and what was found.
type Groups<T> = BTreeMap<Vec<u8>, (Value, T)>;

/// A value that was found, after its ordered bytes.
type Found<'v> = (&'v [u8], &'v Value);

fn into_groups<T>(groups: Groups<T>) -> Vec<(Value, T)> {
    groups.into_values().collect()
}

impl<D: Body> Reader<'_, D> {
    /// Counts the documents of each value of a field, null included.
    pub(super) fn count_by(&self, filter: &Filter<D>, group: &str) -> Result<Vec<(Value, u64)>> {
        let mut groups = Groups::new();
        self.values_and_nulls(filter, group, |bytes, value| match groups.get_mut(bytes) {
            Some((_, count)) => *count += 1,
            None => {
                groups.insert(bytes.to_vec(), (value.clone(), 1));
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
    ) -> Result<Vec<(Value, Value)>> {
        let declaration = &self.collection.definition.declaration;
        // Refuses a field that is not declared to hold numbers, even if no document matches.
        Sum::of(declaration, summed)?;
        let mut groups: Groups<Sum> = Groups::new();
        self.pairs(filter, group, summed, |(key, group), (_, value)| {
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
        self.pairs(filter, group, field, |(key, group), (bytes, value)| {
            if value.is_null() {
                return Ok(());
            }
            match groups.get_mut(key) {
                Some((_, edge)) => {
                    let is_before = match direction {
                        Direction::Forward => bytes < &*edge.0,
                        Direction::Reverse => bytes > &*edge.0,
                    };
                    if is_before {
                        *edge = (bytes.to_vec(), value.clone());
                    }
                }
                None => {
                    groups.insert(key.to_vec(), (group.clone(), (bytes.to_vec(), value.clone())));
                }
            }
            Ok(())
        })?;
        let edges = groups.into_values();
        Ok(edges.map(|(value, (_, edge))| (value, edge)).collect())
    }

    /// Visits each pair of values of two fields in the documents that match, nulls included, each with
    /// its ordered bytes. An index that has both fields answers alone.
    fn pairs(
        &self,
        filter: &Filter<D>,
        first: &str,
        second: &str,
        mut visit: impl FnMut(Found<'_>, Found<'_>) -> Result<()>,
    ) -> Result<()> {
        let definition = &self.collection.definition;
        let (first, second) = (definition.field(first)?, definition.field(second)?);
        let condition = Condition::of(definition, filter)?;
        let plan = self.plan(&self.goal(&condition))?;
        let of_all = match &condition {
            Condition::All => self.index_of_all(|index| self.has_once(index, &[first, second])),
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
                for (other_key, other) in &others {
                    if failed.is_ok() {
                        failed = visit((key, value), (other_key, other));
                    }
                }
            }
        })?;
        failed
    }

    /// Tells whether an index contains these fields of every document, once. A sparse index leaves out
    /// documents in which another of its fields is null.
    pub(super) fn has_once(&self, index: &IndexDefinition, fields: &[FieldRef]) -> bool {
        let has = |field: &FieldRef| index.parts.iter().any(|part| part.field == *field);
        fields.iter().all(has) && !index.sparse && self.is_once(index)
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
        mut visit: impl FnMut(Found<'_>, Found<'_>) -> Result<()>,
    ) -> Result<()> {
        let flow = self.docs.entries(find, &mut |found| {
            if let Some((_, entry)) = found.entry {
                let (key, value) = self.value_in(entry, first)?;
                let (other_key, other) = self.value_in(entry, second)?;
                visit((&key, &value), (&other_key, &other))?;
            }
            Ok(ControlFlow::Continue(()))
        });
        flow.map(drop)
    }

    /// Returns the different values of a field in one document, null if it has none. A value that the
    /// field does not allow counts as null.
    pub(super) fn values_in(&self, field: FieldRef, body: &D) -> BTreeMap<Vec<u8>, Value> {
        let mut values = BTreeMap::new();
        let mut add = |value: &Scalar<'_>| {
            let mut bytes = Vec::new();
            if value.encode(&mut bytes) {
                // What was encoded can be decoded, to the form that an index returns.
                let plain = decode_scalar(&bytes).unwrap_or_else(|_| value.to_json());
                values.insert(bytes, plain);
            }
        };
        let definition = &self.collection.definition;
        if definition.fields_of(body).scalars(definition, field, &mut add).is_err() {
            add(&Scalar::Json(&Value::Null));
        }
        values
    }
}
