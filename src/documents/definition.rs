//! A validated declaration with its names resolved.

use std::collections::HashSet;

use arbour_core::engine::TreeName;
use arbour_core::engine::document_layout::NAME_BYTES_MAX;
use arbour_core::{Direction, Error, Result};
use serde_json::Value;

use super::scalar::{Scalar, ScalarKind, decode_scalar};
use super::{
    Body, Declaration, DocError, DocId, Field, FieldKind, FieldSource, Ids, Index, encode_scalar,
    path, read_id, steps, words,
};

/// A declaration with its names resolved.
pub(super) struct Definition<D> {
    pub(super) declaration: Declaration<D>,
    pub(super) indexes: Vec<IndexDefinition>,
    /// The name of the id when it is used as a field.
    pub(super) id_name: String,
    /// The fields that must be checked at each write because no index reads them.
    pub(super) checked_fields: Vec<usize>,
}

/// An index with its fields resolved.
pub(super) struct IndexDefinition {
    pub(super) name: String,
    pub(super) parts: Vec<Part>,
    pub(super) unique: bool,
    pub(super) sparse: bool,
    pub(super) words: bool,
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

impl<D: Body> Definition<D> {
    pub(super) fn new(declaration: Declaration<D>) -> Result<Self> {
        let id_name = declaration.id_name();
        check(&declaration, &id_name)
            .map_err(|reason| DocError::Invalid { collection: declaration.name.clone(), reason })?;
        let mut definition =
            Self { declaration, indexes: Vec::new(), id_name, checked_fields: Vec::new() };
        let indexes = &definition.declaration.indexes;
        let resolved: Result<Vec<_>> =
            indexes.iter().map(|index| definition.resolve(index)).collect();
        definition.indexes = resolved?;
        let indexed: HashSet<FieldRef> = definition
            .indexes
            .iter()
            .flat_map(|index| index.parts.iter().map(|part| part.field))
            .collect();
        let numbers = 0..definition.declaration.fields.len();
        definition.checked_fields =
            numbers.filter(|number| !indexed.contains(&FieldRef::Declared(*number))).collect();
        Ok(definition)
    }

    pub(super) fn name(&self) -> &str {
        &self.declaration.name
    }

