//! Events that are types of the program, and closures that apply them.

use arbour::events::{Append, EventError, EventType, Expected, FailurePolicy, NewEvent, Outcome};
use arbour::prelude::*;
use arbour::{AnyResult, DynStore, ErrorKind};
use serde_json::{Value, json};

#[derive(Serialize, Deserialize, Event)]
enum Banking {
    Opened { owner: String },
    Moved { cents: i64 },
}

#[derive(Serialize, Deserialize, Document)]
#[document(collection = "accounts")]
struct Account {
    #[document(id)]
    name: String,
    owner: String,
    cents: i64,
}

#[derive(Serialize, Deserialize, Document)]
#[document(collection = "tickets")]
struct Ticket {
    #[document(id, made)]
    id: u64,
    title: String,
}

/// Opens the bank, whose closure returns the balance.
fn bank(store: &DynStore) -> (Events, Collection<Account>) {
    let bank = Projection::new("bank", 1);
    let accounts = bank.collection::<Account>(store).expect("a new collection");
    let own = accounts.clone();
    let events = Events::builder(store.clone(), "main")
        .projection(bank.on(move |event: &Recorded<Banking>, view| {
            let account = match &event.body {
                Banking::Opened { owner } => {
                    let (name, owner) = (event.stream().to_owned(), owner.clone());
                    accounts.put(view, Account { name, owner, cents: 0 })?
                }
                Banking::Moved { cents } => {
                    accounts.modify(view, event.stream(), |account| account.cents += cents)?
                }
            };
            Ok(account.cents)
        }))
        .build()
        .expect("a new log");
    (events, own)
}

fn opened(owner: &str) -> Banking {
    Banking::Opened { owner: owner.to_owned() }
}

fn balance(store: &DynStore, accounts: &Collection<Account>, name: &str) -> Option<i64> {
    let snapshot = store.snapshot().expect("the store is open");
    accounts.get(&snapshot, name).expect("it is readable").map(|account| account.cents)
}

#[test]
fn events_documents_and_views_are_one_commit() {
    let store = arbour::open("memory:").unwrap();
    let tickets = store.collection::<Ticket>().unwrap();
    let (events, accounts) = bank(&store);
    events.dispatch("ada", opened("Ada")).unwrap();
    let done = events.dispatch("ada", Banking::Moved { cents: 400 }).unwrap();
    assert_eq!((done.appended.last, done.returned::<i64>("bank").unwrap()), (2, Some(400)));
    assert_eq!(done.returned::<i64>("shop").unwrap(), None);
    let wrong = done.returned::<String>("bank").unwrap_err();
    assert_eq!(wrong.kind(), ErrorKind::InvalidArgument, "{wrong}");

    let ticket = || Ticket { id: 0, title: "printer on fire".to_owned() };
    let done = store
        .write(|tx| {
            tickets.insert(tx, ticket())?;
            events.append_in(tx, "ada", Banking::Moved { cents: -5 })
        })
        .unwrap();
    assert_eq!(done.returned::<i64>("bank").unwrap(), Some(395));
    assert_eq!(balance(&store, &accounts, "ada"), Some(395));
    assert_eq!(events.wait_for("bank", 3, std::time::Duration::ZERO).map(drop).ok(), Some(()));

    let undone = store.write(|tx| {
        tickets.insert(tx, ticket())?;
        let done = events.append_in(tx, "ada", Banking::Moved { cents: -5 })?;
        assert_eq!(done.returned::<i64>("bank")?, Some(390), "it sees its own events");
        events.append_in(tx, "bob", Banking::Moved { cents: 5 })
    });
    let refused = undone.unwrap_err();
    let Some(EventError::Refused { projection, reason }) = refused.downcast_ref() else {
        panic!("{refused:?}")
    };
    assert_eq!((projection.as_str(), refused.kind()), ("bank", ErrorKind::Failed));
    assert!(reason.contains("apply of bank: ") && reason.contains("\"bob\""), "{reason}");
    assert_eq!(balance(&store, &accounts, "ada"), Some(395));
    let count = tickets.all().count(&store.snapshot().unwrap()).unwrap();
    assert_eq!((count, events.head().unwrap().position), (1, 3));
}

