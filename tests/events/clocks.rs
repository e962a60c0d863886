//! Wrong clocks.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use arbour::documents::{Collection, Declaration, Ids};
use arbour::events::{EventQuery, Events, Log, NewEvent};
use arbour::migrations::{Group, Migrations, Step};
use arbour::{KvStore as _, MemoryStore};
use arbour_core::clock;
use serde_json::{Value, json};

const HOURS: Duration = Duration::from_secs(5 * 3600);

/// Before 1970, after 2554, set back by hours, and stopped at each.
fn wrong_times() -> [SystemTime; 6] {
    let now = SystemTime::now();
    let (epoch, most) = (SystemTime::UNIX_EPOCH, Duration::from_nanos(u64::MAX));
    [epoch - HOURS, now, now - HOURS, epoch + most + HOURS, epoch - 10_000 * HOURS, now]
}

#[test]
fn events_are_dispatched_whatever_the_clock_says() {
    for first in wrong_times() {
        let events = Events::builder(Arc::new(MemoryStore::new()), "main").build().unwrap();
        let noted = || NewEvent::raw("diary", "noted", 1, Vec::new());
        clock::at(first, || events.dispatch(noted()).unwrap());
        for time in wrong_times() {
            clock::at(time, || {
                events.dispatch(noted()).unwrap();
                let claimed = events.claim("mailer", "one", 1, HOURS).unwrap();
                let position = claimed[0].as_event().position;
                assert!(events.claim("mailer", "other", 9, HOURS).unwrap().len() <= 1);
                events.complete("mailer", "one", position).unwrap();
            });
        }
        let found = events.read(&EventQuery::all()).unwrap();
        let times: Vec<i64> = found.iter().map(|event| event.as_event().time).collect();
        assert!(times.is_sorted(), "{times:?}");
        let ids: Vec<_> = found.iter().map(|event| event.as_event().fresh_id(0)).collect();
        assert!(ids.iter().enumerate().all(|(at, id)| !ids[..at].contains(id)), "{ids:?}");
    }
}

#[test]
fn ids_of_documents_are_unique_and_ordered_whatever_the_clock_says() {
    let store = MemoryStore::new();
    let declaration = Declaration::<Value>::new("notes").id("id", Ids::Uuid);
    let notes = Collection::open(&store, declaration).unwrap();
    let mut last = String::new();
    for time in wrong_times().into_iter().chain(wrong_times()) {
        for _ in 0..100 {
            let id =
                clock::at(time, || store.write(|transaction| notes.insert(transaction, json!({}))));
            let id = id.unwrap()["id"].to_string();
            assert!(id > last, "{id} follows {last} at {time:?}");
            last = id;
        }
    }
}

#[test]
fn migrations_run_one_after_the_other_whatever_the_clock_says() {
    let store = MemoryStore::new();
    let mut group = Group::new("rooms");
    for (number, time) in (1..).zip(wrong_times()) {
        group = group.step(Step::numbered(number).atomic(|_| Ok(())));
        let migrations = Migrations::new("app", "1").group(group.clone());
        let report = clock::at(time, || migrations.run(&store)).unwrap();
        assert_eq!(report.steps.len(), 1, "at {time:?}");
        let status = clock::at(time, || migrations.status(&store)).unwrap();
        assert_eq!(status.runner, None, "at {time:?}");
    }
}

#[test]
fn a_log_of_its_own_takes_events_before_1970() {
    let store = MemoryStore::new();
    let log = Log::open(&store, "main").unwrap();
    let append = NewEvent::raw("diary", "noted", 1, Vec::new()).into();
    clock::at(SystemTime::UNIX_EPOCH - HOURS, || {
        store.write(|transaction| log.append(transaction, &append)).unwrap();
    });
    let event = log.get(&store.snapshot().unwrap(), 1).unwrap().unwrap();
    assert_eq!(event.as_event().time, -5 * 3_600_000);
}
