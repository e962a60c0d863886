//! Fields whose kind gives their JSON form a meaning: moments, dates, decimal numbers, bytes.

use arbour::Result;
use arbour::documents::{Declaration, DocError, DocId, Field, FieldKind, Filter, Index};
use arbour_core::KvStore;
use serde_json::{Value, json};

use super::claims::{found, load, means, refused};
use crate::Factory;
use crate::documents::{DocBed, DocFactory, Query, TestCollection, TestReader, TestWriter};

/// Forms of equal values. The first is the one that a collection returns for all of them.
type Forms = Vec<Value>;

fn plain(name: &str, kind: FieldKind) -> Declaration<Value> {
    Declaration::new(name).field(Field::path("v").of(kind))
}

/// Asserts that documents sort by these values, which ascend strictly, forward and backward, page by
/// page; that each form finds all forms of the value and separates the others, with an index of
/// either direction and without one; and that a unique index refuses a second form.
fn in_order<F: Factory, M: DocFactory>(
    bed: &mut DocBed<F, M>,
    kind: FieldKind,
    values: &[Forms],
) -> Result<()> {
    let declarations = || {
        [
            plain("plain", kind),
            plain("up", kind).index(Index::on("v")),
            plain("down", kind).index(Index::descending("v")),
        ]
    };
    let forms =
        || values.iter().enumerate().flat_map(|(at, forms)| forms.iter().map(move |f| (at, f)));
    let name = |number: usize| format!("{number:02}");
    // The ids descend where values are equal, so that the order of ids is not that of values.
    let mut bodies: Vec<Value> = forms()
        .zip(0..)
        .map(|((_, form), number)| json!({"id": name(number), "v": form}))
        .collect();
    bodies.reverse();
    for declaration in declarations() {
        load(bed.store(), &bed.open(declaration)?, &bodies)?;
    }
    bed.settle()?;
    let of = |is_meant: &dyn Fn(usize) -> bool| -> String {
        let names = forms().zip(0..).filter(|((at, _), _)| is_meant(*at));
        names.map(|(_, number)| name(number)).collect::<Vec<_>>().join(" ")
    };
    let plain_forms: Vec<Value> =
        values.iter().filter_map(|forms| forms.first().cloned()).collect();
    for declaration in declarations() {
        let kind = declaration.name.clone();
        let collection = bed.open(declaration)?;
        let snapshot = bed.store().snapshot()?;
        let reader = collection.reader(&snapshot);
        let up = Query::new(Filter::All).ascending("v");
        assert_eq!(found(&reader, &up)?, of(&|_| true), "{kind}");
        assert_eq!(paged(&reader, &up)?, of(&|_| true), "{kind}");
        let down = Query::new(Filter::All).descending("v").ascending("id");
        let reversed: Vec<String> = (0..values.len()).rev().map(|at| of(&|it| it == at)).collect();
        assert_eq!(found(&reader, &down)?, reversed.join(" "), "{kind}");
        for (at, form) in forms() {
            for (filter, expected) in [
                (Filter::eq("v", form.clone()), of(&|it| it == at)),
                (Filter::below("v", form.clone()), of(&|it| it < at)),
                (Filter::above("v", form.clone()), of(&|it| it > at)),
                (Filter::at_least("v", form.clone()), of(&|it| it >= at)),
                (Filter::is_in("v", [form.clone(), Value::Null]), of(&|it| it == at)),
            ] {
                means(&reader, &filter, &expected)?;
            }
        }
        let (min, max) = (reader.min(&Filter::All, "v")?, reader.max(&Filter::All, "v")?);
        assert_eq!(
            (min.as_ref(), max.as_ref()),
            (plain_forms.first(), plain_forms.last()),
            "{kind}"
        );
        assert_eq!(reader.distinct(&Filter::All, "v")?, plain_forms, "{kind}");
    }
    each_is_unique(bed, kind, values)
}

/// Returns the ids of all documents that a query finds, page by page.
fn paged(reader: &impl TestReader<Value>, query: &Query<Value>) -> Result<String> {
    let mut ids = Vec::new();
    let mut next = Some(query.clone().limit(2));
    while let Some(query) = next {
        let page = reader.search(&query)?;
        ids.extend(page.items.iter().map(|item| item.id.to_string()));
        next = page.next.map(|cursor| query.clone().at(cursor));
    }
    Ok(ids.join(" "))
}

