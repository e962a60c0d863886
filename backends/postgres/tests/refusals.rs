//! Addresses, rights and tables with which a store cannot be opened or written.

#![allow(clippy::unwrap_used, reason = "what helps a test may panic as the test may")]

use std::error::Error as _;

use arbour_core::{Error, ErrorKind, KvStore as _, Result, StoreOptions};
use arbour_postgres::PostgresStore;
use arbour_servers::Postgres;

fn open(url: &str) -> Result<PostgresStore> {
    PostgresStore::open(url, &StoreOptions::new())
}

/// The address of a store as another user sees it.
fn as_user(server: &Postgres, user: &str, schema: &str) -> String {
    server.url(schema).replace("arbour@", &format!("{user}@"))
}

#[track_caller]
fn refused(url: &str, kind: ErrorKind, says: &str) -> Error {
    let error = open(url).unwrap_err();
    assert_eq!(error.kind(), kind, "{error:?}");
    assert!(error.to_string().contains(says), "{says:?} is not in {error}");
    error
}

#[test]
fn an_address_that_cannot_be_used_is_refused() {
    refused("postgres://user@/app?schema=app", ErrorKind::InvalidArgument, "names no server");
    refused("postgres://h/d?schema=Not Good", ErrorKind::InvalidArgument, "lowercase");
    refused("postgres://h/d?schema=pg_own", ErrorKind::InvalidArgument, "pg_");
    refused("postgres://h/d?connections=0", ErrorKind::InvalidArgument, "4 to 1000");
    refused("postgres://h/d?timeout=never", ErrorKind::InvalidArgument, "seconds");
    let error = refused("postgres://h/d?color=red", ErrorKind::InvalidArgument, "address");
    assert!(error.source().unwrap().source().unwrap().to_string().contains("color"), "{error:?}");
    // Nothing listens there.
    let error =
        refused("postgres://127.0.0.1:1/d?timeout=5", ErrorKind::Unreachable, "127.0.0.1:1");
    assert!(error.source().is_some() && error.path().is_some(), "{error:?}");
}

#[test]
fn who_may_not_enter_is_told_so() {
    let server = Postgres::start(&[]).unwrap();
    let missing = server.url("app").replace("/postgres?", "/missing?");
    refused(&missing, ErrorKind::NotFound, "\"missing\" does not exist");
    server.sql("CREATE ROLE guarded LOGIN PASSWORD 'right' SUPERUSER").unwrap();
    let wrong = as_user(&server, "guarded:wrong", "app");
    let error = refused(&wrong, ErrorKind::InvalidArgument, "password");
    assert!(!format!("{error:?} {error}").contains("wrong"), "the password is shown: {error:?}");
    open(&as_user(&server, "guarded:right", "app")).unwrap();
}

#[test]
fn tables_of_another_program_are_left_alone() {
    let server = Postgres::start(&[]).unwrap();
    server.sql("CREATE SCHEMA theirs; CREATE TABLE theirs.users (name text)").unwrap();
    refused(&server.url("theirs"), ErrorKind::InvalidArgument, "not of Arbour");
    // A schema that was made for the store, by somebody who may.
    server.sql("CREATE SCHEMA ours").unwrap();
    open(&server.url("ours")).unwrap().close().unwrap();
    let never = StoreOptions::new().create(false);
    let error = PostgresStore::open(&server.url("none"), &never).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound, "{error:?}");
}

#[test]
fn a_role_needs_few_rights() -> Result<()> {
    let server = Postgres::start(&[]).unwrap();
    let store = open(&server.url("app"))?;
    store.put(&store.tree("t")?, b"a", b"1")?;
    server
        .sql(
            "CREATE ROLE clerk LOGIN; CREATE ROLE visitor LOGIN; \
             GRANT USAGE ON SCHEMA app TO clerk, visitor; \
             GRANT SELECT ON ALL TABLES IN SCHEMA app TO visitor; \
             GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA app TO clerk",
        )
        .unwrap();
    // It may not create a store, but it can open one that is there.
    let error = open(&as_user(&server, "clerk", "other")).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Io, "{error:?}");
    let clerk = open(&as_user(&server, "clerk", "app"))?;
    clerk.put(&clerk.tree("t")?, b"a", b"2")?;
    clerk.put(&clerk.tree("new")?, b"a", b"3")?;
    clerk.close()?;
    let visitor = open(&as_user(&server, "visitor", "app"))?;
    let t = visitor.tree("t")?;
    assert_eq!(visitor.get(&t, b"a")?.as_deref(), Some(&b"2"[..]));
    let error = visitor.put(&t, b"a", b"4").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Io, "{error:?}");
    assert!(error.message().contains("permission denied"), "{error}");
    assert_eq!(visitor.get(&t, b"a")?.as_deref(), Some(&b"2"[..]));
    Ok(())
}

/// A server that was told not to wait for its device cannot keep what is promised.
#[test]
fn a_server_without_fsync_is_refused() {
    let server = Postgres::start(&["fsync=off"]).unwrap();
    refused(&server.url("app"), ErrorKind::Unsupported, "fsync");
}
