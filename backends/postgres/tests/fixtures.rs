//! Tables written by earlier versions open forever. What is kept of them is a dump of their schema.

use std::env;
use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::Path;

use arbour_conformance::{Factory, fixture};
use arbour_core::{Result, StoreOptions};
use arbour_postgres::PostgresStore;
use arbour_servers::Postgres;

/// The name of the schema in the dumps.
const SCHEMA: &str = "arbour_fixture";

/// Opens the store whose dump is at a path, which it loads into a schema of its own at first.
struct Dumps;

impl Factory for Dumps {
    type Store = PostgresStore;

    fn open(&self, path: &Path, options: &StoreOptions) -> Result<PostgresStore> {
        let mut hasher = DefaultHasher::new();
        path.hash(&mut hasher);
        let schema = format!("loaded_{:016x}", hasher.finish());
        let server = Postgres::shared();
        let loaded = path.with_file_name("loaded");
        if !loaded.exists() {
            let dump = fs::read_to_string(path).expect("there is a dump");
            server.sql(&dump.replace(SCHEMA, &schema)).expect("the dump can be loaded");
            fs::write(&loaded, "").expect("the folder can be written");
        }
        PostgresStore::open(&server.url(&schema), options)
    }
}

/// Writes a new store, in the schema that is dumped.
struct New;

impl Factory for New {
    type Store = PostgresStore;

    fn open(&self, _: &Path, options: &StoreOptions) -> Result<PostgresStore> {
        PostgresStore::open(&Postgres::shared().url(SCHEMA), options)
    }
}

#[test]
fn open_forever() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/postgres");
    if let Ok(version) = env::var("ARBOUR_WRITE_FIXTURES") {
        let version = folder.join(version);
        fixture::write(&New, &version, |_| false);
        let dump = Postgres::shared().dump(SCHEMA).expect("the schema can be dumped");
        fs::create_dir_all(&version).expect("the folder can be made");
        fs::write(version.join("store"), dump).expect("the folder can be written");
    }
    fixture::open_all(&Dumps, &folder);
}
