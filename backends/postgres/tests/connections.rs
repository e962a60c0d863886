//! Connections that are lost, and servers that end.

#![allow(clippy::unwrap_used, reason = "what helps a test may panic as the test may")]

use arbour_core::{
    Batch, Durability, ErrorKind, KvRead as _, KvStore as _, KvWrite as _, Result, StoreOptions,
};
use arbour_postgres::PostgresStore;
use arbour_servers::{Cut, Postgres, Proxy};

/// A store behind a proxy, and the same one without.
struct Bed {
    server: Postgres,
    proxy: Proxy,
    store: PostgresStore,
    direct: PostgresStore,
}

impl Bed {
    fn new() -> Self {
        Self::with("")
    }

    /// With more options in the address of the store behind the proxy.
    fn with(options: &str) -> Self {
        let server = Postgres::start(&[]).unwrap();
        let proxy = Proxy::start(server.port()).unwrap();
        let url =
            format!("postgres://arbour@127.0.0.1:{}/postgres?schema=app{options}", proxy.port());
        let store = PostgresStore::open(&url, &StoreOptions::new()).unwrap();
        let direct = PostgresStore::open(&server.url("app"), &StoreOptions::new()).unwrap();
        Self { server, proxy, store, direct }
    }
}

/// A commit whose connection is lost says truly whether it has taken effect.
#[test]
fn a_commit_whose_answer_is_lost_is_found_out() -> Result<()> {
    let Bed { proxy, store, direct, server: _server } = Bed::new();
    let (t, seen) = (store.tree("t")?, direct.tree("t")?);
    store.put(&t, b"first", b"1")?;
    for round in 0..3_u8 {
        for cut in [Cut::Before, Cut::During, Cut::After] {
            for batched in [false, true] {
                let key = format!("{cut:?} {batched} {round}");
                proxy.cut(cut, "COMMIT");
                let committed = if batched {
                    let mut batch = Batch::new();
                    batch.put(&t, key.as_bytes(), b"1");
                    store.apply(batch, Durability::PowerLoss)
                } else {
                    store.write(|transaction| {
                        assert!(transaction.get(&t, b"first")?.is_some());
                        transaction.put(&t, key.as_bytes(), b"1")
                    })
                };
                assert!(proxy.has_cut(), "{key}: {committed:?}");
                let is_there = direct.get(&seen, key.as_bytes())?.is_some();
                match &committed {
                    Ok(()) => assert!(is_there, "{key}: acknowledged and lost"),
                    Err(error) => {
                        assert_eq!(error.kind(), ErrorKind::Unreachable, "{key}: {error:?}");
                        assert!(error.message().contains("nothing was written"), "{error}");
                        assert!(!is_there, "{key}: refused and written");
                    }
                }
                match cut {
                    Cut::Before => assert!(committed.is_err(), "{key}"),
                    Cut::After => assert!(committed.is_ok(), "{key}"),
                    Cut::During => {}
                }
            }
        }
    }
    Ok(())
}

/// A server that ends takes its transactions with it, and the store goes on once it is back.
#[test]
fn a_store_outlives_its_server() -> Result<()> {
    let Bed { server, store, .. } = Bed::with("&timeout=2");
    let t = store.tree("t")?;
    store.put(&t, b"a", b"1")?;
    let snapshot = store.snapshot()?;
    let mut transaction = store.begin()?;
    assert!(transaction.contains(&t, b"a")?);
    transaction.put(&t, b"b", b"2")?;
    server.kill().unwrap();
    let unreachable = |error: arbour_core::Error| {
        assert_eq!(error.kind(), ErrorKind::Unreachable, "{error:?}");
        assert!(error.path().is_some(), "{error:?}");
    };
    snapshot.get(&t, b"a").map(drop).map_err(unreachable).unwrap_err();
    store.get(&t, b"a").map(drop).map_err(unreachable).unwrap_err();
    server.run().unwrap();
    transaction.commit().map_err(unreachable).unwrap_err();
    drop(snapshot);
    assert_eq!(store.get(&t, b"a")?.as_deref(), Some(&b"1"[..]));
    assert!(store.get(&t, b"b")?.is_none());
    store.put(&t, b"b", b"3")?;
    store.close()
}

/// A server that does not answer is given up at the deadline, and what a commit did is asked of it later.
#[test]
fn a_call_ends_at_its_deadline() -> Result<()> {
    let Bed { proxy, store, server: _server, .. } = Bed::with("&timeout=1");
    let t = store.tree("t")?;
    store.put(&t, b"a", b"1")?;
    proxy.be_deaf(true);
    let error = store.get(&t, b"a").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unreachable, "{error:?}");
    let error = store.put(&t, b"a", b"2").unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Unreachable | ErrorKind::CommitUnknown), "{error:?}");
    proxy.be_deaf(false);
    assert!(store.get(&t, b"a")?.is_some());
    Ok(())
}

/// Two programs take turns, as two threads of one do.
#[test]
fn a_writer_of_another_program_is_waited_for() -> Result<()> {
    let Bed { server, store, direct, .. } = Bed::new();
    let impatient = StoreOptions::new().busy_timeout(std::time::Duration::from_millis(50));
    let other = PostgresStore::open(&server.url("app"), &impatient)?;
    let (t, seen) = (store.tree("t")?, other.tree("t")?);
    let mut transaction = store.begin()?;
    transaction.put(&t, b"a", b"1")?;
    // It takes its turn when it reads.
    assert!(!transaction.contains(&t, b"a2")?);
    let waiting = other.begin()?;
    let error = waiting.contains(&seen, b"a").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Busy, "{error:?}");
    drop(waiting);
    let error = other.put(&seen, b"a", b"2").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Busy, "{error:?}");
    // Reading waits for nobody.
    assert!(other.get(&seen, b"a")?.is_none());
    std::thread::scope(|scope| {
        let t = direct.tree("t")?;
        let patient = scope.spawn(move || direct.put(&t, b"b", b"3"));
        transaction.commit()?;
        patient.join().unwrap()
    })?;
    assert_eq!(other.get(&seen, b"a")?.as_deref(), Some(&b"1"[..]));
    assert_eq!(other.get(&seen, b"b")?.as_deref(), Some(&b"3"[..]));
    Ok(())
}

#[test]
fn what_killed_programs_have_left_is_removed() -> Result<()> {
    let Bed { server, store, .. } = Bed::new();
    store.put(&store.tree("t")?, b"a", b"1")?;
    let add = "INSERT INTO app.commits VALUES (41, 1, now() - interval '2 days'), (42, 1, now())";
    server.sql(add).unwrap();
    PostgresStore::open(&server.url("app"), &StoreOptions::new())?;
    let check = "DO $$ BEGIN ASSERT (SELECT array_agg(session) FROM app.commits WHERE session IN (41, 42)) = '{42}'; END $$";
    server.sql(check).unwrap();
    Ok(())
}
