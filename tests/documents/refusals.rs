//! Documents that are refused because they could not be read back, or not be found by their fields.

use std::collections::BTreeMap;

use arbour::documents::{
    Body, BodyCodec, Collection, Declaration, DocError, Field, FieldKind, Index, Precondition,
    Written,
};
use arbour::{KvStore as _, Limits, MemoryStore, Result};
use serde::{Deserialize, Serialize};

/// Puts a document into a collection of its own; returns the text of the error if it is refused.
fn put<D: Body>(declaration: Declaration<D>, body: &D) -> Result<Written, String> {
    let store = MemoryStore::new();
    let things = Collection::open(&store, declaration).expect("one that is not declared yet");
    let put: Result<_> =
        store.write(|transaction| things.put_if(transaction, body, Precondition::None));
    let snapshot = store.snapshot().expect("a snapshot of an open store");
    let count = things.all().count(&snapshot).expect("a count of what is there");
    assert_eq!(count, u64::from(put.is_ok()), "what is refused is not there");
    put.map_err(|error| error.to_string())
}

#[track_caller]
fn has(text: Result<Written, String>, words: &[&str]) {
    let text = text.expect_err("it is refused");
    assert!(words.iter().all(|word| text.contains(word)), "{text}: not {words:?}");
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Point {
    id: String,
    x: f64,
}

fn point(x: f64) -> Point {
    Point { id: "a".to_owned(), x }
}

#[cfg(feature = "bincode")]
fn bincode<D: Body>() -> Declaration<D> {
    Declaration::new("things").codec(BodyCodec::bincode())
}

#[cfg(feature = "bincode")]
#[test]
fn bincode_keeps_nan_in_a_body_and_refuses_it_in_a_field() {
    assert!(put(bincode(), &point(f64::NAN)).is_ok());
    let field = || Field::path("x");
    for declaration in [
        bincode().field(field()),
        bincode().field(field().of(FieldKind::Number)),
        bincode().field(field()).index(Index::on("x")),
    ] {
        has(put(declaration, &point(f64::NAN)), &["\"x\" must be", "number", "NaN"]);
    }
    let infinite = put(bincode().field(field()), &point(f64::NEG_INFINITY));
    has(infinite, &["\"x\" must be", "-inf"]);
}

#[cfg(feature = "bincode")]
#[test]
fn a_patch_of_what_json_has_no_number_for_says_so() {
    let store = MemoryStore::new();
    let points = Collection::open(&store, bincode::<Point>()).unwrap();
    let patched: Result<_> = store.write(|transaction| {
        points.put(transaction, point(f64::INFINITY))?;
        points.update_json(transaction, "a", &serde_json::json!({"more": 1}))
    });
    let text = patched.unwrap_err().to_string();
    assert!(text.contains("\"x\" is inf") && text.contains("put it"), "{text}");
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Chain {
    id: String,
    next: Option<Box<Chain>>,
}

fn chain(links: usize) -> Chain {
    let link = |next| Chain { id: "a".to_owned(), next };
    (1..links).fold(link(None), |next, _| link(Some(Box::new(next))))
}

#[test]
fn depth_has_one_limit_whatever_the_codec() {
    let (most, limit) = (Limits::DEPTH_MAX, Limits::DEPTH_MAX.to_string());
    #[cfg(feature = "bincode")]
    {
        assert!(put(bincode(), &chain(most)).is_ok());
        has(put(bincode(), &chain(most + 1)), &["next.next.", &limit]);
    }
    assert!(put(Declaration::new("things"), &chain(most)).is_ok());
    has(put(Declaration::new("things"), &chain(most + 1)), &["next.next.", &limit]);
}

#[cfg(feature = "bincode")]
#[test]
fn depth_is_limited_when_bincode_is_read() {
    use arbour::codec::{Bincode, Codec as _};
    let mut bytes = Vec::new();
    Bincode::encode(&chain(Limits::DEPTH_MAX), &mut bytes).unwrap();
    assert_eq!(Bincode::decode(&bytes).ok(), Some(chain(Limits::DEPTH_MAX)));
    // As damage would leave it: one link in another, as far as the bytes go.
    let endless = [1, b'a', 1].repeat(1 << 20);
    let read: Result<Chain, _> = Bincode::decode(&endless);
    let text = read.unwrap_err().to_string();
    assert!(text.contains(&Limits::DEPTH_MAX.to_string()), "{text}");
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Skipping {
    id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    may: Option<u8>,
    must: u8,
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
enum Untagged {
    Number { id: String, n: u8 },
}

#[cfg(feature = "bincode")]
#[test]
fn a_type_that_bincode_cannot_read_is_refused_at_the_write() {
    let skipping = |may| Skipping { id: "a".to_owned(), may, must: 1 };
    assert!(put(bincode(), &skipping(Some(1))).is_ok());
    has(put(bincode(), &skipping(None)), &["\"may\" is skipped", "JSON"]);
    let untagged = Untagged::Number { id: "a".to_owned(), n: 1 };
    has(put(bincode(), &untagged), &["cannot be read back", "JSON"]);
    assert!(put(Declaration::new("things"), &untagged).is_ok());
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct ByPair {
    id: String,
    by_pair: BTreeMap<(u8, u8), u8>,
}

#[cfg(feature = "bincode")]
#[test]
fn a_path_through_keys_that_are_no_texts_is_refused() {
    let by_pair = ByPair { id: "a".to_owned(), by_pair: BTreeMap::from([((1, 2), 3)]) };
    assert!(put(bincode(), &by_pair).is_ok());
    let declaration = bincode().field(Field::path("by_pair.1"));
    has(put(declaration, &by_pair), &["by_pair.1", "keys that JSON has no text for"]);
    has(put(Declaration::new("things"), &by_pair), &["key"]);
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Flat {
    id: String,
    #[serde(flatten)]
    inner: Inner,
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Inner {
    wide: Option<u128>,
    by_number: BTreeMap<u8, u8>,
}

#[test]
fn what_serde_buffers_is_refused_where_it_cannot_be_read() {
    let flat = |wide, by_number| Flat { id: "a".to_owned(), inner: Inner { wide, by_number } };
    let declaration = || Declaration::new("things");
    assert!(put(declaration(), &flat(None, BTreeMap::new())).is_ok());
    for wide in [7, u128::MAX] {
        has(put(declaration(), &flat(Some(wide), BTreeMap::new())), &["flattened", "texts"]);
    }
    has(put(declaration(), &flat(None, BTreeMap::from([(1, 1)]))), &["flattened", "texts"]);
}

#[test]
fn sums_beyond_their_range_are_errors() {
    let store = MemoryStore::new();
    let declaration = Declaration::<Point>::new("things").field(Field::path("x"));
    let points = Collection::open(&store, declaration).expect("one that is not declared yet");
    let put: Result<()> = store.write(|transaction| {
        points.put(transaction, Point { id: "a".to_owned(), x: f64::MAX })?;
        points.put(transaction, Point { id: "b".to_owned(), x: f64::MAX }).map(drop)
    });
    put.unwrap();
    let snapshot = store.snapshot().unwrap();
    for error in [
        points.all().sum(&snapshot, "x").map(drop).unwrap_err(),
        points.all().average(&snapshot, "x").map(drop).unwrap_err(),
    ] {
        assert!(matches!(error.downcast_ref(), Some(DocError::SumRange { .. })), "{error:?}");
    }
}
