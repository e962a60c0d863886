//! The index entries of a document.

use arbour_core::{Cause, DecodeError, Direction, Error, Result};
use serde_json::Value;

use super::DocError;
use super::fields::Fields;
use super::scalar::Scalar;
use super::schema::{FieldRef, IndexDefinition, Schema};
use super::words::words;
use crate::key::{Descending, GROUP_DELIMITER, KeyPart as _, Ordered, PART_DELIMITER};

/// The highest byte that occurs in a part of a key. Descending parts subtract each byte from it.
const PART_BYTE_MAX: u8 = 0xfd;

/// Index entries, sorted and without duplicates after [`sort`](Self::sort). One allocation holds
/// the bytes of all and is reused for the next document.
#[derive(Default)]
pub(super) struct Entries {
    bytes: Vec<u8>,
    spans: Vec<Span>,
    /// The values of one part, concatenated, while the entries of an index are built.
    scratch: Scratch,
}

/// The location of an entry in the bytes.
#[derive(Clone, Copy)]
struct Span {
    index: usize,
    start: usize,
    /// The end of the values, after the delimiter.
    values_end: usize,
    end: usize,
    has_null: bool,
}

#[derive(Default)]
struct Scratch {
    values: Vec<u8>,
    ends: Vec<(usize, bool)>,
}

/// An entry: its key in the tree of its index.
#[derive(Clone, Copy)]
pub(super) struct Entry<'e> {
    /// The number of the index.
    pub(super) index: usize,
    pub(super) key: &'e [u8],
    /// The start of the key, up to and including the delimiter before the id. Documents with the
    /// same values share it.
    pub(super) values: &'e [u8],
    /// Whether one of the values is null.
    pub(super) has_null: bool,
}

impl Entries {
    pub(super) fn clear(&mut self) {
        self.bytes.clear();
        self.spans.clear();
    }

    /// Adds an entry as it is stored in the tree of its index.
    pub(super) fn push(&mut self, index: usize, entry: &[u8]) {
        let start = self.bytes.len();
        self.bytes.extend_from_slice(entry);
        let values = values_prefix(entry).map_or(0, <[u8]>::len);
        let end = self.bytes.len();
        self.spans.push(Span { index, start, values_end: start + values, end, has_null: false });
    }

    pub(super) fn contains(&self, index: usize, key: &[u8]) -> bool {
        self.iter().any(|entry| entry.index == index && entry.key == key)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = Entry<'_>> {
        self.spans.iter().filter_map(|span| self.entry(span))
    }

    fn entry(&self, span: &Span) -> Option<Entry<'_>> {
        Some(Entry {
            index: span.index,
            key: self.bytes.get(span.start..span.end)?,
            values: self.bytes.get(span.start..span.values_end)?,
            has_null: span.has_null,
        })
    }

    /// Adds the entries of a document in one index, all or none.
    ///
    /// # Errors
    /// [`WrongType`](DocError::WrongType) for a value that a field does not allow.
    pub(super) fn add(
        &mut self,
        schema: &Schema,
        number: usize,
        index: &IndexDefinition,
        id_key: &[u8],
        fields: &dyn Fields,
    ) -> Result<()> {
        let first = self.spans.len();
        self.spans.push(Span {
            index: number,
            start: self.bytes.len(),
            values_end: 0,
            end: self.bytes.len(),
            has_null: false,
        });
        for part in &index.parts {
            if let Err(error) = self.scratch.read(schema, part.field, index.words, fields) {
                self.spans.truncate(first);
                return Err(error);
            }
            if index.sparse && self.scratch.ends.iter().any(|(_, is_null)| *is_null) {
                self.spans.truncate(first);
                return Ok(());
            }
            self.append_part(first, part.direction);
        }
        self.finish(first, index.id_direction(), id_key);
        Ok(())
    }

    /// Appends a part to the entries from `first` on. Each entry is replaced by one copy for each
    /// value of the part.
    fn append_part(&mut self, first: usize, direction: Direction) {
        let begun = self.spans.len();
        let mut start = 0;
        for (end, is_null) in &self.scratch.ends {
            let value = self.scratch.values.get(start..*end).unwrap_or_default();
            start = *end;
            for number in first..begun {
                let Some(&span) = self.spans.get(number) else { continue };
                let from = self.bytes.len();
                self.bytes.extend_from_within(span.start..span.end);
                if span.end > span.start {
                    self.bytes.push(PART_DELIMITER);
                }
                append_directed(value, direction, &mut self.bytes);
                let has_null = span.has_null || *is_null;
                self.spans.push(Span { start: from, end: self.bytes.len(), has_null, ..span });
            }
        }
        // Not before the last value, because the copies are made of them.
        self.spans.drain(first..begun);
    }

    /// Appends the id to the entries from `first` on, which completes them.
    fn finish(&mut self, first: usize, id_direction: Direction, id_key: &[u8]) {
        for span in self.spans.iter_mut().skip(first) {
            let from = self.bytes.len();
            self.bytes.extend_from_within(span.start..span.end);
            self.bytes.push(GROUP_DELIMITER);
            span.values_end = self.bytes.len();
            append_id(id_key, id_direction, &mut self.bytes);
            (span.start, span.end) = (from, self.bytes.len());
        }
    }

    /// Sorts the entries and removes duplicates. Entries added later are not sorted.
    pub(super) fn sort(&mut self) {
        let bytes = &self.bytes;
        let key = |span: &Span| (span.index, bytes.get(span.start..span.end));
        self.spans.sort_unstable_by(|left, right| key(left).cmp(&key(right)));
        self.spans.dedup_by(|left, right| key(left) == key(right));
    }

    /// Returns the entries that are not in `others`; both must be sorted.
    pub(super) fn without<'e>(&'e self, others: &'e Self) -> impl Iterator<Item = Entry<'e>> {
        let mut others = others.iter().peekable();
        self.iter().filter(move |entry| {
            let key = (entry.index, entry.key);
            while others.next_if(|other| (other.index, other.key) < key).is_some() {}
            others.peek().is_none_or(|other| (other.index, other.key) != key)
        })
    }
}

