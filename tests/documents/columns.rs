//! Fields of every type in documents of one type, and whether typed fields find in them what a plain
//! comparison finds.

use std::cmp::Ordering;
use std::fmt::Debug;
use std::ops::Bound;

use arbour::documents::{
    Collection, Document, DocumentStore as _, Filter, IndexValue, Selection, TypedField, to_json,
};
use arbour::{KvStore as _, MemoryStore, Result};
use serde::Serialize;

/// The ids of the selected documents, in their order.
pub(crate) fn ids<D: Document<Id = u32>>(
    store: &MemoryStore,
    selection: &Selection<D>,
) -> Vec<u32> {
    let all = selection.stored(&store.snapshot().unwrap()).unwrap().items;
    all.iter().map(|found| found.id.to_json().as_u64().unwrap() as u32).collect()
}

/// Stores documents in a new collection.
pub(crate) fn stored<D: Document + Clone>(documents: &[D]) -> (MemoryStore, Collection<D>) {
    let store = MemoryStore::new();
    let collection = store.collection::<D>().unwrap();
    let written: Result<()> = store.write(|transaction| {
        documents
            .iter()
            .cloned()
            .try_for_each(|document| collection.insert(transaction, document).map(drop))
    });
    written.unwrap();
    (store, collection)
}

/// Three fields of one type in each document, and what their values are compared by.
pub(crate) struct Column<'c, D, V: IndexValue, O> {
    pub(crate) indexed: TypedField<D, V>,
    pub(crate) plain: TypedField<D, V>,
    pub(crate) many: TypedField<D, Vec<V>>,
    pub(crate) id: TypedField<D, u32>,
    /// The id, the value of the first two fields, and those of the third.
    pub(crate) of: fn(&D) -> (u32, &V, &[V]),
    pub(crate) arg: for<'a> fn(&'a V) -> V::Arg<'a>,
    pub(crate) order: fn(&V) -> O,
    pub(crate) things: &'c [D],
    pub(crate) store: &'c MemoryStore,
    pub(crate) collection: &'c Collection<D>,
}

