//! Ids of derived documents: chosen, made, and out of range.

use arbour::documents::{
    Collection, Declaration, DocError, DocId, Document, DocumentStore as _, Ids, IndexValue,
    Precondition,
};
use arbour::{KvStore as _, MemoryStore};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use uuid::Uuid;

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, IndexValue)]
struct Number(u64);

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, IndexValue)]
#[serde(transparent)]
struct Key {
    uuid: Uuid,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, IndexValue)]
struct Slug(String);

/// Declares a type of documents, and returns the ids of two inserted ones.
macro_rules! inserted {
    ($id:ty, $default:expr, [$($option:tt)*]) => {{
        #[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Document)]
        #[document(collection = "things")]
        struct Thing {
            #[document(id, $($option)*)]
            id: $id,
            title: String,
        }

        let store = MemoryStore::new();
        let things = store.collection::<Thing>().unwrap();
        let mut ids = Vec::new();
        for _ in 0..2 {
            let thing = Thing { id: $default, title: "The Tale".to_owned() };
            let thing = store.write(|transaction| things.insert(transaction, thing.clone())).unwrap();
            // The returned document has the id that was made, and is found and replaced by it.
            let id: Option<DocId<'static>> = id_of(&thing.id);
            let id = id.unwrap();
            let stored = things.get_stored(&store.snapshot().unwrap(), &id).unwrap().unwrap();
            assert_eq!(stored.body, thing);
            let replaced = store.write(|transaction| {
                things.put_if(transaction, &thing, Precondition::Revision(stored.revision))
            });
            assert_eq!(replaced.unwrap().id, id);
            ids.push(id);
        }
        assert_eq!(things.all().count(&store.snapshot().unwrap()).unwrap(), 2);
        ids
    }};
}

/// Returns the id that a document has, as the collection spells it.
fn id_of(id: &impl Serialize) -> Option<DocId<'static>> {
    match serde_json::to_value(id).unwrap() {
        Value::Number(number) => number.as_i64().map(DocId::Integer),
        Value::String(text) => match text.parse::<Uuid>() {
            Ok(uuid) => Some(uuid.into()),
            Err(_) => Some(text.into()),
        },
        _ => None,
    }
}

#[test]
fn a_value_of_its_type_stands_for_an_id_to_be_made() {
    let numbers = [DocId::Integer(1), DocId::Integer(2)];
    assert_eq!(inserted!(Number, Number(0), [made]), numbers);
    assert_eq!(inserted!(Option<Number>, None, [made]), numbers);
    let slugs = [DocId::from("the-tale"), DocId::from("the-tale-2")];
    assert_eq!(inserted!(String, String::new(), [slug = "title"]), slugs);
    assert_eq!(inserted!(Option<Slug>, None, [made, slug = "title"]), slugs);
    for uuids in [inserted!(Key, Key::default(), [made]), inserted!(Option<Key>, None, [made])] {
        assert!(uuids[0] < uuids[1], "{uuids:?}");
        let is_made = |id: &DocId<'_>| matches!(id, DocId::Uuid(id) if id.get_version_num() == 7);
        assert!(uuids.iter().all(is_made), "{uuids:?}");
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Document)]
#[document(collection = "chosen")]
struct Chosen {
    #[document(id)]
    id: Number,
}

#[derive(Debug, PartialEq, Serialize, Deserialize, Document)]
#[document(collection = "made")]
struct Made {
    #[document(id, made)]
    id: Number,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Document)]
#[document(collection = "optional")]
struct Optional {
    #[document(id, made)]
    id: Option<Number>,
}

#[test]
fn zero_is_an_id_where_it_stands_for_nothing() {
    let store = MemoryStore::new();
    let chosen = store.collection::<Chosen>().unwrap();
    let optional = store.collection::<Optional>().unwrap();
    let zero = store.write(|transaction| chosen.insert(transaction, Chosen { id: Number(0) }));
    assert_eq!(zero.unwrap().id, Number(0));
    let document = Optional { id: Some(Number(0)) };
    let zero = store.write(|transaction| optional.insert(transaction, document.clone()));
    assert_eq!(zero.unwrap().id, Some(Number(0)));
}

#[test]
fn a_document_gets_no_id_that_stands_for_nothing() {
    let store = MemoryStore::new();
    let made = store.collection::<Made>().unwrap();
    store.write(|transaction| made.insert(transaction, Made { id: Number(0) })).unwrap();
    let refused = store.write(|transaction| made.change_id(transaction, Number(1), Number(0)));
    let refused = refused.unwrap_err().to_string();
    assert!(refused.contains("0 stands for an id that is not made yet"), "{refused}");
    let missing = store.write(|transaction| {
        made.put_if(transaction, &Made { id: Number(0) }, Precondition::Present)
    });
    assert!(
        matches!(missing.as_ref().unwrap_err().downcast_ref(), Some(DocError::Missing { .. })),
        "{missing:?}"
    );
    let upserted = store.write(|transaction| made.upsert_json(transaction, &json!({"id": 0})));
    assert_eq!(upserted.unwrap().id, DocId::Integer(2));
}

#[test]
fn a_placeholder_of_chosen_ids_is_refused() {
    let declaration = Declaration::<Value>::new("things").placeholder("new");
    let refused = Collection::open(&MemoryStore::new(), declaration).unwrap_err().to_string();
    assert!(refused.contains("remove the placeholder"), "{refused}");
    let uuids = Declaration::<Value>::new("things").id("id", Ids::Uuid).placeholder("new");
    assert!(Collection::open(&MemoryStore::new(), uuids).is_ok());
}

#[test]
fn an_integer_beyond_the_range_of_ids_is_refused_and_finds_nothing() {
    let store = MemoryStore::new();
    let chosen = store.collection::<Chosen>().unwrap();
    let large = i64::MAX as u64 + 1;
    let most = Chosen { id: Number(i64::MAX as u64) };
    store.write(|transaction| chosen.insert(transaction, most.clone())).unwrap();
    // Wrapped, the refused ids would be these.
    for wrapped in [i64::MIN, -1] {
        assert!(chosen.get(&store.snapshot().unwrap(), wrapped).unwrap().is_none());
    }
    for id in [large, u64::MAX] {
        let document = Chosen { id: Number(id) };
        let written = store.write(|transaction| chosen.insert(transaction, document.clone()));
        let read = chosen.get(&store.snapshot().unwrap(), Number(id));
        for refused in [written.unwrap_err().to_string(), read.unwrap_err().to_string()] {
            let expected = "an integer of at most 9223372036854775807 (2^63 - 1)";
            assert!(refused.contains(&id.to_string()), "{refused}");
            assert!(refused.contains(expected), "{refused}");
        }
        let equal = Chosen::ID.eq(Number(id)).or(Chosen::ID.at_least(Number(id)));
        assert_eq!(chosen.find(equal).count(&store.snapshot().unwrap()).unwrap(), 0);
    }
}

#[test]
fn every_integer_of_up_to_64_bits_is_an_id() {
    let ids: [DocId<'_>; 8] = [
        7_i8.into(),
        7_i16.into(),
        7_i32.into(),
        7_i64.into(),
        7_u8.into(),
        7_u16.into(),
        7_u32.into(),
        7_u64.into(),
    ];
    assert!(ids.iter().all(|id| *id == DocId::Integer(7)));
    assert_eq!(DocId::from(&7_u64), DocId::from(7));
    assert_eq!(DocId::from(Number(7)), DocId::from(&Number(7)));
    assert_eq!(DocId::from(Slug("a".to_owned())), "a".into());
    assert_eq!(DocId::from(&Key::default()), Uuid::nil().into());
}
