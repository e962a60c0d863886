//! What a derived collection costs above one that is declared by hand.

use arbour::documents::{Collection, Document as _};
use arbour_core::{KvStore, Result, StoreOptions};

use super::article::{Article, articles, id, random_shelves};
use super::collection::{Articles, INDEXED, open};
use crate::comparison::{Bound, Rows, time};
use crate::scratch::Scratch;
use crate::subject::Subject;
use crate::workload::random_entries;

/// The same documents, indexes and searches on both sides.
pub(super) fn measure<S: Subject>(rows: &mut Rows<'_>, scratch: &Scratch) -> Result<()> {
    let count = rows.scale.entries;
    let articles: Vec<Article> = articles(count).collect();
    let reads = rows.scale.reads;
    let bound = Bound::Ratio(1.05);
    let mut rows = rows.of(format!("{}, derived above by hand", S::NAME), bound);

    let empty = |name: &str| S::open(&scratch.store(name)?, &StoreOptions::new());
    rows.row(
        "set, 3 indexes",
        articles.len(),
        || {
            let store = empty("by-hand")?;
            let articles_by_hand = open(&store, INDEXED.len())?;
            time(|| articles_by_hand.set(&articles))
        },
        || {
            let store = empty("derived")?;
            let derived = open_derived(&store)?;
            time(|| derived.set(&articles))
        },
    )?;

    // One store, so that both sides read the same memory.
    let store = empty("read")?;
    let (by_hand, derived) = (open(&store, INDEXED.len())?, open_derived(&store)?);
    by_hand.set(&articles)?;
    let ids: Vec<String> = random_entries(count, reads).into_iter().map(id).collect();
    rows.row("get by id", reads, || time(|| by_hand.gets(&ids)), || time(|| derived.gets(&ids)))?;
    let shelves = random_shelves(count, reads / 10);
    let typed = || {
        let snapshot = store.snapshot()?;
        let mut seen = 0;
        for shelf in &shelves {
            let found = derived.collection.find(Article::SHELF.eq(*shelf)).list(&snapshot)?;
            seen += found.iter().map(Article::look).sum::<u64>();
        }
        Ok(seen)
    };
    rows.row("search of 10", shelves.len(), || time(|| by_hand.searches(&shelves)), || time(typed))
}

fn open_derived<S: KvStore>(store: &S) -> Result<Articles<'_, S>> {
    let collection = Collection::open(store, Article::declaration())?;
    Ok(Articles { store, collection })
}
