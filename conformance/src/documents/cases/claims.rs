//! Claims that many cases about documents make: the result of a search as one line of text, how a
//! call is refused, and the contents of a tree.

use std::fmt::Debug;
use std::ops::ControlFlow;

use arbour::documents::{Body, DocError, Filter, IndexState, Stored};
use arbour::{Operation, Progress};
use arbour_core::engine::TreeName;
use arbour_core::{Direction, ErrorKind, KeyRange, KvRead, KvStore, Result};
use serde_json::Value;

use crate::documents::{Query, TestCollection, TestReader, TestWriter};
use crate::{entries, things_per_commit};

/// Stores bodies, whether they exist or not: in one transaction, if the engine can.
pub(in crate::documents) fn load<S: KvStore, D: Body>(
    store: &S,
    collection: &impl TestCollection<D>,
    bodies: &[D],
) -> Result<()> {
    let per_commit = things_per_commit(store).min(bodies.len().max(1));
    bodies.chunks(per_commit).try_for_each(|bodies| {
        store.write(|transaction| {
            let mut documents = collection.writer(transaction)?;
            bodies.iter().try_for_each(|body| documents.set(body).map(drop))
        })
    })
}

/// Returns the ids of documents as a line like `ada bob`.
pub(super) fn ids<D>(items: &[Stored<D>]) -> String {
    items.iter().map(|item| item.id.to_string()).collect::<Vec<_>>().join(" ")
}

/// Returns the ids of the documents that a query finds, in its order, as a line like `ada bob`.
pub(super) fn found<D: Body>(documents: &impl TestReader<D>, query: &Query<D>) -> Result<String> {
    Ok(ids(&documents.search(query)?.items))
}

/// Asserts that a filter matches exactly the documents with these ids, a line in their order, in
/// every kind of call, and that its negation matches all others.
pub(super) fn means<D: Body>(
    documents: &impl TestReader<D>,
    filter: &Filter<D>,
    expected: &str,
) -> Result<()> {
    let query = Query::new(filter.clone());
    assert_eq!(found(documents, &query)?, expected, "{filter:?}");
    let count = expected.split_whitespace().count() as u64;
    assert_eq!(documents.count(filter)?, count, "the count of {filter:?}");
    assert_eq!(documents.exists(filter)?, count > 0, "whether there is one of {filter:?}");
    let total = documents.search(&query.clone().limit(1).with_total())?.total;
    assert_eq!(total, Some(count), "the total of {filter:?}");
    let mut visited = Vec::new();
    documents.each(&query, |document| {
        visited.push(document.id.to_string());
        Ok(ControlFlow::Continue(()))
    })?;
    visited.sort();
    assert_eq!(visited.join(" "), expected, "each of {filter:?}");
    let all = found(documents, &Query::new(Filter::All))?;
    let is_meant = |id: &&str| expected.split_whitespace().any(|meant| meant == *id);
    let others: Vec<&str> = all.split_whitespace().filter(|id| !is_meant(id)).collect();
    let opposite = filter.clone().not();
    assert_eq!(found(documents, &Query::new(opposite))?, others.join(" "), "not {filter:?}");
    Ok(())
}

/// Asserts that a call was refused, by an error that fits on one line, and returns it.
#[track_caller]
pub(super) fn refused<T: Debug>(result: Result<T>, what: &str) -> DocError {
    assert!(result.is_err(), "{what} was not refused: {result:?}");
    let error = result.expect_err("it was asked just now");
    assert!(!error.to_string().contains('\n'), "an error is one line: {error}");
    error.downcast_ref::<DocError>().expect("an error of the document layer").clone()
}

/// Asserts that the store refused a call, for this reason.
#[track_caller]
pub(super) fn refused_by_store<T: Debug>(result: Result<T>, kind: ErrorKind, what: &str) {
    assert!(result.is_err(), "{what} was not refused: {result:?}");
    let error = result.expect_err("it was asked just now");
    assert_ne!(error.operation(), Operation::Layer, "{what}: {error:?}");
    assert_eq!(error.kind(), kind, "{what}: {error:?}");
}

/// Asserts that the document store refuses a call or a query as invalid.
#[track_caller]
pub(super) fn invalid<T: Debug>(result: Result<T>, what: &str) {
    let error = refused(result, what);
    assert!(matches!(error, DocError::Invalid { .. }), "{what}: {error:?}");
}

/// Returns the entries of a tree of the layer.
pub(in crate::documents) fn raw<S: KvStore>(
    store: &S,
    tree: &str,
) -> Result<Vec<(Vec<u8>, Vec<u8>)>> {
    let tree = store.open_tree(TreeName::layer(tree)?)?;
    entries(store.snapshot()?.scan(&tree, KeyRange::all(), Direction::Forward)?)
}

/// Returns a member of a body; null if there is none.
pub(super) fn member(body: &Value, name: &str) -> Value {
    body.get(name).cloned().unwrap_or_default()
}

/// Builds the outstanding indexes and asserts that all indexes end in this state.
pub(in crate::documents) fn build<S: KvStore, D: Body>(
    store: &S,
    collection: &impl TestCollection<D>,
    state: IndexState,
) -> Result<()> {
    let built = collection.build(store, &mut |_| ControlFlow::Continue(()))?;
    assert!(built.iter().all(|index| index.state == state), "{built:?}");
    assert_eq!(collection.indexes(&store.snapshot()?)?, built, "what was built is stored");
    Ok(())
}

/// Continues to the end, whatever the progress.
pub(super) fn go_on(_: Progress) -> ControlFlow<()> {
    ControlFlow::Continue(())
}
