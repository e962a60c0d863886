//! A shop that orders things: a model with every phase, beside the things it orders.

use std::sync::{Arc, Mutex};

use arbour::documents::Collection;
use arbour::events::{Event, EventType, Model, NewEvent, Outbox, Transact};
use arbour::{AnyResult, KvRead, KvWrite};
use serde_json::{Value, json};

use crate::stores::writes;

/// Takes orders of things.
pub(crate) struct Shop {
    pub(crate) things: Collection<Value>,
    /// Whether it refuses what it cannot deliver. Otherwise it fails, as it did before it was
    /// repaired.
    pub(crate) is_mended: bool,
    /// The calls, in order.
    pub(crate) calls: Arc<Mutex<Vec<String>>>,
}

/// An order of one thing. `one-ordered` is its earlier name.
pub(crate) fn order(thing: i64, count: i64) -> NewEvent {
    let payload = json!({"thing": thing, "count": count});
    EventType::new("ordered").event("shop", &payload).unwrap()
}

pub(crate) fn old_order(thing: i64) -> NewEvent {
    EventType::new("one-ordered").event("shop", &thing).unwrap()
}

impl Shop {
    pub(crate) fn new(things: &Collection<Value>) -> Self {
        Self { things: things.clone(), is_mended: false, calls: Arc::default() }
    }

    fn call(&self, phase: &str, event: &Event<'_>) {
        self.calls.lock().unwrap().push(format!("{phase} {}", event.event_type));
    }

    fn ordered(event: &Event<'_>) -> AnyResult<Option<(i64, i64)>> {
        let payload = EventType::<Value>::new("ordered").read(event)?;
        Ok(payload.and_then(|order| Some((order["thing"].as_i64()?, order["count"].as_i64()?))))
    }
}

impl Model for Shop {
    type Change = (i64, i64);

    fn name(&self) -> &str {
        "shop"
    }

    fn preprocess<R: KvRead>(&self, event: &Event<'_>, _before: &R) -> AnyResult<Option<NewEvent>> {
        self.call("preprocess", event);
        let thing = EventType::<i64>::new("one-ordered").read(event)?;
        Ok(thing.map(|thing| order(thing, 1)))
    }

    fn reduce<R: KvRead>(
        &self,
        event: &Event<'_>,
        before: &R,
        out: &mut Outbox,
    ) -> AnyResult<Option<(i64, i64)>> {
        self.call("reduce", event);
        let Some((thing, count)) = Self::ordered(event)? else { return Ok(None) };
        let stored = self.things.get(before, thing)?;
        let there = stored.and_then(|stored| stored["count"].as_i64()).unwrap_or(0);
        if there < count {
            let reason = format!("there are {there} of thing {thing}, and not {count}");
            if !self.is_mended {
                return Err(reason.into());
            }
            out.returns(json!({"refused": reason}));
            return Ok(None);
        }
        out.emit(writes().update(thing, &json!({"count": there - count}))?);
        Ok(Some((thing, there - count)))
    }

    fn apply<W: KvWrite>(
        &self,
        (thing, left): (i64, i64),
        _view: &mut W,
        out: &mut Outbox,
    ) -> AnyResult {
        out.returns(json!({"thing": thing, "left": left}));
        Ok(())
    }

    /// Writes to the things directly.
    fn derive<W: KvWrite>(&self, event: &Event<'_>, view: &mut W, _out: &mut Outbox) -> AnyResult {
        self.call("derive", event);
        let Some((thing, _)) = Self::ordered(event)? else { return Ok(()) };
        if self.things.get(view, thing)?.is_some() {
            self.things.update_json(view, thing, &json!({"ordered": event.position}))?;
        }
        Ok(())
    }

    /// Puts a note if something is sold out, and its id into the thing.
    fn transact<W: KvWrite>(&self, event: &Event<'_>, turn: &mut Transact<'_, W>) -> AnyResult {
        self.call("transact", event);
        let Some((thing, _)) = Self::ordered(event)? else { return Ok(()) };
        let stored = self.things.get(turn.view(), thing)?;
        if stored.is_some_and(|stored| stored["count"] == 0) {
            let said = turn.dispatch(writes().insert(&json!({"name": "sold out"}))?)?;
            let note = &said["things"]["id"];
            turn.dispatch(writes().update(thing, &json!({"note": note}))?)?;
        }
        Ok(())
    }
}
