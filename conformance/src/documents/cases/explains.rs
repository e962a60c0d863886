//! How queries are answered.

use std::ops::ControlFlow;

use arbour::Result;
use arbour::documents::{Access, Considered, Declaration, DocError, Explain, Field, Filter, Index};
use arbour_core::KvStore;
use serde_json::{Value, json};

use super::claims::{found, load, refused};
use super::samples::{package_bodies, packages};
use crate::Factory;
use crate::documents::{DocBed, DocFactory, Query, TestCollection, TestReader};

/// The packages, and so many in a section of their own that reading all of them is the last resort.
fn many() -> Vec<Value> {
    let crowd = (0..300).map(
        |number| json!({"id": format!("z{number}"), "section": "crowd", "size": 1000 + number}),
    );
    package_bodies().into_iter().chain(crowd).collect()
}

fn is_by(explain: &Explain, index: &str) -> bool {
    matches!(&explain.access, Access::Index { name, .. } if name == index)
}

/// An explanation names the index that is read, how many documents were examined and returned, and
/// whether all are read or they are sorted; and it runs the query it explains.
pub(super) fn explain_shows_choice<F: Factory, M: DocFactory>(
    bed: &mut DocBed<F, M>,
) -> Result<()> {
    for has_indexes in [false, true] {
        load(bed.store(), &bed.open(packages(has_indexes))?, &many())?;
    }
    bed.settle()?;
    let (indexed, plain) = (bed.open(packages(true))?, bed.open(packages(false))?);
    let snapshot = bed.store().snapshot()?;
    let (indexed, plain) = (indexed.reader(&snapshot), plain.reader(&snapshot));
    let web = Query::new(Filter::eq("section", "web"));
    let explain = indexed.explain(&web)?;
    assert!(is_by(&explain, "section,-size") && !explain.scans_all(), "{explain}");
    assert!((2..=4).contains(&explain.real_rows) && explain.returned == 2, "{explain}");
    assert!(explain.estimated_rows < 100 && explain.residual.is_none(), "{explain}");
    let at_web = |way: &Considered| way.index == "section,-size" && way.values == ["web"];
    assert!(explain.considered.iter().any(at_web), "{explain}");
    assert!(explain.to_string().contains("section,-size"), "{explain}");
    let explain = plain.explain(&web)?;
    assert!(explain.scans_all() && explain.residual.is_some(), "{explain}");
    assert_eq!((explain.real_rows, explain.returned), (308, 2), "{explain}");
    assert!(explain.to_string().contains("ALL"), "who reads it sees it: {explain}");
    let by_size = web.clone().descending("size");
    assert!(!indexed.explain(&by_size)?.sorts, "the index has them in order");
    assert!(plain.explain(&by_size)?.sorts, "without one they are sorted");
    for reader in [&indexed, &plain] {
        let explain = reader.explain(&Query::new(Filter::eq("id", "a")))?;
        assert!(matches!(explain.access, Access::Ids(1)), "{explain}");
        assert_eq!(explain.returned, 1);
        let ids = Query::new(Filter::is_in("id", ["a", "b", "nobody"]));
        let explain = reader.explain(&ids)?;
        assert!(!explain.scans_all() && explain.returned == 2, "{explain}");
    }
    // Of two indexes, the one with fewer entries to read is chosen.
    let narrow = Filter::eq("section", "crowd").and(Filter::eq("size", 1007));
    let explain = indexed.explain(&Query::new(narrow))?;
    assert!(!explain.scans_all() && explain.real_rows < 10, "{explain}");
    let narrow = Filter::eq("section", "crowd").and(Filter::eq("name", "n1"));
    let explain = indexed.explain(&Query::new(narrow))?;
    assert!(is_by(&explain, "name") && explain.returned == 0, "{explain}");
    let either = Filter::eq("section", "web").or(Filter::eq("size", 3));
    let explain = indexed.explain(&Query::new(either))?;
    assert!(matches!(explain.access, Access::Union(_)) && explain.returned == 5, "{explain}");
    let backwards = Query::new(Filter::eq("section", "crowd")).ascending("size").limit(3);
    let explain = indexed.explain(&backwards)?;
    let is_reverse = matches!(explain.access, Access::Index { reverse: true, .. });
    assert!(is_reverse && !explain.sorts && explain.real_rows < 10, "{explain}");
    Ok(())
}

