//! An engine outside of Arbour: [`engine`], in one file, opened by a URL and tested by the whole
//! suite.
//!
//! ```text
//! cargo run --features conformance --bin own_engine
//! ```
//!
//! In a test each case of the suite gets a name of its own, with one macro: see
//! `examples/tests/own_engine.rs`.

mod engine;
mod factory;

use std::process::ExitCode;

use arbour::{DynStore, KvRead as _, KvStore as _, KvWrite as _};
use arbour_conformance::{Axis, KeyValueSuite, run_all};

use factory::Own;

fn main() -> arbour::Result<ExitCode> {
    arbour::register("own", |place, options| {
        Ok(DynStore::new(engine::open(place.as_ref(), options)?))
    })?;
    println!("engines: {}", arbour::schemes().join(", "));
    use_it()?;
    Ok(examine_it())
}

/// From here on it is an engine like any other.
fn use_it() -> arbour::Result<()> {
    let folder = tempfile::tempdir().expect("there is a place for temporary files");
    let url = format!("own:{}", folder.path().join("app.own").display());
    let store = arbour::open(&url)?;
    let (users, rooms) = (store.tree("users")?, store.tree("rooms")?);
    store.write(|transaction| {
        transaction.put(&users, b"ada", b"1815")?;
        transaction.put(&rooms, b"study", b"ada")
    })?;
    let before = store.snapshot()?;
    store.delete(&users, b"ada")?;
    assert!(before.contains(&users, b"ada")?, "a snapshot sees one moment");
    drop(before);
    store.close()?;

    let store = arbour::open(&url)?;
    println!("{url} holds {:?}", store.snapshot()?.trees()?);
    Ok(())
}

/// Runs every case on every axis.
fn examine_it() -> ExitCode {
    // Some cases panic on purpose; the report has the failures.
    std::panic::set_hook(Box::new(|_| {}));
    let mut code = ExitCode::SUCCESS;
    for axis in Axis::ALL {
        let report = run_all(&KeyValueSuite, || Own, &[axis]);
        println!("{axis}: {report}");
        if !report.failures.is_empty() {
            code = ExitCode::FAILURE;
        }
    }
    code
}
