//! The cost of a search in a large collection relative to a small one.

use std::path::Path;
use std::time::Duration;

use arbour::documents::layout::documents_tree;
use arbour_core::engine::TreeName;
use arbour_core::{
    Cursor as _, Direction, KeyRange, KvRead as _, KvStore as _, Result, StoreOptions,
};

use super::article::{Article, id, random_shelves};
use super::collection::{NAME, open};
use super::get::key;
use crate::comparison::{Bound, Rows, Scale, time};
use crate::contender::Contender;
use crate::scratch::Scratch;
use crate::subject::{Native, Subject};
use crate::tables::{Table, Tables};
use crate::workload::{look_at, random_entries};

/// How many documents are stored in one transaction.
const CHUNK: u64 = 100_000;

/// A store of a tenth of the measured number of documents, and one of ten times the number.
pub(super) struct Sizes<S: Subject> {
    small: Size<S>,
    large: Size<S>,
}

struct Size<S: Subject> {
    store: S::Store,
    count: u64,
}

impl<S: Subject> Sizes<S> {
    pub(super) fn fill(scale: Scale, scratch: &Scratch) -> Result<Self> {
        Ok(Self {
            small: Size::fill(&scratch.store("small")?, scale.entries / 10)?,
            large: Size::fill(&scratch.store("large")?, scale.entries * 10)?,
        })
    }

    /// Searches by the index, which has the same number of hits in both stores. Reading the hits is
    /// most of the cost, so they are also counted, which uses the index alone.
    pub(super) fn search(&self, rows: &mut Rows<'_>) -> Result<()> {
        let searches = rows.scale.reads / 10;
        let of = |size: &Size<S>| random_shelves(size.count, searches);
        let (few, many) = (of(&self.small), of(&self.large));
        let (small, large) = (open(&self.small.store, 1)?, open(&self.large.store, 1)?);
        rows.of(S::NAME, Bound::Ratio(1.5)).row(
            "search of 10, raw: 100 times fewer",
            searches,
            || warm(|| small.searches(&few)),
            || warm(|| large.searches(&many)),
        )?;
        rows.of(S::NAME, Bound::Informative).row(
            "count of 10, raw: 100 times fewer",
            searches,
            || warm(|| small.counts(&few)),
            || warm(|| large.counts(&many)),
        )
    }
}

impl<N: Native> Sizes<N> {
    /// Gets as many documents as the searches do with the engine's own API, which shows how much of
    /// a search's slowdown is the engine's.
    pub(super) fn raw_get(&self, rows: &mut Rows<'_>, scratch: &Scratch) -> Result<()> {
        let small = self.small.copy(N::create_raw(&scratch.store("raw-small")?)?)?;
        let large = self.large.copy(N::create_raw(&scratch.store("raw-large")?)?)?;
        let gets = rows.scale.reads;
        let of = |size: &Size<N>| -> Vec<_> {
            random_entries(size.count, gets).into_iter().map(|number| key(&id(number))).collect()
        };
        let (few, many) = (of(&self.small), of(&self.large));
        let get = |raw: &N::Raw, keys: &[_]| warm(|| raw.get_from(Table::Documents, keys, look_at));
        rows.of(format!("{}, raw both", N::NAME), Bound::Informative).row(
            "get, raw: 100 times fewer",
            gets,
            || get(&small, &few),
            || get(&large, &many),
        )
    }
}

impl<S: Subject> Size<S> {
    fn fill(path: &Path, count: u64) -> Result<Self> {
        let store = S::open(path, &StoreOptions::new())?;
        let collection = open(&store, 1)?;
        for first in (0..count).step_by(CHUNK as usize) {
            let numbers = first..count.min(first + CHUNK);
            let chunk: Vec<_> = numbers.map(|number| Article::new(number, count)).collect();
            collection.set(&chunk)?;
        }
        drop(collection);
        S::settle(&store, path)?;
        Ok(Self { store, count })
    }

    /// Copies the entries of the documents to an engine with its own API.
    fn copy<R: Tables + Contender>(&self, raw: R) -> Result<R> {
        let tree = self.store.open_tree(TreeName::layer(&documents_tree(NAME))?)?;
        let snapshot = self.store.snapshot()?;
        let mut cursor = snapshot.scan(&tree, KeyRange::all(), Direction::Forward)?;
        let mut records = Vec::new();
        while let Some((key, value)) = cursor.next()? {
            records.push(vec![Some((key.to_vec(), value.to_vec()))]);
            if records.len() as u64 == CHUNK {
                raw.put_records(&records)?;
                records.clear();
            }
        }
        // sled's own transactions panic without trees.
        if !records.is_empty() {
            raw.put_records(&records)?;
        }
        raw.settle()?;
        Ok(raw)
    }
}

/// Times reads that were just made, because the other side has replaced the contents of the caches.
fn warm<R>(mut reads: impl FnMut() -> Result<R>) -> Result<Duration> {
    reads()?;
    time(reads)
}
