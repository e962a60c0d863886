//! Running a query, from the plan to the page.

use std::collections::BinaryHeap;
use std::ops::ControlFlow;

use arbour_core::Result;

use super::condition::Condition;
use super::error::is_of_document;
use super::goal::Goal;
use super::order::{Order, Place};
use super::plan::Plan;
use super::position::{Position, Seal};
use super::reader::Reader;
use super::relevance::{self, Relevance};
use super::{Access, Body, DocError, Explain, Page, Query, Stored};

/// The initial capacity of a page, in documents.
const PAGE_USUAL: usize = 16;

/// A resolved query.
pub(super) struct Search<'s, 'r, D> {
    reader: &'s Reader<'r, D>,
    query: &'s Query<D>,
    condition: Condition,
    /// What the words of the query weigh, if the order is that of relevance.
    relevance: Option<Relevance>,
    /// The order in which documents are searched: reversed if the page is reached backwards.
    order: Order,
    position: Option<Position>,
    /// Whether to count what a way reads even if there is no alternative.
    counts: bool,
}

/// Takes a matching document with its key, and returns whether to continue.
type Visit<'v, D> = dyn FnMut(&[u8], Stored<D>) -> ControlFlow<()> + 'v;

/// A document with its sort bytes, for a heap with the last document on top.
struct Ranked<D> {
    key: Vec<u8>,
    stored: Stored<D>,
}

impl<D> PartialEq for Ranked<D> {
    fn eq(&self, other: &Self) -> bool {
        self.key == other.key
    }
}

impl<D> Eq for Ranked<D> {}

impl<D> PartialOrd for Ranked<D> {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl<D> Ord for Ranked<D> {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.key.cmp(&other.key)
    }
}

impl<'s, 'r, D: Body> Search<'s, 'r, D> {
    pub(super) fn new(
        reader: &'s Reader<'r, D>,
        query: &'s Query<D>,
        counts: bool,
    ) -> Result<Self> {
        let collection = reader.collection;
        let definition = &collection.definition;
        let condition = Condition::of(definition, &query.filter)?;
        let mut order = Order::of(definition, &query.sort, query.relevance)?;
        let position = query.cursor.as_ref().map(|cursor| {
            Seal::new(definition.name(), &collection.opened.store_id, query).read(cursor)
        });
        let position = position.transpose()?;
        if position.as_ref().is_some_and(|position| position.is_backward) {
            order = order.turned();
        }
        let relevance = if query.relevance {
            if let Some((field, _)) = query.sort.first() {
                return Err(relevance::contradicted(definition, field));
            }
            let goal = Goal { index_required: query.index_required, ..reader.goal(&condition) };
            Some(Relevance::of(&goal, reader.docs, collection, query.lenient)?)
        } else {
            None
        };
        Ok(Self { reader, query, condition, relevance, order, position, counts })
    }

    /// Returns the place of a document in the order.
    fn place(&self, id_key: &[u8], body: &D) -> Place {
        let definition = &self.reader.collection.definition;
        let fields = definition.fields_of(body);
        let mut place = self.order.place(definition, id_key, &fields);
        if let Some(relevance) = &self.relevance {
            place.values.insert(0, relevance.of_document(definition, &fields));
        }
        place
    }

    /// Returns how many documents to find: one more than the page holds, to learn whether there are
    /// more.
    fn wanted(&self) -> Option<usize> {
        let more = |limit: usize| limit.saturating_add(self.query.offset).saturating_add(1);
        self.query.limit.map(more)
    }