#[test]
fn a_refused_event_leaves_the_transaction_usable() {
    let store = arbour::open("memory:").unwrap();
    let (events, accounts) = bank(&store);
    let tree = store.tree("notes").unwrap();
    store
        .write(|tx| {
            tx.put(&tree, b"before", b"")?;
            events.append_in(tx, "bob", Banking::Moved { cents: 5 }).unwrap_err();
            events.append_in(tx, "bob", opened("Bob"))
        })
        .unwrap();
    assert_eq!(balance(&store, &accounts, "bob"), Some(0));
    assert!(store.get(&tree, b"before").unwrap().is_some());
    assert!(events.dead_letters("bank").unwrap().is_empty());
    assert!(!events.status().unwrap()[0].is_halted);
}

#[test]
fn an_event_that_is_dead_lettered_is_appended() {
    let store = arbour::open("memory:").unwrap();
    let policy = FailurePolicy::dead_letter();
    let failing = Projection::new("bank", 1)
        .on(|_: &Recorded<Banking>, _| -> AnyResult { Err("it always fails".into()) })
        .on_failure(policy);
    let events = Events::builder(store.clone(), "main").projection(failing).build().unwrap();
    let done = store.write(|tx| events.append_in(tx, "ada", opened("Ada"))).unwrap();
    assert!(matches!(done.outcomes("bank"), [Outcome::DeadLettered { .. }]), "{done:?}");
    assert_eq!(events.dead_letters("bank").unwrap().len(), 1);
}

#[test]
fn an_earlier_event_that_fails_refuses_no_later_one() {
    let store = arbour::open("memory:").unwrap();
    let log = arbour::events::Log::open(&store, "main").unwrap();
    let (events, _) = bank(&store);
    let orphan = Banking::Moved { cents: 1 }.to_stream("nobody").unwrap();
    store.write(|tx| log.append(tx, &orphan.clone().into())).unwrap();
    let done = store.write(|tx| events.append_in(tx, "ada", opened("Ada"))).unwrap();
    assert_eq!(done.outcomes("bank"), [Outcome::NotWaited]);
    let status = &events.status().unwrap()[0];
    assert_eq!((status.applied, status.is_halted), (0, true));
    let done = store.write(|tx| events.append_in(tx, "bob", opened("Bob"))).unwrap();
    assert_eq!(done.outcomes("bank"), [Outcome::NotWaited], "it is halted already");
    events.skip("bank").unwrap();
    assert_eq!(events.catch_up("bank").unwrap(), 3);
}

#[test]
fn expectations_and_keys_hold_in_a_transaction_too() {
    let store = arbour::open("memory:").unwrap();
    let (events, _) = bank(&store);
    let transfer = |expected| {
        let opened = opened("Ada").to_stream("ada").unwrap();
        Append::from(opened).expect("ada", expected).key("opening")
    };
    let refused =
        store.write(|tx| events.append_all_in(tx, transfer(Expected::Exact(7)))).unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::Stale);
    let text = refused.to_string();
    assert!(text.contains("stream \"ada\" is at version 0, and version 7 was expected"), "{text}");
    let first = store.write(|tx| events.append_all_in(tx, transfer(Expected::NoStream))).unwrap();
    let again = store.write(|tx| events.append_all_in(tx, transfer(Expected::NoStream))).unwrap();
    assert!(again.appended.is_repeated);
    assert_eq!(again.projected, first.projected);
    let reused = Append::from(opened("Bob").to_stream("bob").unwrap()).key("opening");
    let reused = store.write(|tx| events.append_all_in(tx, reused.clone())).unwrap_err();
    assert_eq!(reused.kind(), ErrorKind::Exists);
}

