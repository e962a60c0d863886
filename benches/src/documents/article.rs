//! The documents that are measured.

use arbour::documents::Document;
use serde::{Deserialize, Serialize};

use crate::workload::look_at;

/// The number of articles on a shelf: what a search by shelf finds.
pub(super) const ON_SHELF: u64 = 10;

/// Of this many shelves, the articles of the last one have no shelf: a sparse index leaves them
/// out.
const SHELVES_PER_UNKNOWN: u64 = 10;

/// A document of about 130 bytes of JSON. What is derived declares the same as
/// [`open`](super::collection::open) does by hand with three indexes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Document)]
#[document(collection = "articles")]
pub(super) struct Article {
    #[document(id)]
    pub(super) id: String,
    /// The shelf, if it is known.
    #[document(index, sparse)]
    pub(super) shelf: Option<u64>,
    #[document(index)]
    pub(super) price: u64,
    #[document(index)]
    pub(super) maker: String,
    pub(super) name: String,
    pub(super) note: String,
}

impl Article {
    /// Returns one of `count` articles. Those of a shelf are far apart, so storing articles in
    /// sequence visits the shelves in a scattered order.
    pub(super) fn new(number: u64, count: u64) -> Self {
        let shelf = number * 7_919 % count / ON_SHELF;
        Self {
            id: id(number),
            shelf: is_known(shelf).then_some(shelf),
            price: number * 48_271 % 999_983,
            maker: format!("maker-{:04}", number * 31 % 1_000),
            name: format!("hinge of brass {:04}", number % 10_000),
            note: "keep it dry, keep it cool".to_owned(),
        }
    }

    /// Looks at what was read, so that none of it is optimized away.
    pub(super) fn look(&self) -> u64 {
        look_at(self.id.as_bytes()) + look_at(self.note.as_bytes()) + self.price
    }
}

/// Returns all of `count` articles, in the order of their ids.
pub(super) fn articles(count: u64) -> impl Iterator<Item = Article> {
    (0..count).map(move |number| Article::new(number, count))
}

pub(super) fn id(number: u64) -> String {
    format!("article-{number:08}")
}

/// Returns shelves with [`ON_SHELF`] of `count` articles each, in an order that caches cannot
/// predict.
pub(super) fn random_shelves(count: u64, searches: usize) -> Vec<u64> {
    let shelves = crate::workload::random_entries(count / ON_SHELF, searches).into_iter();
    shelves.map(|shelf| if is_known(shelf) { shelf } else { shelf - 1 }).collect()
}

fn is_known(shelf: u64) -> bool {
    shelf % SHELVES_PER_UNKNOWN != SHELVES_PER_UNKNOWN - 1
}
