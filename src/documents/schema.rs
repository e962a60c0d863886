//! What a collection knows of its documents whatever their type: names, kinds, indexes.
//!
//! Nothing here depends on the type of the documents, so that a program compiles it once and not once
//! for each collection.

use std::collections::HashSet;

use arbour_core::{Direction, Error, Result};
use serde_json::Value;

use super::field_schema::FieldSchema;
use super::scalar::{Scalar, ScalarKind, decode_scalar};
use super::{Declaration, DocError, DocId, FieldKind, Ids, Index, encode_scalar, read_id, words};

/// A declaration with its names resolved, without what depends on the type of the documents.
pub(super) struct Schema {
    pub(super) name: String,
    pub(super) id_path: Vec<String>,
    /// The name of the id when it is used as a field.
    pub(super) id_name: String,
    pub(super) ids: Ids,
    pub(super) placeholder: Option<Value>,
    pub(super) version: u32,
    pub(super) feed: bool,
    pub(super) fields: Vec<FieldSchema>,
    pub(super) indexes: Vec<IndexDefinition>,
    /// The fields that must be checked at each write because no index reads them.
    pub(super) checked_fields: Vec<usize>,
}

/// An index with its fields resolved.
#[derive(Clone)]
pub(super) struct IndexDefinition {
    pub(super) name: String,
    pub(super) parts: Vec<Part>,
    pub(super) unique: bool,
    /// Not in the fingerprint: the entries do not depend on when they are checked.
    pub(super) deferred: bool,
    pub(super) sparse: bool,
    pub(super) words: bool,
    /// The version since which upgrades leave its fields as they are.
    pub(super) since: u32,
    /// A text of everything the entries depend on. If it changes, the index must be rebuilt.
    pub(super) fingerprint: String,
}

/// A part of an index.
#[derive(Clone, Copy)]
pub(super) struct Part {
    pub(super) field: FieldRef,
    pub(super) direction: Direction,
}

/// A field by its number, or the id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum FieldRef {
    Id,
    Declared(usize),
}

impl IndexDefinition {
    /// Returns the direction in which entries with equal values sort their ids: that of the last
    /// part, so that a scan that reverses all parts reverses the ids too.
    pub(super) fn id_direction(&self) -> Direction {
        self.parts.last().map_or(Direction::Forward, |part| part.direction)
    }
}

