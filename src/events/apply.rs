//! Applying one event: the phases of the models, and the sub-events they emit.

use std::borrow::Cow;
use std::panic::{AssertUnwindSafe, catch_unwind};

use arbour_core::engine::panic_message;
use arbour_core::{DynTransaction, Error, ErrorKind, KvWrite as _, Operation, Result};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::event::{Event, NewEvent};
use super::model::{ErasedModel, Failure, Outbox, Transact};
use super::phase::{ApplyError, Phase};
use super::projection::Projection;
use crate::AnyResult;

/// The result of applying an event.
#[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Effect {
    /// What the handlers returned, by the names of their models.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub(super) result: Map<String, Value>,
    /// The sub-events, in the order in which they were applied.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) sub_events: Vec<SubEvent>,
}

/// A sub-event that was applied together with an event.
///
/// ```
/// # use arbour::events::SubEvent;
/// fn is_note(sub_event: &SubEvent) -> bool {
///     sub_event.event_type == "noted"
/// }
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SubEvent {
    /// The stream of the sub-event.
    pub stream: String,
    /// The type of the sub-event.
    #[serde(rename = "type")]
    pub event_type: String,
    /// The payload as JSON; if its codec is another, its bytes as hexadecimal digits.
    pub payload: Value,
}

impl SubEvent {
    fn of(event: &NewEvent) -> Self {
        let payload = serde_json::from_slice(&event.payload).unwrap_or_else(|_| {
            let digits = event.payload.iter().map(|byte| format!("{byte:02x}"));
            Value::String(digits.collect())
        });
        Self { stream: event.stream.clone(), event_type: event.event_type.clone(), payload }
    }
}

impl Effect {
    pub(super) fn is_empty(&self) -> bool {
        self.result.is_empty() && self.sub_events.is_empty()
    }
}

/// Applies an event in its own savepoint. If it fails or panics, the caller must roll the savepoint
/// back.
///
/// # Errors
/// The inner error is a failure of the event. The outer one is a failure of the store, for which
/// the event is not to blame.
pub(super) fn apply(
    projection: &Projection,
    event: &Event<'_>,
    view: &mut DynTransaction<'_>,
) -> Result<Result<Effect, ApplyError>> {
    let mut applying = Applying { projection, sub_events: Vec::new() };
    let ended = catch_unwind(AssertUnwindSafe(|| {
        let result = applying.run(event, view, 0)?;
        // Here and not at the commit of the batch, so that only this event fails.
        view.run_checks().map_err(|cause| ApplyError {
            phase: Phase::Apply,
            model: projection.name().to_owned(),
            cause: cause.into(),
        })?;
        Ok(result)
    }));
    let failed = match ended {
        Ok(Ok(result)) => {
            return Ok(Ok(Effect { result, sub_events: applying.sub_events }));
        }
        Ok(Err(failed)) => failed,
        Err(panic) => {
            let cause = panic_message(panic.as_ref()).unwrap_or("a panic").to_owned().into();
            ApplyError { phase: Phase::Panic, model: projection.name().to_owned(), cause }
        }
    };
    match of_store(failed.cause.as_ref()) {
        Some(error) => Err(error.clone()),
        None => Ok(Err(failed)),
    }
}

/// Finds the store error among the causes of a handler's failure. In that case the event is not to
/// blame, and another try may succeed.
fn of_store<'e>(cause: &'e (dyn std::error::Error + 'static)) -> Option<&'e Error> {
    let mut next = Some(cause);
    while let Some(cause) = next {
        let is_of_event = |error: &Error| {
            error.operation() == Operation::Layer
                || matches!(
                    error.kind(),
                    ErrorKind::InvalidArgument | ErrorKind::TooLarge | ErrorKind::Decode
                )
        };
        if let Some(error) = cause.downcast_ref::<Error>().filter(|error| !is_of_event(error)) {
            return Some(error);
        }
        next = cause.source();
    }
    None
}

/// An event that is being applied, with its sub-events.
struct Applying<'p> {
    projection: &'p Projection,
    /// The sub-events started so far.
    sub_events: Vec<SubEvent>,
}

/// What the handlers of an event returned.
type Results = Map<String, Value>;

