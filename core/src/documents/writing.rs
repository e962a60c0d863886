//! Writing documents.

use serde::Serialize;
use serde_json::{Map, Value};

use super::{DocError, DocId, DocRead, DocResult, Document, Ids, Stored, Written, json_form};
use crate::{Cause, EncodeError};

/// A condition for a write.
///
/// ```
/// use arbour_core::documents::Precondition;
/// assert_eq!(Precondition::default(), Precondition::None);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Precondition {
    /// No condition.
    #[default]
    None,
    /// The document does not exist; otherwise [`Exists`](DocError::Exists).
    Absent,
    /// The document exists; otherwise [`Missing`](DocError::Missing).
    Present,
    /// The document is at this revision; otherwise [`Revision`](DocError::Revision), with the
    /// current document.
    Revision(u64),
}

/// Writes the documents of a collection, in the caller's transaction, together with their index
/// entries.
///
/// A refused write has written nothing, and the transaction can continue. The same holds if the
/// store fails during a write, unless undoing fails too: then roll back.
///
/// ```
/// use arbour_core::documents::{DocResult, DocWrite};
/// use serde_json::{Value, json};
///
/// fn marry(people: &mut impl DocWrite<Value>) -> DocResult<()> {
///     people.update("ada", &json!({"spouse": "william"}))?;
///     people.update("william", &json!({"spouse": "ada"}))?;
///     Ok(())
/// }
/// ```
pub trait DocWrite<D: Document>: DocRead<D> {
    /// Stores a document under the id in it, if the precondition holds. An existing document that
    /// cannot be decoded is overwritten like any other, except one with a newer schema version.
    ///
    /// [What is accepted can be read](super#what-is-accepted-can-be-read): anything else is
    /// [`Unfit`](DocError::Unfit).
    ///
    /// # Errors
    /// The error of the precondition; [`TooNew`](DocError::TooNew); [`Unique`](DocError::Unique),
    /// [`Required`](DocError::Required), [`WrongType`](DocError::WrongType),
    /// [`Unfit`](DocError::Unfit); from the store, [`TooLarge`](crate::ErrorKind::TooLarge) for a
    /// document or an index entry above its limits.
    ///
    /// ```
    /// # use arbour_core::documents::{DocResult, DocWrite, Document, Precondition};
    /// fn overwrite<D: Document>(documents: &mut impl DocWrite<D>, body: &D) -> DocResult<u64> {
    ///     Ok(documents.put(body, Precondition::Revision(3))?.revision)
    /// }
    /// ```
    fn put(&mut self, body: &D, precondition: Precondition) -> DocResult<Written>;

