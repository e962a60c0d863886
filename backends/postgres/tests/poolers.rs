//! A pooler between the store and its server.

#![allow(clippy::unwrap_used, reason = "what helps a test may panic as the test may")]

use arbour_core::{ErrorKind, KvRead as _, KvStore as _, KvWrite as _, Result, StoreOptions};
use arbour_postgres::PostgresStore;
use arbour_servers::{PgBouncer, PoolMode, Postgres};

#[test]
fn a_connection_of_its_own_is_needed() -> Result<()> {
    let server = Postgres::start(&[]).unwrap();
    let options = StoreOptions::new();
    let pooler = PgBouncer::start(&server, PoolMode::Transaction).unwrap();
    let error = PostgresStore::open(&pooler.url("app"), &options).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unsupported, "{error:?}");
    assert!(error.message().contains("pool_mode = session"), "{error}");
    let pooler = PgBouncer::start(&server, PoolMode::Session).unwrap();
    let store = PostgresStore::open(&pooler.url("app"), &options)?;
    let t = store.tree("t")?;
    store.put(&t, b"a", b"1")?;
    let snapshot = store.snapshot()?;
    store.write(|transaction| {
        assert_eq!(transaction.get_with(&t, b"a", <[u8]>::to_vec)?.as_deref(), Some(&b"1"[..]));
        transaction.put(&t, b"a", b"2")
    })?;
    assert_eq!(snapshot.get_with(&t, b"a", <[u8]>::to_vec)?.as_deref(), Some(&b"1"[..]));
    assert_eq!(store.get(&t, b"a")?.as_deref(), Some(&b"2"[..]));
    Ok(())
}
