//! Writing documents.

use serde::Serialize;
use serde_json::{Map, Value};

use super::{DocError, DocId, DocRead, DocResult, Document, Ids, Stored, Written, json_form};
use crate::{Cause, EncodeError};

/// What must be true of a document for a write to happen.
///
/// ```
/// use arbour_core::documents::Precondition;
/// assert_eq!(Precondition::default(), Precondition::None);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Precondition {
    /// Nothing.
    #[default]
    None,
    /// It is not there; else [`Exists`](DocError::Exists).
    Absent,
    /// It is there; else [`Missing`](DocError::Missing).
    Present,
    /// It is at this revision; else [`Revision`](DocError::Revision), with the document as it is now.
    Revision(u64),
}

/// Writes the documents of a collection, in a transaction of the caller's, together with their
/// entries in indexes.
///
/// A write that is refused has written nothing, and the transaction goes on. So it is with one that
/// the store fails, unless undoing what was written fails too: then roll back.
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
    /// Stores a document under the id that stands in it, if the precondition holds. A stored document
    /// that cannot be read is written over like any other, but not one of a newer schema version.
    ///
    /// [What is accepted can be read](super#what-is-accepted-can-be-read): what could not is
    /// [`Unfit`](DocError::Unfit).
    ///
    /// # Errors
    /// That of the precondition; [`TooNew`](DocError::TooNew); [`Unique`](DocError::Unique), [`Required`](DocError::Required),
    /// [`WrongType`](DocError::WrongType), [`Unfit`](DocError::Unfit); of the store,
    /// [`TooLarge`](crate::ErrorKind::TooLarge) for a document or a value of an index over its limits.
    ///
    /// ```
    /// # use arbour_core::documents::{DocResult, DocWrite, Document, Precondition};
    /// fn overwrite<D: Document>(documents: &mut impl DocWrite<D>, body: &D) -> DocResult<u64> {
    ///     Ok(documents.put(body, Precondition::Revision(3))?.revision)
    /// }
    /// ```
    fn put(&mut self, body: &D, precondition: Precondition) -> DocResult<Written>;

    /// Removes a document, if the precondition holds, and tells whether there was one. One that cannot
    /// be read is removed too, but not one of a newer schema version.
    ///
    /// # Errors
    /// That of the precondition, and what the store reports.
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

    /// Gives a document another id; its revision goes on.
    ///
    /// # Errors
    /// [`Missing`](DocError::Missing) if it is not there, [`Exists`](DocError::Exists) if the new id
    /// is taken.
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

    /// Stores a document, whether it is there or not.
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

    /// Stores a document that is not there yet.
    ///
    /// # Errors
    /// As [`put`](Self::put); [`Exists`](DocError::Exists) if it is.
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

    /// Stores many documents and returns a verdict for each, in their order. One that is refused
    /// does not keep the others from being stored.
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

    /// Removes a document, and tells whether there was one.
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

    /// Changes a document by a function of its JSON. The id in it stays as it is.
    ///
    /// # Errors
    /// As [`put`](Self::put); [`Missing`](DocError::Missing) if it is not there;
    /// [`Unfit`](DocError::Unfit) if the JSON is no document any more; the closure's own.
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

    /// Changes members of a document, each as a whole; null removes it.
    ///
    /// # Errors
    /// As [`modify`](Self::modify); [`Invalid`](DocError::Invalid) if the changes are no object.
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

    /// Changes a document by a JSON merge patch ([RFC 7396](https://www.rfc-editor.org/rfc/rfc7396)):
    /// as [`update`](Self::update), but objects in it are merged too.
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

    /// Changes members of the document whose id stands in `changes` as [`update`](Self::update) does,
    /// or inserts them as a document if there is none.
    ///
    /// # Errors
    /// As [`update`](Self::update), but that it is not there is none.
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

/// Builds the error for a document that is to be changed and not there.
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

/// Returns the JSON form of a body, or of a part of one: what reading its JSON text gives. An integer
/// beyond 64 bits is an [`Integer`](super::Integer), and a float that is no number in JSON an object
/// that no field admits.
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

/// Returns the text that a key of a map has in JSON; `None` for a key that JSON has no text for.
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

/// Reads a body from JSON.
///
/// # Errors
/// [`Unfit`](DocError::Unfit) if it is none of this type.
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

/// Reads the id that stands in a document.
///
/// # Errors
/// [`WrongType`](DocError::WrongType) if what stands there is none.
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

/// Returns what stands at a path in JSON.
pub(super) fn at<'v>(json: &'v Value, path: &[String]) -> Option<&'v Value> {
    path.iter().try_fold(json, |value, name| value.get(name))
}

/// Puts a value at a path in JSON, making the objects that lead to it. Where something else than an
/// object is in the way, it is left as it is.
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
