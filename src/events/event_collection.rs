//! A collection whose writes are events.

use std::marker::PhantomData;

use arbour_core::{Cause, DynTransaction, Error, KvRead, KvWrite, Result};
use serde_json::{Value, json};

use super::EventError;
use super::append::Append;
use super::event::{Event, NewEvent};
use super::model::{Model, Outbox};
use crate::AnyResult;
use crate::documents::{
    Body, Collection, DocError, DocId, Ids, Precondition, Written, from_json, set_at, to_json,
};

/// The events of such a collection, as suffixes of their type names.
const ACTIONS: [&str; 7] = ["init", "set", "insert", "update", "upsert", "remove", "change-id"];

/// The codec of the payloads: JSON.
const CODEC: u8 = 1;

/// A collection whose writes are events. It makes the events, and the [model](Self::model) that applies
/// them. A write that the collection refuses, for example because the document exists
/// already or a unique value is taken, is not a failure of the event. The dispatching caller gets
/// `{"refused": .., "kind": ..}` as the model's result; otherwise `{"id": .., "revision": ..}`. A
/// unique index is checked at each write, even if it is deferred.
///
/// Generated ids are the same whenever the events are applied again.
///
/// ```
/// use arbour::documents::{Collection, Declaration};
/// use arbour::events::{EventCollection, Events, Projection};
/// use serde_json::{Value, json};
/// let store = arbour::open("memory:")?;
/// let people = EventCollection::<Value>::new("people");
/// let view = Projection::new("people", 1);
/// let collection = Collection::open(&store, Declaration::new(&view.view("people")))?;
/// let events = Events::builder(store.clone(), "main")
///     .projection(view.model(people.model(collection)))
///     .build()?;
/// let ada = people.insert(&json!({"id": "ada", "born": 1815}))?;
/// let dispatched = events.dispatch_all(ada.clone())?;
/// assert_eq!(dispatched.result("people", "people"), Some(&json!({"id": "ada", "revision": 1})));
/// let again = events.dispatch_all(ada)?;
/// assert_eq!(again.result("people", "people").unwrap()["kind"], "exists");
/// # Ok::<(), arbour::Error>(())
/// ```
#[derive(Debug)]
pub struct EventCollection<D> {
    name: String,
    id_path: Vec<String>,
    body: PhantomData<fn(D)>,
}

impl<D: Body> EventCollection<D> {
    /// Names a collection, whose documents have their ids at `id`. The event types begin with the name.
    #[must_use]
    pub fn new(name: &str) -> Self {
        Self { name: name.to_owned(), id_path: vec!["id".to_owned()], body: PhantomData }
    }

    /// Sets the path of the id in a document.
    ///
    /// ```
    /// # use arbour::events::EventCollection;
    /// let people = EventCollection::<serde_json::Value>::new("people").id("meta.id");
    /// # let _ = people;
    /// ```
    #[must_use]
    pub fn id(mut self, path: &str) -> Self {
        self.id_path = path.split('.').map(str::to_owned).collect();
        self
    }

    /// Returns the model that applies the events to a collection of documents. The program may share
    /// the collection to read it.
    #[must_use]
    pub fn model(&self, collection: Collection<D>) -> impl Model + use<D> {
        CollectionModel { name: self.name.clone(), collection }
    }

    /// Returns the append that creates the collection. It takes effect once, however often it is
    /// dispatched.
    ///
    /// ```
    /// # use arbour::events::EventCollection;
    /// let init = EventCollection::<serde_json::Value>::new("people").init();
    /// assert_eq!(init.key.as_deref(), Some("people/init"));
    /// ```
    #[must_use]
    pub fn init(&self) -> Append {
        let event_type = format!("{}/init", self.name);
        Append::from(NewEvent::raw(&self.name, &event_type, CODEC, b"null".to_vec()))
            .key(event_type)
    }

    /// Stores a document, replacing the existing one if there is one. A generated id is generated
    /// when the event is applied.
    ///
    /// # Errors
    /// [`Unfit`](DocError::Unfit) if the document cannot be encoded as JSON.
    ///
    /// ```
    /// # use arbour::events::EventCollection;
    /// # use serde_json::{Value, json};
    /// EventCollection::<Value>::new("people").set(&json!({"id": "ada"}))?;
    /// # Ok::<(), arbour::Error>(())
    /// ```
    pub fn set(&self, body: &D) -> Result<NewEvent> {
        self.of_body("set", body)
    }