    fn plan(&self, order: Option<&Order>) -> Result<(Plan, Explain)> {
        let wanted = self.wanted().map(|wanted| wanted as u64);
        let goal = Goal {
            order,
            wanted,
            index_required: self.query.index_required,
            counts: self.counts,
            ..self.reader.goal(&self.condition)
        };
        let plan = self.reader.plan(&goal)?;
        if self.query.index_required && plan.reads_all(&goal) {
            return Err(DocError::FullScan {
                collection: goal.schema.name().to_owned(),
                fields: fields(self.query),
            }
            .into());
        }
        let mut explain = if self.counts {
            plan.explain(&self.query.filter, &goal)
        } else {
            Explain::new(Access::Nothing)
        };
        if let Some(read) = self.relevance.as_ref().and_then(|relevance| relevance.read) {
            (explain.reads_all, explain.real_rows) = (true, read);
        }
        Ok((plan, explain))
    }

    /// Runs the search, and explains it if requested.
    pub(super) fn run(self) -> Result<(Page<Stored<D>>, Explain)> {
        let (plan, mut explain) = self.plan(Some(&self.order))?;
        let mut page = Page::default();
        let limit = self.query.limit.unwrap_or(usize::MAX);
        let wanted = self.wanted().unwrap_or(usize::MAX);
        let mut rows = if plan.chosen.is_ordered {
            self.collect(plan, wanted, &mut page, &mut explain)?
        } else {
            self.rank(plan, wanted, &mut page, &mut explain)?
        };
        rows.drain(..self.query.offset.min(rows.len()));
        let has_more = rows.len() > limit;
        rows.truncate(limit);
        self.mark(&mut page, &rows, has_more);
        if self.is_backward() {
            rows.reverse();
        }
        explain.returned = rows.len() as u64;
        page.items = rows;
        Ok((page, explain))
    }

    fn is_backward(&self) -> bool {
        self.position.as_ref().is_some_and(|position| position.is_backward)
    }

    /// Sets the cursors of a page whose documents are still in search order.
    fn mark(&self, page: &mut Page<Stored<D>>, rows: &[Stored<D>], has_more: bool) {
        let collection = self.reader.collection;
        if !has_more && self.position.is_none() && self.query.offset == 0 {
            return;
        }
        let seal = Seal::new(collection.definition.name(), &collection.opened.store_id, self.query);
        let is_backward = self.is_backward();
        let cursor = |place: Place, is_backward, is_included| {
            seal.write(&Position { place, is_backward, is_included })
        };
        let at = |stored: &Stored<D>, is_backward| {
            let mut id_key = Vec::new();
            stored.id.encode(&mut id_key);
            cursor(self.place(&id_key, &stored.body), is_backward, false)
        };
        let following = rows.last().filter(|_| has_more).map(|last| at(last, is_backward));
        let preceding = match (rows.first(), &self.position) {
            (Some(first), Some(_)) => Some(at(first, !is_backward)),
            // No document is left on this side of the place. On the other side, the page begins
            // with the document at the place itself.
            (None, Some(position)) => Some(cursor(position.place.clone(), !is_backward, true)),
            (Some(first), None) if self.query.offset > 0 => Some(at(first, !is_backward)),
            (_, None) => None,
        };
        (page.next, page.previous) =
            if is_backward { (preceding, following) } else { (following, preceding) };
    }

