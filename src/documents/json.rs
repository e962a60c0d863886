//! Documents as JSON.

use std::error::Error as StdError;

use arbour_core::{Cause, EncodeError, Error, Result};
use serde::Serialize;
use serde_json::{Map, Value};

use super::{Body, DocError, DocId, Ids, json_form};

/// Returns the JSON form of a body, or of a part of one: the result of reading its JSON text. An
/// integer beyond 64 bits is an [`Integer`](super::Integer). A float that JSON cannot represent
/// becomes an object, which no field allows.
///
/// # Errors
/// [`Unfit`](DocError::Unfit) if JSON has no form for it.
///
/// ```
/// use arbour::documents::to_json;
/// assert_eq!(to_json("numbers", &7).unwrap(), 7);
/// assert_eq!(to_json("numbers", &0.1_f32).unwrap(), 0.1);
/// ```
pub fn to_json<T: Serialize + ?Sized>(collection: &str, body: &T) -> Result<Value> {
    json_form::of(body).map_err(|cause| unfit(collection, cause))
}

/// Returns the JSON text of a map key; `None` for a key that JSON cannot represent.
#[must_use]
pub(super) fn json_key<K: Serialize + ?Sized>(key: &K) -> Option<String> {
    json_form::key(key).ok()
}

/// Converts JSON to a body.
///
/// # Errors
/// [`Unfit`](DocError::Unfit) if it does not fit the type.
///
/// ```
/// use arbour::documents::from_json;
/// assert_eq!(from_json::<u32>("numbers", 7.into()).unwrap(), 7);
/// assert!(from_json::<u32>("numbers", "x".into()).is_err());
/// ```
pub fn from_json<D: Body>(collection: &str, json: Value) -> Result<D> {
    let number = json_form::find_number(&json);
    serde_json::from_value(json).map_err(|cause| match number {
        Some((path, number)) => {
            let reason = format!(
                "{path:?} is {number}, which JSON has no number for: change the document as a value \
                 of its type, and put it ({cause})"
            );
            let cause = EncodeError::new(reason).with_source(cause);
            unfit(collection, cause)
        }
        None => unfit(collection, cause),
    })
}

fn unfit(collection: &str, cause: impl StdError + Send + Sync + 'static) -> Error {
    DocError::Unfit { collection: collection.to_owned(), cause: Cause::new(cause) }.into()
}

/// Reads the id in a document.
///
/// # Errors
/// [`WrongType`](DocError::WrongType) if the value there is not a valid id.
///
/// ```
/// use arbour::documents::{Ids, read_id};
/// assert_eq!(read_id(&Ids::Chosen, "users", None).unwrap(), None);
/// ```
pub fn read_id(
    ids: &Ids,
    collection: &str,
    value: Option<&Value>,
) -> Result<Option<DocId<'static>>> {
    let Some(value) = value else { return Ok(None) };
    ids.read(value).map_err(|expected| {
        let (collection, field) = (collection.to_owned(), "id".to_owned());
        DocError::WrongType { collection, field, expected, found: Box::new(value.clone()) }.into()
    })
}

/// Sets the value at a path in JSON, creating the objects that lead to it. If anything other than
/// an object is in the way, nothing changes.
///
/// ```
/// use arbour::documents::set_at;
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
