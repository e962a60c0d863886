//! How well the words of a document fit those of a query.
//!
//! The measure is Okapi BM25 (Robertson and Zaragoza, "The Probabilistic Relevance Framework: BM25 and
//! Beyond", 2009) with `k1` = 1.2 and `b` = 0.75. A word that occurs `f` times in a field of length `l`
//! adds `w * f * (k1 + 1) / (f + k1 * (1 - b + b * l / mean))`. Its weight `w` is
//! `ln(1 + (N - n + 0.5) / (n + 0.5))`, where `n` of `N` documents have the word: the 1 keeps a word that
//! is in most documents from counting against them. The length is the number of different words, because
//! that is what an index of words holds; the mean is over all documents.
//!
//! Nothing is stored for it. A complete index of words tells `n` by the entries of a word, and the mean by
//! the number of all its entries. Without one, all documents are read once more.

use std::ops::ControlFlow;

use arbour_core::{Direction, Error, Result};
use serde_json::Value;

use super::candidate::find_word;
use super::condition::{Condition, Span, texts_of};
use super::docs::Docs;
use super::error::is_of_document;
use super::fields::{Decode, Fields};
use super::find::{Find, IndexRead};
use super::goal::Goal;
use super::schema::{FieldRef, IndexDefinition, Schema};
use super::words::{AskedWord, all_words};
use super::{DocError, encode_scalar};

/// How soon further occurrences of a word stop adding to the score.
const K1: f64 = 1.2;

/// How much a field is discounted for its length.
const B: f64 = 0.75;

/// The words of a query, and what each of them weighs in this snapshot or transaction.
pub(super) struct Relevance {
    fields: Vec<AskedField>,
    /// How many documents were read to weigh the words; `None` if indexes told everything.
    pub(super) read: Option<u64>,
}

/// A field whose words are asked for.
struct AskedField {
    field: FieldRef,
    words: Vec<WeighedWord>,
    /// The number of different words in the field, in all documents.
    length: u64,
    mean_length: f64,
}

struct WeighedWord {
    word: AskedWord,
    /// How many documents have it.
    documents: u64,
    weight: f64,
}

impl Relevance {
    /// Weighs the words of a query.
    ///
    /// # Errors
    /// [`Invalid`](DocError::Invalid) if the query asks for no words, or sorts by a field;
    /// [`FullScan`](DocError::FullScan) if a field has no index of words and the query requires one;
    /// those of all reads.
    pub(super) fn of(
        goal: &Goal<'_>,
        docs: Docs<'_>,
        documents: &dyn Decode,
        lenient: bool,
    ) -> Result<Self> {
        let mut relevance = Self { fields: Vec::new(), read: None };
        let asks =
            goal.conjuncts.iter().fold(false, |asks, conjunct| relevance.ask(conjunct) | asks);
        if !asks {
            let reason = "the query sorts by relevance, and asks for no words: filter by `words` or \
                          `any_words`, or sort by a field";
            return Err(goal.schema.invalid(reason.to_owned()));
        }
        let count = docs.len()?;
        let mut unindexed = Vec::new();
        for (number, field) in relevance.fields.iter_mut().enumerate() {
            match index_of_words(goal, field.field) {
                Some(number) => field.count_entries(goal.schema, docs, number)?,
                None => unindexed.push(number),
            }
        }
        if !unindexed.is_empty() {
            relevance.count_documents(goal, docs, documents, lenient, &unindexed)?;
        }
        for field in &mut relevance.fields {
            field.mean_length = field.length as f64 / count.max(1) as f64;
            for word in &mut field.words {
                word.weight = weight(word.documents as f64, count as f64);
            }
        }
        Ok(relevance)
    }

    /// Adds the words that a condition asks for, and none that it excludes. Returns whether it asks for
    /// words at all; there may be none in the text that was given.
    fn ask(&mut self, condition: &Condition) -> bool {
        match condition {
            Condition::Words(field, words) => {
                words.iter().for_each(|word| self.add(*field, word));
                true
            }
            // Any word of a text without words.
            Condition::Or(conditions) if conditions.is_empty() => true,
            Condition::And(conditions) | Condition::Or(conditions) => {
                conditions.iter().fold(false, |asks, condition| self.ask(condition) | asks)
            }
            _ => false,
        }
    }

