//! What the planner is asked for.

use super::condition::Condition;
use super::known::Known;
use super::order::Order;
use super::schema::Schema;

/// A resolved query, as the planner sees it: the only input of the planner, whatever call it is for.
pub(super) struct Goal<'g> {
    pub(super) schema: &'g Schema,
    /// The states of the indexes, if there are any.
    pub(super) known: Option<&'g Known>,
    /// The conditions that must all hold.
    pub(super) conjuncts: Vec<&'g Condition>,
    /// The requested order; `None` for any.
    pub(super) order: Option<&'g Order>,
    /// The number of documents wanted; `None` for all.
    pub(super) wanted: Option<u64>,
    /// Whether to avoid reading all documents if possible.
    pub(super) index_required: bool,
    /// Whether to count what each way reads, for `explain`. It does not influence the choice.
    pub(super) counts: bool,
}

impl<'g> Goal<'g> {
    /// All documents that match a condition, in any order.
    pub(super) fn any(
        schema: &'g Schema,
        known: Option<&'g Known>,
        condition: &'g Condition,
    ) -> Self {
        let mut conjuncts = Vec::new();
        condition.conjuncts(&mut conjuncts);
        let (order, wanted, index_required, counts) = (None, None, false, false);
        Self { schema, known, conjuncts, order, wanted, index_required, counts }
    }
}
