//! The speed of documents, compared with strato-db.
//!
//! strato-db is documents over SQLite for Node.js. It is not run here: its figures were measured
//! once, with version 20 of Node.js, on a machine with two cores and ext4, with 10,000 documents of
//! about 130 bytes, one sparse index over integers and `synchronous = FULL`. On SQLite the goal is
//! ten times each figure.

use arbour_core::{Result, StoreOptions};

use super::article::{Article, articles, id, random_shelves};
use super::collection::open;
use crate::comparison::{Bound, Rows, figure, time};
use crate::scratch::Scratch;
use crate::subject::Subject;
use crate::workload::random_entries;

/// How many documents there are.
const DOCUMENTS: u64 = 10_000;

/// Documents set in one transaction, per second.
const SETS: f64 = 17_254.0;

/// Documents read by id, per second.
const GETS: f64 = 9_216.0;

/// Searches by an index that find ten documents, per second.
const SEARCHES: f64 = 4_985.0;

/// Documents read page by page, per second.
const PAGED: f64 = 78_309.0;

/// Prints the time of each operation, beside strato-db's figure. Reads are measured twice: each in
/// a snapshot of its own, as strato-db's are, and all in one.
pub(super) fn measure<S: Subject>(rows: &mut Rows<'_>, scratch: &Scratch) -> Result<()> {
    let engine = format!("{}, strato-db's figures", S::NAME);
    let bound = if S::NAME == "sqlite" { Bound::TimesAsFast(10.0) } else { Bound::Informative };
    let count = DOCUMENTS.min(rows.scale.entries);
    let articles: Vec<Article> = articles(count).collect();
    let reads = rows.scale.reads;
    let mut rows = rows.of(engine, bound);
    rows.row(
        "set in one transaction",
        articles.len(),
        || figure(articles.len(), SETS),
        || {
            let store = S::open(&scratch.store("sets")?, &StoreOptions::new())?;
            let collection = open(&store, 1)?;
            time(|| collection.set(&articles))
        },
    )?;

    let path = scratch.store("reads")?;
    let store = S::open(&path, &StoreOptions::new())?;
    let collection = open(&store, 1)?;
    collection.set(&articles)?;
    S::settle(&store, &path)?;
    let ids: Vec<String> = random_entries(count, reads).into_iter().map(id).collect();
    for (op, together) in [("get", 1), ("get, in one snapshot", reads)] {
        rows.row(
            op,
            ids.len(),
            || figure(ids.len(), GETS),
            || time(|| ids.chunks(together).map(|ids| collection.gets(ids)).sum::<Result<u64>>()),
        )?;
    }
    let shelves = random_shelves(count, reads / 10);
    for (op, together) in [("search, 10 hits", 1), ("search, 10 hits, in one snapshot", reads)] {
        let searches = |shelves| collection.searches(shelves);
        rows.row(
            op,
            shelves.len(),
            || figure(shelves.len(), SEARCHES),
            || time(|| shelves.chunks(together).map(searches).sum::<Result<u64>>()),
        )?;
    }
    let (all, by_shelf) = (collection.collection.all(), collection.by_shelf());
    for (op, found) in [("row of a page by id", all), ("row of a page by index", by_shelf)] {
        let count = collection.pages(found.clone())?;
        rows.row(op, count, || figure(count, PAGED), || time(|| collection.pages(found.clone())))?;
    }
    Ok(())
}
