//! Reading the value at a path in a document without converting all of it to JSON.

use std::any::Any;

use serde::Serialize;
use serde_json::{Map, Value};

use super::follow::{Stop, descend};
use super::steps::{EACH, add};

/// The member that marks an object as an unreadable value, which no field allows.
const ERROR: &str = "$error";

/// Returns the value at a path in a document as JSON. It is null if nothing is there or an array is
/// in the way. If the path leads to each element of an array, it is an array of all values that are
/// there and not null. If the path leads through something that JSON cannot represent, it is an
/// object that says so, which no field allows.
pub(super) fn at<D: Serialize + 'static>(document: &D, path: &[String]) -> Value {
    if let Some(json) = (document as &dyn Any).downcast_ref::<Value>() {
        return in_json(json, path);
    }
    match descend(document, path) {
        Ok(found) => found.unwrap_or_default(),
        Err(Stop::Array) => Value::Null,
        Err(Stop::Failed(reason)) => Map::from_iter([(ERROR.to_owned(), reason.into())]).into(),
    }
}

fn in_json(value: &Value, path: &[String]) -> Value {
    let Some((step, rest)) = path.split_first() else { return value.clone() };
    if step != EACH {
        return value.get(step).map(|value| in_json(value, rest)).unwrap_or_default();
    }
    let Value::Array(elements) = value else { return Value::Null };
    let mut values = Vec::new();
    for element in elements {
        add(in_json(element, rest), rest, &mut values);
    }
    values.into()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde::Serializer;
    use serde_json::json;

    use super::super::steps::{joined, split};
    use super::*;

    #[derive(Serialize)]
    struct Address {
        city: String,
    }

    #[derive(Serialize)]
    struct Wrapped(Address);

    #[derive(Serialize, PartialEq, Eq, PartialOrd, Ord)]
    struct Wide(u128);

    #[derive(Serialize)]
    enum Shape {
        Square { side: u32 },
        Circle(Address),
        Dot,
    }

    #[derive(Serialize)]
    struct Person {
        name: &'static str,
        address: Option<Address>,
        wrapped: Wrapped,
        tags: Vec<u32>,
        pair: (u32, u32),
        extra: BTreeMap<String, u32>,
        by_number: BTreeMap<i16, Address>,
        by_char: BTreeMap<char, u8>,
        by_bool: BTreeMap<bool, u8>,
        by_wide: BTreeMap<Wide, u8>,
        ratio: f32,
        #[serde(flatten)]
        more: BTreeMap<String, Value>,
        square: Shape,
        circle: Shape,
        dot: Shape,
    }

    fn person() -> Person {
        let address = || Address { city: "London".into() };
        Person {
            name: "Ada",
            address: Some(address()),
            wrapped: Wrapped(address()),
            tags: vec![1, 2],
            pair: (3, 4),
            extra: BTreeMap::from([("x".into(), 5)]),
            by_number: BTreeMap::from([(-7, address())]),
            by_char: BTreeMap::from([('é', 1)]),
            by_bool: BTreeMap::from([(true, 1)]),
            by_wide: BTreeMap::from([(Wide(u128::MAX), 1)]),
            ratio: 0.1,
            more: BTreeMap::from([("born".into(), json!({"year": 1815}))]),
            square: Shape::Square { side: 6 },
            circle: Shape::Circle(address()),
            dot: Shape::Dot,
        }
    }

    #[test]
    fn a_path_leads_where_it_leads_in_the_json() {
        let json = serde_json::to_string(&person()).unwrap();
        let json: Value = serde_json::from_str(&json).unwrap();
        let lookup = |path: &[String]| {
            path.iter().try_fold(&json, |value, name| value.get(name)).cloned().unwrap_or_default()
        };
        for (path, is_there) in [
            ("name", true),
            ("address.city", true),
            ("wrapped.city", true),
            ("tags", true),
            ("extra.x", true),
            ("born.year", true),
            ("by_number.-7.city", true),
            ("by_char.é", true),
            ("by_bool.true", true),
            ("by_wide.340282366920938463463374607431768211455", true),
            ("ratio", true),
            ("by_number.7.city", false),
            ("square.Square.side", true),
            ("circle.Circle.city", true),
            ("dot", true),
            ("nothing", false),
            ("name.length", false),
            ("address.street", false),
            ("square.Circle.side", false),
            ("circle.Square", false),
            ("dot.Dot", false),
        ] {
            let path: Vec<String> = path.split('.').map(str::to_owned).collect();
            let found = at(&person(), &path);
            assert_eq!(found, lookup(&path), "{path:?}");
            assert_eq!(!found.is_null(), is_there, "{path:?}");
            assert_eq!(at(&json, &path), found, "{path:?}");
        }
    }

    #[derive(Serialize)]
    struct Order {
        lines: Vec<Line>,
        pair: (Line, Option<Line>),
        none: Option<Vec<Line>>,
        matrix: Vec<Vec<u8>>,
        object: BTreeMap<String, Line>,
        mixed: Vec<Value>,
        shapes: Vec<Form>,
        bytes: Bytes,
    }

    #[derive(Serialize)]
    struct Line {
        sku: &'static str,
        size: Option<u8>,
        parts: Vec<Part>,
    }

    #[derive(Serialize)]
    struct Part {
        name: &'static str,
    }

    #[derive(Serialize)]
    enum Form {
        Corners(u8, u8),
        Round,
    }

    struct Bytes;

    impl Serialize for Bytes {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            serializer.serialize_bytes(&[7, 8])
        }
    }

    fn order() -> Order {
        let line = |sku, size, parts: &[&'static str]| {
            let parts = parts.iter().map(|name| Part { name }).collect();
            Line { sku, size, parts }
        };
        Order {
            lines: vec![
                line("a", Some(1), &["x", "y"]),
                line("b", None, &[]),
                line("c", None, &["z"]),
            ],
            pair: (line("d", Some(2), &[]), None),
            none: None,
            matrix: vec![vec![1, 2], vec![], vec![3]],
            object: BTreeMap::from([
                ("k".into(), line("e", None, &[])),
                ("[]".into(), line("f", None, &[])),
            ]),
            mixed: vec![
                json!({"sku": "g"}),
                json!([{"sku": "h"}]),
                json!(null),
                json!({"sku": null}),
            ],
            shapes: vec![Form::Corners(4, 5), Form::Round],
            bytes: Bytes,
        }
    }

    #[test]
    fn a_path_leads_to_each_element_of_an_array() {
        let json = serde_json::to_string(&order()).unwrap();
        let json: Value = serde_json::from_str(&json).unwrap();
        for (path, expected) in [
            ("lines[].sku", json!(["a", "b", "c"])),
            ("lines[].size", json!([1])),
            ("lines[].nothing", json!([])),
            ("lines[].parts[].name", json!(["x", "y", "z"])),
            ("lines[].parts.name", json!([])),
            ("pair[].sku", json!(["d"])),
            ("none[].sku", json!(null)),
            ("matrix[][]", json!([1, 2, 3])),
            ("matrix[]", json!([[1, 2], [], [3]])),
            ("object[].sku", json!(null)),
            ("mixed[].sku", json!(["g"])),
            ("lines.sku", json!(null)),
            ("lines[].sku[].x", json!([])),
            ("shapes[].Corners[]", json!([4, 5])),
            ("bytes[]", json!([7, 8])),
        ] {
            let steps = split(path);
            assert_eq!(joined(&steps), path);
            assert_eq!(at(&order(), &steps), expected, "{path} in a type");
            assert_eq!(at(&json, &steps), expected, "{path} in JSON");
        }
    }

    #[test]
    fn an_array_has_no_members() {
        for path in ["tags.0", "pair.0"] {
            let path: Vec<String> = path.split('.').map(str::to_owned).collect();
            assert_eq!(at(&person(), &path), Value::Null);
        }
    }

    #[test]
    fn a_path_through_keys_without_a_text_says_so() {
        let by_pair = BTreeMap::from([((1, 2), 3)]);
        let found = at(&by_pair, &["1".to_owned()]);
        assert!(found.to_string().contains("keys that JSON has no text for"), "{found}");
    }
}
