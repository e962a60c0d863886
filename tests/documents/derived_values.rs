//! Values of every type that a field can have are found by typed fields as a plain comparison finds
//! them, with an index and without one.

use std::borrow::Cow;

use arbour::documents::{Collection, Document, Filter, IndexValue};
use arbour::{KvStore as _, MemoryStore};
use proptest::prelude::*;
use proptest::sample::Index as Position;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::columns::{columns, ids, stored};

#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, IndexValue)]
#[serde(rename_all = "kebab-case")]
enum Status {
    WaitingForCustomer,
    Open,
    #[serde(rename = "Z")]
    Closed,
}

impl Status {
    /// Texts are compared, not the order of the variants.
    fn text(self) -> &'static str {
        match self {
            Self::WaitingForCustomer => "waiting-for-customer",
            Self::Open => "open",
            Self::Closed => "Z",
        }
    }
}

#[derive(Clone, Debug, PartialEq, PartialOrd, Serialize, Deserialize, IndexValue)]
struct Serial(u128);

#[derive(Clone, Debug, PartialEq, PartialOrd, Serialize, Deserialize, IndexValue)]
#[serde(transparent)]
struct Owner {
    name: String,
}

/// Makes an integer near zero, near an end of its range, or anywhere.
macro_rules! integer {
    ($type:ty) => {
        |seed| match seed % 4 {
            0 => (seed >> 2) as $type,
            1 => <$type>::MAX - ((seed >> 2) % 4) as $type,
            2 => <$type>::MIN + ((seed >> 2) % 4) as $type,
            _ => ((seed >> 2) % 4) as $type,
        }
    };
}

fn float(seed: u128) -> f64 {
    let edges = [0.0, -0.0, 0.1, -0.1, f64::MAX, f64::MIN, f64::MIN_POSITIVE, 1e30, 9e15, 3.0];
    let any = f64::from_bits(seed as u64);
    if seed.is_multiple_of(2) && any.is_finite() {
        any
    } else {
        edges[(seed >> 1) as usize % edges.len()]
    }
}

fn small_float(seed: u128) -> f32 {
    let small = float(seed) as f32;
    if small.is_finite() { small } else { 0.1 }
}

fn character(seed: u128) -> char {
    let edges = ['a', 'b', '\0', '\u{1}', 'é', '\u{10ffff}', 'ß', 'A'];
    char::from_u32((seed >> 4) as u32 % 0x11_0000)
        .filter(|_| seed.is_multiple_of(16))
        .unwrap_or(edges[seed as usize % edges.len()])
}

fn text(seed: u128) -> String {
    (0..seed % 4).map(|number| character(seed >> (8 * (number + 1)))).collect()
}

fn status(seed: u128) -> Status {
    [Status::WaitingForCustomer, Status::Open, Status::Closed][seed as usize % 3]
}

columns! {
    i8s by check_form;
    i8s i8s_ i8s__, I8S I8S_ I8S__: i8, integer!(i8), |v| *v, |v| *v;
    i16s i16s_ i16s__, I16S I16S_ I16S__: i16, integer!(i16), |v| *v, |v| *v;
    i32s i32s_ i32s__, I32S I32S_ I32S__: i32, integer!(i32), |v| *v, |v| *v;
    i64s i64s_ i64s__, I64S I64S_ I64S__: i64, integer!(i64), |v| *v, |v| *v;
    i128s i128s_ i128s__, I128S I128S_ I128S__: i128, integer!(i128), |v| *v, |v| *v;
    isizes isizes_ isizes__, ISIZES ISIZES_ ISIZES__: isize, integer!(isize), |v| *v, |v| *v;
    u8s u8s_ u8s__, U8S U8S_ U8S__: u8, integer!(u8), |v| *v, |v| *v;
    u16s u16s_ u16s__, U16S U16S_ U16S__: u16, integer!(u16), |v| *v, |v| *v;
    u32s u32s_ u32s__, U32S U32S_ U32S__: u32, integer!(u32), |v| *v, |v| *v;
    u64s u64s_ u64s__, U64S U64S_ U64S__: u64, integer!(u64), |v| *v, |v| *v;
    u128s u128s_ u128s__, U128S U128S_ U128S__: u128, integer!(u128), |v| *v, |v| *v;
    usizes usizes_ usizes__, USIZES USIZES_ USIZES__: usize, integer!(usize), |v| *v, |v| *v;
    f32s f32s_ f32s__, F32S F32S_ F32S__: f32, small_float, |v| *v, |v| *v;
    f64s f64s_ f64s__, F64S F64S_ F64S__: f64, float, |v| *v, |v| *v;
    bools bools_ bools__, BOOLS BOOLS_ BOOLS__: bool, |seed| seed.is_multiple_of(2), |v| *v, |v| *v;
    chars chars_ chars__, CHARS CHARS_ CHARS__: char, character, |v| *v, |v| *v;
    texts texts_ texts__, TEXTS TEXTS_ TEXTS__: String, text, |v| v, |v| v.clone();
    boxed boxed_ boxed__, BOXED BOXED_ BOXED__:
        Box<str>, |seed| text(seed).into(), |v| v, |v| v.clone();
    cows cows_ cows__, COWS COWS_ COWS__:
        Cow<'static, str>, |seed| text(seed).into(), |v| v, |v| v.clone();
    uuids uuids_ uuids__, UUIDS UUIDS_ UUIDS__: Uuid, Uuid::from_u128, |v| *v, |v| *v;
    enums enums_ enums__, ENUMS ENUMS_ ENUMS__: Status, status, |v| *v, |v| v.text();
    serials serials_ serials__, SERIALS SERIALS_ SERIALS__:
        Serial, |seed| Serial(seed), |v| v.clone(), |v| v.0;
    owners owners_ owners__, OWNERS OWNERS_ OWNERS__:
        Owner, |seed| Owner { name: text(seed) }, |v| v.clone(), |v| v.name.clone();
    boxes boxes_ boxes__, BOXES BOXES_ BOXES__:
        Box<u64>, |seed| Box::new(seed as u64), |v| **v, |v| **v;
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn values_of_every_type_are_found_as_a_plain_comparison_finds_them(
        seeds in proptest::collection::vec(any::<u128>(), 1..5),
        documents in proptest::collection::vec(any::<Position>(), 0..12),
        (low, high) in any::<(Position, Position)>(),
    ) {
        // Few values for more documents, so that values are often equal.
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

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Document)]
#[document(collection = "people")]
struct Person {
    #[document(id)]
    id: u32,
    #[document(index)]
    died: Option<i16>,
    #[document(sparse)]
    name: Option<String>,
    #[document(many, index)]
    tags: Option<Vec<Option<u8>>>,
}

