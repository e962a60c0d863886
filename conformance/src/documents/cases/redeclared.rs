//! Collections whose declaration has changed.

use arbour::Result;
use arbour::documents::layout::index_tree;
use arbour::documents::{Declaration, DocError, Field, FieldKind, Filter, Index, IndexState};
use arbour_core::KvStore;
use serde_json::{Value, json};

use super::claims::{build, found, load, means, raw, refused};
use crate::Factory;
use crate::documents::{DocBed, DocFactory, Query, TestCollection, TestReader, TestWriter};

fn bodies() -> Vec<Value> {
    (0..10)
        .map(|n| {
            json!({
                "id": n.to_string(), "a": n % 4, "b": 9 - n, "text": format!("word{n} same"),
                "deep": {"a": n % 3}, "maybe": if n % 2 == 0 { json!(n) } else { json!(null) },
            })
        })
        .collect()
}

fn plain(name: &str) -> Declaration<Value> {
    ["a", "b", "text", "maybe"]
        .into_iter()
        .fold(Declaration::new(name), |declaration, field| declaration.field(Field::path(field)))
}

/// Declarations of the index `by`, before and after a change.
fn changes(name: &str) -> Vec<(Declaration<Value>, Declaration<Value>)> {
    let by = |index: Index| plain(name).index(index.named("by"));
    let computed = |revision, factor: i64| {
        let compute = move |body: &Value| (body["a"].as_i64().unwrap_or(0) * factor).into();
        plain(name)
            .field(Field::computed("c", compute).revised(revision))
            .index(Index::on("c").named("by"))
    };
    let moved = |path: &str| {
        Declaration::new(name).field(Field::path(path).named("a")).index(Index::on("a").named("by"))
    };
    let defaulted = |value: i64| {
        Declaration::new(name)
            .field(Field::path("maybe").default(value))
            .index(Index::on("maybe").named("by"))
    };
    vec![
        (by(Index::on("a")), by(Index::on("b"))),
        (by(Index::on("a")), by(Index::descending("a"))),
        (by(Index::on("a")), by(Index::on("a").then("b"))),
        (by(Index::on("a").then("b")), by(Index::on("b").then("a"))),
        (by(Index::on("maybe").sparse()), by(Index::on("maybe"))),
        (by(Index::on("maybe")), by(Index::on("maybe").sparse())),
        (by(Index::on("text")), by(Index::words("text"))),
        (computed(0, 1), computed(1, -1)),
        (moved("a"), moved("deep.a")),
        (plain(name), by(Index::on("b"))),
        (defaulted(7), defaulted(8)),
    ]
}

/// An index whose declaration has changed is another one, which has to be built: until then it is not
/// used, and afterwards it has the entries of an index that was declared like this from the start. The
/// earlier one is not touched, because another program may use it.
pub(super) fn redeclared_is_rebuilt<F: Factory, M: DocFactory>(
    bed: &mut DocBed<F, M>,
) -> Result<()> {
    for number in 0..changes("").len() {
        let (name, fresh) = (format!("changed {number}"), format!("fresh {number}"));
        let declaration = |name: &str| {
            changes(name).into_iter().nth(number).expect("the number is one of the changes")
        };
        let before = bed.open(declaration(&name).0)?;
        load(bed.store(), &before, &bodies())?;
        let stored = before.reader(&bed.store().snapshot()?).all(&Query::new(Filter::All))?;
        let stored: Vec<Value> = stored.into_iter().map(|stored| stored.body).collect();
        load(bed.store(), &bed.open(declaration(&fresh).1)?, &stored)?;
        let earlier = raw(bed.store(), &index_tree(&name, "by"))?;
        drop(before);
        bed.settle()?;
        let after = bed.declare(declaration(&name).1)?;
        let states = after.indexes(&bed.store().snapshot()?)?;
        let is_waiting = states.iter().all(|index| index.state == IndexState::WriteOnly);
        // A default is stored in the documents, so a new default changes nothing.
        assert!(is_waiting || number + 1 == changes("").len(), "{number}: {states:?}");
        build(bed.store(), &after, IndexState::Readable)?;
        drop(after);
        bed.settle()?;
        let after = bed.declare(declaration(&name).1)?;
        build(bed.store(), &after, IndexState::Readable)?;
        // The first declaration has no index of that name, or the same one.
        let is_first = number + 2 == changes("").len();
        let by = if is_first { "by" } else { "by/2" };
        if !is_first {
            let kept = raw(bed.store(), &index_tree(&name, "by"))?;
            assert_eq!(kept, earlier, "change {number}: the earlier one is kept");
        }
        let entries = raw(bed.store(), &index_tree(&name, by))?;
        assert_eq!(entries, raw(bed.store(), &index_tree(&fresh, "by"))?, "change {number}");
        // The same declaration again has nothing to build.
        let mut calls = 0;
        after.build(bed.store(), &mut |_| {
            calls += 1;
            std::ops::ControlFlow::Continue(())
        })?;
        assert_eq!(calls, 0, "change {number}: what is built is not built again");
    }
    Ok(())
}

