//! Fields within other fields, and within each element of an array.

use arbour::documents::{
    Collection, Declaration, Document, DocumentStore as _, Field, Filter, Index,
};
use arbour::{KvStore as _, MemoryStore, Result};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

#[derive(Clone, Debug, Serialize, Deserialize, Document)]
#[document(
    collection = "orders",
    path("lines[].sku", type = String, index),
    path("lines[].parts[].size", name = "sizes", type = u32, index),
    path("address.city", type = Option<String>, sparse),
    index(city, total desc)
)]
#[serde(rename_all = "camelCase")]
struct Order {
    #[document(id)]
    id: u32,
    total: u32,
    city: String,
    lines: Vec<Line>,
    address: Option<Address>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Line {
    sku: String,
    parts: Vec<Part>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Part {
    size: Option<u32>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Address {
    city: String,
}

fn order(id: u32, city: &str, lines: &[(&str, &[Option<u32>])]) -> Order {
    let line = |(sku, sizes): &(&str, &[Option<u32>])| Line {
        sku: (*sku).to_owned(),
        parts: sizes.iter().map(|size| Part { size: *size }).collect(),
    };
    let lines = lines.iter().map(line).collect();
    let address = (!city.is_empty()).then(|| Address { city: city.to_owned() });
    Order { id, total: id * 10, city: city.to_owned(), lines, address }
}

fn stored() -> (MemoryStore, Vec<Order>) {
    let store = MemoryStore::new();
    let orders = store.collection::<Order>().unwrap();
    let all = vec![
        order(1, "Bern", &[("bolt", &[Some(1), None]), ("nut", &[])]),
        order(2, "", &[("bolt", &[Some(2), Some(3)]), ("bolt", &[Some(1)])]),
        order(3, "Rome", &[]),
    ];
    let written: Result<()> = store.write(|transaction| {
        all.iter().cloned().try_for_each(|order| orders.insert(transaction, order).map(drop))
    });
    written.unwrap();
    (store, all)
}

#[test]
fn typed_paths_find_documents_by_what_is_in_them() {
    let (store, _) = stored();
    let orders = store.collection::<Order>().unwrap();
    let snapshot = store.snapshot().unwrap();
    let found = |filter: Filter<Order>| -> Vec<u32> {
        let found = orders.find(filter).require_index().list(&snapshot).unwrap();
        found.into_iter().map(|order| order.id).collect()
    };
    assert_eq!(found(Order::LINES_SKU.contains("bolt")), [1, 2]);
    assert_eq!(found(Order::LINES_SKU.contains_all(["bolt", "nut"])), [1]);
    assert_eq!(found(Order::SIZES.contains_any([3, 9])), [2]);
    assert_eq!(found(Order::LINES_SKU.is_empty()), [3]);
    assert_eq!(found(Order::ADDRESS_CITY.eq("Rome")), [3]);
}

#[test]
fn derived_and_declared_paths_are_one_declaration() {
    let declaration = Declaration::<Order>::new("orders")
        .id("id", <u32 as arbour::documents::IdValue>::CHOSEN)
        .field(Field::path("total").of(arbour::documents::FieldKind::Integer))
        .field(Field::path("city").of(arbour::documents::FieldKind::Text))
        .field(Field::path("lines[].sku").of(arbour::documents::FieldKind::Text))
        .field(
            Field::path("lines[].parts[].size")
                .named("sizes")
                .of(arbour::documents::FieldKind::Integer),
        )
        .field(Field::path("address.city").of(arbour::documents::FieldKind::Text))
        .index(Index::on("lines[].sku"))
        .index(Index::on("sizes"))
        .index(Index::on("address.city").sparse())
        .index(Index::on("city").then_descending("total"));
    assert_eq!(format!("{declaration:?}"), format!("{:?}", Order::declaration()));
}

#[test]
fn what_no_path_can_mean_is_refused() {
    for (field, reason) in [
        (Field::<Value>::path("lines[0].sku"), "one element of an array"),
        (Field::path("lines[*].sku"), "one element of an array"),
        (Field::path("lines[].sku").default("x"), "no place for a default"),
        (Field::path("lines[]..sku"), "an empty name"),
    ] {
        let store = MemoryStore::new();
        let refused = Collection::open(&store, Declaration::new("orders").field(field));
        let error = refused.err().unwrap().to_string();
        assert!(error.contains(reason), "{error}");
    }
    let store = MemoryStore::new();
    let declaration = Declaration::<Value>::new("orders").field(Field::path("lines[].tags"));
    let orders = Collection::open(&store, declaration).unwrap();
    let insert =
        |body: Value| store.write(|transaction| orders.insert(transaction, body.clone()).map(drop));
    let error = insert(json!({"id": "a", "lines": [{"tags": ["x"]}]})).unwrap_err().to_string();
    assert!(error.contains("\"lines[].tags\" must be"), "{error}");
    insert(json!({"id": "a", "lines": [{"tags": "x"}]})).unwrap();
}
