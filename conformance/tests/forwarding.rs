//! Wrappers of stores forward every method that they do not change.

use std::sync::Arc;

use arbour::GroupCommit;
use arbour_conformance::{Probe, check_forwarding};
use arbour_core::engine::forward;
use arbour_core::{DynStore, KvRead, KvStore};

const NOTHING: [&str; 0] = [];

#[test]
fn the_wrappers_of_the_core_forward_everything() {
    assert_eq!(check_forwarding(|probe| probe), NOTHING);
    assert_eq!(check_forwarding(Arc::new), NOTHING);
    assert_eq!(check_forwarding(DynStore::new), NOTHING);
    assert_eq!(check_forwarding(|probe| Arc::new(DynStore::new(Arc::new(probe)))), NOTHING);
    // A batch joins a group of writes, which is one transaction.
    assert_eq!(check_forwarding(|probe| GroupCommit::new(Arc::new(probe))), ["apply"]);
}

/// Leaves out the provided methods: every call returns, and none of these reaches the engine.
struct Forgetful(Probe);

struct ForgetfulSnapshot<R>(R);

impl KvStore for Forgetful {
    type Snapshot<'s> = ForgetfulSnapshot<<Probe as KvStore>::Snapshot<'s>>;
    type Transaction<'s> = <Probe as KvStore>::Transaction<'s>;

    forward!(self => self.0; capabilities, open_tree, send_snapshot, begin_with, apply, sync, close);
    forward!(self => self.0; stats, compact, backup);

    fn snapshot(&self) -> arbour_core::Result<Self::Snapshot<'_>> {
        self.0.snapshot().map(ForgetfulSnapshot)
    }
}

impl<R: KvRead> KvRead for ForgetfulSnapshot<R> {
    forward!(types of R);
    forward!(self => self.0; get, scan, open_tree, trees);
}

#[test]
fn what_a_wrapper_leaves_out_is_found() {
    let snapshot = ["get_with", "contains", "len", "prefetch"];
    let missed = snapshot.map(|method| format!("snapshot.{method}"));
    let missed = ["writer_wait".to_owned()].into_iter().chain(missed).collect::<Vec<_>>();
    assert_eq!(check_forwarding(Forgetful), missed);
}
