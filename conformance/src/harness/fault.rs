//! The faults of a suite's faulty stores, and the tests that the suite rejects each one.

use std::any::Any;
use std::fmt::Debug;
use std::panic::{self, AssertUnwindSafe, catch_unwind};
use std::sync::Once;

use arbour_core::engine::panic_message;

use super::axis::Axis;
use super::factory::Factory;
use super::suite::{Suite, run};

/// Defines the enum of a suite's faults from its list.
#[doc(hidden)]
#[macro_export]
macro_rules! __define_faults {
    ($(#[$attribute:meta])* $name:ident; $($(#[$doc:meta])* $fault:ident $case:literal,)*) => {
        $(#[$attribute])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum $name {
            $($(#[$doc])* $fault,)*
        }

        impl $name {
            /// Every fault.
            pub const ALL: &'static [Self] = &[$(Self::$fault,)*];

            /// Returns the case meant for the fault, as `topic::name`. Others may fail too.
            #[must_use]
            pub fn case(self) -> &'static str {
                match self {
                    $(Self::$fault => $case,)*
                }
            }
        }
    };
}

/// Generates the tests of a suite itself: each fault is rejected by the case meant for it, the same
/// store without a fault passes, and there are at least so many faults. `$faults` is the macro with
/// the list; `$subject` takes a fault or none, and returns the suite and the factory to run it on.
#[doc(hidden)]
#[macro_export]
macro_rules! __teeth {
    (
        $fault:ident in $faults:ident, $subject:ident;
        sound on [$($axis:ident),*];
        $enough:ident: $count:literal;
    ) => {
        $crate::$faults!(__rejects $fault, $subject;);

        #[test]
        fn passes_the_same_store_without_a_fault() {
            let axes = [$($crate::Axis::$axis),*];
            $crate::__private::check_all(&$subject(None).0, || $subject(None).1, &axes);
        }

        #[test]
        fn $enough() {
            let different: std::collections::HashSet<_> = $fault::ALL.iter().collect();
            assert_eq!(different.len(), $fault::ALL.len(), "a fault is in the list twice");
            assert!($fault::ALL.len() >= $count, "only {} faults", $fault::ALL.len());
        }
    };
}

/// Generates one test for each fault.
#[doc(hidden)]
#[macro_export]
macro_rules! __rejects {
    ($enum:ident, $subject:ident; $($(#[$doc:meta])* $fault:ident $case:literal,)*) => {
        /// One test for each fault, named after it.
        #[allow(non_snake_case)]
        mod rejects {
            $(
                $(#[$doc])*
                #[test]
                fn $fault() {
                    let fault = super::$enum::$fault;
                    $crate::__private::assert_rejected(fault, fault.case(), super::$subject);
                }
            )*
        }
    };
}

/// The outcome of a case: an unexpected error or a panic means that it rejects.
type Verdict<E> = Result<Result<(), E>, Box<dyn Any + Send>>;

/// Runs only the case meant for the fault, first without the fault: otherwise a case that does not
/// exist, or always fails, would count as one that rejects. One axis is enough, because the cases
/// about persistence open their stores again on every one.
///
/// `subject` takes the fault, or none, and returns the suite and the factory to run it on.
#[doc(hidden)]
#[track_caller]
pub fn assert_rejected<T: Copy + Debug, S: Suite, F: Factory>(
    fault: T,
    case: &str,
    subject: impl Fn(Option<T>) -> (S, F),
) {
    let (topic, name) = case.split_once("::").expect("a case is a topic and a name");
    let examine = |fault| {
        let (suite, factory) = subject(fault);
        run_quietly(|| run(&suite, factory, Axis::Fixed, topic, name))
    };
    let sound = examine(None);
    assert!(matches!(sound, Ok(Ok(()))), "{case} fails without {fault:?}: {}", shown(&sound));
    let verdict = examine(Some(fault));
    println!("{fault:?}: {}", shown(&verdict));
    assert!(!matches!(verdict, Ok(Ok(()))), "{fault:?} is not rejected by {case}");
}

/// Runs one case without the message of the panic by which it may fail.
fn run_quietly<E>(run: impl FnOnce() -> Result<(), E>) -> Verdict<E> {
    static QUIET: Once = Once::new();
    QUIET.call_once(|| {
        let loud = panic::take_hook();
        panic::set_hook(Box::new(move |panic| {
            // Panics of the tests themselves are printed; those of the cases are expected.
            if panic.location().is_some_and(|location| location.file().contains("tests/")) {
                loud(panic);
            }
        }));
    });
    catch_unwind(AssertUnwindSafe(run))
}

/// Shows the outcome of a case.
fn shown<E: Debug>(verdict: &Verdict<E>) -> String {
    match verdict {
        Ok(result) => format!("{result:?}"),
        Err(panic) => panic_message(panic.as_ref()).unwrap_or("a panic").to_owned(),
    }
}
