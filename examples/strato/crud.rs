//! Things in a collection: the first program.

use std::io::Write;

use arbour::documents::{
    DocCollection as _, DocRead as _, DocStore as _, DocWrite as _, Documents, Filter, Query,
};
use arbour::{DynStore, KvStore as _};
use serde_json::json;

use crate::failure::Failure;
use crate::things;

/// Stores a thing, and prints all that have count 3.
pub(crate) fn crud(store: &DynStore, out: &mut impl Write) -> Result<(), Failure> {
    let things = Documents::new(store).collection(things::declaration("things"))?;
    store.write(|transaction| {
        things.writer(transaction)?.set(&json!({"id": 5, "name": "hi", "count": 3}))
    })?;
    let snapshot = store.snapshot()?;
    for thing in things.reader(&snapshot).search(&Query::new(Filter::eq("count", 3)))?.items {
        writeln!(out, "{}", thing.body)?;
    }
    Ok(())
}
