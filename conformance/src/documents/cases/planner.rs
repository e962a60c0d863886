//! The planner: whatever indexes there are, a query finds the same as a check of every document.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::ops::ControlFlow;

use arbour::Result;
use arbour::documents::DocError;
use arbour_core::KvStore;
use proptest::prelude::TestCaseError;
use serde_json::Value;

use super::claims::{go_on, ids, load};
use super::oracle::{answer, compare, sort_and_dedup, values};
use super::plans::{FIELDS, Plan, declaration, plan};
use crate::Factory;
use crate::documents::{DocBed, DocFactory, Query, TestCollection, TestReader, TestWriter};
use crate::random::{number_from, seed, test_runner};

/// The number of plans, unless `ARBOUR_MODEL_CASES` sets another.
const CASES: u64 = 24;

/// Case 14. Random queries over random documents and random indexes find exactly what checking and
/// sorting all documents finds: by pages forward and backward, counted, visited, least, greatest,
/// distinct; and the indexes have exactly the entries that they should.
pub(super) fn agrees_with_full_scan<F: Factory, M: DocFactory>(
    bed: &mut DocBed<F, M>,
) -> Result<()> {
    let seed = seed();
    println!("ARBOUR_SEED={seed}");
    let cases = number_from("ARBOUR_MODEL_CASES").unwrap_or(CASES);
    let (bed, round) = (RefCell::new(bed), Cell::new(0_u64));
    let outcome = test_runner(seed, cases).run(&plan(), |plan| {
        round.set(round.get() + 1);
        let name = format!("round {}", round.get());
        examine(&mut bed.borrow_mut(), &name, &plan)
            .map_err(|error| TestCaseError::fail(format!("{error:?}")))
    });
    let failure = outcome.err().map(|error| error.to_string());
    assert!(
        failure.is_none(),
        "{}\nRun again with ARBOUR_SEED={seed} to repeat it.",
        failure.unwrap_or_default()
    );
    Ok(())
}

/// Makes the collection of a plan, runs its queries and compares the answers.
fn examine<F: Factory, M: DocFactory>(
    bed: &mut DocBed<F, M>,
    name: &str,
    plan: &Plan,
) -> Result<()> {
    let collection = bed.open(declaration(name, &plan.indexes))?;
    load(bed.store(), &collection, &plan.bodies)?;
    bed.store().write(|transaction| {
        let mut documents = collection.writer(transaction)?;
        plan.removed.iter().try_for_each(|id| documents.remove(id).map(drop))
    })?;
    drop(collection);
    bed.settle()?;
    let mut left: BTreeMap<&str, &Value> = BTreeMap::new();
    left.extend(plan.bodies.iter().filter_map(|body| Some((body["id"].as_str()?, body))));
    left.retain(|id, _| !plan.removed.iter().any(|removed| removed == id));
    let left: Vec<Value> = left.into_values().cloned().collect();
    let collection = bed.open(declaration(name, &plan.indexes))?;
    let snapshot = bed.store().snapshot()?;
    let reader = collection.reader(&snapshot);
    for (query, page) in &plan.queries {
        let expected = answer(&left, query);
        let what = format!("{query:?} by {:?}", reader.explain(query)?);
        pages_agree(&reader, query, *page, &expected, &what)?;
        numbers_agree(&reader, query, &expected, &what)?;
    }
    let report = collection.scrub(bed.store(), &mut go_on)?;
    assert!(report.is_clean(), "{report:?}");
    Ok(())
}

fn line(bodies: &[&Value]) -> String {
    bodies.iter().filter_map(|body| body["id"].as_str()).collect::<Vec<_>>().join(" ")
}

