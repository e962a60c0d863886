//! How often one operation asks the server.

#![allow(clippy::unwrap_used, reason = "what helps a test may panic as the test may")]

use arbour::prelude::*;
use arbour_core::{Batch, Cursor as _, Direction, Durability, KeyRange, Result, StoreOptions};
use arbour_postgres::PostgresStore;
use arbour_servers::{Postgres, Proxy};

fn url(proxy: &Proxy) -> String {
    format!("postgres://arbour@127.0.0.1:{}/postgres?schema=app", proxy.port())
}

/// How often an operation asks the server, beside what it is prepared with.
fn round_trips<P, R>(
    proxy: &Proxy,
    prepare: impl Fn() -> Result<P>,
    run: impl Fn(&P) -> Result<R>,
) -> Result<u64> {
    // The first time it may learn the numbers of trees.
    run(&prepare()?)?;
    let prepared = prepare()?;
    let before = proxy.round_trips();
    run(&prepared)?;
    Ok(proxy.round_trips() - before)
}

#[test]
fn a_call_asks_the_server_once() -> Result<()> {
    let server = Postgres::start(&[]).unwrap();
    let proxy = Proxy::start(server.port()).unwrap();
    let store = PostgresStore::open(&url(&proxy), &StoreOptions::new())?;
    let t = store.tree("t")?;
    let mut batch = Batch::new();
    for number in 0..10_000_u32 {
        batch.put(&t, &number.to_be_bytes(), &[7; 100]);
    }
    store.apply(batch, Durability::PowerLoss)?;
    let key = |number: u32| number.to_be_bytes();
    let nothing = || Ok(());
    let snapshot = || store.snapshot();
    let keys: Vec<_> = (0..100).map(key).collect();
    let counted = [
        round_trips(&proxy, nothing, |()| store.get(&t, &key(1)))?,
        round_trips(&proxy, nothing, |()| store.put(&t, &key(1), b"1"))?,
        round_trips(&proxy, nothing, |()| store.snapshot().map(drop))?,
        round_trips(&proxy, snapshot, |snapshot| snapshot.multi_get(&t, &keys).map(drop))?,
        round_trips(&proxy, snapshot, |snapshot| snapshot.len(&t))?,
    ];
    assert_eq!(counted, [1; 5], "get, put, snapshot, many keys, length");
    let any = arbour::open(&url(&proxy))?;
    let (u, snapshot_of_any) = (any.tree("t")?, || any.snapshot());
    let many = round_trips(&proxy, snapshot_of_any, |snapshot| {
        let found = snapshot.multi_get(&u, &keys)?;
        assert!(found.iter().all(Option::is_some));
        Ok(())
    })?;
    assert_eq!(many, 1, "many keys of a store whose engine was chosen at run time");
    let scanned = round_trips(&proxy, snapshot, |snapshot| {
        let mut cursor = snapshot.scan(&t, KeyRange::all(), Direction::Forward)?;
        let mut count = 0;
        while cursor.next()?.is_some() {
            count += 1;
        }
        assert_eq!(count, 10_000);
        Ok(())
    })?;
    assert!(scanned <= 10, "a scan of 10,000 entries asks {scanned} times");
    let transaction = round_trips(&proxy, nothing, |()| {
        store.write(|transaction| {
            for number in 0..10 {
                assert!(transaction.contains(&t, &key(number))?);
                transaction.put(&t, &key(number), b"2")?;
            }
            Ok(())
        })
    })?;
    assert_eq!(
        transaction, 11,
        "it begins with the first of ten reads, and writes with its commit"
    );
    Ok(())
}

#[derive(Clone, Serialize, Deserialize, Document)]
#[document(collection = "tickets", index(status, created desc))]
struct Ticket {
    #[document(id, made)]
    id: u64,
    status: String,
    created: u64,
    #[document(index, many)]
    tags: Vec<String>,
    #[document(unique)]
    reference: String,
}

fn ticket(number: u64) -> Ticket {
    let tags = vec!["printer".to_owned(), format!("floor {}", number % 7)];
    let (status, reference) = ("open".to_owned(), format!("reference {number}"));
    Ticket { id: 0, status, created: number, tags, reference }
}

#[test]
fn documents_ask_a_few_times() -> Result<()> {
    let server = Postgres::start(&[]).unwrap();
    let proxy = Proxy::start(server.port()).unwrap();
    let store = arbour::open(&url(&proxy))?;
    let tickets = store.collection::<Ticket>()?;
    store
        .write(|tx| (0..200).try_for_each(|number| tickets.insert(tx, ticket(number)).map(drop)))?;
    let next = std::cell::Cell::new(200);
    let nothing = || Ok(());
    let snapshot = || store.snapshot();
    let inserted = round_trips(&proxy, nothing, |()| {
        next.set(next.get() + 1);
        store.write(|tx| tickets.insert(tx, ticket(next.get())))
    })?;
    let put = round_trips(&proxy, nothing, |()| {
        next.set(next.get() + 1);
        store.write(|tx| tickets.put(tx, Ticket { id: 7, ..ticket(next.get()) }))
    })?;
    let modified = round_trips(&proxy, nothing, |()| {
        store.write(|tx| tickets.modify(tx, 8, |ticket| ticket.status += "!"))
    })?;
    let removed = round_trips(&proxy, nothing, |()| {
        next.set(next.get() + 1);
        store.write(|tx| tickets.delete(tx, next.get() - 200))
    })?;
    let page = round_trips(&proxy, snapshot, |snapshot| {
        let page = tickets
            .find(Ticket::STATUS.eq("open"))
            .sort(Ticket::CREATED.descending())
            .limit(20)
            .page(snapshot)?;
        assert_eq!(page.items.len(), 20);
        Ok(())
    })?;
    let got = round_trips(&proxy, snapshot, |snapshot| tickets.get(snapshot, 7))?;
    let many = round_trips(&proxy, snapshot, |snapshot| tickets.get_many(snapshot, 20..120_u64))?;
    assert_eq!([inserted, put, modified, removed], [3, 3, 2, 2]);
    assert_eq!([page, got, many], [3, 1, 1]);
    Ok(())
}

#[derive(Serialize, Deserialize, Event)]
enum Banking {
    Moved { cents: i64 },
}

#[derive(Serialize, Deserialize, Document)]
#[document(collection = "accounts")]
struct Account {
    #[document(id)]
    name: String,
    cents: i64,
}

#[test]
fn a_dispatch_asks_a_few_times() -> Result<()> {
    let server = Postgres::start(&[]).unwrap();
    let proxy = Proxy::start(server.port()).unwrap();
    let store = arbour::open(&url(&proxy))?;
    let bank = Projection::new("bank", 1);
    let accounts = bank.collection::<Account>(&store)?;
    store.write(|tx| accounts.insert(tx, Account { name: "ada".to_owned(), cents: 0 }))?;
    let events = Events::builder(store.clone(), "main")
        .projection(bank.on(move |event: &Recorded<Banking>, view| {
            let Banking::Moved { cents } = &event.body;
            let account =
                accounts.modify(view, event.stream(), |account| account.cents += cents)?;
            Ok(account.cents)
        }))
        .build()
        .unwrap();
    let dispatched = round_trips(
        &proxy,
        || Ok(()),
        |()| {
            events.dispatch("ada", Banking::Moved { cents: 400 }).unwrap();
            Ok(())
        },
    )?;
    assert_eq!(dispatched, 3, "it reads what the log needs, then what the account needs");
    Ok(())
}