    /// Removes a document, if the precondition holds, and tells whether it existed. A document that
    /// cannot be decoded is removed too, except one with a newer schema version.
    ///
    /// # Errors
    /// The error of the precondition, and errors of the store.
    ///
    /// ```
    /// # use arbour_core::documents::{DocResult, DocWrite, Document, Precondition};
    /// fn remove<D: Document>(documents: &mut impl DocWrite<D>) -> DocResult<bool> {
    ///     documents.delete("ada", Precondition::Present)
    /// }
    /// ```
    fn delete<'i>(
        &mut self,
        id: impl Into<DocId<'i>>,
        precondition: Precondition,
    ) -> DocResult<bool>;

    /// Changes the id of a document; its revision continues.
    ///
    /// # Errors
    /// [`Missing`](DocError::Missing) if it does not exist, [`Exists`](DocError::Exists) if the new
    /// id is taken.
    ///
    /// ```
    /// # use arbour_core::documents::{DocResult, DocWrite, Document};
    /// fn rename<D: Document>(documents: &mut impl DocWrite<D>) -> DocResult<()> {
    ///     documents.change_id("ada", "ada lovelace").map(drop)
    /// }
    /// ```
    fn change_id<'i>(
        &mut self,
        from: impl Into<DocId<'i>>,
        to: impl Into<DocId<'i>>,
    ) -> DocResult<Written>;

    /// Stores a document, replacing the existing one if there is one.
    ///
    /// # Errors
    /// As [`put`](Self::put).
    ///
    /// ```
    /// # use arbour_core::documents::{DocResult, DocWrite};
    /// # use serde_json::{Value, json};
    /// fn set(people: &mut impl DocWrite<Value>) -> DocResult<()> {
    ///     people.set(&json!({"id": "ada", "born": 1815})).map(drop)
    /// }
    /// ```
    fn set(&mut self, body: &D) -> DocResult<Written> {
        self.put(body, Precondition::None)
    }

    /// Inserts a document that must not exist yet.
    ///
    /// # Errors
    /// As [`put`](Self::put); [`Exists`](DocError::Exists) if it exists.
    ///
    /// ```
    /// # use arbour_core::documents::{DocResult, DocWrite};
    /// # use serde_json::{Value, json};
    /// fn insert(people: &mut impl DocWrite<Value>) -> DocResult<()> {
    ///     people.insert(&json!({"id": "ada"})).map(drop)
    /// }
    /// ```
    fn insert(&mut self, body: &D) -> DocResult<Written> {
        self.put(body, Precondition::Absent)
    }

    /// Stores many documents and returns a result for each, in order. A refused document does not
    /// affect the others.
    ///
    /// ```
    /// # use arbour_core::documents::{DocWrite, Document, Precondition};
    /// fn load<D: Document>(documents: &mut impl DocWrite<D>, bodies: &[D]) -> usize {
    ///     documents.bulk(bodies, Precondition::Absent).iter().filter(|verdict| verdict.is_ok()).count()
    /// }
    /// ```
    fn bulk<'d>(
        &mut self,
        bodies: impl IntoIterator<Item = &'d D>,
        precondition: Precondition,
    ) -> Vec<DocResult<Written>> {
        bodies.into_iter().map(|body| self.put(body, precondition)).collect()
    }

    /// Removes a document, and tells whether it existed.
    ///
    /// # Errors
    /// As [`delete`](Self::delete).
    ///
    /// ```
    /// # use arbour_core::documents::{DocResult, DocWrite, Document};
    /// fn remove<D: Document>(documents: &mut impl DocWrite<D>) -> DocResult<()> {
    ///     documents.remove("nobody").map(drop)
    /// }
    /// ```
    fn remove<'i>(&mut self, id: impl Into<DocId<'i>>) -> DocResult<bool> {
        self.delete(id, Precondition::None)
    }

    /// Changes a document by a function of its JSON. The id in it cannot be changed.
    ///
    /// # Errors
    /// As [`put`](Self::put); [`Missing`](DocError::Missing) if it does not exist;
    /// [`Unfit`](DocError::Unfit) if the JSON no longer fits the type of the documents; the
    /// closure's own error.
    ///
    /// ```
    /// # use arbour_core::documents::{DocResult, DocWrite, Document, Precondition};
    /// fn age<D: Document>(people: &mut impl DocWrite<D>) -> DocResult<()> {
    ///     people.modify("ada", Precondition::Present, |mut person| {
    ///         person["age"] = (person["age"].as_u64().unwrap_or(0) + 1).into();
    ///         Ok(person)
    ///     }).map(drop)
    /// }
    /// ```
    fn modify<'i>(
        &mut self,
        id: impl Into<DocId<'i>>,
        precondition: Precondition,
        change: impl FnOnce(Value) -> DocResult<Value>,
    ) -> DocResult<Written> {
        let id = id.into().into_owned();
        let Some(stored) = self.get(&id)? else {
            return Err(absent(self, id, precondition));
        };
        let Stored { id, body, .. } = stored;
        let collection = &self.declaration().name;
        let mut json = change(to_json(collection, &body)?)?;
        set_at(&mut json, &self.declaration().id_path, id.to_json());
        let body: D = from_json(collection, json)?;
        let precondition = match precondition {
            Precondition::None => Precondition::Present,
            other => other,
        };
        self.put(&body, precondition)
    }

    /// Replaces members of a document, each as a whole; a member set to null is removed.
    ///
    /// # Errors
    /// As [`modify`](Self::modify); [`Invalid`](DocError::Invalid) if the changes are not an
    /// object.
    ///
    /// ```
    /// # use arbour_core::documents::{DocResult, DocWrite, Document};
    /// # use serde_json::json;
    /// fn bury<D: Document>(people: &mut impl DocWrite<D>) -> DocResult<()> {
    ///     people.update("ada", &json!({"died": 1852, "spouse": null})).map(drop)
    /// }
    /// ```
    fn update<'i>(&mut self, id: impl Into<DocId<'i>>, changes: &Value) -> DocResult<Written> {
        let changes = object(self, changes)?;
        self.modify(id, Precondition::Present, |json| Ok(merge_shallow(json, changes)))
    }

    /// Changes a document by a JSON merge patch ([RFC
    /// 7396](https://www.rfc-editor.org/rfc/rfc7396)): like [`update`](Self::update), but nested
    /// objects are merged too.
    ///
    /// # Errors
    /// As [`modify`](Self::modify).
    ///
    /// ```
    /// # use arbour_core::documents::{DocResult, DocWrite, Document};
    /// # use serde_json::json;
    /// fn move_to<D: Document>(people: &mut impl DocWrite<D>, city: &str) -> DocResult<()> {
    ///     people.patch("ada", &json!({"address": {"city": city}})).map(drop)
    /// }
    /// ```
    fn patch<'i>(&mut self, id: impl Into<DocId<'i>>, patch: &Value) -> DocResult<Written> {
        self.modify(id, Precondition::Present, |mut json| {
            json_patch::merge(&mut json, patch);
            Ok(json)
        })
    }

    /// Changes members of the document whose id is in `changes` as [`update`](Self::update) does,
    /// or inserts `changes` as a new document if it does not exist.
    ///
    /// # Errors
    /// As [`update`](Self::update), but a missing document is not an error.
    ///
    /// ```
    /// # use arbour_core::documents::{DocResult, DocWrite};
    /// # use serde_json::{Value, json};
    /// fn note(people: &mut impl DocWrite<Value>) -> DocResult<()> {
    ///     people.upsert(&json!({"id": "ada", "born": 1815})).map(drop)
    /// }
    /// ```
    fn upsert(&mut self, changes: &Value) -> DocResult<Written> {
        let declaration = self.declaration();
        let id = read_id(&declaration.ids, &declaration.name, at(changes, &declaration.id_path))?;
        if let Some(id) = id
            && self.get(&id)?.is_some()
        {
            return self.update(&id, changes);
        }
        let mut json = object(self, changes)?.clone();
        json.retain(|_, value| !value.is_null());
        let body: D = from_json(&self.declaration().name, json.into())?;
        self.put(&body, Precondition::Absent)
    }
}

