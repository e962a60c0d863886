//! What getting a document costs above getting its bytes and decoding them.

use arbour::documents::DocId;
use arbour::documents::layout::Header;
use arbour_core::{Result, StoreOptions};

use super::article::{Article, articles, id};
use super::collection::open;
use super::record::records;
use super::{Rows, Table, Tables};
use crate::comparison::{Bound, time};
use crate::contender::Contender as _;
use crate::scratch::Scratch;
use crate::subject::Native;
use crate::workload::random_entries;

/// Gets documents by ids that no cache foresees, all in one snapshot.
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
    )
}

/// Gets and decodes articles by the engine's own API.
pub(super) fn decode_each(raw: &impl Tables, keys: &[Vec<u8>]) -> Result<u64> {
    raw.get_from(Table::Documents, keys, |value| {
        // What cannot be read counts nothing: the sums of both sides are compared in a test.
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
