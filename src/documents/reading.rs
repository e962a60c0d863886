//! What a reader answers.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::ops::ControlFlow;

use arbour_core::Result;
use serde_json::Value;

use super::concurrent::{Hand, visit_with_threads};
use super::condition::Condition;
use super::find::Find;
use super::reader::Reader;
use super::schema::IndexDefinition;
use super::search::Search;
use super::sum::Sum;
use super::{Body, Declaration, DocError, Explain, Filter, Page, Query, Stored};

impl<D: Body> Reader<'_, D> {
    fn declaration(&self) -> &Declaration<D> {
        &self.collection.definition.declaration
    }

    pub(super) fn search(&self, query: &Query<D>) -> Result<Page<Stored<D>>> {
        let mut page = Search::new(self, query, false)?.run()?.0;
        if query.total {
            page.total = Some(self.count(&query.filter)?);
        }
        Ok(page)
    }

    pub(super) fn explain(&self, query: &Query<D>) -> Result<Explain> {
        Ok(Search::new(self, query, true)?.run()?.1)
    }

    pub(super) fn each(
        &self,
        query: &Query<D>,
        mut visit: impl FnMut(Stored<D>) -> Result<ControlFlow<()>>,
    ) -> Result<()> {
        let mut query = query.clone();
        (query.cursor, query.offset) = (None, 0);
        let search = Search::new(self, &query, false)?;
        let mut failed = None;
        search.each(&mut |stored| {
            visit(stored).unwrap_or_else(|error| {
                failed = Some(error);
                ControlFlow::Break(())
            })
        })?;
        failed.map_or(Ok(()), Err)
    }

    pub(super) fn count(&self, filter: &Filter<D>) -> Result<u64> {
        let collection = self.collection;
        let condition = Condition::of(&collection.definition, filter)?;
        let plan = self.plan(&self.goal(&condition))?;
        let mut count = 0;
        match &plan.chosen.find {
            Find::Documents { span, .. } if plan.chosen.is_exact && span.is_all() => {
                return self.docs.len();
            }
            find if plan.chosen.is_exact => {
                let counted = self.docs.find(find, &mut |_| {
                    count += 1;
                    Ok(ControlFlow::Continue(()))
                });
                counted.map(drop)?;
            }
            _ => self.visit_meant(&condition, &plan, &mut |_, _| count += 1)?,
        }
        Ok(count)
    }

    /// Visits the values of a field in the documents that match, without nulls, each with its ordered
    /// bytes.
    pub(super) fn values(
        &self,
        filter: &Filter<D>,
        field: &str,
        mut visit: impl FnMut(&[u8], &Value),
    ) -> Result<()> {
        // An index that leaves nulls out has all that is asked for.
        self.visit_values(
            filter,
            field,
            |_| true,
            |bytes, value| {
                if !value.is_null() {
                    visit(bytes, value);
                }
            },
        )
    }

    /// Visits the values of a field in the documents that match, each with its ordered bytes; null for
    /// each document that has none.
    pub(super) fn values_and_nulls(
        &self,
        filter: &Filter<D>,
        field: &str,
        visit: impl FnMut(&[u8], &Value),
    ) -> Result<()> {
        self.visit_values(filter, field, |index| !index.sparse, visit)
    }

    fn visit_values(
        &self,
        filter: &Filter<D>,
        field: &str,
        is_complete: impl Fn(&IndexDefinition) -> bool,
        mut visit: impl FnMut(&[u8], &Value),
    ) -> Result<()> {
        let definition = &self.collection.definition;
        let field = definition.field(field)?;
        let condition = Condition::of(definition, filter)?;
        let plan = self.plan(&self.goal(&condition))?;
        let of_all = match &condition {
            Condition::All => self.index_of_all(|index| match index.parts.as_slice() {
                [part] => part.field == field && is_complete(index),
                _ => self.has_once(index, &[field]),
            }),
            _ => None,
        };
        // For a multi-valued field, the ranges leave some values out.
        let is_told = plan.chosen.is_exact && !definition.has_many(field);
        let find = of_all.as_ref().or(is_told.then_some(&plan.chosen.find));
        if let Some(find) = find
            && let Some(part) = self.part_of(find, field)
        {
            return self.values_of_entries(find, part, &mut visit);
        }
        self.visit_meant(&condition, &plan, &mut |_, stored| {
            let values = self.values_in(field, &stored.body);
            values.iter().for_each(|(bytes, value)| visit(bytes, value));
        })
    }

    pub(super) fn each_concurrent(
        &self,
        query: &Query<D>,
        threads: NonZeroUsize,
        visit: impl Fn(Stored<D>) -> Result<ControlFlow<()>> + Sync,
    ) -> Result<()> {
        let read = |hand: Hand<'_, D>| self.each(query, |stored| Ok(hand(stored)));
        visit_with_threads(threads, read, visit)
    }

    pub(super) fn get_by(&self, field: &str, value: impl Into<Value>) -> Result<Option<Stored<D>>> {
        let declaration = self.declaration();
        let is_unique = field == declaration.id_name()
            || declaration.indexes.iter().any(|index| {
                index.unique && matches!(index.parts.as_slice(), [part] if part.field == field)
            });
        if !is_unique {
            return Err(DocError::Invalid {
                collection: declaration.name.clone(),
                reason: format!(
                    "no unique index is over {field:?} alone: declare one, or use `find`"
                ),
            }
            .into());
        }
        self.one(&Query::new(Filter::eq(field, value)))
    }

    pub(super) fn one(&self, query: &Query<D>) -> Result<Option<Stored<D>>> {
        Ok(self.search(&query.clone().limit(1))?.items.pop())
    }

    pub(super) fn exists(&self, filter: &Filter<D>) -> Result<bool> {
        let mut exists = false;
        self.each(&Query::new(filter.clone()).limit(1), |_| {
            exists = true;
            Ok(ControlFlow::Break(()))
        })?;
        Ok(exists)
    }

    pub(super) fn sum(&self, filter: &Filter<D>, field: &str) -> Result<Value> {
        self.sum_up(filter, field)?.total(self.declaration(), field)
    }

    pub(super) fn average(&self, filter: &Filter<D>, field: &str) -> Result<Option<f64>> {
        self.sum_up(filter, field)?.mean(self.declaration(), field)
    }

    fn sum_up(&self, filter: &Filter<D>, field: &str) -> Result<Sum> {
        let mut sum = Sum::of(self.declaration(), field)?;
        self.values(filter, field, |_, value| sum.add(value))?;
        Ok(sum)
    }

    pub(super) fn distinct(&self, filter: &Filter<D>, field: &str) -> Result<Vec<Value>> {
        let mut different = BTreeMap::new();
        self.values(filter, field, |bytes, value| {
            if !different.contains_key(bytes) {
                different.insert(bytes.to_vec(), value.clone());
            }
        })?;
        Ok(different.into_values().collect())
    }
}
