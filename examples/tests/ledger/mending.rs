//! Dead letters, listed and applied later.

use std::sync::Arc;

use arbour::events::{
    Append, Event, EventType, Events, FailurePolicy, Log, Model, NewEvent, Outbox, Projection,
};
use arbour::{AnyResult, KvRead, KvStore as _};
use serde_json::{Value, json};

use crate::bed::{Bed, on_every_persistent_engine};
use crate::program::{columns, fails, open_two, prints, run};

on_every_persistent_engine!(
    what_was_dead_lettered_is_applied_in_order,
    what_was_dead_lettered_is_applied_one_by_one,
    what_fails_again_stays,
);

/// The accounts of an older program, which could not apply any event of an account.
struct Older;

impl Model for Older {
    type Change = ();

    fn name(&self) -> &str {
        "accounts"
    }

    fn reduce<R: KvRead>(
        &self,
        _event: &Event<'_>,
        _before: &R,
        _out: &mut Outbox,
    ) -> AnyResult<Option<()>> {
        Err("not known yet".into())
    }
}

/// Lets the older program open an account for eve with 7 cents: both events are dead-lettered.
fn open_eve(bed: &Bed) {
    let store = Arc::new(bed.open());
    let log = bed.log_url().map(|_| Arc::new(bed.open_log()));
    let older = Projection::new("accounts", 1).model(Older).on_failure(FailurePolicy::quarantine());
    let builder = Events::builder(Arc::clone(&store), "main").projection(older);
    let events = match &log {
        Some(log) => builder.log_in(Arc::clone(log)).build().unwrap(),
        None => builder.build().unwrap(),
    };
    let event = |name: &str, payload: Value| {
        EventType::<Value>::new(name).event("account/eve", &payload).unwrap()
    };
    events.dispatch_all(event("account-opened", Value::Null)).unwrap();
    events.dispatch_all(event("deposited", json!({"cents": 7}))).unwrap();
    drop(events);
    log.into_iter().chain([store]).for_each(|store| store.close().unwrap());
}

const ASIDE: &str = "accounts\t1\t4\taccount/eve\taccount-opened\tfailed\t1\treduce of accounts: not known yet\n\
                     accounts\t1\t5\taccount/eve\tdeposited\tbehind another\t0\tthe event at position 4 of its stream failed\n";

fn what_was_dead_lettered_is_applied_in_order(bed: &Bed) {
    open_two(bed);
    prints(bed, &["failed"], "");
    open_eve(bed);
    prints(bed, &["failed"], ASIDE);
    prints(bed, &["failed", "accounts"], ASIDE);
    prints(bed, &["failed", "commits"], "");
    assert_eq!(run(bed, &["status"]).code, Some(1));
    prints(bed, &["release", "accounts", "account/eve"], "2 events applied\n");
    prints(bed, &["failed"], "");
    prints(bed, &["release", "accounts", "account/eve"], "0 events applied\n");
    assert_eq!(run(bed, &["status"]).code, Some(0));
    prints(bed, &["deposit", "eve", "3"], "eve\t10\n");
    let accounts = columns(&run(bed, &["accounts"]), &[0, 1, 2]);
    assert_eq!(accounts, [["ada", "500", "2"], ["bob", "0", "1"], ["eve", "10", "3"]]);
}

fn what_was_dead_lettered_is_applied_one_by_one(bed: &Bed) {
    open_two(bed);
    open_eve(bed);
    fails(bed, &["replay", "accounts", "5"], 1, "position 4 of its stream comes first");
    fails(bed, &["replay", "accounts", "1"], 1, "there is no dead letter at position 1");
    fails(bed, &["replay", "commits", "4"], 1, "there is no dead letter at position 4");
    fails(bed, &["replay", "accounts", "9"], 1, "there is no event at position 9");
    prints(bed, &["replay", "accounts", "4"], "1 event applied\n");
    prints(bed, &["replay", "accounts", "5"], "1 event applied\n");
    prints(bed, &["failed"], "");
    prints(bed, &["withdraw", "eve", "7"], "eve\t0\n");
}

fn what_fails_again_stays(bed: &Bed) {
    open_two(bed);
    let store = bed.open_log();
    let log = Log::open(&store, "main").unwrap();
    let junk = NewEvent::raw("account/ada", "deposited", 1, b"junk".to_vec());
    store.write(|transaction| log.append(transaction, &Append::from(junk.clone()))).unwrap();
    store.close().unwrap();
    drop((log, store));
    prints(bed, &["deposit", "bob", "1"], "bob\t1\n");
    let says = "position 4 could not be applied again: reduce of accounts: ";
    fails(bed, &["replay", "accounts", "4"], 1, says);
    let released = run(bed, &["release", "accounts", "account/ada"]);
    assert_eq!((released.code, released.out.as_str()), (Some(1), "0 events applied\n"));
    assert!(released.err.contains(says), "{}", released.err);
    assert_eq!(columns(&run(bed, &["failed"]), &[2, 3, 6]), [["4", "account/ada", "3"]]);
}
