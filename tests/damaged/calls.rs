//! Every call of the layers, and its result.

use std::error::Error as StdError;
use std::fmt::Debug;
use std::io::Cursor;
use std::ops::ControlFlow;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use arbour::documents::{Collection, Filter, Selection};
use arbour::events::{Append, EventQuery, Events, Log, NewEvent, StreamSnapshots};
use arbour::migrations::Target;
use arbour::{Error, ErrorKind, KvStore as _, MemoryStore, Operation, transfer};
use serde_json::{Value, json};

use crate::store;

/// What a call must not do.
#[derive(Debug)]
#[expect(dead_code, reason = "it is printed")]
pub(crate) enum Fault {
    Panicked(&'static str),
    /// The error blames the caller or the program, or the engine.
    Misled(&'static str, String),
}

#[derive(Default)]
pub(crate) struct Calls {
    pub(crate) answered: usize,
    pub(crate) refused: Vec<(&'static str, String)>,
    pub(crate) faults: Vec<Fault>,
}

impl Calls {
    fn call<T, E: StdError + Debug + 'static>(
        &mut self,
        what: &'static str,
        call: impl FnOnce() -> Result<T, E>,
    ) -> Option<T> {
        match catch_unwind(AssertUnwindSafe(call)) {
            Ok(Ok(answer)) => {
                self.answered += 1;
                Some(answer)
            }
            Ok(Err(error)) => {
                if misleads(&error) {
                    self.faults.push(Fault::Misled(what, format!("{error:?}")));
                }
                self.refused.push((what, error.to_string()));
                None
            }
            Err(_) => {
                self.faults.push(Fault::Panicked(what));
                None
            }
        }
    }

    /// Calls everything.
    pub(crate) fn make(&mut self, store: &Arc<MemoryStore>) {
        self.read_all(store);
        if let Some(notes) = self.call("declare", || store::notes(store)) {
            self.read_documents(store, &notes);
            self.write_documents(store, &notes);
        }
        if let Some(events) = self.call("open events", || store::events(store)) {
            self.read_events(store, &events);
            self.write_events(&events);
        }
        self.migrate(store);
    }

    fn read_all(&mut self, store: &Arc<MemoryStore>) {
        self.call("digest", || transfer::digest(&**store));
        let mut dump = Vec::new();
        if self.call("dump", || transfer::dump(&**store, &mut dump)).is_some() {
            self.call("load", || transfer::load(Cursor::new(&dump), &MemoryStore::new()));
        }
        self.call("copy", || transfer::copy(&**store, &MemoryStore::new()));
    }

    fn read_documents(&mut self, store: &MemoryStore, notes: &Collection<Value>) {
        let Some(snapshot) = self.call("snapshot", || store.snapshot()) else { return };
        self.call("get", || notes.get(&snapshot, "note-1"));
        let shelf = || Filter::at_least("shelf", 0);
        let searches: [(&str, Selection<Value>); 6] = [
            ("search all", notes.all()),
            ("search lenient", notes.all().lenient()),
            ("search index", notes.find(shelf()).ascending("shelf").limit(2).with_total()),
            ("search reverse", notes.find(shelf()).descending("shelf")),
            ("search tags", notes.find(Filter::contains_any("tags", ["a"]))),
            ("search words", notes.find(Filter::words("title", "note"))),
        ];
        for (what, found) in &searches {
            let page = self.call(what, || found.page(&snapshot));
            if let Some(next) = page.and_then(|page| page.next) {
                self.call(what, || found.clone().at(next).page(&snapshot));
            }
            self.call(what, || found.explain(&snapshot));
        }
        let all = notes.all();
        self.call("count", || notes.find(shelf()).count(&snapshot));
        self.call("count all", || all.count(&snapshot));
        self.call("get by", || notes.get_by(&snapshot, "isbn", 3));
        self.call("min", || all.min(&snapshot, "shelf"));
        self.call("max", || all.max(&snapshot, "shelf"));
        self.call("sum", || all.sum(&snapshot, "shelf"));
        self.call("distinct", || all.distinct(&snapshot, "shelf"));
        self.call("distinct tags", || all.distinct(&snapshot, "tags"));
        self.call("count by", || all.count_by(&snapshot, "tags"));
        self.call("sum by", || all.sum_by(&snapshot, "tags", "shelf"));
        self.call("max by", || all.max_by(&snapshot, "shelf", "isbn"));
        self.call("indexes", || notes.indexes(&snapshot));
        self.call("changes", || notes.changes(&snapshot, 3, 100));
        self.call("newest change", || notes.newest_change(&snapshot));
        self.call("acknowledged", || notes.acknowledged(&snapshot, "search"));
    }

    fn write_documents(&mut self, store: &MemoryStore, notes: &Collection<Value>) {
        let note = json!({"title": "note 1", "shelf": 1, "isbn": 77, "tags": ["new"]});
        self.call("insert", || store.write(|t| notes.insert(t, note.clone())));
        let changes = json!({"shelf": 9});
        self.call("update", || store.write(|t| notes.update_json(t, "note-2", &changes)));
        let change = |note: &mut Value| note["shelf"] = 8.into();
        self.call("modify", || store.write(|t| notes.modify(t, "note-1-2", change)));
        self.call("update where", || {
            store.write(|t| notes.update_where(t, Filter::at_least("shelf", 0), change))
        });
        self.call("delete", || store.write(|t| notes.delete(t, "note-1")));
        let many = || Filter::eq("isbn", 1);
        self.call("delete where", || store.write(|t| notes.delete_where(t, many())));
        self.call("change id", || store.write(|t| notes.change_id(t, "note-2", "note-9")));
        self.call("acknowledge", || store.write(|t| notes.acknowledge(t, "search", Some(4))));
        self.call("trim changes", || store.write(|t| notes.trim_changes(t, 1)));
        let mut go_on = |_| ControlFlow::Continue(());
        self.call("scrub", || notes.scrub(store, &mut go_on));
        self.call("mend", || notes.mend(store, &mut go_on));
        self.call("disable", || store.write(|t| notes.disable(t, "tags")));
        self.call("enable", || store.write(|t| notes.enable(t, "tags")));
        self.call("build", || notes.build(store, &mut go_on));
    }

    fn read_events(&mut self, store: &Arc<MemoryStore>, events: &Events) {
        let Some(snapshot) = self.call("snapshot", || store.snapshot()) else { return };
        let log = events.log();
        self.call("head", || events.head());
        let queries = [
            ("read", EventQuery::all()),
            ("read backward", EventQuery::all().backward()),
            ("read after", EventQuery::all().after(4)),
            ("read stream", EventQuery::stream("stream-0")),
            ("read type", EventQuery::all().of_type("noted")),
        ];
        for (what, query) in &queries {
            self.call(what, || events.read(query));
        }
        self.call("get event", || log.get(&snapshot, 3));
        self.call("version", || log.version(&snapshot, "stream-0"));
        self.call("verify", || log.verify(&snapshot, 0));
        self.call("appended", || log.appended(&snapshot, "key-1"));
        self.call("status", || events.status());
        self.call("versions", || events.versions("letters"));
        self.call("active version", || events.active_version("letters"));
        self.call("dead letters", || events.dead_letters("letters"));
        self.call("dead letters of", || events.dead_letters_of("held", 1));
        self.call("digest of a view", || events.digest("letters", 1));
        let counts = self.call("snapshots of streams", || {
            StreamSnapshots::<u64>::open(&**store, log, "counts", 1)
        });
        if let Some(counts) = counts {
            self.call("fold", || counts.fold(&snapshot, "stream-0", |sum, _| Ok(sum + 1)));
        }
        let copy = MemoryStore::new();
        if let Some(replica) = self.call("open a replica", || Log::open(&copy, "main")) {
            let mut go_on = |_| ControlFlow::Continue(());
            self.call("copy a log", || replica.copy_from(&copy, log, &snapshot, &mut go_on));
        }
    }

    fn write_events(&mut self, events: &Events) {
        const SOON: Duration = Duration::from_millis(5);
        let noted = || NewEvent::raw("stream-0", "noted", 1, Vec::new());
        self.call("dispatch", || events.dispatch_all(noted()));
        let once_more = || Append::new().event(store::set_person("person-1")).key("key-1");
        self.call("dispatch a key", || events.dispatch_all(once_more()));
        self.call("dispatch a person", || events.dispatch_all(store::set_person("person-1")));
        self.call("catch up", || events.catch_up("letters"));
        self.call("wait for", || events.wait_for("letters", 3, SOON));
        self.call("resume", || events.resume("held"));
        self.call("skip", || events.skip("held"));
        self.call("replay", || events.replay("letters", 2));
        self.call("release", || events.release("held", "stream-0"));
        let mut go_on = |_| ControlFlow::Continue(());
        self.call("rebuild", || events.rebuild("letters", 2, &mut go_on));
        self.call("forget", || events.forget("letters", 1));
        if let Some(mut mailer) =
            self.call("subscribe", || events.subscribe("mailer", EventQuery::all()))
        {
            self.call("next", || mailer.next(5, SOON));
            self.call("acknowledge events", || mailer.acknowledge());
            self.call("skip trimmed", || mailer.skip_trimmed());
        }
        let mut tail = events.tail(EventQuery::stream("stream-0").after(3));
        self.call("next of a tail", || tail.next(5, SOON));
        let claimed = self.call("claim", || events.claim("workers", "two", 3, SOON));
        for event in claimed.into_iter().flatten() {
            self.call("complete", || events.complete("workers", "two", event.as_event().position));
        }
        self.call("trim", || events.trim(4));
        self.call("shut down", || {
            events.shut_down();
            Ok::<_, Error>(())
        });
    }

    fn migrate(&mut self, store: &MemoryStore) {
        let migrations = store::migrations("model", 4);
        self.call("status of steps", || migrations.status(store));
        self.call("verify steps", || migrations.verify(store));
        self.call("plan", || migrations.plan(store));
        self.call("dry run", || migrations.dry_run(store));
        self.call("run", || migrations.run(store));
        self.call("downgrade", || migrations.downgrade(store, Target::number(1)));
        let others = store::migrations("other", 2);
        self.call("adopt", || others.adopt(store, Target::number(2)));
    }
}

/// Tells whether an error or one of its sources misleads the caller: the call is the same as when
/// the store was whole.
fn misleads(error: &(dyn StdError + 'static)) -> bool {
    let mut cause = Some(error);
    while let Some(error) = cause {
        if let Some(error) = error.downcast_ref::<Error>() {
            let wrong = [
                ErrorKind::InvalidArgument,
                ErrorKind::TooLarge,
                ErrorKind::Engine,
                ErrorKind::Io,
                ErrorKind::Closed,
                ErrorKind::CommitUnknown,
            ];
            // What a layer says is about its own rules, such as a journal that is there already.
            if error.operation() != Operation::Layer && wrong.contains(&error.kind()) {
                return true;
            }
        }
        cause = error.source();
    }
    false
}