impl Schema {
    /// Reads a declaration, without its indexes.
    pub(super) fn of<D: 'static>(declaration: &Declaration<D>) -> Self {
        Self {
            name: declaration.name.clone(),
            id_path: declaration.id_path.clone(),
            id_name: declaration.id_path.join("."),
            ids: declaration.ids.clone(),
            placeholder: declaration.placeholder.clone(),
            version: declaration.format.schema,
            feed: declaration.feed,
            fields: declaration
                .fields
                .iter()
                .map(|field| FieldSchema::of(field, declaration.format.schema))
                .collect(),
            indexes: Vec::new(),
            checked_fields: Vec::new(),
        }
    }

    /// Resolves the fields of the indexes.
    ///
    /// # Errors
    /// [`UnknownField`](DocError::UnknownField); [`Invalid`](DocError::Invalid) for fields that cannot be
    /// indexed together.
    pub(super) fn with_indexes(mut self, indexes: &[Index]) -> Result<Self> {
        let resolved: Result<Vec<_>> = indexes.iter().map(|index| self.resolve(index)).collect();
        self.indexes = resolved?;
        let parts = self.indexes.iter().flat_map(|index| &index.parts);
        let indexed: HashSet<FieldRef> = parts.map(|part| part.field).collect();
        self.checked_fields = (0..self.fields.len())
            .filter(|number| !indexed.contains(&FieldRef::Declared(*number)))
            .collect();
        Ok(self)
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// Finds a field by its name.
    pub(super) fn field(&self, name: &str) -> Result<FieldRef> {
        let fields = &self.fields;
        let declared = fields.iter().position(|field| field.name == name).map(FieldRef::Declared);
        let found = declared.or_else(|| (name == self.id_name).then_some(FieldRef::Id));
        found.ok_or_else(|| {
            DocError::UnknownField {
                collection: self.name().to_owned(),
                field: name.to_owned(),
                known: std::iter::once(&self.id_name)
                    .chain(fields.iter().map(|field| &field.name))
                    .cloned()
                    .collect(),
            }
            .into()
        })
    }

    pub(super) fn declared(&self, field: FieldRef) -> Option<&FieldSchema> {
        match field {
            FieldRef::Id => None,
            FieldRef::Declared(number) => self.fields.get(number),
        }
    }

    pub(super) fn field_name(&self, field: FieldRef) -> &str {
        self.declared(field).map_or(self.id_name.as_str(), |field| field.name.as_str())
    }

    pub(super) fn has_many(&self, field: FieldRef) -> bool {
        self.declared(field).is_some_and(|field| field.many)
    }

    /// Returns an id in the form used for comparisons: a UUID has one spelling, however the
    /// document spells it.
    pub(super) fn id_value(&self, id: Value) -> Value {
        match self.ids {
            Ids::Uuid => match self.ids.read(&id) {
                Ok(Some(uuid)) => uuid.to_json(),
                _ => id,
            },
            _ => id,
        }
    }

    /// Refuses a comparison with a type of value that the declaration of the field excludes.
    ///
    /// # Errors
    /// [`KindMismatch`](DocError::KindMismatch).
    pub(super) fn check_asked(&self, field: FieldRef, sort: ScalarKind) -> Result<()> {
        if self.kind(field).is_compared_with(sort) {
            return Ok(());
        }
        Err(self.kind_mismatch(field, sort.noun()))
    }

    /// Encodes a value that a field is compared with.
    ///
    /// # Errors
    /// [`KindMismatch`](DocError::KindMismatch); [`Invalid`](DocError::Invalid) for a value that no
    /// field can have.
    pub(super) fn encode_asked(&self, field: FieldRef, value: &Value) -> Result<Vec<u8>> {
        let kind = self.kind(field);
        let scalar = kind.compared(value).map_err(|asked| match asked {
            Some(asked) => self.kind_mismatch(field, asked),
            None => {
                let expected = kind.expected();
                self.invalid(format!("a field cannot have the value {value}: ask for {expected}"))
            }
        })?;
        let mut bytes = Vec::new();
        let is_encoded = match field {
            FieldRef::Id => encode_scalar(&self.id_value(value.clone()), &mut bytes),
            FieldRef::Declared(_) => scalar.encode(&mut bytes),
        };
        debug_assert!(is_encoded, "only scalars are compared");
        Ok(bytes)
    }

    fn kind(&self, field: FieldRef) -> FieldKind {
        match (self.declared(field), &self.ids) {
            (Some(field), _) => field.kind,
            (None, Ids::Integer | Ids::ChosenInteger) => FieldKind::Integer,
            (None, _) => FieldKind::Text,
        }
    }

    #[cold]
    fn kind_mismatch(&self, field: FieldRef, asked: &'static str) -> Error {
        DocError::KindMismatch {
            collection: self.name().to_owned(),
            field: self.field_name(field).to_owned(),
            declared: self.kind(field).expected(),
            asked,
        }
        .into()
    }

    /// Builds the error for a value that a field does not allow.
    pub(super) fn wrong_type(&self, field: FieldRef, found: Value) -> Error {
        let expected =
            self.declared(field).map_or(self.ids.expected(), |field| field.kind.expected());
        DocError::WrongType {
            collection: self.name().to_owned(),
            field: self.field_name(field).to_owned(),
            expected,
            found: Box::new(found),
        }
        .into()
    }

    pub(super) fn invalid(&self, reason: String) -> Error {
        DocError::Invalid { collection: self.name().to_owned(), reason }.into()
    }

    fn resolve(&self, index: &Index) -> Result<IndexDefinition> {
        let parts: Result<Vec<_>> = index
            .parts
            .iter()
            .map(|part| Ok(Part { field: self.field(&part.field)?, direction: part.direction }))
            .collect();
        let parts = parts?;
        let many = parts.iter().filter(|part| self.has_many(part.field)).count();
        let refused = if parts.is_empty() {
            Some("is over no field")
        } else if many > 1 {
            Some("is over two fields of many values")
        } else if index.words && parts.len() > 1 {
            Some("of words is over more than one field")
        } else if index.words && index.unique {
            Some("of words cannot be unique")
        } else {
            None
        };
        if let Some(reason) = refused {
            return Err(self.invalid(format!("the index {:?} {reason}", index.name)));
        }
        let fields = parts.iter().filter_map(|part| self.declared(part.field));
        let since = fields.map(|field| field.unchanged_since).max().unwrap_or(1);
        let fingerprint = self.fingerprint(index, &parts, since);
        let Index { name, unique, deferred, sparse, words, .. } = index.clone();
        Ok(IndexDefinition { name, parts, unique, deferred, sparse, words, since, fingerprint })
    }

    fn fingerprint(&self, index: &Index, parts: &[Part], since: u32) -> String {
        let mut text =
            format!("unique {} sparse {} words {}", index.unique, index.sparse, index.words);
        if index.words {
            text.push_str(&format!(" folding {}", words::FOLDING));
        }
        // An upgrade may change any field of which the declaration does not say otherwise.
        if since > 1 {
            text.push_str(&format!(" schema {since}"));
        }
        for part in parts {
            let sign = if part.direction == Direction::Reverse { '-' } else { '+' };
            text.push_str(&match self.declared(part.field) {
                None => format!("; {sign}id"),
                Some(field) => {
                    let source = match &field.path {
                        Some(path) => format!("path {path:?}"),
                        None => format!("computed {:?}", field.name),
                    };
                    format!(
                        "; {sign}{source} {:?} many {} default {:?} false is null {} revision {}",
                        field.kind, field.many, field.default, field.false_is_null, field.revision
                    )
                }
            });
        }
        text
    }

    /// Returns the value that a field has, if this is what the document has there.
    pub(super) fn completed(&self, field: FieldRef, value: Value) -> Value {
        let Some(field) = self.declared(field) else { return self.id_value(value) };
        match value {
            Value::Null => field.default.clone().unwrap_or_default(),
            Value::Bool(false) if field.false_is_null => Value::Null,
            value => value,
        }
    }

    /// Reads an id in a document; `None` if it is null or the placeholder of an id to be made.
    ///
    /// # Errors
    /// [`WrongType`](DocError::WrongType) if it is not an id of this collection.
    pub(super) fn read_id(&self, id: &Value) -> Result<Option<DocId<'static>>> {
        if self.placeholder.as_ref() == Some(id) {
            return Ok(None);
        }
        read_id(&self.ids, &self.name, Some(id))
    }

    /// Visits the values under which a field with this value is indexed; null if there is none.
    ///
    /// # Errors
    /// The value that the field does not allow.
    pub(super) fn visit_scalars(
        &self,
        field: FieldRef,
        value: Value,
        visit: &mut dyn FnMut(&Scalar<'_>),
    ) -> Result<(), Value> {
        let Some(declared) = self.declared(field) else {
            visit(&Scalar::Json(&value));
            return Ok(());
        };
        if let (Value::Array(values), true) = (&value, declared.many) {
            let mut scalars = Vec::with_capacity(values.len());
            for value in values {
                scalars.push(Scalar::of(declared.kind, value).ok_or_else(|| value.clone())?);
            }
            scalars.retain(|scalar| !scalar.is_null());
            if scalars.is_empty() {
                visit(&Scalar::Json(&Value::Null));
            }
            scalars.iter().for_each(visit);
            return Ok(());
        }
        if let Some(scalar) = Scalar::of(declared.kind, &value) {
            visit(&scalar);
            return Ok(());
        }
        Err(value)
    }

    /// Returns the JSON form of a field's value that an index returns too: the same for equal values.
    pub(super) fn plain_form(&self, field: FieldRef, value: Value) -> Value {
        let mut bytes = Vec::new();
        match Scalar::of(self.kind(field), &value) {
            Some(Scalar::Json(Value::Bool(_) | Value::String(_) | Value::Null)) => value,
            Some(scalar) if scalar.encode(&mut bytes) => {
                decode_scalar(&bytes).unwrap_or_else(|_| scalar.to_json())
            }
            _ => value,
        }
    }
}
