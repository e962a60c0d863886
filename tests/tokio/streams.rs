//! Streams: in order, after the commit, told what they missed, and holding nothing while they wait.

use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use arbour::documents::{Change, Collection, Declaration, DocError};
use arbour::events::{EventError, EventQuery, Events, NewEvent};
use arbour::tokio::{Changes, Options};
use arbour::{ErrorKind, KvStore as _, StoreOptions};
use futures_util::{Stream, StreamExt as _};
use serde_json::{Value, json};

use crate::bed::{Bed, beds, beds_with};
use crate::gate::{AMPLE, gate, poll_once};

fn notes(bed: &Bed) -> Collection<Value> {
    Collection::open(bed.store.blocking(), Declaration::new("notes").with_feed()).unwrap()
}

/// Stores a note through the async store.
async fn note(bed: &Bed, notes: &Collection<Value>, id: &str) {
    let (notes, note) = (notes.clone(), json!({ "id": id }));
    bed.store.write(move |tx| notes.put(tx, note.clone())).await.unwrap();
}

/// Returns the next item, which has to come.
async fn next<S: Stream + Unpin>(stream: &mut S) -> S::Item {
    tokio::time::timeout(AMPLE, stream.next()).await.expect("in time").expect("it goes on")
}

async fn next_change(changes: &mut Changes) -> (u64, String) {
    let Change { position, id, .. } = next(changes).await.unwrap();
    (position, id.to_string())
}

#[tokio::test]
async fn changes_come_after_their_commit_and_in_order() {
    // No poll: only a commit wakes the stream.
    let options = Options::new().poll(AMPLE * 10);
    for bed in beds_with(&options, &StoreOptions::new()) {
        let notes = notes(&bed);
        note(&bed, &notes, "before").await;
        let mut changes = bed.store.changes(&notes).await.unwrap();
        let mut all = bed.store.changes(&notes).await.unwrap().after(0);
        assert!(poll_once(pin!(changes.next())).is_pending());

        // A write that stands in its transaction is not in the stream.
        let (mut gate, mut passage) = gate();
        let writing = notes.clone();
        let mut write = Box::pin(bed.store.write(move |tx| {
            writing.insert(tx, json!({ "id": "a" }))?;
            passage.pass();
            writing.insert(tx, json!({ "id": "b" }))
        }));
        assert!(poll_once(write.as_mut()).is_pending());
        gate.reached().await;
        assert_eq!(next_change(&mut all).await, (1, "before".to_owned()));
        assert!(poll_once(pin!(all.next())).is_pending(), "{}", bed.engine);
        drop(gate);
        write.await.unwrap();
        for changes in [&mut changes, &mut all] {
            assert_eq!(next_change(changes).await, (2, "a".to_owned()), "{}", bed.engine);
            assert_eq!(next_change(changes).await, (3, "b".to_owned()), "{}", bed.engine);
        }
    }
}

#[tokio::test]
async fn commits_that_are_not_made_through_the_store_are_noticed() {
    for bed in beds() {
        let notes = notes(&bed);
        let mut changes = bed.store.changes(&notes).await.unwrap();
        assert!(poll_once(pin!(changes.next())).is_pending());
        bed.store.blocking().write(|tx| notes.insert(tx, json!({ "id": "a" }))).unwrap();
        assert_eq!(next_change(&mut changes).await, (1, "a".to_owned()), "{}", bed.engine);
    }
}

#[tokio::test]
async fn a_reader_that_missed_changes_is_told_and_goes_on() {
    const MISSED: u64 = 300;
    for bed in beds() {
        let notes = notes(&bed);
        let mut changes = bed.store.changes(&notes).await.unwrap();
        let writing = notes.clone();
        bed.store
            .write(move |tx| {
                for number in 0..MISSED {
                    writing.put(tx, json!({ "id": number.to_string() }))?;
                }
                writing.trim_changes(tx, 1)
            })
            .await
            .unwrap();
        let told = next(&mut changes).await.unwrap_err();
        let Some(DocError::Trimmed { asked, oldest, .. }) = told.downcast_ref() else {
            unreachable!("{told}")
        };
        assert_eq!((*asked, *oldest), (0, MISSED - 1), "{}", bed.engine);
        assert_eq!(next_change(&mut changes).await.0, MISSED, "{}", bed.engine);
    }
}

#[tokio::test]
async fn a_reader_that_stops_reading_holds_nothing_up() {
    let options = Options::new().reads_max(1).poll(Duration::from_millis(1));
    for bed in beds_with(&options, &StoreOptions::new()) {
        let notes = notes(&bed);
        // More streams than reads may run at once, each polled once and then never again.
        let mut idle = Vec::new();
        for _ in 0..5 {
            let mut changes = bed.store.changes(&notes).await.unwrap();
            assert!(poll_once(pin!(changes.next())).is_pending());
            idle.push(changes);
        }
        for number in 0..200 {
            note(&bed, &notes, &number.to_string()).await;
        }
        // A read gets its turn, and changes can be trimmed: no stream keeps a turn, and none keeps them.
        let (reading, writing) = (notes.clone(), notes.clone());
        let newest = bed.store.read(move |snapshot| reading.newest_change(snapshot));
        assert_eq!(tokio::time::timeout(AMPLE, newest).await.expect("in time").unwrap(), 200);
        let trimmed = bed.store.write(move |tx| writing.trim_changes(tx, 0)).await.unwrap();
        assert_eq!(trimmed, 200, "{}", bed.engine);
        // Nothing holds a snapshot, so the store can be closed and its files are free.
        tokio::time::timeout(AMPLE, bed.store.shutdown()).await.expect("in time").unwrap();
        for changes in &mut idle {
            // Only what was read before is left: less than a batch.
            let left = tokio::time::timeout(AMPLE, changes.count()).await.expect("it ends");
            assert!(left <= 130, "{}: {left}", bed.engine);
        }
    }
}

