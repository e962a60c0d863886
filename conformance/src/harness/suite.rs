//! Running the cases of a suite, one by one or all together.

use std::panic::{AssertUnwindSafe, catch_unwind};

use arbour_core::Result;
use arbour_core::engine::panic_message;

use super::axis::Axis;
use super::case::{Case, Proof, TestBed};
use super::factory::{DynFactory, Factory};
use super::report::{Failure, Report};

/// One of the suites of this crate: [`KeyValueSuite`](crate::KeyValueSuite),
/// [`DocumentSuite`](crate::documents::DocumentSuite), [`EventSuite`](crate::events::EventSuite) or
/// [`MigrationSuite`](crate::migrations::MigrationSuite).
///
/// ```no_run
/// use arbour_conformance::{Axis, BTreeFactory, Suite, run_all};
/// fn passes(suite: &impl Suite) -> bool {
///     run_all(suite, || BTreeFactory, &Axis::ALL).failures.is_empty()
/// }
/// ```
pub trait Suite {
    /// The name of the suite in what its last test prints.
    const NAME: &'static str;

    /// What each case works with.
    #[doc(hidden)]
    type Bed<F: Factory>: TestBed;

    /// Returns every case, in order of topic.
    #[doc(hidden)]
    fn cases<F: Factory>() -> Vec<Case<Self::Bed<F>>>;

    /// Makes the bed of one case.
    ///
    /// # Errors
    /// The errors of the engine or the file system.
    #[doc(hidden)]
    fn bed<F: Factory>(&self, factory: F, axis: Axis) -> Result<Self::Bed<F>>;

    /// Runs one case behind `DynStore` with [`prove_on_bed`]. Each suite writes it down for itself, so
    /// that the cases are compiled with this crate and not with each engine again.
    ///
    /// # Errors
    /// The errors that the case does not expect.
    #[doc(hidden)]
    fn prove_dynamic(&self, factory: DynFactory, topic: &str, name: &str) -> Result<Proof>;
}

/// Runs one case on one axis; panics if the case fails.
///
/// # Errors
/// The errors that the case does not expect.
///
/// ```no_run
/// use arbour_conformance::{Axis, Factory, KeyValueSuite, run};
/// fn examine(factory: impl Factory) -> arbour_core::Result<()> {
///     run(&KeyValueSuite, factory, Axis::Fixed, "point", "put_then_get")
/// }
/// ```
pub fn run<S: Suite, F: Factory>(
    suite: &S,
    factory: F,
    axis: Axis,
    topic: &str,
    name: &str,
) -> Result<()> {
    prove(suite, factory, axis, topic, name).map(drop)
}

/// Runs every case on the given axes and returns a report; never panics because of what an engine
/// or a layer does.
///
/// ```
/// # use arbour_conformance::Factory;
/// # use arbour_core::{MemoryStore, Result, StoreOptions};
/// # struct Memory;
/// # impl Factory for Memory {
/// #     type Store = MemoryStore;
/// #     fn open(&self, _: &std::path::Path, options: &StoreOptions) -> Result<MemoryStore> {
/// #         MemoryStore::open(options)
/// #     }
/// # }
/// use arbour_conformance::{Axis, KeyValueSuite, run_all};
/// let report = run_all(&KeyValueSuite, || Memory, &[Axis::Fixed]);
/// assert!(report.failures.is_empty(), "{report}");
/// ```
pub fn run_all<S: Suite, F: Factory>(suite: &S, factory: impl Fn() -> F, axes: &[Axis]) -> Report {
    let mut report = Report::default();
    for &axis in axes {
        for Case { topic, name, .. } in S::cases::<F>() {
            let proof = || prove(suite, factory(), axis, topic, name);
            let message = match catch_unwind(AssertUnwindSafe(proof)) {
                Ok(Ok(Proof::Ability)) => {
                    report.positive += 1;
                    continue;
                }
                Ok(Ok(Proof::Refusal)) => {
                    report.negative += 1;
                    continue;
                }
                Ok(Err(error)) => format!("{error:?}"),
                Err(panic) => panic_message(panic.as_ref()).unwrap_or("a panic").to_owned(),
            };
            report.failures.push(Failure { axis, case: format!("{topic}::{name}"), message });
        }
    }
    report
}

/// Runs every case on the given axes, prints the count, and panics unless all of them ran and
/// passed.
#[doc(hidden)]
pub fn check_all<S: Suite, F: Factory>(suite: &S, factory: impl Fn() -> F, axes: &[Axis]) {
    let report = run_all(suite, factory, axes);
    println!("{}: {report}", S::NAME);
    assert!(report.failures.is_empty(), "{report}");
    let expected = S::cases::<F>().len() * axes.len();
    assert_ne!(expected, 0, "there are cases and axes");
    assert_eq!(report.count(), expected, "every case has to run on every axis");
}

/// Runs one case and returns what it proved.
fn prove<S: Suite, F: Factory>(
    suite: &S,
    factory: F,
    axis: Axis,
    topic: &str,
    name: &str,
) -> Result<Proof> {
    match axis {
        Axis::Dynamic => suite.prove_dynamic(DynFactory::new(factory), topic, name),
        _ => prove_on_bed(suite, factory, axis, topic, name),
    }
}

/// Runs one case on a bed of its own and returns what it proved.
pub(crate) fn prove_on_bed<S: Suite, F: Factory>(
    suite: &S,
    factory: F,
    axis: Axis,
    topic: &str,
    name: &str,
) -> Result<Proof> {
    let mut cases = S::cases().into_iter();
    let case = cases.find(|case| case.topic == topic && case.name == name);
    let case = case.ok_or_else(|| format!("{topic}::{name}")).expect("the suite lists the case");
    let mut bed = suite.bed(factory, axis)?;
    (case.run)(&mut bed)?;
    bed.finish()
}
