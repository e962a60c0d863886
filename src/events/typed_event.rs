//! Events that are types of the program.

use arbour_core::{Cause, DecodeError, EncodeError, Result};
use serde_json::Value;

use super::EventError;
use super::event::{Event, NewEvent};
use super::recorded::Recorded;
use crate::AnyResult;
use crate::documents::{Body, BodyCodec};

/// A type of the program whose values are events: an enum, each variant of which is an event type,
/// or a struct, which is one event type.
///
/// `#[derive(Event)]` implements it. The payload is the JSON of the variant's content, without the
/// name of the variant: an [`EventType`](super::EventType) of that name reads and writes the same
/// events.
///
#[cfg_attr(feature = "derive", doc = "```")]
#[cfg_attr(not(feature = "derive"), doc = "```text")]
/// use arbour::events::EventType;
/// use arbour::prelude::*;
/// use serde_json::{Value, json};
///
/// #[derive(Serialize, Deserialize, Event)]
/// enum Banking {
///     Opened { owner: String },
///     Moved { cents: i64 },
/// }
///
/// let store = arbour::open("memory:")?;
/// let events = Events::builder(store, "main").build()?;
/// events.dispatch("ada", Banking::Opened { owner: "Ada".to_owned() })?;
/// events.dispatch("ada", Banking::Moved { cents: 400 })?;
///
/// let stored = &events.read(&EventQuery::stream("ada"))?[1];
/// let moved = Banking::read(&stored.as_event())?.unwrap();
/// assert!(matches!(moved.body, Banking::Moved { cents: 400 }));
/// assert_eq!((moved.stream(), moved.position), ("ada", 2));
///
/// let by_hand = EventType::<Value>::new("Moved").read(&stored.as_event())?;
/// assert_eq!(by_hand, Some(json!({"cents": 400})));
/// # Ok::<(), arbour::Error>(())
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an event",
    label = "not an event",
    note = "derive it: `#[derive(Serialize, Deserialize, Event)]`; events that were declared by an \
            `EventType` are dispatched by `dispatch_all`"
)]
pub trait TypedEvent: Body {
    /// The names of the event types, in the order of the variants.
    const TYPES: &'static [&'static str];

    /// The stored forms of the event types, in the same order.
    #[doc(hidden)]
    const FORMS: &'static [Form];

    /// Returns the index of this value's type in [`TYPES`](Self::TYPES).
    #[doc(hidden)]
    fn form(&self) -> usize;

    /// Encodes the event for a stream. [`Append`](super::Append) takes several such events, with
    /// expected versions and an idempotency key.
    ///
    /// # Errors
    /// [`Unfit`](EventError::Unfit) if the content cannot be encoded as JSON.
    ///
    #[cfg_attr(feature = "derive", doc = "```")]
    #[cfg_attr(not(feature = "derive"), doc = "```text")]
    /// use arbour::events::{Append, Expected};
    /// use arbour::prelude::*;
    /// #[derive(Serialize, Deserialize, Event)]
    /// struct Moved { cents: i64 }
    ///
    /// let events = Events::builder(arbour::open("memory:")?, "main").build()?;
    /// let transfer = Append::new()
    ///     .event(Moved { cents: -5 }.to_stream("ada")?)
    ///     .event(Moved { cents: 5 }.to_stream("bob")?)
    ///     .expect("ada", Expected::NoStream)
    ///     .key("transfer-7");
    /// assert_eq!(events.dispatch_all(transfer)?.appended.last, 2);
    /// # Ok::<(), arbour::Error>(())
    /// ```
    fn to_stream(&self, stream: impl Into<String>) -> Result<NewEvent> {
        let unfit = |name: &str, cause: EncodeError| EventError::Unfit {
            event_type: name.to_owned(),
            cause: Cause::new(cause),
        };
        let form = Self::FORMS.get(self.form()).ok_or_else(|| {
            let event_type = std::any::type_name::<Self>();
            unfit(event_type, EncodeError::new("its variant has no event type"))
        })?;
        let codec = BodyCodec::<Self>::json();
        let mut json = Vec::new();
        (codec.encode)(self, &mut json).map_err(|cause| unfit(form.name, cause))?;
        let payload = form.payload(json).map_err(|cause| unfit(form.name, cause))?;
        let mut event = NewEvent::raw(stream, form.name, codec.number, payload);
        event.schema = form.schema;
        Ok(event)
    }

    /// Decodes an event, upgrading it if it has an older version; `None` if it is of another type
    /// than those of [`TYPES`](Self::TYPES).
    ///
    /// # Errors
    /// [`Payload`](EventError::Payload) if it cannot be decoded, [`TooNew`](EventError::TooNew) if
    /// it has a newer version.
    ///
    /// ```
    /// # use arbour::events::{Event, TypedEvent};
    /// fn is_known<E: TypedEvent>(event: &Event<'_>) -> arbour::Result<bool> {
    ///     Ok(E::read(event)?.is_some())
    /// }
    /// ```
    fn read(event: &Event<'_>) -> Result<Option<Recorded<Self>>> {
        let Some(form) = Self::FORMS.iter().find(|form| form.name == event.event_type) else {
            return Ok(None);
        };
        let (position, event_type) = (event.position, form.name.to_owned());
        if event.schema > form.schema {
            let (stored, known) = (event.schema, form.schema);
            return Err(EventError::TooNew { position, event_type, stored, known }.into());
        }
        let body = form.decode(event).map_err(|cause| {
            let cause = Cause::new(cause);
            EventError::Payload { position, event_type, cause }
        })?;
        Ok(Some(Recorded::new(event, body)))
    }
}