impl Applying<'_> {
    fn run(
        &mut self,
        event: &Event<'_>,
        view: &mut DynTransaction<'_>,
        depth: usize,
    ) -> Result<Results, ApplyError> {
        self.projection.check_type(event)?;
        let replacement = self.preprocess(event, view)?;
        let replaced = replacement.as_ref().map(|new| Placed::new(new, event));
        let replaced = replaced.as_ref().map(|placed| placed.event(event, event.part));
        let event = replaced.as_ref().unwrap_or(event);
        let mut results = Results::new();
        let mut sub_events = Vec::new();
        self.reduce_and_apply(event, view, &mut results, &mut sub_events)?;
        for model in &self.projection.models {
            let mut out = Outbox::default();
            let derived = model.derive(event, view, &mut out);
            derived.map_err(|cause| failed(Phase::Derive, model.as_ref(), cause))?;
            take(model.as_ref(), out, &mut results, &mut sub_events);
        }
        for sub_event in sub_events {
            self.run_part(event, sub_event, view, depth)?;
        }
        let projection = self.projection;
        for model in &projection.models {
            let mut run =
                |view: &mut DynTransaction<'_>, sub_event: NewEvent| -> AnyResult<Value> {
                    Ok(Value::Object(self.run_part(event, sub_event, view, depth)?))
                };
            let mut turn = Transact { view, run: &mut run };
            let transacted = model.transact(event, &mut turn);
            transacted.map_err(|cause| failed(Phase::Transact, model.as_ref(), cause))?;
        }
        Ok(results)
    }

    fn preprocess(
        &self,
        event: &Event<'_>,
        view: &DynTransaction<'_>,
    ) -> Result<Option<NewEvent>, ApplyError> {
        let mut replaced: Option<NewEvent> = None;
        for model in &self.projection.models {
            let placed = replaced.as_ref().map(|new| Placed::new(new, event));
            let now = placed.as_ref().map(|placed| placed.event(event, event.part));
            let other = model.preprocess(now.as_ref().unwrap_or(event), view);
            let other = other.map_err(|cause| failed(Phase::Preprocess, model.as_ref(), cause))?;
            replaced = other.or(replaced);
        }
        Ok(replaced)
    }

    /// Runs `reduce` of every model before `apply` of any, so that each reads the view as it was
    /// before the event.
    fn reduce_and_apply(
        &self,
        event: &Event<'_>,
        view: &mut DynTransaction<'_>,
        results: &mut Results,
        sub_events: &mut Vec<NewEvent>,
    ) -> Result<(), ApplyError> {
        let mut changes = Vec::with_capacity(self.projection.models.len());
        for model in &self.projection.models {
            let mut out = Outbox::default();
            let change = model.reduce(event, view, &mut out);
            changes.push(change.map_err(|cause| failed(Phase::Reduce, model.as_ref(), cause))?);
            take(model.as_ref(), out, results, sub_events);
        }
        for (model, change) in self.projection.models.iter().zip(changes) {
            if let Some(change) = change {
                let mut out = Outbox::default();
                let applied = model.apply(change, view, &mut out);
                applied.map_err(|cause| failed(Phase::Apply, model.as_ref(), cause))?;
                take(model.as_ref(), out, results, sub_events);
            }
        }
        Ok(())
    }

    /// Applies a sub-event.
    fn run_part(
        &mut self,
        event: &Event<'_>,
        sub_event: NewEvent,
        view: &mut DynTransaction<'_>,
        depth: usize,
    ) -> Result<Results, ApplyError> {
        let limits = self.projection.limits;
        if depth >= limits.depth || self.sub_events.len() >= limits.count {
            let cause = format!(
                "{:?} is a sub-event {} deep and the {}th: {} and {} are allowed",
                sub_event.event_type,
                depth + 1,
                self.sub_events.len() + 1,
                limits.depth,
                limits.count,
            );
            return Err(ApplyError {
                phase: Phase::SubEvents,
                model: self.projection.name().to_owned(),
                cause: cause.into(),
            });
        }
        self.sub_events.push(SubEvent::of(&sub_event));
        let part = self.sub_events.len() as u32;
        self.run(&Placed::new(&sub_event, event).event(event, part), view, depth + 1)
    }
}

/// An event that replaces another one, or that was emitted for it.
struct Placed<'a> {
    new: &'a NewEvent,
    /// The event's own metadata; if it has none, that of the other event.
    metadata: Cow<'a, [u8]>,
}

impl<'a> Placed<'a> {
    fn new(new: &'a NewEvent, event: &Event<'a>) -> Self {
        let own = (!new.metadata.is_empty()).then(|| serde_json::to_vec(&new.metadata));
        let metadata = own.and_then(Result::ok).map_or(Cow::Borrowed(event.metadata), Cow::Owned);
        Self { new, metadata }
    }

    fn event<'e>(&'e self, event: &Event<'e>, part: u32) -> Event<'e> {
        Event {
            part,
            stream: &self.new.stream,
            version: if part == event.part { event.version } else { 0 },
            event_type: &self.new.event_type,
            schema: self.new.schema,
            codec: self.new.codec,
            time: self.new.time.unwrap_or(event.time),
            payload: &self.new.payload,
            metadata: &self.metadata,
            ..*event
        }
    }
}

fn failed(phase: Phase, model: &dyn ErasedModel, cause: Failure) -> ApplyError {
    ApplyError { phase, model: model.name().to_owned(), cause }
}

fn take(
    model: &dyn ErasedModel,
    out: Outbox,
    results: &mut Results,
    sub_events: &mut Vec<NewEvent>,
) {
    if let Some(result) = out.result {
        results.insert(model.name().to_owned(), result);
    }
    sub_events.extend(out.sub_events);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::events::EventError;

    #[test]
    fn what_the_store_failed_with_is_found_among_the_causes() {
        let store = |kind| Error::new(kind, Operation::Get, "it failed");
        let wrapped = |kind| [store(kind), store(ErrorKind::Decode).with_source(store(kind))];
        for error in wrapped(ErrorKind::Busy) {
            let found = of_store(&error).map(Error::kind);
            assert_eq!(found, Some(ErrorKind::Busy), "{error:?}: another try may succeed");
        }
        for error in wrapped(ErrorKind::TooLarge) {
            assert!(of_store(&error).is_none(), "{error:?}: the event is to blame");
        }
        let of_layer = Error::from(EventError::TimedOut { what: "a wait".to_owned() });
        assert_eq!(of_layer.kind(), ErrorKind::Busy);
        assert!(of_store(&of_layer).is_none(), "the handler met it, the store did not");
        let other = std::io::Error::other("a file is missing");
        assert!(of_store(&other).is_none());
    }
}
