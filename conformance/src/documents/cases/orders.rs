//! The order of an index: numbers, texts, several fields, words.

use arbour::Result;
use arbour::documents::{Declaration, Field, Filter, Index};
use arbour_core::KvStore;
use serde_json::{Value, json};

use super::claims::{found, load, means};
use crate::Factory;
use crate::documents::{DocBed, DocFactory, Query, TestCollection, TestReader, TestWriter};

/// Asserts that documents sort by these values, which ascend strictly, forward and backward; and
/// that each value is found by itself and separates the others, with an index of either direction
/// and without one.
pub(super) fn in_order<F: Factory, M: DocFactory>(
    bed: &mut DocBed<F, M>,
    values: &[Value],
) -> Result<()> {
    let plain = |name: &str| Declaration::<Value>::new(name).field(Field::path("v"));
    let declarations = || {
        [
            plain("plain"),
            plain("up").index(Index::on("v")),
            plain("down").index(Index::descending("v")),
        ]
    };
    let name = |number: usize| format!("{number:02}");
    let mut bodies: Vec<Value> = values
        .iter()
        .enumerate()
        .map(|(number, value)| json!({"id": name(number), "v": value}))
        .collect();
    // Neither the order of writing nor that of the ids is the order of the values.
    bodies.reverse();
    for declaration in declarations() {
        load(bed.store(), &bed.open(declaration)?, &bodies)?;
    }
    bed.settle()?;
    let all: Vec<String> = (0..values.len()).map(name).collect();
    let reversed: Vec<String> = all.iter().rev().cloned().collect();
    for declaration in declarations() {
        let kind = declaration.name.clone();
        let collection = bed.open(declaration)?;
        let snapshot = bed.store().snapshot()?;
        let reader = collection.reader(&snapshot);
        let up = Query::new(Filter::All).ascending("v");
        assert_eq!(found(&reader, &up)?, all.join(" "), "{kind}");
        let down = Query::new(Filter::All).descending("v");
        assert_eq!(found(&reader, &down)?, reversed.join(" "), "{kind}");
        for (number, value) in values.iter().enumerate() {
            let (below, here) = all.split_at(number);
            let above = here.get(1..).unwrap_or_default();
            let sides = [
                (Filter::eq("v", value.clone()), here.get(..1).unwrap_or_default()),
                (Filter::below("v", value.clone()), below),
                (Filter::above("v", value.clone()), above),
                (Filter::at_least("v", value.clone()), here),
            ];
            for (filter, expected) in sides {
                let query = Query::new(filter).ascending("v");
                assert_eq!(found(&reader, &query)?, expected.join(" "), "{kind}, {query:?}");
            }
        }
        let (min, max) = (reader.min(&Filter::All, "v")?, reader.max(&Filter::All, "v")?);
        assert_eq!((min.as_ref(), max.as_ref()), (values.first(), values.last()), "{kind}");
        assert_eq!(reader.distinct(&Filter::All, "v")?, values, "{kind}");
    }
    Ok(())
}

/// Case 9. Numbers sort by value, integers to the last of their 64 bits, together with fractions
/// and on both sides of zero.
pub(super) fn numbers_in_order<F: Factory, M: DocFactory>(bed: &mut DocBed<F, M>) -> Result<()> {
    let numbers = [
        json!(-1e300),
        json!(i64::MIN),
        json!(i64::MIN + 1),
        json!(-9_007_199_254_740_993_i64),
        json!(-9_007_199_254_740_992_i64),
        json!(-256),
        json!(-1.5),
        json!(-1),
        json!(-5e-324),
        json!(0),
        json!(1e-300),
        json!(0.5),
        json!(1),
        json!(1.25),
        json!(255),
        json!(256),
        json!(9_007_199_254_740_992_i64),
        json!(9_007_199_254_740_993_i64),
        json!(i64::MAX - 1),
        json!(i64::MAX),
        json!(u64::MAX - 1),
        json!(u64::MAX),
        json!(1e300),
    ];
    in_order(bed, &numbers)?;
    let declaration =
        || Declaration::<Value>::new("same").field(Field::path("v")).index(Index::on("v").unique());
    let same = bed.open(declaration())?;
    load(bed.store(), &same, &[json!({"id": "zero", "v": -0.0}), json!({"id": "one", "v": 1.0})])?;
    drop(same);
    bed.settle()?;
    let same = bed.open(declaration())?;
    let snapshot = bed.store().snapshot()?;
    for (value, id) in
        [(json!(0), "zero"), (json!(0.0), "zero"), (json!(-0.0), "zero"), (json!(1), "one")]
    {
        means(&same.reader(&snapshot), &Filter::eq("v", value), id)?;
    }
    let zero = bed.store().write(|t| same.writer(t)?.set(&json!({"id": "0", "v": 0})));
    super::claims::refused(zero, "the zero without a sign");
    Ok(())
}

