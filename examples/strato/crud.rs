//! Things in a collection: the first program.

use std::io::Write;

use arbour::documents::{Collection, Filter};
use arbour::{DynStore, KvStore as _};
use serde_json::json;

use crate::failure::Failure;
use crate::things;

/// Stores a thing, and prints all that have count 3.
pub(crate) fn crud(store: &DynStore, out: &mut impl Write) -> Result<(), Failure> {
    let things = Collection::open(store, things::declaration("things"))?;
    let thing = json!({"id": 5, "name": "hi", "count": 3});
    store.write(|transaction| things.put(transaction, thing.clone()))?;
    for thing in things.find(Filter::eq("count", 3)).list(&store.snapshot()?)? {
        writeln!(out, "{thing}")?;
    }
    Ok(())
}
