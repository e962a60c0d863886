//! The revisions of documents.

use arbour::Result;
use arbour::documents::{Declaration, DocError, Precondition, Written};
use arbour_core::KvStore;
use serde_json::{Value, json};

use super::claims::refused;
use crate::Factory;
use crate::documents::{DocBed, DocFactory, TestCollection, TestReader, TestWriter};

/// No revision of an id is ever used again: a caller that knows a document by its revision cannot
/// overwrite or remove a document that was inserted under its id after it was removed, or that got
/// its id from another. A new document says that it is new, whatever its revision.
pub(super) fn never_come_again<F: Factory, M: DocFactory>(bed: &mut DocBed<F, M>) -> Result<()> {
    let declaration = || Declaration::<Value>::new("things");
    let body = |id: &str, n: u64| json!({"id": id, "n": n});
    let things = bed.open(declaration())?;
    let known: Vec<Written> = bed.store().write(|transaction| {
        let mut things = things.writer(transaction)?;
        let mut known = Vec::new();
        for id in ["a", "b", "c"] {
            things.insert(&body(id, 0))?;
            things.set(&body(id, 1))?;
            known.push(things.set(&body(id, 2))?);
        }
        Ok(known)
    })?;
    assert!(known.iter().all(|written| written.revision == 3 && !written.is_new), "{known:?}");
    bed.store().write(|transaction| {
        let mut things = things.writer(transaction)?;
        assert!(things.remove("a")?, "inserted again in the same transaction");
        assert!(things.insert(&body("a", 3))?.is_new);
        things.remove("b")
    })?;
    drop(things);
    bed.settle()?;
    let things = bed.open(declaration())?;
    bed.store().write(|transaction| {
        let mut things = things.writer(transaction)?;
        things.insert(&body("other", 4))?;
        assert!(things.insert(&body("b", 4))?.is_new, "inserted again later");
        things.remove("c")?;
        things.insert(&body("moved", 4))?;
        things.change_id("moved", "c")
    })?;
    for stale in &known {
        // No guess of a revision succeeds, because no earlier revision of the document is valid.
        for revision in 1..=stale.revision {
            let precondition = Precondition::Revision(revision);
            let body = body(&stale.id.to_string(), 5);
            let written = bed.store().write(|t| things.writer(t)?.put(&body, precondition));
            let removed = bed.store().write(|t| things.writer(t)?.delete(&stale.id, precondition));
            for error in [refused(written, "a stale write"), refused(removed, "a stale removal")] {
                let is_right = matches!(&error, DocError::Revision { actual, .. } if *actual > 3);
                assert!(is_right, "{}: {error:?}", stale.id);
            }
        }
        let stored = things.reader(&bed.store().snapshot()?).get(&stale.id)?;
        let stored = stored.expect("it was inserted again");
        let precondition = Precondition::Revision(stored.revision);
        let written = bed.store().write(|t| things.writer(t)?.put(&stored.body, precondition))?;
        assert_eq!((written.revision, written.is_new), (stored.revision + 1, false));
    }
    Ok(())
}
