//! G7: a damaged entry is named, never skipped, and can be replaced.

use std::error::Error as _;

use arbour::{DecodeError, ErrorKind};
use serde_json::json;

use crate::bed::{Bed, failed, put_raw};
use crate::database::{Error, Op};
use crate::engines::on_every_engine;

on_every_engine!(
    damaged_json_is_an_error_that_names_it,
    a_damaged_entry_can_be_replaced_or_deleted,
    a_key_that_is_no_text_is_an_error,
    a_pointer_to_no_replica_is_an_error,
);

/// Of the original: "corrupted JSON" is a query error.
fn damaged_json_is_an_error_that_names_it(bed: &Bed) {
    let database = bed.open();
    database.batch(&[Op::put("a", 1), Op::put("k", 2), Op::put("z", 3)]).unwrap();
    for damaged in [&b"{\"id\":"[..], b"", b"{} {}", b"\xff", b"nul"] {
        put_raw(&database, "x", b"k", damaged);
        let error = database.get("k").unwrap_err();
        assert_eq!(error.path(), bed.url());
        assert_eq!(error.kind(), ErrorKind::Decode);
        assert!(error.to_string().starts_with(&format!("GET k in {}: ", bed.url())), "{error}");
        let cause = error.source().unwrap().downcast_ref::<arbour::Error>().unwrap();
        assert_eq!((cause.tree(), cause.key()), (Some("x"), Some("k")));
        let decoding = cause.source().unwrap();
        assert!(decoding.is::<DecodeError>());
        let source = decoding.source().unwrap();
        let is_no_text = damaged == b"\xff" && source.is::<std::str::Utf8Error>();
        assert!(is_no_text || source.is::<serde_json::Error>(), "{source}");

        // Other entries can be read; a list that contains the damaged one fails.
        assert_eq!(database.get("a").unwrap(), Some(json!(1)));
        assert_eq!(database.get_all("z").unwrap(), [("z".to_owned(), json!(3))]);
        let listed = database.get_all("");
        assert_eq!(failed(listed), ("GETALL *".to_owned(), ErrorKind::Decode));
        // Keys are not values: the entry has to be listed to be found.
        assert_eq!(database.keys("").unwrap(), ["a", "k", "z"]);
    }
}

fn a_damaged_entry_can_be_replaced_or_deleted(bed: &Bed) {
    let database = bed.open();
    put_raw(&database, "x", b"k", b"{");
    put_raw(&database, "x", b"l", b"}");
    database.put("k", &json!(1)).unwrap();
    database.del("l").unwrap();
    assert_eq!(database.get_all("").unwrap(), [("k".to_owned(), json!(1))]);
}

fn a_key_that_is_no_text_is_an_error(bed: &Bed) {
    let database = bed.open();
    put_raw(&database, "x", b"event:\xff", b"1");
    let expected = |query: &str| (query.to_owned(), ErrorKind::Decode);
    assert_eq!(failed(database.keys("event:")), expected("KEYS event:*"));
    assert_eq!(failed(database.get_all("event:")), expected("GETALL event:*"));
    assert!(database.keys("eventz").unwrap().is_empty());
}

/// Of the later original: the pointer "rejects invalid". Nothing is read from a guess.
fn a_pointer_to_no_replica_is_an_error(bed: &Bed) {
    let database = bed.open();
    database.put("k", &json!(1)).unwrap();
    for invalid in [&b"\"z\""[..], b"\"X\"", b"1", b"", b"x"] {
        put_raw(&database, "_meta", b"current_replica", invalid);
        let expected = |query: &str| (query.to_owned(), ErrorKind::Decode);
        assert_eq!(failed(database.get("k")), expected("GET k"));
        assert_eq!(failed(database.put("k", &json!(2))), expected("PUT k"));
        assert_eq!(failed(database.status()), expected("STATUS"));
        let Err(Error::Query { cause, .. }) = database.keys("") else { panic!("it was read") };
        assert_eq!((cause.tree(), cause.key()), (Some("_meta"), Some("current_replica")));
    }
    put_raw(&database, "_meta", b"current_replica", b"\"x\"");
    assert_eq!(database.get("k").unwrap(), Some(json!(1)));
}