impl Scratch {
    /// Reads the values of a field, or its words.
    fn read(
        &mut self,
        schema: &Schema,
        field: FieldRef,
        as_words: bool,
        fields: &dyn Fields,
    ) -> Result<()> {
        self.values.clear();
        self.ends.clear();
        let read = fields.scalars(schema, field, &mut |value| match value {
            Scalar::Json(Value::String(text)) if as_words => {
                for word in words(text) {
                    self.push(&Scalar::Json(&Value::String(word)));
                }
            }
            value => self.push(value),
        });
        read.map_err(|found| schema.wrong_type(field, found))?;
        if self.ends.is_empty() {
            self.push(&Scalar::Json(&Value::Null));
        }
        Ok(())
    }

    fn push(&mut self, value: &Scalar<'_>) {
        // Fields have only scalar values, so encoding cannot fail.
        if value.encode(&mut self.values) {
            self.ends.push((self.values.len(), value.is_null()));
        }
    }
}

/// Appends an encoded value in a direction.
pub(super) fn append_directed(value: &[u8], direction: Direction, key: &mut Vec<u8>) {
    match direction {
        Direction::Forward => key.extend_from_slice(value),
        Direction::Reverse => {
            key.extend(value.iter().map(|byte| PART_BYTE_MAX.wrapping_sub(*byte)));
        }
    }
}

/// Appends an id in a direction.
pub(super) fn append_id(id_key: &[u8], direction: Direction, key: &mut Vec<u8>) {
    match direction {
        Direction::Forward => key.extend_from_slice(id_key),
        Direction::Reverse => Descending(Ordered(id_key)).encode_part(key),
    }
}

/// Reads the key of the document that an entry points to.
pub(super) fn id_key(
    entry: &[u8],
    direction: Direction,
) -> Result<std::borrow::Cow<'_, [u8]>, DecodeError> {
    let id = split(entry)?.1;
    Ok(match direction {
        Direction::Forward => id.into(),
        Direction::Reverse => Descending::<Ordered<Vec<u8>>>::decode_part(id)?.0.0.into(),
    })
}

/// Reads the value of a part, in its ascending encoding.
pub(super) fn part_value(
    entry: &[u8],
    part: usize,
    direction: Direction,
) -> Result<Vec<u8>, DecodeError> {
    let values = split(entry)?.0;
    let value = values.split(|byte| *byte == PART_DELIMITER).nth(part);
    let value = value.ok_or_else(|| DecodeError::new("a value for each part", "fewer"))?;
    let mut ascending = Vec::with_capacity(value.len());
    append_directed(value, direction, &mut ascending);
    Ok(ascending)
}

/// Splits an entry into its values and its id.
fn split(entry: &[u8]) -> Result<(&[u8], &[u8]), DecodeError> {
    let at = entry.iter().position(|byte| *byte == GROUP_DELIMITER);
    let at = at.ok_or_else(|| DecodeError::new("values and an id split by FF", "no FF"))?;
    let (values, id) = entry.split_at(at);
    Ok((values, id.get(1..).unwrap_or_default()))
}

/// Builds the error for an invalid entry.
pub(super) fn undecodable(
    collection: &str,
    tree: &str,
    key: &[u8],
    cause: impl std::error::Error + Send + Sync + 'static,
) -> Error {
    DocError::Undecodable {
        collection: collection.to_owned(),
        tree: tree.to_owned(),
        key: key.escape_ascii().to_string(),
        cause: Cause::new(cause),
    }
    .into()
}

/// Returns the start of an entry, which all documents with the same values share.
pub(super) fn values_prefix(entry: &[u8]) -> Result<&[u8], DecodeError> {
    let values = split(entry)?.0;
    Ok(entry.get(..=values.len()).unwrap_or(entry))
}