    fn add(&mut self, field: FieldRef, word: &AskedWord) {
        let known = self.fields.iter().position(|known| known.field == field);
        let number = known.unwrap_or(self.fields.len());
        if known.is_none() {
            let words = Vec::new();
            self.fields.push(AskedField { field, words, length: 0, mean_length: 0.0 });
        }
        let Some(known) = self.fields.get_mut(number) else { return };
        if !known.words.iter().any(|known| known.word == *word) {
            known.words.push(WeighedWord { word: word.clone(), documents: 0, weight: 0.0 });
        }
    }

    /// Counts words by reading all documents.
    fn count_documents(
        &mut self,
        goal: &Goal<'_>,
        docs: Docs<'_>,
        documents: &dyn Decode,
        lenient: bool,
        fields: &[usize],
    ) -> Result<()> {
        let schema = goal.schema;
        if goal.index_required {
            let name = |number: &usize| {
                self.fields.get(*number).map(|field| schema.field_name(field.field).to_owned())
            };
            return Err(DocError::FullScan {
                collection: schema.name().to_owned(),
                fields: fields.iter().filter_map(name).collect(),
            }
            .into());
        }
        let all = Find::Documents { span: Span::all(), direction: Direction::Forward };
        let mut read = 0;
        let visited = docs.find(&all, &mut |found| {
            read += 1;
            let value = found.value.unwrap_or_default();
            let counted = documents.with_fields(found.id_key, value, &mut |document| {
                for number in fields {
                    if let Some(field) = self.fields.get_mut(*number) {
                        field.count_words(schema, document);
                    }
                }
                Ok(())
            });
            match counted {
                Err(error) if !lenient || !is_of_document(&error) => Err(error),
                _ => Ok(ControlFlow::Continue(())),
            }
        });
        self.read = Some(read);
        visited.map(drop)
    }

    /// Returns the score of a document, as a value that sorts: the greater, the more relevant.
    pub(super) fn of_document(&self, schema: &Schema, fields: &dyn Fields) -> Vec<u8> {
        let score: f64 = self.fields.iter().map(|field| field.score(schema, fields)).sum();
        let mut bytes = Vec::new();
        // A number is a scalar, so encoding cannot fail.
        let _ = encode_scalar(&Value::from(score), &mut bytes);
        bytes
    }
}

impl AskedField {
    /// Counts words by the entries of an index of them.
    fn count_entries(&mut self, schema: &Schema, docs: Docs<'_>, number: usize) -> Result<()> {
        let Some(index) = schema.indexes.get(number) else { return Ok(()) };
        for word in &mut self.words {
            // Each document once, also if several of its words begin as the one that is asked for.
            word.documents = count_found(docs, &find_word(schema, number, index, &word.word))?;
        }
        // A document without words has an entry too, and so has each value that is no text.
        let texts = Span::of_beginning("");
        let spans = vec![
            Span { start: Vec::new(), end: Some(texts.start) },
            Span { start: texts.end.unwrap_or_default(), end: None },
        ];
        let (direction, repeats, fixed, prefix) = (Direction::Forward, false, 0, Vec::new());
        let others =
            Find::Index(IndexRead { index: number, spans, direction, repeats, fixed, prefix });
        self.length = docs.index_len(number)?.saturating_sub(docs.count(&others, u64::MAX)?);
        Ok(())
    }

    /// Adds the words of one document.
    fn count_words(&mut self, schema: &Schema, fields: &dyn Fields) {
        let present = words_in(schema, self.field, fields);
        self.length += different(&present);
        for word in &mut self.words {
            word.documents += u64::from(present.iter().any(|present| word.word.is(present)));
        }
    }

    fn score(&self, schema: &Schema, fields: &dyn Fields) -> f64 {
        let present = words_in(schema, self.field, fields);
        let length = different(&present) as f64 / self.mean_length;
        let score = |word: &WeighedWord| {
            let frequency = present.iter().filter(|present| word.word.is(present)).count();
            if frequency == 0 { 0.0 } else { word.weight * saturated(frequency as f64, length) }
        };
        self.words.iter().map(score).sum()
    }
}

/// Returns all words of a field, sorted.
fn words_in(schema: &Schema, field: FieldRef, fields: &dyn Fields) -> Vec<String> {
    let mut present = Vec::new();
    texts_of(schema, field, fields, |text| present.extend(all_words(text)));
    present.sort_unstable();
    present
}

