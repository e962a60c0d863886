//! A derived declaration equals the one that a program would write by hand.

use arbour::documents::{
    Body, BodyCodec, Collection, Declaration, Document, Field, FieldKind, Ids, Index, IndexValue,
};
use arbour::{AnyResult, KvStore as _, MemoryStore};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// All that a declaration consists of, as text. Of a closure only its existence shows.
fn text<D: Body>(declaration: &Declaration<D>) -> String {
    let mut text = format!("{declaration:#?} {:?} {}", declaration.id_path, declaration.feed);
    for field in &declaration.fields {
        text.push_str(&format!(
            "\n{field:?} {:?} many {} required {} default {:?} false is null {} revision {}",
            field.kind,
            field.many,
            field.required,
            field.default,
            field.false_is_null,
            field.revision
        ));
    }
    text
}

fn assert_same<D: Body>(derived: &Declaration<D>, by_hand: &Declaration<D>) {
    assert_eq!(text(derived), text(by_hand));
}

#[derive(Serialize, Deserialize, IndexValue)]
#[serde(rename_all = "kebab-case")]
enum Status {
    Open,
    WaitingForCustomer,
    #[serde(rename = "done")]
    Closed,
}

#[derive(Serialize, Deserialize, Document)]
#[document(
    collection = "plain",
    index(status, created desc),
    index(created desc, id, unique, sparse, name = "by creation"),
    index(id, created, unique(deferred), sparse),
    index(unique asc, initial),
    computed(
        name = "initial",
        type = Option<char>,
        with = |plain: &Plain| plain.name.chars().next(),
        revision = 2,
        index(desc)
    ),
    computed(name = "letters", type = Vec<char>, with = Plain::letters, many, index)
)]
struct Plain {
    #[document(id)]
    id: String,
    #[document(index)]
    status: Status,
    created: u64,
    #[document(unique, sparse)]
    unique: Option<bool>,
    #[document(index(desc), words, sparse, default = "no name")]
    name: String,
    #[document(many, index, default = [1, 2])]
    numbers: Vec<u8>,
    #[document(unique(deferred), required)]
    weight: f32,
    #[document(sparse, false_is_null)]
    is_new: bool,
    #[document(field, default = Status::Open)]
    before: Option<Status>,
    #[allow(dead_code, reason = "it is not declared, and needs no type that fields have")]
    rest: Option<Vec<Vec<String>>>,
}

impl Plain {
    fn letters(&self) -> Vec<char> {
        self.name.chars().collect()
    }
}

#[test]
fn every_attribute_is_the_method_of_that_name() {
    let by_hand = Declaration::<Plain>::new("plain")
        .field(Field::path("status").of(FieldKind::Text))
        .field(Field::path("created").of(FieldKind::Integer))
        .field(Field::path("unique").of(FieldKind::Bool))
        .field(Field::path("name").of(FieldKind::Text).default("no name"))
        .field(Field::path("numbers").of(FieldKind::Integer).many().default(vec![1, 2]))
        .field(Field::path("weight").of(FieldKind::Number).required())
        .field(Field::path("is_new").of(FieldKind::Bool).false_is_null())
        .field(Field::path("before").of(FieldKind::Text).default("open"))
        .field(Field::computed("initial", |_: &Plain| Value::Null).of(FieldKind::Text).revised(2))
        .field(Field::computed("letters", |_: &Plain| Value::Null).of(FieldKind::Text).many())
        .index(Index::on("status"))
        .index(Index::on("unique").unique().sparse())
        .index(Index::descending("name").sparse())
        .index(Index::words("name").sparse())
        .index(Index::on("numbers"))
        .index(Index::on("weight").unique_deferred())
        .index(Index::on("is_new").sparse())
        .index(Index::descending("initial"))
        .index(Index::on("letters"))
        .index(Index::on("status").then_descending("created"))
        .index(Index::descending("created").then("id").unique().sparse().named("by creation"))
        .index(Index::on("id").then("created").unique_deferred().sparse())
        .index(Index::on("unique").then("initial"));
    assert_same(&Plain::declaration(), &by_hand);
    assert!(Collection::open(&arbour::MemoryStore::new(), Plain::declaration()).is_ok());
}

#[derive(Serialize, Deserialize, Document)]
#[serde(rename_all = "camelCase")]
#[document(collection = "renamed", index(born_in, r#type), feed)]
struct Renamed {
    #[document(id, slug = "full_name")]
    the_id: String,
    full_name: String,
    #[serde(rename = "Jahrgang")]
    born_in: i16,
    #[serde(rename(serialize = "kind", deserialize = "kind"))]
    r#type: char,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[document(many, index)]
    former_names: Vec<String>,
}

#[test]
fn names_are_those_of_serde() {
    let by_hand = Declaration::<Renamed>::new("renamed")
        .id("theId", Ids::Slug { field: "fullName".to_owned() })
        .placeholder("")
        .field(Field::path("fullName").of(FieldKind::Text))
        .field(Field::path("Jahrgang").of(FieldKind::Integer))
        .field(Field::path("kind").of(FieldKind::Text))
        .field(Field::path("formerNames").of(FieldKind::Text).many())
        .index(Index::on("formerNames"))
        .index(Index::on("Jahrgang").then("kind"))
        .with_feed();
    assert_same(&Renamed::declaration(), &by_hand);
    let names = [Renamed::THE_ID.name(), Renamed::FULL_NAME.name(), Renamed::FORMER_NAMES.name()];
    assert_eq!(names, ["theId", "fullName", "formerNames"]);
    assert_eq!((Renamed::BORN_IN.name(), Renamed::TYPE.name()), ("Jahrgang", "kind"));
}

