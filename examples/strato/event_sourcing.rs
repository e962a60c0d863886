//! Things whose every write is an event: the second program.

use std::io::Write;
use std::sync::Arc;
use std::time::Duration;

use arbour::documents::{Collection, Filter};
use arbour::events::{EventCollection, EventQuery, Events, Projection};
use arbour::{DynStore, Result};
use serde_json::{Value, json};

use crate::failure::Failure;
use crate::things;

/// The name of the things, and of the projection of their events.
const THINGS: &str = "things";

/// How long to wait for another thread that is applying events.
const WAIT: Duration = Duration::from_secs(30);

type Things = Collection<Value>;

/// Opens the things and the queue of their events, in one store or in two.
pub(crate) fn open(
    store: &Arc<DynStore>,
    queue: Option<&Arc<DynStore>>,
) -> Result<(Events, Things)> {
    let projection = Projection::new(THINGS, 1);
    let declaration = things::declaration(&projection.view(THINGS));
    let things = Collection::open(&**store, declaration)?;
    let model = EventCollection::new(THINGS).model(things.clone());
    let events = Events::builder(Arc::clone(store), "queue").projection(projection.model(model));
    let events = match queue {
        Some(queue) => events.log_in(Arc::clone(queue)).build()?,
        None => events.build()?,
    };
    Ok((events, things))
}

/// Stores a thing by an event, and prints all that have count 3, and the events.
pub(crate) fn event_sourcing(
    store: &Arc<DynStore>,
    queue: Option<&Arc<DynStore>>,
    out: &mut impl Write,
) -> Result<(), Failure> {
    let (events, things) = open(store, queue)?;
    let thing = json!({"id": 5, "name": "hi", "count": 3});
    let set = events.dispatch_all(EventCollection::new(THINGS).set(&thing)?)?;
    let snapshot = events.wait_for(THINGS, set.appended.last, WAIT)?;
    for thing in things.find(Filter::eq("count", 3)).list(&snapshot)? {
        writeln!(out, "{thing}")?;
    }
    history(&events, out)
}

/// Prints the events.
pub(crate) fn history(events: &Events, out: &mut impl Write) -> Result<(), Failure> {
    for event in events.read(&EventQuery::all())? {
        let event = event.as_event();
        let payload = String::from_utf8_lossy(event.payload);
        writeln!(out, "{}\t{}\t{payload}", event.position, event.event_type)?;
    }
    Ok(())
}
