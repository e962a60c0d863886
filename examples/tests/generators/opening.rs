//! G9: opening creates what is missing, and a store that cannot be opened is a typed error.

use std::error::Error as _;
use std::{fs, io};

use arbour::{ErrorKind, KvStore as _, StoreOptions};
use serde_json::json;

use crate::bed::Bed;
use crate::database::{self, Error};
use crate::engines::{on_every_engine, on_every_persistent_engine};

on_every_engine!(get_returns_a_database_that_works);
on_every_persistent_engine!(
    get_creates_the_folder,
    a_folder_that_cannot_be_created_is_an_error,
    a_folder_is_not_created_for_a_store_that_must_be_there,
    a_second_handle_is_told_locked_if_it_cannot_work,
);

fn get_returns_a_database_that_works(bed: &Bed) {
    let database = database::get(bed.url(), &StoreOptions::new()).unwrap();
    database.put("k", &json!(1)).unwrap();
    assert_eq!(database.get("k").unwrap(), Some(json!(1)));
    database.close().unwrap();
}

/// A URL of a store in a folder within a folder of the bed.
fn deep(bed: &Bed) -> String {
    let path = bed.folder.path().join("data/generators/deep.store");
    format!("{}:{}", bed.scheme(), path.display())
}

/// Of the original: "creates directory", "can be called multiple times".
fn get_creates_the_folder(bed: &Bed) {
    for round in 0..2 {
        let database = database::get(&deep(bed), &StoreOptions::new()).unwrap();
        database.put(&format!("k{round}"), &json!(round)).unwrap();
        assert_eq!(database.keys("").unwrap().len(), round + 1);
        database.close().unwrap();
    }
}

/// Of the original: an initialization error "when directory cannot be created", with its cause.
fn a_folder_that_cannot_be_created_is_an_error(bed: &Bed) {
    fs::write(bed.folder.path().join("data"), "a file where a folder has to be").unwrap();
    let error = database::get(&deep(bed), &StoreOptions::new()).unwrap_err();
    assert!(matches!(&error, Error::Init { operation: "CREATE DIRECTORY", .. }), "{error}");
    assert_eq!(error.kind(), ErrorKind::Io);
    assert_eq!(error.path(), deep(bed));
    let cause = error.source().unwrap().downcast_ref::<arbour::Error>().unwrap();
    assert!(cause.path().unwrap().ends_with("data/generators"));
    assert!(cause.source().unwrap().is::<io::Error>());
    assert_eq!(error.to_string().lines().count(), 1, "{error}");
}

fn a_folder_is_not_created_for_a_store_that_must_be_there(bed: &Bed) {
    let error = database::get(&deep(bed), &StoreOptions::new().create(false)).unwrap_err();
    assert!(matches!(&error, Error::Init { operation: "OPEN", .. }), "{error}");
    assert_eq!(error.kind(), ErrorKind::Io, "{error}");
    assert!(!bed.folder.path().join("data").exists());
}

#[test]
fn a_url_that_names_no_engine_leaves_no_folder_behind() {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("oracle:{}", folder.path().join("data/x").display());
    let error = database::get(&url, &StoreOptions::new()).unwrap_err();
    assert!(matches!(&error, Error::Init { operation: "OPEN", .. }), "{error}");
    assert_eq!(error.kind(), ErrorKind::InvalidArgument);
    assert!(fs::read_dir(folder.path()).unwrap().next().is_none());
}

/// The original tests the text of an engine's cause, `LEVEL_LOCKED`.
fn a_second_handle_is_told_locked_if_it_cannot_work(bed: &Bed) {
    let first = bed.open();
    first.put("k", &json!(1)).unwrap();
    // SQLite's stores can be shared, and so have no lock to report.
    let is_shared = first.store().capabilities().multi_process;
    match database::get(bed.url(), &StoreOptions::new()) {
        Ok(second) => {
            assert!(is_shared);
            second.put("k", &json!(2)).unwrap();
            assert_eq!(first.get("k").unwrap(), Some(json!(2)));
            second.close().unwrap();
        }
        Err(error) => {
            assert!(!is_shared, "{error}");
            assert!(matches!(&error, Error::Init { operation: "OPEN", .. }), "{error}");
            assert_eq!(error.kind(), ErrorKind::Locked);
            assert_eq!(error.path(), bed.url());
            assert!(error.source().unwrap().is::<arbour::Error>());
            assert_eq!(first.get("k").unwrap(), Some(json!(1)));
        }
    }
    first.close().unwrap();
    bed.open().close().unwrap();
}
