//! Bodies of other versions, of other codecs, and invalid ones.

use std::ops::ControlFlow;

use arbour::Result;
use arbour::codec::{Codec, Json};
use arbour::documents::layout::{HEADER_BYTES, Header, documents_tree};
use arbour::documents::{BodyCodec, Declaration, DocError, DocId, Field, Filter, Index};
use arbour_core::{DecodeError, EncodeError, KvStore};
use serde_json::{Value, json};

use super::claims::{found, go_on, ids, load, means, member, raw, refused};
use crate::Factory;
use crate::documents::{DocBed, DocFactory, Query, TestCollection, TestReader, TestWriter};

/// People as the first version of a program declared them.
fn first() -> Declaration<Value> {
    Declaration::new("people").field(Field::path("year")).index(Index::on("year"))
}

/// People as its third version declares them: a year became a birth, and a birth became a number.
fn third() -> Declaration<Value> {
    Declaration::new("people")
        .field(Field::path("born"))
        .index(Index::on("born"))
        .upgrade_json(1, |mut person| {
            let members = person.as_object_mut().ok_or("no object")?;
            let year = members.remove("year").unwrap_or_default();
            members.insert("born".to_owned(), year);
            Ok(person)
        })
        .upgrade_json(2, |mut person| {
            if let Some(born) = person.get_mut("born")
                && let Some(text) = born.as_str()
            {
                *born = text.parse::<i64>()?.into();
            }
            Ok(person)
        })
}

fn of_the_first_version() -> [Value; 3] {
    [
        json!({"id": "a", "year": "1815"}),
        json!({"id": "b", "year": 1900}),
        json!({"id": "c", "year": null}),
    ]
}

/// The header of a stored document.
fn header<S: KvStore>(store: &S, collection: &str, id: &str) -> Result<Header> {
    let documents = raw(store, &documents_tree(collection))?;
    let stored = documents.iter().find(|(key, _)| key == id.as_bytes());
    let (_, value) = stored.expect("the document is there");
    Ok(Header::split(value).expect("it begins with a header").0)
}

/// Replaces a document by raw bytes.
fn plant<F: Factory, M: DocFactory>(
    bed: &DocBed<F, M>,
    collection: &str,
    id: &str,
    value: &[u8],
) -> Result<()> {
    let tree = bed.layer_tree(&documents_tree(collection))?;
    bed.store().put(&tree, id.as_bytes(), value)
}

/// A body of an older version is read as one of the newest, version by version, even if it is found
/// by a field that only the newest version has; reading does not write.
pub(super) fn upgraded_when_read<F: Factory, M: DocFactory>(bed: &mut DocBed<F, M>) -> Result<()> {
    upgraded_in_index(bed)?;
    load(bed.store(), &bed.open(first())?, &of_the_first_version())?;
    bed.settle()?;
    let people = bed.open(third())?;
    let before = raw(bed.store(), &documents_tree("people"))?;
    let snapshot = bed.store().snapshot()?;
    let reader = people.reader(&snapshot);
    for (id, born) in [("a", json!(1815)), ("b", json!(1900)), ("c", json!(null))] {
        let stored = reader.get(id)?.expect("it was stored");
        assert_eq!((stored.revision, stored.body), (1, json!({"id": id, "born": born})));
    }
    means(&reader, &Filter::eq("born", 1815), "a")?;
    means(&reader, &Filter::at_least("born", 0), "a b")?;
    means(&reader, &Filter::is_null("born"), "c")?;
    assert_eq!(found(&reader, &Query::new(Filter::All).descending("born"))?, "b a c");
    assert_eq!(raw(bed.store(), &documents_tree("people"))?, before, "reading does not write");
    assert_eq!(header(bed.store(), "people", "a")?.schema, 1);
    Ok(())
}

