//! The suites on PostgreSQL. One process runs all cases, on a server that it starts.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::io;
use std::path::Path;

use arbour_conformance::{
    Axis, Factory, KeyValueSuite, MemoryFactory, Suite, agrees_with_a_plain_map, documents, events,
    migrations, mirror, process, run_all, seed,
};
use arbour_core::engine::OptimisticStore;
use arbour_core::{DynStore, Result, StoreOptions};
use arbour_postgres::PostgresStore;
use arbour_servers::Postgres;

struct Server;

/// The store of a path is the schema of this name.
fn schema(path: &Path) -> String {
    let mut hasher = DefaultHasher::new();
    std::path::absolute(path).expect("the current folder is known").hash(&mut hasher);
    format!("case_{:016x}", hasher.finish())
}

impl Factory for Server {
    type Store = PostgresStore;

    fn open(&self, path: &Path, options: &StoreOptions) -> Result<PostgresStore> {
        PostgresStore::open(&Postgres::shared_url(&schema(path)), options)
    }

    fn make_newer(&self, path: &Path) -> io::Result<()> {
        Postgres::shared().sql(&format!("UPDATE {}.arbour SET format = 2", schema(path)))
    }
}

/// The same server with many writers: transactions that are checked when they commit.
struct ManyWriters;

impl Factory for ManyWriters {
    type Store = OptimisticStore;

    fn open(&self, path: &Path, options: &StoreOptions) -> Result<OptimisticStore> {
        Ok(OptimisticStore::new(DynStore::new(Server.open(path, options)?), options))
    }

    fn make_newer(&self, path: &Path) -> io::Result<()> {
        Server.make_newer(path)
    }
}

fn runs_every_case<F: Factory>(suite: &impl Suite, factory: impl Fn() -> F) {
    let report = run_all(suite, factory, &[Axis::Fixed]);
    println!("{report}");
    assert!(report.failures.is_empty(), "{report}");
    assert!(report.count() > 0, "there are cases");
}

#[test]
fn key_values() {
    runs_every_case(&KeyValueSuite, || Server);
}

#[test]
fn documents() {
    runs_every_case(&<documents::DocumentSuite>::default(), || Server);
}

#[test]
fn events() {
    runs_every_case(&events::EventSuite, || Server);
}

#[test]
fn migrations() {
    runs_every_case(&migrations::MigrationSuite, || Server);
}

#[test]
fn key_values_of_many_writers() {
    runs_every_case(&KeyValueSuite, || ManyWriters);
}

#[test]
fn agrees_with_maps() {
    agrees_with_a_plain_map(&Server);
}

#[test]
fn answers_as_memory_does() {
    mirror(&Server, &MemoryFactory, seed(), 8);
}

#[test]
fn killed_writer_loses_nothing() -> Result<()> {
    // The processes that are killed use the server of this one.
    let _ = Postgres::shared_url("shared");
    let name = concat!(module_path!(), "::killed_writer_loses_nothing");
    process::killed_writer_loses_nothing(&Server, name)
}
