//! What the planner is asked for.

use super::Body;
use super::condition::Condition;
use super::definition::Definition;
use super::known::Known;
use super::order::Order;

/// A resolved query, as the planner sees it: the only input of the planner, whatever call it is for.
pub(super) struct Goal<'g, D> {
    pub(super) definition: &'g Definition<D>,
    /// The states of the indexes, if there are any.
    pub(super) known: Option<&'g Known<D>>,
    /// The conditions that must all hold.
    pub(super) conjuncts: Vec<&'g Condition<D>>,
    /// The requested order; `None` for any.
    pub(super) order: Option<&'g Order>,
    /// The number of documents wanted; `None` for all.
    pub(super) wanted: Option<u64>,
    /// Whether to avoid reading all documents if possible.
    pub(super) index_required: bool,
    /// Whether to count what each way reads, for `explain`. It does not influence the choice.
    pub(super) counts: bool,
}

impl<'g, D: Body> Goal<'g, D> {
    /// All documents that match a condition, in any order.
    pub(super) fn any(
        definition: &'g Definition<D>,
        known: Option<&'g Known<D>>,
        condition: &'g Condition<D>,
    ) -> Self {
        let mut conjuncts = Vec::new();
        condition.conjuncts(&mut conjuncts);
        let (order, wanted, index_required, counts) = (None, None, false, false);
        Self { definition, known, conjuncts, order, wanted, index_required, counts }
    }
}
