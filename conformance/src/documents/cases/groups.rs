//! Documents grouped by the values of a field.

use arbour::Result;
use arbour::documents::Filter;
use arbour_core::KvStore;
use serde_json::{Value, json};

use super::claims::{load, refused};
use super::samples::{package_bodies, packages};
use crate::Factory;
use crate::documents::{DocBed, DocFactory, TestCollection, TestReader};

/// Writes groups as a line, numbers as floats.
fn shown<T: Into<Value>>(groups: Vec<(Value, T)>) -> String {
    let as_float = |value: Value| value.as_f64().map_or(value, Value::from);
    let shown =
        |(group, value): (Value, T)| format!("{}: {}", as_float(group), as_float(value.into()));
    groups.into_iter().map(shown).collect::<Vec<_>>().join(", ")
}

/// Documents are counted by the values of a field, in the order of indexes, null included; one with
/// many values for each of them. Indexes and documents give the same answer.
pub(super) fn counted_by_value<F: Factory, M: DocFactory>(bed: &mut DocBed<F, M>) -> Result<()> {
    for has_indexes in [false, true] {
        load(bed.store(), &bed.open(packages(has_indexes))?, &package_bodies())?;
    }
    bed.settle()?;
    let net = Filter::eq("section", "net");
    for has_indexes in [false, true] {
        let collection = bed.open(packages(has_indexes))?;
        let snapshot = bed.store().snapshot()?;
        let reader = collection.reader(&snapshot);
        for (filter, field, expected) in [
            (Filter::All, "section", r#"null: 1.0, "net": 5.0, "web": 2.0"#),
            (
                Filter::All,
                "size",
                r#"null: 1.0, true: 1.0, -3.0: 1.0, 1.5: 1.0, 3.0: 3.0, "big": 1.0"#,
            ),
            (net.clone(), "size", "null: 1.0, true: 1.0, -3.0: 1.0, 3.0: 2.0"),
            (Filter::All, "tags", r#"null: 4.0, 2.0: 1.0, "x": 3.0, "y": 2.0"#),
            (net.clone(), "tags", r#"null: 3.0, 2.0: 1.0, "x": 2.0, "y": 1.0"#),
            (Filter::at_least("size", 3), "section", r#"null: 1.0, "net": 2.0"#),
            (Filter::eq("section", "nothing"), "size", ""),
        ] {
            let counted = shown(reader.count_by(&filter, field)?);
            assert_eq!(counted, expected, "{field} of {filter:?}");
        }
        refused(reader.count_by(&Filter::All, "colour"), "a field that is not declared");
    }
    Ok(())
}

/// One field is added up, and its least and greatest value found, for each value of another; of many
/// values, for each of them. Nulls add nothing, and a group of nothing but nulls has no least value.
pub(super) fn sums_and_edges_by_value<F: Factory, M: DocFactory>(
    bed: &mut DocBed<F, M>,
) -> Result<()> {
    for has_indexes in [false, true] {
        load(bed.store(), &bed.open(packages(has_indexes))?, &package_bodies())?;
    }
    bed.settle()?;
    for has_indexes in [false, true] {
        let collection = bed.open(packages(has_indexes))?;
        let snapshot = bed.store().snapshot()?;
        let reader = collection.reader(&snapshot);
        let (all, net) = (Filter::All, Filter::eq("section", "net"));
        assert_eq!(
            shown(reader.sum_by(&all, "section", "size")?),
            r#"null: 3.0, "net": 3.0, "web": 1.5"#
        );
        assert_eq!(shown(reader.sum_by(&net, "section", "size")?), r#""net": 3.0"#);
        assert_eq!(
            shown(reader.sum_by(&Filter::eq("id", "d"), "section", "size")?),
            r#""net": 0.0"#
        );
        assert_eq!(
            shown(reader.sum_by(&all, "tags", "size")?),
            r#"null: 3.0, 2.0: -3.0, "x": 3.0, "y": 4.5"#
        );
        assert_eq!(
            shown(reader.min_by(&all, "section", "size")?),
            r#"null: 3.0, "net": true, "web": 1.5"#
        );
        assert_eq!(
            shown(reader.max_by(&all, "section", "size")?),
            r#"null: 3.0, "net": 3.0, "web": "big""#
        );
        assert_eq!(
            shown(reader.max_by(&all, "name", "tags")?),
            r#""n1": "y", "n2": "y", "n3": "x", "n6": "x""#
        );
        assert_eq!(shown(reader.min_by(&net, "section", "id")?), r#""net": "a""#);
        refused(reader.sum_by(&all, "section", "name"), "a sum of texts");
        refused(reader.min_by(&all, "section", "colour"), "a field that is not declared");
    }
    let large = bed.open(packages(true))?;
    let bodies: Vec<Value> = (0..3)
        .map(|n| json!({"id": format!("large {n}"), "section": "large", "size": i64::MAX / 4 - n}))
        .collect();
    load(bed.store(), &large, &bodies)?;
    let snapshot = bed.store().snapshot()?;
    let sums =
        large.reader(&snapshot).sum_by(&Filter::eq("section", "large"), "section", "size")?;
    assert_eq!(sums, [(json!("large"), (i64::MAX / 4 * 3 - 3).into())], "to the last digit");
    Ok(())
}
