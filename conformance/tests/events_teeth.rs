//! The suite for events on stores that are each wrong in one way: it has to reject every one of
//! them by the case meant for it, and pass the same store without a fault.

use std::any::Any;
use std::collections::HashSet;
use std::panic::{self, AssertUnwindSafe, catch_unwind};
use std::sync::Once;

use arbour::events::EventResult;
use arbour_conformance::Axis;
use arbour_conformance::events::faulty::{EventFault, TamperedFactory};
use arbour_conformance::events::{run, run_all};

/// Runs one case without the message of the panic by which it may fail.
fn run_quietly(
    factory: TamperedFactory,
    case: &str,
) -> Result<EventResult<()>, Box<dyn Any + Send>> {
    static QUIET: Once = Once::new();
    QUIET.call_once(|| {
        let loud = panic::take_hook();
        panic::set_hook(Box::new(move |panic| {
            if panic.location().is_some_and(|place| place.file().ends_with("events_teeth.rs")) {
                loud(panic);
            }
        }));
    });
    let (topic, name) = case.split_once("::").expect("a case is a topic and a name");
    catch_unwind(AssertUnwindSafe(|| run(factory, Axis::Fixed, topic, name)))
}

/// Only the case meant for the fault is run, and first without the fault: else one that is not there,
/// or always fails, would pass for one that rejects.
fn assert_rejected(fault: EventFault) {
    let case = fault.case();
    let sound = run_quietly(TamperedFactory::sound(), case);
    assert!(matches!(sound, Ok(Ok(()))), "{case} fails without {fault:?}: {}", shown(&sound));
    let verdict = run_quietly(TamperedFactory::new(fault), case);
    println!("{fault:?}: {}", shown(&verdict));
    assert!(!matches!(verdict, Ok(Ok(()))), "{fault:?} is not rejected by {case}");
}

/// Shows what a case came to.
fn shown(verdict: &Result<EventResult<()>, Box<dyn Any + Send>>) -> String {
    match verdict {
        Ok(result) => format!("{result:?}"),
        Err(panic) => {
            let text = panic.downcast_ref::<String>().map(String::as_str);
            text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("a panic").to_owned()
        }
    }
}

macro_rules! teeth {
    ($($(#[$doc:meta])* $fault:ident $case:literal,)*) => {
        /// One test for each fault, named after it.
        #[allow(non_snake_case)]
        mod rejects {
            $(
                $(#[$doc])*
                #[test]
                fn $fault() {
                    super::assert_rejected(super::EventFault::$fault);
                }
            )*
        }
    };
}

arbour_conformance::__event_faults!(teeth);

#[test]
fn passes_the_same_store_without_a_fault() {
    let axes = [Axis::Fixed, Axis::Apart];
    let report = run_all(TamperedFactory::sound, &axes);
    assert!(report.failures.is_empty(), "{report}");
    assert_ne!(report.count(), 0, "there are cases");
    assert_eq!(report.count() % axes.len(), 0, "every case on every axis");
}

#[test]
fn has_at_least_15_faults() {
    let different: HashSet<_> = EventFault::ALL.iter().collect();
    assert_eq!(different.len(), EventFault::ALL.len(), "a fault stands in the list twice");
    assert!(EventFault::ALL.len() >= 15, "only {} faults", EventFault::ALL.len());
}
