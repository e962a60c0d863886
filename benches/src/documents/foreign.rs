//! What a write costs under an index that another program declared, above one under an index of its own.

use arbour_core::{Result, StoreOptions};

use super::article::{Article, articles};
use super::collection::{Articles, open};
use crate::comparison::{Bound, Rows, time};
use crate::scratch::Scratch;
use crate::subject::Subject;

/// Two indexes: the second one is foreign on one side. Its values are read from the stored JSON, and those of
/// an own index from the document, which shows most on the engine in memory.
const INDEXES: usize = 2;

/// Stores articles, and changes the indexed fields of all, one transaction each. Opening the stores is
/// not timed.
pub(super) fn measure<S: Subject>(rows: &mut Rows<'_>, scratch: &Scratch) -> Result<()> {
    let first: Vec<Article> = articles(rows.scale.entries).collect();
    let mut changed = first.clone();
    for article in &mut changed {
        article.price += 1;
    }
    let ops = [("put, raw: own index", false), ("change, raw: own index", true)];
    for (op, changes) in ops {
        let run = |collection: &Articles<'_, S::Store>| {
            if !changes {
                return time(|| collection.set(&first));
            }
            collection.set(&first)?;
            time(|| collection.set(&changed))
        };
        let own = || {
            let store = S::open(&scratch.store("own")?, &StoreOptions::new())?;
            run(&open(&store, INDEXES)?)
        };
        let foreign = || {
            let store = S::open(&scratch.store("foreign")?, &StoreOptions::new())?;
            drop(open(&store, INDEXES)?);
            run(&open(&store, INDEXES - 1)?)
        };
        let engine = format!("{}, foreign index", S::NAME);
        rows.of(engine, Bound::Ratio(1.5)).row(op, first.len(), own, foreign)?;
    }
    Ok(())
}