    /// Inserts a document that must not exist yet.
    ///
    /// # Errors
    /// As [`set`](Self::set).
    ///
    /// ```
    /// # use arbour::events::EventCollection;
    /// # use serde_json::{Value, json};
    /// EventCollection::<Value>::new("people").insert(&json!({"id": "ada"}))?;
    /// # Ok::<(), arbour::Error>(())
    /// ```
    pub fn insert(&self, body: &D) -> Result<NewEvent> {
        self.of_body("insert", body)
    }

    /// Changes members of an existing document; a member set to null is removed.
    ///
    /// # Errors
    /// As [`set`](Self::set).
    ///
    /// ```
    /// # use arbour::events::EventCollection;
    /// # use serde_json::{Value, json};
    /// EventCollection::<Value>::new("people").update("ada", &json!({"born": 1815}))?;
    /// # Ok::<(), arbour::Error>(())
    /// ```
    pub fn update<'i>(&self, id: impl Into<DocId<'i>>, changes: &Value) -> Result<NewEvent> {
        let id = id.into();
        self.event("update", Some(&id), json!({"id": id.to_json(), "changes": changes}))
    }

    /// Changes members of the document whose id is in `changes`, or inserts `changes` as a new
    /// document if it does not exist.
    ///
    /// # Errors
    /// As [`set`](Self::set).
    ///
    /// ```
    /// # use arbour::events::EventCollection;
    /// # use serde_json::{Value, json};
    /// EventCollection::<Value>::new("people").upsert(&json!({"id": "ada", "born": 1815}))?;
    /// # Ok::<(), arbour::Error>(())
    /// ```
    pub fn upsert(&self, changes: &Value) -> Result<NewEvent> {
        self.of_json("upsert", changes.clone())
    }

    /// Removes a document if it exists.
    ///
    /// # Errors
    /// As [`set`](Self::set).
    ///
    /// ```
    /// # use arbour::events::EventCollection;
    /// EventCollection::<serde_json::Value>::new("people").remove("ada")?;
    /// # Ok::<(), arbour::Error>(())
    /// ```
    pub fn remove<'i>(&self, id: impl Into<DocId<'i>>) -> Result<NewEvent> {
        let id = id.into();
        self.event("remove", Some(&id), json!({"id": id.to_json()}))
    }

    /// Changes the id of a document.
    ///
    /// # Errors
    /// As [`set`](Self::set).
    ///
    /// ```
    /// # use arbour::events::EventCollection;
    /// EventCollection::<serde_json::Value>::new("people").change_id("ada", "lovelace")?;
    /// # Ok::<(), arbour::Error>(())
    /// ```
    pub fn change_id<'i>(
        &self,
        from: impl Into<DocId<'i>>,
        to: impl Into<DocId<'i>>,
    ) -> Result<NewEvent> {
        let (from, to) = (from.into(), to.into());
        let payload = json!({"id": from.to_json(), "to": to.to_json()});
        self.event("change-id", Some(&from), payload)
    }

    fn of_body(&self, action: &str, body: &D) -> Result<NewEvent> {
        self.of_json(action, to_json(&self.name, body)?)
    }

    fn of_json(&self, action: &str, body: Value) -> Result<NewEvent> {
        let id = self.id_path.iter().try_fold(&body, |value, name| value.get(name));
        let id = match id {
            Some(Value::String(id)) => Some(DocId::from(id.clone())),
            Some(Value::Number(id)) => id.as_i64().map(DocId::from),
            _ => None,
        };
        self.event(action, id.as_ref(), body)
    }

    /// Puts the events of a document into a stream of its own, if its id is known before the event
    /// is applied.
    fn event(&self, action: &str, id: Option<&DocId<'_>>, payload: Value) -> Result<NewEvent> {
        let stream = match id {
            Some(id) => format!("{}/{id}", self.name),
            None => self.name.clone(),
        };
        let event_type = format!("{}/{action}", self.name);
        let payload = serde_json::to_vec(&payload).map_err(|cause| EventError::Unfit {
            event_type: event_type.clone(),
            cause: Cause::new(cause),
        })?;
        Ok(NewEvent::raw(stream, event_type, CODEC, payload))
    }
}