/// Builds the error for a document to change that does not exist.
fn absent<D: Document>(
    documents: &(impl DocRead<D> + ?Sized),
    id: DocId<'static>,
    precondition: Precondition,
) -> DocError {
    let collection = documents.declaration().name.clone();
    match precondition {
        Precondition::Revision(expected) => {
            DocError::Revision { collection, id, expected, actual: 0, current: Box::default() }
        }
        _ => DocError::Missing { collection, id },
    }
}

fn object<'v, D: Document>(
    documents: &(impl DocRead<D> + ?Sized),
    changes: &'v Value,
) -> DocResult<&'v Map<String, Value>> {
    changes.as_object().ok_or_else(|| DocError::Invalid {
        collection: documents.declaration().name.clone(),
        reason: format!("changes must be an object, not {changes}"),
    })
}

fn merge_shallow(mut json: Value, changes: &Map<String, Value>) -> Value {
    if let Value::Object(members) = &mut json {
        for (name, value) in changes {
            if value.is_null() {
                members.remove(name);
            } else {
                members.insert(name.clone(), value.clone());
            }
        }
    }
    json
}

/// Returns the JSON form of a body, or of a part of one: the result of reading its JSON text. An
/// integer beyond 64 bits is an [`Integer`](super::Integer), and a float that JSON cannot represent
/// is an object that no field allows.
///
/// # Errors
/// [`Unfit`](DocError::Unfit) if JSON has no form for it.
///
/// ```
/// use arbour_core::documents::to_json;
/// assert_eq!(to_json("numbers", &7).unwrap(), 7);
/// assert_eq!(to_json("numbers", &0.1_f32).unwrap(), 0.1);
/// ```
pub fn to_json<T: Serialize + ?Sized>(collection: &str, body: &T) -> DocResult<Value> {
    json_form::of(body).map_err(|cause| unfit(collection, cause))
}