fn people() -> impl Strategy<Value = Vec<Person>> {
    let names = proptest::option::of("[ab]{0,2}");
    let tags = proptest::option::of(proptest::collection::vec(any::<Option<bool>>(), 0..3));
    let fields = (proptest::option::of(-2..2_i16), names, tags);
    proptest::collection::vec(fields, 0..12).prop_map(|fields| {
        let people = fields.into_iter().zip(1..).map(|((died, name, tags), id)| {
            let tags = tags.map(|tags| tags.iter().map(|tag| tag.map(u8::from)).collect());
            Person { id, died, name, tags }
        });
        people.collect()
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, ..ProptestConfig::default() })]

    #[test]
    fn options_are_null_or_their_content(people in people(), year in -2..2_i16) {
        let (store, collection) = stored(&people);
        let found = |filter: Filter<Person>| {
            ids(&store, &collection.find(filter).sort(Person::ID.ascending()))
        };
        let expected = |matches: &dyn Fn(&Person) -> bool| -> Vec<u32> {
            people.iter().filter(|person| matches(person)).map(|person| person.id).collect()
        };
        let died = Person::DIED;
        prop_assert_eq!(found(died.is_null()), expected(&|p| p.died.is_none()));
        prop_assert_eq!(found(died.eq(year)), expected(&|p| p.died == Some(year)));
        prop_assert_eq!(found(died.ne(year)), expected(&|p| p.died != Some(year)));
        prop_assert_eq!(found(died.at_most(year)), expected(&|p| p.died.is_some_and(|d| d <= year)));
        prop_assert_eq!(found(died.range(..)), expected(&|p| p.died.is_some()));
        let name = Person::NAME;
        prop_assert_eq!(found(name.is_null()), expected(&|p| p.name.is_none()));
        prop_assert_eq!(found(name.eq("ab")), expected(&|p| p.name.as_deref() == Some("ab")));
        let begins = |p: &Person| p.name.as_ref().is_some_and(|name| name.starts_with('a'));
        prop_assert_eq!(found(name.prefix("a")), expected(&begins));
        let contains = |p: &Person| p.name.as_ref().is_some_and(|name| name.contains('b'));
        prop_assert_eq!(found(name.substring("B")), expected(&contains));
        let is_ab = |p: &Person| p.name.as_deref() == Some("ab");
        prop_assert_eq!(found(name.words("AB")), expected(&is_ab));
        let tags = |p: &Person| p.tags.clone().unwrap_or_default();
        prop_assert_eq!(found(Person::TAGS.contains(1)), expected(&|p| tags(p).contains(&Some(1))));
        let is_empty = |p: &Person| tags(p).iter().all(Option::is_none);
        prop_assert_eq!(found(Person::TAGS.is_empty()), expected(&is_empty));
        let mut sorted = people.clone();
        sorted.sort_by_key(|person| (person.died, person.id));
        let sorted: Vec<u32> = sorted.iter().map(|person| person.id).collect();
        let by_died = collection.all().sort(died.ascending());
        prop_assert_eq!(ids(&store, &by_died), sorted);
    }
}
