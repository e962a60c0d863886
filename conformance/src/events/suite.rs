//! The suite for events.

use arbour::Result;

use super::EventBed;
use super::cases::cases;
use crate::harness::{Axis, Case, DynFactory, Factory, Proof, Suite, prove_on_bed};

/// Generates one named test for each case about events on each axis, in a module `events`.
///
/// `events_suite!(factory)` is for an engine that persists, and has two more tests,
/// `process::killed_dispatcher_loses_nothing` and `process::two_dispatchers_by_manifest`;
/// `events_suite!(factory, volatile)` is for one that keeps nothing when it is closed. Use it
/// together with [`suite!`](crate::suite).
///
/// See the [module](mod@crate::events) for an example.
#[macro_export]
macro_rules! events_suite {
    ($factory:expr) => {
        mod events {
            #[allow(unused_imports)]
            use super::*;

            $crate::__suite! {
                $crate::events::EventSuite, __events_cases, $factory;
                each on [fixed Fixed, dynamic Dynamic, reopened Reopened, apart Apart];
            }
            $crate::__process_tests! {
                $crate::events::EventSuite, $factory;
                events { killed_dispatcher_loses_nothing two_dispatchers_by_manifest }
            }
        }
    };
    ($factory:expr, volatile) => {
        mod events {
            #[allow(unused_imports)]
            use super::*;

            $crate::__suite! {
                $crate::events::EventSuite, __events_cases, $factory;
                each on [fixed Fixed, dynamic Dynamic, apart Apart];
            }
        }
    };
}

/// The suite for events, for which [`events_suite!`](crate::events_suite) generates tests.
///
/// ```
/// use arbour_conformance::events::EventSuite;
/// use arbour_conformance::{Axis, MemoryFactory, run};
/// run(&EventSuite, MemoryFactory, Axis::Apart, "log", "positions_contiguous")?;
/// # Ok::<(), arbour::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct EventSuite;

impl Suite for EventSuite {
    const NAME: &'static str = "events";
    type Bed<F: Factory> = EventBed<F>;

    fn cases<F: Factory>() -> Vec<Case<EventBed<F>>> {
        cases()
    }

    fn bed<F: Factory>(&self, factory: F, axis: Axis) -> Result<EventBed<F>> {
        EventBed::new(factory, axis)
    }

    fn prove_dynamic(&self, factory: DynFactory, topic: &str, name: &str) -> Result<Proof> {
        prove_on_bed(self, factory, Axis::Dynamic, topic, name)
    }
}