fn each_is_unique<F: Factory, M: DocFactory>(
    bed: &mut DocBed<F, M>,
    kind: FieldKind,
    values: &[Forms],
) -> Result<()> {
    let declaration = || plain("unique", kind).index(Index::on("v").unique());
    let unique = bed.open(declaration())?;
    let first =
        |(number, forms): (usize, &Forms)| json!({"id": number.to_string(), "v": forms.first()});
    let bodies: Vec<Value> = values.iter().enumerate().map(first).collect();
    load(bed.store(), &unique, &bodies)?;
    drop(unique);
    bed.settle()?;
    let unique = bed.open(declaration())?;
    for (number, forms) in values.iter().enumerate() {
        for form in forms {
            let body = json!({"id": "new", "v": form});
            let set = bed.store().write(|t| unique.writer(t)?.set(&body));
            let error = refused(set, "another form of a value that is taken");
            let taken = DocId::from(number.to_string());
            let is_named = matches!(&error, DocError::Unique { holder, .. } if *holder == taken);
            assert!(is_named, "{form} is taken: {error}");
        }
    }
    Ok(())
}

/// Lists the forms of each value.
macro_rules! forms {
    ($([$($form:tt),* $(,)?]),* $(,)?) => { vec![$(vec![$(json!($form)),*]),*] };
}

/// Moments, dates with a time, and dates sort as time passes, whatever their offset, the digits of
/// their fraction, and their year; forms of the same moment are equal.
pub(super) fn moments_in_order<F: Factory, M: DocFactory>(bed: &mut DocBed<F, M>) -> Result<()> {
    let moments = forms![
        ["-000044-03-15T11:00:00Z"],
        ["0000-01-01T00:00:00Z"],
        ["1969-12-31T23:59:59.999999999Z"],
        ["1970-01-01T00:00:00Z", "1970-01-01T01:00:00+01:00"],
        ["2026-05-01T11:59:59.999999999Z", "2026-05-01T11:59:60.5Z"],
        ["2026-05-01T12:00:00Z", "2026-05-01T12:00:00.000Z", "2026-05-01T07:00:00-05:00"],
        ["2026-05-01T12:00:00.000000001Z"],
        [
            "2026-05-01T12:00:00.5Z",
            "2026-05-02T02:00:00.50+14:00",
            "2026-05-01 12:00:00.5 +00:00:00",
        ],
        [
            "2026-05-01T12:00:01Z",
            "2026-05-01T14:00:01+02:00[Europe/Berlin]",
            [2026, 121, 14, 0, 1, 0, 2, 0, 0]
        ],
        ["9999-12-31T23:59:59Z"],
        ["+010000-01-01T00:00:00Z"],
    ];
    in_order(bed, FieldKind::Timestamp, &moments)
}

/// As [`moments_in_order`], for dates with and without a time.
pub(super) fn dates_in_order<F: Factory, M: DocFactory>(bed: &mut DocBed<F, M>) -> Result<()> {
    let dates = forms![
        ["-000001-12-31"],
        ["0000-02-29"],
        ["1900-02-28"],
        ["1900-03-01"],
        ["2024-02-29"],
        ["2024-12-31", [2024, 366]],
        ["2025-01-01", "+002025-01-01"],
        ["+012025-01-01"],
    ];
    in_order(bed, FieldKind::Date, &dates)
}

/// As [`moments_in_order`], for dates with a time that have no offset.
pub(super) fn date_times_in_order<F: Factory, M: DocFactory>(bed: &mut DocBed<F, M>) -> Result<()> {
    let date_times = forms![
        ["-000001-12-31T23:59:59"],
        ["2024-02-29T00:00:00", "2024-02-29 00:00:00.0"],
        ["2024-02-29T00:00:00.25"],
        ["2024-02-29T00:00:01"],
        ["2024-03-01T00:00:00", [2024, 61, 0, 0, 0, 0]],
    ];
    in_order(bed, FieldKind::DateTime, &date_times)
}

/// Decimal numbers sort by value to the last digit; zeros at either end do not matter.
pub(super) fn decimals_in_order<F: Factory, M: DocFactory>(bed: &mut DocBed<F, M>) -> Result<()> {
    let decimals = forms![
        ["-170141183460469231731687303715884105727"],
        ["-10", "-10.0"],
        ["-9.999999999999999999999999999"],
        ["-9.5", "-09.50"],
        ["-9"],
        ["-0.0000000000000000000000000001"],
        ["0", "-0", "0.00", "+0"],
        ["0.0000000000000000000000000001"],
        ["0.1"],
        ["0.3"],
        ["0.30000000000000004"],
        ["9"],
        ["10", "10.00", "010", 10],
        ["10.000000000000000000000000001"],
        ["79228162514264337593543950335"],
        ["170141183460469231731687303715884105727.5"],
    ];
    in_order(bed, FieldKind::Decimal, &decimals)
}

