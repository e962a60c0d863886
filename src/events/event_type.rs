//! Event types: the name, the payload and how payloads of older versions are upgraded.

use std::error::Error as StdError;

use arbour_core::{Cause, Result};
use serde_json::Value;

use super::EventError;
use super::event::{Event, NewEvent};
use crate::documents::{Body, BodyCodec, BodyError, BodyFormat};

/// A type of event: its name, the type of its payload and the functions that upgrade payloads of
/// older versions. It is declared in the program and not stored.
///
/// ```
/// use arbour::events::EventType;
/// use serde::{Deserialize, Serialize};
/// #[derive(Serialize, Deserialize)]
/// struct Deposited { cents: u64, currency: String }
///
/// let deposited = EventType::<Deposited>::new("deposited").upcast_json(1, |mut payload| {
///     payload["currency"] = "EUR".into(); // there was only one then
///     Ok(payload)
/// });
/// let event = deposited.event("account-1", &Deposited { cents: 500, currency: "CHF".into() })?;
/// assert_eq!((event.event_type.as_str(), event.schema), ("deposited", 2));
/// # Ok::<(), arbour::Error>(())
/// ```
#[derive(Debug)]
pub struct EventType<B> {
    name: String,
    format: BodyFormat<B>,
}

impl<B> Clone for EventType<B> {
    fn clone(&self) -> Self {
        Self { name: self.name.clone(), format: self.format.clone() }
    }
}

impl<B: Body> EventType<B> {
    /// Declares an event type with JSON payloads at schema version 1.
    ///
    /// ```
    /// # use arbour::events::EventType;
    /// assert_eq!(EventType::<String>::new("noted").name(), "noted");
    /// ```
    #[must_use]
    pub fn new(name: impl Into<String>) -> Self {
        Self { name: name.into(), format: BodyFormat::new() }
    }

    /// Encodes payloads with another codec than JSON.
    ///
    /// ```
    /// # use arbour::documents::BodyCodec;
    /// # use arbour::events::EventType;
    /// # #[cfg(feature = "bincode")]
    /// let counted = EventType::<u64>::new("counted").codec(BodyCodec::bincode());
    /// ```
    #[must_use]
    pub fn codec(mut self, codec: BodyCodec<B>) -> Self {
        self.format.codec = codec;
        self
    }

    /// Also reads payloads that were encoded with another codec.
    ///
    /// ```
    /// # use arbour::documents::BodyCodec;
    /// # use arbour::events::EventType;
    /// let counted = EventType::<u64>::new("counted").also_reads(BodyCodec::json());
    /// # let _ = counted;
    /// ```
    #[must_use]
    pub fn also_reads(mut self, codec: BodyCodec<B>) -> Self {
        self.format.also_read.push(codec);
        self
    }

    /// Upgrades payloads from version `from` to the next when they are read. The log keeps them as
    /// they were written.
    ///
    /// ```
    /// # use arbour::events::EventType;
    /// let noted = EventType::<String>::new("noted").upcast(1, |payload| Ok(payload.to_ascii_uppercase()));
    /// # let _ = noted;
    /// ```
    #[must_use]
    pub fn upcast(
        mut self,
        from: u32,
        upcast: impl Fn(&[u8]) -> Result<Vec<u8>, Box<dyn StdError + Send + Sync>>
        + Send
        + Sync
        + 'static,
    ) -> Self {
        self.format.upgrade(from, upcast);
        self
    }

    /// As [`upcast`](Self::upcast), for payloads in JSON.
    ///
    /// ```
    /// # use arbour::events::EventType;
    /// # use serde_json::{Value, json};
    /// let noted = EventType::<Value>::new("noted").upcast_json(1, |text| Ok(json!({"text": text})));
    /// # let _ = noted;
    /// ```
    #[must_use]
    pub fn upcast_json(
        self,
        from: u32,
        upcast: impl Fn(Value) -> Result<Value, Box<dyn StdError + Send + Sync>> + Send + Sync + 'static,
    ) -> Self {
        self.upcast(from, move |payload| {
            Ok(serde_json::to_vec(&upcast(serde_json::from_slice(payload)?)?)?)
        })
    }

    /// Returns the name.
    ///
    /// ```
    /// # use arbour::events::EventType;
    /// assert_eq!(EventType::<String>::new("noted").name(), "noted");
    /// ```
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Creates an event of this type.
    ///
    /// # Errors
    /// [`Unfit`](EventError::Unfit) if the payload cannot be encoded.
    ///
    /// ```
    /// # use arbour::events::EventType;
    /// let event = EventType::<String>::new("noted").event("diary", &"hello".to_owned())?;
    /// assert_eq!(event.stream, "diary");
    /// # Ok::<(), arbour::Error>(())
    /// ```
    pub fn event(&self, stream: impl Into<String>, payload: &B) -> Result<NewEvent> {
        let mut bytes = Vec::new();
        (self.format.codec.encode)(payload, &mut bytes).map_err(|cause| EventError::Unfit {
            event_type: self.name.clone(),
            cause: Cause::new(cause),
        })?;
        let mut event = NewEvent::raw(stream, &self.name, self.format.codec.number, bytes);
        event.schema = self.format.schema;
        Ok(event)
    }

    /// Tells whether an event is of this type.
    ///
    /// ```
    /// # use arbour::events::{Event, EventType};
    /// fn is_note(event: &Event<'_>) -> bool {
    ///     EventType::<String>::new("noted").is(event)
    /// }
    /// ```
    #[must_use]
    pub fn is(&self, event: &Event<'_>) -> bool {
        event.event_type == self.name
    }

    /// Decodes the payload of an event, upgrading it if it has an older version; `None` if the
    /// event is of another type.
    ///
    /// # Errors
    /// [`Payload`](EventError::Payload) if it cannot be decoded, [`TooNew`](EventError::TooNew) if
    /// it has a newer version.
    ///
    /// ```
    /// # use arbour::events::{Event, EventError, EventType};
    /// fn note(event: &Event<'_>) -> arbour::Result<Option<String>> {
    ///     EventType::<String>::new("noted").read(event)
    /// }
    /// ```
    pub fn read(&self, event: &Event<'_>) -> Result<Option<B>> {
        if !self.is(event) {
            return Ok(None);
        }
        let decoded = self.format.decode(event.codec, event.schema, event.payload);
        let decoded = decoded.map(Some).map_err(|error| {
            let (position, event_type) = (event.position, self.name.clone());
            match error {
                BodyError::Decode(cause) => {
                    EventError::Payload { position, event_type, cause: Cause::new(cause) }
                }
                BodyError::TooNew { stored, known } => {
                    EventError::TooNew { position, event_type, stored, known }
                }
            }
        });
        Ok(decoded?)
    }
}
