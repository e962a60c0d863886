//! Documents of any type: serde's forms nested at random, and values of all of them.

use std::collections::BTreeMap;

use proptest::prelude::*;
use serde::{Deserialize, Serialize};

/// A float that equals only a float with the same bits.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Bits64(pub(crate) f64);

impl PartialEq for Bits64 {
    fn eq(&self, other: &Self) -> bool {
        self.0.to_bits() == other.0.to_bits()
    }
}

#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Bits32(pub(crate) f32);

impl PartialEq for Bits32 {
    fn eq(&self, other: &Self) -> bool {
        self.0.to_bits() == other.0.to_bits()
    }
}

/// Bytes that are written as bytes, and not as a sequence.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Bytes(Vec<u8>);

impl Serialize for Bytes {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(&self.0)
    }
}

impl<'de> Deserialize<'de> for Bytes {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl<'de> serde::de::Visitor<'de> for Visitor {
            type Value = Bytes;
            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("bytes")
            }
            fn visit_byte_buf<E>(self, bytes: Vec<u8>) -> Result<Bytes, E> {
                Ok(Bytes(bytes))
            }
            fn visit_bytes<E>(self, bytes: &[u8]) -> Result<Bytes, E> {
                Ok(Bytes(bytes.to_vec()))
            }
            fn visit_seq<A: serde::de::SeqAccess<'de>>(
                self,
                mut seq: A,
            ) -> Result<Bytes, A::Error> {
                let mut bytes = Vec::new();
                while let Some(byte) = seq.next_element()? {
                    bytes.push(byte);
                }
                Ok(Bytes(bytes))
            }
        }
        deserializer.deserialize_byte_buf(Visitor)
    }
}