#[tokio::test]
async fn a_collection_without_a_feed_is_refused() {
    for bed in beds() {
        let declaration = Declaration::<Value>::new("silent");
        let silent = Collection::open(bed.store.blocking(), declaration).unwrap();
        let error = bed.store.changes(&silent).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidArgument);
        assert!(error.to_string().contains("with_feed"), "{error}");
    }
}

#[tokio::test]
async fn changes_end_when_the_store_is_shut_down() {
    for bed in beds_with(&Options::new().poll(AMPLE * 10), &StoreOptions::new()) {
        let mut changes = bed.store.changes(&notes(&bed)).await.unwrap();
        assert!(poll_once(pin!(changes.next())).is_pending());
        bed.store.shutdown().await.unwrap();
        let ended = tokio::time::timeout(AMPLE, changes.next()).await.expect("in time");
        assert!(ended.is_none(), "{}", bed.engine);
        assert!(matches!(poll_once(pin!(changes.next())), Poll::Ready(None)));
    }
}

fn events(bed: &Bed) -> Events {
    let store = bed.store.blocking().clone();
    Events::builder(store, "main").poll(AMPLE * 10).build().unwrap()
}

fn noted(text: &str) -> NewEvent {
    NewEvent::raw("diary", "noted", 1, text.as_bytes().to_vec())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_log_is_a_stream() {
    for bed in beds() {
        let events = events(&bed);
        events.dispatch_all(noted("1")).unwrap();
        let mut stream = events.stream(EventQuery::all());
        assert_eq!(next(&mut stream).await.unwrap().as_event().position, 1);
        assert!(poll_once(pin!(stream.next())).is_pending());
        // A dispatch wakes it: it does not poll.
        events.dispatch_all(noted("2")).unwrap();
        assert_eq!(next(&mut stream).await.unwrap().as_event().position, 2);

        // What it has yet to read is trimmed.
        let mut late = events.stream(EventQuery::all());
        events.dispatch_all(noted("3")).unwrap();
        events.trim(2).unwrap();
        let told = next(&mut late).await.unwrap_err();
        let Some(EventError::Archived { asked, first, .. }) = told.downcast_ref() else {
            unreachable!("{told}")
        };
        assert_eq!((*asked, *first), (1, 3), "{}", bed.engine);
        assert_eq!(next(&mut late).await.unwrap().as_event().position, 3);

        assert!(poll_once(pin!(late.next())).is_pending());
        events.shut_down();
        let ended = tokio::time::timeout(AMPLE, late.next()).await.expect("in time");
        assert!(ended.is_none(), "{}", bed.engine);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_subscription_is_a_stream_that_acknowledges_what_it_returned() {
    for bed in beds() {
        let events = events(&bed);
        for text in ["1", "2", "3"] {
            events.dispatch_all(noted(text)).unwrap();
        }
        let mut mailer = events.subscribe("mailer", EventQuery::all()).unwrap().into_stream();
        let acknowledged = || {
            let snapshot = bed.store.blocking().snapshot().unwrap();
            events.log().acknowledged(&snapshot, "mailer").unwrap()
        };
        next(&mut mailer).await.unwrap();
        // Three were read ahead, and one was returned.
        mailer.acknowledge().await.unwrap();
        assert_eq!((mailer.position(), acknowledged()), (1, Some(1)), "{}", bed.engine);

        next(&mut mailer).await.unwrap();
        let (acknowledge, put) = (mailer.acknowledgement(), bed.put("mailed"));
        let written = bed.store.write(move |tx| {
            put(tx)?;
            acknowledge(tx)
        });
        written.await.unwrap();
        assert_eq!(acknowledged(), Some(2), "{}", bed.engine);

        // Another runner takes over, and gets what was not acknowledged.
        let mut next_runner = events.subscribe("mailer", EventQuery::all()).unwrap().into_stream();
        assert_eq!(next(&mut next_runner).await.unwrap().as_event().position, 3);
        next(&mut mailer).await.unwrap();
        let fenced = mailer.acknowledge().await.unwrap_err();
        assert!(matches!(fenced.downcast_ref(), Some(EventError::Fenced { .. })), "{fenced}");
        let (acknowledge, put) = (mailer.acknowledgement(), bed.put("again"));
        let refused = bed.store.write(move |tx| {
            put(tx)?;
            acknowledge(tx)
        });
        assert!(refused.await.is_err() && !bed.has("again"), "{}", bed.engine);
    }
}
