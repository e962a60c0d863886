//! Missing entries and dangling entries.

use arbour::Result;
use arbour::documents::layout::{documents_tree, index_tree};
use arbour::documents::{
    Body, Declaration, DocError, DocId, Field, Filter, Index, ScrubReport, encode_scalar,
};
use arbour::key::{GROUP_DELIMITER, KeyPart as _, Ordered};
use arbour_core::{KvStore, KvWrite as _};
use serde_json::{Value, json};

use super::claims::{found, go_on, load, means, raw, refused};
use crate::Factory;
use crate::documents::{DocBed, DocFactory, Query, TestCollection, TestReader, TestWriter};

fn things() -> Declaration<Value> {
    Declaration::new("things")
        .field(Field::path("size"))
        .field(Field::path("tags").many())
        .index(Index::on("size"))
        .index(Index::descending("size"))
        .index(Index::on("tags").sparse())
}

fn bodies() -> Vec<Value> {
    (0..5).map(|n| json!({"id": n.to_string(), "size": n % 2, "tags": ["x", n]})).collect()
}

/// The key of an entry, as [the layout](arbour::documents::layout) describes it: the value, a
/// delimiter, the id; in a descending part both are subtracted from the highest byte.
fn entry(value: &Value, id: &str, is_descending: bool) -> Vec<u8> {
    let (mut values, mut id_key) = (Vec::new(), Vec::new());
    assert!(encode_scalar(value, &mut values), "it is a scalar");
    if !is_descending {
        return [values, vec![GROUP_DELIMITER], id.as_bytes().to_vec()].concat();
    }
    Ordered(id).encode_part(&mut id_key);
    let taken_from = |bytes: Vec<u8>| bytes.into_iter().map(|byte| 0xfd - byte).collect::<Vec<_>>();
    [taken_from(values), vec![GROUP_DELIMITER], taken_from(id_key)].concat()
}

/// Case 18. A scrub finds every missing entry and every dangling one, of absent documents and of
/// values that documents do not have, names them, and repairs them if requested. It also finds
/// Scrubs a collection, and mends it if asked.
fn found_by<D: Body>(
    things: &impl TestCollection<D>,
    store: &impl KvStore,
    mends: bool,
) -> Result<ScrubReport> {
    if mends { things.mend(store, &mut go_on) } else { things.scrub(store, &mut go_on) }
}

