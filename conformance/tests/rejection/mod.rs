//! Checks that a case rejects a layer that is wrong in one way.

use std::any::Any;
use std::fmt::Debug;
use std::panic::{self, AssertUnwindSafe, catch_unwind};
use std::sync::Once;

use arbour_core::engine::panic_message;

/// The outcome of a case: an unexpected error or a panic means that it rejects.
type Verdict<E> = Result<Result<(), E>, Box<dyn Any + Send>>;

/// Runs one case without the message of the panic by which it may fail.
fn run_quietly<E>(run: impl FnOnce() -> Result<(), E>) -> Verdict<E> {
    static QUIET: Once = Once::new();
    QUIET.call_once(|| {
        let loud = panic::take_hook();
        panic::set_hook(Box::new(move |panic| {
            // Panics of the tests themselves are printed; those of the cases are expected.
            if panic.location().is_some_and(|place| place.file().contains("tests/")) {
                loud(panic);
            }
        }));
    });
    catch_unwind(AssertUnwindSafe(run))
}

/// Runs only the case meant for the fault, first without the fault: otherwise a case that does not
/// exist, or always fails, would count as one that rejects. `run` takes the fault, or none, and the
/// topic and the name of the case.
pub(crate) fn assert_rejected<F: Copy + Debug, E: Debug>(
    fault: F,
    case: &str,
    run: impl Fn(Option<F>, &str, &str) -> Result<(), E>,
) {
    let (topic, name) = case.split_once("::").expect("a case is a topic and a name");
    let sound = run_quietly(|| run(None, topic, name));
    assert!(matches!(sound, Ok(Ok(()))), "{case} fails without {fault:?}: {}", shown(&sound));
    let verdict = run_quietly(|| run(Some(fault), topic, name));
    println!("{fault:?}: {}", shown(&verdict));
    assert!(!matches!(verdict, Ok(Ok(()))), "{fault:?} is not rejected by {case}");
}

/// Shows the outcome of a case.
fn shown<E: Debug>(verdict: &Verdict<E>) -> String {
    match verdict {
        Ok(result) => format!("{result:?}"),
        Err(panic) => panic_message(panic.as_ref()).unwrap_or("a panic").to_owned(),
    }
}