fn of_version(version: u32, payload: Value) -> AnyResult<Value> {
    match version {
        1 => {
            let euros = payload.get("euros").and_then(Value::as_i64);
            Ok(json!({ "cents": euros.ok_or("there are no euros")? * 100 }))
        }
        2 => Ok(json!({ "cents": payload.get("cents"), "currency": "EUR" })),
        other => Err(format!("there is no version {other}").into()),
    }
}

#[derive(Debug, PartialEq, Serialize, Deserialize, Event)]
#[serde(rename_all = "kebab-case")]
enum Shape {
    UnitLike,
    NewType(u64),
    Tuple(u64, String),
    #[serde(rename = "a \"quoted\\ name")]
    Quoted {
        text: String,
    },
    #[event(rename = "moved", version = 3, upgrade = of_version)]
    Versioned {
        cents: i64,
        currency: String,
    },
}

#[derive(Debug, PartialEq, Serialize, Deserialize, Event)]
#[event(rename = "noted")]
struct Note {
    text: String,
}

fn stored(event: &NewEvent) -> arbour::events::EventBuf {
    let store = arbour::open("memory:").expect("memory opens");
    let log = arbour::events::Log::open(&store, "main").expect("a new log");
    store.write(|tx| log.append(tx, &event.clone().into())).expect("it is appended");
    let snapshot = store.snapshot().expect("the store is open");
    log.get(&snapshot, 1).expect("it is readable").expect("it was appended")
}

#[test]
fn every_form_of_variant_is_read_back_and_by_hand() {
    let shapes = [
        (Shape::UnitLike, "unit-like", json!(null)),
        (Shape::NewType(7), "new-type", json!(7)),
        (Shape::Tuple(7, "}".to_owned()), "tuple", json!([7, "}"])),
        (Shape::Quoted { text: "\"".to_owned() }, "a \"quoted\\ name", json!({"text": "\""})),
        (
            Shape::Versioned { cents: 5, currency: "CHF".to_owned() },
            "moved",
            json!({"cents": 5, "currency": "CHF"}),
        ),
    ];
    assert_eq!(Shape::TYPES, shapes.each_ref().map(|(_, name, _)| *name));
    for (shape, name, payload) in shapes {
        let event = shape.to_stream("a").unwrap();
        assert_eq!((event.event_type.as_str(), event.stream.as_str()), (name, "a"));
        assert_eq!(serde_json::from_slice::<Value>(&event.payload).unwrap(), payload);
        let stored = stored(&event);
        let read = Shape::read(&stored.as_event()).unwrap().unwrap();
        assert_eq!((read.body, read.position, read.version), (shape, 1, 1));
        assert!(Note::read(&stored.as_event()).unwrap().is_none(), "another type");
        let by_hand = EventType::<Value>::new(name);
        if name != "moved" {
            assert_eq!(by_hand.read(&stored.as_event()).unwrap(), Some(payload.clone()));
            let written = by_hand.event("a", &payload).unwrap();
            assert_eq!(written, event, "it writes the same");
        }
    }
    let note = Note { text: "hello".to_owned() };
    let event = note.to_stream("a").unwrap();
    assert_eq!(
        (event.event_type.as_str(), &*event.payload),
        ("noted", &br#"{"text":"hello"}"#[..])
    );
    assert_eq!(Note::read(&stored(&event).as_event()).unwrap().unwrap().body, note);
}

#[test]
fn older_payloads_are_upgraded_and_newer_ones_refused() {
    let versions = [
        (1, json!({"euros": 4}), Some((400, "EUR"))),
        (2, json!({"cents": 4}), Some((4, "EUR"))),
        (3, json!({"cents": 4, "currency": "CHF"}), Some((4, "CHF"))),
        (1, json!({"cents": 4}), None),
        (0, json!({"cents": 4, "currency": "CHF"}), None),
        (4, json!({"cents": 4, "currency": "CHF"}), None),
    ];
    for (schema, payload, expected) in versions {
        let mut event = NewEvent::raw("a", "moved", 1, payload.to_string().into_bytes());
        event.schema = schema;
        let stored = stored(&event);
        let read = Shape::read(&stored.as_event());
        match (expected, read) {
            (Some((cents, currency)), Ok(Some(read))) => {
                let currency = currency.to_owned();
                assert_eq!(read.body, Shape::Versioned { cents, currency });
            }
            (None, Err(error)) => match error.downcast_ref() {
                Some(EventError::TooNew { stored: 4, known: 3, .. }) => assert_eq!(schema, 4),
                Some(EventError::Payload { position: 1, .. }) => assert!(schema < 2, "{error}"),
                other => panic!("{other:?}"),
            },
            (expected, read) => panic!("{schema} {payload}: {expected:?}, {read:?}"),
        }
    }
}

#[test]
fn payloads_of_other_forms_are_refused() {
    for (codec, payload) in [(2, "7"), (1, "\"seven\""), (1, "7}, \"x\": {"), (1, "")] {
        let event = NewEvent::raw("a", "new-type", codec, payload.as_bytes().to_vec());
        let refused = Shape::read(&stored(&event).as_event()).unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::Decode, "{payload}: {refused}");
    }
    let unfit = Shape::NewType(1);
    assert!(unfit.to_stream("").is_ok(), "the log checks names when it appends");
    #[derive(Deserialize, Event)]
    enum ByHand {
        Moved(f64),
    }
    impl Serialize for ByHand {
        fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            let Self::Moved(cents) = self;
            serializer.serialize_newtype_struct("ByHand", &[*cents])
        }
    }
    let refused = ByHand::Moved(1.0).to_stream("a").unwrap_err();
    assert!(refused.to_string().contains("beginning with `{\"Moved\":`"), "{refused}");
}