/// documents that cannot be read, and leaves their entries.
pub(super) fn scrub_finds_and_mends<F: Factory, M: DocFactory>(
    bed: &mut DocBed<F, M>,
) -> Result<()> {
    let things = bed.open(self::things())?;
    load(bed.store(), &things, &bodies())?;
    let trees = ["size", "-size", "tags"].map(|index| index_tree("things", index));
    let sound = trees.iter().map(|tree| raw(bed.store(), tree)).collect::<Result<Vec<_>, _>>()?;
    let clean = things.scrub(bed.store(), &mut go_on)?;
    assert!(clean.is_clean(), "{clean:?}");
    assert_eq!((clean.documents, clean.entries), (5, 5 + 5 + 10));
    let [size, down, tags] = &trees;
    let (size, down, tags) = (bed.layer_tree(size)?, bed.layer_tree(down)?, bed.layer_tree(tags)?);
    let missing = [
        (&size, "size", entry(&json!(1), "1", false)),
        (&down, "-size", entry(&json!(0), "2", true)),
        (&tags, "tags", entry(&json!("x"), "4", false)),
    ];
    let dangling = [
        (&size, entry(&json!(0), "nobody", false)),
        (&size, entry(&json!(77), "2", false)),
        (&down, entry(&json!("other"), "0", true)),
        (&tags, entry(&json!("z"), "0", false)),
        (&tags, entry(&Value::Null, "3", false)),
    ];
    bed.store().write(|transaction| {
        missing.iter().try_for_each(|(tree, _, key)| transaction.delete(tree, key))?;
        dangling.iter().try_for_each(|(tree, key)| transaction.put(tree, key, b""))
    })?;
    drop(things);
    bed.settle()?;
    let planted = trees.iter().map(|tree| raw(bed.store(), tree)).collect::<Result<Vec<_>, _>>()?;
    let removed: Vec<usize> = planted.iter().map(Vec::len).collect();
    assert_eq!(removed, [5 - 1 + 2, 5 - 1 + 1, 10 - 1 + 2], "what was planted is not in the way");
    let things = bed.open(self::things())?;
    for mends in [false, true] {
        let report = found_by(&things, bed.store(), mends)?;
        assert_eq!((report.missing_count, report.dangling_count), (3, 5), "{report:?}");
        let mut named = report.missing.clone();
        named.sort();
        let mut expected: Vec<(String, DocId<'static>)> = missing
            .iter()
            .zip(["1", "2", "4"])
            .map(|((_, index, _), id)| ((*index).to_owned(), DocId::from(id)))
            .collect();
        expected.sort();
        assert_eq!(named, expected);
        let of = |index: &str| report.dangling.iter().filter(|(name, _)| name == index).count();
        assert_eq!([of("size"), of("-size"), of("tags")], [2, 1, 2], "{report:?}");
        assert!(report.dangling.iter().any(|(_, key)| key.contains("nobody")), "{report:?}");
        if !mends {
            let after = trees.iter().map(|tree| raw(bed.store(), tree));
            assert_eq!(after.collect::<Result<Vec<_>, _>>()?, planted, "a report changes nothing");
        }
    }
    let mended = trees.iter().map(|tree| raw(bed.store(), tree)).collect::<Result<Vec<_>, _>>()?;
    assert_eq!(mended, sound);
    let again = things.mend(bed.store(), &mut go_on)?;
    assert!(again.is_clean(), "{again:?}");
    means(&things.reader(&bed.store().snapshot()?), &Filter::eq("size", 0), "0 2 4")?;
    let documents = bed.layer_tree(&documents_tree("things"))?;
    bed.store().put(&documents, b"3", b"no document")?;
    let report = things.mend(bed.store(), &mut go_on)?;
    assert_eq!((report.unreadable_count, report.missing_count, report.dangling_count), (1, 0, 0));
    assert!(!report.is_clean() && report.unreadable.iter().all(|told| told.contains('3')));
    let after = trees.iter().map(|tree| raw(bed.store(), tree)).collect::<Result<Vec<_>, _>>()?;
    assert_eq!(after, sound, "its entries are left");
    Ok(())
}

/// An index entry that leads to an absent document is reported: nothing is skipped, and a lenient
/// search lists it.
pub(super) fn dangling_is_named<F: Factory, M: DocFactory>(bed: &mut DocBed<F, M>) -> Result<()> {
    load(bed.store(), &bed.open(things())?, &bodies())?;
    let size = bed.layer_tree(&index_tree("things", "size"))?;
    bed.store().put(&size, &entry(&json!(0), "nobody", false), b"")?;
    let down = bed.layer_tree(&index_tree("things", "-size"))?;
    bed.store().put(&down, &entry(&json!(0), "nobody", true), b"")?;
    bed.settle()?;
    let things = bed.open(self::things())?;
    let snapshot = bed.store().snapshot()?;
    let reader = things.reader(&snapshot);
    let is_right = |error: Option<&DocError>| {
        matches!(
            error,
            Some(DocError::Dangling { index, id, .. })
                if index.ends_with("size") && *id == DocId::from("nobody")
        )
    };
    let query = Query::new(Filter::eq("size", 0));
    let error = refused(reader.search(&query).map(drop), "a search that is led astray");
    assert!(is_right(Some(&error)), "{error:?}");
    let deleted = bed.store().write(|t| things.writer(t)?.delete_where(Filter::eq("size", 0)));
    let deleted = refused(deleted, "deleting what is not there");
    assert!(is_right(Some(&deleted)), "{deleted:?}");
    let page = reader.search(&query.lenient())?;
    assert!(
        matches!(page.unreadable.as_slice(), [error] if is_right(error.downcast_ref())),
        "{page:?}"
    );
    let ids: Vec<String> = page.items.iter().map(|stored| stored.id.to_string()).collect();
    assert_eq!(ids, ["0", "2", "4"]);
    assert_eq!(
        found(&reader, &Query::new(Filter::eq("size", 1)))?,
        "1 3",
        "elsewhere it leads right"
    );
    Ok(())
}
