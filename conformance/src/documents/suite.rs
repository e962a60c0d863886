//! The suite for documents.

use arbour::Result;

use super::cases::cases;
use super::{DocBed, DocFactory, SoundDocuments};
use crate::harness::{Axis, Case, DynFactory, Factory, Proof, Suite, prove_on_bed};

/// Generates one named test for each case about documents on each axis, in a module `documents`.
///
/// `documents_suite!(factory)` is for an engine that persists, and has one more test,
/// `process::killed_builder_goes_on`; `documents_suite!(factory, volatile)` is for one that keeps
/// nothing when it is closed. Use it together with [`suite!`](crate::suite).
///
/// See the [module](mod@crate::documents) for an example.
#[macro_export]
macro_rules! documents_suite {
    ($factory:expr) => {
        mod documents {
            #[allow(unused_imports)]
            use super::*;

            $crate::__suite! {
                $crate::documents::DocumentSuite, __documents_cases, $factory;
                each on [fixed Fixed, dynamic Dynamic, reopened Reopened];
            }
            $crate::__process_tests! {
                $crate::documents::DocumentSuite, $factory;
                documents { killed_builder_goes_on }
            }
        }
    };
    ($factory:expr, volatile) => {
        mod documents {
            #[allow(unused_imports)]
            use super::*;

            $crate::__suite! {
                $crate::documents::DocumentSuite, __documents_cases, $factory;
                each on [fixed Fixed, dynamic Dynamic];
            }
        }
    };
}

/// The suite for documents, made by a [`DocFactory`] on the engine under test.
/// [`documents_suite!`](crate::documents_suite) generates tests for Arbour's own documents.
///
/// ```
/// use arbour_conformance::documents::{DocumentSuite, SoundDocuments};
/// use arbour_conformance::{Axis, MemoryFactory, run};
/// let suite = DocumentSuite(SoundDocuments);
/// run(&suite, MemoryFactory, Axis::Fixed, "writes", "insert_get_replace_delete")?;
/// # Ok::<(), arbour::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct DocumentSuite<M = SoundDocuments>(pub M);

impl<M: DocFactory> Suite for DocumentSuite<M> {
    const NAME: &'static str = "documents";
    type Bed<F: Factory> = DocBed<F, M>;

    fn cases<F: Factory>() -> Vec<Case<DocBed<F, M>>> {
        cases()
    }

    fn bed<F: Factory>(&self, factory: F, axis: Axis) -> Result<DocBed<F, M>> {
        DocBed::new(factory, self.0, axis)
    }

    fn prove_dynamic(&self, factory: DynFactory, topic: &str, name: &str) -> Result<Proof> {
        prove_on_bed(self, factory, Axis::Dynamic, topic, name)
    }
}

/// Runs one case of Arbour's own documents behind `DynStore`. Generic code is compiled in the crate that
/// names its types, so the cases are compiled here instead of with each engine.
#[doc(hidden)]
pub fn prove_dynamic_documents(factory: DynFactory, topic: &str, name: &str) -> Result<Proof> {
    DocumentSuite(SoundDocuments).prove_dynamic(factory, topic, name)
}
