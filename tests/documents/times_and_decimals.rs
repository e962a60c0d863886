//! Moments, dates, decimal numbers and bytes are found by typed fields as a plain comparison finds
//! them, whichever crate their type is of, and typed, JSON and hand-declared documents agree.

use std::borrow::Cow;

use arbour::documents::{
    Collection, Declaration, DocError, Document, DocumentStore as _, Field, FieldKind, Filter,
    Index, IndexValue, Selection,
};
use arbour::{KvStore as _, MemoryStore, Result};
use chrono::{FixedOffset, NaiveDate, NaiveDateTime, TimeZone as _, Utc};
use proptest::prelude::*;
use proptest::sample::Index as Position;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::columns::{columns, stored};

#[derive(Clone, Copy, Debug, PartialEq, PartialOrd, Serialize, Deserialize, IndexValue)]
struct Created(jiff::Timestamp);

#[derive(Clone, Debug, PartialEq, PartialOrd, Serialize, Deserialize, IndexValue)]
struct Paid(#[serde(with = "time::serde::rfc3339")] time::OffsetDateTime);

#[derive(Clone, Copy, Debug, PartialEq, PartialOrd, Serialize, Deserialize, IndexValue)]
struct Fee(#[serde(with = "rust_decimal::serde::str")] Decimal);

/// Makes a moment near the borders of seconds and of the years without a sign, or anywhere.
fn nanoseconds(seed: u128) -> i128 {
    let edges = [0, -62_167_219_200, 253_402_200_000, 951_782_400, 1_777_636_800];
    let steps = [0, 1, -1, 500_000_000, -500_000_000, 1_000_000_000];
    if seed.is_multiple_of(4) {
        return (seed >> 2) as i64 as i128;
    }
    let edge = edges[(seed >> 2) as usize % edges.len()] * 1_000_000_000;
    edge + steps[(seed >> 8) as usize % steps.len()]
}

fn jiff(seed: u128) -> jiff::Timestamp {
    jiff::Timestamp::from_nanosecond(nanoseconds(seed)).unwrap()
}

fn zoned(seed: u128) -> jiff::ZonedDateTime {
    let hours = [-11, 5, 14][(seed >> 16) as usize % 3];
    jiff(seed).to_zoned_datetime(jiff::tz::TimeZone::fixed(jiff::tz::offset(hours)))
}

fn civil(seed: u128) -> jiff::civil::DateTime {
    jiff(seed).to_zoned_datetime(jiff::tz::TimeZone::UTC).datetime()
}

fn utc(seed: u128) -> chrono::DateTime<Utc> {
    let nanoseconds = nanoseconds(seed);
    let seconds = nanoseconds.div_euclid(1_000_000_000) as i64;
    Utc.timestamp_opt(seconds, nanoseconds.rem_euclid(1_000_000_000) as u32).unwrap()
}

fn shifted(seed: u128) -> chrono::DateTime<FixedOffset> {
    let minutes = (seed >> 16) as i8;
    utc(seed).with_timezone(&FixedOffset::east_opt(i32::from(minutes) * 60).unwrap())
}

fn time(seed: u128) -> time::OffsetDateTime {
    time::OffsetDateTime::from_unix_timestamp_nanos(nanoseconds(seed)).unwrap()
}

/// RFC 3339 has years from 0 to 9999.
fn paid(seed: u128) -> Paid {
    Paid(time(seed).max(time::OffsetDateTime::UNIX_EPOCH))
}

fn plain(seed: u128) -> time::PrimitiveDateTime {
    time::PrimitiveDateTime::new(time(seed).date(), time(seed).time())
}

fn decimal(seed: u128) -> Decimal {
    let mantissa = if seed.is_multiple_of(2) { seed as i16 as i128 } else { seed as i128 >> 33 };
    Decimal::from_i128_with_scale(mantissa, (seed >> 8) as u32 % 29)
}

fn bytes(seed: u128) -> Box<[u8]> {
    let edges = [0, 1, 0x7f, 0x80, 0xfc, 0xfd, 0xfe, 0xff];
    (0..seed % 4).map(|number| edges[(seed >> (8 * number + 2)) as usize % 8]).collect()
}

columns! {
    jiffs by check_nothing_more;
    jiffs jiffs_ jiffs__, JIFFS JIFFS_ JIFFS__: jiff::Timestamp, jiff, |v| *v, |v| *v;
    zoneds zoneds_ zoneds__, ZONEDS ZONEDS_ ZONEDS__:
        jiff::ZonedDateTime, zoned, |v| v.timestamp(), |v| v.timestamp();
    civils civils_ civils__, CIVILS CIVILS_ CIVILS__: jiff::civil::DateTime, civil, |v| *v, |v| *v;
    dates dates_ dates__, DATES DATES_ DATES__:
        jiff::civil::Date, |seed| civil(seed).date(), |v| *v, |v| *v;
    utcs utcs_ utcs__, UTCS UTCS_ UTCS__: chrono::DateTime<Utc>, utc, |v| *v, |v| *v;
    shifteds shifteds_ shifteds__, SHIFTEDS SHIFTEDS_ SHIFTEDS__:
        chrono::DateTime<FixedOffset>, shifted, |v| *v, |v| *v;
    naives naives_ naives__, NAIVES NAIVES_ NAIVES__:
        NaiveDateTime, |seed| utc(seed).naive_utc(), |v| *v, |v| *v;
    days days_ days__, DAYS DAYS_ DAYS__:
        NaiveDate, |seed| utc(seed).date_naive(), |v| *v, |v| *v;
    times times_ times__, TIMES TIMES_ TIMES__: time::OffsetDateTime, time, |v| *v, |v| *v;
    paids paids_ paids__, PAIDS PAIDS_ PAIDS__: Paid, paid, |v| v.clone(), |v| v.0;
    plains plains_ plains__, PLAINS PLAINS_ PLAINS__: time::PrimitiveDateTime, plain, |v| *v, |v| *v;
    ordinals ordinals_ ordinals__, ORDINALS ORDINALS_ ORDINALS__:
        time::Date, |seed| time(seed).date(), |v| *v, |v| *v;
    createds createds_ createds__, CREATEDS CREATEDS_ CREATEDS__:
        Created, |seed| Created(jiff(seed)), |v| *v, |v| *v;
    decimals decimals_ decimals__, DECIMALS DECIMALS_ DECIMALS__: Decimal, decimal, |v| *v, |v| *v;
    fees fees_ fees__, FEES FEES_ FEES__: Fee, |seed| Fee(decimal(seed)), |v| *v, |v| *v;
    bytess bytess_ bytess__, BYTESS BYTESS_ BYTESS__: Box<[u8]>, bytes, |v| v, |v| v.clone();
    arrays arrays_ arrays__, ARRAYS ARRAYS_ ARRAYS__:
        [u8; 3], |seed| [seed as u8, (seed >> 8) as u8, 0xff], |v| v, |v| *v;
    cows cows_ cows__, COWS COWS_ COWS__:
        Cow<'static, [u8]>, |seed| bytes(seed).into_vec().into(), |v| v, |v| v.clone();
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn values_of_other_crates_are_found_as_those_crates_compare_them(
        seeds in proptest::collection::vec(any::<u128>(), 1..5),
        documents in proptest::collection::vec(any::<Position>(), 0..12),
        (low, high) in any::<(Position, Position)>(),
    ) {
        let things = documents.iter().zip(1..).map(|(position, id)| {
            Thing::new(id, *position.get(&seeds), &seeds[..position.index(seeds.len())])
        });
        let things: Vec<Thing> = things.collect();
        let stored = stored(&things);
        for thing in &things {
            let read = stored.1.get(&stored.0.snapshot().unwrap(), thing.id).unwrap().unwrap();
            prop_assert_eq!(&read, thing);
        }
        let bound = |position: Position| Thing::new(0, *position.get(&seeds), &[]);
        check_columns(&stored, &things, &bound(low), &bound(high));
    }
}

#[derive(Clone, Debug, Serialize, Deserialize, Document)]
#[document(collection = "sales")]
struct Sale {
    #[document(id)]
    id: String,
    #[document(index)]
    at: chrono::DateTime<FixedOffset>,
    #[document(index)]
    price: Decimal,
    #[serde(with = "time::serde::rfc3339::option", default)]
    #[document(sparse)]
    paid: Option<time::OffsetDateTime>,
}

fn sale(id: &str, at: &str, price: &str) -> Sale {
    let (at, price) = (at.parse().unwrap(), price.parse().unwrap());
    Sale { id: id.to_owned(), at, price, paid: None }
}

#[test]
fn typed_json_and_declared_documents_agree() {
    let store = MemoryStore::new();
    let sales = store.collection::<Sale>().unwrap();
    let add =
        |sale: Sale| store.write(|transaction| sales.insert(transaction, sale.clone()).map(drop));
    add(sale("b", "2026-05-01T14:00:00.5+02:00", "9.50")).unwrap();
    add(sale("a", "2026-05-01T12:00:00Z", "10")).unwrap();
    add(sale("c", "2026-05-01T13:00:00Z", "-0.1")).unwrap();
    drop(sales);
    let declaration = Declaration::<Value>::new("sales")
        .field(Field::path("at").of(FieldKind::Timestamp))
        .field(Field::path("price").of(FieldKind::Decimal))
        .field(Field::path("paid").of(FieldKind::Timestamp))
        .index(Index::on("at"))
        .index(Index::on("price"))
        .index(Index::on("paid").sparse());
    assert_eq!(format!("{declaration:?}"), format!("{:?}", Sale::declaration()));
    let sales = Collection::open(&store, declaration).unwrap();
    let snapshot = store.snapshot().unwrap();
    let ids = |selection: Selection<Value>| -> Vec<String> {
        let found = selection.stored(&snapshot).unwrap();
        found.items.iter().map(|sale| sale.id.to_string()).collect()
    };
    assert_eq!(ids(sales.all().ascending("at")), ["a", "b", "c"]);
    assert_eq!(ids(sales.all().ascending("price")), ["c", "b", "a"]);
    assert_eq!(ids(sales.find(Filter::eq("at", "2026-05-01T05:00:00-07:00"))), ["a"]);
    assert_eq!(ids(sales.find(Filter::eq("price", 10))), ["a"]);
    assert_eq!(ids(sales.find(Filter::above("price", "9.49"))).len(), 2);
    assert_eq!(sales.all().sum(&snapshot, "price").unwrap(), "19.4");
    assert_eq!(sales.all().min(&snapshot, "at").unwrap().unwrap(), "2026-05-01T12:00:00Z");
    assert_eq!(sales.find(Filter::eq("id", "b")).max(&snapshot, "price").unwrap().unwrap(), "9.5");
}

#[test]
fn a_value_of_another_form_is_refused_by_name_value_and_remedy() {
    let store = MemoryStore::new();
    let declaration = Declaration::<Value>::new("sales")
        .field(Field::path("at").of(FieldKind::Timestamp))
        .index(Index::on("at"))
        .field(Field::path("price").of(FieldKind::Decimal));
    let sales = Collection::open(&store, declaration).unwrap();
    let insert = |sale: Value| -> Result<()> {
        store.write(|transaction| sales.insert(transaction, sale.clone()).map(drop))
    };
    let refused = insert(json!({"id": "a", "at": "yesterday"})).unwrap_err();
    assert_eq!(
        refused.to_string(),
        "sales: \"at\" must be a timestamp of RFC 3339, such as \"2026-05-01T12:00:00Z\", not \
         \"yesterday\": correct the document, or declare the field otherwise"
    );
    let refused = insert(json!({"id": "a", "price": 9.5})).unwrap_err();
    assert!(
        matches!(refused.downcast_ref(), Some(DocError::WrongType { field, .. }) if field == "price")
    );
    let snapshot = store.snapshot().unwrap();
    for (filter, asked) in [
        (Filter::eq("at", "yesterday"), "a text of another form"),
        (Filter::eq("at", 5), "a number"),
        (Filter::above("price", 0.5), "a number"),
        (Filter::prefix("at", "2026"), "a text"),
    ] {
        let refused = sales.find(filter.clone()).count(&snapshot).unwrap_err();
        match refused.downcast_ref() {
            Some(DocError::KindMismatch { asked: found, .. }) => assert_eq!(*found, asked),
            _ => panic!("{filter:?}: {refused}"),
        }
    }
}

#[test]
fn aggregates_of_typed_fields_have_the_types_of_the_fields() {
    let store = MemoryStore::new();
    let sales = store.collection::<Sale>().unwrap();
    let paid = time::OffsetDateTime::from_unix_timestamp(1_777_636_800).unwrap();
    let mut paid_sale = sale("b", "2026-05-01T14:00:00.5+02:00", "9.50");
    paid_sale.paid = Some(paid);
    let written = store.write(|transaction| {
        sales.insert(transaction, paid_sale.clone())?;
        sales.insert(transaction, sale("a", "2026-05-01T12:00:00Z", "0.10"))
    });
    written.unwrap();
    let snapshot = store.snapshot().unwrap();
    let all = sales.all();
    assert_eq!(all.sum(&snapshot, Sale::PRICE).unwrap(), Decimal::new(96, 1));
    assert_eq!(all.min(&snapshot, Sale::PRICE).unwrap(), Some(Decimal::new(1, 1)));
    assert_eq!(all.max(&snapshot, Sale::PAID).unwrap(), Some(Some(paid)));
    assert_eq!(
        all.max(&snapshot, Sale::AT).unwrap(),
        Some("2026-05-01T12:00:00.5Z".parse().unwrap())
    );
    let by_time = all.sum_by(&snapshot, Sale::PAID, Sale::PRICE).unwrap();
    assert_eq!(by_time, [(None, Decimal::new(1, 1)), (Some(paid), Decimal::new(95, 1))]);
}

#[test]
fn a_sum_beyond_128_bits_is_an_error() {
    let store = MemoryStore::new();
    let declaration =
        Declaration::<Value>::new("sums").field(Field::path("price").of(FieldKind::Decimal));
    let sums = Collection::open(&store, declaration).unwrap();
    let added = store.write(|transaction| {
        let price = i128::MAX.to_string();
        sums.insert(transaction, json!({"id": "a", "price": price}))?;
        sums.insert(transaction, json!({"id": "b", "price": "0.9999999999999999999999999999"}))?;
        sums.insert(transaction, json!({"id": "c", "price": "0.0000000000000000000000000001"}))
    });
    added.unwrap();
    let snapshot = store.snapshot().unwrap();
    let sum = |filter: Filter<Value>| sums.find(filter).sum(&snapshot, "price");
    let largest = format!("{}.9999999999999999999999999999", i128::MAX);
    assert_eq!(sum(Filter::eq("id", "c").not()).unwrap(), largest);
    let refused = sum(Filter::All).unwrap_err();
    assert!(matches!(refused.downcast_ref(), Some(DocError::SumRange { .. })), "{refused}");
}