/// Bytes sort as slices do.
pub(super) fn bytes_in_order<F: Factory, M: DocFactory>(bed: &mut DocBed<F, M>) -> Result<()> {
    let bytes: [&[u8]; 15] = [
        &[],
        &[0],
        &[0, 0],
        &[0, 1],
        &[1],
        &[1, 0],
        &[2],
        &[9, 255],
        &[10, 9],
        &[252],
        &[253],
        &[253, 1],
        &[254],
        &[255],
        &[255, 255],
    ];
    let forms: Vec<Forms> = bytes.into_iter().map(|bytes| vec![json!(bytes)]).collect();
    in_order(bed, FieldKind::Bytes, &forms)
}

/// Decimal numbers are added exactly, with an index and without one.
pub(super) fn decimals_summed<F: Factory, M: DocFactory>(bed: &mut DocBed<F, M>) -> Result<()> {
    let declarations = || {
        let plain = |name: &str| plain(name, FieldKind::Decimal).field(Field::path("of"));
        [plain("plain"), plain("indexed").index(Index::on("v"))]
    };
    let bodies = [
        json!({"id": "a", "v": "0.1", "of": 1}),
        json!({"id": "b", "v": "0.20", "of": 1}),
        json!({"id": "c", "v": "-0.3", "of": 2}),
        json!({"id": "d", "v": "10000000000000000000000000000", "of": 2}),
        json!({"id": "e", "v": 5, "of": 3}),
        json!({"id": "f", "of": 4}),
        json!({"id": "g", "v": i128::MAX.to_string(), "of": 5}),
    ];
    for declaration in declarations() {
        load(bed.store(), &bed.open(declaration)?, &bodies)?;
    }
    bed.settle()?;
    for declaration in declarations() {
        let collection = bed.open(declaration)?;
        let snapshot = bed.store().snapshot()?;
        let reader = collection.reader(&snapshot);
        for (of, expected) in
            [(1, "0.3"), (2, "9999999999999999999999999999.7"), (3, "5"), (4, "0")]
        {
            assert_eq!(reader.sum(&Filter::eq("of", of), "v")?, expected);
        }
        let error = refused(reader.sum(&Filter::All, "v"), "a sum beyond 128 bits");
        assert!(matches!(error, DocError::SumRange { .. }), "{error}");
    }
    Ok(())
}

/// What is no value of a kind is refused at the write, by field and value, and where a field is
/// compared with it. The same text in a field of another kind is a text.
pub(super) fn other_forms_refused<F: Factory, M: DocFactory>(bed: &mut DocBed<F, M>) -> Result<()> {
    let refusals = [
        (FieldKind::Timestamp, json!("2026-05-01T12:00:00")),
        (FieldKind::Timestamp, json!("2026-02-30T12:00:00Z")),
        (FieldKind::Timestamp, json!(1_777_636_800)),
        (FieldKind::DateTime, json!("2026-05-01T12:00:00Z")),
        (FieldKind::Date, json!("2026-05-01T12:00:00")),
        (FieldKind::Date, json!("1.5.2026")),
        (FieldKind::Decimal, json!(9.5)),
        (FieldKind::Decimal, json!("9,50")),
        (FieldKind::Decimal, json!("1e3")),
        (FieldKind::Bytes, json!("AQI=")),
        (FieldKind::Bytes, json!([256])),
    ];
    for (number, (kind, value)) in refusals.iter().enumerate() {
        let declaration = || plain(&number.to_string(), *kind);
        let collection = bed.open(declaration())?;
        let body = json!({"id": "a", "v": value});
        let set = bed.store().write(|t| collection.writer(t)?.set(&body));
        let error = refused(set, "another form");
        let is_named = matches!(
            &error,
            DocError::WrongType { field, found, .. } if field == "v" && **found == *value
        );
        assert!(is_named, "{value} is no {kind:?}: {error}");
        let snapshot = bed.store().snapshot()?;
        let count = collection.reader(&snapshot).count(&Filter::eq("v", value.clone()));
        let error = refused(count, "a comparison with another form");
        let is_named = matches!(error, DocError::KindMismatch { .. } | DocError::Invalid { .. });
        assert!(is_named, "{value} as {kind:?}: {error}");
    }
    Ok(())
}