impl<D, V, O> Column<'_, D, V, O>
where
    D: Document<Id = u32>,
    V: IndexValue + Serialize + Debug,
    O: PartialOrd,
{
    fn compare(&self, one: &V, other: &V) -> Ordering {
        (self.order)(one).partial_cmp(&(self.order)(other)).unwrap()
    }

    /// Asserts that a filter finds the documents that a closure returns true for.
    fn assert_found(&self, filter: Filter<D>, matches: impl Fn(&V, &[V]) -> bool) {
        let text = format!("{filter:?}");
        let matching = self.things.iter().filter(|thing| {
            let (_, value, many) = (self.of)(thing);
            matches(value, many)
        });
        let expected: Vec<u32> = matching.map(|thing| (self.of)(thing).0).collect();
        let found = self.collection.find(filter).sort(self.id.ascending());
        assert_eq!(ids(self.store, &found), expected, "{text}");
    }

    /// Asserts that a filter has the JSON form that a document has.
    pub(crate) fn check_form(&self) {
        for thing in self.things {
            let (_, value, _) = (self.of)(thing);
            let json = to_json("things", value).unwrap();
            assert_eq!(value.field_value(), json);
            assert_eq!(V::arg_value(&(self.arg)(value)), json);
        }
    }

    pub(crate) fn check_nothing_more(&self) {}

    pub(crate) fn check(&self, low: &D, high: &D) {
        let ((_, low, _), (_, high, _)) = ((self.of)(low), (self.of)(high));
        for field in [self.indexed, self.plain] {
            self.check_comparisons(field, low, high);
            self.check_order(field);
        }
        let has = |many: &[V], value: &V| many.iter().any(|one| self.compare(one, value).is_eq());
        let (many, arg) = (self.many, self.arg);
        self.assert_found(many.contains(arg(low)), |_, many| has(many, low));
        let either = many.contains_any([arg(low), arg(high)]);
        self.assert_found(either, |_, many| has(many, low) || has(many, high));
        let both = many.contains_all([arg(low), arg(high)]);
        self.assert_found(both, |_, many| has(many, low) && has(many, high));
        self.assert_found(many.is_empty(), |_, many| many.is_empty());
    }

    fn check_comparisons(&self, field: TypedField<D, V>, low: &V, high: &V) {
        let arg = self.arg;
        let at = |value: &V, other: &V| self.compare(value, other);
        self.assert_found(field.eq(arg(low)), |v, _| at(v, low).is_eq());
        self.assert_found(field.ne(arg(low)), |v, _| at(v, low).is_ne());
        self.assert_found(field.above(arg(low)), |v, _| at(v, low).is_gt());
        self.assert_found(field.at_least(arg(low)), |v, _| at(v, low).is_ge());
        self.assert_found(field.below(arg(low)), |v, _| at(v, low).is_lt());
        self.assert_found(field.at_most(arg(low)), |v, _| at(v, low).is_le());
        let either = field.is_in([arg(low), arg(high)]);
        self.assert_found(either, |v, _| at(v, low).is_eq() || at(v, high).is_eq());
        let between = field.range(arg(low)..arg(high));
        self.assert_found(between, |v, _| at(v, low).is_ge() && at(v, high).is_lt());
        let between = field.range((Bound::Excluded(arg(low)), Bound::Included(arg(high))));
        self.assert_found(between, |v, _| at(v, low).is_gt() && at(v, high).is_le());
        self.assert_found(field.range(..), |_, _| true);
    }

    /// Asserts that documents are sorted by a field, and that ties are broken by id in the direction
    /// of the sort.
    fn check_order(&self, field: TypedField<D, V>) {
        let mut sorted: Vec<(u32, &V, &[V])> = self.things.iter().map(self.of).collect();
        sorted.sort_by(|one, other| self.compare(one.1, other.1).then(one.0.cmp(&other.0)));
        let mut expected: Vec<u32> = sorted.iter().map(|(id, ..)| *id).collect();
        for sort in [field.ascending(), field.descending()] {
            let all = self.collection.all().sort(sort);
            assert_eq!(ids(self.store, &all), expected, "{sort:?}");
            expected.reverse();
        }
    }
}

/// Declares a document with three fields of each type, and the properties of those fields: how a
/// value is made of a number, what filters take for it, and what it is compared by.
macro_rules! columns {
    ($first:ident by $check:ident; $($one:ident $plain:ident $many:ident, $ONE:ident $PLAIN:ident $MANY:ident:
        $type:ty, $value:expr, $arg:expr, $order:expr;)*
    ) => {
        #[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Document)]
        #[document(collection = "things", index($first desc, id))]
        struct Thing {
            #[document(id)]
            id: u32,
            $(
                #[document(index)]
                $one: $type,
                #[document(field)]
                $plain: $type,
                #[document(many, index)]
                $many: Vec<$type>,
            )*
        }

        impl Thing {
            fn new(id: u32, seed: u128, others: &[u128]) -> Self {
                $(let $one: fn(u128) -> $type = $value;)*
                Self {
                    id,
                    $(
                        $plain: $one(seed),
                        $many: others.iter().map(|seed| $one(*seed)).collect(),
                        $one: $one(seed),
                    )*
                }
            }
        }

        fn check_columns(
            (store, collection): &(MemoryStore, Collection<Thing>),
            things: &[Thing],
            low: &Thing,
            high: &Thing,
        ) {
            $(
                let column = $crate::columns::Column {
                    indexed: Thing::$ONE,
                    plain: Thing::$PLAIN,
                    many: Thing::$MANY,
                    id: Thing::ID,
                    of: |thing| (thing.id, &thing.$one, &thing.$many),
                    arg: $arg,
                    order: $order,
                    things,
                    store,
                    collection,
                };
                column.check(low, high);
                column.$check();
            )*
        }
    };
}

pub(crate) use columns;