/// An index that is no longer declared stays, with what is written in the meantime, and is used at once
/// when it is declared again.
pub(super) fn removed_index_is_kept<F: Factory, M: DocFactory>(
    bed: &mut DocBed<F, M>,
) -> Result<()> {
    let indexed = || plain("things").index(Index::on("a")).index(Index::on("b"));
    let tree = index_tree("things", "a");
    load(bed.store(), &bed.open(indexed())?, &bodies())?;
    assert_eq!(raw(bed.store(), &tree)?.len(), 10);
    bed.settle()?;
    let things = bed.open(plain("things").index(Index::on("b")))?;
    assert_eq!(raw(bed.store(), &tree)?.len(), 10, "it is kept");
    bed.store().write(|transaction| {
        let mut things = things.writer(transaction)?;
        things.remove("1")?;
        things.update("2", &json!({"a": 1}))
    })?;
    drop(things);
    bed.settle()?;
    let things = bed.declare(indexed())?;
    let states = things.indexes(&bed.store().snapshot()?)?;
    assert!(states.iter().all(|index| index.state == IndexState::Readable), "{states:?}");
    let snapshot = bed.store().snapshot()?;
    means(&things.reader(&snapshot), &Filter::eq("a", 1), "2 5 9")?;
    assert!(!things.reader(&snapshot).explain(&Query::new(Filter::eq("a", 1)))?.scans_all());
    assert_eq!(raw(bed.store(), &tree)?.len(), 9);
    Ok(())
}

/// J4, J7. A field that is declared later is found in documents that were written before, without
/// writing them: at its path, computed, or by its default.
pub(super) fn new_field_is_derived<F: Factory, M: DocFactory>(
    bed: &mut DocBed<F, M>,
) -> Result<()> {
    let bare = || Declaration::<Value>::new("things");
    let fields = || {
        bare()
            .field(Field::path("a").of(FieldKind::Integer))
            .field(Field::path("stock").default(7))
            .field(Field::computed("b is small", |body: &Value| {
                body["b"].as_u64().map(|b| b < 5).into()
            }))
    };
    let indexed = || {
        let indexes = ["a", "stock", "b is small"].map(Index::on);
        indexes.into_iter().fold(fields(), Declaration::index)
    };
    load(bed.store(), &bed.open(bare())?, &bodies())?;
    let declarations: [&dyn Fn() -> Declaration<Value>; 2] = [&fields, &indexed];
    for declaration in declarations {
        bed.settle()?;
        let things = bed.open(declaration())?;
        let snapshot = bed.store().snapshot()?;
        let reader = things.reader(&snapshot);
        means(&reader, &Filter::eq("a", 3), "3 7")?;
        means(&reader, &Filter::eq("b is small", true), "5 6 7 8 9")?;
        means(&reader, &Filter::eq("stock", 7), "0 1 2 3 4 5 6 7 8 9")?;
        means(&reader, &Filter::is_null("stock"), "")?;
        assert_eq!(reader.get("3")?.map(|stored| stored.revision), Some(1), "nothing was written");
    }
    let things = bed.open(indexed())?;
    bed.store().write(|t| things.writer(t)?.update("3", &json!({"stock": 1})))?;
    bed.store().write(|t| things.writer(t)?.update("4", &json!({"a": 3})))?;
    let snapshot = bed.store().snapshot()?;
    means(&things.reader(&snapshot), &Filter::eq("stock", 1), "3")?;
    means(&things.reader(&snapshot), &Filter::eq("stock", 7), "0 1 2 4 5 6 7 8 9")?;
    means(&things.reader(&snapshot), &Filter::eq("a", 3), "3 4 7")?;
    Ok(())
}

/// A handle that was opened before the collection got a feed can no longer write, because it would not
/// record its changes.
pub(super) fn stale_handle_refused<F: Factory, M: DocFactory>(
    bed: &mut DocBed<F, M>,
) -> Result<()> {
    load(bed.store(), &bed.open(plain("things"))?, &bodies())?;
    bed.settle()?;
    let old = bed.open(plain("things"))?;
    let same = bed.open(plain("things"))?;
    load(bed.store(), &old, &[json!({"id": "0", "a": 0})])?;
    load(bed.store(), &same, &[json!({"id": "0", "a": 0, "b": 9})])?;
    let new = bed.open(plain("things").with_feed())?;
    for stale in [&old, &same] {
        let write = bed.store().write(|transaction| {
            let mut things = stale.writer(transaction)?;
            things.set(&json!({"id": "stale", "a": 1}))
        });
        let error = refused(write, "a write by a declaration of old");
        assert!(matches!(error, DocError::Redeclared { .. }), "{error:?}");
        let asked = refused(stale.indexes(&bed.store().snapshot()?), "a question of old");
        assert!(matches!(asked, DocError::Redeclared { .. }), "{asked:?}");
    }
    load(bed.store(), &new, &[json!({"id": "new", "a": 1})])?;
    let snapshot = bed.store().snapshot()?;
    assert_eq!(found(&new.reader(&snapshot), &Query::new(Filter::eq("a", 1)))?, "1 5 9 new");
    assert_eq!(new.newest_change(&snapshot)?, 1);
    Ok(())
}
