//! Things whose every write is an event, opened in stores.

use std::sync::Arc;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::thread;
use std::time::Duration;

use arbour::documents::{Collection, DocId, Ids};
use arbour::events::{
    Append, EventBuf, EventCollection, EventQuery, Events, EventsBuilder, Log, Outcome, Projection,
};
use arbour::{DynStore, KvStore as _};
use serde_json::{Map, Value};

use crate::things;

/// The time limit of a wait for a dispatch; no test takes that long.
pub(crate) const WAIT: Duration = Duration::from_secs(300);

/// The store of the things, and the store of the queue if it is a separate one.
#[derive(Clone)]
pub(crate) struct Stores {
    pub(crate) store: Arc<DynStore>,
    pub(crate) queue: Option<Arc<DynStore>>,
}

/// Things and the queue of their events.
pub(crate) struct Opened {
    pub(crate) events: Events,
    pub(crate) things: Collection<Value>,
}

/// Makes the events of things.
pub(crate) fn writes() -> EventCollection<Value> {
    EventCollection::new("things")
}

impl Stores {
    pub(crate) fn queue_store(&self) -> &Arc<DynStore> {
        self.queue.as_ref().unwrap_or(&self.store)
    }

    pub(crate) fn builder(&self) -> EventsBuilder {
        let builder = Events::builder(Arc::clone(&self.store), "queue");
        match &self.queue {
            Some(queue) => builder.log_in(Arc::clone(queue)),
            None => builder,
        }
    }

    /// Declares a version of the view: things, with these ids.
    pub(crate) fn projection(&self, version: u32, ids: Ids) -> (Projection, Collection<Value>) {
        let projection = Projection::new("things", version);
        let declaration = things::declaration(&projection.view("things")).id("id", ids);
        let things = Collection::open(&*self.store, declaration).unwrap();
        let model = writes().model(things.clone());
        (projection.model(model), things)
    }

    pub(crate) fn open(&self) -> Opened {
        self.open_as(1, Ids::Integer, |projection, _| projection)
    }

    /// Opens another version, with other ids or more models.
    pub(crate) fn open_as(
        &self,
        version: u32,
        ids: Ids,
        more: impl FnOnce(Projection, &Collection<Value>) -> Projection,
    ) -> Opened {
        let (projection, things) = self.projection(version, ids);
        let events = self.builder().projection(more(projection, &things)).build().unwrap();
        Opened { events, things }
    }

    /// Appends to the queue without applying anything, like a process that dies before it can.
    pub(crate) fn append(&self, append: impl Into<Append>) -> u64 {
        let (store, append) = (self.queue_store(), append.into());
        let log = Log::open(&**store, "queue").unwrap();
        store.write(|transaction| log.append(transaction, &append)).unwrap().last
    }
}

impl Opened {
    /// Dispatches an event and returns what each model made of it.
    #[track_caller]
    pub(crate) fn dispatch(&self, append: impl Into<Append>) -> Map<String, Value> {
        match self.outcome(append) {
            Outcome::Applied { result, .. } => result,
            outcome => panic!("{outcome:?}"),
        }
    }

    /// Dispatches an event and returns its outcome.
    pub(crate) fn outcome(&self, append: impl Into<Append>) -> Outcome {
        self.events.dispatch_all(append).unwrap().outcomes("things").last().unwrap().clone()
    }

    pub(crate) fn get<'i>(&self, id: impl Into<DocId<'i>>) -> Option<Value> {
        let snapshot = self.events.store().snapshot().unwrap();
        self.things.get(&snapshot, id).unwrap()
    }

    /// Returns the events as lines like `1 things/set`.
    pub(crate) fn history(&self, query: &EventQuery) -> Vec<String> {
        let events = self.events.read(query).unwrap();
        let line = |event: &EventBuf| {
            let event = event.as_event();
            format!("{} {}", event.position, event.event_type)
        };
        events.iter().map(line).collect()
    }
}

/// Runs code that may hang if something is wrong, and fails in that case.
pub(crate) fn ends(run: impl FnOnce() + Send + 'static) {
    let (done, wait) = channel();
    let running = thread::spawn(move || {
        run();
        let _ = done.send(());
    });
    // A thread that panics drops the sender, and is joined.
    let is_hanging = wait.recv_timeout(WAIT) == Err(RecvTimeoutError::Timeout);
    assert!(!is_hanging, "it hangs");
    running.join().unwrap();
}
