//! A full device: committed data stays, and once there is space the run resumes.

use arbour::migrations::{Group, MigrationError, Migrations, Step};
use arbour::{DynStore, KvStore as _, KvWrite as _, Operation};
use arbour_conformance::migration_fixture::Pinned;

use crate::limited;
use crate::noise::noise;

const ROOM_BYTES: u64 = 4 << 20;
const ENTRIES: u32 = 2000;

/// Turns small entries into ones that do not fit.
fn migrations() -> Migrations {
    let step = Step::numbered(1).each("small", |trees, key, value| {
        let seed = u32::from_be_bytes(value.try_into()?);
        trees.put("large", key, &noise(seed.into(), 5000))?;
        Ok(trees.delete("small", key)?)
    });
    Migrations::new("app", "1.2").group(Group::new("entries").step(step)).chunk_entries(20)
}

fn fill(store: &DynStore) {
    let tree = store.tree("small").unwrap();
    let filled = store.write(|transaction| {
        (0..ENTRIES).try_for_each(|number| {
            transaction.put(&tree, &number.to_be_bytes(), &number.to_be_bytes())
        })
    });
    filled.unwrap();
}

#[cfg(unix)]
#[test]
fn a_run_goes_on_once_there_is_room() {
    if let Some(url) = limited::url() {
        let store = arbour::open(&url).unwrap();
        let error = migrations().run(&store).unwrap_err();
        let is_of_store = matches!(error.downcast_ref(), Some(MigrationError::StoreInStep { .. }))
            || error.operation() != Operation::Layer;
        assert!(is_of_store, "{error:?}");
        return;
    }
    let expected = arbour::open("memory:").unwrap();
    fill(&expected);
    migrations().run(&expected).unwrap();
    let expected = Pinned::of(&expected).unwrap();
    // The engines whose stores are files.
    let has_files = |scheme: &String| !["memory", "postgres"].contains(&scheme.as_str());
    for scheme in arbour::schemes().into_iter().filter(has_files) {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("{scheme}:{}", folder.path().join("store").display());
        let store = arbour::open(&url).unwrap();
        fill(&store);
        store.close().unwrap();
        drop(store);
        limited::run("room::a_run_goes_on_once_there_is_room", &url, ROOM_BYTES);

        let store = arbour::open(&url).unwrap();
        let done = migrations().status(&store).unwrap().steps[0].record.clone().unwrap();
        assert!((20..u64::from(ENTRIES)).contains(&done.counts.puts), "{scheme}: {done:?}");
        let report = migrations().run(&store).unwrap();
        let again = report.steps[0].counts.puts + done.counts.puts;
        assert_eq!(again, u64::from(ENTRIES), "{scheme}");
        assert_eq!(Pinned::of(&store).unwrap(), expected, "{scheme}");
        store.close().unwrap();
    }
}