    /// Finds a field by its name.
    pub(super) fn field(&self, name: &str) -> Result<FieldRef> {
        let fields = &self.declaration.fields;
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

    pub(super) fn declared(&self, field: FieldRef) -> Option<&Field<D>> {
        match field {
            FieldRef::Id => None,
            FieldRef::Declared(number) => self.declaration.fields.get(number),
        }
    }

    pub(super) fn field_name(&self, field: FieldRef) -> &str {
        self.declared(field).map_or(self.id_name.as_str(), |field| field.name.as_str())
    }

    pub(super) fn has_many(&self, field: FieldRef) -> bool {
        self.declared(field).is_some_and(|field| field.many)
    }

    /// Returns the value of a field in a document, or its default.
    pub(super) fn value(&self, field: FieldRef, body: &D) -> Value {
        let Some(field) = self.declared(field) else {
            return self.id_value(path::at(body, &self.declaration.id_path));
        };
        let value = match &field.source {
            FieldSource::Path(path) => path::at(body, path),
            FieldSource::Computed(compute) => compute(body),
        };
        match value {
            Value::Null => field.default.clone().unwrap_or_default(),
            Value::Bool(false) if field.false_is_null => Value::Null,
            value => value,
        }
    }

    /// Returns an id in the form used for comparisons: a UUID has one spelling, however the
    /// document spells it.
    pub(super) fn id_value(&self, id: Value) -> Value {
        match self.declaration.ids {
            Ids::Uuid => match self.declaration.ids.read(&id) {
                Ok(Some(uuid)) => uuid.to_json(),
                _ => id,
            },
            _ => id,
        }
    }

    /// Reads the id in a document; `None` if it is null or the placeholder of an id to be made.
    ///
    /// # Errors
    /// [`WrongType`](DocError::WrongType) if it is not an id of this collection.
    pub(super) fn read_id(&self, body: &D) -> Result<Option<DocId<'static>>> {
        let declaration = &self.declaration;
        let id = path::at(body, &declaration.id_path);
        if declaration.placeholder.as_ref() == Some(&id) {
            return Ok(None);
        }
        read_id(&declaration.ids, self.name(), Some(&id))
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
        match (self.declared(field), &self.declaration.ids) {
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

    /// Visits the values under which a field indexes a document; null if there is none.
    ///
    /// # Errors
    /// The value that the field does not allow.
    pub(super) fn scalars(
        &self,
        field: FieldRef,
        body: &D,
        visit: &mut dyn FnMut(&Scalar<'_>),
    ) -> Result<(), Value> {
        let value = self.value(field, body);
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
    pub(super) fn plain(&self, field: FieldRef, body: &D) -> Value {
        let value = self.value(field, body);
        let mut bytes = Vec::new();
        let scalar = Scalar::of(self.kind(field), &value);
        match scalar {
            Some(Scalar::Json(Value::Bool(_) | Value::String(_) | Value::Null)) => value,
            Some(scalar) if scalar.encode(&mut bytes) => {
                decode_scalar(&bytes).unwrap_or_else(|_| scalar.to_json())
            }
            _ => value,
        }
    }

    /// Builds the error for a value that a field does not allow.
    pub(super) fn wrong_type(&self, field: FieldRef, found: Value) -> Error {
        let expected = self
            .declared(field)
            .map_or(self.declaration.ids.expected(), |field| field.kind.expected());
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
        let fingerprint = self.fingerprint(index, &parts);
        let Index { name, unique, sparse, words, .. } = index.clone();
        Ok(IndexDefinition { name, parts, unique, sparse, words, fingerprint })
    }

    fn fingerprint(&self, index: &Index, parts: &[Part]) -> String {
        let mut text =
            format!("unique {} sparse {} words {}", index.unique, index.sparse, index.words);
        if index.words {
            text.push_str(&format!(" folding {}", words::FOLDING));
        }
        // An upgrade of the schema may change any field.
        let schema = self.declaration.format.schema;
        if schema > 1 {
            text.push_str(&format!(" schema {schema}"));
        }
        for part in parts {
            let sign = if part.direction == Direction::Reverse { '-' } else { '+' };
            text.push_str(&format!("; {sign}{}", print_of(self.declared(part.field))));
        }
        text
    }
}

/// Returns what the fingerprint of an index says about a field; `None` is the id.
pub(super) fn print_of<D>(field: Option<&Field<D>>) -> String {
    let Some(field) = field else { return "id".to_owned() };
    let source = match &field.source {
        FieldSource::Path(path) => format!("path {path:?}"),
        FieldSource::Computed(_) => format!("computed {:?}", field.name),
    };
    format!(
        "{source} {:?} many {} default {:?} false is null {} revision {}",
        field.kind, field.many, field.default, field.false_is_null, field.revision
    )
}

/// Returns what is wrong with a declaration, apart from the fields of its indexes.
fn check<D: Body>(declaration: &Declaration<D>, id_name: &str) -> Result<(), String> {
    check_name("collection", &declaration.name)?;
    if declaration.id_path.iter().any(String::is_empty) {
        return Err(format!("the path {id_name:?} to the id has an empty name in it"));
    }
    if declaration.id_path.iter().any(|name| name.ends_with(steps::EACH)) {
        return Err(format!(
            "the path {id_name:?} leads to many values, and a document has one id"
        ));
    }
    if let (Some(placeholder), false) = (&declaration.placeholder, declaration.ids.are_made()) {
        return Err(format!(
            "{placeholder} stands for an id to be made, but the program chooses the ids: remove the \
             placeholder, or declare ids that are made"
        ));
    }
    if !declaration.format.codec.can_read_back() {
        return Err("bincode cannot read a serde_json::Value back: use JSON".to_owned());
    }
    let mut names = HashSet::new();
    for field in &declaration.fields {
        if !names.insert(&field.name) {
            return Err(format!("two fields are named {:?}: rename one", field.name));
        }
        if let FieldSource::Path(path) = &field.source
            && path.iter().any(String::is_empty)
        {
            return Err(format!("the field {:?} has an empty name in its path", field.name));
        }
        check_arrays(field)?;
        if let Some(default) = &field.default {
            let values = match default {
                Value::Array(values) if field.many => values.as_slice(),
                value => std::slice::from_ref(value),
            };
            if !values.iter().all(|value| field.kind.admits(value)) {
                let expected = field.kind.expected();
                return Err(format!(
                    "the default of {:?} must be {expected}, not {default}",
                    field.name
                ));
            }
        }
    }
    if let Ids::Slug { field } = &declaration.ids
        && !names.contains(field)
    {
        return Err(format!(
            "ids are slugs of {field:?}, which is not declared: declare that field"
        ));
    }
    let mut names = HashSet::new();
    for index in &declaration.indexes {
        check_name("index", &index.name)?;
        if !names.insert(&index.name) {
            return Err(format!("two indexes are named {:?}: rename one", index.name));
        }
    }
    Ok(())
}

/// Checks a field whose path leads to each element of an array.
fn check_arrays<D>(field: &Field<D>) -> Result<(), String> {
    let (name, FieldSource::Path(path)) = (&field.name, &field.source) else { return Ok(()) };
    if path.iter().any(|step| step.ends_with(']') && step != steps::EACH) {
        return Err(format!(
            "the path {:?} of the field {name:?} leads to one element of an array: `[]` leads to each, \
             and a computed field to one",
            steps::joined(path)
        ));
    }
    if steps::leads_to_many(path) && field.default.is_some() {
        return Err(format!(
            "the field {name:?} has a value for each element of an array, and no place for a \
             default: remove the default"
        ));
    }
    if steps::leads_to_many(path) && !field.many {
        return Err(format!(
            "the field {name:?} leads to each element of an array: keep it `many`"
        ));
    }
    Ok(())
}

/// Checks a name that becomes part of the name of a tree.
fn check_name(what: &str, name: &str) -> Result<(), String> {
    let refused = |reason: &str| Err(format!("the name {name:?} of a {what} {reason}"));
    if name.is_empty() || name.len() > NAME_BYTES_MAX {
        return refused(&format!("must have 1 to {NAME_BYTES_MAX} bytes"));
    }
    if name.contains('/') || TreeName::stored(name).is_err() {
        return refused("must have no slash and no NUL in it");
    }
    Ok(())
}
