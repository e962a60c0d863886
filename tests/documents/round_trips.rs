//! Documents that `put` accepts read back equal, and a field means the same in a typed document and
//! in its JSON: for documents of any type, with every codec.

use arbour::documents::{
    Body, BodyCodec, Collection, Declaration, DocError, Field, Filter, Index, Precondition, Stored,
};
use arbour::{Error, KvStore as _, MemoryStore, Result};
use proptest::prelude::*;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::any_type::{Any, Traits, any_type};

/// The maximum number of fields of a declaration here.
const FIELDS_MAX: usize = 6;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Thing {
    id: String,
    value: Any,
}

/// Lists the paths to scalars in JSON, and to absent members.
fn paths(json: &Value, path: &str, paths: &mut Vec<String>) {
    let Value::Object(members) = json else { return };
    for (name, value) in members {
        // A path cannot name these members.
        if name.is_empty() || name.contains(['.', '[', ']']) {
            continue;
        }
        let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
        match value {
            Value::Array(_) => {}
            // A float that is not a number in JSON has no members, and no field accepts it.
            Value::Object(members) if members.contains_key("$float") => {}
            Value::Object(_) if arbour::documents::Integer::of(value).is_none() => {
                self::paths(value, &path, paths);
            }
            _ => paths.push(path),
        }
    }
    if paths.len() < FIELDS_MAX {
        paths.push(if path.is_empty() { "absent".to_owned() } else { format!("{path}.absent") });
    }
}

fn at<'v>(json: &'v Value, path: &str) -> &'v Value {
    let found = path.split('.').try_fold(json, |value, name| value.get(name));
    found.unwrap_or(&Value::Null)
}

fn open<D: Body>(
    store: &MemoryStore,
    name: &str,
    codec: BodyCodec<D>,
    fields: &[String],
) -> Collection<D> {
    let plain = Declaration::new(name).codec(codec);
    let declared = fields.iter().enumerate().fold(plain, |declaration, (number, path)| {
        let field = Field::path(path).named(&number.to_string());
        let index = Index::on(&number.to_string());
        let declaration = declaration.field(field);
        // Half of the fields are found without an index.
        if number % 2 == 0 { declaration.index(index) } else { declaration }
    });
    Collection::open(store, declared).unwrap()
}

/// Puts a document and reads it.
fn round_trip<D: Body>(
    store: &MemoryStore,
    things: &Collection<D>,
    thing: &D,
) -> Result<Stored<D>> {
    store.write(|transaction| things.put_if(transaction, thing, Precondition::None))?;
    let stored = things.get_stored(&store.snapshot()?, "a")?;
    Ok(stored.expect("it was accepted"))
}

/// Asserts that each field is what JSON has at its path.
fn fields_are<D: Body>(
    store: &MemoryStore,
    things: &Collection<D>,
    fields: &[String],
    json: &Value,
) -> Result<(), TestCaseError> {
    let snapshot = store.snapshot().unwrap();
    for (number, path) in fields.iter().enumerate() {
        let value = at(json, path).clone();
        let equal = Filter::eq(&number.to_string(), value.clone());
        prop_assert_eq!(
            things.find(equal).count(&snapshot).unwrap(),
            1,
            "{} is not {}",
            path,
            value
        );
    }
    Ok(())
}

fn thing() -> impl Strategy<Value = Thing> {
    any_type().prop_map(|value| Thing { id: "a".to_owned(), value })
}

/// Asserts that a document is refused because it does not fit.
fn is_unfit(error: &Error) -> bool {
    matches!(error.downcast_ref(), Some(DocError::Unfit { .. }))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, ..ProptestConfig::default() })]

    #[test]
    fn json_keeps_what_it_accepts_and_fields_are_those_of_its_text(thing in thing()) {
        let traits = Traits::of(&thing.value);
        let store = MemoryStore::new();
        let plain = open(&store, "plain", BodyCodec::<Thing>::json(), &[]);
        let stored = match round_trip(&store, &plain, &thing) {
            Ok(stored) => stored,
            Err(error) => {
                prop_assert!(is_unfit(&error), "{:?}", error);
                let Traits { is_not_finite, has_null_in_some, has_buffered, .. } = traits;
                let is_right = is_not_finite || has_null_in_some || has_buffered;
                prop_assert!(is_right, "refused, and JSON keeps it: {}", error);
                return Ok(());
            }
        };
        prop_assert_eq!(&stored.body, &thing);
        prop_assert!(!traits.is_not_finite && !traits.has_null_in_some);
        let text = serde_json::to_vec(&thing).unwrap();
        let json: Value = (BodyCodec::json().decode)(&text).unwrap();
        let mut fields = Vec::new();
        paths(&json, "", &mut fields);
        fields.truncate(FIELDS_MAX);
        let typed = open(&store, "typed", BodyCodec::<Thing>::json(), &fields);
        let any = open(&store, "any", BodyCodec::<Value>::json(), &fields);
        prop_assert_eq!(&round_trip(&store, &typed, &thing).unwrap().body, &thing);
        prop_assert_eq!(&round_trip(&store, &any, &json).unwrap().body, &json);
        fields_are(&store, &typed, &fields, &json)?;
        fields_are(&store, &any, &fields, &json)?;
        // A program without types reads and writes what one with types wrote, and vice versa.
        let crossed = open(&store, "typed", BodyCodec::<Value>::json(), &fields);
        let read = crossed.get(&store.snapshot().unwrap(), "a").unwrap().unwrap();
        prop_assert_eq!(&read, &json);
        fields_are(&store, &crossed, &fields, &json)?;
        round_trip(&store, &crossed, &json).unwrap();
        if traits.depends_on_order {
            // JSON has no order of members, and serde needs one here.
            return Ok(());
        }
        let read = typed.get(&store.snapshot().unwrap(), "a").unwrap().unwrap();
        prop_assert_eq!(&read, &thing);
    }

    #[cfg(feature = "bincode")]
    #[test]
    fn bincode_keeps_what_it_accepts_and_fields_are_those_of_json(thing in thing()) {
        let traits = Traits::of(&thing.value);
        let store = MemoryStore::new();
        let plain = open(&store, "plain", BodyCodec::<Thing>::bincode(), &[]);
        let stored = match round_trip(&store, &plain, &thing) {
            Ok(stored) => stored,
            Err(error) => {
                prop_assert!(is_unfit(&error), "{:?}", error);
                prop_assert!(traits.describes_itself, "refused, and bincode keeps it: {}", error);
                return Ok(());
            }
        };
        prop_assert_eq!(&stored.body, &thing);
        let json = arbour::documents::to_json("", &thing).unwrap();
        let mut fields = Vec::new();
        paths(&json, "", &mut fields);
        fields.truncate(FIELDS_MAX);
        let typed = open(&store, "typed", BodyCodec::<Thing>::bincode(), &fields);
        match round_trip(&store, &typed, &thing) {
            Ok(stored) => prop_assert_eq!(&stored.body, &thing),
            Err(error) => return Err(TestCaseError::fail(error.to_string())),
        }
        fields_are(&store, &typed, &fields, &json)?;
    }

    #[test]
    fn a_codec_of_a_program_s_own_is_held_to_it_too(thing in thing()) {
        let store = MemoryStore::new();
        let own = BodyCodec::<Thing>::own::<arbour::codec::Json>(16).unwrap();
        let things = open(&store, "own", own, &[]);
        match round_trip(&store, &things, &thing) {
            Ok(stored) => prop_assert_eq!(&stored.body, &thing),
            Err(error) => prop_assert!(is_unfit(&error), "{:?}", error),
        }
    }
}