/// Upgraded values are found in their new form, even through an index that existed before.
fn upgraded_in_index<F: Factory, M: DocFactory>(bed: &mut DocBed<F, M>) -> Result<()> {
    let births = || Declaration::new("births").field(Field::path("born")).index(Index::on("born"));
    load(bed.store(), &bed.open(births())?, &[json!({"id": "a", "born": "1815"})])?;
    bed.settle()?;
    let upgraded = births().upgrade_json(1, |mut birth| {
        if let Some(born) = birth.get_mut("born") {
            *born = born.as_str().unwrap_or_default().parse::<i64>()?.into();
        }
        Ok(birth)
    });
    let upgraded = bed.open(upgraded)?;
    assert!(upgraded.finish_upgrade(bed.store(), &mut go_on)?);
    bed.store().write(|t| upgraded.writer(t)?.change_id("a", "b").map(drop))?;
    let snapshot = bed.store().snapshot()?;
    means(&upgraded.reader(&snapshot), &Filter::eq("born", 1815), "b")?;
    means(&upgraded.reader(&snapshot), &Filter::eq("born", "1815"), "")
}

/// Once the store is at the newest version, a written document gets it, whichever handle writes it, and
/// the rest stays as it is until it is converted; a program of the older version is refused from then on.
pub(super) fn written_back_when_written<F: Factory, M: DocFactory>(
    bed: &mut DocBed<F, M>,
) -> Result<()> {
    load(bed.store(), &bed.open(first())?, &of_the_first_version())?;
    bed.settle()?;
    let people = bed.open(third())?;
    assert!(!people.finish_upgrade(bed.store(), &mut |_| ControlFlow::Break(()))?);
    let updated = bed.store().write(|t| people.writer(t)?.update("a", &json!({"new": 1})))?;
    assert_eq!(updated.revision, 2);
    drop(people);
    bed.settle()?;
    for (id, schema, revision) in [("a", 3, 2), ("b", 1, 1), ("c", 1, 1)] {
        let header = header(bed.store(), "people", id)?;
        assert_eq!((header.schema, header.revision), (schema, revision), "{id}");
    }
    let people = bed.open(third())?;
    bed.store().write(|t| people.writer(t)?.change_id("b", "z").map(drop))?;
    bed.store().write(|t| people.writer(t)?.set(&json!({"id": "d", "born": 1815})))?;
    assert_eq!(header(bed.store(), "people", "z")?.schema, 3);
    assert_eq!(header(bed.store(), "people", "d")?.schema, 3);
    let snapshot = bed.store().snapshot()?;
    means(&people.reader(&snapshot), &Filter::eq("born", 1815), "a d")?;
    means(&people.reader(&snapshot), &Filter::eq("born", 1900), "z")?;
    drop((snapshot, people));
    bed.settle()?;
    let error = refused(bed.declare(first()).map(drop), "a version older than what is stored");
    assert!(matches!(error, DocError::Upgraded { stored: 3, known: 1, .. }), "{error:?}");
    Ok(())
}