/// Compares the results found at once, page by page and one by one.
fn pages_agree(
    reader: &impl TestReader<Value>,
    query: &Query<Value>,
    limit: usize,
    expected: &[&Value],
    what: &str,
) -> Result<()> {
    let whole = reader.search(query)?;
    assert_eq!(ids(&whole.items), line(expected), "{what}");
    assert!(whole.items.iter().map(|stored| &stored.body).eq(expected.iter().copied()), "{what}");
    let query = query.clone().limit(limit).with_total();
    let (mut at, mut page) = (0, reader.search(&query)?);
    loop {
        let rest = expected.get(at..).unwrap_or_default();
        let (here, behind) = rest.split_at(limit.min(rest.len()));
        assert_eq!(ids(&page.items), line(here), "from {at} on, {what}");
        assert_eq!(page.next.is_some(), !behind.is_empty(), "behind {at}, {what}");
        assert_eq!(page.total, Some(expected.len() as u64), "the total, {what}");
        let Some(next) = page.next else { break };
        at += limit;
        page = reader.search(&query.clone().at(next))?;
    }
    while let Some(previous) = page.previous {
        page = reader.search(&query.clone().at(previous))?;
        let begin = at.saturating_sub(limit);
        let here = expected.get(begin..at).unwrap_or_default();
        assert_eq!(ids(&page.items), line(here), "back to {begin}, {what}");
        at = begin;
    }
    assert_eq!(at, 0, "the way back ends at the beginning, {what}");
    let mut visited = Vec::new();
    let mut all = Query::new(query.filter.clone());
    all.sort.clone_from(&query.sort);
    reader.each(&all, |stored| {
        visited.push(stored);
        Ok(ControlFlow::Continue(()))
    })?;
    if query.sort.is_empty() {
        visited.sort_by(|one, other| one.id.cmp(&other.id));
    }
    assert_eq!(ids(&visited), line(expected), "one by one, {what}");
    Ok(())
}

/// Compares counts, and the values of every field.
fn numbers_agree(
    reader: &impl TestReader<Value>,
    query: &Query<Value>,
    expected: &[&Value],
    what: &str,
) -> Result<()> {
    assert_eq!(reader.count(&query.filter)?, expected.len() as u64, "the count, {what}");
    assert_eq!(reader.exists(&query.filter)?, !expected.is_empty(), "whether, {what}");
    let explain = reader.explain(query)?;
    assert_eq!(explain.returned, expected.len() as u64, "{what}");
    // An index that answers the query need not be the fastest way; if one is required, it is used.
    let by_index = query.clone().require_index();
    match reader.search(&by_index) {
        Ok(page) => {
            assert_eq!(ids(&page.items), line(expected), "by an index, {what}");
            assert!(!reader.explain(&by_index)?.scans_all(), "by an index, {what}");
        }
        Err(error) if matches!(error.downcast_ref(), Some(DocError::FullScan { .. })) => {
            assert!(explain.scans_all(), "refused, {what}");
        }
        Err(error) => return Err(error),
    }
    for field in FIELDS {
        let mut all = values(expected, field);
        let mut visited = Vec::new();
        reader.values(&query.filter, field, |value| visited.push(value.clone()))?;
        visited.sort_by(compare);
        all.sort_by(compare);
        let are_equal = visited.len() == all.len()
            && visited.iter().zip(&all).all(|(one, other)| compare(one, other).is_eq());
        assert!(are_equal, "the values of {field}: {visited:?}, not {all:?}, {what}");
        sort_and_dedup(&mut all);
        let agrees = |one: Option<Value>, other: Option<&Value>| match (one, other) {
            (Some(one), Some(other)) => compare(&one, other).is_eq(),
            (one, other) => one.is_none() && other.is_none(),
        };
        assert!(agrees(reader.min(&query.filter, field)?, all.first()), "least {field}, {what}");
        assert!(agrees(reader.max(&query.filter, field)?, all.last()), "greatest {field}, {what}");
        assert_eq!(reader.distinct(&query.filter, field)?.len(), all.len(), "{field}, {what}");
    }
    Ok(())
}
