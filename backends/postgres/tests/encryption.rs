//! Connections that are encrypted, and passwords that are in a file.

#![allow(clippy::unwrap_used, reason = "what helps a test may panic as the test may")]

use std::fs;
use std::os::unix::fs::PermissionsExt;

use arbour_core::{
    Batch, Cursor as _, Direction, Durability, ErrorKind, KeyRange, KvRead as _, KvStore as _,
    Result, StoreOptions,
};
use arbour_postgres::PostgresStore;
use arbour_servers::Postgres;

fn open(url: &str) -> Result<PostgresStore> {
    PostgresStore::open(url, &StoreOptions::new())
}

#[track_caller]
fn refused(url: &str, says: &str) {
    let error = open(url).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidArgument, "{error:?}");
    assert!(format!("{error:?}").contains(says), "{says:?} is not in {error:?}");
}

#[test]
fn modes_check_what_they_say() {
    let server = Postgres::start_encrypted().unwrap();
    let issuer = format!("&sslrootcert={}", server.issuer().display());
    let by_address = server.url("app");
    let by_name = by_address.replace("127.0.0.1", "localhost");
    // This server takes no connection in plain text.
    refused(&format!("{by_address}&sslmode=disable"), "pg_hba.conf");
    open(&by_address).unwrap();
    open(&format!("{by_address}&sslmode=require")).unwrap();
    // Its issuer is unknown to this machine.
    refused(&format!("{by_name}&sslmode=verify-full"), "sslrootcert");
    open(&format!("{by_name}&sslmode=verify-full{issuer}")).unwrap();
    // The certificate is for the name.
    refused(&format!("{by_address}&sslmode=verify-full{issuer}"), "certificate");
    open(&format!("{by_address}&sslmode=verify-ca{issuer}")).unwrap();
    // Another issuer than its own.
    let other = Postgres::start_encrypted().unwrap();
    let other = format!("&sslrootcert={}", other.issuer().display());
    for mode in ["require", "verify-ca", "verify-full"] {
        refused(&format!("{by_name}&sslmode={mode}{other}"), "certificate");
    }
}

#[test]
fn what_cannot_be_used_is_refused() {
    let server = Postgres::start(&[]).unwrap();
    let url = server.url("app");
    open(&format!("{url}&sslmode=prefer")).unwrap();
    refused(&format!("{url}&sslmode=require"), "does not support TLS");
    refused(&format!("{url}&sslmode=always"), "`verify-full`");
    refused(&format!("{url}&sslmode=verify-full&sslrootcert=/none"), "/none cannot be used");
    refused(&format!("{url}&sslcert=/none"), "`sslkey`");
    let folder = tempfile::tempdir().unwrap();
    let empty = folder.path().join("an empty file");
    fs::write(&empty, "").unwrap();
    let written = empty.display().to_string().replace(' ', "%20");
    refused(&format!("{url}&sslmode=verify-ca&sslrootcert={written}"), "holds no certificate");
}

/// What is larger than the buffers of the encryption goes to and fro.
#[test]
fn large_requests_and_answers_pass() -> Result<()> {
    let server = Postgres::start_encrypted().unwrap();
    let store = open(&format!("{}&sslmode=require", server.url("app")))?;
    let t = store.tree("t")?;
    let large: Vec<u8> = (0..5_000_000_u32).map(|place| place.to_le_bytes()[0]).collect();
    let mut batch = Batch::new();
    batch.put(&t, b"large", &large);
    for number in 0..10_000_u32 {
        batch.put(&t, &number.to_be_bytes(), &[7; 100]);
    }
    store.apply(batch, Durability::PowerLoss)?;
    assert_eq!(store.get(&t, b"large")?.as_deref(), Some(&large[..]));
    let snapshot = store.snapshot()?;
    let mut cursor = snapshot.scan(&t, KeyRange::all(), Direction::Forward)?;
    for number in 0..10_000_u32 {
        let (key, value) = cursor.next()?.unwrap();
        assert_eq!((key, value), (&number.to_be_bytes()[..], &[7; 100][..]));
    }
    assert_eq!(cursor.next()?, Some((&b"large"[..], &large[..])));
    assert_eq!(cursor.next()?, None);
    Ok(())
}

#[test]
fn a_password_may_be_in_a_file() {
    let server = Postgres::start(&[]).unwrap();
    server.sql(r"CREATE ROLE guarded LOGIN PASSWORD 'a:b' SUPERUSER").unwrap();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("passwords");
    let url = server.url("app").replace("arbour@", "guarded@");
    let url = format!("{url}&passfile={}", file.display());
    refused(&url, "password missing");
    let lines = "127.0.0.1:1:*:guarded:wrong\n127.0.0.1:*:postgres:guarded:a\\:b\n*:*:*:*:wrong\n";
    fs::write(&file, lines).unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o640)).unwrap();
    refused(&url, "chmod 600");
    fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
    open(&url).unwrap();
    // What the address says is used first.
    refused(&url.replace("guarded@", "guarded:other@"), "password authentication failed");
}
