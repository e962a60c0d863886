//! One case of a suite, and what it works with.

use arbour_core::Result;

/// What a case works with.
#[doc(hidden)]
pub trait TestBed: Sized {
    /// Ends a case, and returns what it proved.
    ///
    /// # Errors
    /// What the engine reports.
    fn finish(self) -> Result<Proof>;
}

/// What a case proved.
#[doc(hidden)]
#[derive(Clone, Copy, Debug)]
pub enum Proof {
    /// That the engine can do something.
    Ability,
    /// That the engine refuses what its capabilities say it cannot do.
    Refusal,
}

/// One case of a suite, on beds of type `B`.
#[doc(hidden)]
pub struct Case<B: TestBed> {
    /// The topic.
    pub(crate) topic: &'static str,
    /// The name, which says what it claims.
    pub(crate) name: &'static str,
    /// The case itself: it fails by a panic or by an unexpected error.
    pub(crate) run: fn(&mut B) -> Result<()>,
}

/// Makes a `Vec` of cases from the list of a suite, in order of topic. The modules of the topics
/// have to be in scope.
#[doc(hidden)]
#[macro_export]
macro_rules! __listed {
    ($($topic:ident { $($case:ident)* })*) => {
        vec![$($(
            $crate::harness::Case {
                topic: stringify!($topic),
                name: stringify!($case),
                run: $topic::$case,
            },
        )*)*]
    };
}
