//! Telling a planted engine that a case looks at single commits.

use std::cell::Cell;
use std::marker::PhantomData;

thread_local! {
    static GUARDS: Cell<usize> = const { Cell::new(0) };
}

/// While one lives, transactions that this thread commits meet no conflict by chance.
///
/// A case takes one if it commits a transaction itself, or counts how often code is run: an engine with
/// many writers may refuse any commit once, and the case would only run it again. Planted engines ask
/// [`is_undisturbed`].
pub(crate) struct Undisturbed(PhantomData<*const ()>);

impl Undisturbed {
    pub(crate) fn new() -> Self {
        GUARDS.set(GUARDS.get() + 1);
        Self(PhantomData)
    }
}

impl Drop for Undisturbed {
    fn drop(&mut self) {
        GUARDS.set(GUARDS.get() - 1);
    }
}

/// Tells whether a case that runs on this thread looks at single commits, so that a planted engine makes no
/// conflicts by chance here.
///
/// ```
/// assert!(!arbour_conformance::is_undisturbed());
/// ```
#[must_use]
pub fn is_undisturbed() -> bool {
    GUARDS.get() > 0
}