/// If a query has to use an index and none answers it, it is refused with the index that would
/// answer it; if one does, the query finds the same documents.
pub(super) fn full_scan_forbidden<F: Factory, M: DocFactory>(bed: &mut DocBed<F, M>) -> Result<()> {
    load(bed.store(), &bed.open(packages(true))?, &many())?;
    bed.settle()?;
    let indexed = bed.open(packages(true))?;
    let snapshot = bed.store().snapshot()?;
    let reader = indexed.reader(&snapshot);
    let custom = Filter::custom("mine", |body: &Value| body["size"] == 3);
    for filter in [
        Filter::substring("name", "n1"),
        custom.clone(),
        Filter::eq("section", "web").or(Filter::substring("name", "n")),
        Filter::eq("section", "web").or(custom.clone()),
    ] {
        let query = Query::new(filter).require_index();
        let searched = refused(reader.search(&query).map(drop), "a search of all");
        let explained = refused(reader.explain(&query), "an explanation of a search of all");
        let enough = |_| Ok(ControlFlow::Break(()));
        let visited = refused(reader.each(&query, enough), "a visit of all");
        for error in [searched, explained, visited] {
            assert!(matches!(error, DocError::FullScan { .. }), "{query:?}: {error:?}");
        }
    }
    let plain = bed.open(packages(false))?;
    let query = Query::new(Filter::eq("section", "web")).require_index();
    let error = refused(plain.reader(&snapshot).search(&query).map(drop), "a search of all");
    let is_right = matches!(&error, DocError::FullScan { fields, .. } if fields == &["section"]);
    assert!(is_right, "{error:?}");
    for (filter, expected) in [
        (Filter::eq("section", "web"), "b e"),
        (Filter::eq("section", "web").and(custom.clone()), ""),
        (Filter::eq("size", 3).and(custom), "a f"),
        (Filter::eq("section", "net").and(Filter::substring("name", "N")), "a c d g"),
        (Filter::eq("section", "web").or(Filter::eq("name", "n1")), "a b e"),
        (Filter::contains_any("tags", ["x"]), "a c f"),
        (Filter::is_in("id", ["a", "b"]), "a b"),
        (Filter::prefix("name", "n"), "a b c d e f g"),
        (Filter::at_most("size", 3), "a b c f g"),
    ] {
        assert_eq!(found(&reader, &Query::new(filter).require_index())?, expected);
    }
    Ok(())
}

/// Of several access paths the one that reads the fewest documents is chosen, even if another has
/// the order or fewer remaining conditions. The conditions that are still checked on each document
/// are named, and no others.
pub(super) fn fewest_rows_read<F: Factory, M: DocFactory>(bed: &mut DocBed<F, M>) -> Result<()> {
    let declaration = || {
        Declaration::<Value>::new("things")
            .field(Field::path("kind"))
            .field(Field::path("size"))
            .field(Field::path("rare"))
            .index(Index::on("size"))
            .index(Index::on("rare").sparse())
            .index(Index::on("kind").then("size"))
    };
    let body = |number: u32| {
        let rare = (number % 80 == 7).then_some("rare");
        json!({"id": format!("{number:03}"), "kind": number % 2, "size": number, "rare": rare})
    };
    let bodies: Vec<Value> = (0..400).map(body).collect();
    load(bed.store(), &bed.open(declaration())?, &bodies)?;
    bed.settle()?;
    let things = bed.open(declaration())?;
    let snapshot = bed.store().snapshot()?;
    let reader = things.reader(&snapshot);
    let large = || Filter::at_least("size", 0);
    let rare = || Filter::eq("rare", "rare");
    let by_size = |filter: Filter<Value>| Query::new(filter).ascending("size");
    for (query, index, rows, is_exact) in [
        // The index over the size has the order, but most of the documents it finds do not match.
        (by_size(large().and(rare())).limit(1), "rare", 5, false),
        (by_size(large().and(rare())), "rare", 5, false),
        (by_size(Filter::eq("kind", 1).and(large())).limit(1), "kind,size", 2, true),
        (by_size(Filter::eq("kind", 1).and(rare())).limit(2), "rare", 5, false),
        (Query::new(rare()), "rare", 5, true),
        (by_size(large()).limit(3), "size", 4, true),
    ] {
        let explain = reader.explain(&query)?;
        assert!(is_by(&explain, index), "{query:?}: {explain}");
        assert_eq!(explain.real_rows, rows, "{query:?}: {explain}");
        assert_eq!(explain.residual.is_none(), is_exact, "{query:?}: {explain}");
    }
    for (filter, rows, is_exact) in [
        (Filter::eq("id", "007"), 1, true),
        (Filter::is_in("id", ["007", "008"]), 2, true),
        (Filter::eq("id", "007").and(large()), 1, false),
        (Filter::prefix("id", "00"), 10, true),
        (Filter::prefix("id", "00").and(Filter::below("id", "002")), 2, true),
        (Filter::prefix("id", "00").and(Filter::substring("rare", "a")), 10, false),
    ] {
        let explain = reader.explain(&Query::new(filter.clone()))?;
        assert_eq!(explain.real_rows, rows, "{filter:?}: {explain}");
        assert_eq!(explain.residual.is_none(), is_exact, "{filter:?}: {explain}");
    }
    Ok(())
}
