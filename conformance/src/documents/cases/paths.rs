//! Paths that lead to each element of an array.

use arbour::Result;
use arbour::documents::{Declaration, Field, FieldKind, Filter, Index};
use arbour_core::KvStore;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::claims::{load, means};
use crate::Factory;
use crate::documents::{DocBed, DocFactory, Query, TestCollection, TestReader, TestWriter};

/// Documents of a type of the program, which are those of [`bodies`].
#[derive(Clone, Serialize, Deserialize)]
struct Order {
    id: String,
    #[serde(default)]
    lines: Option<Vec<Line>>,
}

#[derive(Clone, Serialize, Deserialize)]
struct Line {
    #[serde(default)]
    sku: Option<String>,
    #[serde(default)]
    parts: Vec<Part>,
}

#[derive(Clone, Serialize, Deserialize)]
struct Part {
    size: u32,
}

fn declaration<D: arbour::documents::Body>(name: &str, is_indexed: bool) -> Declaration<D> {
    let plain = Declaration::new(name)
        .field(Field::path("lines[].sku").of(FieldKind::Text))
        .field(Field::path("lines[].parts[].size").named("sizes").of(FieldKind::Integer));
    if !is_indexed {
        return plain;
    }
    plain.index(Index::on("lines[].sku")).index(Index::descending("sizes"))
}

fn bodies() -> [Value; 5] {
    [
        json!({"id": "a", "lines": [
            {"sku": "bolt", "parts": [{"size": 1}, {"size": 2}]}, {"sku": "nut", "parts": []},
        ]}),
        json!({"id": "b", "lines": [{"sku": "bolt"}, {"sku": null}, {"parts": [{"size": 3}]}]}),
        json!({"id": "c", "lines": []}),
        json!({"id": "d", "lines": null}),
        json!({"id": "e", "lines": [{"sku": "nut", "parts": [{"size": 1}]}, {"sku": "nut"}]}),
    ]
}

fn claims<D: arbour::documents::Body>(reader: &impl TestReader<D>, is_indexed: bool) -> Result<()> {
    let sku = |values: &[&str]| Filter::contains_any("lines[].sku", values.iter().copied());
    let sizes = |values: &[i32]| Filter::contains_all("sizes", values.iter().copied());
    for (filter, expected) in [
        (sku(&["bolt"]), "a b"),
        (sku(&["bolt", "nut"]), "a b e"),
        (Filter::contains_all("lines[].sku", ["bolt", "nut"]), "a"),
        (sku(&["screw"]), ""),
        (sizes(&[1]), "a e"),
        (sizes(&[1, 2]), "a"),
        (sku(&["nut"]).and(sizes(&[1])), "a e"),
        (Filter::is_null("lines[].sku"), "c d"),
    ] {
        means(reader, &filter, expected)?;
        if is_indexed {
            let explain = reader.explain(&Query::new(filter.clone()))?;
            assert!(!explain.scans_all(), "{filter:?}: {explain}");
        }
    }
    assert_eq!(reader.distinct(&Filter::All, "lines[].sku")?, ["bolt", "nut"]);
    assert_eq!(reader.distinct(&Filter::All, "sizes")?, [1, 2, 3]);
    Ok(())
}

/// A path leads to each element of an array, and of the arrays in it; elements without the rest of
/// the path, and what is no array, have no value. It does not matter whether documents have a type of
/// the program, and whether there is an index.
pub(super) fn each_element_is_a_value<F: Factory, M: DocFactory>(
    bed: &mut DocBed<F, M>,
) -> Result<()> {
    let names = [("plain", "typed"), ("indexed", "typed indexed")];
    for ((json, typed), is_indexed) in names.into_iter().zip([false, true]) {
        let mut all = bodies().to_vec();
        all.push(json!({"id": "x", "lines": {"sku": "bolt"}}));
        load(bed.store(), &bed.open(declaration(json, is_indexed))?, &all)?;
        let orders: Vec<Order> =
            bodies().into_iter().filter_map(|body| serde_json::from_value(body).ok()).collect();
        assert_eq!(orders.len(), bodies().len());
        load(bed.store(), &bed.open(declaration(typed, is_indexed))?, &orders)?;
    }
    bed.settle()?;
    for ((json, typed), is_indexed) in names.into_iter().zip([false, true]) {
        let collection = bed.open(declaration::<Value>(json, is_indexed))?;
        let no_array = Filter::is_null("lines[].sku").and(Filter::eq("id", "x"));
        means(&collection.reader(&bed.store().snapshot()?), &no_array, "x")?;
        bed.store().write(|t| collection.writer(t)?.remove("x"))?;
        claims(&collection.reader(&bed.store().snapshot()?), is_indexed)?;
        let collection = bed.open(declaration::<Order>(typed, is_indexed))?;
        claims(&collection.reader(&bed.store().snapshot()?), is_indexed)?;
        // A change of one element moves its entries.
        let change = json!({"lines": [{"sku": "screw", "parts": [{"size": 1}]}]});
        bed.store().write(|t| collection.writer(t)?.update("a", &change))?;
        let reader = &bed.store().snapshot()?;
        let reader = collection.reader(reader);
        means(&reader, &Filter::contains_any("lines[].sku", ["bolt", "screw"]), "a b")?;
        means(&reader, &Filter::contains_any("sizes", [2]), "")?;
    }
    Ok(())
}
