//! What can be declared, and what is kept separate.

use arbour::Result;
use arbour::documents::layout::NAME_BYTES_MAX;
use arbour::documents::{Declaration, DocError, Field, FieldKind, Filter, Ids, Index};
use arbour_core::{KvRead as _, KvStore};
use serde_json::{Value, json};

use super::claims::{found, load, member, refused};
use crate::Factory;
use crate::documents::{DocBed, DocFactory, Query, TestCollection, TestReader, TestWriter};

fn named(name: &str) -> Declaration<Value> {
    Declaration::new(name).field(Field::path("a")).index(Index::on("a"))
}

/// An impossible declaration is refused before anything is stored; the longest name is accepted.
pub(super) fn contradictions_refused<F: Factory, M: DocFactory>(
    bed: &mut DocBed<F, M>,
) -> Result<()> {
    let long = "x".repeat(NAME_BYTES_MAX + 1);
    let longest = "x".repeat(NAME_BYTES_MAX);
    let contradictions = [
        named(""),
        named("a/b"),
        named("a\0b"),
        named(&long),
        named("things").index(Index::on("nothing")),
        named("things").index(Index::on("a").unique()),
        named("things").index(Index::on("a").named("")),
        named("things").index(Index::on("a").named("x/y")),
        named("things").index(Index::on("a").named(&long)),
        named("things").field(Field::path("deep.a").named("a")),
        named("things").id("id", Ids::Slug { field: "nothing".to_owned() }),
        named("things").field(Field::path("n").of(FieldKind::Integer).default("seven")),
    ];
    for declaration in contradictions {
        let what = format!("{declaration:?}");
        let error = refused(bed.declare(declaration).map(drop), &what);
        let is_right = matches!(error, DocError::Invalid { .. } | DocError::UnknownField { .. });
        assert!(is_right, "{what}: {error:?}");
    }
    let documents = bed.store().snapshot()?.trees()?;
    assert!(documents.iter().all(|tree| !tree.contains("things")), "{documents:?}");
    let declaration = || named(&longest).index(Index::descending("a").named(&longest));
    load(bed.store(), &bed.open(declaration())?, &[json!({"id": "a", "a": 1})])?;
    bed.settle()?;
    let things = bed.open(declaration())?;
    let query = Query::new(Filter::eq("a", 1));
    assert_eq!(found(&things.reader(&bed.store().snapshot()?), &query)?, "a");
    Ok(())
}

/// Collections with similar names, and indexes with similar names, each hold their own entries.
pub(super) fn collections_do_not_mix<F: Factory, M: DocFactory>(
    bed: &mut DocBed<F, M>,
) -> Result<()> {
    let names = ["t", "T", "t ", "tt", "t\u{ff}", "index", "doc", "t,a", "\u{e9}", "e\u{301}"];
    let declaration = |name: &str| named(name).index(Index::on("a").named("A")).with_feed();
    for (number, name) in names.into_iter().enumerate() {
        let body = json!({"id": "same", "a": number});
        load(bed.store(), &bed.open(declaration(name))?, &[body])?;
    }
    let removed = bed.open(declaration("tt"))?;
    bed.store().write(|transaction| removed.writer(transaction)?.remove("same"))?;
    drop(removed);
    bed.settle()?;
    for (number, name) in names.into_iter().enumerate() {
        let collection = bed.open(declaration(name))?;
        let snapshot = bed.store().snapshot()?;
        let reader = collection.reader(&snapshot);
        let stored = reader.get("same")?.map(|stored| member(&stored.body, "a"));
        assert_eq!(stored, (name != "tt").then(|| json!(number)), "{name:?}");
        for other in 0..names.len() {
            let count = u64::from(other == number && name != "tt");
            assert_eq!(reader.count(&Filter::eq("a", other))?, count, "{name:?} {other}");
        }
        let changes = collection.newest_change(&snapshot)?;
        assert_eq!(changes, if name == "tt" { 2 } else { 1 }, "{name:?}");
    }
    Ok(())
}