/// Case 10. Texts sort by their bytes: a prefix before its extensions, whatever they contain.
pub(super) fn texts_in_order<F: Factory, M: DocFactory>(bed: &mut DocBed<F, M>) -> Result<()> {
    let texts = [
        "",
        "\0",
        "\0\0",
        "\0\u{1}",
        "\u{1}",
        "\u{1}\u{1}",
        "\u{2}",
        " ",
        "10",
        "9",
        "A",
        "a",
        "a\0",
        "a\0\0",
        "a\0b",
        "a\u{1}",
        "a b",
        "aa",
        "ab",
        "b",
        "\u{7f}",
        "\u{80}",
        "ÿ",
        "\u{fffd}",
        "\u{10ffff}",
        "\u{10ffff}\u{10ffff}",
    ];
    in_order(bed, &texts.map(Value::from))
}

/// Case 11. An index over several fields of mixed directions gives its order forward, and the
/// opposite order backward; documents that are equal in all fields are sorted by id, in the last
/// field's direction.
pub(super) fn compound_mixed_directions<F: Factory, M: DocFactory>(
    bed: &mut DocBed<F, M>,
) -> Result<()> {
    let declaration = |index: Option<Index>| {
        let plain = Declaration::<Value>::new(if index.is_some() { "indexed" } else { "plain" })
            .field(Field::path("section"))
            .field(Field::path("size"));
        index.into_iter().fold(plain, Declaration::index)
    };
    let declarations =
        || [declaration(None), declaration(Some(Index::on("section").then_descending("size")))];
    let bodies = [
        json!({"id": "a", "section": "net", "size": 3}),
        json!({"id": "b", "section": "net", "size": 30}),
        json!({"id": "c", "section": "web", "size": -3}),
        json!({"id": "d", "section": "net", "size": 3}),
        json!({"id": "e", "section": "ne", "size": 1}),
        json!({"id": "f", "section": "net"}),
        json!({"id": "g", "size": 2}),
        json!({"id": "h", "section": "web", "size": "large"}),
        json!({"id": "i", "section": "net\0", "size": 9}),
    ];
    for declaration in declarations() {
        load(bed.store(), &bed.open(declaration)?, &bodies)?;
    }
    bed.settle()?;
    for declaration in declarations() {
        let has_index = !declaration.indexes.is_empty();
        let collection = bed.open(declaration)?;
        let snapshot = bed.store().snapshot()?;
        let reader = collection.reader(&snapshot);
        let all = || Query::new(Filter::All);
        let net = || Query::new(Filter::eq("section", "net"));
        let queries = [
            (all().ascending("section").descending("size"), "g e b d a f i h c", true),
            (all().descending("section").ascending("size"), "c h i f a d b e g", true),
            (net().descending("size"), "b d a f", true),
            (net().ascending("size"), "f a d b", true),
            (all().ascending("section").ascending("size"), "g e f a d b i c h", false),
            (all().descending("section").descending("size"), "h c i b d a f e g", false),
            (net().ascending("section").descending("size"), "b d a f", true),
            (Query::new(Filter::prefix("section", "ne")).descending("size"), "b i d a e f", false),
        ];
        for (query, expected, comes_in_order) in queries {
            assert_eq!(found(&reader, &query)?, expected, "{has_index}, {query:?}");
            if has_index && comes_in_order {
                // For the first few of many, the index that has them in order is the best access
                // path.
                let explain = reader.explain(&query.limit(2))?;
                assert!(!explain.sorts && !explain.scans_all(), "{explain}");
            }
        }
        let sizes = Filter::eq("section", "net").and(Filter::at_least("size", 3));
        means(&reader, &sizes, "a b d")?;
    }
    Ok(())
}

