//! The order of relevance: which documents come first, page by page, and what it needs.

use std::ops::ControlFlow;

use arbour::Result;
use arbour::documents::{Declaration, DocError, Field, Filter, Index};
use arbour_core::KvStore;
use serde_json::{Value, json};

use super::claims::{found, invalid, load, refused};
use super::cursors::both_ways;
use crate::Factory;
use crate::documents::{DocBed, DocFactory, Query, TestCollection, TestReader, TestWriter};

/// Tickets without an index of words, or with one.
fn tickets(has_index: bool) -> Declaration<Value> {
    let plain = Declaration::new(if has_index { "indexed" } else { "plain" })
        .field(Field::path("title"))
        .field(Field::path("notes").many())
        .field(Field::path("open"));
    if !has_index {
        return plain;
    }
    plain
        .index(Index::words("title"))
        .index(Index::words("notes").sparse())
        .index(Index::on("open"))
}

fn bodies() -> Vec<Value> {
    let mut bodies = vec![
        json!({"id": "a", "title": "printer printer printer", "open": true}),
        json!({"id": "b", "title": "Fire in the server room of the first floor", "open": true}),
        json!({"id": "c", "title": "The printer is on fire", "notes": ["paper", "no paper"]}),
        json!({"id": "d", "title": "a printer", "open": true}),
        json!({"id": "e", "title": "the printer is on the first floor", "notes": ["ink"]}),
        json!({"id": "f", "title": null, "notes": ["the paper, the ink and the toner"]}),
        json!({"id": "g", "title": "fire"}),
        json!({"id": "h", "title": "A printer!"}),
    ];
    // Equal scores are not in the order of writing.
    bodies.reverse();
    bodies
}

fn fill<F: Factory, M: DocFactory>(bed: &mut DocBed<F, M>) -> Result<()> {
    for has_index in [false, true] {
        load(bed.store(), &bed.open(tickets(has_index))?, &bodies())?;
    }
    bed.settle()
}

/// Documents are in the order of their BM25 scores, calculated by hand, and equal ones in that of
/// their ids; among those that all other conditions match; with an index of words and without.
pub(super) fn best_first<F: Factory, M: DocFactory>(bed: &mut DocBed<F, M>) -> Result<()> {
    fill(bed)?;
    for has_index in [false, true] {
        let collection = bed.open(tickets(has_index))?;
        ranks(&collection.reader(&bed.store().snapshot()?))?;
        // What is written counts at once: now fire is more common than the printer.
        let ranked = bed.store().write(|transaction| {
            let mut writer = collection.writer(transaction)?;
            for id in ["i", "j", "k", "l", "m"] {
                writer.set(&json!({"id": id, "title": "fire on the next floor"}))?;
            }
            found(&writer, &Query::new(any("printer fire")).by_relevance().limit(3))
        })?;
        assert_eq!(ranked, "a c d", "{has_index}");
    }
    Ok(())
}

fn all(text: &str) -> Filter<Value> {
    Filter::words("title", text)
}

fn any(text: &str) -> Filter<Value> {
    Filter::any_words("title", text)
}

fn ranks(reader: &impl TestReader<Value>) -> Result<()> {
    let open = || Filter::eq("open", true);
    for (filter, expected) in [
        (any("printer fire"), "g c a d h b e"),
        (any("fire, printer? FIRE!"), "g c a d h b e"),
        (any("pri* fi*"), "g c a e b d h"),
        (all("fi*"), "g b c e"),
        (all("the first"), "e b"),
        (any("the first"), "e b c"),
        (all("printer").and(open()), "a d"),
        (any("printer fire").and(open()), "a d b"),
        (any("printer fire").and(all("the").not()), "g a d h"),
        (all("printer").or(Filter::words("notes", "paper")), "c a d h f e"),
        (Filter::any_words("notes", "ink paper"), "c e f"),
        (all("nothing"), ""),
        (any(""), ""),
        (all(""), "a b c d e f g h"),
    ] {
        let query = Query::new(filter).by_relevance();
        assert_eq!(found(reader, &query)?, expected, "{query:?}");
        let first: Vec<&str> = expected.split(' ').take(2).collect();
        assert_eq!(found(reader, &query.clone().limit(2))?, first.join(" "), "{query:?}");
        let mut visited = Vec::new();
        reader.each(&query, |stored| {
            visited.push(stored.id.to_string());
            Ok(ControlFlow::Continue(()))
        })?;
        assert_eq!(visited.join(" "), expected, "each of {query:?}");
    }
    Ok(())
}

/// The pages of a ranked query are its whole result, forward and back, and their cursors are of no
/// other query.
pub(super) fn pages_of_the_best<F: Factory, M: DocFactory>(bed: &mut DocBed<F, M>) -> Result<()> {
    fill(bed)?;
    for has_index in [false, true] {
        let collection = bed.open(tickets(has_index))?;
        let snapshot = bed.store().snapshot()?;
        let reader = collection.reader(&snapshot);
        let plain = Query::new(Filter::any_words("title", "printer fire")).limit(2);
        let ranked = plain.clone().by_relevance();
        let (forward, back) = both_ways(&reader, &ranked)?;
        assert_eq!(forward, ["g c", "a d", "h b", "e"], "{has_index}");
        assert_eq!(back, ["g c", "a d", "h b", "e"], "{has_index}");
        assert_eq!(found(&reader, &ranked.clone().offset(3))?, "d h", "{has_index}");
        let other = Query::new(Filter::any_words("title", "printer fire floor")).limit(2);
        for (of, by) in [(&plain, &ranked), (&ranked, &plain), (&ranked, &other.by_relevance())] {
            let next = reader.search(of)?.next.expect("there are more than two");
            let error = refused(reader.search(&by.clone().at(next)), "a cursor of another query");
            assert!(matches!(error, DocError::Cursor { .. }), "{error}");
        }
    }
    Ok(())
}

/// A query without words has nothing to rank by, and one that is sorted has an order already. A ranked
/// query that requires an index requires one of the words too.
pub(super) fn words_are_needed<F: Factory, M: DocFactory>(bed: &mut DocBed<F, M>) -> Result<()> {
    fill(bed)?;
    let printer = || Filter::words("title", "printer");
    for has_index in [false, true] {
        let collection = bed.open(tickets(has_index))?;
        let snapshot = bed.store().snapshot()?;
        let reader = collection.reader(&snapshot);
        for filter in [Filter::All, Filter::eq("open", true), printer().not()] {
            let query = Query::new(filter).by_relevance();
            invalid(reader.search(&query), "ranking without words");
            invalid(reader.explain(&query), "ranking without words");
        }
        let sorted = Query::new(printer()).ascending("title").by_relevance();
        invalid(reader.search(&sorted), "ranking what is sorted");
        let ranked = Query::new(printer()).by_relevance().require_index();
        let answer = reader.search(&ranked);
        if has_index {
            assert_eq!(answer?.items.len(), 5);
            assert!(!reader.explain(&ranked)?.scans_all());
        } else {
            let error = refused(answer, "ranking without an index");
            assert!(matches!(error, DocError::FullScan { .. }), "{error}");
        }
    }
    Ok(())
}
