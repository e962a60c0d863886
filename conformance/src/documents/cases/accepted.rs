//! What is accepted can be read: a document is read back equal, and a field means the same in a
//! type of the program and in any JSON. What cannot be kept exactly is refused.

use std::collections::BTreeMap;
use std::ops::Bound::{Excluded, Included};

use arbour::Result;
use arbour::documents::{
    Body, Declaration, DocError, Field, FieldKind, Filter, Ids, Index, Integer, Precondition,
};
use arbour_core::{KvStore, Limits};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::claims::{found, load, means, member, refused};
use crate::Factory;
use crate::documents::{DocBed, DocFactory, Query, TestCollection, TestReader, TestWriter};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Reading {
    id: String,
    place: Place,
    note: Option<Option<u8>>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Place {
    axes: Vec<f64>,
    scale: f32,
}

/// Asserts that a document was refused because it cannot be stored, and that the error contains
/// these words.
#[track_caller]
fn unfit<T: std::fmt::Debug>(result: Result<T>, words: &[&str]) {
    let error = refused(result, "a document that cannot be read back");
    assert!(matches!(error, DocError::Unfit { .. }), "{error:?}");
    let text = error.to_string();
    assert!(words.iter().all(|word| text.contains(word)), "{text}: not {words:?}");
}

/// A value that JSON would lose is refused with the path, the value and a remedy; the transaction
/// continues, and what JSON can hold is read back to the last bit.
pub(super) fn losses_refused<F: Factory, M: DocFactory>(bed: &mut DocBed<F, M>) -> Result<()> {
    let reading = |axes: &[f64], scale| Reading {
        id: "a".to_owned(),
        place: Place { axes: axes.to_vec(), scale },
        note: None,
    };
    let kept = reading(&[0.1, -0.0, f64::MAX, f64::MIN_POSITIVE, 5e-324, 1.0 / 3.0], f32::MAX);
    let collection = bed.open(Declaration::<Reading>::new("readings"))?;
    bed.store().write(|transaction| {
        let mut readings = collection.writer(transaction)?;
        unfit(readings.set(&reading(&[1.0, f64::NAN], 1.0)), &["place.axes.1", "NaN", "null"]);
        unfit(readings.set(&reading(&[f64::INFINITY], 1.0)), &["place.axes.0", "inf"]);
        unfit(readings.set(&reading(&[], f32::NEG_INFINITY)), &["place.scale", "-inf"]);
        let nothing_in_some = Reading { note: Some(None), ..reading(&[], 1.0) };
        unfit(readings.set(&nothing_in_some), &["note", "None"]);
        readings.set(&kept)
    })?;
    drop(collection);
    bed.settle()?;
    let collection = bed.open(Declaration::<Reading>::new("readings"))?;
    let stored = collection.reader(&bed.store().snapshot()?).get("a")?;
    let stored = stored.map(|stored| (stored.revision, stored.body));
    assert_eq!(stored, Some((1, kept)), "what was refused has written nothing");
    Ok(())
}

/// A chain of nested lists.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Chain {
    id: String,
    next: Link,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Link(Vec<Link>);

fn chain(links: usize) -> Link {
    (1..links).fold(Link(Vec::new()), |link, _| Link(vec![link]))
}

/// A document as deep as the limit is stored and read; one level more is refused with the limit, in
/// a document of a type, in any JSON, and in a patch.
pub(super) fn depth_limited<F: Factory, M: DocFactory>(bed: &mut DocBed<F, M>) -> Result<()> {
    // The document itself is the first level.
    let (most, limit) = (Limits::DEPTH_MAX - 1, Limits::DEPTH_MAX.to_string());
    let typed = |links| Chain { id: "typed".to_owned(), next: chain(links) };
    let json = |links| json!({"id": "json", "next": serde_json::to_value(chain(links)).ok()});
    let chains = bed.open(Declaration::<Chain>::new("chains"))?;
    load(bed.store(), &chains, &[typed(most)])?;
    let set = bed.store().write(|t| chains.writer(t)?.set(&typed(most + 1)));
    unfit(set, &["next.0.0", &limit]);
    let any = bed.open(Declaration::<Value>::new("any"))?;
    load(bed.store(), &any, &[json(most)])?;
    let set = bed.store().write(|t| any.writer(t)?.set(&json(most + 1)));
    unfit(set, &["next.0.0", &limit]);
    let patch = json!({"next": {"next": json(most)}});
    unfit(bed.store().write(|t| any.writer(t)?.patch("json", &patch)), &["next.next", &limit]);
    drop((chains, any));
    bed.settle()?;
    let chains = bed.open(Declaration::<Chain>::new("chains"))?;
    let any = bed.open(Declaration::<Value>::new("any"))?;
    let snapshot = bed.store().snapshot()?;
    let stored = chains.reader(&snapshot).get("typed")?.map(|stored| stored.body);
    assert_eq!(stored, Some(typed(most)));
    let stored = any.reader(&snapshot).get("json")?.map(|stored| stored.body);
    assert_eq!(stored, Some(json(most)));
    Ok(())
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Serial {
    id: String,
    serial: u128,
    balance: i128,
}

fn serials<D: Body>() -> Declaration<D> {
    Declaration::new("serials")
        .field(Field::path("serial").of(FieldKind::Integer))
        .field(Field::path("balance"))
        .index(Index::on("serial").unique())
        .index(Index::descending("balance"))
}

/// Integers of 128 bits are distinguished, found, sorted, unique, and the least and the greatest,
/// to the last digit, in a document of a type and in any JSON; a sum that does not fit 64 bits is
/// an error.
pub(super) fn wide_integers_exact<F: Factory, M: DocFactory>(bed: &mut DocBed<F, M>) -> Result<()> {
    let serial = |id: &str, serial, balance| Serial { id: id.to_owned(), serial, balance };
    let bodies = [
        serial("a", u128::MAX, i128::MIN),
        serial("b", u128::MAX - 1, i128::MIN + 1),
        serial("c", u128::from(u64::MAX) + 1, i128::MAX),
        serial("d", u128::from(u64::MAX) + 2, i128::MAX - 1),
        serial("e", 7, -7),
    ];
    let collection = bed.open(serials::<Serial>())?;
    load(bed.store(), &collection, &bodies)?;
    let again = serial("f", u128::MAX - 1, 0);
    let error = refused(bed.store().write(|t| collection.writer(t)?.set(&again)), "a second one");
    let is_right = matches!(&error, DocError::Unique { holder, values, .. }
        if *holder == "b".into() && values == &[Value::from(Integer::from(u128::MAX - 1))]);
    assert!(is_right && error.to_string().contains("768211454"), "{error:?}");
    let stale = bed.store().write(|t| collection.writer(t)?.put(&again_as("a"), revision(9)));
    let error = refused(stale, "a stale revision");
    let is_right = matches!(&error, DocError::Revision { current, .. }
        if member(current, "serial") == Value::from(Integer::from(u128::MAX)));
    assert!(is_right, "{error:?}");
    drop(collection);
    bed.settle()?;
    let collection = bed.open(serials::<Serial>())?;
    let snapshot = bed.store().snapshot()?;
    let reader = collection.reader(&snapshot);
    assert_eq!(reader.get("a")?.map(|stored| stored.body).as_ref(), bodies.first());
    wide_integers_found(&reader)?;
    drop(reader);
    drop(collection);
    let any = bed.open(serials::<Value>())?;
    let reader = any.reader(&snapshot);
    wide_integers_found(&reader)?;
    let stored = reader.get("a")?.map(|stored| stored.body).expect("it was loaded");
    assert_eq!(member(&stored, "serial"), Value::from(Integer::from(u128::MAX)));
    bed.store().write(|t| any.writer(t)?.update("a", &json!({"balance": 1})))?;
    drop(reader);
    drop((any, snapshot));
    bed.settle()?;
    let collection = bed.open(serials::<Serial>())?;
    let stored = collection.reader(&bed.store().snapshot()?).get("a")?.map(|stored| stored.body);
    assert_eq!(stored, Some(serial("a", u128::MAX, 1)), "written by a program without types");
    Ok(())
}

fn again_as(id: &str) -> Serial {
    Serial { id: id.to_owned(), serial: 1, balance: 1 }
}

fn revision(revision: u64) -> Precondition {
    Precondition::Revision(revision)
}

fn wide_integers_found<D: Body>(reader: &impl TestReader<D>) -> Result<()> {
    let wide = |integer: u128| Value::from(Integer::from(integer));
    let signed = |integer: i128| Value::from(Integer::from(integer));
    means(reader, &Filter::eq("serial", wide(u128::MAX - 1)), "b")?;
    means(reader, &Filter::above("serial", wide(u128::MAX - 1)), "a")?;
    means(reader, &Filter::below("balance", signed(i128::MIN + 1)), "a")?;
    let just_wide = Filter::range("serial", Excluded(u64::MAX.into()), Included(wide(1 << 65)));
    means(reader, &just_wide, "c d")?;
    means(reader, &Filter::is_in("serial", [wide(7), wide(u128::MAX)]), "a e")?;
    assert_eq!(found(reader, &Query::new(Filter::All).ascending("serial"))?, "e c d b a");
    assert_eq!(found(reader, &Query::new(Filter::All).descending("balance"))?, "c d e b a");
    let (all, narrow) = (Filter::All, Filter::below("serial", wide(u128::MAX)));
    assert_eq!(reader.max(&all, "serial")?, Some(wide(u128::MAX)));
    assert_eq!(reader.max(&narrow, "serial")?, Some(wide(u128::MAX - 1)));
    assert_eq!(reader.max(&all, "balance")?, Some(signed(i128::MAX)));
    assert_eq!(reader.min(&all, "serial")?, Some(json!(7)));
    let second = Filter::above("balance", reader.min(&all, "balance")?.unwrap_or_default());
    assert_eq!(reader.min(&second, "balance")?, Some(signed(i128::MIN + 1)));
    assert_eq!(reader.distinct(&all, "serial")?.len(), 5);
    assert_eq!(reader.sum(&Filter::eq("id", "e"), "serial")?, 7);
    for error in [
        refused(reader.sum(&all, "serial"), "a sum beyond 64 bits"),
        refused(reader.average(&all, "serial"), "a mean beyond 128 bits"),
    ] {
        let is_right = matches!(&error, DocError::SumRange { field, .. } if field == "serial");
        assert!(is_right, "{error:?}");
    }
    Ok(())
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
struct Grams(f32);

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Parcel {
    id: String,
    weight: f32,
    net: Grams,
    by_year: BTreeMap<i16, Option<u32>>,
    by_size: BTreeMap<char, f32>,
    is_sent: BTreeMap<bool, u8>,
}

fn parcels<D: Body>(name: &str) -> Declaration<D> {
    let paths = ["weight", "net", "by_year.-44", "by_size.é", "is_sent.true"];
    let plain = Declaration::new(name);
    let fields = paths.into_iter().fold(plain, |plain, path| plain.field(Field::path(path)));
    paths.into_iter().fold(fields, |fields, path| fields.index(Index::on(path)))
}

/// A path finds in a document of a type what it finds in the same document as JSON: floats of 32
/// bits, numbers in newtypes, and values of maps whose keys are numbers, characters or booleans.
pub(super) fn fields_are_those_of_json<F: Factory, M: DocFactory>(
    bed: &mut DocBed<F, M>,
) -> Result<()> {
    let parcel = Parcel {
        id: "a".to_owned(),
        weight: 0.1,
        net: Grams(16_777_216.0),
        by_year: BTreeMap::from([(-44, Some(3)), (7, None)]),
        by_size: BTreeMap::from([('é', 1e-7)]),
        is_sent: BTreeMap::from([(true, 1)]),
    };
    let text = serde_json::to_string(&parcel).expect("it has a form in JSON");
    let json: Value = serde_json::from_str(&text).expect("it was written as JSON");
    load(bed.store(), &bed.open(parcels::<Parcel>("typed"))?, std::slice::from_ref(&parcel))?;
    load(bed.store(), &bed.open(parcels::<Value>("any"))?, &[json])?;
    bed.settle()?;
    let (typed, any) = (bed.open(parcels::<Parcel>("typed"))?, bed.open(parcels::<Value>("any"))?);
    let crossed = bed.open(parcels::<Value>("typed"))?;
    let snapshot = bed.store().snapshot()?;
    for (field, value) in [
        ("weight", json!(0.1)),
        ("net", json!(16_777_216)),
        ("by_year.-44", json!(3)),
        ("by_size.é", json!(1e-7)),
        ("is_sent.true", json!(1)),
    ] {
        means(&typed.reader(&snapshot), &Filter::eq(field, value.clone()), "a")?;
        means(&any.reader(&snapshot), &Filter::eq(field, value.clone()), "a")?;
        means(&crossed.reader(&snapshot), &Filter::eq(field, value.clone()), "a")?;
        assert_eq!(typed.reader(&snapshot).min(&Filter::All, field)?, Some(value.clone()));
        assert_eq!(any.reader(&snapshot).min(&Filter::All, field)?, Some(value));
    }
    let stored = typed.reader(&snapshot).get("a")?.map(|stored| stored.body);
    assert_eq!(stored, Some(parcel));
    Ok(())
}

/// A field can be compared with null and with the kind of value it is declared to hold. Anything
/// else is an error that names the field, its kind and the requested kind. The sum of a field
/// without numbers is an error too.
pub(super) fn kinds_are_not_mixed<F: Factory, M: DocFactory>(bed: &mut DocBed<F, M>) -> Result<()> {
    let declaration = |name: &str, ids| {
        Declaration::<Value>::new(name)
            .id("id", ids)
            .field(Field::path("born").of(FieldKind::Integer))
            .field(Field::path("name").of(FieldKind::Text))
            .field(Field::path("open").of(FieldKind::Bool))
            .field(Field::path("tags").of(FieldKind::Text).many())
            .field(Field::path("any"))
            .index(Index::on("born"))
            .index(Index::on("name"))
    };
    let people = bed.open(declaration("people", Ids::Chosen))?;
    let ada = json!({"id": "ada", "born": 1815, "name": "Ada", "tags": ["x"], "any": "text"});
    load(bed.store(), &people, &[ada])?;
    drop(people);
    bed.settle()?;
    let people = bed.open(declaration("people", Ids::Chosen))?;
    let numbered = bed.open(declaration("numbered", Ids::Integer))?;
    let snapshot = bed.store().snapshot()?;
    let (reader, numbered) = (people.reader(&snapshot), numbered.reader(&snapshot));
    let mixed = |result: Result<()>, words: [&str; 3]| {
        let error = refused(result, words[0]);
        assert!(matches!(error, DocError::KindMismatch { .. }), "{error:?}");
        assert!(words.iter().all(|word| error.to_string().contains(word)), "{error}: {words:?}");
    };
    for (filter, words) in [
        (Filter::eq("born", "1815"), ["born", "an integer", "a text"]),
        (Filter::at_least("born", "1815"), ["born", "an integer", "a text"]),
        (Filter::is_in("born", [json!(1815), json!(true)]), ["born", "an integer", "a bool"]),
        (Filter::prefix("born", "18"), ["born", "an integer", "a text"]),
        (Filter::substring("open", "t"), ["open", "a bool", "a text"]),
        (Filter::words("born", "18"), ["born", "an integer", "a text"]),
        (Filter::below("name", 7), ["name", "a text", "a number"]),
        (Filter::eq("open", 1), ["open", "a bool", "a number"]),
        (Filter::contains_any("tags", [1]), ["tags", "a text", "a number"]),
        (Filter::contains_all("tags", [true]), ["tags", "a text", "a bool"]),
        (Filter::eq("id", 7), ["id", "a text", "a number"]),
        (Filter::eq("name", "Ada").and(Filter::eq("born", "x").not()), ["born", "integer", "text"]),
    ] {
        mixed(reader.search(&Query::new(filter.clone())).map(drop), words);
        mixed(reader.count(&filter).map(drop), words);
        mixed(reader.exists(&filter).map(drop), words);
        mixed(reader.min(&filter, "born").map(drop), words);
    }
    mixed(numbered.count(&Filter::eq("id", "7")).map(drop), ["id", "an integer", "a text"]);
    mixed(reader.sum(&Filter::All, "name").map(drop), ["name", "a text", "numbers"]);
    mixed(reader.average(&Filter::All, "open").map(drop), ["open", "a bool", "numbers"]);
    let error = refused(reader.sum(&Filter::All, "any"), "a sum of texts");
    let is_right = matches!(&error, DocError::WrongType { field, found, .. }
        if field == "any" && **found == "text");
    assert!(is_right, "{error:?}");
    means(&reader, &Filter::at_least("born", 1814.5), "ada")?;
    means(&reader, &Filter::eq("born", json!(null)), "")?;
    means(&reader, &Filter::eq("any", 7), "")?;
    Ok(())
}