/// Words of a text are found in any order, any case and any number, whole and without the
/// characters between them; with an index over them and without.
pub(super) fn words_found<F: Factory, M: DocFactory>(bed: &mut DocBed<F, M>) -> Result<()> {
    let plain = |name: &str| Declaration::<Value>::new(name).field(Field::path("about"));
    let declarations = || [plain("plain"), plain("indexed").index(Index::words("about"))];
    let bodies = [
        json!({"id": "a", "about": "A mail server, for mail."}),
        json!({"id": "b", "about": "Server of e-mail; mailing lists"}),
        json!({"id": "c", "about": "ÄGYPTEN: can't 3.14 stop"}),
        json!({"id": "d", "about": ""}),
        json!({"id": "e"}),
        json!({"id": "f", "about": "mailserver"}),
        json!({"id": "g", "about": "THE SERVER"}),
    ];
    for declaration in declarations() {
        load(bed.store(), &bed.open(declaration)?, &bodies)?;
    }
    bed.settle()?;
    for declaration in declarations() {
        let has_index = !declaration.indexes.is_empty();
        let collection = bed.open(declaration)?;
        let snapshot = bed.store().snapshot()?;
        let reader = collection.reader(&snapshot);
        for (words, expected) in [
            ("mail", "a b"),
            ("Server", "a b g"),
            ("server mail", "a b"),
            ("MAIL, server!", "a b"),
            ("mail server mail", "a b"),
            ("mai", ""),
            ("server nothing", ""),
            ("ägypten", "c"),
            ("can't", "c"),
            ("3.14 Stop", "c"),
            ("mailing e", "b"),
        ] {
            let filter = Filter::words("about", words);
            means(&reader, &filter, expected)?;
            if has_index {
                let explain = reader.explain(&Query::new(filter))?;
                assert!(!explain.scans_all(), "{words}: {explain}");
            }
        }
        bed.store().write(|transaction| {
            let mut writer = collection.writer(transaction)?;
            writer.update("a", &json!({"about": "a post office"}))?;
            writer.remove("g")
        })?;
        let snapshot = bed.store().snapshot()?;
        means(&collection.reader(&snapshot), &Filter::words("about", "mail"), "b")?;
        means(&collection.reader(&snapshot), &Filter::words("about", "server"), "b")?;
        means(&collection.reader(&snapshot), &Filter::words("about", "office post"), "a")?;
    }
    Ok(())
}

/// Words are found by their beginning, and whatever the case and the accents of their letters; all
/// words of a query, or any of them; with an index over them and without.
pub(super) fn words_begin_and_fold<F: Factory, M: DocFactory>(
    bed: &mut DocBed<F, M>,
) -> Result<()> {
    let plain = |name: &str| Declaration::<Value>::new(name).field(Field::path("about"));
    let declarations = || [plain("plain"), plain("indexed").index(Index::words("about"))];
    let bodies = [
        json!({"id": "a", "about": "Printer on fire: first floor"}),
        json!({"id": "b", "about": "Fireplace in the Café Straße"}),
        json!({"id": "c", "about": "cafe\u{301} strasse, ΣΊΣΥΦΟΣ"}),
        json!({"id": "d", "about": "Fi"}),
        json!({"id": "e", "about": "a printer"}),
        json!({"id": "f"}),
    ];
    for declaration in declarations() {
        load(bed.store(), &bed.open(declaration)?, &bodies)?;
    }
    bed.settle()?;
    for declaration in declarations() {
        let has_index = !declaration.indexes.is_empty();
        let collection = bed.open(declaration)?;
        let snapshot = bed.store().snapshot()?;
        let reader = collection.reader(&snapshot);
        let all = |text: &str| Filter::words("about", text);
        let any = |text: &str| Filter::any_words("about", text);
        for (filter, expected) in [
            (all("fi*"), "a b d"),
            (all("FI* printer"), "a"),
            (all("pri* fi* fl*"), "a"),
            (all("fire* cafe"), "b"),
            (all("fi"), "d"),
            (all("cafe"), "b c"),
            (all("CAFÉ STRASSE"), "b c"),
            (all("stra*"), "b c"),
            (all("σίσυφοσ"), "c"),
            (all("x*"), ""),
            (any("fire cafe"), "a b c"),
            (any("place fireplace"), "b"),
            (any("fi* printer"), "a b d e"),
            (any(""), ""),
        ] {
            means(&reader, &filter, expected)?;
            if has_index {
                let explain = reader.explain(&Query::new(filter.clone()))?;
                assert!(!explain.scans_all(), "{filter:?}: {explain}");
            }
        }
        let sorted = Query::new(all("fi*")).descending("id").limit(2);
        assert_eq!(found(&reader, &sorted)?, "d b", "{has_index}");
    }
    Ok(())
}
