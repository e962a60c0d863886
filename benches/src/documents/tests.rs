//! Both sides have to store and read the same, or the comparison means nothing.

use arbour::documents::layout::{CATALOG_TREE, META_TREE, documents_tree, index_tree};

use arbour_core::{KvRead as _, KvStore as _, Result, StoreOptions};

use super::article::{Article, ON_SHELF, articles, id, random_shelves};
use super::collection::{INDEXED, NAME, open};
use super::get::{decode_each, key, keys_on};
use super::record::{records, stored};
use crate::scratch::Scratch;
use crate::subject::{ENGINES, Memory, Native, Subject, Visit, visit_each};
use crate::tables::{KeyValue, Record, Table, Tables as _};

const ARTICLES: u64 = 1_000;

/// Runs a check for each engine that has an API of its own.
fn on_each_engine(check: &mut impl Visit) {
    visit_each(&[], check).unwrap();
}

/// Stores articles through the documents layer.
fn filled<S: Subject>(scratch: &Scratch, indexes: usize) -> Result<S::Store> {
    let store = S::open(&scratch.store("arbour")?, &StoreOptions::new())?;
    open(&store, indexes)?.set(&articles(ARTICLES).collect::<Vec<_>>())?;
    Ok(store)
}

/// The entries of a table of raw's, in the order of the records.
fn entries_of(records: &[Record], table: Table) -> Vec<&KeyValue> {
    records.iter().filter_map(|record| record.get(table as usize)?.as_ref()).collect()
}

#[test]
fn articles_have_about_130_bytes() {
    for article in articles(ARTICLES) {
        let bytes = serde_json::to_vec(&article).unwrap().len();
        assert!((125..=140).contains(&bytes), "{bytes}");
    }
}

struct SameEntries(usize);

impl Visit for SameEntries {
    fn visit<N: Native>(&mut self) -> Result<()> {
        for indexes in 1..=INDEXED.len() {
            let scratch = Scratch::new()?;
            let store = filled::<N>(&scratch, indexes)?;
            let records = records(&articles(ARTICLES).collect::<Vec<_>>(), indexes)?;
            assert!(records == stored(&store, indexes)?, "{} stores what memory does", N::NAME);
            let mut trees = vec![documents_tree(NAME), META_TREE.into(), CATALOG_TREE.into()];
            trees.extend(INDEXED.iter().take(indexes).map(|index| index_tree(NAME, index)));
            let found = store.snapshot()?.trees()?;
            assert!(found.iter().all(|tree| trees.contains(tree)), "more is stored: {found:?}");

            let raw = N::create_raw(&scratch.store("raw")?)?;
            raw.put_records(&records)?;
            for table in Table::ALL.into_iter().take(1 + indexes) {
                let entries = entries_of(&records, table);
                assert!(entries.len() as u64 > ARTICLES / 2, "{table:?} is one that is filled");
                let keys: Vec<_> = entries.iter().map(|(key, _)| key.clone()).collect();
                let mut values = Vec::new();
                raw.get_from(table, &keys, |value| {
                    values.push(value.to_vec());
                    0
                })?;
                assert!(values.iter().eq(entries.iter().map(|(_, value)| value)), "{}", N::NAME);
            }
        }
        self.0 += 1;
        Ok(())
    }
}

#[test]
fn raw_engines_hold_the_entries_that_documents_take() {
    let mut check = SameEntries(0);
    on_each_engine(&mut check);
    assert_eq!(check.0, ENGINES.len() - 1, "all but the one in memory");
}

#[test]
fn records_are_in_the_order_they_are_written_in() {
    let articles: Vec<Article> = articles(ARTICLES).collect();
    let records = records(&articles, 3).unwrap();
    assert_eq!(records.len(), articles.len());
    for (article, record) in articles.iter().zip(&records) {
        assert_eq!(record[0].as_ref().unwrap().0, key(&article.id));
        assert_eq!(record[1].is_some(), article.shelf.is_some(), "the first index is sparse");
        assert!(record[2].is_some() && record[3].is_some());
    }
}

struct SameReads;

impl Visit for SameReads {
    fn visit<N: Native>(&mut self) -> Result<()> {
        let scratch = Scratch::new()?;
        let store = filled::<N>(&scratch, 1)?;
        let raw = N::create_raw(&scratch.store("raw")?)?;
        raw.put_records(&stored(&store, 1)?)?;
        // One more than exist: an absent document counts nothing, and is not a failure.
        let ids: Vec<_> = (0..=ARTICLES).map(id).collect();
        let keys: Vec<_> = ids.iter().map(|id| key(id)).collect();
        let expected: u64 = articles(ARTICLES).map(|article| article.look()).sum();
        assert_eq!(open(&store, 1)?.gets(&ids)?, expected, "{}", N::NAME);
        assert_eq!(decode_each(&raw, &keys)?, expected, "{}", N::NAME);

        let articles: Vec<_> = articles(ARTICLES).collect();
        let shelves = random_shelves(ARTICLES, 20);
        let keys = keys_on(&articles, &shelves);
        assert_eq!(keys.len() as u64, 20 * ON_SHELF);
        let found = open(&store, 1)?.searches(&shelves)?;
        assert_eq!(decode_each(&raw, &keys)?, found, "{}", N::NAME);
        Ok(())
    }
}

#[test]
fn both_sides_get_the_same_articles() {
    on_each_engine(&mut SameReads);
}

#[test]
fn searches_find_a_shelf_by_the_index() {
    let scratch = Scratch::new().unwrap();
    let store = filled::<Memory>(&scratch, 1).unwrap();
    let collection = open(&store, 1).unwrap();
    let shelves = random_shelves(ARTICLES, 50);
    let expected: Vec<u64> = shelves
        .iter()
        .map(|shelf| {
            let on_it = articles(ARTICLES).filter(|article| article.shelf == Some(*shelf));
            on_it.map(|article| article.look()).sum()
        })
        .collect();
    assert_eq!(collection.searches(&shelves).unwrap(), expected.iter().sum::<u64>());
    assert_eq!(collection.counts(&shelves).unwrap(), 50 * ON_SHELF);
    let snapshot = store.snapshot().unwrap();
    let articles = &collection.collection;
    let on_shelf = articles.find(super::collection::on(shelves[0]));
    assert!(!on_shelf.explain(&snapshot).unwrap().scans_all());
    let page = collection.by_shelf().limit(50);
    assert!(!page.explain(&snapshot).unwrap().scans_all());
}

#[test]
fn pages_have_every_article_once() {
    let scratch = Scratch::new().unwrap();
    let store = filled::<Memory>(&scratch, 1).unwrap();
    let collection = open(&store, 1).unwrap();
    assert_eq!(collection.pages(collection.collection.all()).unwrap() as u64, ARTICLES);
    let on_shelves = articles(ARTICLES).filter(|article| article.shelf.is_some()).count();
    assert_eq!(collection.pages(collection.by_shelf()).unwrap(), on_shelves);
}
