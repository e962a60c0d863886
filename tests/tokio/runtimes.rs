//! A runtime that shuts down beside the store.

use std::task::Poll;

use arbour::ErrorKind;
use tokio::runtime::{Builder, Runtime};

use crate::bed::beds;
use crate::gate::{gate, poll_once};

fn runtime() -> Runtime {
    Builder::new_current_thread().enable_time().max_blocking_threads(1).build().unwrap()
}

#[test]
fn a_write_that_runs_while_its_runtime_shuts_down_is_whole() {
    for bed in beds() {
        let (mut gate, mut passage) = gate();
        let (runtime, put) = (runtime(), bed.put("a"));
        runtime.block_on(async {
            let mut write = Box::pin(bed.store.write(move |tx| {
                passage.pass();
                put(tx)
            }));
            assert!(poll_once(write.as_mut()).is_pending());
            gate.reached().await;
        });
        runtime.shutdown_background();
        drop(gate);
        let other = self::runtime();
        other.block_on(bed.store.write(bed.put("b"))).unwrap();
        assert!(bed.has("a") && bed.has("b"), "{}", bed.engine);
    }
}

#[test]
fn a_write_that_its_runtime_cannot_begin_is_refused_and_the_store_goes_on() {
    for bed in beds() {
        let (runtime, other) = (runtime(), runtime());
        let handle = runtime.handle().clone();
        runtime.shutdown_background();
        let refused = {
            let _entered = handle.enter();
            let mut write = Box::pin(bed.store.write(bed.put("a")));
            poll_once(write.as_mut())
        };
        let Poll::Ready(Err(refused)) = refused else { unreachable!("the runtime is gone") };
        assert_eq!(refused.kind(), ErrorKind::Closed, "{}", bed.engine);
        other.block_on(bed.store.write(bed.put("b"))).unwrap();
        assert!(!bed.has("a") && bed.has("b"), "{}", bed.engine);
    }
}