#[derive(Serialize, Deserialize, Document)]
#[document(collection = "small", codec = "json")]
struct Small {
    #[document(id)]
    id: i64,
}

#[cfg(feature = "bincode")]
#[derive(Serialize, Deserialize, Document)]
#[document(collection = "small", codec = "bincode")]
struct Binary {
    #[document(id)]
    id: i64,
}

#[test]
fn the_codec_is_the_one_that_is_named() {
    let json = Declaration::<Small>::new("small").id("id", Ids::ChosenInteger);
    assert_same(&Small::declaration(), &json.codec(BodyCodec::json()));
    #[cfg(feature = "bincode")]
    {
        let binary = Declaration::<Binary>::new("small").id("id", Ids::ChosenInteger);
        assert_same(&Binary::declaration(), &binary.codec(BodyCodec::bincode()));
    }
}

/// Declares a struct and an enum with one rule, and returns how serde and the macros name them.
macro_rules! names_by {
    ($($rule:literal)*) => {[$({
        #[derive(Serialize, Deserialize, Document)]
        #[serde(rename_all = $rule)]
        #[document(collection = "cased")]
        struct Cased {
            #[document(id)]
            first_name_2: String,
            #[document(field)]
            _very__odd: u8,
            #[document(field)]
            urlPath: u8,
        }

        #[derive(Serialize, IndexValue)]
        #[serde(rename_all = $rule)]
        enum Kind {
            FirstName2,
            HTTPPath,
        }

        let cased = Cased { first_name_2: "a".to_owned(), _very__odd: 1, urlPath: 2 };
        let expected = json!({
            Cased::FIRST_NAME_2.name(): "a",
            Cased::_VERY__ODD.name(): 1,
            Cased::URLPATH.name(): 2,
        });
        assert_eq!(serde_json::to_value(&cased).unwrap(), expected, $rule);
        for kind in [Kind::FirstName2, Kind::HTTPPath] {
            assert_eq!(serde_json::to_value(&kind).unwrap(), kind.field_value(), $rule);
        }
        $rule
    }),*]};
}

#[test]
#[allow(non_snake_case, reason = "a rule changes such names too")]
fn every_rule_for_names_is_that_of_serde() {
    let rules = names_by!(
        "lowercase" "UPPERCASE" "PascalCase" "camelCase" "snake_case" "SCREAMING_SNAKE_CASE"
        "kebab-case" "SCREAMING-KEBAB-CASE"
    );
    assert_eq!(rules.len(), 8);
    for status in [Status::Open, Status::WaitingForCustomer, Status::Closed] {
        assert_eq!(serde_json::to_value(&status).unwrap(), status.field_value());
    }
}

#[derive(Clone, Serialize, Deserialize, Document)]
#[document(
    collection = "versioned",
    version = 3,
    upgrade = Versioned::upgrade,
    downgrade = Versioned::downgrade,
    computed(name = "length", type = usize, with = Versioned::length, unchanged_since = 2)
)]
struct Versioned {
    #[document(id)]
    id: String,
    #[document(index, unchanged_since = 1)]
    name: String,
}

impl Versioned {
    fn length(&self) -> usize {
        self.name.len()
    }

    fn upgrade(from: u32, mut document: Value) -> AnyResult<Value> {
        document["name"] = format!("{} {from}", document["name"].as_str().unwrap_or("")).into();
        Ok(document)
    }

    fn downgrade(to: u32, mut document: Value) -> AnyResult<Value> {
        let name = document["name"].as_str().unwrap_or_default().to_owned();
        let shorter = name.strip_suffix(&format!(" {to}")).ok_or("another name")?;
        document["name"] = shorter.into();
        Ok(document)
    }
}

#[test]
fn each_version_is_upgraded_and_downgraded_by_one_function() {
    let versioned = Versioned::declaration();
    let since: Vec<u32> = versioned.fields.iter().map(|field| field.unchanged_since).collect();
    assert_eq!((versioned.format.schema, since), (3, vec![1, 2]));
    let store = MemoryStore::new();
    let first = Declaration::<Value>::new("versioned");
    let first = Collection::open(&store, first).unwrap();
    store.write(|tx| first.insert(tx, json!({"id": "a", "name": "ada"}))).unwrap();
    // The promise of the field is broken, so it is left out.
    let mut declaration = Versioned::declaration();
    declaration.fields.iter_mut().for_each(|field| field.unchanged_since = 0);
    let third = Collection::open(&store, declaration).unwrap();
    let read = |id: &str| third.get(&store.snapshot().unwrap(), id).unwrap().unwrap().name;
    assert_eq!(read("a"), "ada 1 2");
    let new = Versioned { id: "b".to_owned(), name: "bob 1 2".to_owned() };
    store.write(|tx| third.insert(tx, new.clone())).unwrap();
    assert_eq!(first.get(&store.snapshot().unwrap(), "b").unwrap().unwrap()["name"], "bob");
    assert_eq!(read("b"), "bob 1 2");
}