/// Returns the JSON text of a map key; `None` for a key that JSON cannot represent.
///
/// ```
/// use arbour_core::documents::json_key;
/// assert_eq!(json_key(&7).as_deref(), Some("7"));
/// assert_eq!(json_key(&(1, 2)), None);
/// ```
#[must_use]
pub fn json_key<K: Serialize + ?Sized>(key: &K) -> Option<String> {
    json_form::key(key).ok()
}

/// Converts JSON to a body.
///
/// # Errors
/// [`Unfit`](DocError::Unfit) if it does not fit the type.
///
/// ```
/// use arbour_core::documents::from_json;
/// assert_eq!(from_json::<u32>("numbers", 7.into()).unwrap(), 7);
/// assert!(from_json::<u32>("numbers", "x".into()).is_err());
/// ```
pub fn from_json<D: Document>(collection: &str, json: Value) -> DocResult<D> {
    let number = json_form::find_number(&json);
    serde_json::from_value(json).map_err(|cause| match number {
        Some((path, number)) => {
            let reason = format!(
                "{path:?} is {number}, which JSON has no number for: change the document as a value \
                 of its type, and put it ({cause})"
            );
            let cause = EncodeError::new(reason).with_source(cause);
            DocError::Unfit { collection: collection.to_owned(), cause: Cause::new(cause) }
        }
        None => unfit(collection, cause),
    })
}

fn unfit(collection: &str, cause: serde_json::Error) -> DocError {
    DocError::Unfit { collection: collection.to_owned(), cause: Cause::new(cause) }
}

/// Reads the id in a document.
///
/// # Errors
/// [`WrongType`](DocError::WrongType) if the value there is not a valid id.
///
/// ```
/// use arbour_core::documents::{Ids, read_id};
/// assert_eq!(read_id(&Ids::Chosen, "users", None).unwrap(), None);
/// ```
pub fn read_id(
    ids: &Ids,
    collection: &str,
    value: Option<&Value>,
) -> DocResult<Option<DocId<'static>>> {
    let Some(value) = value else { return Ok(None) };
    ids.read(value).map_err(|expected| DocError::WrongType {
        collection: collection.to_owned(),
        field: "id".to_owned(),
        expected,
        found: Box::new(value.clone()),
    })
}

/// Returns the value at a path in JSON.
pub(super) fn at<'v>(json: &'v Value, path: &[String]) -> Option<&'v Value> {
    path.iter().try_fold(json, |value, name| value.get(name))
}

/// Sets the value at a path in JSON, creating the objects that lead to it. If anything other than
/// an object is in the way, nothing changes.
///
/// ```
/// use arbour_core::documents::set_at;
/// let mut json = serde_json::json!({});
/// set_at(&mut json, &["meta".to_owned(), "id".to_owned()], 7.into());
/// assert_eq!(json["meta"]["id"], 7);
/// ```
pub fn set_at(json: &mut Value, path: &[String], value: Value) {
    let Some((last, outer)) = path.split_last() else { return };
    let mut place = json;
    for name in outer {
        let Value::Object(members) = place else { return };
        place = members.entry(name).or_insert_with(|| Value::Object(Map::new()));
    }
    if let Value::Object(members) = place {
        members.insert(last.clone(), value);
    }
}