/// A document of a later version is refused with both versions, and not misread; the rest can be
/// read, and a lenient search lists it.
pub(super) fn newer_refused_rest_readable<F: Factory, M: DocFactory>(
    bed: &mut DocBed<F, M>,
) -> Result<()> {
    load(bed.store(), &bed.open(first())?, &of_the_first_version())?;
    let mut newer = Vec::new();
    Header { codec: 1, schema: 9, revision: 4 }.encode(&mut newer);
    newer.extend_from_slice(br#"{"id":"b","year":1900}"#);
    plant(bed, "people", "b", &newer)?;
    bed.settle()?;
    let people = bed.open(first())?;
    let snapshot = bed.store().snapshot()?;
    let reader = people.reader(&snapshot);
    let is_right = |error: Option<&DocError>| {
        matches!(
            error,
            Some(DocError::TooNew { id, stored: 9, known: 1, .. }) if *id == DocId::from("b")
        )
    };
    let got = refused(reader.get("b").map(drop), "a get");
    assert!(is_right(Some(&got)), "{got:?}");
    assert!(reader.get("a")?.is_some() && reader.get("c")?.is_some());
    for filter in [Filter::All, Filter::eq("year", 1900), Filter::substring("year", "x")] {
        let query = Query::new(filter);
        let searched = refused(reader.search(&query).map(drop), "a search");
        assert!(is_right(Some(&searched)), "{query:?}: {searched:?}");
        let page = reader.search(&query.lenient())?;
        assert!(
            matches!(page.unreadable.as_slice(), [error] if is_right(error.downcast_ref())),
            "{page:?}"
        );
    }
    assert_eq!(found(&reader, &Query::new(Filter::All).lenient())?, "a c");
    let updated = bed.store().write(|t| people.writer(t)?.update("b", &json!({"year": 1})));
    let error = refused(updated, "an update of a document of a version to come");
    assert!(is_right(Some(&error)), "{error:?}");
    let stored = raw(bed.store(), &documents_tree("people"))?;
    assert!(stored.iter().any(|(_, value)| *value == newer), "it is as it was");
    Ok(())
}

/// A document that cannot be read is reported with its tree, its key and the cause; the rest can be
/// read, and a lenient search lists it. This holds for an invalid body, a truncated header, an
/// unknown format and an unknown codec.
pub(super) fn undecodable_named_rest_readable<F: Factory, M: DocFactory>(
    bed: &mut DocBed<F, M>,
) -> Result<()> {
    for value in damaged() {
        load(bed.store(), &bed.open(first())?, &of_the_first_version())?;
        plant(bed, "people", "b", &value)?;
        bed.settle()?;
        let people = bed.open(first())?;
        let snapshot = bed.store().snapshot()?;
        let reader = people.reader(&snapshot);
        let is_right = |error: Option<&DocError>| {
            matches!(
                error,
                Some(DocError::Undecodable { tree, key, .. })
                    if *tree == documents_tree("people") && key == "b"
            )
        };
        let got = refused(reader.get("b").map(drop), "a get");
        assert!(is_right(Some(&got)), "{got:?}");
        let beside = reader.get("a")?.map(|stored| member(&stored.body, "year"));
        assert_eq!(beside, Some("1815".into()));
        for filter in [Filter::All, Filter::eq("year", 1900)] {
            let query = Query::new(filter);
            let searched = refused(reader.search(&query).map(drop), "a search");
            assert!(is_right(Some(&searched)), "{query:?}: {searched:?}");
            let page = reader.search(&query.lenient())?;
            assert!(
                matches!(page.unreadable.as_slice(), [error] if is_right(error.downcast_ref())),
                "{page:?}"
            );
        }
        for filter in [Filter::All, Filter::eq("year", 1900)] {
            let deleted = bed.store().write(|t| people.writer(t)?.delete_where(filter.clone()));
            let deleted = refused(deleted, "deleting what cannot be read");
            assert!(is_right(Some(&deleted)), "{deleted:?}");
        }
        let page = reader.search(&Query::new(Filter::All).lenient())?;
        assert_eq!(ids(&page.items), "a c");
        assert_eq!(found(&reader, &Query::new(Filter::eq("year", "1815")))?, "a");
        let tree = bed.layer_tree(&documents_tree("people"))?;
        bed.store().delete(&tree, b"b")?;
    }
    Ok(())
}

/// Bytes in the place of the document `b` that cannot be read.
fn damaged() -> Vec<Vec<u8>> {
    let mut header = Vec::new();
    Header { codec: 1, schema: 1, revision: 1 }.encode(&mut header);
    let with = |place: usize, byte: u8| {
        let changed = header.iter().enumerate();
        let mut value: Vec<u8> =
            changed.map(|(at, old)| if at == place { byte } else { *old }).collect();
        value.extend_from_slice(br#"{"id":"b","year":1900}"#);
        value
    };
    vec![
        [header.as_slice(), b"{\"id\":\"b\",\"year\":"].concat(),
        header.iter().copied().take(HEADER_BYTES - 1).collect(),
        Vec::new(),
        with(0, 77),
        with(1, 77),
    ]
}

/// A document that cannot be read can be overwritten and removed like any other, and no index keeps
/// an entry of it.
pub(super) fn undecodable_is_mended<F: Factory, M: DocFactory>(
    bed: &mut DocBed<F, M>,
) -> Result<()> {
    for value in damaged() {
        for is_removed in [false, true] {
            let people = bed.open(first())?;
            load(bed.store(), &people, &of_the_first_version())?;
            plant(bed, "people", "b", &value)?;
            bed.store().write(|transaction| {
                let mut people = people.writer(transaction)?;
                if is_removed {
                    assert!(people.remove("b")?, "there was something to remove");
                    assert!(!people.remove("b")?, "it was removed");
                } else {
                    people.set(&json!({"id": "b", "year": 7}))?;
                }
                Ok(())
            })?;
            drop(people);
            bed.settle()?;
            let people = bed.open(first())?;
            let go_on = &mut |_| ControlFlow::Continue(());
            let report = people.scrub(bed.store(), go_on)?;
            assert!(report.is_clean(), "{report:?}");
            let snapshot = bed.store().snapshot()?;
            let reader = people.reader(&snapshot);
            assert_eq!(found(&reader, &Query::new(Filter::eq("year", 1900)))?, "");
            let mended = if is_removed { "" } else { "b" };
            assert_eq!(found(&reader, &Query::new(Filter::eq("year", 7)))?, mended);
        }
    }
    Ok(())
}

/// JSON with reversed bytes: a codec of the program's own.
struct Turned;

impl Codec<Value> for Turned {
    fn encode(value: &Value, bytes: &mut Vec<u8>) -> Result<(), EncodeError> {
        let mut json = Vec::new();
        Json::encode(value, &mut json)?;
        bytes.extend(json.iter().map(|byte| !byte));
        Ok(())
    }

    fn decode(bytes: &[u8]) -> Result<Value, DecodeError> {
        let json: Vec<u8> = bytes.iter().map(|byte| !byte).collect();
        Json::decode(&json)
    }
}

/// A collection can be written with another codec from now on: earlier documents are read with the
/// codec they name, if the declaration has it; otherwise they are refused, not misread.
pub(super) fn codec_changed<F: Factory, M: DocFactory>(bed: &mut DocBed<F, M>) -> Result<()> {
    let turned = || BodyCodec::own::<Turned>(16).expect("16 is a number of one's own");
    load(bed.store(), &bed.open(first())?, &of_the_first_version())?;
    bed.settle()?;
    let people = bed.open(first().codec(turned()).also_reads(BodyCodec::json()))?;
    load(bed.store(), &people, &[json!({"id": "b", "year": 1901}), json!({"id": "d"})])?;
    drop(people);
    bed.settle()?;
    for (id, codec) in [("a", 1), ("b", 16), ("c", 1), ("d", 16)] {
        assert_eq!(header(bed.store(), "people", id)?.codec, codec, "{id}");
    }
    let documents = raw(bed.store(), &documents_tree("people"))?;
    let turned_bytes =
        documents.iter().find(|(key, _)| key == b"d").map(|(_, value)| value.clone());
    let body = turned_bytes.and_then(|value| value.get(HEADER_BYTES..).map(Turned::decode));
    let body = body.expect("it is longer than a header").expect("the codec wrote it");
    assert_eq!(body, json!({"id": "d"}));
    for declaration in
        [first().codec(turned()).also_reads(BodyCodec::json()), first().also_reads(turned())]
    {
        let people = bed.open(declaration)?;
        let snapshot = bed.store().snapshot()?;
        let reader = people.reader(&snapshot);
        assert_eq!(found(&reader, &Query::new(Filter::All))?, "a b c d");
        means(&reader, &Filter::eq("year", 1901), "b")?;
        means(&reader, &Filter::eq("year", "1815"), "a")?;
    }
    let people = bed.declare(first())?;
    let snapshot = bed.store().snapshot()?;
    let reader = people.reader(&snapshot);
    let error = refused(reader.get("d").map(drop), "a body of a codec that is not declared");
    assert!(matches!(error, DocError::Undecodable { .. }), "{error:?}");
    assert!(error.to_string().contains("16"), "the codec is told: {error}");
    assert_eq!(found(&reader, &Query::new(Filter::All).lenient())?, "a c");
    Ok(())
}
