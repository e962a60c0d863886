//! Steps over the documents of a collection.

use std::any::Any;

use arbour_core::engine::document_layout::documents_tree;
use arbour_core::{Direction, Error, Operation, Result};
use serde_json::Value;

use super::raw_transaction::RawTransaction;
use super::raw_trees::RawTrees;
use super::source::Source;
use super::step_trees::{StepTrees, Stop, has_entry};
use super::visit::{Budget, Visited, Walk};
use crate::AnyResult;
use crate::documents::{Body, Collection, Refused, Stored, from_json, to_json};

/// Changes a document of the collection of this name.
pub(super) type EachDocument =
    dyn Fn(&mut StepTrees<'_>, &str, &mut Value) -> AnyResult + Send + Sync;

/// Changes a document as a value of a type. One that the closure leaves as it is stays as it is stored,
/// whatever the type would write.
pub(super) fn change<D: Body>(
    trees: &mut StepTrees<'_>,
    collection: &str,
    json: &mut Value,
    change: impl FnOnce(&mut StepTrees<'_>, &mut D) -> AnyResult,
) -> AnyResult {
    if let Some(document) = (json as &mut dyn Any).downcast_mut() {
        return change(trees, document);
    }
    let mut document: D = from_json(collection, json.clone())?;
    let before = to_json(collection, &document)?;
    change(trees, &mut document)?;
    let after = to_json(collection, &document)?;
    if after != before {
        *json = after;
    }
    Ok(())
}

/// Opens a collection as the store has it; `None` if there is none.
///
/// # Errors
/// The reason why its documents cannot be changed without their type.
pub(super) fn open(raw: &mut dyn RawTrees, name: &str) -> Result<Option<Collection<Value>>> {
    Collection::of_record(name, &RawTransaction(raw))
}

impl StepTrees<'_> {
    /// Calls `each` for every document of a collection, in the order of their ids, and stores the
    /// documents that it changed, once it has seen all. The documents are JSON, so the program need
    /// not have their type. They are stored through the collection as it was declared last: its
    /// indexes, revisions, unique values and changes stay right. Does nothing if there is no such
    /// collection. If the closure takes another type than [`Value`](serde_json::Value), the
    /// documents are of that type, as in [`Step::each_document`](super::Step::each_document).
    ///
    /// All of this happens in one transaction, and holds the changed documents in memory: for a large
    /// collection, use [`Step::each_document`](super::Step::each_document).
    ///
    /// # Errors
    /// The error of `each`, after which the visit ends; the reason why a changed document cannot be
    /// stored, or a stored one cannot be read without its type; errors of the store. The place that
    /// the error of the step reports names the document.
    ///
    /// ```
    /// # use arbour::AnyResult;
    /// # use arbour::migrations::StepTrees;
    /// fn shout(trees: &mut StepTrees<'_>) -> AnyResult {
    ///     trees.each_document("notes", |_, note: &mut serde_json::Value| {
    ///         note["text"] = note["text"].as_str().ok_or("no text")?.to_uppercase().into();
    ///         Ok(())
    ///     })
    /// }
    /// ```
    pub fn each_document<D: Body>(
        &mut self,
        collection: &str,
        mut each: impl FnMut(&mut StepTrees<'_>, &mut D) -> AnyResult,
    ) -> AnyResult {
        let (source, budget) = (&documents_of(collection), &Budget::UNBOUNDED);
        let walk = Walk { source, direction: Direction::Forward, after: None, budget };
        let mut each = |trees: &mut StepTrees<'_>, collection: &str, json: &mut Value| {
            change(trees, collection, json, &mut each)
        };
        self.visit_documents(collection, &walk, &mut each).map(drop)
    }

    /// Hands out the documents of a walk, and stores those that were changed at its end.
    pub(super) fn visit_documents(
        &mut self,
        name: &str,
        walk: &Walk<'_>,
        each: &mut dyn FnMut(&mut StepTrees<'_>, &str, &mut Value) -> AnyResult,
    ) -> AnyResult<Visited> {
        let opened = open(self.raw, name);
        let Some(collection) = self.settle(opened)? else {
            self.refuse_tree(name)?;
            return Ok(Visited { last: None, is_end: true });
        };
        let mut changed = Vec::new();
        let visited = self.visit(walk, &mut |trees, key, value| {
            let decoded = collection.decode_untyped(key, value);
            let stored = decoded.map_err(|refused| trees.fail_at_document(*refused))?;
            trees.document = Some(stored.id.to_string());
            let mut body = stored.body.clone();
            each(trees, name, &mut body)?;
            if body != stored.body {
                // It is about to be written, and is held until then.
                trees.bytes += value.len() as u64;
                changed.push(Stored { body, ..stored });
            }
            Ok(())
        })?;
        if !changed.is_empty() {
            self.refuse_in_check(Operation::Put)?;
        }
        let stored = collection.store_all(&mut RawTransaction(self.raw), &changed);
        if let Err(refused) = stored {
            self.touch(&walk.source.tree, None);
            return Err(self.fail_at_document(*refused).into());
        }
        self.document = None;
        self.counts.puts += changed.len() as u64;
        Ok(visited)
    }

    /// Notes the document that failed. The step cannot continue, because it may have stored others.
    fn fail_at_document(&mut self, refused: Refused) -> Error {
        let Refused { id, error } = refused;
        self.document = Some(id.to_string());
        self.stop.get_or_insert_with(|| Stop::Store(error.clone()));
        error
    }

    /// Fails if there is a tree of the name of a collection that does not exist.
    fn refuse_tree(&mut self, name: &str) -> Result<()> {
        let found = has_entry(self.raw, name);
        if self.settle(found)? {
            self.stop = Some(Stop::Tree(name.to_owned()));
            return Err(self.stopped(Operation::Scan));
        }
        Ok(())
    }
}

/// Returns where the documents of a collection are.
pub(super) fn documents_of(collection: &str) -> Source {
    Source::tree(documents_tree(collection))
}