    /// Collects documents that are found in the requested order.
    fn collect(
        &self,
        mut plan: Plan,
        wanted: usize,
        page: &mut Page<Stored<D>>,
        explain: &mut Explain,
    ) -> Result<Vec<Stored<D>>> {
        let definition = &self.reader.collection.definition;
        if let Some(position) = &self.position {
            let (place, is_included) = (&position.place, position.is_included);
            plan.chosen.find.resume(definition, &self.order, place, is_included);
        }
        let mut rows = Vec::with_capacity(wanted.min(PAGE_USUAL));
        if wanted == 0 {
            return Ok(rows);
        }
        self.visit(&plan, wanted, page, explain, &mut |_, stored| {
            rows.push(stored);
            if rows.len() < wanted { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        })?;
        Ok(rows)
    }

    /// Reads all matching documents and keeps the first ones of the order.
    fn rank(
        &self,
        plan: Plan,
        wanted: usize,
        page: &mut Page<Stored<D>>,
        explain: &mut Explain,
    ) -> Result<Vec<Stored<D>>> {
        let from = self
            .position
            .as_ref()
            .map(|position| (self.order.key(&position.place), position.is_included));
        let mut first = BinaryHeap::new();
        self.visit(&plan, usize::MAX, page, explain, &mut |id_key, stored| {
            let key = self.order.key(&self.place(id_key, &stored.body));
            let is_after = from
                .as_ref()
                .is_none_or(|(from, is_included)| key > *from || (*is_included && key == *from));
            if is_after {
                // Keep only the first `wanted` documents: memory does not grow with the matches.
                first.push(Ranked { key, stored });
                if first.len() > wanted {
                    first.pop();
                }
            }
            ControlFlow::Continue(())
        })?;
        Ok(first.into_sorted_vec().into_iter().map(|ranked| ranked.stored).collect())
    }

    /// Visits the matching documents, in the order in which they are found.
    fn visit(
        &self,
        plan: &Plan,
        wanted: usize,
        page: &mut Page<Stored<D>>,
        explain: &mut Explain,
        visit: &mut Visit<'_, D>,
    ) -> Result<()> {
        let definition = &self.reader.collection.definition;
        let visited = self.reader.find(&plan.chosen.find, wanted, &mut |found| {
            explain.real_rows += 1;
            let stored = match self.reader.read(found) {
                Ok(stored) => stored,
                Err(error) if self.query.lenient && is_of_document(&error) => {
                    page.unreadable.push(error);
                    return Ok(ControlFlow::Continue(()));
                }
                Err(error) => return Err(error),
            };
            let is_meant = plan.chosen.is_exact
                || self.condition.means(
                    definition,
                    found.id_key,
                    &definition.fields_of(&stored.body),
                );
            Ok(if is_meant { visit(found.id_key, stored) } else { ControlFlow::Continue(()) })
        });
        visited.map(drop)
    }

    /// Visits the documents one by one.
    pub(super) fn each(self, visit: &mut dyn FnMut(Stored<D>) -> ControlFlow<()>) -> Result<()> {
        let is_sorted = self.query.relevance || !self.query.sort.is_empty();
        let order = is_sorted.then_some(&self.order);
        let (plan, mut explain) = self.plan(order)?;
        let mut left = self.query.limit.unwrap_or(usize::MAX);
        if left == 0 {
            return Ok(());
        }
        let mut page = Page::default();
        if plan.chosen.is_ordered {
            return self.visit(&plan, left, &mut page, &mut explain, &mut |_, stored| {
                left -= 1;
                let flow = visit(stored);
                if left == 0 { ControlFlow::Break(()) } else { flow }
            });
        }
        for stored in self.rank(plan, left, &mut page, &mut explain)? {
            if visit(stored).is_break() {
                break;
            }
        }
        Ok(())
    }
}

/// Lists the fields that a query filters or sorts by.
fn fields<D>(query: &Query<D>) -> Vec<String> {
    use super::Filter;
    fn collect<D>(filter: &Filter<D>, fields: &mut Vec<String>) {
        match filter {
            Filter::Eq(field, _)
            | Filter::Range(field, ..)
            | Filter::In(field, _)
            | Filter::Prefix(field, _)
            | Filter::Substring(field, _)
            | Filter::ContainsAny(field, _)
            | Filter::ContainsAll(field, _)
            | Filter::Words(field, _)
            | Filter::IsNull(field) => fields.push(field.clone()),
            Filter::And(filters) | Filter::Or(filters) => {
                filters.iter().for_each(|filter| collect(filter, fields));
            }
            Filter::Not(filter) => collect(filter, fields),
            _ => {}
        }
    }
    let mut fields = Vec::new();
    collect(&query.filter, &mut fields);
    fields.extend(query.sort.iter().map(|(field, _)| field.clone()));
    fields.dedup();
    fields
}