/// Applies the events of an [`EventCollection`].
struct CollectionModel<D> {
    name: String,
    collection: Collection<D>,
}

impl<D: Body> CollectionModel<D> {
    fn write<W: KvWrite>(&self, write: &Write, view: &mut W) -> Result<Value> {
        let documents = &self.collection;
        let mut put = |precondition| {
            documents.put_if(view, &from_json(&self.name, write.body.clone())?, precondition)
        };
        let written = match write.action {
            "set" => put(Precondition::None)?,
            "insert" => put(Precondition::Absent)?,
            "update" => {
                documents.update_json(view, write.id(self, "id")?, write.member("changes"))?
            }
            "upsert" => documents.upsert_json(view, &write.body)?,
            "change-id" => {
                documents.change_id(view, write.id(self, "id")?, write.id(self, "to")?)?
            }
            _ => {
                let is_removed = documents.delete(view, write.id(self, "id")?)?;
                return Ok(json!({"removed": is_removed}));
            }
        };
        let Written { id, revision, .. } = written;
        Ok(json!({"id": id.to_json(), "revision": revision}))
    }

    /// Makes a write and checks it at once, because the next write is another event.
    fn write_checked<W: KvWrite>(&self, write: &Write, view: &mut W) -> Result<Value> {
        let indexes = &self.collection.declaration().indexes;
        if !indexes.iter().any(|index| index.deferred) {
            return self.write(write, view);
        }
        let mut part = DynTransaction::within(view);
        let written = self.write(write, &mut part)?;
        part.run_checks()?;
        part.commit()?;
        Ok(written)
    }
}

/// The write that an event describes.
struct Write {
    action: &'static str,
    body: Value,
}

impl Write {
    fn member(&self, name: &str) -> &Value {
        self.body.get(name).unwrap_or(&Value::Null)
    }

    fn id<D: Body>(&self, model: &CollectionModel<D>, name: &str) -> Result<DocId<'static>> {
        let ids = &model.collection.declaration().ids;
        let id = crate::documents::read_id(ids, &model.name, self.body.get(name))?;
        id.ok_or_else(|| {
            let (collection, field) = (model.name.clone(), name.to_owned());
            DocError::Required { collection, field }.into()
        })
    }
}

impl<D: Body> Model for CollectionModel<D> {
    type Change = Write;

    fn name(&self) -> &str {
        &self.name
    }

    fn reduce<R: KvRead>(
        &self,
        event: &Event<'_>,
        _before: &R,
        _out: &mut Outbox,
    ) -> AnyResult<Option<Write>> {
        let action = event
            .event_type
            .strip_prefix(self.name.as_str())
            .and_then(|rest| rest.strip_prefix('/'))
            .and_then(|action| ACTIONS.into_iter().find(|known| *known == action));
        let Some(action) = action.filter(|action| *action != "init") else { return Ok(None) };
        let mut body: Value = serde_json::from_slice(event.payload)?;
        let is_made = self.collection.declaration().ids == Ids::Uuid;
        if is_made && matches!(action, "set" | "insert" | "upsert") {
            let path = &self.collection.declaration().id_path;
            let id = path.iter().try_fold(&body, |value, name| value.get(name));
            if id.is_none_or(Value::is_null) {
                set_at(&mut body, path, DocId::from(event.fresh_id(0)).to_json());
            }
        }
        Ok(Some(Write { action, body }))
    }

    fn apply<W: KvWrite>(&self, write: Write, view: &mut W, out: &mut Outbox) -> AnyResult {
        match self.write_checked(&write, view) {
            Ok(written) => out.returns(written),
            Err(error) => match refusal(&error) {
                Some(kind) => out.returns(json!({"refused": error.to_string(), "kind": kind})),
                None => return Err(error.into()),
            },
        }
        Ok(())
    }
}

/// Returns the name of an error that refuses a write but is not a failure.
fn refusal(error: &Error) -> Option<&'static str> {
    Some(match error.downcast_ref()? {
        DocError::Exists { .. } => "exists",
        DocError::Missing { .. } => "missing",
        DocError::Unique { .. } => "unique",
        DocError::Required { .. } => "required",
        DocError::WrongType { .. } => "wrong-type",
        DocError::Invalid { .. } => "invalid",
        DocError::Unfit { .. } => "unfit",
        _ => return None,
    })
}