/// How an event type is stored; written by the derive macro.
#[doc(hidden)]
#[derive(Clone, Copy)]
pub struct Form {
    /// The name of the event type.
    pub name: &'static str,
    /// What serde writes before the content of the variant: `{"Moved":`; empty for a struct.
    pub prefix: &'static str,
    /// The declared schema version.
    pub schema: u32,
    /// Upgrades a payload from a version to the next.
    pub upgrade: Option<fn(u32, Value) -> AnyResult<Value>>,
}

/// The payload of a variant without content.
const NO_CONTENT: &[u8] = b"null";

impl Form {
    /// Removes the name of the variant from what serde wrote.
    fn payload(&self, json: Vec<u8>) -> Result<Vec<u8>, EncodeError> {
        if self.prefix.is_empty() {
            return Ok(json);
        }
        // A variant without content is written as its name alone.
        if json.first() == Some(&b'"') {
            return Ok(NO_CONTENT.to_vec());
        }
        let content = json.strip_prefix(self.prefix.as_bytes());
        let content = content.and_then(|content| content.strip_suffix(b"}"));
        content.map(<[u8]>::to_vec).ok_or_else(|| {
            EncodeError::new(format!(
                "its type is not serialized as serde derives it, beginning with `{}`",
                self.prefix
            ))
        })
    }

    fn decode<E: Body>(&self, event: &Event<'_>) -> Result<E, DecodeError> {
        let codec = BodyCodec::<E>::json();
        if event.codec != codec.number {
            let (expected, found) = (format!("codec {codec:?}"), format!("codec {}", event.codec));
            return Err(DecodeError::new(expected, found));
        }
        let upgraded;
        let payload = if event.schema < self.schema {
            upgraded = self.upgraded(event)?;
            &upgraded
        } else {
            event.payload
        };
        if self.prefix.is_empty() {
            return (codec.decode)(payload);
        }
        (codec.decode)(&[self.prefix.as_bytes(), payload, b"}"].concat())
    }

    /// Upgrades a payload to the declared version, one version at a time.
    fn upgraded(&self, event: &Event<'_>) -> Result<Vec<u8>, DecodeError> {
        let json_error = |error: serde_json::Error| {
            DecodeError::new("a payload in JSON", error.to_string()).with_source(error)
        };
        let upgrade = self.upgrade.filter(|_| event.schema > 0).ok_or_else(|| {
            DecodeError::new("a version with an upgrade", format!("version {}", event.schema))
        })?;
        let mut payload = serde_json::from_slice(event.payload).map_err(json_error)?;
        for version in event.schema..self.schema {
            payload = upgrade(version, payload).map_err(|cause| {
                let expected = format!("a payload of schema version {version}");
                DecodeError::new(expected, cause.to_string())
            })?;
        }
        serde_json::to_vec(&payload).map_err(json_error)
    }
}