/// Counts the different words of a sorted list.
fn different(present: &[String]) -> u64 {
    present.chunk_by(|one, next| one == next).count() as u64
}

fn count_found(docs: Docs<'_>, find: &Find) -> Result<u64> {
    let mut count = 0;
    let found = docs.find(find, &mut |_| {
        count += 1;
        Ok(ControlFlow::Continue(()))
    });
    found.map(|_| count)
}

/// Returns the weight of a word that some of the documents have.
/// Finds a complete index of the words of a field, in ascending order.
fn index_of_words(goal: &Goal<'_>, field: FieldRef) -> Option<usize> {
    let known = goal.known?;
    let is_meant = |(number, index): &(usize, &IndexDefinition)| {
        let is_of_field = index
            .parts
            .first()
            .is_some_and(|part| part.field == field && part.direction == Direction::Forward);
        index.words && is_of_field && known.state(*number).is_complete()
    };
    goal.schema.indexes.iter().enumerate().find(is_meant).map(|(number, _)| number)
}

/// Builds the error for a query that sorts by a field too.
pub(super) fn contradicted(schema: &Schema, field: &str) -> Error {
    schema.invalid(format!("the query sorts by {field:?} and by relevance: choose one of them"))
}

fn weight(documents: f64, of: f64) -> f64 {
    (1.0 + (of - documents + 0.5) / (documents + 0.5)).ln()
}

/// Returns what the occurrences of a word count in a field that is so many times as long as the mean.
fn saturated(frequency: f64, length: f64) -> f64 {
    frequency * (K1 + 1.0) / (frequency + K1 * (1.0 - B + B * length))
}

#[cfg(test)]
mod tests {
    use arbour_core::{KvStore as _, MemoryStore};
    use serde_json::json;

    use super::super::scalar::decode_scalar;
    use super::super::{Collection, Declaration, Field, Filter, Index};
    use super::*;

    #[test]
    fn scores_are_those_of_the_formula() {
        let close = |left: f64, right: f64| assert!((left - right).abs() < 5e-7, "{left} {right}");
        // ln(1 + 3.5 / 1.5), ln(1 + 0.5 / 4.5): by hand.
        close(weight(1.0, 4.0), 1.203_972_8);
        close(weight(4.0, 4.0), 0.105_360_5);
        // 2 * 2.2 / (2 + 1.2 * (0.25 + 0.75 * 2)), and once in a field of the mean length.
        close(saturated(2.0, 2.0), 1.073_170_7);
        close(saturated(1.0, 1.0), 1.0);
    }

    /// The scores of a small collection, calculated by hand: eight documents of 0 to 8 different words,
    /// 3.125 on average; five have `printer` and three `fire`.
    #[test]
    fn scores_are_those_calculated_by_hand() -> Result<()> {
        let titles = [
            ("printer printer printer", 0.905_893),
            ("Fire in the server room of the first floor", 0.576_530),
            ("The printer is on fire", 1.153_746),
            ("a printer", 0.577_531),
            ("the printer is on the first floor", 0.357_810),
            ("", 0.0),
            ("fire", 1.308_448),
            ("A printer!", 0.577_531),
        ];
        let store = MemoryStore::new();
        let plain = |name| Declaration::<Value>::new(name).field(Field::path("title"));
        for declaration in [plain("plain"), plain("indexed").index(Index::words("title"))] {
            let tickets = Collection::open(&store, declaration)?;
            for (number, (title, _)) in titles.iter().enumerate() {
                let body = json!({"id": format!("{number}"), "title": title});
                store.write(|transaction| tickets.insert(transaction, body.clone()))?;
            }
            let snapshot = store.snapshot()?;
            let definition = &tickets.definition;
            let filter = Filter::<Value>::any_words("title", "printer fire");
            let condition = Condition::of(definition, &filter)?;
            let relevance = tickets.with_reader(&snapshot, |reader| {
                Relevance::of(&reader.goal(&condition), reader.docs, &tickets, false)
            })?;
            for (title, expected) in titles {
                let score = relevance
                    .of_document(definition, &definition.fields_of(&json!({"title": title})));
                let score = decode_scalar(&score).unwrap().as_f64().unwrap();
                assert!((score - expected).abs() < 1e-6, "{title}: {score}, not {expected}");
            }
        }
        Ok(())
    }
}
