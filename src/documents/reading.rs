//! What a reader answers.

use std::collections::BTreeSet;
use std::ops::ControlFlow;

use arbour_core::documents::{
    Declaration, DocError, DocId, DocRead, DocResult, Document, Explain, Filter, Page, Query,
    Stored, encode_scalar,
};
use arbour_core::{Direction, KvRead};
use serde_json::Value;

use super::condition::Condition;
use super::find::Find;
use super::plan::Aim;
use super::reader::{CollectionReader, plain};
use super::search::Search;

impl<R: KvRead, D: Document> DocRead<D> for CollectionReader<'_, R, D> {
    fn declaration(&self) -> &Declaration<D> {
        &self.rows.collection.definition.declaration
    }

    fn get<'i>(&self, id: impl Into<DocId<'i>>) -> DocResult<Option<Stored<D>>> {
        let key = self.rows.collection.key_of(&id.into())?;
        self.rows.collection.get_at(self.rows.reader, &key)
    }

    fn search(&self, query: &Query<D>) -> DocResult<Page<D>> {
        let mut page = Search::new(self, query, false)?.run()?.0;
        if query.total {
            page.total = Some(self.count(&query.filter)?);
        }
        Ok(page)
    }

    fn explain(&self, query: &Query<D>) -> DocResult<Explain> {
        Ok(Search::new(self, query, true)?.run()?.1)
    }

    fn each<E: From<DocError>>(
        &self,
        query: &Query<D>,
        mut visit: impl FnMut(Stored<D>) -> Result<ControlFlow<()>, E>,
    ) -> Result<(), E> {
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

    fn count(&self, filter: &Filter<D>) -> DocResult<u64> {
        let collection = self.rows.collection;
        let condition = Condition::of(&collection.definition, filter)?;
        let plan = self.plan(&condition, &Aim::any())?;
        let mut count = 0;
        match &plan.chosen.find {
            Find::Documents { span, .. } if plan.chosen.is_exact && span.is_all() => {
                return Ok(self.rows.reader.len(&collection.trees.documents)?);
            }
            find if plan.chosen.is_exact => {
                let counted = self.rows.find(find, &mut |_| {
                    count += 1;
                    Ok(ControlFlow::Continue(()))
                });
                counted.map(drop)?;
            }
            _ => self.visit_meant(&condition, &plan, &mut |_, _| count += 1)?,
        }
        Ok(count)
    }

    fn values(
        &self,
        filter: &Filter<D>,
        field: &str,
        mut visit: impl FnMut(&Value),
    ) -> DocResult<()> {
        let definition = &self.rows.collection.definition;
        let field = definition.field(field)?;
        let condition = Condition::of(definition, filter)?;
        let plan = self.plan(&condition, &Aim::any())?;
        let of_all = match &condition {
            Condition::All => self.index_of_all(field)?,
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
            let mut seen = BTreeSet::new();
            // A value that the field does not allow counts as null.
            let _ = definition.scalars(field, &stored.body, &mut |value| {
                let mut bytes = Vec::new();
                let is_new = encode_scalar(value, &mut bytes).is_ok() && seen.insert(bytes);
                if is_new && !value.is_null() {
                    visit(&plain(value.clone()));
                }
            });
        })
    }

    fn min(&self, filter: &Filter<D>, field: &str) -> DocResult<Option<Value>> {
        self.edge(filter, field, Direction::Forward)
    }

    fn max(&self, filter: &Filter<D>, field: &str) -> DocResult<Option<Value>> {
        self.edge(filter, field, Direction::Reverse)
    }
}
