//! G8: after closing, every operation fails with `Closed`, and closing once more is not a failure.

use arbour::ErrorKind;
use arbour::migrations::Run;
use serde_json::json;

use crate::bed::{Bed, failed};
use crate::database::{Decisions, Error, Op, Upgrade};
use crate::engines::on_every_engine;

on_every_engine!(a_closed_database_says_so, closing_twice_is_no_failure);

/// Of the original: "put after close", "del after close". The guards are patterns here.
fn a_closed_database_says_so(bed: &Bed) {
    let database = bed.open();
    database.put("k", &json!(1)).unwrap();
    let (x, buffered) = (database.namespace("x").unwrap(), database.buffered());
    database.close().unwrap();
    for database in [&database, &x, &buffered] {
        let closed = |query: &str| (query.to_owned(), ErrorKind::Closed);
        assert_eq!(failed(database.put("k", &json!(2))), closed("PUT k"));
        assert_eq!(failed(database.get("k")), closed("GET k"));
        assert_eq!(failed(database.del("k")), closed("DEL k"));
        assert_eq!(failed(database.keys("k")), closed("KEYS k*"));
        assert_eq!(failed(database.get_all("k")), closed("GETALL k*"));
        assert_eq!(failed(database.batch(&[Op::del("k")])), closed("BATCH 1 ops"));
        assert_eq!(failed(database.delete_event("k")), closed("DELETE EVENT k"));
        assert_eq!(failed(database.clear()), closed("CLEAR"));
        assert_eq!(failed(database.status()), closed("STATUS"));
        assert_eq!(failed(database.sync()), closed("SYNC"));
        assert_eq!(failed(database.namespace("y")), closed("NAMESPACE y"));
    }
    let error = database.get("k").unwrap_err();
    assert!(matches!(&error, Error::Query { .. }) && !matches!(&error, Error::Init { .. }));
    assert_eq!(error.path(), bed.url());
    assert!(error.to_string().ends_with("open the store again"), "{error}");
    let upgrade = Upgrade::to(1, |_| Ok(Decisions::new()));
    let error = database.migrate(&[upgrade], &Run::default()).unwrap_err();
    assert!(matches!(&error, Error::Migration { .. }), "{error}");
    assert_eq!(error.kind(), ErrorKind::Closed);
}

fn closing_twice_is_no_failure(bed: &Bed) {
    let database = bed.open();
    let clone = database.clone();
    for _ in 0..2 {
        database.close().unwrap();
        clone.close().unwrap();
    }
    assert_eq!(failed(clone.get("k")), ("GET k".to_owned(), ErrorKind::Closed));
}