#[test]
fn other_events_are_skipped_unless_all_are_to_be_known() {
    let store = arbour::open("memory:").unwrap();
    let count = |projection: Projection| {
        projection.on(|event: &Recorded<Note>, _| Ok(event.body.text.len()))
    };
    let strict = count(Projection::new("strict", 1)).only_types(Note::TYPES.iter().copied());
    let events = Events::builder(store, "main")
        .projection(count(Projection::new("lax", 1)))
        .projection(strict)
        .build()
        .unwrap();
    let done = events.dispatch("a", Note { text: "hello".to_owned() }).unwrap();
    assert_eq!(done.returned::<usize>("lax").unwrap(), Some(5));
    assert_eq!(done.returned::<usize>("strict").unwrap(), Some(5));
    let done = events.dispatch("a", Shape::UnitLike).unwrap();
    assert_eq!(done.returned::<usize>("lax").unwrap(), None);
    assert!(matches!(done.outcomes("lax"), [Outcome::Applied { .. }]));
    assert!(matches!(done.outcomes("strict"), [Outcome::Halted { position: 2, .. }]), "{done:?}");
}

#[test]
fn a_view_is_rebuilt_and_forgotten_with_its_collections() {
    let store = arbour::open("memory:").unwrap();
    let (events, accounts) = bank(&store);
    assert_eq!(accounts.declaration().name, "bank.1.accounts");
    events.dispatch("ada", opened("Ada")).unwrap();
    let before = events.digest("bank", 1).unwrap();
    events.rebuild("bank", 1, &mut |_| std::ops::ControlFlow::Continue(())).unwrap();
    assert_eq!(events.digest("bank", 1).unwrap(), before);
    drop(events);
    let next = Projection::new("bank", 2);
    let newer = next.collection::<Account>(&store).unwrap();
    let view = newer.clone();
    let next = next.on(move |event: &Recorded<Banking>, tx| {
        if let Banking::Opened { owner } = &event.body {
            let name = format!("the {}", event.stream());
            view.insert(tx, Account { name, owner: owner.clone(), cents: 0 })?;
        }
        Ok(())
    });
    let events = Events::builder(store.clone(), "main").projection(next).build().unwrap();
    events.catch_up("bank").unwrap();
    assert_eq!(balance(&store, &newer, "the ada"), Some(0));
    events.forget("bank", 1).unwrap();
    let names = store.snapshot().unwrap().trees().unwrap();
    assert!(names.iter().all(|name| !name.contains("bank.1")), "{names:?}");
}