/// Any type, by its forms. Each form is what serde derives, and contains any type.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) enum Any {
    Unit,
    UnitStruct(Nothing),
    Bool(bool),
    I8(i8),
    I16(i16),
    I32(i32),
    I64(i64),
    I128(i128),
    U8(u8),
    U16(u16),
    U32(u32),
    U64(u64),
    U128(u128),
    F32(Bits32),
    F64(Bits64),
    Char(char),
    Text(String),
    Bytes(Bytes),
    Newtype(Newtype),
    Option(Option<Box<Any>>),
    Twice(Option<Option<u8>>),
    MaybeUnit(Option<()>),
    Seq(Vec<Any>),
    Pair(Box<(Any, Any)>),
    ByText(BTreeMap<String, Any>),
    ByNumber(BTreeMap<i64, Any>),
    ByWide(BTreeMap<u128, u8>),
    ByChar(BTreeMap<char, Any>),
    ByBool(BTreeMap<bool, Any>),
    Record(Box<Record>),
    External(Box<External>),
    Internal(Box<Internal>),
    Adjacent(Box<Adjacent>),
    Untagged(Box<Untagged>),
    Flat(Box<Flat>),
    Skips(Box<Skips>),
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Nothing;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Newtype(u128);

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Record {
    first: Any,
    #[serde(rename = "2nd")]
    second: Option<Any>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) enum External {
    Unit,
    Newtype(Any),
    Tuple(Any, Any),
    Struct { inner: Any, number: i128 },
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type")]
pub(crate) enum Internal {
    Unit,
    Newtype(Record),
    Struct { inner: Any, small: Bits32, wide: Option<u128> },
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", content = "content")]
pub(crate) enum Adjacent {
    Unit,
    Newtype(Any),
    Tuple(Any, Any),
    Struct { inner: Any },
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub(crate) enum Untagged {
    Struct { inner: Any },
    Number(i64),
    Text(String),
    Keyed { keyed: BTreeMap<u16, u8> },
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Flat {
    before: Any,
    #[serde(flatten)]
    inner: Record,
    #[serde(flatten)]
    more: BTreeMap<String, Any>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Skips {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    may: Option<Any>,
    must: Any,
}

/// What a value contains that a format may refuse.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Traits {
    /// NaN or an infinity.
    pub(crate) is_not_finite: bool,
    /// An option with null in it.
    pub(crate) has_null_in_some: bool,
    /// An integer of 128 bits, or a key that is not text, within a type that serde buffers.
    pub(crate) has_buffered: bool,
    /// The same within a type that serde buffers if its members come in another order.
    pub(crate) depends_on_order: bool,
    /// A type that inspects the data to read it, or leaves out members.
    pub(crate) describes_itself: bool,
}

impl Traits {
    pub(crate) fn of(any: &Any) -> Self {
        let mut traits = Self::default();
        traits.collect(any, false);
        traits
    }

    fn wide(&mut self, is_wide: bool, is_buffered: bool) {
        self.has_buffered |= is_wide && is_buffered;
    }

    fn record(&mut self, record: &Record, is_buffered: bool) {
        self.collect(&record.first, is_buffered);
        record.second.iter().for_each(|second| self.collect(second, is_buffered));
    }

    fn collect(&mut self, any: &Any, is_buffered: bool) {
        match any {
            Any::F32(float) => self.is_not_finite |= !float.0.is_finite(),
            Any::F64(float) => self.is_not_finite |= !float.0.is_finite(),
            Any::I128(_) | Any::U128(_) | Any::Newtype(_) => self.wide(true, is_buffered),
            Any::Twice(Some(None)) | Any::MaybeUnit(Some(())) => self.has_null_in_some = true,
            Any::Option(Some(inner)) => self.collect(inner, is_buffered),
            Any::Seq(all) => all.iter().for_each(|any| self.collect(any, is_buffered)),
            Any::Pair(pair) => {
                self.collect(&pair.0, is_buffered);
                self.collect(&pair.1, is_buffered);
            }
            Any::ByText(map) => map.values().for_each(|any| self.collect(any, is_buffered)),
            Any::ByChar(map) => map.values().for_each(|any| self.collect(any, is_buffered)),
            Any::ByNumber(map) => {
                self.wide(!map.is_empty(), is_buffered);
                map.values().for_each(|any| self.collect(any, is_buffered));
            }
            Any::ByWide(map) => self.wide(!map.is_empty(), is_buffered),
            Any::ByBool(map) => {
                self.wide(!map.is_empty(), is_buffered);
                map.values().for_each(|any| self.collect(any, is_buffered));
            }
            Any::Record(record) => self.record(record, is_buffered),
            Any::External(external) => match external.as_ref() {
                External::Unit => {}
                External::Newtype(inner) => self.collect(inner, is_buffered),
                External::Tuple(one, two) => {
                    self.collect(one, is_buffered);
                    self.collect(two, is_buffered);
                }
                External::Struct { inner, .. } => {
                    self.collect(inner, is_buffered);
                    self.wide(true, is_buffered);
                }
            },
            Any::Adjacent(_)
            | Any::Internal(_)
            | Any::Untagged(_)
            | Any::Flat(_)
            | Any::Skips(_) => {
                self.describing(any, is_buffered);
            }
            _ => {}
        }
    }

    fn describing(&mut self, any: &Any, is_buffered: bool) {
        self.describes_itself = true;
        match any {
            Any::Internal(internal) => match internal.as_ref() {
                Internal::Unit => {}
                Internal::Newtype(record) => self.record(record, true),
                Internal::Struct { inner, small, wide } => {
                    self.is_not_finite |= !small.0.is_finite();
                    self.wide(wide.is_some(), true);
                    self.collect(inner, true);
                }
            },
            Any::Adjacent(adjacent) => {
                // Content after its tag is not buffered; JSON in another order is.
                let mut reordered = Self::default();
                let contents = match adjacent.as_ref() {
                    Adjacent::Unit => vec![],
                    Adjacent::Newtype(inner) | Adjacent::Struct { inner } => vec![inner],
                    Adjacent::Tuple(one, two) => vec![one, two],
                };
                for content in contents {
                    self.collect(content, is_buffered);
                    reordered.collect(content, true);
                }
                self.depends_on_order |= reordered.has_buffered;
            }
            Any::Untagged(untagged) => match untagged.as_ref() {
                Untagged::Struct { inner } => self.collect(inner, true),
                Untagged::Keyed { keyed } => self.wide(!keyed.is_empty(), true),
                Untagged::Number(_) | Untagged::Text(_) => {}
            },
            Any::Flat(flat) => {
                self.collect(&flat.before, is_buffered);
                self.record(&flat.inner, true);
                flat.more.values().for_each(|any| self.collect(any, true));
            }
            Any::Skips(skips) => {
                self.collect(&skips.must, is_buffered);
                skips.may.iter().for_each(|any| self.collect(any, is_buffered));
            }
            _ => {}
        }
    }
}

fn float() -> impl Strategy<Value = f64> {
    prop_oneof![
        3 => any::<u64>().prop_map(f64::from_bits),
        3 => (-1000_i32..1000).prop_map(|n| f64::from(n) / 10.0),
        1 => prop::sample::select(vec![0.0, -0.0, 5e-324, f64::MAX, 1e21, 1.8446744073709552e19]),
        1 => any::<u128>().prop_map(|wide| wide as f64),
    ]
}

fn wide() -> impl Strategy<Value = u128> {
    prop_oneof![any::<u128>(), any::<u64>().prop_map(u128::from), 0_u128..9]
}

fn signed() -> impl Strategy<Value = i128> {
    prop_oneof![any::<i128>(), any::<i64>().prop_map(i128::from), -9_i128..9]
}

/// The name of a member: not empty, and without a dot, so that a path leads through it.
fn name() -> impl Strategy<Value = String> {
    "[a-zé\"\\\\ \0]{1,4}"
}

fn leaf() -> impl Strategy<Value = Any> {
    prop_oneof![
        1 => Just(Any::Unit),
        1 => Just(Any::UnitStruct(Nothing)),
        1 => any::<bool>().prop_map(Any::Bool),
        1 => any::<i8>().prop_map(Any::I8),
        1 => any::<i16>().prop_map(Any::I16),
        1 => any::<i32>().prop_map(Any::I32),
        1 => any::<i64>().prop_map(Any::I64),
        1 => signed().prop_map(Any::I128),
        1 => any::<u8>().prop_map(Any::U8),
        1 => any::<u16>().prop_map(Any::U16),
        1 => any::<u32>().prop_map(Any::U32),
        1 => any::<u64>().prop_map(Any::U64),
        1 => wide().prop_map(Any::U128),
        3 => any::<u32>().prop_map(|bits| Any::F32(Bits32(f32::from_bits(bits)))),
        3 => float().prop_map(|float| Any::F64(Bits64(float))),
        1 => any::<char>().prop_map(Any::Char),
        1 => ".{0,5}".prop_map(Any::Text),
        1 => prop::collection::vec(any::<u8>(), 0..4).prop_map(|bytes| Any::Bytes(Bytes(bytes))),
        1 => wide().prop_map(|wide| Any::Newtype(Newtype(wide))),
        1 => any::<Option<Option<u8>>>().prop_map(Any::Twice),
        1 => any::<Option<()>>().prop_map(Any::MaybeUnit),
        1 => prop::collection::btree_map(wide(), any::<u8>(), 0..3).prop_map(Any::ByWide),
    ]
}

/// A value of any type.
pub(crate) fn any_type() -> impl Strategy<Value = Any> {
    leaf().prop_recursive(4, 12, 3, |inner| {
        let some = || inner.clone();
        let record = || {
            (some(), prop::option::of(some()))
                .prop_map(|(first, second)| Record { first, second })
        };
        prop_oneof![
            1 => prop::option::of(some()).prop_map(|any| Any::Option(any.map(Box::new))),
            1 => prop::collection::vec(some(), 0..3).prop_map(Any::Seq),
            1 => (some(), some()).prop_map(|pair| Any::Pair(Box::new(pair))),
            1 => prop::collection::btree_map(name(), some(), 0..3).prop_map(Any::ByText),
            1 => prop::collection::btree_map(-9_i64..9, some(), 0..3).prop_map(Any::ByNumber),
            1 => prop::collection::btree_map(any::<char>(), some(), 0..3).prop_map(Any::ByChar),
            1 => prop::collection::btree_map(any::<bool>(), some(), 0..2).prop_map(Any::ByBool),
            2 => record().prop_map(|record| Any::Record(Box::new(record))),
            2 => external(some().boxed()).prop_map(|external| Any::External(Box::new(external))),
            2 => internal(some().boxed(), record().boxed())
                .prop_map(|internal| Any::Internal(Box::new(internal))),
            2 => adjacent(some().boxed()).prop_map(|adjacent| Any::Adjacent(Box::new(adjacent))),
            2 => untagged(some().boxed()).prop_map(|untagged| Any::Untagged(Box::new(untagged))),
            2 => (some(), record(), prop::collection::btree_map("more [a-c]", some(), 0..3))
                .prop_map(|(before, inner, more)| Any::Flat(Box::new(Flat { before, inner, more }))),
            2 => (prop::option::of(some()), some())
                .prop_map(|(may, must)| Any::Skips(Box::new(Skips { may, must }))),
        ]
    })
}

fn external(inner: BoxedStrategy<Any>) -> impl Strategy<Value = External> {
    prop_oneof![
        Just(External::Unit),
        inner.clone().prop_map(External::Newtype),
        (inner.clone(), inner.clone()).prop_map(|(one, two)| External::Tuple(one, two)),
        (inner, signed()).prop_map(|(inner, number)| External::Struct { inner, number }),
    ]
}

fn internal(
    inner: BoxedStrategy<Any>,
    record: BoxedStrategy<Record>,
) -> impl Strategy<Value = Internal> {
    prop_oneof![
        Just(Internal::Unit),
        record.prop_map(Internal::Newtype),
        (inner, any::<u32>(), prop::option::of(wide())).prop_map(|(inner, small, wide)| {
            Internal::Struct { inner, small: Bits32(f32::from_bits(small)), wide }
        }),
    ]
}

fn adjacent(inner: BoxedStrategy<Any>) -> impl Strategy<Value = Adjacent> {
    prop_oneof![
        Just(Adjacent::Unit),
        inner.clone().prop_map(Adjacent::Newtype),
        (inner.clone(), inner.clone()).prop_map(|(one, two)| Adjacent::Tuple(one, two)),
        inner.prop_map(|inner| Adjacent::Struct { inner }),
    ]
}

fn untagged(inner: BoxedStrategy<Any>) -> impl Strategy<Value = Untagged> {
    prop_oneof![
        inner.prop_map(|inner| Untagged::Struct { inner }),
        any::<i64>().prop_map(Untagged::Number),
        ".{0,3}".prop_map(Untagged::Text),
        prop::collection::btree_map(any::<u16>(), any::<u8>(), 0..3)
            .prop_map(|keyed| Untagged::Keyed { keyed }),
    ]
}
