//! The state of the bot: set, set again, and read when nothing was set.

use arbour::{ErrorKind, KvStore as _};

use crate::bed::{Bed, put_raw};
use crate::database::Error;
use crate::engines::{on_every_engine, on_every_persistent_engine};

on_every_engine!(a_device_is_what_was_set_last, a_device_that_is_no_text_is_an_error);
on_every_persistent_engine!(a_device_stays);

fn a_device_is_what_was_set_last(bed: &Bed) {
    let state = bed.open().state;
    assert_eq!(state.device_id().unwrap(), None);
    for device in ["ABCD", "", "é"] {
        state.set_device_id(device).unwrap();
        assert_eq!(state.device_id().unwrap().as_deref(), Some(device));
    }
}

fn a_device_that_is_no_text_is_an_error(bed: &Bed) {
    let database = bed.open();
    put_raw(&database, "global_metadata", b"device_id", b"AB\xff");
    let Err(Error::Store(error)) = database.state.device_id() else { panic!("it was read") };
    assert_eq!(error.kind(), ErrorKind::Decode);
    assert_eq!((error.tree(), error.key()), (Some("global_metadata"), Some("device_id")));
    database.state.set_device_id("ABCD").unwrap();
    assert_eq!(database.state.device_id().unwrap().as_deref(), Some("ABCD"));
}

fn a_device_stays(bed: &Bed) {
    let database = bed.open();
    database.state.set_device_id("ABCD").unwrap();
    database.store().close().unwrap();
    drop(database);
    assert_eq!(bed.open().state.device_id().unwrap().as_deref(), Some("ABCD"));
}
