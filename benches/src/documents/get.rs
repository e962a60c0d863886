//! What finding documents costs above getting their bytes and decoding them.

use std::collections::HashMap;

use arbour::documents::DocId;
use arbour::documents::layout::Header;
use arbour_core::{Result, StoreOptions};

use super::article::{Article, articles, id, random_shelves};
use super::collection::open;
use super::record::records;
use crate::comparison::{Bound, Rows, time};
use crate::contender::Contender as _;
use crate::scratch::Scratch;
use crate::subject::Native;
use crate::tables::{Table, Tables};
use crate::workload::random_entries;

/// Gets documents by ids that caches cannot predict, and finds as many by an index, all in one
/// snapshot. The other side gets the same documents by known ids: a search cannot be faster than
/// the engine's own gets.
pub(super) fn measure<N: Native>(rows: &mut Rows<'_>, scratch: &Scratch) -> Result<()> {
    let count = rows.scale.entries;
    let articles: Vec<Article> = articles(count).collect();
    let raw = N::create_raw(&scratch.store("raw")?)?;
    raw.put_records(&records(&articles, 1)?)?;
    raw.settle()?;
    let path = scratch.store("arbour")?;
    let store = N::open(&path, &StoreOptions::new())?;
    let collection = open(&store, 1)?;
    collection.set(&articles)?;
    N::settle(&store, &path)?;
    let ids: Vec<String> = random_entries(count, rows.scale.reads).into_iter().map(id).collect();
    let keys: Vec<_> = ids.iter().map(|id| key(id)).collect();
    rows.of(N::NAME, Bound::Ratio(1.5)).row(
        "get by id",
        ids.len(),
        || time(|| decode_each(&raw, &keys)),
        || time(|| collection.gets(&ids)),
    )?;
    let shelves = random_shelves(count, rows.scale.reads / 10);
    let keys = keys_on(&articles, &shelves);
    rows.of(N::NAME, Bound::Informative).row(
        "search of 10, raw: got by known ids",
        shelves.len(),
        || time(|| decode_each(&raw, &keys)),
        || time(|| collection.searches(&shelves)),
    )
}

/// Returns the keys of the documents that searches by shelves find, in their order.
pub(super) fn keys_on(articles: &[Article], shelves: &[u64]) -> Vec<Vec<u8>> {
    let mut on_shelf: HashMap<u64, Vec<Vec<u8>>> = HashMap::new();
    for article in articles {
        if let Some(shelf) = article.shelf {
            on_shelf.entry(shelf).or_default().push(key(&article.id));
        }
    }
    shelves.iter().filter_map(|shelf| on_shelf.get(shelf)).flatten().cloned().collect()
}

/// Gets and decodes articles with the engine's own API.
pub(super) fn decode_each(raw: &impl Tables, keys: &[Vec<u8>]) -> Result<u64> {
    raw.get_from(Table::Documents, keys, |value| {
        // Unreadable documents count nothing: a test compares the sums of both sides.
        let Ok((_, body)) = Header::split(value) else { return 0 };
        serde_json::from_slice(body).map_or(0, |article: Article| article.look())
    })
}

/// Returns the key of a document.
pub(super) fn key(id: &str) -> Vec<u8> {
    let mut key = Vec::new();
    DocId::from(id).encode(&mut key);
    key
}
