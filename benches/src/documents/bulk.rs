//! What storing documents costs above storing their entries.

use arbour_core::{Result, StoreOptions};

use super::article::{Article, articles};
use super::collection::open;
use super::record::records;
use crate::comparison::{Bound, Rows, time};
use crate::scratch::Scratch;
use crate::subject::Native;
use crate::tables::{Record, Tables as _};

/// With one index, setting documents may take 1.5 times as long as writing the same entries with
/// the engine's own API, and half as long again with each further index. The rows above the entries
/// of one index alone have no bound: with three indexes, the engine by itself would exceed it.
const LOADS: [(&str, Bound, usize, usize); 5] = [
    ("set, 1 index, raw the same", Bound::Ratio(1.5), 1, 1),
    ("set, 2 indexes, raw the same", Bound::Ratio(2.0), 2, 2),
    ("set, 3 indexes, raw the same", Bound::Ratio(2.5), 3, 3),
    ("set, 2 indexes, raw with 1", Bound::Informative, 2, 1),
    ("set, 3 indexes, raw with 1", Bound::Informative, 3, 1),
];

/// The cost of the further indexes for the engine itself, above the first writing.
const RAW_LOADS: [(&str, usize); 2] =
    [("put, 2 indexes, raw with 1", 2), ("put, 3 indexes, raw with 1", 3)];

/// Sets documents in one transaction in an empty store. Opening the stores and declaring the
/// collection are not timed.
pub(super) fn measure<N: Native>(rows: &mut Rows<'_>, scratch: &Scratch) -> Result<()> {
    let articles: Vec<Article> = articles(rows.scale.entries).collect();
    let put = |records: &[Record]| {
        let raw = N::create_raw(&scratch.store("raw")?)?;
        time(|| raw.put_records(records))
    };
    for (op, bound, indexes, raw_indexes) in LOADS {
        let records = records(&articles, raw_indexes)?;
        let arbour = || {
            let store = N::open(&scratch.store("arbour")?, &StoreOptions::new())?;
            let collection = open(&store, indexes)?;
            time(|| collection.set(&articles))
        };
        rows.of(N::NAME, bound).row(op, articles.len(), || put(&records), arbour)?;
    }
    let first = records(&articles, 1)?;
    for (op, indexes) in RAW_LOADS {
        let all = records(&articles, indexes)?;
        let mut rows = rows.of(format!("{}, raw both", N::NAME), Bound::Informative);
        rows.row(op, articles.len(), || put(&first), || put(&all))?;
    }
    Ok(())
}
